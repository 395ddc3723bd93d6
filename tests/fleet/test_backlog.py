"""Runs on their way into the history: a locked or failing database costs nothing but time, and somebody is told."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fleet.virtual_time import now, virtual
from tests.history.reports import BAD_WEEK, bad_week, moment, report
from vpnprobe.fleet import backlog as backlog_module
from vpnprobe.fleet.backlog import RETRY_S, HistoryBacklog
from vpnprobe.fleet.events import Event
from vpnprobe.history.store import History


class Desk:
    """A backlog for a history in a file, and what it tells."""

    def __init__(self, path: Path, *, keep_days: float | None = None) -> None:
        self.events: list[Event] = []
        self.history = History(str(path), wait_s=0.01)
        self.backlog = HistoryBacklog(self.history, self.events.append, now, keep_days=keep_days)
        self.task = asyncio.create_task(self.backlog.run())

    def names(self) -> Counter[str]:
        return Counter(event.name for event in self.events)

    async def close(self) -> None:
        self.task.cancel()
        await self.backlog.close(5)
        self.history.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Somebody else holds the file, such as a backup."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.rollback()


def kept(path: Path) -> tuple[int, int]:
    """Return how many runs and changes there are."""
    with History(str(path), create=False) as history:
        [series] = history.overviews()
        return history.count_runs(series.series.number), len(history.changes())


@virtual
async def test_runs_are_kept_in_their_order(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "h.db")
    for one in bad_week():
        desk.backlog.put(one, "berlin")
    await asyncio.sleep(1)
    await desk.close()
    runs, changes = kept(tmp_path / "h.db")
    assert runs == len(BAD_WEEK)
    assert changes > 3
    assert desk.events == []


@virtual
async def test_a_locked_database(tmp_path: Path) -> None:
    """What comes in the meantime is kept when the lock is gone, each state change once; both ends are told once."""
    path, twin = tmp_path / "h.db", tmp_path / "twin.db"
    undisturbed = Desk(twin)
    desk = Desk(path)
    first, *others = bad_week()
    desk.backlog.put(first, "berlin")
    undisturbed.backlog.put(first, "berlin")
    await asyncio.sleep(1)
    with locked(path):
        for one in others:
            desk.backlog.put(one, "berlin")
            undisturbed.backlog.put(one, "berlin")
            await asyncio.sleep(3 * RETRY_S)
        assert desk.names() == {"history-not-written": 1}
        assert "another program has it locked" in str(desk.events[0].facts["reason"])
    await asyncio.sleep(2 * RETRY_S)
    assert desk.names() == {"history-not-written": 1, "history-written-again": 1}
    assert desk.events[-1].facts == {"waiting": 0, "lost": 0}
    await desk.close()
    await undisturbed.close()
    assert kept(path) == kept(twin)
    assert kept(path)[0] == len(BAD_WEEK)


@virtual
async def test_a_database_that_stays_locked_at_the_end(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "h.db")
    desk.backlog.put(report(0), "berlin")
    await asyncio.sleep(1)
    with locked(tmp_path / "h.db"):
        desk.backlog.put(report(1), "berlin")
        desk.backlog.put(report(2), "berlin")
        await desk.close()
    assert desk.names() == {"history-not-written": 1, "history-lost": 1}
    assert desk.events[-1].facts["runs"] == 2


@virtual
async def test_a_fault_that_nobody_foresaw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path / "h.db")
    with monkeypatch.context() as patched:
        patched.setattr(History, "record_entries", lambda *_: 1 / 0)
        desk.backlog.put(report(0), "berlin")
        await asyncio.sleep(10 * RETRY_S)
    assert desk.names() == {"history-not-written": 1}
    assert "internal error: ZeroDivisionError" in str(desk.events[0].facts["reason"])
    await asyncio.sleep(2 * RETRY_S)
    await desk.close()
    assert kept(tmp_path / "h.db")[0] == 1


@virtual
async def test_old_runs_are_forgotten_once_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    purges: list[tuple[float, float]] = []
    purge = History.purge

    def noted(self: History, keep_days: float, at: object) -> int:
        purges.append((keep_days, loop.time()))
        return purge(self, keep_days, moment(0) + timedelta(days=100))

    monkeypatch.setattr(History, "purge", noted)
    loop = asyncio.get_running_loop()
    desk = Desk(tmp_path / "h.db", keep_days=7)
    for number in range(50):
        desk.backlog.put(report(number), "berlin")
        await asyncio.sleep(3600)
    await desk.close()
    assert [(days, time // 86400) for days, time in purges] == [(7, 0), (7, 1), (7, 2)]
    # The last run before the second purge, and those after it.
    assert kept(tmp_path / "h.db")[0] == 2


@virtual
async def test_faults_that_nobody_foresaw_in_forgetting_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither ends the recording, nor what the watch still has to write after it."""
    desk = Desk(tmp_path / "h.db", keep_days=7)
    with monkeypatch.context() as patched:
        patched.setattr(History, "purge", lambda *_: 1 / 0)
        desk.backlog.put(report(0), "berlin")
        await asyncio.sleep(RETRY_S)
    assert desk.names() == {"history-not-purged": 1}
    desk.backlog.put(report(1), "berlin")
    await asyncio.sleep(RETRY_S)
    assert not desk.task.done()
    assert kept(tmp_path / "h.db")[0] == 2
    with monkeypatch.context() as patched:
        patched.setattr(History, "record_entries", lambda *_: 1 / 0)
        desk.backlog.put(report(2), "berlin")
        await desk.close()
    assert desk.events[-1].name == "history-lost"
    assert desk.events[-1].facts["runs"] == 1


async def test_a_call_that_does_not_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for it is bounded, and the end does not wait."""
    monkeypatch.setattr(backlog_module, "MAX_QUEUED", 5)
    released = threading.Event()
    monkeypatch.setattr(History, "record_entries", lambda *_: released.wait())
    desk = Desk(tmp_path / "h.db")
    desk.backlog.put(report(0), "berlin")
    await asyncio.sleep(0.05)
    for number in range(9):
        desk.backlog.put(report(number), "berlin")
    assert desk.names() == {"history-not-written": 1}
    desk.task.cancel()
    await desk.backlog.close(0.05)
    assert desk.events[-1].name == "history-lost"
    assert desk.events[-1].facts["reason"] == "the database takes too long"
    released.set()
    desk.history.close()
