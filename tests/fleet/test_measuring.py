"""One measurement always ends, with a report or with the reason why there is none, and never runs twice at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

import msgspec
import pytest

from tests.fleet.virtual_time import virtual
from tests.fleet.watching import REPORTS
from vpnprobe.checks.evaluate import judge
from vpnprobe.fleet import measuring
from vpnprobe.fleet.measuring import GRACE_S, Measurement, Unmeasured
from vpnprobe.model.errors import UsageError
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.finding import Report

EVIDENCE = REPORTS["pass"].evidence


class Taking:
    """A probe that takes so long, and so long again when it is cancelled; or it raises."""

    running = most = 0

    def __init__(self, takes_s: float = 1.0, *, deaf_s: float = 0.0, error: Exception | None = None) -> None:
        self._takes_s = takes_s
        self._deaf_s = deaf_s
        self._error = error

    async def run(self) -> Evidence:
        Taking.running += 1
        Taking.most = max(Taking.most, Taking.running)
        try:
            await asyncio.sleep(self._takes_s)
        except asyncio.CancelledError:
            await asyncio.sleep(self._deaf_s)
            raise
        finally:
            Taking.running -= 1
        if self._error is not None:
            raise self._error
        return EVIDENCE

    def evidence(self, interrupted: Literal["interrupt", "deadline"] | None = None) -> Evidence:
        return msgspec.structs.replace(EVIDENCE, interrupted=interrupted)


@pytest.fixture(autouse=True)
def nobody_runs() -> None:
    Taking.running = Taking.most = 0


def time() -> float:
    return asyncio.get_running_loop().time()


@virtual
async def test_a_run_is_judged() -> None:
    outcome = await Measurement().measure(Taking, 60)
    assert isinstance(outcome, Report)
    assert (outcome, time()) == (judge(EVIDENCE), 1.0)


@virtual
async def test_one_that_does_not_end_by_itself_is_judged_by_what_there_is() -> None:
    outcome = await Measurement().measure(lambda: Taking(1e9), 60)
    assert isinstance(outcome, Report)
    assert (outcome.interrupted, time()) == ("deadline", 60 + GRACE_S)


@virtual
async def test_one_that_does_not_hear_is_left_alone_until_it_ends() -> None:
    measurement = Measurement()
    outcome = await measurement.measure(lambda: Taking(1e9, deaf_s=100), 60)
    assert isinstance(outcome, Report)
    assert (outcome.interrupted, time()) == ("deadline", 60 + 2 * GRACE_S)
    assert isinstance(await measurement.measure(Taking, 60), Unmeasured)
    assert (Taking.running, time()) == (1, 60 + 2 * GRACE_S)
    await asyncio.sleep(100)
    assert isinstance(await measurement.measure(Taking, 60), Report)
    assert Taking.most == 1


def fails(error: Exception) -> Taking:
    raise error


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: fails(UsageError("no such file")), "no such file"),
        (lambda: fails(KeyError("x")), "internal error: KeyError"),
        (lambda: Taking(error=UsageError("no interface eth7")), "no interface eth7"),
        (lambda: Taking(error=KeyError("x")), "internal error: KeyError"),
    ],
    ids=["not-made", "not-made-by-a-bug", "refused", "bug"],
)
@virtual
async def test_why_there_is_no_report(make: Callable[[], Taking], reason: str) -> None:
    outcome = await Measurement().measure(make, 60)
    assert isinstance(outcome, Unmeasured)
    assert outcome.reason == reason
    assert bool(outcome.details) == reason.startswith("internal")
    assert all("\n" not in line for line in outcome.details)


@virtual
async def test_a_bug_of_the_judge() -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(measuring, "judge", lambda _: 1 / 0)
        outcome = await Measurement().measure(Taking, 60)
    assert isinstance(outcome, Unmeasured)
    assert outcome.reason == "internal error: ZeroDivisionError"


@virtual
async def test_who_is_cancelled_ends_his_run_first() -> None:
    task = asyncio.create_task(Measurement().measure(lambda: Taking(1e9, deaf_s=3), 60))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (Taking.running, time()) == (0, 4.0)


@virtual
async def test_two_at_once_go_one_after_the_other() -> None:
    measurement = Measurement()
    first = asyncio.create_task(measurement.measure(lambda: Taking(1e9, deaf_s=3), 60))
    await asyncio.sleep(1)
    first.cancel()
    assert isinstance(await measurement.measure(Taking, 60), Report)
    assert (Taking.most, time()) == (1, 5.0)
