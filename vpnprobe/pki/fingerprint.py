"""Digests of a certificate and the forms in which a certHash is written.

A certHash is the base64 text of the SHA-1 of the certificate's DER bytes: 28 characters, the last one `=`
(VP-10; protocol facts 3.1). What operators paste instead, and what a copied document holds, is read here too
and every departure from the canonical form is named.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import html
import re
import unicodedata

import msgspec

SHA1_SIZE = 20

# A certHash has 28 characters and a SHA-512 with colons 191; anything far longer is another thing.
MAX_TEXT = 1024

# Digits of MD5, SHA-1, SHA-256, SHA-384 and SHA-512 in hex. As base64 these texts would have 24, 30, 48, 72
# and 96 bytes; that one of those is meant and holds hex digits only is out of all likelihood.
_BARE_HEX_SIZES = frozenset({32, 40, 64, 96, 128})

_HEX_SEPARATORS = re.compile(r"[\s:.-]")
_GROUPED_HEX = re.compile(r"[0-9A-Fa-f]{2}(?:[\s:.-]+[0-9A-Fa-f]{2})+")
_BARE_HEX = re.compile(r"[0-9A-Fa-f]+")
_BASE64 = re.compile(r"([A-Za-z0-9+/]*)(=*)")
_ELEMENT = re.compile(r"<certHash\d*>(.*)</certHash\d*>", re.IGNORECASE | re.DOTALL)
_LABEL = re.compile(r"(?:(?:sha-?\d+|md5)\s+fingerprint|fingerprint|sha-?\d+|md5)\s*[=:\s]\s*", re.IGNORECASE)
_QUOTES = "\"'`"


def sha1(der: bytes) -> bytes:
    """Return the 20 bytes that a certHash stands for."""
    return hashlib.sha1(der, usedforsecurity=False).digest()


def sha256(der: bytes) -> bytes:
    """Return the SHA-256 of `der`, 32 bytes."""
    return hashlib.sha256(der).digest()


def md5(der: bytes) -> bytes:
    """Return the MD5 of `der`, 16 bytes; certificate viewers and `show crypto ca certificates` print it."""
    return hashlib.md5(der, usedforsecurity=False).digest()


def colon_hex(digest: bytes) -> str:
    """Return upper-case hex with colons, as browsers and `openssl x509 -fingerprint` print it."""
    return digest.hex(":").upper()


def phone_log_hex(digest: bytes) -> str:
    """Return upper-case hex without separators, as the phone's `Leaf cert hash = ` line prints it (VP-35)."""
    return digest.hex().upper()


def format_cert_hash(digest: bytes) -> str:
    """Return the canonical base64 text of `digest`, the form that CUCM writes into the configuration."""
    return base64.b64encode(digest).decode("ascii")


class HashForm(enum.Enum):
    """How the text is written."""

    BASE64 = "base64"
    BASE64URL = "base64url"
    HEX = "hex"
    PEM = "pem"  # a certificate, not a hash


class HashProblem(enum.Enum):
    """One departure of a certHash text from the canonical form."""

    EMPTY = "empty"
    TOO_LONG = "too-long"
    IS_CERTIFICATE = "is-certificate"
    UNUSED_BITS = "unused-bits"  # base64 whose last character has bits that no encoder sets: a copying error
    PADDING = "padding"  # `=` missing or too many
    URL_ALPHABET = "url-alphabet"  # `-` and `_` where `+` and `/` belong
    HEX = "hex"
    INVALID_CHARACTER = "invalid-character"
    INVISIBLE_CHARACTER = "invisible-character"  # such as U+200E, which Windows puts before a thumbprint
    WHITESPACE = "whitespace"
    QUOTED = "quoted"
    ESCAPED = "escaped"  # XML character references such as `&#43;`
    LABELLED = "labelled"  # `SHA1 Fingerprint=` or the XML element came along
    MD5_LENGTH = "md5-length"
    SHA256_LENGTH = "sha256-length"
    SHA512_LENGTH = "sha512-length"
    WRONG_LENGTH = "wrong-length"


_LENGTH_PROBLEMS = {
    16: HashProblem.MD5_LENGTH,
    32: HashProblem.SHA256_LENGTH,
    64: HashProblem.SHA512_LENGTH,
}


class CertHash(msgspec.Struct, frozen=True, kw_only=True):
    """One certHash as it was given.

    `text` is the text given, at most MAX_TEXT characters of it. `digest` is what it decodes to, of any
    length, or None where nothing can be decoded. `form` is None where the text has no form.
    """

    text: str
    digest: bytes | None
    form: HashForm | None
    problems: tuple[HashProblem, ...] = ()

    @property
    def is_canonical(self) -> bool:
        """Whether this is exactly what CUCM would write for a SHA-1."""
        return self.form is HashForm.BASE64 and not self.problems


def parse_cert_hash(text: str) -> CertHash:
    """Read a certHash in any form in which people write one; never raises."""
    # Arguments and damaged files can hold lone surrogates, which JSON cannot.
    shown = text[:MAX_TEXT].encode("utf-8", "backslashreplace").decode("utf-8")[:MAX_TEXT]
    if "-----BEGIN" in shown:
        return CertHash(text=shown, digest=None, form=HashForm.PEM, problems=(HashProblem.IS_CERTIFICATE,))
    if len(text) > MAX_TEXT:
        return CertHash(text=shown, digest=None, form=None, problems=(HashProblem.TOO_LONG,))
    bare, wrapping = _unwrap(shown)
    if not bare:
        return CertHash(text=shown, digest=None, form=None, problems=(HashProblem.EMPTY,))
    digest, form, problems = _decode_hex(bare) or _decode_base64(bare)
    if digest is not None:
        problems += _length_problems(digest)
    return CertHash(text=shown, digest=digest, form=form, problems=wrapping + problems)


def parse_expected_hash(text: str) -> CertHash:
    """Read a certHash that the operator gave, where hex, labels and blanks are fine; never raises.

    A SHA-1 in any form becomes the canonical certHash. What may be a copying error stays as it was given.
    """
    given = parse_cert_hash(text)
    if given.digest is None or len(given.digest) != SHA1_SIZE:
        return given
    if HashProblem.UNUSED_BITS in given.problems:
        return parse_cert_hash(bare_text(given))
    return parse_cert_hash(format_cert_hash(given.digest))


def bare_text(cert_hash: CertHash) -> str:
    """Return the text without quotes, labels, escapes and white space: what somebody copied."""
    return "".join(_unwrap(cert_hash.text)[0].split())


def _unwrap(text: str) -> tuple[str, tuple[HashProblem, ...]]:
    problems: list[HashProblem] = []

    def step(new: str, problem: HashProblem) -> None:
        nonlocal text
        if new != text:
            problems.append(problem)
            text = new

    step("".join(c for c in text if unicodedata.category(c) != "Cf"), HashProblem.INVISIBLE_CHARACTER)
    step(text.strip(), HashProblem.WHITESPACE)
    element = _ELEMENT.fullmatch(text)
    step(element[1].strip() if element else text, HashProblem.LABELLED)
    step(html.unescape(text).strip(), HashProblem.ESCAPED)
    step(text.strip(_QUOTES).strip(), HashProblem.QUOTED)
    label = _LABEL.match(text)
    step(text[label.end() :] if label else text, HashProblem.LABELLED)
    return text, tuple(dict.fromkeys(problems))


_Decoded = tuple[bytes | None, HashForm, tuple[HashProblem, ...]]


def _decode_hex(text: str) -> _Decoded | None:
    joined = _HEX_SEPARATORS.sub("", text)
    is_bare = _BARE_HEX.fullmatch(joined) is not None and len(joined) in _BARE_HEX_SIZES
    if is_bare or _GROUPED_HEX.fullmatch(text):
        return bytes.fromhex(joined), HashForm.HEX, (HashProblem.HEX,)
    return None


def _decode_base64(text: str) -> _Decoded:
    problems: list[HashProblem] = []
    joined = "".join(text.split())
    if joined != text:
        problems.append(HashProblem.WHITESPACE)
    form = HashForm.BASE64
    if "-" in joined or "_" in joined:
        form = HashForm.BASE64URL
        problems.append(HashProblem.URL_ALPHABET)
        joined = joined.replace("-", "+").replace("_", "/")
    parts = _BASE64.fullmatch(joined)
    if parts is None:
        return None, form, (*problems, HashProblem.INVALID_CHARACTER)
    body = parts[1]
    if len(body) % 4 == 1:
        return None, form, (*problems, HashProblem.WRONG_LENGTH)
    padding = "=" * (-len(body) % 4)
    if parts[2] != padding:
        problems.append(HashProblem.PADDING)
    digest = base64.b64decode(body + padding)
    if format_cert_hash(digest) != body + padding:
        problems.append(HashProblem.UNUSED_BITS)
    return digest, form, tuple(problems)


def _length_problems(digest: bytes) -> tuple[HashProblem, ...]:
    if len(digest) == SHA1_SIZE:
        return ()
    return (_LENGTH_PROBLEMS.get(len(digest), HashProblem.WRONG_LENGTH),)
