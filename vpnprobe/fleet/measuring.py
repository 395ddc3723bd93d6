"""One run of a probe that is measured again and again: it always gives an answer, and in bounded time."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

from vpnprobe.checks.evaluate import judge
from vpnprobe.model.errors import UsageError
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.finding import Report

# What a run may take beyond its own deadline before it is cancelled, and then for its last words. Seconds.
GRACE_S: Final = 5.0

# Where an error of ours arose.
_TRACEBACK_LINES: Final = 6


class Probe(Protocol):
    """A run that ends at its deadline, and can be asked at any moment for what there is."""

    async def run(self) -> Evidence:
        """Measure within the deadline."""
        ...

    def evidence(self, interrupted: Literal["interrupt", "deadline"] | None = None) -> Evidence:
        """Return what was seen up to now."""
        ...


MakeProbe = Callable[[], Probe]


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """Why there is no report, in words for the operator; `details` are the lines of an error of ours."""

    reason: str
    details: tuple[str, ...] = ()


def success_of(outcome: Report | Unmeasured, before: datetime | None) -> datetime | None:
    """Return when the last run that succeeded ended, given that of the runs `before`; None where none is known."""
    return outcome.ended_at if isinstance(outcome, Report) and outcome.is_success else before


class Measurement:
    """Measures one probe, one run at a time.

    A run that does not end when it is cancelled is left alone, and until it has ended no other one begins.
    """

    def __init__(self) -> None:
        self._one_run = asyncio.Lock()
        self._left_alone: asyncio.Task[Evidence] | None = None

    async def measure(self, make: MakeProbe, deadline_s: float) -> Report | Unmeasured:
        """Run the probe that `make` gives and judge what it saw. Never raises, but where it is cancelled itself."""
        async with self._one_run:
            return await self._measure(make, deadline_s)

    async def _measure(self, make: MakeProbe, deadline_s: float) -> Report | Unmeasured:
        if self._left_alone is not None and not self._left_alone.done():
            return Unmeasured("an earlier run of this probe was stopped at its deadline and does not end")
        try:
            probe = make()
        except UsageError as error:
            return Unmeasured(str(error))
        except Exception as error:
            return _internal(error)
        task = asyncio.create_task(probe.run())
        try:
            await asyncio.wait({task}, timeout=deadline_s + GRACE_S)
        finally:
            if not task.done():
                await self._end(task)
        if not task.done() or task.cancelled():
            return _judged(lambda: probe.evidence("deadline"))
        failure = task.exception()
        if failure is None:
            return _judged(task.result)
        return Unmeasured(str(failure)) if isinstance(failure, UsageError) else _internal(failure)

    async def _end(self, task: asyncio.Task[Evidence]) -> None:
        task.cancel()
        await asyncio.wait({task}, timeout=GRACE_S)
        if not task.done():
            self._left_alone = task
            task.add_done_callback(_forget)


def _forget(task: asyncio.Task[Evidence]) -> None:
    """Take note of how the task ended, or asyncio complains that nobody did."""
    if not task.cancelled():
        task.exception()


def _judged(evidence: Callable[[], Evidence]) -> Report | Unmeasured:
    try:
        return judge(evidence())
    except Exception as error:
        return _internal(error)


def _internal(error: BaseException) -> Unmeasured:
    lines = "".join(traceback.format_exception(error)).splitlines()
    return Unmeasured(f"internal error: {type(error).__name__}", tuple(lines[-_TRACEBACK_LINES:]))
