"""The verdict in one line: the head of the terminal report, its last line, and the monitoring plug-in's output."""

from __future__ import annotations

from collections.abc import Callable

from vpnprobe.model.evidence import ProbeName, StageName
from vpnprobe.model.finding import Finding, Report, Verdict
from vpnprobe.render.capf_lines import capf_answer
from vpnprobe.render.certificate_lines import certificate_answer
from vpnprobe.render.config_lines import config_answer
from vpnprobe.render.escape import printable
from vpnprobe.render.federation_answer import NOT_KNOWN, federation_answer
from vpnprobe.render.phone_web_lines import phone_web_answer

STATUS_WORDS: dict[Verdict, str] = {
    "pass": "OK",
    "warn": "WARNING",
    "fail": "CRITICAL",
    "inconclusive": "UNKNOWN",
}

# Probes whose answer is worded in a module of their own; it is given the report and the first finding to act on.
_OF_PROBE: dict[ProbeName, Callable[[Report, Finding | None], str]] = {
    "federation": federation_answer,
    "capf": capf_answer,
    "config": config_answer,
    "certificate": certificate_answer,
    "phone-web": phone_web_answer,
}


def headline(report: Report) -> str:
    """Return the answer to the question that was asked, in one sentence."""
    if report.interrupted == "interrupt":
        return "STOPPED. What follows is partial."
    if answer := _OF_PROBE.get(report.probe):
        return answer(report, _first(report))
    if report.verdict == "inconclusive":
        return NOT_KNOWN
    if report.probe == "gateway":
        return _of_gateway(report)
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
    alarms = [f for f in report.findings if f.is_alarm] or [f for f in report.findings if f.status == "error"]
    unknown = [f for f in report.findings if f.status in ("inconclusive", "error") and f.severity == "critical"]
    candidates = by_cause or (unknown if report.verdict == "inconclusive" else alarms)
    return candidates[0] if candidates else None
