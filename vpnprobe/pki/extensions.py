"""The certificate extensions that decide something for a phone or a federation peer (RFC 5280 section 4.2).

Each extension is read on its own, so that a broken one costs only its own facts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import ip_address

import msgspec

from vpnprobe.model.errors import LimitExceeded, Malformed, WireError
from vpnprobe.pki.der import (
    BOOLEAN,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    Element,
    read_bit_string,
    read_children,
    read_element,
    read_oid,
    read_sequence,
    read_small_integer,
)

MAX_EXTENSIONS = 128
# Lists of alternative names are cut here; shared web hosts have some hundreds.
MAX_NAMES = 512
MAX_USAGES = 64
# RFC 1035 allows 255 octets in a host name.
MAX_HOST_NAME = 255
# Authorities give one to three addresses of each kind; Active Directory's ldap ones have some 300 characters.
MAX_URLS = 16
MAX_URL = 2048

_KEY_USAGE = "2.5.29.15"
_SUBJECT_ALT_NAME = "2.5.29.17"
_BASIC_CONSTRAINTS = "2.5.29.19"
_CRL_DISTRIBUTION_POINTS = "2.5.29.31"
_EXTENDED_KEY_USAGE = "2.5.29.37"
_AUTHORITY_INFORMATION_ACCESS = "1.3.6.1.5.5.7.1.1"

_OCSP = "1.3.6.1.5.5.7.48.1"
_CA_ISSUERS = "1.3.6.1.5.5.7.48.2"

# Both choices of DistributionPoint and of DistributionPointName that lead to URLs have the tag [0].
_DISTRIBUTION_POINT_TAG = _FULL_NAME_TAG = 0xA0
_DNS_NAME_TAG = 0x82
_URL_TAG = 0x86
_IP_ADDRESS_TAG = 0x87

_KEY_USAGE_BITS = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)

_KEY_USAGE_OCTETS = 2


class Extensions(msgspec.Struct):
    """What the extensions say. None means absent or unreadable; `unreadable` tells which.

    `unreadable` and `duplicate` hold dotted identifiers; of duplicates the first one counts. `other_names`
    counts alternative names that are neither host names nor addresses. `is_cut` is set when a list of names or
    usages was longer than its cap, `urls_cut` when URLs were left out: too many, or one too long.
    """

    dns_names: tuple[str, ...] | None = None
    ip_addresses: tuple[str, ...] = ()
    other_names: int = 0
    is_ca: bool | None = None
    path_length: int | None = None
    key_usage: tuple[str, ...] | None = None
    extended_key_usage: tuple[str, ...] | None = None
    crl_urls: tuple[str, ...] = ()
    ocsp_urls: tuple[str, ...] = ()
    ca_issuer_urls: tuple[str, ...] = ()
    unreadable: list[str] = []
    duplicate: list[str] = []
    is_cut: bool = False
    urls_cut: bool = False


def read_extensions(body: bytes | None) -> Extensions:
    """Read the body of an Extensions field. Raises `WireError` only when the list itself is broken."""
    result = Extensions()
    if body is None:
        return result
    listed = read_sequence(body, "extensions")
    if len(listed) > MAX_EXTENSIONS:
        raise LimitExceeded("extensions", MAX_EXTENSIONS)
    seen: set[str] = set()
    for extension in listed:
        fields = read_children(extension.body, "extension")
        if len(fields) < 2:
            raise Malformed(extension.offset, "extension", "no value")
        oid = read_oid(fields[0], "extension")
        if oid in seen:
            result.duplicate.append(oid)
            continue
        seen.add(oid)
        read = _READERS.get(oid)
        if read is None:
            continue
        try:
            read(result, fields[-1].expect(OCTET_STRING, "extension value").body)
        except WireError:
            result.unreadable.append(oid)
    return result


def _read_alternative_names(result: Extensions, value: bytes) -> None:
    names = read_sequence(value, "subjectAltName")
    result.is_cut = result.is_cut or len(names) > MAX_NAMES
    listed = names[:MAX_NAMES]
    result.dns_names = tuple(
        name.body[:MAX_HOST_NAME].decode("ascii", "backslashreplace") for name in listed if name.tag == _DNS_NAME_TAG
    )
    addresses = [name.body for name in listed if name.tag == _IP_ADDRESS_TAG]
    result.ip_addresses = tuple(str(ip_address(body)) for body in addresses if len(body) in (4, 16))
    result.other_names = len(listed) - len(result.dns_names) - len(result.ip_addresses)


def _read_basic_constraints(result: Extensions, value: bytes) -> None:
    fields = list(read_sequence(value, "basicConstraints"))
    is_ca = False
    if fields and fields[0].tag == BOOLEAN:
        is_ca = fields.pop(0).body != b"\0"
    if fields and fields[0].tag == INTEGER:
        result.path_length = read_small_integer(fields[0], "pathLenConstraint")
    result.is_ca = is_ca


def _read_key_usage(result: Extensions, value: bytes) -> None:
    octets, _ = read_bit_string(read_element(value, "keyUsage"), "keyUsage")
    result.key_usage = _usages_of(octets[:_KEY_USAGE_OCTETS])


# Two octets have few values, and most certificates one of three.
@lru_cache(maxsize=64)
def _usages_of(octets: bytes) -> tuple[str, ...]:
    return tuple(
        name
        for position, name in enumerate(_KEY_USAGE_BITS)
        if position // 8 < len(octets) and octets[position // 8] & 0x80 >> position % 8
    )


def _read_extended_key_usage(result: Extensions, value: bytes) -> None:
    usages = read_sequence(value, "extKeyUsage")
    result.is_cut = result.is_cut or len(usages) > MAX_USAGES
    result.extended_key_usage = tuple(read_oid(usage, "extKeyUsage") for usage in usages[:MAX_USAGES])


def _read_distribution_points(result: Extensions, value: bytes) -> None:
    names: list[Element] = []
    for point in read_sequence(value, "cRLDistributionPoints"):
        for field in read_children(point.expect(SEQUENCE, "distribution point").body, "distribution point"):
            if field.tag == _DISTRIBUTION_POINT_TAG:
                (name,) = read_children(field.body, "distribution point")[:1] or (field,)
                names += read_children(name.body, "fullName") if name.tag == _FULL_NAME_TAG else ()
    result.crl_urls = _urls(result, names)


def _read_information_access(result: Extensions, value: bytes) -> None:
    names: dict[str, list[Element]] = {_OCSP: [], _CA_ISSUERS: []}
    for description in read_sequence(value, "authorityInfoAccess"):
        fields = read_children(description.expect(SEQUENCE, "access description").body, "access description")
        if len(fields) != 2:
            raise Malformed(description.offset, "access description", f"{len(fields)} parts where 2 belong")
        names.get(read_oid(fields[0], "access method"), []).append(fields[1])
    result.ocsp_urls = _urls(result, names[_OCSP])
    result.ca_issuer_urls = _urls(result, names[_CA_ISSUERS])


def _urls(result: Extensions, names: Sequence[Element]) -> tuple[str, ...]:
    """Return the URLs among general names; one that is too long is left out, since a part of it is another URL."""
    listed = [name.body for name in names if name.tag == _URL_TAG]
    kept = [body for body in listed if len(body) <= MAX_URL][:MAX_URLS]
    result.urls_cut = result.urls_cut or len(kept) < len(listed)
    return tuple(body.decode("ascii", "backslashreplace") for body in kept)


_READERS: dict[str, Callable[[Extensions, bytes], None]] = {
    _KEY_USAGE: _read_key_usage,
    _SUBJECT_ALT_NAME: _read_alternative_names,
    _BASIC_CONSTRAINTS: _read_basic_constraints,
    _EXTENDED_KEY_USAGE: _read_extended_key_usage,
    _CRL_DISTRIBUTION_POINTS: _read_distribution_points,
    _AUTHORITY_INFORMATION_ACCESS: _read_information_access,
}
