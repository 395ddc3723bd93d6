"""One line for each stage of a run over a CAPF and its online CA, and the answer. Describes, judges nothing."""

from __future__ import annotations

from vpnprobe.model.evidence import Evidence, StageName
from vpnprobe.model.finding import Finding, Report


def describe_capf_stage(evidence: Evidence, stage: StageName) -> str:
    """Return one sentence about what this stage saw; empty where it saw nothing."""
    return ""


def capf_answer(report: Report, first: Finding | None) -> str:
    """Return the answer in one sentence; `first` is the finding to act on."""
    if report.verdict == "fail":
        return "NO, a phone would not get a certificate from this CAPF."
    return "YES, a phone would reach this CAPF." if report.verdict != "inconclusive" else "NOT KNOWN."
