"""Issues the certificates of a given-certificate lab: phones', CAPFs', CAs' and a gateway's."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID

from vpnprobe.lab.given.scenario import GivenCertificate, Signer
from vpnprobe.lab.issuing import Issued, PrivateKey, certificate_builder, ec_key, key_usage, lab_name, rsa_key, signed

_LAB = "vpnprobe lab (not Cisco)"
_CA_AGE_DAYS = _CA_DAYS_LEFT = 900
_NAMES: dict[Signer, str] = {
    "capf": "CAPF-2f7c1a9e",
    "earlier-capf": "CAPF-2f7c1a9e",
    "other-capf": "CAPF-0badcafe",
    "company": "Lab Phone CA",
    "manufacturing": "Cisco Manufacturing CA",
    "manufacturing-sha2": "Cisco Manufacturing CA SHA2",
}

PKCS12_PASSWORD = "lab-export"


class GivenPki:
    """Issues each CA of one lab once. `now` is an aware datetime that all validities count from."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._signers: dict[Signer, Issued] = {}

    def signer(self, name: Signer) -> Issued:
        """Return a CA, self-signed."""
        if name not in self._signers:
            self._signers[name] = self._authority(lab_name(_LAB, _NAMES[name]), rsa_key(f"given {name}"), 0)
        return self._signers[name]

    def issue(self, wanted: GivenCertificate) -> Issued:
        """Return the certificate that these values describe, undamaged."""
        if wanted.what in ("capf", "ca"):
            name = _NAMES["capf"] if wanted.what == "capf" else _NAMES["company"]
            return self._authority(lab_name(_LAB, wanted.common_name or name), rsa_key("given"), wanted.path_length)
        key = ec_key() if wanted.key == "ec" else rsa_key("given")
        issuer = None if wanted.what == "gateway" else self.signer(wanted.signer)
        subject = self._subject(wanted)
        builder = certificate_builder(
            subject,
            subject if issuer is None else issuer.certificate.subject,
            key,
            now=self._now,
            age_days=wanted.age_days,
            days_left=wanted.lifetime_days - wanted.age_days,
            negative_serial=wanted.negative_serial,
        )
        if wanted.usages != "none":
            encipherment = wanted.usages == "both"
            builder = builder.add_extension(
                key_usage(digital_signature=True, key_encipherment=encipherment), critical=True
            )
        return signed(builder, key, issuer, digest=wanted.digest, negative_serial=wanted.negative_serial)

    def _subject(self, wanted: GivenCertificate) -> x509.Name:
        if wanted.what in ("lsc", "mic"):
            return lab_name(_LAB, wanted.common_name or f"CP-{wanted.model}-SEP{wanted.mac}")
        name = wanted.common_name or "vpn.lab.example"
        attributes = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
        if wanted.what == "gateway":
            attributes.append(x509.NameAttribute(NameOID.UNSTRUCTURED_NAME, name))
        return x509.Name(attributes)

    def _authority(self, name: x509.Name, key: PrivateKey, path_length: int | None) -> Issued:
        builder = (
            certificate_builder(name, name, key, now=self._now, age_days=_CA_AGE_DAYS, days_left=_CA_DAYS_LEFT)
            .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
            .add_extension(key_usage(digital_signature=True, sign=True), critical=True)
        )
        return signed(builder, key)


def damaged(der: bytes, damage: str) -> bytes:
    """Return the bytes of a certificate as they come from a bad line, or from somebody who means harm."""
    match damage:
        case "cut":
            return der[:-40]
        case "declares-4-gb":
            return b"\x30\x84\xff\xff\xff\xff" + der[4:]
        case "towers":
            tower = b""
            for _ in range(100):
                # Long form: what is inside soon has more than 127 bytes.
                tower = b"\x30\x82" + len(tower).to_bytes(2, "big") + tower
            return b"\x30\x82" + (3 * len(tower)).to_bytes(2, "big") + 3 * tower
        case _:
            return der


def request(name: x509.Name, key: PrivateKey) -> bytes:
    """Return a certificate request, PEM."""
    return (
        x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    )


def exported(issued: Issued) -> bytes:
    """Return certificate, key and issuers as PKCS#12, with the password `PKCS12_PASSWORD`."""
    issuers = [x509.load_der_x509_certificate(der) for der in issued.issuers]
    encryption = BestAvailableEncryption(PKCS12_PASSWORD.encode())
    return pkcs12.serialize_key_and_certificates(b"phone", issued.key, issued.certificate, issuers, encryption)
