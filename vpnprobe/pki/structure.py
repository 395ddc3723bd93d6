"""The parts of an X.509 certificate (RFC 5280 section 4.1), cut out but not yet understood.

Only the outline must be intact. Each part is kept as bytes, so that one broken part hides no other.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from vpnprobe.model.errors import LimitExceeded, Malformed
from vpnprobe.pki.der import (
    INTEGER,
    SEQUENCE,
    Element,
    read_bit_string,
    read_children,
    read_element,
    read_oid,
)

# Real certificates have 1 to 20 KiB. A larger one is hashed, but not read.
MAX_CERTIFICATE = 256 * 1024

# An AlgorithmIdentifier has some twenty bytes, with the parameters of RSASSA-PSS some sixty.
_SHORT = 128

_VERSION_TAG = 0xA0
_EXTENSIONS_TAG = 0xA3


class CertificateParts(msgspec.Struct, frozen=True):
    """The outline of one certificate.

    `tbs` is what the signature covers. `serial` are the octets of the INTEGER. `issuer`, `subject`,
    `public_key` and `algorithm` are whole DER values (Name, Name, SubjectPublicKeyInfo, AlgorithmIdentifier).
    `extensions` is the body of the Extensions SEQUENCE, None where there is none. `trailing` counts bytes
    after the certificate.
    """

    tbs: bytes
    version: Element | None
    serial: bytes
    inner_algorithm: bytes
    issuer: bytes
    not_before: Element
    not_after: Element
    subject: bytes
    public_key: bytes
    extensions: bytes | None
    algorithm: bytes
    signature: bytes
    trailing: int


def split_certificate(der: bytes) -> CertificateParts:
    """Cut a certificate into its parts. Bytes after it are counted, not refused. Raises `WireError`."""
    if len(der) > MAX_CERTIFICATE:
        raise LimitExceeded("bytes in a certificate", MAX_CERTIFICATE)
    whole = read_element(der, "certificate").expect(SEQUENCE, "certificate")
    outline = read_children(whole.body, "certificate")
    if len(outline) != 3:
        raise Malformed(0, "certificate", f"{len(outline)} parts where 3 belong")
    tbs = outline[0].expect(SEQUENCE, "tbsCertificate")
    algorithm = outline[1].expect(SEQUENCE, "signatureAlgorithm")
    signature, _ = read_bit_string(outline[2], "signatureValue")
    fields = list(read_children(tbs.body, "tbsCertificate"))
    version = fields.pop(0) if fields and fields[0].tag == _VERSION_TAG else None
    if len(fields) < 6:
        raise Malformed(tbs.offset, "tbsCertificate", f"{len(fields)} fields where at least 6 belong")
    serial, inner, issuer, validity, subject, public_key = fields[:6]
    dates = read_children(validity.expect(SEQUENCE, "validity").body, "validity")
    if len(dates) != 2:
        raise Malformed(validity.offset, "validity", f"{len(dates)} dates where 2 belong")
    extensions = next((field for field in fields[6:] if field.tag == _EXTENSIONS_TAG), None)
    return CertificateParts(
        tbs=tbs.raw,
        version=version,
        serial=serial.expect(INTEGER, "serialNumber").body,
        inner_algorithm=inner.raw,
        issuer=issuer.expect(SEQUENCE, "issuer").raw,
        not_before=dates[0],
        not_after=dates[1],
        subject=subject.expect(SEQUENCE, "subject").raw,
        public_key=public_key.expect(SEQUENCE, "subjectPublicKeyInfo").raw,
        extensions=None if extensions is None else extensions.body,
        algorithm=algorithm.raw,
        signature=signature,
        trailing=len(der) - len(whole.raw),
    )


class Algorithm(msgspec.Struct, frozen=True):
    """An AlgorithmIdentifier: dotted `oid`, and the parameters' element where present."""

    oid: str
    parameters: Element | None


def read_algorithm(der: bytes, field: str) -> Algorithm:
    """Read an AlgorithmIdentifier. Raises `WireError`."""
    # Thousands of certificates have few algorithms; what is long is none that comes again.
    return _read_algorithm(der, field) if len(der) > _SHORT else _remembered_algorithm(der, field)


def _read_algorithm(der: bytes, field: str) -> Algorithm:
    children = read_children(read_element(der, field).expect(SEQUENCE, field).body, field)
    if not children:
        raise Malformed(0, field, "empty")
    return Algorithm(oid=read_oid(children[0], field), parameters=children[1] if len(children) > 1 else None)


_remembered_algorithm = lru_cache(maxsize=64)(_read_algorithm)


class PublicKeyParts(msgspec.Struct, frozen=True):
    """A SubjectPublicKeyInfo: algorithm and the octets of the key's BIT STRING."""

    algorithm: Algorithm
    key: bytes


def split_public_key(der: bytes) -> PublicKeyParts:
    """Cut a SubjectPublicKeyInfo into its parts. Raises `WireError`."""
    field = "subjectPublicKeyInfo"
    children = read_children(read_element(der, field).expect(SEQUENCE, field).body, field)
    if len(children) != 2:
        raise Malformed(0, field, f"{len(children)} parts where 2 belong")
    key, _ = read_bit_string(children[1], field)
    return PublicKeyParts(algorithm=read_algorithm(children[0].raw, field), key=key)
