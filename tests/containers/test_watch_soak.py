"""Ten minutes of a watch over gateways that die, hang, come back and change, on a disk that fills up now and then."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.fleet.test_watch_live import DOWN, UP, Scene, bad_day, open_files, scene

pytestmark = [pytest.mark.container, pytest.mark.soak]

MINUTES = 10
INTERVAL_S = 1.0
NAMES = ("phone", "gateway", "other")

# What the process may grow by from the second round on: one round touches some megabytes, which Python keeps.
GROWTH = 8 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    if os.geteuid() != 0:
        pytest.fail("mounting a disk of its own needs root", pytrace=False)
    path = tmp_path / "disk"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", path], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Leave no room on it while the body runs."""
    filler = disk / "filler"
    try:
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as stream:
            while stream.write(bytes(4096)):
                pass
        yield
    finally:
        filler.unlink()


@contextmanager
def locked(database: Path) -> Iterator[None]:
    with closing(sqlite3.connect(database, timeout=10)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.rollback()


async def troubled_day(day: Scene, disk: Path) -> None:
    """An outage while nothing can be written, and another one while the history is locked."""
    for trouble in (full(disk), locked(day.database)):
        with trouble:
            await day.gateway.become("dead")
            await day.until(*DOWN)
            await day.runs(3)
        await day.gateway.become("healthy")
        await day.until(*UP)
        await day.runs(3)


def resident() -> int:
    """Bytes of memory that this process has now."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


def test_ten_minutes(disk: Path) -> None:
    rounds: list[tuple[int, int]] = []
    ran = Counter[str]()
    missed = Counter[str]()

    async def soak() -> None:
        ends = time.monotonic() + MINUTES * 60
        async with scene(disk, interval_s=INTERVAL_S) as day:
            began = time.monotonic()
            while time.monotonic() < ends:
                await bad_day(day)
                await troubled_day(day, disk)
                note(day)
                rounds.append((resident(), open_files()))
            took = time.monotonic() - began
        note(day)
        # No interval without its run or its reason, none twice.
        for name in NAMES:
            assert ran[name] + missed[name] == pytest.approx(took / INTERVAL_S, abs=2)
        assert missed["other"] == 0
        changes = day.changes()
        assert len(changes["other"]) == 1
        verdicts = [change.after.verdict for change in changes["phone"] if change.before != change.after]
        # In every round: dead, silent, renewed, dead, dead, each followed by good ones.
        assert verdicts.count("pass") == 1 + 5 * len(rounds)

    def note(day: Scene) -> None:
        names = Counter(event.name for event in day.events)
        assert not names.keys() & {"internal-error", "history-lost", "alert-given-up", "alert-not-delivered"}
        for event in day.events:
            probe = str(event.facts.get("probe"))
            if event.name == "run":
                ran[probe] += 1
            elif event.name == "intervals-missed":
                assert event.facts["reason"] == "the run before took so long"
                count = event.facts["missed"]
                assert isinstance(count, int)
                missed[probe] += count
        assert day.told() == []
        day.events.clear()

    asyncio.run(soak())
    assert len(rounds) > 5
    (memory, files), (memory_late, files_late) = rounds[1], rounds[-1]
    assert memory_late - memory < GROWTH, rounds
    assert abs(files_late - files) <= 5, rounds
