"""The phone's pin rule: whether a phone with these certHashes goes on with a gateway that shows this chain.

Sources: VP-10 (the SHA-1 of the certificate shown must be one of the certHashes), VP-35 (the phone hashes the
leaf, then looks for an issuer certificate, else alert 48), VP-40 (with the CA's certificate imported, a
renewal by the same CA needs no change). That a certHash may be that of an issuer in the chain is an inference
from the last two. Any certHash serves any url (protocol facts 3.1).

The rule hashes bytes; for the leaf it never depends on whether a certificate can be parsed. Any other certificate
counts only where its signatures lead down to the leaf: certificates are public, and whoever holds a leaf of his own
could send the right one along.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence

import msgspec

from vpnprobe.pki.basis import Basis
from vpnprobe.pki.fingerprint import SHA1_SIZE, CertHash, HashForm, HashProblem, sha1
from vpnprobe.pki.path import verified_issuers

# `hashAlg` 0 is SHA-1; the meaning of every other value is not known (protocol facts 3.1).
SHA1_HASH_ALG = "0"

# Assumption: the phone's base64 decoder drops the unused bits of the last character, as common decoders do.
_HARMLESS = frozenset({HashProblem.UNUSED_BITS})
# Some decoders take these and some do not; which kind the phone has is not known.
_DOUBTFUL = frozenset({HashProblem.WHITESPACE, HashProblem.PADDING})


class MatchKind(enum.Enum):
    """Which kind of certificate a certHash names."""

    LEAF = "leaf"
    ISSUER = "issuer"


class PinReason(enum.Enum):
    """Why the decision is what it is."""

    LEAF_MATCHES = "leaf-matches"
    ISSUER_MATCHES = "issuer-matches"
    NO_MATCH = "no-match"
    NO_EXPECTATION = "no-expectation"  # no certHash is known
    NO_CERTIFICATE = "no-certificate"  # the gateway showed none
    UNKNOWN_HASH_ALG = "unknown-hash-alg"
    DOUBTFUL_FORM = "doubtful-form"  # only a certHash matches that not every decoder reads


class PinMatch(msgspec.Struct, frozen=True, kw_only=True):
    """One certHash names one certificate; both are given by position, counted from 0.

    Certificate 0 is the leaf. `basis` is DOCUMENT for a canonical certHash of the leaf, INFERENCE for one of
    an issuer, ASSUMPTION where unused bits had to be ignored, UNKNOWN where the form is doubtful.
    """

    cert_hash_index: int
    certificate_index: int
    kind: MatchKind
    basis: Basis


class PinDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a phone goes on.

    `accepts` is None where it cannot be decided: no expectation, no certificate, a `hashAlg` of unknown
    meaning, or only a match in a doubtful form. `basis` is that of the best match; for a refusal it is
    DOCUMENT. `matches` lists all, also for an unknown `hashAlg`, leaf before issuers.
    """

    accepts: bool | None
    reason: PinReason
    basis: Basis
    matches: tuple[PinMatch, ...] = ()


def decide_pin(expected: Sequence[CertHash], chain_der: Sequence[bytes], hash_alg: str | None) -> PinDecision:
    """Decide as the phone does.

    `expected` are certHash1.. in order; empty ones count as absent but keep their number. `chain_der` is what
    the gateway sent, leaf first. `hash_alg` is the text of `hashAlg`; None or empty means it was not given,
    and SHA-1 is meant, as in every known sample.
    """
    if all(HashProblem.EMPTY in cert_hash.problems for cert_hash in expected):
        return PinDecision(accepts=None, reason=PinReason.NO_EXPECTATION, basis=Basis.UNKNOWN)
    if not chain_der:
        return PinDecision(accepts=None, reason=PinReason.NO_CERTIFICATE, basis=Basis.UNKNOWN)
    return _decide(_find_matches(expected, chain_der), hash_alg)


def decide_leaf_pin(expected: Sequence[CertHash], leaf_sha1: bytes, hash_alg: str | None) -> PinDecision:
    """Decide as `decide_pin` does for a leaf of which nothing but its SHA-1 is known; no issuer can match then."""
    if all(HashProblem.EMPTY in cert_hash.problems for cert_hash in expected):
        return PinDecision(accepts=None, reason=PinReason.NO_EXPECTATION, basis=Basis.UNKNOWN)
    return _decide(tuple(_matches_of([leaf_sha1], expected)), hash_alg)


def _decide(matches: tuple[PinMatch, ...], hash_alg: str | None) -> PinDecision:
    if (hash_alg or "").strip() not in ("", SHA1_HASH_ALG):
        return PinDecision(accepts=None, reason=PinReason.UNKNOWN_HASH_ALG, basis=Basis.UNKNOWN, matches=matches)
    sure = [match for match in matches if match.basis is not Basis.UNKNOWN]
    if sure:
        best = min(sure, key=_rank)
        reason = PinReason.LEAF_MATCHES if best.kind is MatchKind.LEAF else PinReason.ISSUER_MATCHES
        return PinDecision(accepts=True, reason=reason, basis=best.basis, matches=matches)
    if matches:
        return PinDecision(accepts=None, reason=PinReason.DOUBTFUL_FORM, basis=Basis.UNKNOWN, matches=matches)
    return PinDecision(accepts=False, reason=PinReason.NO_MATCH, basis=Basis.DOCUMENT)


def _find_matches(expected: Sequence[CertHash], chain_der: Sequence[bytes]) -> tuple[PinMatch, ...]:
    found = list(_matches_of([sha1(der) for der in chain_der], expected))
    if all(match.kind is MatchKind.LEAF for match in found):
        return tuple(found)
    issuers = verified_issuers(chain_der)
    return tuple(
        match for match in found if match.kind is MatchKind.LEAF or chain_der[match.certificate_index] in issuers
    )


def _matches_of(digests: Sequence[bytes], expected: Sequence[CertHash]) -> Iterator[PinMatch]:
    """Yield the pairs of equal digests, those of the leaf `digests[0]` first."""
    for position, digest in enumerate(digests):
        for number, cert_hash in enumerate(expected):
            if _is_readable(cert_hash) and cert_hash.digest == digest:
                yield PinMatch(
                    cert_hash_index=number,
                    certificate_index=position,
                    kind=MatchKind.LEAF if digest == digests[0] else MatchKind.ISSUER,
                    basis=_basis(cert_hash, is_leaf=digest == digests[0]),
                )


def _is_readable(cert_hash: CertHash) -> bool:
    """Whether some base64 decoder reads 20 bytes from the text; from 40 hex digits it reads 30."""
    return (
        cert_hash.form is HashForm.BASE64
        and cert_hash.digest is not None
        and len(cert_hash.digest) == SHA1_SIZE
        and set(cert_hash.problems) <= _HARMLESS | _DOUBTFUL
    )


def _basis(cert_hash: CertHash, *, is_leaf: bool) -> Basis:
    problems = set(cert_hash.problems)
    if problems & _DOUBTFUL:
        return Basis.UNKNOWN
    if problems & _HARMLESS:
        return Basis.ASSUMPTION
    return Basis.DOCUMENT if is_leaf else Basis.INFERENCE


def _rank(match: PinMatch) -> tuple[bool, int]:
    """Order matches: leaf before issuer, then the surest."""
    return match.kind is MatchKind.ISSUER, (Basis.DOCUMENT, Basis.INFERENCE, Basis.ASSUMPTION).index(match.basis)
