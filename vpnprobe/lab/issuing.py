"""Makes certificates of every kind that the lab shows: a key, a builder, a signature, also odd ones.

Keys are made once per process and shared between certificates: making them is what costs time.
"""

from __future__ import annotations

import functools
import ssl
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Digest = Literal["sha256", "sha1", "md5"]

# One byte as an INTEGER of DER: 65, and with its highest bit set -63.
_POSITIVE_SERIAL, _NEGATIVE_SERIAL = 0x41, 0xC1
# The object identifier of RSA signatures (1.2.840.113549.1.1) in DER; its last byte says which digest.
_RSA_SIGNATURE = bytes.fromhex("06092a864886f70d0101")
_DIGESTS: dict[Digest, tuple[int, hashes.HashAlgorithm]] = {
    "sha256": (11, hashes.SHA256()),
    "sha1": (5, hashes.SHA1()),
    "md5": (4, hashes.MD5()),
}


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its key. `issuers` are DER, nearest first; none where it is self-signed."""

    der: bytes
    key: PrivateKey
    issuers: tuple[bytes, ...] = ()

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate, parsed."""
        with warnings.catch_warnings():
            # A negative serial is what one scenario is about.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            return x509.load_der_x509_certificate(self.der)

    @property
    def pem(self) -> bytes:
        """The certificate alone, PEM."""
        return _pem(self.der)

    @property
    def chain_pem(self) -> bytes:
        """The certificate and its issuers, PEM, leaf first."""
        return b"".join(_pem(der) for der in (self.der, *self.issuers))

    @property
    def key_pem(self) -> bytes:
        """The private key, PEM (PKCS#8, not encrypted)."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def certificate_builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: PrivateKey,
    *,
    now: datetime,
    age_days: int,
    days_left: int,
    negative_serial: bool = False,
) -> x509.CertificateBuilder:
    """Begin a certificate; `signed` makes the serial negative where that is wanted."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(_POSITIVE_SERIAL if negative_serial else x509.random_serial_number())
        .not_valid_before(now - timedelta(days=age_days))
        .not_valid_after(now + timedelta(days=days_left))
    )


def signed(
    builder: x509.CertificateBuilder,
    key: PrivateKey,
    issuer: Issued | None = None,
    *,
    digest: Digest = "sha256",
    negative_serial: bool = False,
) -> Issued:
    """Sign a certificate for `key` by `issuer`, or by itself. What is odd needs an RSA key to sign with."""
    signer = key if issuer is None else issuer.key
    certificate = builder.sign(signer, hashes.SHA256())
    if digest == "sha256" and not negative_serial:
        der = certificate.public_bytes(serialization.Encoding.DER)
    else:
        assert isinstance(signer, rsa.RSAPrivateKey)
        der = _odd(certificate.tbs_certificate_bytes, signer, digest, negative_serial=negative_serial)
    return Issued(der, key, () if issuer is None else (issuer.der, *issuer.issuers))


def lab_name(organization: str, common_name: str) -> x509.Name:
    """Return a Name of an organization and a common name."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def key_usage(*, digital_signature: bool = False, key_encipherment: bool = False, sign: bool = False) -> x509.KeyUsage:
    """Return a key usage; `sign` is that of a CA, for certificates and CRLs."""
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign,
        crl_sign=sign,
        encipher_only=False,
        decipher_only=False,
    )


@functools.cache
def rsa_key(use: str, bits: int = 2048) -> rsa.RSAPrivateKey:  # noqa: ARG001 - the cache tells keys apart by it
    """Return this process's RSA key of that use and size."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@functools.cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    """Return this process's P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def _odd(tbs: bytes, signer: rsa.RSAPrivateKey, digest: Digest, *, negative_serial: bool) -> bytes:
    """Sign what no CA library writes any more: a few bytes of the part to be signed are changed before."""
    last_byte, algorithm_of_digest = _DIGESTS[digest]
    algorithm = _RSA_SIGNATURE + bytes((last_byte,))
    tbs = tbs.replace(_RSA_SIGNATURE + bytes((_DIGESTS["sha256"][0],)), algorithm)
    if negative_serial:
        # The serial is the first INTEGER of one byte after the version, so the first match is it.
        tbs = tbs.replace(bytes((2, 1, _POSITIVE_SERIAL)), bytes((2, 1, _NEGATIVE_SERIAL)), 1)
    signature = signer.sign(tbs, padding.PKCS1v15(), algorithm_of_digest)
    # AlgorithmIdentifier: the OID and NULL. BIT STRING: no unused bits.
    return _der(0x30, tbs + _der(0x30, algorithm + b"\x05\x00") + _der(0x03, b"\x00" + signature))


def _der(tag: int, body: bytes) -> bytes:
    length = len(body)
    if length < 0x80:
        return bytes((tag, length)) + body
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + body


def _pem(der: bytes) -> bytes:
    return ssl.DER_cert_to_PEM_cert(der).encode()
