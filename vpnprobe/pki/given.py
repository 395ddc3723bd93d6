"""Certificates as people keep them: several PEM blocks, DER, base64, PKCS#7, PKCS#12; damaged ones too.

Unlike `vpnprobe.pki.loading`, which wants a good certificate to work with, this hands on what is labelled a certificate
as it is: that it cannot be read is then a fact about it.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterable, Iterator

from vpnprobe.model.errors import UsageError, WireError
from vpnprobe.pki.der import INTEGER, OID, SEQUENCE, read_children, read_element
from vpnprobe.pki.loading import load_certificates
from vpnprobe.pki.pkcs12 import load_pkcs12

# A PEM block: larger ones hold no certificate that anything reads (`structure.MAX_CERTIFICATE`), but a PKCS#7 set may.
MAX_BLOCK = 8 * 1024 * 1024

_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 #]{1,64})-----")
_END = b"-----END "
_LONGEST_MARK = 96
_ENDLESS = "a PEM block has no END line; copy or export the certificate again"
_CERTIFICATES = frozenset({b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE"})
_SETS = frozenset({b"PKCS7", b"PKCS #7 SIGNED DATA", b"CMS"})

Password = Callable[[], str]


def pem_blocks(parts: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield label and base64 of each PEM block of a text that comes in parts, as soon as it ends.

    Raises `UsageError` for a block that does not end.
    """
    text = b""
    for part in parts:
        text += part
        done = 0
        while (begin := _BEGIN.search(text, done)) is not None:
            end = text.find(_END, begin.end())
            body = text[begin.end() : end]
            if _BEGIN.search(body) is not None or (end < 0 and len(body) > MAX_BLOCK):
                raise UsageError(_ENDLESS)
            if end < 0:
                break
            yield begin[1], _base64(body)
            done = end + len(_END)
        # The mark of the next block may have come in half.
        text = text[begin.start() if begin is not None else max(done, len(text) - _LONGEST_MARK) :]
    if _BEGIN.search(text) is not None:
        raise UsageError(_ENDLESS)


def _base64(body: bytes) -> bytes:
    if b":" in body:
        # Lines such as `Proc-Type: 4,ENCRYPTED` can stand before the body.
        body = b"".join(line for line in body.splitlines() if b":" not in line)
    return body.translate(None, b" \t\r\n")


def is_certificate_label(label: bytes) -> bool:
    """Whether a PEM block of this label holds certificates."""
    return label in _CERTIFICATES or label in _SETS


def block_certificates(label: bytes, body: bytes) -> list[bytes]:
    """Return the certificates of one PEM block, none for a key or a request. Raises `UsageError`."""
    if not is_certificate_label(label):
        return []
    try:
        der = binascii.a2b_base64(body, strict_mode=True)
    except binascii.Error as error:
        raise UsageError(f"the base64 of a PEM block is damaged ({error}); copy or export it again") from error
    return load_certificates(der) if label in _SETS else [_whole(der)]


def binary_certificates(data: bytes, password: Password) -> list[bytes]:
    """Return the certificates of what is no PEM text; `password` is asked where PKCS#12 needs one.

    Raises `UsageError`, which says what to do, where there is none.
    """
    if data[:1] != bytes((SEQUENCE,)):
        return load_certificates(data)
    if _is_pkcs12(data):
        return load_pkcs12(data, password)
    try:
        return load_certificates(data)
    except UsageError:
        if _is_other(data):
            raise
        return [data]


def _whole(der: bytes) -> bytes:
    """Return the certificate without what OpenSSL puts behind a trusted one; all bytes where it is damaged."""
    try:
        return read_element(der, "certificate").expect(SEQUENCE, "certificate").raw
    except WireError:
        return der


def _is_pkcs12(data: bytes) -> bool:
    first = _first_field(data)
    return first is not None and first == (INTEGER, b"\x03")


def _is_other(data: bytes) -> bool:
    """Whether these are a private key or a PKCS#7 set: they begin with an INTEGER or an OBJECT IDENTIFIER."""
    first = _first_field(data)
    return first is not None and first[0] in (INTEGER, OID)


def _first_field(data: bytes) -> tuple[int, bytes] | None:
    try:
        fields = read_children(read_element(data, "input").body, "input")
    except WireError:
        return None
    return (fields[0].tag, fields[0].body) if fields else None
