"""What a check is made of: its metadata, what it applies to, the facts it needs, and the answer it gives.

A check judges and never measures. It states the facts it needs as a `Need`, so that its function is only called when
they are there; the evaluator (`vpnprobe.checks.evaluate`) turns what is lacking into a finding of its own.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

import msgspec

from vpnprobe.model.evidence import Evidence, ProbeName, StageName
from vpnprobe.model.finding import Fact, Fix, Logs, Severity

T = TypeVar("T")
U = TypeVar("U")

BOTH_PROBES: tuple[ProbeName, ...] = ("phone", "gateway")

Answer = Literal["pass", "fail", "not-applicable", "inconclusive"]


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a check is applied to.

    `label` names it in the report. `address` is the gateway's address as the observations write it, None where the
    subject is the whole run or a file. `hello` is set where one of several hellos at the address is meant, `target`
    where it is about one target of a federation's SRV records, `view` where about what one DNS view says.
    """

    label: str
    address: str | None = None
    hello: str | None = None
    target: str | None = None
    view: str | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One subject of one run. `now` is the moment that validity is judged for."""

    evidence: Evidence
    subject: Subject
    now: datetime


class Lack(msgspec.Struct, frozen=True):
    """A fact that is not there, and why: a stage that did not run, or an option that replaced it.

    `status` is "not-applicable" where the fact was never wanted in this run.
    """

    why: str
    status: Literal["inconclusive", "not-applicable"] = "inconclusive"


class Need(msgspec.Struct, Generic[T], frozen=True):
    """Facts that a check cannot do without; `what` names them, `read` finds them or says why there are none."""

    what: tuple[str, ...]
    read: Callable[[Case], T | Lack]

    def __and__(self, other: Need[U]) -> Need[tuple[T, U]]:
        """Return the need for both; the first lack counts."""

        def read(case: Case) -> tuple[T, U] | Lack:
            mine = self.read(case)
            if isinstance(mine, Lack):
                return mine
            theirs = other.read(case)
            return theirs if isinstance(theirs, Lack) else (mine, theirs)

        return Need(self.what + other.what, read)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a check says of one subject. `variant` picks the guide where the check has more than one."""

    status: Answer
    summary: str
    facts: Mapping[str, Fact] = {}
    variant: str = ""


def passed(summary: str, /, **facts: Fact) -> Result:
    """Return a result for a subject that is as it ought to be."""
    return Result(status="pass", summary=summary, facts=facts)


def failed(summary: str, variant: str = "", /, **facts: Fact) -> Result:
    """Return a result for a subject that is not; `variant` picks the guide."""
    return Result(status="fail", summary=summary, facts=facts, variant=variant)


def unclear(summary: str, /, **facts: Fact) -> Result:
    """Return a result for a subject that the facts, though there, do not decide."""
    return Result(status="inconclusive", summary=summary, facts=facts)


def not_applicable(summary: str, /, **facts: Fact) -> Result:
    """Return a result for a subject that the question does not arise for."""
    return Result(status="not-applicable", summary=summary, facts=facts)


def fix(platform: str, text: str) -> Fix:
    """Return a fix whose steps are the lines of `text`.

    Common indentation is taken off, that of an ASA's submodes stays. Where a line is continued in the source, the
    blanks of its indentation become one.
    """
    lines = textwrap.dedent(text.strip("\n")).rstrip().splitlines()
    return Fix(platform, tuple(re.sub(r"(?<=\S) {2,}", " ", line) for line in lines))


class Guide(msgspec.Struct, frozen=True, kw_only=True):
    """How to mend a fault, how to recognise it, and what to run next.

    Texts hold placeholders such as `{host}`, filled from the run and the finding's facts; what only the operator can
    know stands in angle brackets.
    """

    fix: tuple[Fix, ...] = ()
    logs: Logs = msgspec.field(default_factory=Logs)
    next: tuple[str, ...] = ()


class Check(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One entry of the catalogue.

    `id` is an area and three digits; it is never used again for something else and says nothing about severity.
    `covers` are the statements that the check decides. `since` is the catalogue version that brought it. `yields_to`
    names checks whose failure at the same subject explains a failure of this one: the fault is then reported there,
    and this check says `inconclusive`. `guide` is that of a failure without a variant. `stages` names the stage in
    probes that have another one for it than `stage`.
    """

    id: str
    slug: str
    title: str
    stage: StageName
    severity: Severity
    probes: tuple[ProbeName, ...]
    subjects: Callable[[Evidence], Sequence[Subject]]
    needs: Need[T]
    judge: Callable[[Case, T], Result]
    rationale: str
    covers: tuple[str, ...] = ()
    guide: Guide = msgspec.field(default_factory=Guide)
    variants: Mapping[str, Guide] = {}
    references: tuple[str, ...] = ()
    since: str = "2026.11"
    yields_to: tuple[str, ...] = ()
    stages: Mapping[ProbeName, StageName] = {}

    def stage_in(self, probe: ProbeName) -> StageName:
        """Return the stage of this probe that the check is about."""
        return self.stages.get(probe, self.stage)

    @property
    def requires(self) -> tuple[str, ...]:
        """The facts that the check cannot do without, in words."""
        return self.needs.what

    @property
    def fix(self) -> tuple[Fix, ...]:
        """Every fix of the check, placeholders unfilled."""
        return tuple(dict.fromkeys(fix for guide in self._guides for fix in guide.fix))

    @property
    def logs(self) -> Logs:
        """Every log line of the check, placeholders unfilled."""
        return Logs(
            phone=tuple(dict.fromkeys(line for guide in self._guides for line in guide.logs.phone)),
            asa=tuple(dict.fromkeys(line for guide in self._guides for line in guide.logs.asa)),
            edge=tuple(dict.fromkeys(line for guide in self._guides for line in guide.logs.edge)),
            expressway=tuple(dict.fromkeys(line for guide in self._guides for line in guide.logs.expressway)),
        )

    @property
    def next(self) -> tuple[str, ...]:
        """Every command to run next, placeholders unfilled."""
        return tuple(dict.fromkeys(command for guide in self._guides for command in guide.next))

    @property
    def _guides(self) -> tuple[Guide, ...]:
        return (self.guide, *self.variants.values())

    def guide_for(self, variant: str) -> Guide:
        """Return the guide of that variant of the fault."""
        return self.variants.get(variant, self.guide)


AnyCheck = Check[Any]
