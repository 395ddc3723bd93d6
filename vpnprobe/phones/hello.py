"""The hello of a profile: TOML with names to plain numbers and bytes.

An extension is a table with one key, a name of `_NAMED`, or with `type` and `body` (hex). Names and code
points are those of RFC 8446 sections 4.2.3 and 4.2.7 and RFC 8422 section 5.1.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

_GROUPS = {"secp256r1": 23, "secp384r1": 24, "secp521r1": 25, "x25519": 29}
_POINT_FORMATS = {"uncompressed": 0}
_SCHEMES = {
    "rsa_pkcs1_sha1": 0x0201,
    "ecdsa_sha1": 0x0203,
    "rsa_pkcs1_sha256": 0x0401,
    "ecdsa_secp256r1_sha256": 0x0403,
    "rsa_pkcs1_sha384": 0x0501,
    "ecdsa_secp384r1_sha384": 0x0503,
    "rsa_pkcs1_sha512": 0x0601,
    "ecdsa_secp521r1_sha512": 0x0603,
    "rsa_pss_rsae_sha256": 0x0804,
    "rsa_pss_rsae_sha384": 0x0805,
    "rsa_pss_rsae_sha512": 0x0806,
    "ed25519": 0x0807,
}
_VERSIONS = {"TLS 1.2": 0x0303, "TLS 1.3": 0x0304}

# name: extension type, code points, size of the list's length and of one entry in bytes
_NAMED: Mapping[str, tuple[int, Mapping[str, int], int, int]] = {
    "supported_groups": (10, _GROUPS, 2, 2),
    "ec_point_formats": (11, _POINT_FORMATS, 1, 1),
    "signature_algorithms": (13, _SCHEMES, 2, 2),
    "supported_versions": (43, _VERSIONS, 1, 2),
}


class HelloData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ClientHello without what changes from one connection to the next, as plain numbers.

    Field by field what a hello template of `vpnprobe.wire.tls` takes. `extensions` are (type, body) in order;
    None sends no extensions block at all. With `server_name` the name asked for goes first.
    """

    record_version: int
    client_version: int
    suites: tuple[int, ...]
    extensions: tuple[tuple[int, bytes], ...] | None = None
    server_name: bool = False
    compression: tuple[int, ...] = (0,)


def read_hello(table: Mapping[str, Any]) -> HelloData:
    """Return the hello of a TOML table. Raises `KeyError` or `ValueError` when the data file is wrong (our bug)."""
    plain = dict(table)
    if "extensions" in plain:
        plain["extensions"] = [_extension(entry) for entry in plain["extensions"]]
    return msgspec.convert(plain, HelloData)


def _extension(entry: Mapping[str, Any]) -> tuple[int, bytes]:
    if "type" in entry:
        return int(entry["type"]), bytes.fromhex(entry["body"])
    ((name, values),) = entry.items()
    number, codes, length_size, entry_size = _NAMED[name]
    body = b"".join(codes[value].to_bytes(entry_size, "big") for value in values)
    return number, len(body).to_bytes(length_size, "big") + body
