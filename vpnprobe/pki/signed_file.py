"""The signature over a file of CUCM, checked with the certificate of its signer.

RSA with PKCS#1 v1.5 padding and SHA-1, SHA-256 or SHA-512; the sizes 512, 1024, 2048 and 4096 bits are what the header
can name (usecallmanagernz/certutils). Only the key is handed to the library, which refuses some certificates; the
security level of OpenSSL, which forbids small keys and SHA-1 in a handshake, does not touch this. No date is looked at:
whether phones mind an expired signer no source says.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from vpnprobe.model.errors import WireError
from vpnprobe.pki.signature import MAX_EXPONENT_BITS, MAX_RSA_BITS
from vpnprobe.pki.structure import split_certificate

FileSignatureStatus = Literal["valid", "invalid", "unsupported"]

# RFC 8017 section 9.2: the DigestInfo of this hash and 11 bytes more must fit into the modulus.
_SMALLEST_RSA_BITS: Final = {"sha1": 368, "sha256": 496, "sha512": 752}


class FileSignature(msgspec.Struct, frozen=True, kw_only=True):
    """Result of one check.

    "unsupported" is what this machine cannot compute: another kind of key, an unknown hash, a certificate that cannot
    be read. `key_bits` is of the signer's RSA key. `problem` is one clause where the status is not "valid".
    """

    status: FileSignatureStatus
    key_bits: int | None = None
    problem: str | None = None


def verify_file_signature(content: bytes, signature: bytes, hash_name: str | None, certificate: bytes) -> FileSignature:
    """Check `signature` over `content` (the file without its signature item) with the key of a DER certificate.

    `hash_name` is `sha1`, `sha256` or `sha512`, None where the header names no hash or one that no source describes.
    Never raises. An elliptic-curve signer is unsupported: that trust lists with signer version 1.1 belong to EC TFTP
    certificates is known, the form of their signature is not.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    smallest = _SMALLEST_RSA_BITS.get(hash_name or "")
    if hash_name is None or smallest is None:
        return FileSignature(status="unsupported", problem="the header names no hash that is known")
    digest: hashes.HashAlgorithm = getattr(hashes, hash_name.upper())()
    try:
        key = load_der_public_key(split_certificate(certificate).public_key)
    except WireError as error:
        return FileSignature(status="unsupported", problem=f"the signer's certificate cannot be read: {error}")
    except (UnsupportedAlgorithm, ValueError) as error:
        return FileSignature(status="unsupported", problem=f"the signer's key cannot be used: {error}")
    if not isinstance(key, rsa.RSAPublicKey):
        name = "an elliptic-curve key" if isinstance(key, ec.EllipticCurvePublicKey) else "another key than RSA"
        return FileSignature(
            status="unsupported", problem=f"the signer has {name}, whose signatures no source describes"
        )
    bits = key.key_size
    if bits > MAX_RSA_BITS or key.public_numbers().e.bit_length() > MAX_EXPONENT_BITS:
        return FileSignature(status="unsupported", key_bits=bits, problem="the signer's key is too large to check with")
    if len(signature) != (bits + 7) // 8:
        clause = f"the signature has {8 * len(signature)} bits, the signer's key {bits}"
        return FileSignature(status="invalid", key_bits=bits, problem=clause)
    if bits < smallest:
        clause = f"a key of {bits} bits cannot sign a {hash_name} hash"
        return FileSignature(status="invalid", key_bits=bits, problem=clause)
    try:
        key.verify(signature, content, padding.PKCS1v15(), digest)
    except InvalidSignature:
        return FileSignature(status="invalid", key_bits=bits, problem="changed after it was signed")
    except (UnsupportedAlgorithm, ValueError) as error:
        return FileSignature(status="unsupported", key_bits=bits, problem=str(error))
    return FileSignature(status="valid", key_bits=bits)
