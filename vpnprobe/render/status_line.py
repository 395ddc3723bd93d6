"""The verdict in one line: the head of the terminal report, its last line, and the monitoring plug-in's output."""

from __future__ import annotations

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
    phone = report.probe == "phone"
    if report.interrupted == "interrupt":
        return "STOPPED BY YOU. What follows is partial."
    if report.verdict == "fail":
        return "NO. This phone would not connect." if phone else "NO. Phones would not connect here as they should."
    if report.verdict == "inconclusive":
        return "NOT KNOWN. Something that decides it could not be seen."
    tested = _tested(report) if phone else "for every phone profile tried"
    if report.verdict == "warn":
        return f"YES, {tested}, but something needs attention."
    return f"YES, {tested}."


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
    return f"{word}: {first.id} {printable(first.summary, 300)}{late}"


def _first(report: Report) -> Finding | None:
    by_cause = [f for f in report.findings if f.id == report.cause and f.status == "fail"]
    alarms = [f for f in report.findings if f.is_alarm]
    unknown = [f for f in report.findings if f.status in ("inconclusive", "error") and f.severity == "critical"]
    candidates = by_cause or (unknown if report.verdict == "inconclusive" else alarms)
    return candidates[0] if candidates else None
