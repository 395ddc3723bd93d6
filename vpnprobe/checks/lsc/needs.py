"""The facts that checks of given certificates ask for. One certificate is read once for all checks."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from vpnprobe.checks.base import Case, Lack, Need, Subject
from vpnprobe.model.certificates import CertificateUse, GivenCertificate
from vpnprobe.model.errors import UsageError, WireError
from vpnprobe.model.evidence import Evidence
from vpnprobe.phones import PhoneProfile, load_profile
from vpnprobe.pki.certificate import CertificateFacts, describe
from vpnprobe.pki.names import describe_name, name_key
from vpnprobe.pki.phonecert import PhoneCertificate, classify_phone_certificate, tell_use
from vpnprobe.pki.structure import CertificateParts, split_certificate

# All checks of one certificate ask in turn.
_REMEMBERED = 8
# Thousands of certificates have few issuers.
_ISSUERS = 128

USE_WORDS: dict[CertificateUse, str] = {
    "lsc": "an LSC",
    "mic": "a MIC",
    "capf": "the certificate of a CAPF",
    "ca": "the certificate of a CA",
    "gateway": "a gateway's certificate",
    "unknown": "of no kind that is known here",
}


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A given certificate, read.

    `told` is what its names and extensions say it is, `use` what it is judged as: what the operator says, else `told`.
    """

    item: GivenCertificate
    der: bytes
    facts: CertificateFacts
    phone: PhoneCertificate
    told: CertificateUse
    use: CertificateUse


def label(item: GivenCertificate) -> str:
    """Return where the certificate was read, with its place where that is not the first."""
    return item.source if item.place == 1 else f"{item.source}, certificate {item.place}"


def subjects(evidence: Evidence) -> tuple[Subject, ...]:
    """Each given certificate; the source where none was read."""
    return tuple(Subject(label=label(item)) for item in evidence.given_certificates) or (
        Subject(label=evidence.target.label),
    )


def _read_any(case: Case) -> Given | Lack:
    items = case.evidence.given_certificates
    item = next((one for one in items if label(one) == case.subject.label), None)
    if item is None:
        because = next((stage.because for stage in case.evidence.stages if stage.name == "read"), None)
        return Lack(f"no certificate was read: {because or 'the run says nothing about it'}")
    der = case.evidence.certificates.get(item.certificate)
    return Lack("the Evidence does not hold the certificate") if der is None else _read(item, der)


@lru_cache(maxsize=_REMEMBERED)
def _read(item: GivenCertificate, der: bytes) -> Given:
    facts = describe(der)
    told = tell_use(facts)
    return Given(
        item=item,
        der=der,
        facts=facts,
        phone=classify_phone_certificate(facts),
        told=told,
        use=item.use_given or told,
    )


certificate = Need(("a certificate",), _read_any)


def _read_readable(case: Case) -> Given | Lack:
    given = _read_any(case)
    if isinstance(given, Lack) or given.facts.parse_error is None:
        return given
    return Lack("the certificate cannot be read (LSC001)")


readable = Need(("a certificate that can be read",), _read_readable)


def used_as(*uses: CertificateUse) -> Need[Given]:
    """Return the need for a certificate that is judged as one of these."""
    wanted = " or ".join(USE_WORDS[use] for use in uses)
    lacks = {use: Lack(f"this is {words}, not {wanted}", "not-applicable") for use, words in USE_WORDS.items()}

    def read(case: Case) -> Given | Lack:
        given = _read_readable(case)
        if isinstance(given, Lack) or given.use in uses:
            return given
        return lacks[given.use]

    return Need((f"{wanted} that can be read",), read)


lsc = used_as("lsc")
phone = used_as("lsc", "mic")


def chosen_model(case: Case) -> PhoneProfile | None:
    """Return the phone that the operator named; None where he named none."""
    persona = case.evidence.persona
    return _profile(persona.model or persona.profile) if persona.chosen else None


@lru_cache(maxsize=_REMEMBERED)
def _profile(name: str) -> PhoneProfile | None:
    try:
        return load_profile(name)
    except UsageError:
        # Evidence of another hand, or of a version that knew more phones.
        return None


class Outline(msgspec.Struct, frozen=True):
    """The parts of a certificate, and its issuer and subject as values that can be compared."""

    parts: CertificateParts
    issuer: object
    subject: object


@lru_cache(maxsize=_REMEMBERED)
def outline(der: bytes) -> Outline | None:
    """Return what is compared of a certificate; None where it cannot be read."""
    try:
        parts = split_certificate(der)
    except WireError:
        return None
    return Outline(parts, comparable(parts.issuer), comparable(parts.subject))


@lru_cache(maxsize=_ISSUERS)
def comparable(name: bytes) -> object:
    """Return a value that is equal for names that are the same (RFC 5280 section 7.1)."""
    return name_key(name)


@lru_cache(maxsize=_ISSUERS)
def name_text(name: bytes) -> str:
    """Return a DER name as text."""
    return describe_name(name)


def held(evidence: Evidence, names: tuple[str, ...]) -> tuple[bytes, ...]:
    """Return the DER of those of the named certificates that the Evidence holds."""
    return tuple(evidence.certificates[name] for name in names if name in evidence.certificates)
