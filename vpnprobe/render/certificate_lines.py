"""A run over certificates that were given: a line for each stage, and the answer. Describes, judges nothing."""

from __future__ import annotations

from vpnprobe.model.certificates import CertificateUse, GivenCertificate
from vpnprobe.model.evidence import Evidence, StageName
from vpnprobe.model.finding import Finding, Report
from vpnprobe.pki.certificate import CertificateFacts, describe
from vpnprobe.pki.phonecert import classify_phone_certificate, tell_use

_KINDS: dict[CertificateUse, str] = {
    "lsc": "LSC",
    "mic": "MIC",
    "capf": "CAPF certificate",
    "ca": "CA certificate",
    "gateway": "gateway certificate",
    "unknown": "certificate",
}


def describe_certificate_stage(evidence: Evidence, stage: StageName) -> str:
    """Return one sentence about what this stage saw; empty where it saw nothing."""
    found = first_certificate(evidence)
    if found is None:
        return ""
    item, facts = found
    if stage == "read":
        if facts.parse_error is not None:
            return f"{facts.size:,} bytes that are no whole certificate"
        return f"{facts.subject or 'no subject'} by {facts.issuer or 'no issuer'}"
    if facts.parse_error is not None:
        return ""
    parts = [name_of(item, facts)]
    if facts.key_type is not None:
        parts.append(" ".join(str(one) for one in (facts.key_type, facts.curve or facts.key_bits) if one is not None))
    if facts.signature_hash is not None:
        parts.append(facts.signature_hash.upper().replace("SHA", "SHA-"))
    if facts.not_after is not None:
        parts.append(f"valid to {facts.not_after:%Y-%m-%d}")
    if (item.use_given or tell_use(facts)) == "gateway":
        parts.append(f"certHash {facts.cert_hash}")
    return ", ".join(parts)


def certificate_answer(report: Report, first: Finding | None) -> str:
    """Return the answer in one sentence; `first` is the finding to act on."""
    found = first_certificate(report.evidence)
    what = "this certificate" if found is None else f"this {name_of(*found)}"
    if report.verdict == "inconclusive":
        if found is None:
            return "NOT KNOWN. No certificate could be read."
        return f"NOT KNOWN. Something that decides whether {what} is good could not be seen."
    if report.verdict == "fail":
        cause = f": {first.id}" if first is not None else ""
        return f"NO, {what} is not good{cause}."
    good = f"YES, {what} is good, as far as tested: {_held_against(report.evidence)}"
    return f"{good}, but something needs attention." if report.verdict == "warn" else f"{good}."


def first_certificate(evidence: Evidence) -> tuple[GivenCertificate, CertificateFacts] | None:
    """Return the certificate that the run is about, and what it says; None where none was read."""
    for item in evidence.given_certificates[:1]:
        der = evidence.certificates.get(item.certificate)
        return None if der is None else (item, describe(der))
    return None


def name_of(item: GivenCertificate, facts: CertificateFacts) -> str:
    """Return the kind, and whose it is where it is a phone's."""
    kind = _KINDS[item.use_given or tell_use(facts)]
    device = classify_phone_certificate(facts).device_name
    return f"{kind} of {device}" if device is not None else kind


def _held_against(evidence: Evidence) -> str:
    """Return what the certificate was compared with beside the rules that hold for all."""
    found = first_certificate(evidence)
    if found is None:
        return "by itself"
    item = found[0]
    against = ["a trust list"] if item.capf else []
    against += ["the CAs that the gateway names"] if item.authorities else []
    against += ["the phone's request"] if item.request_keys else []
    return f"by itself and against {', '.join(against)}" if against else "by itself"
