"""Checking one signature with a given key.

The certificate is not handed to a library, only the signed bytes, the signature and the key: `cryptography`
refuses whole certificates with negative serial numbers and, on its certificate interface, signatures with
SHA-1 and MD5, but its keys verify all of them. It is imported when first needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from vpnprobe.model.errors import WireError
from vpnprobe.pki.algorithms import SignatureAlgorithm, describe_signature_algorithm
from vpnprobe.pki.structure import CertificateParts, read_algorithm

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

ENGINE = "cryptography"

# A peer chooses the keys that its chain is checked with, and one check costs milliseconds beyond these: Windows takes
# exponents of 32 bits, authorities have RSA keys of 4096 bits.
MAX_RSA_BITS: Final = 8192
MAX_EXPONENT_BITS: Final = 64
MAX_DSA_BITS: Final = 4096


class SignatureCheck(msgspec.Struct, frozen=True, kw_only=True):
    """Result of one check. `valid` is None where the engine could not check, and `detail` says why."""

    valid: bool | None
    engine: str = ENGINE
    detail: str = ""


def verify_signature(child: CertificateParts, issuer_public_key: bytes) -> SignatureCheck:
    """Check `child`'s signature with the key of a SubjectPublicKeyInfo. Never raises."""
    try:
        algorithm = describe_signature_algorithm(read_algorithm(child.algorithm, "signatureAlgorithm"))
    except WireError as error:
        return SignatureCheck(valid=None, detail=str(error))
    if algorithm.family is None:
        return SignatureCheck(valid=None, detail=f"signature algorithm {algorithm.name} is not known")
    return _verify(algorithm, child, issuer_public_key)


def _verify(algorithm: SignatureAlgorithm, child: CertificateParts, spki: bytes) -> SignatureCheck:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    digest: hashes.HashAlgorithm = hashes.SHA256()  # EdDSA has its hash built in and does not use this one
    if algorithm.family != "eddsa":
        hash_type = getattr(hashes, (algorithm.hash_name or "unknown").upper(), None)
        if hash_type is None:
            return SignatureCheck(valid=None, detail=f"hash {algorithm.hash_name} is not supported")
        digest = hash_type()
    try:
        key = load_der_public_key(spki)
        if _is_costly(key):
            return SignatureCheck(valid=None, detail="a key so large that no authority has one, and slow to check with")
        match algorithm.family, key:
            case "rsa", rsa.RSAPublicKey():
                key.verify(child.signature, child.tbs, padding.PKCS1v15(), digest)
            case "rsa-pss", rsa.RSAPublicKey():
                pss = padding.PSS(padding.MGF1(digest), padding.PSS.AUTO)
                key.verify(child.signature, child.tbs, pss, digest)
            case "ecdsa", ec.EllipticCurvePublicKey():
                key.verify(child.signature, child.tbs, ec.ECDSA(digest))
            case "dsa", dsa.DSAPublicKey():
                key.verify(child.signature, child.tbs, digest)
            case "eddsa", ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
                key.verify(child.signature, child.tbs)
            case _:
                return SignatureCheck(valid=False, detail=f"{algorithm.name} does not fit the issuer's key")
    except InvalidSignature:
        return SignatureCheck(valid=False, detail="signature does not verify")
    except (UnsupportedAlgorithm, ValueError, TypeError) as error:
        return SignatureCheck(valid=None, detail=str(error))
    return SignatureCheck(valid=True)


def _is_costly(key: PublicKeyTypes) -> bool:
    from cryptography.hazmat.primitives.asymmetric import dsa, rsa

    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size > MAX_RSA_BITS or key.public_numbers().e.bit_length() > MAX_EXPONENT_BITS
    return isinstance(key, dsa.DSAPublicKey) and key.key_size > MAX_DSA_BITS
