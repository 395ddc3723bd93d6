"""One line for each stage of a run over a phone's own pages, and the answer. Describes, judges nothing."""

from __future__ import annotations

from vpnprobe.model.evidence import Evidence, StageName
from vpnprobe.model.finding import Finding, Report


def describe_phone_web_stage(evidence: Evidence, stage: StageName) -> str:
    """Return one sentence about what this stage saw; empty where it saw nothing."""
    return ""


def phone_web_answer(report: Report, first: Finding | None) -> str:
    """Return the answer in one sentence; `first` is the finding to act on."""
    if report.verdict == "fail":
        return "NO, the phone's pages show a fault."
    return "YES, the phone's pages agree with its configuration." if report.verdict != "inconclusive" else "NOT KNOWN."
