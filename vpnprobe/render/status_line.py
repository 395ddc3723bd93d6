"""The verdict in one line: the head of the terminal report, its last line, and the monitoring plug-in's output."""

from __future__ import annotations

from vpnprobe.model.evidence import StageName
from vpnprobe.model.finding import Finding, Report, Verdict
from vpnprobe.render.escape import printable

STATUS_WORDS: dict[Verdict, str] = {
    "pass": "OK",
    "warn": "WARNING",
    "fail": "CRITICAL",
    "inconclusive": "UNKNOWN",
}


def headline(report: Report) -> str:
    """Return the answer to the question that was asked, in one sentence."""
    if report.interrupted == "interrupt":
        return "STOPPED. What follows is partial."
    first = _first(report)
    if report.verdict == "inconclusive" and report.probe == "federation" and first is not None:
        return f"NOT KNOWN. {_EDGE_NOT_SEEN[first.stage]} could not be seen."
    if report.verdict == "inconclusive":
        return "NOT KNOWN. Something that decides it could not be seen."
    if report.probe == "gateway":
        return _of_gateway(report)
    if report.probe == "federation":
        return _of_federation(report)
    if report.verdict == "fail":
        if _is_good_elsewhere(report):
            return "NOT ALWAYS. It depends on which address the phone is given."
        cause = next((f for f in report.findings if f.id == report.cause and f.status == "fail"), None)
        return f"NO. This phone {_STOPS[cause.stage] if cause else 'would not connect'}."
    if report.verdict == "warn":
        return f"YES, {_tested(report)}, but something needs attention."
    return f"YES, {_tested(report)}."


# Where a phone stops, by the stage of the cause.
_STOPS: dict[StageName, str] = {
    "resolve": "would not find the gateway",
    "boot-files": "would not get its configuration from this server",
    "config": "has no configuration that lets it connect here",
    "first-flight": "and the gateway would not come to terms",
    "pin": "would hang up at the gateway's certificate",
    "host-id": "would hang up at the names in the gateway's certificate",
    "handshake": "would not get through the TLS handshake",
    "login": "would not be let in",
}


def _of_gateway(report: Report) -> str:
    if report.verdict == "fail":
        return "NO. Not every phone is given TLS that it can use here."
    good = "TLS is good for every phone profile tried; certHash and login were not tested"
    return f"{good}, and something needs attention." if report.verdict == "warn" else f"{good}."


def _of_federation(report: Report) -> str:
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


def _is_good_elsewhere(report: Report) -> bool:
    """Whether every critical failure is at some addresses while at another the phone gets as far as was tested."""
    failures = [f for f in report.findings if f.status == "fail" and f.severity == "critical"]
    tried = {login.address for login in report.evidence.logins}
    bad = {finding.address for finding in failures}
    return None not in bad and bool(tried - bad)


def _tested(report: Report) -> str:
    answers = {login.answer for login in report.evidence.logins}
    if "accepted" in answers:
        return "this phone would connect: the login was accepted"
    if answers:
        return "as far as tested: up to the login page; no credentials were given"
    return "as far as tested: up to the handshake; the login was not tried"


def status_line(report: Report) -> str:
    """Return `STATUS: text`, the text naming the first thing to act on."""
    word = STATUS_WORDS[report.verdict]
    if report.interrupted == "interrupt":
        return f"{word}: interrupted, partial report"
    first = _first(report)
    late = " (deadline reached)" if report.interrupted == "deadline" else ""
    if first is None:
        return f"{word}: {headline(report).rstrip('.')}{late}"
    return f"{word}: {first.id} {printable(_said(first), 300)}{late}"


def _said(finding: Finding) -> str:
    """What was found, with the place where it does not name the federation target itself."""
    is_named = finding.target is None or finding.target in finding.summary
    return finding.summary if is_named else f"{finding.subject}: {finding.summary}"


def _first(report: Report) -> Finding | None:
    by_cause = [f for f in report.findings if f.id == report.cause and f.status == "fail"]
    alarms = [f for f in report.findings if f.is_alarm]
    unknown = [f for f in report.findings if f.status in ("inconclusive", "error") and f.severity == "critical"]
    candidates = by_cause or (unknown if report.verdict == "inconclusive" else alarms)
    return candidates[0] if candidates else None
