"""Bodies of hello extensions. Builders return (type, body), readers take a body and raise `Malformed`.

What has no builder here is given as raw (type, body): a profile may send any extension.
"""

from __future__ import annotations

from collections.abc import Iterable

from vpnprobe.model.errors import Malformed
from vpnprobe.wire.reader import Reader
from vpnprobe.wire.tls.registry import ExtensionType
from vpnprobe.wire.tls.vector import read_uint_vector, uint_vector, vector

Extension = tuple[int, bytes]

_HOST_NAME = 0
_OCSP = 1


def build_extensions(extensions: Iterable[Extension]) -> bytes:
    """Return the extensions block of a hello with its length."""
    return vector(2, b"".join([kind.to_bytes(2, "big") + vector(2, body) for kind, body in extensions]))


def read_extensions(reader: Reader) -> tuple[Extension, ...] | None:
    """Read the extensions block that ends a hello; None when there is none, which is not an empty one."""
    if not reader.remaining:
        return None
    block = reader.block(2, "extensions")
    found: list[Extension] = []
    while block.remaining:
        kind = block.uint(2, "extension type")
        found.append((kind, block.vector(2, "extension data")))
    return tuple(found)


def find_extension(extensions: tuple[Extension, ...] | None, kind: int) -> bytes | None:
    """Return the body of the first extension of this type, None when it is absent."""
    for found, body in extensions or ():
        if found == kind:
            return body
    return None


def server_name(name: str) -> Extension:
    """The DNS name asked for, in ASCII and without a dot at the end (RFC 6066 section 3)."""
    entry = bytes((_HOST_NAME,)) + vector(2, name.removesuffix(".").encode("ascii"))
    return ExtensionType.server_name, vector(2, entry)


def read_server_name(body: bytes) -> str | None:
    """Return the DNS name that a client asks for, None when the list holds none."""
    names = Reader(body).block(2, "server_name_list")
    while names.remaining:
        kind = names.uint(1, "name_type")
        name = names.vector(2, "host_name")
        if kind == _HOST_NAME:
            return name.decode("ascii", "backslashreplace")
    return None


def supported_groups(groups: Iterable[int]) -> Extension:
    """Curves and finite-field groups in order of preference (RFC 8422 section 5.1.1)."""
    return ExtensionType.supported_groups, uint_vector(2, 2, groups)


def ec_point_formats(formats: Iterable[int] = (0,)) -> Extension:
    """Point formats; 0 is uncompressed (RFC 8422 section 5.1.2)."""
    return ExtensionType.ec_point_formats, uint_vector(1, 1, formats)


def signature_algorithms(schemes: Iterable[int]) -> Extension:
    """Signature schemes in order of preference (RFC 5246 section 7.4.1.4.1)."""
    return ExtensionType.signature_algorithms, uint_vector(2, 2, schemes)


def supported_versions(versions: Iterable[int]) -> Extension:
    """The versions of a client that can do TLS 1.3 (RFC 8446 section 4.2.1)."""
    return ExtensionType.supported_versions, uint_vector(1, 2, versions)


def key_share(shares: Iterable[tuple[int, bytes]]) -> Extension:
    """Key shares of a client as (group, public value) (RFC 8446 section 4.2.8)."""
    entries = [group.to_bytes(2, "big") + vector(2, public) for group, public in shares]
    return ExtensionType.key_share, vector(2, b"".join(entries))


def psk_key_exchange_modes(modes: Iterable[int] = (1,)) -> Extension:
    """Modes of resumption; 1 is with (EC)DHE (RFC 8446 section 4.2.9)."""
    return ExtensionType.psk_key_exchange_modes, uint_vector(1, 1, modes)


def status_request() -> Extension:
    """Ask for a stapled OCSP response of any responder (RFC 6066 section 8)."""
    return ExtensionType.status_request, bytes((_OCSP,)) + vector(2, b"") + vector(2, b"")


def renegotiation_info(verify_data: bytes = b"") -> Extension:
    """Secure renegotiation; empty in a first handshake (RFC 5746 section 3.2)."""
    return ExtensionType.renegotiation_info, vector(1, verify_data)


def session_ticket(ticket: bytes = b"") -> Extension:
    """A ticket, or empty to say that one would be welcome (RFC 5077 section 3.2)."""
    return ExtensionType.session_ticket, ticket


def extended_master_secret() -> Extension:
    """RFC 7627 section 5.1."""
    return ExtensionType.extended_master_secret, b""


def encrypt_then_mac() -> Extension:
    """RFC 7366 section 2."""
    return ExtensionType.encrypt_then_mac, b""


def read_groups(body: bytes) -> tuple[int, ...]:
    """Read supported_groups."""
    return _read_whole(body, 2, 2, "named_group_list")


def read_point_formats(body: bytes) -> tuple[int, ...]:
    """Read ec_point_formats."""
    return _read_whole(body, 1, 1, "ec_point_format_list")


def read_signature_algorithms(body: bytes) -> tuple[int, ...]:
    """Read signature_algorithms."""
    return _read_whole(body, 2, 2, "supported_signature_algorithms")


def read_supported_versions(body: bytes) -> tuple[int, ...]:
    """Read a client's supported_versions."""
    return _read_whole(body, 1, 2, "versions")


def read_selected_version(body: bytes) -> int:
    """Read a server's supported_versions: the one version it chose."""
    return _read_uint(body, "selected_version")


def read_selected_group(body: bytes) -> int:
    """Read the group in a server's key_share; in HelloRetryRequest it is all there is."""
    if len(body) < 2:
        raise Malformed(0, "key_share group", f"2 bytes due, {len(body)} left")
    return int.from_bytes(body[:2], "big")


def _read_uint(body: bytes, field: str) -> int:
    reader = Reader(body)
    value = reader.uint(2, field)
    reader.expect_end(field)
    return value


def _read_whole(body: bytes, length_size: int, size: int, field: str) -> tuple[int, ...]:
    reader = Reader(body)
    values = read_uint_vector(reader, length_size, size, field)
    reader.expect_end(field)
    return values
