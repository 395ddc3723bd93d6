"""One line for each stage of a run over the files that a phone takes, and the answer. Describes, judges nothing."""

from __future__ import annotations

from vpnprobe.model.evidence import Evidence, StageName
from vpnprobe.model.finding import Finding, Report


def describe_config_stage(evidence: Evidence, stage: StageName) -> str:
    """Return one sentence about what this stage saw; empty where it saw nothing."""
    return ""


def config_answer(report: Report, first: Finding | None) -> str:
    """Return the answer in one sentence; `first` is the finding to act on."""
    if report.verdict == "fail":
        return "NO, the phone would not take these files."
    return "YES, the phone would take these files." if report.verdict != "inconclusive" else "NOT KNOWN."
