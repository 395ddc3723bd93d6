"""Judges Evidence: applies every check of the probe to each of its subjects and sums up.

A check that raises gives a finding with status "error" and never sinks the run. Evidence may come from a file of
another time or another hand, so nothing here or in the checks trusts it to be complete.
"""

from __future__ import annotations

import re
import shlex
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

import msgspec

from vpnprobe.checks.base import AnyCheck, Case, Guide, Lack, Result, Subject
from vpnprobe.checks.catalogue import CHECKS
from vpnprobe.checks.subjects import endpoint_label, gateway_label
from vpnprobe.checks.values import as_in_this_run, run_values
from vpnprobe.model.evidence import STAGES, Evidence, ProbeName, StageName, Tool
from vpnprobe.model.finding import Fact, Finding, Fix, Logs, Report, Status, Verdict
from vpnprobe.version import CATALOGUE_VERSION, __version__

# Where a check broke is in the innermost lines; more would only swell the report.
TRACEBACK_LINES: Final = 6

PLACEHOLDER: Final = re.compile(r"\{([a-z0-9_]+)\}")
UNKNOWN: Final = re.compile(r"<<([a-z0-9-]+)>>")

# The order in which causes are looked for. A gateway probe's checks are those of a phone, then its own.
_PHONE_ORDER: Final[tuple[StageName, ...]] = (*STAGES["phone"], "enumerate")
STAGE_ORDER: Final[Mapping[str, tuple[StageName, ...]]] = {
    "phone": _PHONE_ORDER,
    "gateway": _PHONE_ORDER,
    **{probe: stages for probe, stages in STAGES.items() if probe not in ("phone", "gateway")},
}

# How the lines of a phone's console log begin, after number, level and time.
CONSOLE_PROCESSES: Final = ("VPNC: ", "SECD: ")

_NO_GUIDE: Final = Guide()

_TOOL: Final = Tool(name="vpnprobe", version=__version__, catalogue=CATALOGUE_VERSION)


def judge(evidence: Evidence, now: datetime | None = None, checks: Sequence[AnyCheck] = CHECKS) -> Report:
    """Judge `evidence` and return the report; never raises.

    `now` is the moment that validity is judged for; without it the start of the run, so that old Evidence gives the
    same answer at any time.
    """
    run = _Run(evidence, now or evidence.started_at)
    wanted = _catalogue(evidence.probe) if checks is CHECKS else _of_probe(evidence.probe, checks)
    outcomes = [outcome for check in wanted for outcome in run.apply(check)]
    findings = tuple(_finding(evidence, outcome, outcomes) for outcome in outcomes)
    return Report(
        tool=_TOOL,
        probe=evidence.probe,
        target=evidence.target,
        persona=evidence.persona,
        started_at=evidence.started_at,
        duration_s=evidence.duration_s,
        verdict=_verdict(evidence, findings),
        cause=_cause(evidence, findings),
        interrupted=evidence.interrupted,
        stages=evidence.stages,
        findings=findings,
        evidence=evidence,
    )


class _Broken(msgspec.Struct, frozen=True):
    """A check that raised instead of answering."""

    error: Exception


class _Outcome(msgspec.Struct, frozen=True):
    check: AnyCheck
    subject: Subject
    answer: Result | Lack | _Broken

    @property
    def has_failed(self) -> bool:
        return isinstance(self.answer, Result) and self.answer.status == "fail"


@cache
def _catalogue(probe: ProbeName) -> tuple[AnyCheck, ...]:
    return _of_probe(probe, CHECKS)


def _of_probe(probe: ProbeName, checks: Sequence[AnyCheck]) -> tuple[AnyCheck, ...]:
    return tuple(check for check in checks if probe in check.probes)


class _Run:
    """Applies checks to one Evidence. What several of them ask for, subjects and facts, is looked up once."""

    def __init__(self, evidence: Evidence, now: datetime) -> None:
        self._evidence = evidence
        self._now = now
        self._cases: dict[Callable[[Evidence], Sequence[Subject]], list[_Known]] = {}

    def apply(self, check: AnyCheck) -> list[_Outcome]:
        """Return what the check says of each of its subjects."""
        try:
            known = self._cases.get(check.subjects) or self._cases_of(check.subjects)
        except Exception as error:
            return [_Outcome(check, Subject(label=gateway_label(self._evidence)), _Broken(error))]
        return [_Outcome(check, one.case.subject, _answer(check, one)) for one in known]

    def _cases_of(self, subjects: Callable[[Evidence], Sequence[Subject]]) -> list[_Known]:
        found = [
            _Known(Case(evidence=self._evidence, subject=subject, now=self._now))
            for subject in subjects(self._evidence)
        ]
        self._cases[subjects] = found
        return found


class _Known:
    """A case, and the facts of it that were read so far, by what reads them."""

    __slots__ = ("case", "facts")

    def __init__(self, case: Case) -> None:
        self.case = case
        self.facts: dict[Callable[[Case], Any], Any] = {}


def _answer(check: AnyCheck, known: _Known) -> Result | Lack | _Broken:
    case, read = known.case, check.needs.read
    try:
        if read not in known.facts:
            known.facts[read] = read(case)
        facts = known.facts[read]
        answer = facts if isinstance(facts, Lack) else check.judge(case, facts)
    except Exception as error:
        return _Broken(error)
    return _not_asked_for(case, answer) if case.subject.hello is not None and _is_of_other_model(case) else answer


def _is_of_other_model(case: Case) -> bool:
    """Whether a gateway probe was given a model and this is about what another hello is given."""
    persona, hello = case.evidence.persona, case.subject.hello
    return persona.chosen and hello is not None and hello != persona.profile


def _not_asked_for(case: Case, answer: Result | Lack) -> Result | Lack:
    """Return the answer without its weight, facts kept; what is as it ought to be may say so."""
    words = f"not asked for, as --model is {case.evidence.persona.profile}"
    if isinstance(answer, Lack):
        return Lack(f"{words}: {answer.why}", "not-applicable")
    if answer.status == "pass":
        return answer
    return Result(status="not-applicable", summary=f"{words}: {answer.summary}", facts=answer.facts)


def _finding(evidence: Evidence, outcome: _Outcome, outcomes: Sequence[_Outcome]) -> Finding:
    match outcome.answer:
        case Result(status=status, summary=summary, facts=facts) if status != "fail":
            return _stated(evidence, outcome, status, summary, facts)
        case Lack(why, status):
            return _stated(evidence, outcome, status, why, {})
        case _Broken(error):
            summary = f"the check itself failed ({type(error).__name__}); please report it with the Evidence file"
            lines = traceback.format_exception(error)[-TRACEBACK_LINES:]
            return _stated(evidence, outcome, "error", summary, {"traceback": [line.strip() for line in lines]})
        case Result(summary=summary, facts=facts, variant=variant):
            explained = _explained_by(outcome, outcomes)
            if explained:
                summary = f"{summary} (a consequence of {', '.join(explained)})"
                return _stated(evidence, outcome, "inconclusive", summary, facts)
            values = run_values(evidence, outcome.subject) | {
                name: _as_text(fact) for name, fact in facts.items() if fact is not None
            }
            lists = {name: fact for name, fact in facts.items() if isinstance(fact, list)}
            guide = _fill_guide(evidence, outcome.subject, outcome.check.guide_for(variant), values, lists)
            return _stated(evidence, outcome, "fail", summary, facts, guide)


def _stated(
    evidence: Evidence,
    outcome: _Outcome,
    status: Status,
    summary: str,
    facts: Mapping[str, Fact],
    guide: Guide = _NO_GUIDE,
) -> Finding:
    check, subject = outcome.check, outcome.subject
    return Finding(
        id=check.id,
        name=check.slug,
        stage=check.stage_in(evidence.probe),
        status=status,
        severity=check.severity,
        subject=subject.label,
        address=None if subject.address is None else endpoint_label(evidence, subject.address),
        target=subject.target,
        covers=check.covers,
        summary=summary,
        facts=dict(facts),
        fix=guide.fix,
        logs=_known_logs(evidence, guide.logs),
        next=guide.next,
    )


def _explained_by(outcome: _Outcome, outcomes: Sequence[_Outcome]) -> tuple[str, ...]:
    """Return the ids of the checks that this one yields to and that failed at the same place, or for the run."""
    address, target, view = outcome.subject.address, outcome.subject.target, outcome.subject.view
    found = (
        other.check.id
        for other in outcomes
        if other.check.id in outcome.check.yields_to
        and other.has_failed
        and (address is None or other.subject.address in (None, address))
        and (target is None or other.subject.target in (None, target))
        and (view is None or other.subject.view in (None, view))
    )
    return tuple(dict.fromkeys(found))


def _fill_guide(
    evidence: Evidence, subject: Subject, guide: Guide, values: Mapping[str, str], lists: Mapping[str, list[str]]
) -> Guide:
    """Return the guide with its placeholders filled; a step that is nothing but a list becomes a step for each item."""
    quoted = {name: shlex.quote(value) for name, value in values.items()}

    def fill(texts: tuple[str, ...], values: Mapping[str, str] = values) -> tuple[str, ...]:
        filled = (PLACEHOLDER.sub(lambda match: _value(match[1], values), text) for text in texts)
        # A log line that has brackets of its own around a value that is not known.
        return tuple(UNKNOWN.sub(r"<\1>", text) for text in filled)

    def fill_steps(steps: tuple[str, ...]) -> tuple[str, ...]:
        def one(step: str) -> tuple[str, ...]:
            alone = PLACEHOLDER.fullmatch(step)
            return tuple(lists[alone[1]]) if alone is not None and lists.get(alone[1]) else fill((step,))

        return tuple(line for step in steps for line in one(step))

    return Guide(
        fix=tuple(
            Fix(fix.platform, fill_steps(fix.steps), fix.when, fill(fix.confirm), fill(fix.signs)) for fix in guide.fix
        ),
        logs=Logs(
            phone=fill(guide.logs.phone),
            asa=fill(guide.logs.asa),
            edge=fill(guide.logs.edge),
            expressway=fill(guide.logs.expressway),
        ),
        # These go into a shell, and a value may be the peer's.
        next=tuple(as_in_this_run(evidence, subject, command) for command in fill(guide.next, quoted)),
    )


def _known_logs(evidence: Evidence, logs: Logs) -> Logs:
    """Leave out the console log for models whose own form of it was found in no document."""
    if not logs.phone or evidence.persona.profile.startswith("79"):
        return logs
    told = tuple(line for line in logs.phone if not line.startswith(CONSOLE_PROCESSES))
    return msgspec.structs.replace(logs, phone=told)


def _value(name: str, values: Mapping[str, str]) -> str:
    """Return a value; one that this run does not know stays for the operator to fill in."""
    return values.get(name, f"<{name.replace('_', '-')}>")


def _as_text(fact: Fact) -> str:
    return ", ".join(fact) if isinstance(fact, list) else str(fact)


def _verdict(evidence: Evidence, findings: Sequence[Finding]) -> Verdict:
    critical = {finding.status for finding in findings if finding.severity == "critical"}
    if evidence.interrupted == "interrupt":
        return "inconclusive"
    if "fail" in critical:
        return "fail"
    if critical & {"inconclusive", "error"}:
        return "inconclusive"
    # A check of ours that broke is somebody's business, too.
    return "warn" if any(finding.is_alarm or finding.status == "error" for finding in findings) else "pass"


def _cause(evidence: Evidence, findings: Sequence[Finding]) -> str | None:
    order = STAGE_ORDER[evidence.probe]
    failed = [finding for finding in findings if finding.status == "fail" and finding.severity == "critical"]
    first = min(failed, key=lambda finding: order.index(finding.stage), default=None)
    return None if first is None else first.id
