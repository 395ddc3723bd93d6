"""Key types, curves and signature algorithms by object identifier (RFC 3279, 4055, 5480, 5758, 8410)."""

from __future__ import annotations

from typing import Literal

import msgspec

from vpnprobe.model.errors import LimitExceeded, Malformed, WireError
from vpnprobe.pki.der import (
    INTEGER,
    OID,
    SEQUENCE,
    Element,
    read_children,
    read_oid,
    read_sequence,
)
from vpnprobe.pki.structure import Algorithm, split_public_key

Family = Literal["rsa", "rsa-pss", "ecdsa", "dsa", "eddsa"]

RSA = "1.2.840.113549.1.1.1"
RSA_PSS = "1.2.840.113549.1.1.10"
EC = "1.2.840.10045.2.1"
DSA = "1.2.840.10040.4.1"
PRIME_FIELD = "1.2.840.10045.1.1"

_FIXED_KEYS = {  # type and bits follow from the object identifier
    "1.3.101.110": ("X25519", 256),
    "1.3.101.111": ("X448", 448),
    "1.3.101.112": ("Ed25519", 256),
    "1.3.101.113": ("Ed448", 456),
}

_CURVES = {  # SEC 2 and RFC 5639 names, and bits of the field
    "1.2.840.10045.3.1.1": ("secp192r1", 192),
    "1.2.840.10045.3.1.7": ("secp256r1", 256),
    "1.3.132.0.1": ("sect163k1", 163),
    "1.3.132.0.10": ("secp256k1", 256),
    "1.3.132.0.15": ("sect163r2", 163),
    "1.3.132.0.16": ("sect283k1", 283),
    "1.3.132.0.17": ("sect283r1", 283),
    "1.3.132.0.26": ("sect233k1", 233),
    "1.3.132.0.27": ("sect233r1", 233),
    "1.3.132.0.33": ("secp224r1", 224),
    "1.3.132.0.34": ("secp384r1", 384),
    "1.3.132.0.35": ("secp521r1", 521),
    "1.3.132.0.36": ("sect409k1", 409),
    "1.3.132.0.37": ("sect409r1", 409),
    "1.3.132.0.38": ("sect571k1", 571),
    "1.3.132.0.39": ("sect571r1", 571),
    "1.3.36.3.3.2.8.1.1.7": ("brainpoolP256r1", 256),
    "1.3.36.3.3.2.8.1.1.11": ("brainpoolP384r1", 384),
    "1.3.36.3.3.2.8.1.1.13": ("brainpoolP512r1", 512),
}

# OpenSSL refuses larger moduli as well (OPENSSL_RSA_MAX_MODULUS_BITS).
MAX_KEY_BITS = 16384


class SignatureAlgorithm(msgspec.Struct, frozen=True):
    """Name as OpenSSL prints it, hash (None if fixed by the scheme or unknown), and the key family."""

    name: str
    hash_name: str | None
    family: Family | None


_SIGNATURES = {
    "1.2.840.113549.1.1.2": SignatureAlgorithm("md2WithRSAEncryption", "md2", "rsa"),
    "1.2.840.113549.1.1.3": SignatureAlgorithm("md4WithRSAEncryption", "md4", "rsa"),
    "1.2.840.113549.1.1.4": SignatureAlgorithm("md5WithRSAEncryption", "md5", "rsa"),
    "1.2.840.113549.1.1.5": SignatureAlgorithm("sha1WithRSAEncryption", "sha1", "rsa"),
    "1.3.14.3.2.29": SignatureAlgorithm("sha1WithRSA", "sha1", "rsa"),
    "1.2.840.113549.1.1.14": SignatureAlgorithm("sha224WithRSAEncryption", "sha224", "rsa"),
    "1.2.840.113549.1.1.11": SignatureAlgorithm("sha256WithRSAEncryption", "sha256", "rsa"),
    "1.2.840.113549.1.1.12": SignatureAlgorithm("sha384WithRSAEncryption", "sha384", "rsa"),
    "1.2.840.113549.1.1.13": SignatureAlgorithm("sha512WithRSAEncryption", "sha512", "rsa"),
    "1.2.840.10040.4.3": SignatureAlgorithm("dsaWithSHA1", "sha1", "dsa"),
    "2.16.840.1.101.3.4.3.1": SignatureAlgorithm("dsa_with_SHA224", "sha224", "dsa"),
    "2.16.840.1.101.3.4.3.2": SignatureAlgorithm("dsa_with_SHA256", "sha256", "dsa"),
    "1.2.840.10045.4.1": SignatureAlgorithm("ecdsa-with-SHA1", "sha1", "ecdsa"),
    "1.2.840.10045.4.3.1": SignatureAlgorithm("ecdsa-with-SHA224", "sha224", "ecdsa"),
    "1.2.840.10045.4.3.2": SignatureAlgorithm("ecdsa-with-SHA256", "sha256", "ecdsa"),
    "1.2.840.10045.4.3.3": SignatureAlgorithm("ecdsa-with-SHA384", "sha384", "ecdsa"),
    "1.2.840.10045.4.3.4": SignatureAlgorithm("ecdsa-with-SHA512", "sha512", "ecdsa"),
    "1.3.101.112": SignatureAlgorithm("ED25519", None, "eddsa"),
    "1.3.101.113": SignatureAlgorithm("ED448", None, "eddsa"),
}

_HASHES = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_PSS_HASH_TAG = 0xA0


def describe_signature_algorithm(algorithm: Algorithm) -> SignatureAlgorithm:
    """Return name, hash and family; an unknown algorithm is named by its dotted identifier. Never raises."""
    if algorithm.oid == RSA_PSS:
        return SignatureAlgorithm("rsassaPss", _pss_hash(algorithm), "rsa-pss")
    return _SIGNATURES.get(algorithm.oid) or SignatureAlgorithm(algorithm.oid, None, None)


def _pss_hash(algorithm: Algorithm) -> str | None:
    """Return the hash of RSASSA-PSS-params; SHA-1 where it is left out (RFC 4055 section 3.1)."""
    if algorithm.parameters is None:
        return None
    try:
        for field in read_children(algorithm.parameters.body, "pss"):
            if field.tag == _PSS_HASH_TAG:
                return _HASHES.get(read_oid(read_sequence(field.body, "pss hash")[0], "pss hash"))
    except (WireError, IndexError):
        return None
    return "sha1"


class PublicKey(msgspec.Struct, frozen=True):
    """Key type (`RSA`, `EC`, `DSA`, `Ed25519` .. or the dotted identifier), size, and the curve of an EC key.

    `curve` is the name, the dotted identifier where the name is not known, or `explicit` for explicit
    parameters.
    """

    key_type: str
    bits: int | None = None
    curve: str | None = None


def describe_public_key(spki: bytes) -> PublicKey:
    """Read type and size of a SubjectPublicKeyInfo. Raises `WireError`."""
    parts = split_public_key(spki)
    oid = parts.algorithm.oid
    if oid in (RSA, RSA_PSS):
        return PublicKey("RSA", _integer_bits(read_sequence(parts.key, "RSA key")))
    if oid == DSA:
        parameters = parts.algorithm.parameters
        bits = None if parameters is None else _integer_bits(read_children(parameters.body, "DSA parameters"))
        return PublicKey("DSA", bits)
    if oid == EC:
        return _describe_ec_key(parts.algorithm)
    return PublicKey(*_FIXED_KEYS.get(oid, (oid, None)))


def _describe_ec_key(algorithm: Algorithm) -> PublicKey:
    parameters = algorithm.parameters
    if parameters is None:
        raise Malformed(0, "EC key", "no parameters")
    if parameters.tag == OID:
        oid = read_oid(parameters, "curve")
        curve, bits = _CURVES.get(oid, (oid, None))
        return PublicKey("EC", bits, curve)
    return PublicKey("EC", _field_bits(parameters), "explicit")


def _field_bits(parameters: Element) -> int | None:
    """Return the size of an explicit prime field (RFC 3279 section 2.3.5), None for other fields."""
    explicit = read_children(parameters.expect(SEQUENCE, "curve").body, "curve")
    if len(explicit) < 2:
        raise Malformed(parameters.offset, "curve", "no field")
    field = read_children(explicit[1].body, "curve field")
    if len(field) == 2 and read_oid(field[0], "curve field") == PRIME_FIELD:
        return _integer_bits(field[1:])
    return None


def _integer_bits(children: tuple[Element, ...]) -> int:
    """Return the size of the first integer, which is the modulus or the prime."""
    if not children:
        raise Malformed(0, "public key", "empty")
    bits = int.from_bytes(children[0].expect(INTEGER, "modulus").body, "big").bit_length()
    if bits > MAX_KEY_BITS:
        raise LimitExceeded("bits in a key", MAX_KEY_BITS)
    return bits
