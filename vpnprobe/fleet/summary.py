"""The numbers of a fleet run, counted as its lines pass: nothing is kept of a phone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from vpnprobe.model.finding import Verdict
from vpnprobe.model.fleet import (
    Counts,
    CutoverPhone,
    FleetInterruption,
    FleetLine,
    FleetStart,
    FleetSummary,
    SweptPhone,
)

# Values of one label that are counted apart; more is no grouping any more.
MAX_GROUPS: Final = 2000
OTHER: Final = "(other)"
UNLABELLED: Final = ""
"""The group of phones that have no such label."""

# Of many phones the worst one counts; a known failure outranks what is not known.
_BEST_FIRST: Final[tuple[Verdict, ...]] = ("pass", "warn", "inconclusive", "fail")
_READINESS: Final[dict[str, Verdict]] = {"ready": "pass", "unknown": "inconclusive", "cut-off": "fail"}


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence about the run as a whole, and what it makes of the run's verdict at best."""

    verdict: Verdict
    text: str


class Remarks(Protocol):
    """Sees every line of a run, and says at the end what is to be said of the whole."""

    def add(self, line: FleetLine) -> None:
        """Take a line."""
        ...

    def end(self) -> Sequence[Remark]:
        """Return the remarks."""
        ...


class SummaryCounter:
    """Counts phones as they pass; `group_by` are the labels that are counted apart.

    `remarks` count for the verdict, too.
    """

    def __init__(
        self,
        group_by: Sequence[str] = (),
        remarks: Remarks | None = None,
    ) -> None:
        self._remarks = remarks
        self._all = _Count()
        self._labels: dict[str, dict[str, _Count]] = {label: {} for label in group_by}
        self._gateways: dict[str, _Count] = {}
        self._verdicts: set[Verdict] = set()

    @property
    def total(self) -> int:
        """Phones that were counted."""
        return self._all.total

    def add(self, line: FleetLine) -> None:
        """Count a line; only phones count."""
        if self._remarks is not None:
            self._remarks.add(line)
        if not isinstance(line, SweptPhone | CutoverPhone):
            return
        if isinstance(line, SweptPhone):
            result: str = line.verdict
            causes: Sequence[str] = (line.reason,) if line.reason else ()
            self._verdicts.add(line.verdict)
        else:
            result, causes = line.readiness, line.missing
            # A phone that is ready has reasons only where there is a reservation.
            self._verdicts.add("warn" if line.readiness == "ready" and line.reasons else _READINESS[line.readiness])
        counts = [self._all]
        for label, groups in self._labels.items():
            counts.append(_group(groups, line.labels.get(label, UNLABELLED)))
        counts += [_group(self._gateways, key) for key in line.gateways]
        for count in counts:
            count.add(result, causes)

    def summary(
        self,
        start: FleetStart,
        duration_s: float,
        *,
        interrupted: FleetInterruption | None = None,
        not_reached: int = 0,
        row_problems: int = 0,
        duplicates: int = 0,
        notes: Iterable[str] = (),
    ) -> FleetSummary:
        """Return the last line of the run."""
        remarks = self._remarks.end() if self._remarks is not None else ()
        return FleetSummary(
            tool=start.tool,
            command=start.command,
            started_at=start.started_at,
            duration_s=round(duration_s, 3),
            verdict=self._verdict(start.command, interrupted, not_reached, row_problems, remarks),
            interrupted=interrupted,
            counts=self._all.counts,
            by_label={
                label: {value: count.counts for value, count in sorted(groups.items())}
                for label, groups in self._labels.items()
            },
            by_gateway={key: count.counts for key, count in sorted(self._gateways.items())},
            not_reached=not_reached,
            row_problems=row_problems,
            duplicates=duplicates,
            notes=(*(remark.text for remark in remarks), *notes),
        )

    def _verdict(
        self,
        command: Literal["sweep", "cutover"],
        interrupted: FleetInterruption | None,
        not_reached: int,
        row_problems: int,
        remarks: Iterable[Remark],
    ) -> Verdict:
        """Return the worst verdict. Whoever stops a run wants no alarm of it; what was not looked at is not known.

        A row that cannot be used may be a phone that would be cut off; whether one more would connect is less.
        """
        if interrupted == "interrupt":
            return "inconclusive"
        verdicts = self._verdicts | {remark.verdict for remark in remarks}
        if interrupted or not_reached or not self.total:
            verdicts.add("inconclusive")
        if row_problems:
            verdicts.add("inconclusive" if command == "cutover" else "warn")
        return max(verdicts, key=_BEST_FIRST.index)


class _Count:
    __slots__ = ("_causes", "_results", "total")

    def __init__(self) -> None:
        self.total = 0
        self._results: Counter[str] = Counter()
        self._causes: Counter[str] = Counter()

    def add(self, result: str, causes: Sequence[str]) -> None:
        self.total += 1
        self._results[result] += 1
        for cause in causes:
            self._causes[cause] += 1

    @property
    def counts(self) -> Counts:
        """As values, the most frequent first."""
        return Counts(total=self.total, by_result=_ranked(self._results), causes=_ranked(self._causes))


def _ranked(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _group(groups: dict[str, _Count], name: str) -> _Count:
    known = groups.get(name)
    if known is None:
        name = name if len(groups) < MAX_GROUPS else OTHER
        known = groups.setdefault(name, _Count())
    return known
