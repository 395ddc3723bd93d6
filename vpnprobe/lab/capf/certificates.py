"""Issues the certificates of a CAPF lab. Every CA name says that it belongs to the lab."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from vpnprobe.lab.capf.scenario import CapfCertificate
from vpnprobe.lab.issuing import (
    Issued,
    PrivateKey,
    certificate_builder,
    ec_key,
    key_usage,
    lab_name,
    rsa_key,
    signed,
)

_LAB = "vpnprobe lab (not a CUCM)"
_CA_DAYS = 3000
_AUTHORITIES = {
    "third-party": "Lab Company Root",
    "third-party-ec": "Lab Company EC Root",
    "named-capf": "CAPF-Lab Company Root",
}


class CapfPki:
    """Everything issued for one lab; `now` is what all validities count from."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._issued: dict[CapfCertificate, Issued] = {}

    def certificate(self, wanted: CapfCertificate) -> Issued:
        """Return the certificate with these properties, always the same one."""
        if wanted not in self._issued:
            self._issued[wanted] = self._issue(wanted)
        return self._issued[wanted]

    @property
    def signer(self) -> Issued:
        """What signs the lab's trust lists."""
        return self._authority("Lab CallManager")

    def _issue(self, wanted: CapfCertificate) -> Issued:
        issuer = None if wanted.issuer == "self" else self._authority(_AUTHORITIES[wanted.issuer])
        key = _key(wanted)
        subject = lab_name(_LAB, wanted.common_name)
        builder = certificate_builder(
            subject,
            subject if issuer is None else issuer.certificate.subject,
            key,
            now=self._now,
            age_days=wanted.age_days,
            days_left=wanted.days_left,
        )
        if wanted.extensions == "capf":
            constraints = x509.BasicConstraints(ca=True, path_length=wanted.path_length)
            builder = builder.add_extension(constraints, critical=True)
            builder = builder.add_extension(_capf_usage(), critical=True)
        elif wanted.extensions == "server":
            builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            usage = key_usage(digital_signature=True, key_encipherment=True)
            builder = builder.add_extension(usage, critical=True)
        return signed(builder, key, issuer, digest=wanted.digest)

    def _authority(self, common_name: str) -> Issued:
        key: PrivateKey = ec_key() if common_name == _AUTHORITIES["third-party-ec"] else rsa_key(common_name)
        name = lab_name(_LAB, common_name)
        builder = (
            certificate_builder(name, name, key, now=self._now, age_days=_CA_DAYS, days_left=_CA_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(key_usage(sign=True), critical=True)
        )
        return signed(builder, key)


def _key(wanted: CapfCertificate) -> PrivateKey:
    if wanted.key == "ec":
        return ec_key()
    return rsa_key(f"capf {wanted.edition}", 1024 if wanted.key == "rsa-1024" else 2048)


def _capf_usage() -> x509.KeyUsage:
    """Digital Signature and Certificate Sign, as the vendor's document prints them: no CRL Sign."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
