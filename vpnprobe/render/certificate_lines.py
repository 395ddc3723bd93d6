"""One line for each stage of a run over certificates that were given, and the answer. Describes, judges nothing."""

from __future__ import annotations

from vpnprobe.model.evidence import Evidence, StageName
from vpnprobe.model.finding import Finding, Report


def describe_certificate_stage(evidence: Evidence, stage: StageName) -> str:
    """Return one sentence about what this stage saw; empty where it saw nothing."""
    return ""


def certificate_answer(report: Report, first: Finding | None) -> str:
    """Return the answer in one sentence; `first` is the finding to act on."""
    if report.verdict == "fail":
        return "NO, the certificate is not good for a phone."
    return "YES, the certificate is good for a phone." if report.verdict != "inconclusive" else "NOT KNOWN."
