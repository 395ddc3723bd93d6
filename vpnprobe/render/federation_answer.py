"""Whether a Microsoft edge would accept a domain, in one sentence."""

from __future__ import annotations

from vpnprobe.model.evidence import StageName
from vpnprobe.model.finding import Finding, Report

NOT_KNOWN = "NOT KNOWN. Something that decides it could not be seen."


def federation_answer(report: Report, first: Finding | None) -> str:
    """Return the answer for a SIP domain in one sentence; `first` is the finding to act on."""
    if report.verdict == "inconclusive":
        return NOT_KNOWN if first is None else f"NOT KNOWN. {_EDGE_NOT_SEEN[first.stage]} could not be seen."
    if report.verdict != "fail":
        good = f"a Microsoft edge would accept this domain, as far as tested: {_federation_tested(report)}"
        if any(finding.id == "FCR010" and finding.is_alarm for finding in report.findings):
            return f"IF the partner trusts the private root of its edge, {good}."
        return f"YES, {good}, but something needs attention." if report.verdict == "warn" else f"YES, {good}."
    if _is_good_at_another_edge(report):
        return "NOT ALWAYS. It depends on which of this domain's edges the partner takes."
    cause = next((f for f in report.findings if f.id == report.cause and f.status == "fail"), None)
    if cause is not None and cause.id in _EDGE_ANSWERS:
        return _EDGE_ANSWERS[cause.id]
    return f"NO. A Microsoft edge {_EDGE_STOPS[cause.stage] if cause else 'would not accept this domain'}."


# The answer where that of the stage would say something else.
_EDGE_ANSWERS = {
    "ADR002": "NOT ALWAYS. It depends on which of the host's addresses the partner takes.",
    "EDG001": "NO. A Microsoft edge would get no connection to this domain's edge.",
    "EDG002": "NO. A Microsoft edge would get no TLS from this domain's edge.",
    "FCR015": "NO. This domain's edge shows another certificate than the one expected.",
}


# Where a Microsoft edge stops, by the stage of the cause.
_EDGE_STOPS: dict[StageName, str] = {
    "srv": "would not find this domain",
    "target-names": "would not trust where this domain's record leads",
    "addresses": "would not find the host that this domain's record names",
    "first-flight": "and this domain's edge would not come to terms",
    "mutual-tls": "and this domain's edge would not get through the TLS handshake",
    "certificate": "would not accept the certificate of this domain's edge",
    "sip": "would not be answered",
}


# What an edge needs of each stage.
_EDGE_NOT_SEEN: dict[StageName, str] = {
    "srv": "What the record of this domain is",
    "target-names": "Where this domain's record leads",
    "addresses": "Which addresses the host of this domain's record has",
    "first-flight": "Whether this domain's edge answers a Microsoft edge",
    "mutual-tls": "Whether the TLS handshake with this domain's edge succeeds",
    "certificate": "Whether the certificate of this domain's edge is good",
    "sip": "Whether this domain's edge answers SIP",
}


def _federation_tested(report: Report) -> str:
    visits = report.evidence.federation.visits if report.evidence.federation is not None else ()
    if any(visit.sip is not None and visit.sip.status is not None for visit in visits):
        return "up to an answer to SIP OPTIONS"
    if any(handshake.client_certificate for visit in visits for handshake in visit.handshakes):
        return "up to the handshake with your certificate"
    return "up to the handshake, without a certificate of its own"


def _is_good_at_another_edge(report: Report) -> bool:
    """Whether every critical failure is at one edge or target while at another one nothing critical was found."""
    failures = [f for f in report.findings if f.status == "fail" and f.severity == "critical"]
    if any(finding.target is None for finding in failures) or report.evidence.federation is None:
        return False
    return any(
        not any(finding.target == visit.target and finding.address in (None, visit.address) for finding in failures)
        for visit in report.evidence.federation.visits
        if visit.not_dialled is None
    )
