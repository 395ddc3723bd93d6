"""Hands reports to the history beside the work. While nothing can be written they wait, and somebody is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from vpnprobe.fleet.background import in_background
from vpnprobe.fleet.events import Event, Tell
from vpnprobe.history.recorder import Recorder
from vpnprobe.history.store import History, Recorded
from vpnprobe.model.errors import UsageError
from vpnprobe.model.finding import Report

# How soon what could not be written is tried again, and how often old runs are forgotten.
RETRY_S: Final = 10.0

# Reports that wait for a call that does not come back. They are not packed yet: some 100 kB each.
MAX_QUEUED: Final = 500
PURGE_EVERY: Final = timedelta(days=1)


class HistoryBacklog:
    """Reports on their way into `history`, in their order. Runs older than `keep_days` are forgotten, None keeps all.

    `drifted` is called for each run that saw something otherwise than before, as soon as that is kept.
    The database is only touched in a thread of its own, one call at a time.
    """

    def __init__(self, history: History, tell: Tell, now: Callable[[], datetime], *, keep_days: float | None) -> None:
        self._history = history
        self._recorder = Recorder(history)
        self._tell = tell
        self._now = now
        self._keep_days = keep_days
        self._purged: datetime | None = None
        self._queue: list[tuple[Report, str]] = []
        self._has_some = asyncio.Event()
        self._problem: str | None = None
        self._left_out = 0
        self._lost = 0
        self.drifted: Callable[[Recorded], None] = lambda _: None

    def put(self, report: Report, name: str) -> None:
        """Have `report` of the plan's probe `name` recorded soon."""
        if len(self._queue) < MAX_QUEUED:
            self._queue.append((report, name))
        else:
            self._left_out += 1
            if self._left_out == 1:
                reason = "the database takes too long"
                self._tell(Event("history-not-written", "error", {"reason": reason, "waiting": len(self._queue)}))
        self._has_some.set()

    async def run(self) -> None:
        """Record until cancelled."""
        while True:
            await self._has_some.wait()
            self._has_some.clear()
            await self._write()
            if self._problem is None:
                await self._purge()
            else:
                await asyncio.sleep(RETRY_S)
                self._has_some.set()

    async def close(self, patience: float) -> None:
        """Try for up to `patience` seconds to record what waits; what cannot be recorded is told."""
        try:
            async with asyncio.timeout(patience):
                await self._write()
                await in_background(self._recorder.close)
                self._tell_drift()
        except Exception as error:
            runs = len(self._queue) + self._left_out + self._recorder.waiting + self._recorder.lost
            reason = "the database takes too long" if isinstance(error, TimeoutError) else _reason(error)
            self._tell(Event("history-lost", "error", {"runs": runs, "reason": reason}))

    async def _write(self) -> None:
        batch, self._queue = self._queue, []

        def add() -> None:
            for report, name in batch:
                self._recorder.take(report, name)
            self._recorder.flush()

        problem = None
        try:
            await in_background(add)
        except Exception as error:
            # Such as a driver that is gone. What was taken waits like any other.
            problem = _reason(error)
        self._tell_problem(problem or self._recorder.problem)
        self._tell_drift()

    def _tell_drift(self) -> None:
        for recorded in self._recorder.take_drift():
            self.drifted(recorded)

    def _tell_problem(self, problem: str | None) -> None:
        """Tell once that runs wait, when the first of them is lost, and once that all is well again."""
        before, self._problem = self._problem, problem
        lost_before, self._lost = self._lost, self._left_out + self._recorder.lost
        facts = {"waiting": self._recorder.waiting, "lost": self._lost}
        if self._problem is not None and (before is None or (self._lost and not lost_before)):
            self._tell(Event("history-not-written", "error", {"reason": self._problem, **facts}))
        elif before is not None and self._problem is None:
            self._tell(Event("history-written-again", "info", facts))

    async def _purge(self) -> None:
        now, keep_days = self._now(), self._keep_days
        if keep_days is None or (self._purged is not None and now - self._purged < PURGE_EVERY):
            return
        self._purged = now
        try:
            await in_background(lambda: self._history.purge(keep_days, now))
        except Exception as error:
            self._tell(Event("history-not-purged", "warning", {"reason": _reason(error)}))


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, UsageError) else f"internal error: {error!r}"
