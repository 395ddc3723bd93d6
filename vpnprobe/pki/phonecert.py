"""The certificates that phones carry and the authorities that issue them.

A phone has a manufacturing certificate (MIC) or a locally significant one (LSC, issued by CAPF or a company's
CA). Names are those of `show cert default-ca-list` (CUCM 12.5SU3), of the newer chain that attestations of
Cisco's routers and switches show (`show platform sudi certificate`), and of Cisco's published logs; the form of
the subject is an inference from these logs.
"""

from __future__ import annotations

import enum
import re
from functools import lru_cache

import msgspec

from vpnprobe.model.certificates import CertificateUse
from vpnprobe.pki.certificate import CertificateFacts


class PhoneCaRole(enum.Enum):
    """What an authority issues."""

    MIC = "mic"  # manufacturing certificates of phones
    MIC_ROOT = "mic-root"  # certificates of manufacturing authorities
    LSC = "lsc"  # CAPF: locally significant certificates


class PhoneCa(msgspec.Struct, frozen=True, kw_only=True):
    """One authority by its common name; `note` is what a document adds."""

    common_name: str
    role: PhoneCaRole
    note: str = ""


KNOWN_PHONE_CAS = (
    PhoneCa(common_name="CAP-RTP-001", role=PhoneCaRole.MIC),
    PhoneCa(common_name="CAP-RTP-002", role=PhoneCaRole.MIC),
    PhoneCa(common_name="Cisco Manufacturing CA", role=PhoneCaRole.MIC),
    PhoneCa(
        common_name="Cisco Manufacturing CA SHA2",
        role=PhoneCaRole.MIC,
        note="8811, 8841, 8851 and 8861; in CUCM since 10.5(1) (VP-28)",
    ),
    PhoneCa(common_name="ACT2 SUDI CA", role=PhoneCaRole.MIC),
    PhoneCa(common_name="Cisco Root CA 2048", role=PhoneCaRole.MIC_ROOT),
    PhoneCa(common_name="Cisco Root CA M2", role=PhoneCaRole.MIC_ROOT),
    PhoneCa(
        common_name="High Assurance SUDI CA",
        role=PhoneCaRole.MIC,
        note="newer devices of Cisco; that phones are among them is an inference",
    ),
    PhoneCa(common_name="Cisco Root CA 2099", role=PhoneCaRole.MIC_ROOT, note="root of High Assurance SUDI CA"),
)

_BY_NAME = {ca.common_name.casefold(): ca for ca in KNOWN_PHONE_CAS}
_CAPF = re.compile(r"CAPF-[0-9a-f]{8}", re.IGNORECASE)
_SUBJECT = re.compile(r"CP-([0-9A-Z]+)-(SEP[0-9A-F]{12})", re.IGNORECASE)


# Thousands of certificates have few issuers.
@lru_cache(maxsize=256)
def find_phone_ca(common_name: str) -> PhoneCa | None:
    """Return the authority of that name, also in the file-name form `Cisco_Manufacturing_CA`, or None."""
    spaced = " ".join(common_name.replace("_", " ").split())
    if _CAPF.fullmatch(spaced):
        return PhoneCa(common_name=spaced, role=PhoneCaRole.LSC)
    return _BY_NAME.get(spaced.casefold())


class PhoneCertificateKind(enum.Enum):
    """What a certificate is to a phone."""

    LSC = "LSC"
    MIC = "MIC"
    OTHER = "other"


class PhoneCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """The reading of one client certificate; an inference from subject and issuer names.

    `model` is such as `7962G`, `device_name` such as `SEP8CB64F576113`; both are None for OTHER. `issued_by`
    is the known authority, None for an LSC of a company's own CA.
    """

    kind: PhoneCertificateKind
    model: str | None = None
    device_name: str | None = None
    issued_by: PhoneCa | None = None


def classify_phone_certificate(facts: CertificateFacts) -> PhoneCertificate:
    """Tell MIC, LSC and other certificates apart.

    A subject common name `CP-<model>-SEP<MAC>` makes it a phone's; a manufacturing authority as issuer makes
    it a MIC, any other issuer an LSC.
    """
    for common_name in facts.common_names:
        subject = _SUBJECT.fullmatch(common_name)
        if subject is None:
            continue
        issued_by = next(filter(None, map(find_phone_ca, facts.issuer_common_names)), None)
        is_mic = issued_by is not None and issued_by.role is not PhoneCaRole.LSC
        return PhoneCertificate(
            kind=PhoneCertificateKind.MIC if is_mic else PhoneCertificateKind.LSC,
            model=subject[1].upper(),
            device_name=subject[2].upper(),
            issued_by=issued_by,
        )
    return PhoneCertificate(kind=PhoneCertificateKind.OTHER)


# What an ASA writes into the subject of a certificate that it makes for itself.
_ASA_NAME = "unstructuredName="


def tell_use(facts: CertificateFacts) -> CertificateUse:
    """Return what a certificate is taken for, by its names and extensions: an inference from Cisco's published logs.

    Names come first: a phone's subject is that of an LSC or a MIC, whatever its extensions say, and the name of CAPF or
    of a manufacturing authority that of an authority. Then what it may do: sign certificates (`ca`), or be shown by a
    server (`gateway`). Everything else is `unknown`.
    """
    phone = classify_phone_certificate(facts)
    if phone.kind is not PhoneCertificateKind.OTHER:
        return "mic" if phone.kind is PhoneCertificateKind.MIC else "lsc"
    named = next(filter(None, map(find_phone_ca, facts.common_names)), None)
    if named is not None:
        return "capf" if named.role is PhoneCaRole.LSC else "ca"
    if _ASA_NAME in (facts.subject or ""):
        return "gateway"  # newer ASAs make their own a CA as well
    if facts.is_ca or "keyCertSign" in (facts.key_usage or ()):
        return "ca"
    purposes = [usage.name for usage in facts.extended_key_usage or ()]
    is_server = facts.dns_names or facts.ip_addresses or "serverAuth" in purposes
    return "gateway" if is_server else "unknown"
