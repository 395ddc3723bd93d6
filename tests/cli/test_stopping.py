"""Many probes in one run: how many at once, when each is made, and what one that fails leaves of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

import pytest

from vpnprobe.cli.stopping import measure_each
from vpnprobe.model.evidence import Evidence, Tool
from vpnprobe.model.target import Persona, Target


class Numbered:
    """A probe that says its number, after so many turns of the loop; it may fail instead."""

    running = 0
    most = 0

    def __init__(self, number: int, *, turns: int = 1, error: Exception | None = None) -> None:
        self._number = number
        self._turns = turns
        self._error = error

    async def run(self) -> Evidence:
        Numbered.running += 1
        Numbered.most = max(Numbered.most, Numbered.running)
        for _ in range(self._turns):
            await asyncio.sleep(0)
        Numbered.running -= 1
        if self._error is not None:
            raise self._error
        return self.evidence()

    def evidence(self, interrupted: Literal["interrupt", "deadline"] | None = None) -> Evidence:
        return Evidence(
            tool=Tool(name="vpnprobe", version="1", catalogue="1"),
            probe="federation",
            target=Target(domain=f"d{self._number}.example"),
            persona=Persona(profile="microsoft-edge"),
            started_at=datetime.now(UTC),
            interrupted=interrupted,
        )


@pytest.fixture(autouse=True)
def nobody_runs() -> None:
    Numbered.running = Numbered.most = 0


@pytest.mark.parametrize(("at_once", "most"), [(1, 1), (3, 3), (32, 10)])
def test_so_many_at_once_and_each_once(at_once: int, most: int) -> None:
    taken: dict[int, str | None] = {}
    begun = measure_each(
        (Numbered(number, turns=5) for number in range(10)),
        lambda number, evidence: taken.update({number: evidence.target.domain}),
        at_once=at_once,
    )
    assert begun == 10
    assert taken == {number: f"d{number}.example" for number in range(10)}
    assert Numbered.most == most


def test_no_probe_is_made_before_its_turn() -> None:
    made: list[int] = []
    taken: list[int] = []

    def probes() -> Iterator[Numbered]:
        for number in range(6):
            made.append(number)
            assert len(made) - len(taken) <= 2
            yield Numbered(number, turns=number % 3)

    measure_each(probes(), lambda number, evidence: taken.append(number), at_once=2)
    assert sorted(taken) == made == list(range(6))


def test_whoever_is_ready_first_is_taken_first() -> None:
    taken: list[int] = []
    probes = [Numbered(0, turns=50), Numbered(1), Numbered(2)]
    measure_each(probes, lambda number, evidence: taken.append(number), at_once=2)
    assert taken == [1, 2, 0]


def test_an_error_of_one_costs_the_others_nothing() -> None:
    taken: list[int] = []
    probes = [Numbered(0, error=ValueError("first")), Numbered(1, turns=9), Numbered(2, error=ValueError("later"))]
    with pytest.raises(ValueError, match="first"):
        measure_each(probes, lambda number, evidence: taken.append(number), at_once=1)
    assert taken == [0, 1, 2]


def test_when_nobody_takes_the_reports_the_run_ends() -> None:
    asked: list[int] = []

    def take(number: int, evidence: Evidence) -> None:
        asked.append(number)
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        measure_each((Numbered(number) for number in range(50)), take, at_once=2)
    assert len(asked) <= 2


def test_nothing_to_do() -> None:
    assert measure_each([], lambda number, evidence: None, at_once=3) == 0
