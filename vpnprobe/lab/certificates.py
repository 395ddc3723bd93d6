"""Makes the lab's certificates: an ASA's own, a third-party CA's, LSCs of CAPF and MICs.

Keys are made once per process and shared between certificates: making them is what costs time. Every CA name
says that it belongs to the lab, so that nothing of it is ever taken for Cisco's own.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import ssl
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vpnprobe.lab.scenario import Authority, CertHash, Certificate, Client

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_LAB = "vpnprobe lab (not Cisco)"
_CA_DAYS = 4000
_AUTHORITIES: dict[Authority, tuple[str, str]] = {
    "capf": (_LAB, "CAPF-2f7c1a9e"),
    "manufacturing": (_LAB, "Cisco Manufacturing CA"),
    "manufacturing-sha2": (_LAB, "Cisco Manufacturing CA SHA2"),
    "third-party": (_LAB, "Lab Issuing CA G2"),
}
_ROOT = (_LAB, "Lab Root CA")

# Letters of base64 that are read or typed for one another.
LOOKALIKES = {"l": "1", "1": "l", "I": "l", "O": "0", "0": "O"}
# The last letter before the padding holds unused bits: exchanging it could also make the text non-canonical.
_SAFE_LETTERS = 26
# One byte as an INTEGER of DER: 65, and with its highest bit set -63.
_POSITIVE_SERIAL, _NEGATIVE_SERIAL = 0x41, 0xC1
# The object identifier of RSA signatures (1.2.840.113549.1.1) in DER; its last byte says which digest.
_RSA_SIGNATURE = bytes.fromhex("06092a864886f70d0101")
_DIGESTS = {"sha256": (11, hashes.SHA256()), "sha1": (5, hashes.SHA1()), "md5": (4, hashes.MD5())}
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


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


class LabPki:
    """Issues each certificate of one lab once. `now` is an aware datetime that all validities count from."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._gateways: dict[Certificate, Issued] = {}
        self._authorities: dict[str, Issued] = {}

    def gateway(self, wanted: Certificate) -> Issued:
        """Return the gateway certificate that these values describe."""
        if wanted not in self._gateways:
            self._gateways[wanted] = self._issue_gateway(wanted)
        return self._gateways[wanted]

    def authority(self, name: Authority) -> Issued:
        """Return a CA. "third-party" is an intermediate, the others are roots themselves."""
        organization, common_name = _AUTHORITIES[name]
        if name not in self._authorities:
            root = self._root() if name == "third-party" else None
            self._authorities[name] = self._issue_ca(name, _name(organization, common_name), root)
        return self._authorities[name]

    def client(self, wanted: Client, model: str) -> Issued:
        """Return an LSC issued by CAPF or a MIC issued by the manufacturing CA of this model (`CP-…`)."""
        if wanted.kind == "lsc":
            issuer = self.authority("capf")
        else:
            issuer = self.authority("manufacturing-sha2" if model.startswith("CP-88") else "manufacturing")
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.SERIAL_NUMBER, f"PID:{model} SN:LAB00000001"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, _LAB),
                x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "CTG"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"{model}-SEP{wanted.mac}"),
            ]
        )
        key = _rsa_key("client")
        builder = (
            self._builder(subject, issuer.certificate.subject, key, age_days=400, days_left=wanted.days_left)
            .add_extension(_key_usage(digital_signature=True, key_encipherment=True), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
        )
        return _signed(builder, key, issuer)

    def cert_hash(self, wanted: CertHash) -> str:
        """Return the text of a certHash element."""
        issued = self.gateway(wanted.of)
        position = {"leaf": 0, "issuer": 1, "root": -1}[wanted.at]
        der = (issued.der, *issued.issuers)[position]
        digest = hashlib.sha1(der, usedforsecurity=False).digest()
        match wanted.form:
            case "base64":
                return base64.b64encode(digest).decode()
            case "lookalike":
                return _lookalike(base64.b64encode(digest).decode())
            case "non-canonical":
                text = base64.b64encode(digest).decode()
                return text[:-2] + _BASE64[_BASE64.index(text[-2]) | 1] + "="
            case "sha256":
                return base64.b64encode(hashlib.sha256(der).digest()).decode()
            case "hex":
                return digest.hex().upper()

    def _issue_gateway(self, wanted: Certificate) -> Issued:
        key = _ec_key() if wanted.key == "ec" else _rsa_key("gateway", 1024 if wanted.key == "rsa-1024" else 2048)
        issuer = self.authority("third-party") if wanted.issuer == "third-party" else None
        attributes = [x509.NameAttribute(NameOID.COMMON_NAME, wanted.common_name)]
        if issuer is None:
            attributes.append(x509.NameAttribute(NameOID.UNSTRUCTURED_NAME, wanted.common_name))
        subject = x509.Name(attributes)
        while True:
            builder = self._builder(
                subject,
                subject if issuer is None else issuer.certificate.subject,
                key,
                age_days=wanted.age_days,
                days_left=wanted.days_left,
                serial=_POSITIVE_SERIAL if wanted.negative_serial else None,
            ).add_extension(
                _key_usage(digital_signature=True, key_encipherment=True, sign=issuer is None), critical=True
            )
            if issuer is None:
                builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            if wanted.names:
                names = x509.SubjectAlternativeName([x509.DNSName(name) for name in wanted.names])
                builder = builder.add_extension(names, critical=False)
            if wanted.negative_serial or wanted.digest != "sha256":
                return _odd(builder, key, wanted)
            issued = _signed(builder, key, issuer)
            # Every fingerprint can be mistyped: a random one lacks such a letter once in ten times.
            text = base64.b64encode(hashlib.sha1(issued.der, usedforsecurity=False).digest()).decode()
            if any(letter in LOOKALIKES for letter in text[:_SAFE_LETTERS]):
                return issued

    def _root(self) -> Issued:
        if "root" not in self._authorities:
            self._authorities["root"] = self._issue_ca("root", _name(*_ROOT), None)
        return self._authorities["root"]

    def _issue_ca(self, use: str, subject: x509.Name, issuer: Issued | None) -> Issued:
        key = _rsa_key("root" if use == "root" else "authority")
        builder = (
            self._builder(
                subject,
                subject if issuer is None else issuer.certificate.subject,
                key,
                age_days=_CA_DAYS,
                days_left=_CA_DAYS,
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_key_usage(digital_signature=True, sign=True), critical=True)
        )
        return _signed(builder, key, issuer)

    def _builder(
        self,
        subject: x509.Name,
        issuer: x509.Name,
        key: PrivateKey,
        *,
        age_days: int,
        days_left: int,
        serial: int | None = None,
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(serial or x509.random_serial_number())
            .not_valid_before(self._now - timedelta(days=age_days))
            .not_valid_after(self._now + timedelta(days=days_left))
        )


def _name(organization: str, common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _key_usage(*, digital_signature: bool = False, key_encipherment: bool = False, sign: bool = False) -> x509.KeyUsage:
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


def _signed(builder: x509.CertificateBuilder, key: PrivateKey, issuer: Issued | None) -> Issued:
    signer = key if issuer is None else issuer.key
    der = builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    return Issued(der, key, () if issuer is None else (issuer.der, *issuer.issuers))


def _odd(builder: x509.CertificateBuilder, key: PrivateKey, wanted: Certificate) -> Issued:
    """Self-sign what no CA library writes any more: a few bytes are changed before signing."""
    assert isinstance(key, rsa.RSAPrivateKey)
    template = builder.sign(key, hashes.SHA256())
    last_byte, digest = _DIGESTS[wanted.digest]
    algorithm = _RSA_SIGNATURE + bytes((last_byte,))
    tbs = template.tbs_certificate_bytes.replace(_RSA_SIGNATURE + bytes((_DIGESTS["sha256"][0],)), algorithm)
    if wanted.negative_serial:
        # The serial is the first INTEGER of one byte after the version, so the first match is it.
        tbs = tbs.replace(bytes((2, 1, _POSITIVE_SERIAL)), bytes((2, 1, _NEGATIVE_SERIAL)), 1)
    signature = key.sign(tbs, padding.PKCS1v15(), digest)
    # AlgorithmIdentifier: the OID and NULL. BIT STRING: no unused bits.
    body = tbs + _der(0x30, algorithm + b"\x05\x00") + _der(0x03, b"\x00" + signature)
    return Issued(_der(0x30, body), key)


def _der(tag: int, body: bytes) -> bytes:
    length = len(body)
    if length < 0x80:
        return bytes((tag, length)) + body
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + body


def _lookalike(text: str) -> str:
    position = next(index for index, letter in enumerate(text[:_SAFE_LETTERS]) if letter in LOOKALIKES)
    return text[:position] + LOOKALIKES[text[position]] + text[position + 1 :]


def _pem(der: bytes) -> bytes:
    return ssl.DER_cert_to_PEM_cert(der).encode()


@functools.cache
def _rsa_key(use: str, bits: int = 2048) -> rsa.RSAPrivateKey:  # noqa: ARG001 - the cache tells keys apart by it
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@functools.cache
def _ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())
