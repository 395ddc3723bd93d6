"""Certificates that the operator gives: PEM, DER, base64 without armour, PKCS#7."""

from __future__ import annotations

import base64
import binascii
import re

from vpnprobe.model.errors import Malformed, UsageError, WireError
from vpnprobe.pki.der import (
    INTEGER,
    OID,
    SEQUENCE,
    Element,
    read_children,
    read_element,
    read_oid,
    read_sequence,
)
from vpnprobe.pki.structure import split_certificate

# A bundle of all public roots has some 200 KiB.
MAX_INPUT = 8 * 1024 * 1024
MAX_CERTIFICATES = 4096

_ARMOUR = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_CERTIFICATE_LABELS = frozenset({"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"})
_PKCS7_LABELS = frozenset({"PKCS7", "PKCS #7 SIGNED DATA", "CMS"})
_PKCS7_SIGNED_DATA = "1.2.840.113549.1.7.2"
_PKCS12_VERSION = b"\x03"
_CERTIFICATES_TAG = 0xA0

_NEXT_STEP = (
    "Give a PEM or DER certificate: on the ASA, `crypto ca export <trustpoint> identity-certificate` "
    "prints one; in CUCM, Certificate Management has Download PEM File."
)


def load_certificates(data: bytes) -> list[bytes]:
    """Return the DER of every certificate in `data`, in order; text around PEM blocks is ignored.

    The certificates need not be readable beyond their outline. Raises `UsageError` that says what to do when
    there is none or the input is something else.
    """
    if len(data) > MAX_INPUT:
        raise UsageError(f"The certificate file is larger than {MAX_INPUT // 1024**2} MiB. {_NEXT_STEP}")
    if not data.strip():
        raise UsageError(f"The certificate file is empty. {_NEXT_STEP}")
    if data[0] == SEQUENCE:
        return _from_der(data)
    text = _decode_text(data)
    blocks = _ARMOUR.findall(text)
    return _from_blocks(blocks) if blocks else _from_bare_base64(text)


def _decode_text(data: bytes) -> str:
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    return data.decode(encoding, "replace")


def _from_blocks(blocks: list[tuple[str, str]]) -> list[bytes]:
    certificates: list[bytes] = []
    for label, body in blocks:
        if label in _CERTIFICATE_LABELS:
            certificates.append(_outer_element(_decode_base64(body)))
        elif label in _PKCS7_LABELS:
            certificates.extend(_from_der(_decode_base64(body)))
        if len(certificates) > MAX_CERTIFICATES:
            raise UsageError(f"The file holds more than {MAX_CERTIFICATES} certificates. Give a smaller bundle.")
    if not certificates:
        labels = ", ".join(sorted({label for label, _ in blocks}))
        raise UsageError(f"The file holds no certificate, only: {labels}. {_NEXT_STEP}")
    return certificates


def _from_bare_base64(text: str) -> list[bytes]:
    if "-----BEGIN" in text:
        raise UsageError("The PEM block has no matching END line. Copy the certificate again, with both lines.")
    try:
        return _from_der(_decode_base64(text))
    except UsageError as error:
        raise UsageError(f"The file is neither PEM nor DER nor base64 of a certificate. {_NEXT_STEP}") from error


def _decode_base64(text: str) -> bytes:
    # Lines such as `Proc-Type: 4,ENCRYPTED` can stand between the armour and the body.
    lines = [line for line in text.splitlines() if ":" not in line]
    try:
        return base64.b64decode("".join("".join(lines).split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UsageError("The base64 of a certificate is damaged. Copy or export the certificate again.") from error


def _outer_element(der: bytes) -> bytes:
    """Return the certificate without what follows it: OpenSSL's trusted certificates have settings behind."""
    try:
        return read_element(der, "certificate").expect(SEQUENCE, "certificate").raw
    except WireError as error:
        raise UsageError(f"A certificate is damaged ({error}). Copy or export it again.") from error


def _from_der(data: bytes) -> list[bytes]:
    """Read certificates, PKCS#7 certificate sets, or several of them behind each other."""
    certificates: list[bytes] = []
    try:
        for outer in read_children(data, "input"):
            children = read_children(outer.expect(SEQUENCE, "input").body, "input")
            if children and children[0].tag == INTEGER:
                raise UsageError(_pkcs12_or_key(children[0].body))
            if children and children[0].tag == OID:
                certificates.extend(_from_pkcs7(children))
            else:
                split_certificate(outer.raw)
                certificates.append(outer.raw)
    except WireError as error:
        raise UsageError(f"The input is no certificate ({error}). {_NEXT_STEP}") from error
    if not certificates:
        raise UsageError(f"The input holds no certificate. {_NEXT_STEP}")
    return certificates


def _from_pkcs7(content_info: tuple[Element, ...]) -> list[bytes]:
    """Return the certificates of a SignedData (RFC 5652 section 5.1). Raises `WireError`."""
    field = "PKCS#7"
    if read_oid(content_info[0], field) != _PKCS7_SIGNED_DATA or len(content_info) != 2:
        raise Malformed(0, field, "not a set of certificates")
    signed_data = read_sequence(content_info[1].body, field)
    return [
        certificate.raw
        for part in signed_data
        if part.tag == _CERTIFICATES_TAG
        for certificate in read_children(part.body, field)
        if certificate.tag == SEQUENCE
    ]


def _pkcs12_or_key(version: bytes) -> str:
    if version == _PKCS12_VERSION:
        return (
            "The input is PKCS#12, which is protected by a password. Take the certificates out with "
            "`openssl pkcs12 -in FILE -nokeys -out FILE.pem` and give that file."
        )
    return f"The input is a private key, not a certificate. {_NEXT_STEP}"
