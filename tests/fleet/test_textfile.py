"""The textfile: whole at every moment, and written again and again beside the watch."""

from __future__ import annotations

import asyncio
import errno
import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.fleet.virtual_time import run_in_virtual_time, virtual
from tests.fleet.watching import REPORTS, Program, Script, World, judge_simply, plan_of, planned
from vpnprobe.fleet import measuring
from vpnprobe.fleet.events import Event
from vpnprobe.fleet.measuring import Unmeasured
from vpnprobe.fleet.metrics import labels_of
from vpnprobe.fleet.plan import PlannedProbe
from vpnprobe.fleet.textfile import GATHER_S, RETRY_S, Textfile, TextfileKeeper
from vpnprobe.model.finding import Report
from vpnprobe.model.sample import Sample
from vpnprobe.render.prometheus import exposition

AT = datetime(2026, 11, 21, tzinfo=UTC)
A, B = planned("a"), planned("b")


def success(
    planned: PlannedProbe, outcome: Report | Unmeasured, _at: datetime, _last_success: datetime | None
) -> Iterable[Sample]:
    good = isinstance(outcome, Report) and outcome.verdict == "pass"
    yield Sample("vpnprobe_probe_success", labels_of(planned), good)


def values(path: Path) -> list[str]:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return [re.sub(r'vpnprobe_probe_success\{.*probe="(\w+)".*\}', r"\1", line) for line in lines]


@pytest.fixture
def file(tmp_path: Path) -> Textfile:
    return Textfile(tmp_path / "vpnprobe.prom", success, exposition)


def test_the_file_has_the_last_run_of_each_probe(file: Textfile) -> None:
    file.put(A, Unmeasured("x"), AT, None)
    file.put(B, REPORTS["pass"], AT, None)
    file.put(A, REPORTS["pass"], AT, None)
    file.write()
    assert values(file.path) == ["a 1.0", "b 1.0"]
    file.keep({"b", "c"})
    file.write()
    assert values(file.path) == ["b 1.0"]
    assert list(file.path.parent.iterdir()) == [file.path]


def test_others_may_read_it_whatever_the_mask(file: Textfile) -> None:
    before = os.umask(0o077)
    try:
        file.write()
    finally:
        os.umask(before)
    assert file.path.stat().st_mode & 0o777 == 0o644


def test_what_cannot_be_written_leaves_the_old_file_and_nothing_else(
    file: Textfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.put(A, REPORTS["pass"], AT, None)
    file.write()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    file.put(A, REPORTS["fail"], AT, None)
    with pytest.raises(OSError, match="No space left"):
        file.write()
    assert values(file.path) == ["a 1.0"]
    assert list(file.path.parent.iterdir()) == [file.path]


def test_a_half_written_file_is_none_that_the_collector_reads(file: Textfile, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write()
    seen: list[tuple[list[Path], int]] = []

    def look(_descriptor: int) -> None:
        seen.append((list(file.path.parent.glob("*.prom")), len(list(file.path.parent.iterdir()))))

    monkeypatch.setattr(os, "fsync", look)
    file.write()
    assert seen == [([file.path], 2)]


# --- beside the watch ---


@virtual
async def test_what_cannot_be_written_is_told_once_and_tried_again(tmp_path: Path) -> None:
    events: list[Event] = []
    folder = tmp_path / "later"
    file = Textfile(folder / "vpnprobe.prom", success, exposition)
    keeper = TextfileKeeper(file, events.append)
    task = asyncio.create_task(keeper.run())
    keeper.put(A, REPORTS["pass"], AT, None)
    await asyncio.sleep(10 * RETRY_S)
    where = {"file": str(file.path)}
    assert events == [Event("metrics-not-written", "error", {**where, "reason": "No such file or directory"})]
    folder.mkdir()
    await asyncio.sleep(RETRY_S)
    assert events[1:] == [Event("metrics-written-again", "info", where)]
    assert values(file.path) == ["a 1.0"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@virtual
async def test_runs_that_end_together_are_written_together(file: Textfile, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(file, "write_text", written.append)
    keeper = TextfileKeeper(file, lambda _: None)
    task = asyncio.create_task(keeper.run())
    for number in range(20):
        keeper.put(planned(f"p{number}"), REPORTS["pass"], AT, None)
        await asyncio.sleep(GATHER_S / 20)
    await asyncio.sleep(10 * GATHER_S)
    assert len(written) == 2
    assert written[-1].count("probe=") == 20
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_the_watch_writes_what_came_of_each_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "judge", judge_simply)
    world = World({"good": Script(), "bad": Script(finds=lambda _: "fail"), "new": Script()})
    file = Textfile(tmp_path / "vpnprobe.prom", success, exposition)
    seen: list[list[str]] = []

    async def run() -> None:
        plan = plan_of(world, [planned("good"), planned("bad")])
        program = Program(world, plan, tmp_path / "state", textfile=TextfileKeeper(file, world.tell))
        async with program.running() as watch:
            await asyncio.sleep(600)
            seen.append(values(file.path))
            program.plan = plan_of(world, [planned("bad"), planned("new")])
            watch.reload()
            await asyncio.sleep(600)
            seen.append(values(file.path))

    run_in_virtual_time(run())
    assert [sorted(lines) for lines in seen] == [["bad 0.0", "good 1.0"], ["bad 0.0", "new 1.0"]]
    assert not world.told("metrics-not-written")


def test_a_watch_that_is_started_again_writes_what_is_known_of_all_its_probes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But nothing of one that is another one by now, or that ran while no file was written."""
    monkeypatch.setattr(measuring, "judge", judge_simply)
    world = World({"often": Script(), "rare": Script(), "bad": Script(finds=lambda _: "fail")})
    path = tmp_path / "vpnprobe.prom"

    def values_after(*probes: PlannedProbe, keeps_file: bool = True) -> list[str]:
        """Watch for ten minutes; the runs in that time, and the values in the file."""
        path.unlink(missing_ok=True)
        world.runs.clear()
        keeper = TextfileKeeper(Textfile(path, success, exposition), world.tell) if keeps_file else None

        async def watch() -> None:
            async with Program(world, plan_of(world, probes), tmp_path / "state", textfile=keeper).running():
                await asyncio.sleep(600)

        run_in_virtual_time(watch())
        world.began += 600
        return sorted(values(path)) if keeps_file else []

    often = planned("often")
    rare, bad = (planned(name, interval_s=86400.0, jitter_s=0.0) for name in ("rare", "bad"))
    moved = planned("rare", interval_s=86400.0, jitter_s=0.0, labels={"site": "Bern"})
    everything = ["bad 0.0", "often 1.0", "rare 1.0"]
    assert values_after(often, rare, bad) == everything
    assert values_after(often, rare, bad) == everything
    assert set(world.runs) == {"often"}
    assert values_after(often, moved) == ["often 1.0"]
    world.began += 86400
    assert values_after(often, rare, keeps_file=False) == []
    assert set(world.runs) == {"often", "rare"}
    assert values_after(often, rare) == ["often 1.0"]


def test_the_last_success_outlives_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "judge", judge_simply)
    world = World({"a": Script(finds=lambda at: "pass" if at < 600 else "fail")})
    told: list[tuple[str, datetime | None]] = []

    def note(
        _planned: PlannedProbe, outcome: Report | Unmeasured, _at: datetime, last_success: datetime | None
    ) -> Iterable[Sample]:
        assert isinstance(outcome, Report)
        told.append((outcome.verdict, last_success))
        return ()

    for _ in range(2):
        keeper = TextfileKeeper(Textfile(tmp_path / "vpnprobe.prom", note, exposition), world.tell)

        async def watch(keeper: TextfileKeeper = keeper) -> None:
            plan = plan_of(world, [planned("a")])
            async with Program(world, plan, tmp_path / "state", textfile=keeper).running():
                await asyncio.sleep(600)

        run_in_virtual_time(watch())
        world.began += 600
    at = REPORTS["pass"].ended_at
    assert set(told) == {("pass", at), ("fail", at)}
