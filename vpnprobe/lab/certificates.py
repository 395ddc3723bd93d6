"""Issues the certificates of a phone lab: an ASA's own, a third-party CA's, LSCs of CAPF and MICs.

Every CA name says that it belongs to the lab, so that nothing of it is ever taken for Cisco's own.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vpnprobe.lab.issuing import Issued, certificate_builder, ec_key, key_usage, lab_name, rsa_key, signed
from vpnprobe.lab.scenario import Authority, CertHash, Certificate, Client

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
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


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
            self._authorities[name] = self._issue_ca(name, lab_name(organization, common_name), root)
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
        key = rsa_key("client")
        builder = (
            certificate_builder(
                subject, issuer.certificate.subject, key, now=self._now, age_days=400, days_left=wanted.days_left
            )
            .add_extension(key_usage(digital_signature=True, key_encipherment=True), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
        )
        return signed(builder, key, issuer)

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
        key = ec_key() if wanted.key == "ec" else rsa_key("gateway", 1024 if wanted.key == "rsa-1024" else 2048)
        issuer = self.authority("third-party") if wanted.issuer == "third-party" else None
        attributes = [x509.NameAttribute(NameOID.COMMON_NAME, wanted.common_name)]
        if issuer is None:
            attributes.append(x509.NameAttribute(NameOID.UNSTRUCTURED_NAME, wanted.common_name))
        subject = x509.Name(attributes)
        while True:
            builder = certificate_builder(
                subject,
                subject if issuer is None else issuer.certificate.subject,
                key,
                now=self._now,
                age_days=wanted.age_days,
                days_left=wanted.days_left,
                negative_serial=wanted.negative_serial,
            ).add_extension(
                key_usage(digital_signature=True, key_encipherment=True, sign=issuer is None), critical=True
            )
            if issuer is None:
                builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            if wanted.names:
                names = x509.SubjectAlternativeName([x509.DNSName(name) for name in wanted.names])
                builder = builder.add_extension(names, critical=False)
            issued = signed(builder, key, issuer, digest=wanted.digest, negative_serial=wanted.negative_serial)
            if wanted.negative_serial or wanted.digest != "sha256":
                return issued
            # Every fingerprint can be mistyped: a random one lacks such a letter once in ten times.
            text = base64.b64encode(hashlib.sha1(issued.der, usedforsecurity=False).digest()).decode()
            if any(letter in LOOKALIKES for letter in text[:_SAFE_LETTERS]):
                return issued

    def _root(self) -> Issued:
        if "root" not in self._authorities:
            self._authorities["root"] = self._issue_ca("root", lab_name(*_ROOT), None)
        return self._authorities["root"]

    def _issue_ca(self, use: str, subject: x509.Name, issuer: Issued | None) -> Issued:
        key = rsa_key("root" if use == "root" else "authority")
        builder = (
            certificate_builder(
                subject,
                subject if issuer is None else issuer.certificate.subject,
                key,
                now=self._now,
                age_days=_CA_DAYS,
                days_left=_CA_DAYS,
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(key_usage(digital_signature=True, sign=True), critical=True)
        )
        return signed(builder, key, issuer)


def _lookalike(text: str) -> str:
    position = next(index for index, letter in enumerate(text[:_SAFE_LETTERS]) if letter in LOOKALIKES)
    return text[:position] + LOOKALIKES[text[position]] + text[position + 1 :]
