"""Whether a model can take a certificate at all: key type, key size, and how it is signed.

Pin, host ID and dates are decided elsewhere (`vpnprobe.pki`). What no source tells is said to be unknown, unless the
gateway shows the model such a certificate today.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from vpnprobe.phones.profile import PhoneProfile
from vpnprobe.pki.certificate import CertificateFacts
from vpnprobe.wire.tls.suites import suite

# What a suite calls the certificates that go with it, by the type of their key.
_AUTHENTICATIONS: Final = {"RSA": {"RSA"}, "EC": {"ECDSA", "ECDH"}, "DSA": {"DSS"}}

# Assumption: no document names limits. The vendor's own examples for phones make keys of 1024 bits (Cisco document
# 116313), and the root behind the phones' own certificates has 2048.
USUAL_RSA_BITS: Final = (1024, 2048)

_SHA2: Final = frozenset({"sha224", "sha256", "sha384", "sha512"})
# Assumption: what signs the older phones' own certificates (VP-26 and VP-28 set SHA-2 apart from it).
_SHA1: Final = "sha1"

# Extensions of the hello, and the code points in them (RFC 8422 section 5.1.1, RFC 5246 section 7.4.1.4.1).
_SUPPORTED_GROUPS: Final = 10
_SIGNATURE_ALGORITHMS: Final = 13
_GROUPS: Final = {"secp256r1": 23, "secp384r1": 24, "secp521r1": 25}
_HASHES: Final = {"md5": 1, "sha1": 2, "sha224": 3, "sha256": 4, "sha384": 5, "sha512": 6}
_SIGNERS: Final = {"rsa": 1, "ecdsa": 3}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a model may not take a certificate; not `certain` where no source says how it ends."""

    text: str
    certain: bool


def obstacles(
    profile: PhoneProfile, certificate: CertificateFacts, shown: Collection[CertificateFacts] = ()
) -> Iterator[Obstacle]:
    """Yield what stands against the certificate; `shown` are those that gateways show to this model today."""
    model = profile.model or profile.id
    if certificate.parse_error is not None:
        yield Obstacle(f"the new certificate cannot be read ({certificate.parse_error})", certain=False)
        return
    yield from _key_obstacles(profile, model, certificate, shown)
    yield from _signature_obstacles(profile, model, certificate, shown)


def takes_key_type(profile: PhoneProfile, key_type: str | None) -> bool:
    """Whether the model's hello has a suite for certificates with such a key."""
    offered = {known.authentication for code in profile.hello.suites if (known := suite(code)) is not None}
    return bool(offered & _AUTHENTICATIONS.get(key_type or "", set()))


def _key_obstacles(
    profile: PhoneProfile, model: str, certificate: CertificateFacts, shown: Collection[CertificateFacts]
) -> Iterator[Obstacle]:
    kind = certificate.key_type
    if kind is None:
        yield Obstacle("the key of the new certificate cannot be read", certain=False)
    elif not takes_key_type(profile, kind):
        yield Obstacle(f"the {model} offers no cipher suite for a certificate whose key is {kind}", certain=True)
    elif kind == "EC":
        groups = _numbers(profile, _SUPPORTED_GROUPS)
        if certificate.curve not in _GROUPS or (groups is not None and _GROUPS[certificate.curve] not in groups):
            yield Obstacle(
                f"the {model} does not offer the curve {certificate.curve or 'of unknown name'}",
                certain=groups is not None,
            )
    elif kind == "RSA" and not _is_usual(certificate, shown):
        bits = certificate.key_bits
        yield Obstacle(
            f"no source says whether the {model} takes an RSA key of {bits} bits: try it with one phone, or take "
            f"{USUAL_RSA_BITS[1]}",
            certain=False,
        )


def _is_usual(certificate: CertificateFacts, shown: Collection[CertificateFacts]) -> bool:
    least, most = USUAL_RSA_BITS
    bits = certificate.key_bits or 0
    return least <= bits <= most or any(one.key_type == "RSA" and one.key_bits == bits for one in shown)


def _signature_obstacles(
    profile: PhoneProfile, model: str, certificate: CertificateFacts, shown: Collection[CertificateFacts]
) -> Iterator[Obstacle]:
    name, digest = certificate.signature_algorithm, certificate.signature_hash
    if name is not None and any(one.signature_algorithm == name for one in shown):
        return
    unknown = Obstacle(f"no source says whether the {model} takes a certificate signed by {name}", certain=False)
    signer = _signer(name)
    if digest is None or signer is None or digest not in {_SHA1, *_SHA2}:
        yield unknown
        return
    limits = profile.limits
    if digest in _SHA2 and not (limits and limits.sha2_certificates):
        yield Obstacle(f"the {model} takes no SHA-2 certificate", certain=True) if limits else unknown
        return
    offered = _numbers(profile, _SIGNATURE_ALGORITHMS)
    if offered is None:
        # Before TLS 1.2 the suite says which signatures are understood (RFC 5246 section 7.4.2).
        if not takes_key_type(profile, "EC" if signer == "ecdsa" else "RSA"):
            yield unknown
    elif _HASHES[digest] << 8 | _SIGNERS[signer] not in offered:
        yield unknown


def _signer(algorithm: str | None) -> str | None:
    """Return whose key signs by this algorithm, as OpenSSL names it."""
    if algorithm is None:
        return None
    if algorithm.startswith("ecdsa-with-"):
        return "ecdsa"
    return "rsa" if algorithm.endswith("WithRSAEncryption") or algorithm == "sha1WithRSA" else None


def _numbers(profile: PhoneProfile, extension: int) -> frozenset[int] | None:
    """Return the 16-bit numbers that the hello lists in this extension, None where it has none."""
    body = dict(profile.hello.extensions or ()).get(extension)
    if body is None:
        return None
    return frozenset(int.from_bytes(body[start : start + 2], "big") for start in range(2, len(body), 2))
