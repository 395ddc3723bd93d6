"""Issues the certificates of a federation lab: public and private CAs, edges, our own client certificate.

Every CA name says that it belongs to the lab. The "public" root is none of a real list; the probe is given it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from vpnprobe.lab.federation.scenario import EdgeCertificate, Root
from vpnprobe.lab.issuing import (
    Digest,
    Issued,
    PrivateKey,
    certificate_builder,
    ec_key,
    key_usage,
    lab_name,
    rsa_key,
    signed,
)

OUR_NAME = "edge.partner.example"

_LAB = "vpnprobe lab (not a public CA)"
_CA_DAYS = 3000
_ROOTS: dict[Root, str] = {"public": "Lab Public Root", "private": "Lab Company Root", "old": "Lab Old Root"}
_PURPOSES: dict[str, ObjectIdentifier] = {
    "server": ExtendedKeyUsageOID.SERVER_AUTH,
    "client": ExtendedKeyUsageOID.CLIENT_AUTH,
}
_DISTINGUISHED = (
    (NameOID.COUNTRY_NAME, "US"),
    (NameOID.STATE_OR_PROVINCE_NAME, "Massachusetts"),
    (NameOID.LOCALITY_NAME, "Boston"),
    (NameOID.ORGANIZATION_NAME, "Example"),
    (NameOID.ORGANIZATIONAL_UNIT_NAME, "Collaboration"),
)

# What Schannel sends of a longer list (M-12): names up to 16 KB. A name here takes some 100 bytes.
_CUT_LIST = 165
_OTHERS = 3

IssuingCa = Literal["public", "private", "sha1", "code-signing"]
_ISSUING: dict[IssuingCa, str] = {
    "public": "Lab Issuing CA",
    "private": "Lab Company CA",
    "sha1": "Lab Issuing CA 1",
    "code-signing": "Lab Code Signing CA",
}


class EdgePki:
    """Issues each certificate of one lab once. `now` is an aware datetime that all validities count from.

    `revocation` and `nowhere` are URLs without final slash: where CRLs and OCSP are served, and where nothing listens.
    """

    def __init__(self, now: datetime, *, revocation: str = "", nowhere: str = "") -> None:
        self._now = now
        self._revocation = revocation
        self._nowhere = nowhere
        self._edges: dict[EdgeCertificate, Issued] = {}
        self._authorities: dict[str, Issued] = {}

    @property
    def edges(self) -> dict[EdgeCertificate, Issued]:
        """The edges' certificates that were issued."""
        return self._edges

    def root(self, name: Root) -> Issued:
        """Return a root CA."""
        if name not in self._authorities:
            self._authorities[name] = self._issue_ca(_ROOTS[name], rsa_key(f"{name} root"))
        return self._authorities[name]

    def issuing(self, name: IssuingCa) -> Issued:
        """Return an issuing CA: of the private root, or of the public one.

        "sha1" is signed with SHA-1, "code-signing" is limited to that purpose.
        """
        use = f"{name} issuing"
        if use not in self._authorities:
            root = self.root("private" if name == "private" else "public")
            digest: Digest = "sha1" if name == "sha1" else "sha256"
            purposes = (ExtendedKeyUsageOID.CODE_SIGNING,) if name == "code-signing" else ()
            self._authorities[use] = self._issue_ca(_ISSUING[name], rsa_key(use), root, digest, purposes)
        return self._authorities[use]

    @property
    def cross_signed_root(self) -> Issued:
        """The public root's key and name, signed by an older root."""
        if "cross" not in self._authorities:
            self._authorities["cross"] = self._issue_ca(_ROOTS["public"], rsa_key("public root"), self.root("old"))
        return self._authorities["cross"]

    @property
    def impostor(self) -> Issued:
        """An issuing CA with the name of the public one and another key."""
        if "impostor" not in self._authorities:
            self._authorities["impostor"] = self._issue_ca("Lab Issuing CA", rsa_key("impostor"), self.root("public"))
        return self._authorities["impostor"]

    def others(self, *, cut: bool) -> list[x509.Certificate]:
        """Return CAs that issued nothing here: a few, or as many as a list holds that is cut at 16 KB."""
        names = [f"Lab Other Root with a rather long name {number}" for number in range(_CUT_LIST if cut else _OTHERS)]
        return [self._issue_ca(name, ec_key()).certificate for name in names]

    def edge(self, wanted: EdgeCertificate) -> Issued:
        """Return the certificate that these values describe."""
        if wanted not in self._edges:
            self._edges[wanted] = self._issue_edge(wanted)
        return self._edges[wanted]

    def client(self, days_left: int = 200) -> Issued:
        """Return our own edge's certificate, of the public root's issuing CA."""
        return self.edge(EdgeCertificate(common_name=OUR_NAME, days_left=days_left))

    def _issue_edge(self, wanted: EdgeCertificate) -> Issued:
        key = ec_key() if wanted.key == "ec" else rsa_key("edge", 1024 if wanted.key == "rsa-1024" else 2048)
        issuer = None if wanted.issuer == "self" else self.issuing(wanted.issuer)
        distinguished = _DISTINGUISHED if wanted.subject == "full" else ()
        subject = x509.Name(
            [x509.NameAttribute(oid, text) for oid, text in (*distinguished, (NameOID.COMMON_NAME, wanted.common_name))]
        )
        builder = certificate_builder(
            subject,
            subject if issuer is None else issuer.certificate.subject,
            key,
            now=self._now,
            age_days=wanted.age_days,
            days_left=wanted.days_left,
            negative_serial=wanted.negative_serial,
        ).add_extension(key_usage(digital_signature=True, key_encipherment=True), critical=True)
        names = (wanted.common_name,) if wanted.names is None else wanted.names
        if names:
            alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            builder = builder.add_extension(alternative, critical=False)
        if wanted.purposes:
            purposes = x509.ExtendedKeyUsage([_PURPOSES[purpose] for purpose in wanted.purposes])
            builder = builder.add_extension(purposes, critical=False)
        if issuer is not None:
            builder = _with_key_ids(builder, key, issuer.key)
        builder = self._with_revocation(builder, wanted)
        return signed(
            builder,
            key,
            issuer,
            digest="sha1" if wanted.issuer == "sha1" else "sha256",
            negative_serial=wanted.negative_serial,
        )

    def _with_revocation(self, builder: x509.CertificateBuilder, wanted: EdgeCertificate) -> x509.CertificateBuilder:
        if wanted.crl is not None:
            where = x509.UniformResourceIdentifier(self._url("crl", wanted.crl))
            point = x509.DistributionPoint(full_name=[where], relative_name=None, reasons=None, crl_issuer=None)
            builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
        if wanted.ocsp is not None:
            where = x509.UniformResourceIdentifier(self._url("ocsp", wanted.ocsp))
            access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)
            builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
        return builder

    def _url(self, kind: str, answers: str) -> str:
        return f"{self._nowhere if answers == 'unreachable' else self._revocation}/{kind}/{answers}"

    def _issue_ca(
        self,
        common_name: str,
        key: PrivateKey,
        issuer: Issued | None = None,
        digest: Digest = "sha256",
        purposes: Sequence[ObjectIdentifier] = (),
    ) -> Issued:
        subject = lab_name(_LAB, common_name)
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
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        return signed(_with_key_ids(builder, key, key if issuer is None else issuer.key), key, issuer, digest=digest)


def _with_key_ids(builder: x509.CertificateBuilder, key: PrivateKey, issuer_key: PrivateKey) -> x509.CertificateBuilder:
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuers = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return builder.add_extension(own, critical=False).add_extension(issuers, critical=False)
