"""The ClientHello: exact bytes out, and back (RFC 5246 section 7.4.1.2)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final

import msgspec

from vpnprobe.wire.reader import Reader
from vpnprobe.wire.tls import extensions as ext
from vpnprobe.wire.tls.extensions import Extension
from vpnprobe.wire.tls.record import HEADER_BYTES, MESSAGE_HEADER_BYTES, build_message, build_records
from vpnprobe.wire.tls.registry import ContentType, ExtensionType, HandshakeType, Version
from vpnprobe.wire.tls.vector import read_uint_vector, uint_vector, vector

RANDOM_BYTES: Final = 32
_RANDOM_AT: Final = HEADER_BYTES + MESSAGE_HEADER_BYTES + 2


class ClientHello(msgspec.Struct, frozen=True, kw_only=True):
    """A ClientHello as plain numbers, unknown ones included.

    `version` is the hello's own field, not that of the record. `random` has 32 bytes, `session_id` up to 32.
    `extensions` is None when the hello ends after the compression methods, as those of old phones do; () is
    an empty block.
    """

    version: int
    random: bytes
    suites: tuple[int, ...]
    session_id: bytes = b""
    compression: tuple[int, ...] = (0,)
    extensions: tuple[Extension, ...] | None = None

    def extension(self, kind: int) -> bytes | None:
        """Return the body of the first extension of this type, None when it is absent."""
        return ext.find_extension(self.extensions, kind)


def build_client_hello(hello: ClientHello) -> bytes:
    """Return the body of the message, without handshake and record header."""
    if len(hello.random) != RANDOM_BYTES:
        raise ValueError(f"the client random has {len(hello.random)} bytes, not {RANDOM_BYTES}")
    return b"".join(
        (
            hello.version.to_bytes(2, "big"),
            hello.random,
            vector(1, hello.session_id),
            uint_vector(2, 2, hello.suites),
            uint_vector(1, 1, hello.compression),
            b"" if hello.extensions is None else ext.build_extensions(hello.extensions),
        )
    )


def parse_client_hello(body: bytes) -> ClientHello:
    """Read the body of a ClientHello; raises `Malformed`."""
    reader = Reader(body)
    version = reader.uint(2, "client_version")
    random = reader.take(RANDOM_BYTES, "random")
    session_id = reader.vector(1, "session_id")
    suites = read_uint_vector(reader, 2, 2, "cipher_suites")
    compression = read_uint_vector(reader, 1, 1, "compression_methods")
    extensions = ext.read_extensions(reader)
    reader.expect_end("client_hello")
    return ClientHello(
        version=version,
        random=random,
        session_id=session_id,
        suites=suites,
        compression=compression,
        extensions=extensions,
    )


class HelloTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """A ClientHello without what changes from one connection to the next: random, server name, session id.

    `record_version` is that of the record layer, `client_version` the hello's own. `extensions` None sends no
    extensions block at all. With `server_name` the name is sent as the first extension, or in the place of an
    entry `(0, b"")` in `extensions`; an address literal is never sent as a name (RFC 6066 section 3). When
    the name would have been the only extension and is left out, so is the block.
    """

    record_version: int
    client_version: int
    suites: tuple[int, ...]
    extensions: tuple[Extension, ...] | None = None
    server_name: bool = False
    compression: tuple[int, ...] = (0,)

    def hello(self, random: bytes, server_name: str | None = None, session_id: bytes = b"") -> ClientHello:
        """Return the ClientHello that `build` sends."""
        return ClientHello(
            version=self.client_version,
            random=random,
            session_id=session_id,
            suites=self.suites,
            compression=self.compression,
            extensions=self._with_name(server_name if self.server_name else None),
        )

    def build(self, random: bytes, server_name: str | None = None, session_id: bytes = b"") -> bytes:
        """Return the bytes to send: the ClientHello in its record."""
        return wrap_client_hello(self.hello(random, server_name, session_id), self.record_version)

    def _with_name(self, name: str | None) -> tuple[Extension, ...] | None:
        place = (int(ExtensionType.server_name), b"")
        given = self.extensions
        if name is None or _is_address(name):
            kept = tuple([one for one in given or () if one != place])
            return kept if kept or given == () else None
        named = ext.server_name(name)
        if given is None or place not in given:
            return (named, *(given or ()))
        return tuple([named if one == place else one for one in given])


def wrap_client_hello(hello: ClientHello, record_version: int) -> bytes:
    """Return a ClientHello in its record, ready to send."""
    message = build_message(HandshakeType.client_hello, build_client_hello(hello))
    return build_records(ContentType.handshake, record_version, message)


def replace_random(sent: bytes, random: bytes) -> bytes:
    """Return the bytes of `HelloTemplate.build` with another client random, for flight after flight."""
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"the client random has {len(random)} bytes, not {RANDOM_BYTES}")
    return sent[:_RANDOM_AT] + random + sent[_RANDOM_AT + RANDOM_BYTES :]


def hello_template(
    version: int,
    suites: Iterable[int],
    *,
    groups: Iterable[int] = (),
    schemes: Iterable[int] = (),
    record_version: int | None = None,
    server_name: bool = False,
) -> HelloTemplate:
    """Return a plain hello for `version` up to TLS 1.2: enumeration, RSA-only, ECDSA-only.

    `groups` adds supported_groups and uncompressed points, `schemes` signature_algorithms (TLS 1.2 only).
    Without either and without a server name there is no extensions block. The record version is by default
    TLS 1.0, or `version` if that is lower (RFC 5246 appendix E.1).
    """
    groups, schemes = tuple(groups), tuple(schemes)
    extensions: list[Extension] = []
    if groups:
        extensions += [ext.supported_groups(groups), ext.ec_point_formats()]
    if schemes:
        extensions.append(ext.signature_algorithms(schemes))
    return HelloTemplate(
        record_version=min(version, Version.TLS1_0) if record_version is None else record_version,
        client_version=version,
        suites=tuple(suites),
        extensions=tuple(extensions) or None,
        server_name=server_name,
    )


def tls13_template(
    suites: Iterable[int],
    shares: Iterable[tuple[int, bytes]],
    *,
    groups: Iterable[int],
    schemes: Iterable[int],
    server_name: bool = False,
) -> HelloTemplate:
    """Return a hello that offers TLS 1.3 alone (RFC 8446 section 4.1.2).

    `shares` are (group, public value); with none at all a server that accepts answers with HelloRetryRequest,
    which needs no key of ours. `groups` and `schemes` must not be empty, as a server may refuse a hello
    without them.
    """
    return HelloTemplate(
        record_version=Version.TLS1_0,
        client_version=Version.TLS1_2,
        suites=tuple(suites),
        extensions=(
            ext.supported_groups(groups),
            ext.signature_algorithms(schemes),
            ext.supported_versions((Version.TLS1_3,)),
            ext.psk_key_exchange_modes(),
            ext.key_share(shares),
        ),
        server_name=server_name,
    )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
