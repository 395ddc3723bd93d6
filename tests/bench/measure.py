"""Samples of two things that were run in turn, and the table that they make."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

HEAD = ("what", "ours", "beside", "theirs", "ours / theirs", "aim", "met")


@dataclass(frozen=True, slots=True)
class Aim:
    """What the ratio of ours to theirs is to be."""

    limit: float
    kind: Literal["at most", "at least"]

    def met_by(self, ratio: float) -> bool:
        return ratio <= self.limit if self.kind == "at most" else ratio >= self.limit

    def __str__(self) -> str:
        return f"{'≤' if self.kind == 'at most' else '≥'} {self.limit:.2f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One row: samples of the same length, taken in turn, in `unit`."""

    what: str
    ours: list[float]
    beside: str
    theirs: list[float]
    unit: str
    aim: Aim | None = None

    @property
    def ratio(self) -> float:
        return statistics.median(self.ours) / statistics.median(self.theirs)

    def cells(self) -> tuple[str, ...]:
        ratios = [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True)]
        return (
            self.what,
            _spread(self.ours, self.unit),
            self.beside,
            _spread(self.theirs, self.unit),
            f"**{self.ratio:.2f}** ({min(ratios):.2f}-{max(ratios):.2f})",
            str(self.aim) if self.aim else "",
            ("yes" if self.aim.met_by(self.ratio) else "no") if self.aim else "",
        )


@dataclass(frozen=True, slots=True)
class Missing:
    """A row without its other side, and what to do about it; ours may have been measured all the same."""

    what: str
    beside: str
    remedy: str
    ours: tuple[float, ...] = ()
    unit: str = ""

    def cells(self) -> tuple[str, ...]:
        ours = _spread(self.ours, self.unit) if self.ours else ""
        return self.what, ours, self.beside, f"not measured: {self.remedy}", "", "", ""


@dataclass(frozen=True, slots=True)
class Note:
    """A line below the table."""

    text: str


T = TypeVar("T")
Outcome = Comparison | Missing | Note


def in_turn(rounds: int, *runs: Callable[[], T], warm_up: bool = True) -> list[list[T]]:
    """Run each once to warm up, then all of them in turn (A B A B ...); return the results of each."""
    if warm_up:
        for run in runs:
            run()
    results: list[list[T]] = [[] for _ in runs]
    for _ in range(rounds):
        for kept, run in zip(results, runs, strict=True):
            kept.append(run())
    return results


def table(outcomes: Iterable[Outcome]) -> str:
    """Return a Markdown table of the rows, then the notes."""
    outcomes = list(outcomes)
    rows = [outcome.cells() for outcome in outcomes if not isinstance(outcome, Note)]
    notes = [outcome.text for outcome in outcomes if isinstance(outcome, Note)]
    lines = [_line(HEAD), _line("---" for _ in HEAD), *map(_line, rows)]
    return "\n".join((*lines, *(f"\n{note}" for note in notes)))


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _spread(samples: Sequence[float], unit: str) -> str:
    return f"{_number(statistics.median(samples))} {unit} ({_number(min(samples))}-{_number(max(samples))})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
