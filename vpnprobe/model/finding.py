"""What the checks concluded, and the report that carries it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from vpnprobe.model.evidence import SCHEMA_VERSION, Evidence, ProbeName, Stage, StageName, Tool
from vpnprobe.model.target import Persona, Target

Status = Literal["pass", "fail", "not-applicable", "inconclusive", "error"]
Severity = Literal["critical", "warning", "info"]
Verdict = Literal["pass", "warn", "fail", "inconclusive"]

# A fact is a JSON value of one level, so that every format can show it.
Fact = str | int | float | bool | None | list[str]


class Fix(msgspec.Struct, frozen=True, omit_defaults=True):
    """Steps to mend it on one platform (ASA, CUCM, DNS, Expressway, Microsoft edge ...). Commands are ready to paste.

    Where several causes look the same from outside, `when` names one of them, `confirm` the commands whose output tells
    it from the others, and `signs` the lines to look for there. Otherwise the three are empty.
    """

    platform: str
    steps: tuple[str, ...]
    when: str = ""
    confirm: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()


class Logs(msgspec.Struct, frozen=True, omit_defaults=True):
    """The lines that each side would write for this fault, to recognise it by.

    `edge` are those of the Microsoft edge and its clients (`ms-diagnostics` headers, trace records), `expressway` those
    of the Cisco side of a federation.
    """

    phone: tuple[str, ...] = ()
    asa: tuple[str, ...] = ()
    edge: tuple[str, ...] = ()
    expressway: tuple[str, ...] = ()


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One check applied to one subject (an address, a file, the run).

    `address` is the `address:port` that the subject is about, None where it is about more than one; `target` the name
    of the federation target.
    """

    id: str
    name: str
    stage: StageName
    status: Status
    severity: Severity
    subject: str
    address: str | None = None
    target: str | None = None
    covers: tuple[str, ...]
    summary: str
    facts: dict[str, Fact] = {}
    fix: tuple[Fix, ...] = ()
    logs: Logs = Logs()
    next: tuple[str, ...] = ()

    @property
    def is_alarm(self) -> bool:
        """Whether this finding asks somebody to act."""
        return self.status == "fail" and self.severity != "info"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Evidence judged. `cause` is the id of the first critical failure in the order a phone lives the stages."""

    schema_version: int = SCHEMA_VERSION
    tool: Tool
    probe: ProbeName
    target: Target
    persona: Persona
    started_at: datetime
    duration_s: float
    verdict: Verdict
    cause: str | None
    interrupted: Literal["interrupt", "deadline"] | None
    stages: tuple[Stage, ...]
    findings: tuple[Finding, ...]
    evidence: Evidence

    @property
    def ended_at(self) -> datetime:
        """When the measurement ended."""
        return self.started_at + timedelta(seconds=self.duration_s)

    @property
    def is_success(self) -> bool:
        """Whether the phone would connect, or the edge accept."""
        return self.verdict in ("pass", "warn")
