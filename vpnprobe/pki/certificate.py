"""What one certificate says, read from bytes that nobody vouched for.

The digests come first and need nothing but the bytes. Everything else is best effort: what cannot be read is
None and is listed under `problems`, and the rest is still there.
"""

from __future__ import annotations

import enum
from datetime import datetime
from functools import lru_cache, partial

import msgspec

from vpnprobe.model.errors import WireError
from vpnprobe.pki.algorithms import (
    PublicKey,
    SignatureAlgorithm,
    describe_public_key,
    describe_signature_algorithm,
)
from vpnprobe.pki.der import read_element, read_small_integer, read_time
from vpnprobe.pki.extensions import Extensions, read_extensions
from vpnprobe.pki.fingerprint import colon_hex, format_cert_hash, md5, sha1, sha256
from vpnprobe.pki.names import CUT, MAX_NAME_TEXT, common_names, format_oneline, format_rfc4514, parse_name
from vpnprobe.pki.signature import verify_signature
from vpnprobe.pki.structure import CertificateParts, read_algorithm, split_certificate

# Each costs half a millisecond, and path, probe and checks ask for the same few, issuers even from host to host.
_REMEMBERED = 128

# RFC 5280 section 4.1.2.2 allows 20 octets.
MAX_SERIAL_OCTETS = 20
_SHOWN_SERIAL_OCTETS = 64

_USAGE_NAMES = {
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.5": "ipsecEndSystem",
    "1.3.6.1.5.5.7.3.6": "ipsecTunnel",
    "1.3.6.1.5.5.7.3.7": "ipsecUser",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
    "1.3.6.1.5.5.7.3.17": "ipsecIKE",
    "2.5.29.37.0": "anyExtendedKeyUsage",
}


class CertificateProblem(enum.Enum):
    """Something about the bytes that other software may refuse, or that could not be read."""

    TRAILING_BYTES = "trailing-bytes"
    VERSION_UNREADABLE = "version-unreadable"
    ZERO_SERIAL = "zero-serial"
    NEGATIVE_SERIAL = "negative-serial"
    NON_MINIMAL_SERIAL = "non-minimal-serial"
    LONG_SERIAL = "long-serial"
    EMPTY_SUBJECT = "empty-subject"
    NAME_UNREADABLE = "name-unreadable"
    NAME_CUT = "name-cut"  # longer than what is shown
    DATE_UNREADABLE = "date-unreadable"
    DATES_REVERSED = "dates-reversed"
    KEY_UNREADABLE = "key-unreadable"
    ALGORITHM_UNREADABLE = "algorithm-unreadable"
    ALGORITHM_MISMATCH = "algorithm-mismatch"  # signed and outer signature algorithm differ
    EXTENSION_UNREADABLE = "extension-unreadable"
    EXTENSION_DUPLICATE = "extension-duplicate"
    LIST_CUT = "list-cut"  # more names or usages than are shown
    URLS_CUT = "urls-cut"  # more URLs than are shown, or longer ones


class ExtendedKeyUsage(msgspec.Struct, frozen=True):
    """One purpose; `name` is None where the identifier is not a common one."""

    oid: str
    name: str | None


class CertificateFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was read from one certificate.

    `sha1`, `sha256` and `md5` are upper-case hex with colons, `cert_hash` is the certHash that would name it,
    `size` is in bytes; these are always there. If `parse_error` is set, nothing else is.

    `subject` and `issuer` are RFC 4514 texts, the `oneline` ones are as the phone's log prints them. `serial`
    is upper-case hex with a leading `-` if negative, as OpenSSL prints it. Dates are aware, in UTC.
    `dns_names` is None where there is no subjectAltName (RFC 6125 and the phone treat that unlike an empty
    list). `key_usage`, `is_ca` and `extended_key_usage` are None where the extension is absent. `curve` is a
    name, a dotted identifier, or `explicit`. The URLs of CRLs, OCSP responders and the issuer's certificate are of
    any scheme and as they are in the certificate: hostile text.

    `self_signed` is None where subject and issuer are equal, but `self_signed_engine` could not check the
    signature.
    """

    sha1: str
    sha256: str
    md5: str
    cert_hash: str
    size: int
    parse_error: str | None = None
    problems: tuple[CertificateProblem, ...] = ()
    version: int | None = None
    subject: str | None = None
    issuer: str | None = None
    subject_oneline: str | None = None
    issuer_oneline: str | None = None
    common_names: tuple[str, ...] = ()
    issuer_common_names: tuple[str, ...] = ()
    dns_names: tuple[str, ...] | None = None
    ip_addresses: tuple[str, ...] = ()
    other_names: int = 0
    serial: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    key_type: str | None = None
    key_bits: int | None = None
    curve: str | None = None
    signature_algorithm: str | None = None
    signature_hash: str | None = None
    self_signed: bool | None = None
    self_signed_engine: str | None = None
    is_ca: bool | None = None
    path_length: int | None = None
    key_usage: tuple[str, ...] | None = None
    extended_key_usage: tuple[ExtendedKeyUsage, ...] | None = None
    crl_urls: tuple[str, ...] = ()
    ocsp_urls: tuple[str, ...] = ()
    ca_issuer_urls: tuple[str, ...] = ()


@lru_cache(maxsize=_REMEMBERED)
def describe(der: bytes) -> CertificateFacts:
    """Hash `der`, then read what can be read. Never raises."""
    facts = partial(
        CertificateFacts,
        sha1=colon_hex(sha1(der)),
        sha256=colon_hex(sha256(der)),
        md5=colon_hex(md5(der)),
        cert_hash=format_cert_hash(sha1(der)),
        size=len(der),
    )
    try:
        parts = split_certificate(der)
    except WireError as error:
        return facts(parse_error=str(error))
    problems: list[CertificateProblem] = []
    if parts.trailing:
        problems.append(CertificateProblem.TRAILING_BYTES)
    version = _read_version(parts, problems)
    serial = _read_serial(parts.serial, problems)
    algorithm = _read_signature_algorithm(parts, problems)
    subject = _read_name(parts.subject)
    issuer = _read_name(parts.issuer) if len(parts.issuer) > MAX_NAME_TEXT else _remembered_name(parts.issuer)
    for name in (subject, issuer):
        if name.problem is not None:
            problems.append(name.problem)
    if subject.rfc4514 == "":
        problems.append(CertificateProblem.EMPTY_SUBJECT)
    not_before, not_after = _read_dates(parts, problems)
    key = _read_public_key(parts, problems)
    extensions = _read_extensions(parts, problems)
    self_signed, engine = _check_self_signed(parts)
    return facts(
        problems=tuple(dict.fromkeys(problems)),
        version=version,
        subject=subject.rfc4514,
        issuer=issuer.rfc4514,
        subject_oneline=subject.oneline,
        issuer_oneline=issuer.oneline,
        common_names=subject.common_names,
        issuer_common_names=issuer.common_names,
        dns_names=extensions.dns_names,
        ip_addresses=extensions.ip_addresses,
        other_names=extensions.other_names,
        serial=serial,
        not_before=not_before,
        not_after=not_after,
        key_type=key.key_type if key else None,
        key_bits=key.bits if key else None,
        curve=key.curve if key else None,
        signature_algorithm=algorithm.name if algorithm else None,
        signature_hash=algorithm.hash_name if algorithm else None,
        self_signed=self_signed,
        self_signed_engine=engine,
        is_ca=extensions.is_ca,
        path_length=extensions.path_length,
        key_usage=extensions.key_usage,
        extended_key_usage=_name_usages(extensions.extended_key_usage),
        crl_urls=extensions.crl_urls,
        ocsp_urls=extensions.ocsp_urls,
        ca_issuer_urls=extensions.ca_issuer_urls,
    )


def _read_version(parts: CertificateParts, problems: list[CertificateProblem]) -> int | None:
    """Return 1, 2 or 3 as people count them; the DER counts from 0 and leaves version 1 out."""
    if parts.version is None:
        return 1
    try:
        return read_small_integer(read_element(parts.version.body, "version"), "version") + 1
    except WireError:
        problems.append(CertificateProblem.VERSION_UNREADABLE)
        return None


def _read_serial(octets: bytes, problems: list[CertificateProblem]) -> str:
    value = int.from_bytes(octets[:_SHOWN_SERIAL_OCTETS], "big", signed=True)
    if value == 0:
        problems.append(CertificateProblem.ZERO_SERIAL)
    if value < 0:
        problems.append(CertificateProblem.NEGATIVE_SERIAL)
    if not octets or (len(octets) > 1 and octets[0] in (0x00, 0xFF) and not (octets[0] ^ octets[1]) & 0x80):
        problems.append(CertificateProblem.NON_MINIMAL_SERIAL)
    if len(octets) > MAX_SERIAL_OCTETS:
        problems.append(CertificateProblem.LONG_SERIAL)
    digits = f"{abs(value):X}"
    sign = "-" if value < 0 else ""
    rest = CUT if len(octets) > _SHOWN_SERIAL_OCTETS else ""
    return f"{sign}{'0' * (len(digits) % 2)}{digits}{rest}"


def _read_signature_algorithm(parts: CertificateParts, problems: list[CertificateProblem]) -> SignatureAlgorithm | None:
    if parts.algorithm != parts.inner_algorithm:
        problems.append(CertificateProblem.ALGORITHM_MISMATCH)
    try:
        return describe_signature_algorithm(read_algorithm(parts.algorithm, "signatureAlgorithm"))
    except WireError:
        problems.append(CertificateProblem.ALGORITHM_UNREADABLE)
        return None


class _NameTexts(msgspec.Struct, frozen=True):
    rfc4514: str | None = None
    oneline: str | None = None
    common_names: tuple[str, ...] = ()
    problem: CertificateProblem | None = None


def _read_name(der: bytes) -> _NameTexts:
    try:
        name = parse_name(der)
    except WireError:
        return _NameTexts(problem=CertificateProblem.NAME_UNREADABLE)
    rfc4514, oneline = format_rfc4514(name), format_oneline(name)
    is_cut = max(len(rfc4514), len(oneline)) > MAX_NAME_TEXT
    return _NameTexts(rfc4514, oneline, common_names(name), CertificateProblem.NAME_CUT if is_cut else None)


# Thousands of certificates have few issuers.
_remembered_name = lru_cache(maxsize=_REMEMBERED)(_read_name)


def _read_dates(parts: CertificateParts, problems: list[CertificateProblem]) -> tuple[datetime | None, datetime | None]:
    not_before, not_after = read_time(parts.not_before), read_time(parts.not_after)
    if not_before is None or not_after is None:
        problems.append(CertificateProblem.DATE_UNREADABLE)
    elif not_after < not_before:
        problems.append(CertificateProblem.DATES_REVERSED)
    return not_before, not_after


def _read_public_key(parts: CertificateParts, problems: list[CertificateProblem]) -> PublicKey | None:
    try:
        return describe_public_key(parts.public_key)
    except WireError:
        problems.append(CertificateProblem.KEY_UNREADABLE)
        return None


def _read_extensions(parts: CertificateParts, problems: list[CertificateProblem]) -> Extensions:
    try:
        extensions = read_extensions(parts.extensions)
    except WireError:
        problems.append(CertificateProblem.EXTENSION_UNREADABLE)
        return Extensions()
    if extensions.unreadable:
        problems.append(CertificateProblem.EXTENSION_UNREADABLE)
    if extensions.duplicate:
        problems.append(CertificateProblem.EXTENSION_DUPLICATE)
    if extensions.is_cut:
        problems.append(CertificateProblem.LIST_CUT)
    if extensions.urls_cut:
        problems.append(CertificateProblem.URLS_CUT)
    return extensions


def _check_self_signed(parts: CertificateParts) -> tuple[bool | None, str | None]:
    if parts.subject != parts.issuer:
        return False, None
    check = verify_signature(parts, parts.public_key)
    return check.valid, check.engine


def _name_usages(oids: tuple[str, ...] | None) -> tuple[ExtendedKeyUsage, ...] | None:
    return None if oids is None else tuple(ExtendedKeyUsage(oid, _USAGE_NAMES.get(oid)) for oid in oids)
