"""Why a certHash fits no certificate: the usual mistakes, tried one by one against what was seen.

The document's own copies of one certHash show the most frequent one: `l` became `1`, `Y` became `y`. A near
miss is a lead for a person, never a match; `vpnprobe.pki.pin` alone decides.
"""

from __future__ import annotations

import base64
import enum
import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec

from vpnprobe.model.errors import WireError
from vpnprobe.pki.fingerprint import CertHash, HashProblem, bare_text, format_cert_hash, sha1
from vpnprobe.pki.structure import split_certificate, split_public_key

# A phone has ten certHashes (protocol facts 3.1); a gateway shows some ten certificates over all hellos.
MAX_EXPECTED = 32
MAX_SEEN = 64

# Texts up to this cost are called a copy. Two unrelated certHashes are at about 40 from each other.
MAX_COPY_COST = 8
_CONFUSABLE_COST = 1
_OTHER_COST = 2
_MAX_LENGTH_DIFFERENCE = MAX_COPY_COST // _OTHER_COST

# A part of a certHash this long (72 bits) is no accident.
MIN_PART = 12

# Characters that are taken for each other in print, on screen and by text recognition; the case of a letter
# is always one of these mistakes.
_LOOK_ALIKES = ("0OoQD", "1lI|i!7/", "2Zz", "5Ss", "8B3", "6bG", "9gq", "uvy", "ceC", "nhm", "+t", "wvW")


class SeenCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate that was met, and where, such as `leaf shown to 7962G at 192.0.2.7:443`."""

    der: bytes
    where: str


class NearMissKind(enum.Enum):
    """What is wrong with the certHash."""

    OTHER_CERTIFICATE = "other-certificate"  # a good certHash, of a certificate seen elsewhere
    FORM = "form"  # the right SHA-1, but not written as base64 in its canonical form
    OTHER_DIGEST = "other-digest"  # of the certificate, but not its SHA-1
    PUBLIC_KEY = "public-key"  # of the public key instead of the certificate
    PEM_TEXT = "pem-text"  # of the PEM file instead of the DER bytes
    ENCODED_TWICE = "encoded-twice"  # base64 of the hex or base64 text instead of the bytes
    REVERSED = "reversed"
    PART = "part"  # characters are cut off, or more were copied than the certHash
    COPY_ERROR = "copy-error"


class CopyEdit(msgspec.Struct, frozen=True, kw_only=True):
    """One character to mend. `position` counts from 1 in the text without blanks and colons.

    `given` is empty where a character is missing before `position`, `right` where there is one too many.
    """

    position: int
    given: str
    right: str


class NearMiss(msgspec.Struct, frozen=True, kw_only=True):
    """One certHash that nearly names one certificate.

    `cert_hash_index` and `seen_index` are positions in the sequences given; `where` are all the places where
    that certificate was seen. `right` is the certHash that would name it. `digest_name` is the hash that was
    used, where that is the mistake. `problems` are those of the text for FORM, `edits` those of a COPY_ERROR.
    `explanation` is one short sentence.
    """

    kind: NearMissKind
    cert_hash_index: int
    seen_index: int
    where: tuple[str, ...]
    right: str
    explanation: str
    digest_name: str | None = None
    problems: tuple[HashProblem, ...] = ()
    edits: tuple[CopyEdit, ...] = ()


def explain_mismatch(expected: Sequence[CertHash], seen: Sequence[SeenCertificate]) -> tuple[NearMiss, ...]:
    """Compare every certHash with every certificate and name the first mistake that explains each pair.

    Only the first MAX_EXPECTED and MAX_SEEN are looked at. A certHash that is right is an OTHER_CERTIFICATE,
    so leave out of `seen` what it may rightly name. Never raises.
    """
    places: dict[bytes, list[int]] = {}
    for position, certificate in enumerate(seen[:MAX_SEEN]):
        places.setdefault(certificate.der, []).append(position)
    found: list[NearMiss] = []
    for der, positions in places.items():
        right = format_cert_hash(sha1(der))
        known = _digests_by_mistake(der)
        for number, cert_hash in enumerate(expected[:MAX_EXPECTED]):
            mistake = _find_digest(cert_hash, known) or _compare_text(cert_hash, right, sha1(der).hex().upper())
            if mistake is not None:
                found.append(
                    NearMiss(
                        kind=mistake.kind,
                        cert_hash_index=number,
                        seen_index=positions[0],
                        where=tuple(seen[position].where for position in positions),
                        right=right,
                        explanation=mistake.explanation,
                        digest_name=mistake.digest_name,
                        problems=cert_hash.problems if mistake.kind is NearMissKind.FORM else (),
                        edits=mistake.edits,
                    )
                )
    return tuple(sorted(found, key=lambda miss: (miss.cert_hash_index, miss.seen_index)))


def explain_text(given: CertHash, right: bytes) -> str | None:
    """Say in one sentence how the text `given` was miscopied from the certHash of the SHA-1 `right`; else None."""
    mistake = _compare_text(given, format_cert_hash(right), right.hex().upper())
    return None if mistake is None else mistake.explanation


class _Mistake(msgspec.Struct, frozen=True):
    kind: NearMissKind
    explanation: str
    digest_name: str | None = None
    edits: tuple[CopyEdit, ...] = ()


_OTHER_CERTIFICATE = _Mistake(
    NearMissKind.OTHER_CERTIFICATE, "It is the certHash of another certificate that was seen."
)
_FORM = _Mistake(NearMissKind.FORM, "It is the right SHA-1, but not in the form that CUCM writes, canonical base64.")


def _digests_by_mistake(der: bytes) -> dict[bytes, _Mistake]:
    """Return what a certHash of this certificate may decode to, and the mistake that each value tells of."""
    digest = sha1(der)
    known = {digest: _OTHER_CERTIFICATE}
    for name in ("md5", "sha256", "sha384", "sha512"):
        known[_digest(name, der)] = _Mistake(
            NearMissKind.OTHER_DIGEST,
            f"It is the {name.upper()} of the certificate instead of the SHA-1.",
            name,
        )
    for name in ("sha1", "sha256"):
        for key in _public_keys(der):
            known[_digest(name, key)] = _Mistake(
                NearMissKind.PUBLIC_KEY,
                f"It is the {name.upper()} of the public key, not of the certificate.",
                name,
            )
        for pem in _pem_texts(der):
            known[_digest(name, pem)] = _Mistake(
                NearMissKind.PEM_TEXT,
                f"It is the {name.upper()} of the PEM text, not of the DER bytes.",
                name,
            )
    known[digest[::-1]] = _Mistake(NearMissKind.REVERSED, "It is the SHA-1 with its bytes in reverse order.")
    for text in (digest.hex(), digest.hex(":"), format_cert_hash(digest)):
        for encoded in {text, text.upper()}:
            known[encoded.encode()] = _Mistake(
                NearMissKind.ENCODED_TWICE, "The SHA-1 was already text when it was encoded as base64."
            )
    return known


def _digest(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data, usedforsecurity=False).digest()


def _public_keys(der: bytes) -> tuple[bytes, ...]:
    """Return the SubjectPublicKeyInfo and the bare key, which the subject key identifier is made of."""
    try:
        spki = split_certificate(der).public_key
        return spki, split_public_key(spki).key
    except WireError:
        return ()


def _pem_texts(der: bytes) -> Iterator[bytes]:
    body = base64.b64encode(der)
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    armoured = [b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----"]
    yield body
    for end_of_line in (b"\n", b"\r\n"):
        for text in (end_of_line.join(armoured), end_of_line.join(lines)):
            yield text
            yield text + end_of_line


def _find_digest(cert_hash: CertHash, known: dict[bytes, _Mistake]) -> _Mistake | None:
    mistake = known.get(cert_hash.digest) if cert_hash.digest is not None else None
    return _FORM if mistake is _OTHER_CERTIFICATE and not cert_hash.is_canonical else mistake


def _compare_text(cert_hash: CertHash, right: str, right_hex: str) -> _Mistake | None:
    given = bare_text(cert_hash)
    if given == right[::-1]:
        return _Mistake(NearMissKind.REVERSED, "It is the certHash with its characters in reverse order.")
    hex_digits = "".join(character for character in given.upper() if character not in ":.-")
    for text, wanted in ((given, right), (hex_digits, right_hex)):
        if len(text) >= MIN_PART and text != wanted and (text in wanted or wanted in text):
            return _Mistake(NearMissKind.PART, "It holds only a part of the certHash, or more than the certHash.")
    for text, wanted in ((given, right), (hex_digits, right_hex)):
        edits = _find_edits(text, wanted)
        if edits:
            return _Mistake(NearMissKind.COPY_ERROR, _describe_edits(edits), edits=edits)
    return None


def _describe_edits(edits: tuple[CopyEdit, ...]) -> str:
    first = edits[0]
    if not first.given:
        text = f"before character {first.position}, `{first.right}` is missing"
    elif not first.right:
        text = f"character {first.position}, `{first.given}`, is one too many"
    else:
        text = f"character {first.position} is `{first.given}` and should be `{first.right}`"
    more = f", and {len(edits) - 1} more" if len(edits) > 1 else ""
    return f"It was copied wrongly: {text}{more}."


# The pairs of the base64 alphabet; asked for 784 times for each certHash and certificate.
@lru_cache(maxsize=4096)
def _substitution_cost(given: str, right: str) -> int:
    if given == right:
        return 0
    alike = given.casefold() == right.casefold() or any(given in group and right in group for group in _LOOK_ALIKES)
    return _CONFUSABLE_COST if alike else _OTHER_COST


def _find_edits(given: str, right: str) -> tuple[CopyEdit, ...] | None:
    """Return the cheapest edits that make `right` of `given`, or None above MAX_COPY_COST.

    Texts that differ in letter case alone always qualify.
    """
    if abs(len(given) - len(right)) > _MAX_LENGTH_DIFFERENCE:
        return None
    # costs[i][j]: price of making right[:j] of given[:i]
    costs = [[_OTHER_COST * (i + j) for j in range(len(right) + 1)] for i in range(len(given) + 1)]
    for i, given_character in enumerate(given, 1):
        for j, right_character in enumerate(right, 1):
            costs[i][j] = min(
                costs[i - 1][j - 1] + _substitution_cost(given_character, right_character),
                costs[i - 1][j] + _OTHER_COST,
                costs[i][j - 1] + _OTHER_COST,
            )
    if costs[-1][-1] > MAX_COPY_COST and given.casefold() != right.casefold():
        return None
    return _trace_edits(costs, given, right)


def _trace_edits(costs: list[list[int]], given: str, right: str) -> tuple[CopyEdit, ...]:
    edits: list[CopyEdit] = []
    i, j = len(given), len(right)
    while i or j:
        if i and j and costs[i][j] == costs[i - 1][j - 1] + _substitution_cost(given[i - 1], right[j - 1]):
            if given[i - 1] != right[j - 1]:
                edits.append(CopyEdit(position=i, given=given[i - 1], right=right[j - 1]))
            i, j = i - 1, j - 1
        elif i and costs[i][j] == costs[i - 1][j] + _OTHER_COST:
            edits.append(CopyEdit(position=i, given=given[i - 1], right=""))
            i -= 1
        else:
            edits.append(CopyEdit(position=i + 1, given="", right=right[j - 1]))
            j -= 1
    return tuple(reversed(edits))
