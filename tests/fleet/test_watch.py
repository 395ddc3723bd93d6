"""The watch as a whole, in virtual time: no interval without a run or a reason, no false alarm, nothing forgotten."""

from __future__ import annotations

import asyncio
import dataclasses
import errno
import gc
import itertools
import os
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random

import msgspec
import pytest

from tests.fleet import watching
from tests.fleet.virtual_time import EPOCH, now, run_in_virtual_time
from tests.fleet.watching import Program, Script, World, plan_of, planned
from vpnprobe.fleet import state as state_module
from vpnprobe.fleet import watch as watch_module
from vpnprobe.fleet.measuring import MakeProbe, Probe
from vpnprobe.fleet.plan import Plan
from vpnprobe.fleet.schedule import LEVELS, Level
from vpnprobe.fleet.state import StateFile, WatchState
from vpnprobe.model.errors import UsageError
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.finding import Verdict

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

MakeWorld = Callable[..., World]


# --- a month ---

MONTH = 30 * DAY
CRASH = 12.3 * DAY
DOWN_FOR = 0.7 * DAY
OUTAGES = 3
# Of each thirty: one that is slow for a day, one that hangs, one that does not hear that it should end.
ODD = (7, 13, 21)


def month_script(number: int, interval: float) -> Script:
    """A probe with a few outages and many single failures, of which some are slow, hang, or do not hear."""
    chance = Random(number)
    outages = [(start := chance.uniform(0, MONTH), start + chance.uniform(0, DAY)) for _ in range(OUTAGES)]

    def finds(time: float) -> Verdict:
        if any(start <= time < end for start, end in outages):
            return "fail"
        # By the interval, so that it is the same whenever in it the probe runs.
        return "fail" if Random(f"{number} {time // interval}").random() < 0.02 else "pass"

    match number % 30:
        case 7:
            return Script(finds, takes=lambda time: 2.3 * interval if 5 * DAY < time < 6 * DAY else 1.0)
        case 13:
            return Script(finds, takes=lambda time: 1e9 if 15 * DAY < time < 16 * DAY else 1.0)
        case 21:
            return Script(finds, takes=lambda time: 1e9 if 20 * DAY < time < 21 * DAY else 1.0, deaf=lambda _: 3 * HOUR)
    return Script(finds, takes=lambda _: chance.uniform(0.1, 20))


def alarms_by_counting(results: Sequence[Level]) -> list[Level]:
    """Return the alarms and all-clears that three bad and two good results in a row make; results are no warnings."""
    told: list[Level] = []
    level: Level | None = None
    bad = good = 0
    for number, one in enumerate(results, start=1):
        bad, good = (0, good + 1) if one == "ok" else (bad + 1, 0)
        if bad >= 3:
            reached: Level = "unknown" if "unknown" in results[number - 3 : number] else "critical"
            if level != "critical" and level != reached:
                told.append(level := reached)
        elif good >= 2 and level != "ok":
            if level is not None:
                told.append("ok")
            level = "ok"
    return told


def test_a_month_of_300_probes_with_a_crash(
    simple_world: MakeWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_module, "GATHER_S", HOUR)
    intervals = {
        f"p{number}": (30 * MINUTE, 2 * HOUR, 6 * HOUR)[(number >= 20) + (number >= 100)] for number in range(300)
    }
    scripts = {name: month_script(number, interval) for number, (name, interval) in enumerate(intervals.items())}
    world = simple_world(**scripts)
    plan = plan_of(
        world, [planned(name, interval_s=interval, deadline_s=3 * interval) for name, interval in intervals.items()]
    )
    file = tmp_path / "state.json"

    async def until(end: float) -> bytes:
        async with Program(world, plan, file).running():
            await asyncio.sleep(end - world.time())
            return file.read_bytes()

    left = run_in_virtual_time(until(CRASH))
    # What the program wrote when it was asked to end is taken back: it was not asked.
    file.write_bytes(left)
    before = Account(world)
    world.began = CRASH + DOWN_FOR
    run_in_virtual_time(until(MONTH))
    after = Account(world, since=len(before.events))

    # Nothing ran twice at once, nor more at once than may, but for what does not hear.
    assert world.overlaps == []
    assert world.most <= 32 + 10

    # Every interval has its run or its reason.
    for name, interval in intervals.items():
        slots = [int(time // interval) for time in world.runs[name] if time < CRASH]
        assert len(slots) == len(set(slots))
        assert before.accounted(name) in (int(CRASH // interval), int(CRASH // interval) + 1)
        [first, *_] = [time for time in world.runs[name] if time > CRASH]
        assert CRASH + DOWN_FOR <= first <= CRASH + DOWN_FOR + 1.1 * interval
        assert after.accounted(name) == pytest.approx((MONTH - first) / interval, abs=1.1)
    reasons = {(name, reason) for name, reason in world.missed() if name is not None}
    assert reasons == {(f"p{number}", "the run before took so long") for number in range(300) if number % 30 in ODD}
    last_runs = msgspec.json.decode(left, type=WatchState).probes
    whole = [
        int((world.began - (known.last_run - EPOCH).total_seconds()) // intervals[name]) - 1
        for name, known in last_runs.items()
        if known.last_run is not None
    ]
    assert world.missed()[None, "vpnprobe did not run"] == sum(count for count in whole if count > 0)

    # Every alarm and all-clear is told once, in order, and nothing else is. What the crash made forget is left out.
    # (The moment is rounded to microseconds.)
    saved = (msgspec.json.decode(left, type=WatchState).saved_at - EPOCH).total_seconds() + 1e-3
    for name in intervals:
        results = [one for time, one in before.results[name] if time <= saved] + [one for _, one in after.results[name]]
        delivered = list({alert.id: alert.level for alert in world.alerts if alert.probe == name}.values())
        assert delivered == alarms_by_counting(results), name
    assert len(world.alerts) > 300
    assert not world.names().keys() & {"internal-error", "state-not-written", "alert-given-up"}


class Account:
    """What the events of one run of the program say of each probe."""

    def __init__(self, world: World, since: int = 0) -> None:
        self.events = world.events[since:]
        self.results: dict[object, list[tuple[float, Level]]] = defaultdict(list)
        self._missed: Counter[object] = Counter()
        for time, event in zip(world.told_at[since:], self.events, strict=True):
            name = event.facts.get("probe")
            if event.name == "run":
                result = event.facts["result"]
                assert result in LEVELS
                self.results[name].append((time, result))
            elif event.name == "intervals-missed":
                count = event.facts["missed"]
                assert isinstance(count, int)
                self._missed[name] += count

    def accounted(self, name: str) -> int:
        return len(self.results[name]) + self._missed[name]


# --- what can go wrong ---


def fails_between(start: float, end: float) -> Script:
    return Script(lambda time: "fail" if start <= time < end else "pass")


def test_a_state_change_is_one_event_and_one_alert(simple_world: MakeWorld, tmp_path: Path) -> None:
    world = simple_world(berlin=fails_between(HOUR, 2 * HOUR), hamburg=Script())
    plan = plan_of(world, [planned("berlin"), planned("hamburg")])

    async def run() -> None:
        async with Program(world, plan, tmp_path / "state").running():
            await asyncio.sleep(4 * HOUR)

    run_in_virtual_time(run())
    told = [(facts["probe"], facts["from"], facts["to"]) for facts in world.told("state-change")]
    assert sorted(told[:2]) == [("berlin", None, "ok"), ("hamburg", None, "ok")]
    assert told[2:] == [("berlin", "ok", "critical"), ("berlin", "critical", "ok")]
    alarm, clear = world.alerts
    assert (alarm.before, alarm.level, alarm.text) == ("ok", "critical", "fail: told")
    assert (clear.before, clear.level, clear.since) == ("critical", "ok", alarm.at)
    # The third failure in a row, and the second success.
    assert HOUR + 10 * MINUTE < (alarm.at - EPOCH).total_seconds() < HOUR + 16 * MINUTE
    assert 2 * HOUR + 5 * MINUTE < (clear.at - EPOCH).total_seconds() < 2 * HOUR + 11 * MINUTE
    assert [facts["id"] for facts in world.told("state-change")[2:]] == [alarm.id, clear.id]


def test_one_that_hangs_holds_up_nobody(simple_world: MakeWorld, tmp_path: Path) -> None:
    """Fewer hang than may run at once; each of the others still has its run in every interval."""
    hanging = {f"hangs{number}": Script(takes=lambda _: 1e9) for number in range(3)}
    world = simple_world(**hanging, **{f"good{number}": Script() for number in range(20)})
    plan = plan_of(world, [planned(name, deadline_s=1e8 if name == "hangs0" else 60.0) for name in world.scripts])

    async def run() -> None:
        async with Program(world, plan, tmp_path / "state", at_once=4).running():
            await asyncio.sleep(DAY)

    run_in_virtual_time(run())
    assert {len(world.runs[f"good{number}"]) for number in range(20)} == {288}
    assert len(world.runs["hangs0"]) == 1
    assert len(world.runs["hangs1"]) == 288
    assert not world.missed()
    assert {alert.probe: alert.level for alert in world.alerts} == {"hangs1": "unknown", "hangs2": "unknown"}


def test_when_all_places_are_taken_that_is_told(simple_world: MakeWorld, tmp_path: Path) -> None:
    world = simple_world(**{f"slow{number}": Script(takes=lambda _: 100.0) for number in range(6)})
    plan = plan_of(world, [planned(name, deadline_s=200.0) for name in world.scripts])

    async def run() -> None:
        async with Program(world, plan, tmp_path / "state", at_once=1).running():
            await asyncio.sleep(DAY)

    run_in_virtual_time(run())
    assert world.most == 1
    runs = sum(map(len, world.runs.values()))
    assert runs == pytest.approx(864, abs=2)
    missed = {(probe, reason): count for (probe, reason), count in world.missed().items()}
    assert {reason for _, reason in missed} == {"too many other probes were running"}
    assert runs + sum(missed.values()) == pytest.approx(6 * 288, abs=12)


def test_a_gateway_that_hangs_with_all_its_probes(simple_world: MakeWorld, tmp_path: Path) -> None:
    """Few dial it at once; the others have theirs in every interval."""
    bad, good = [f"bad{number}" for number in range(60)], [f"good{number}" for number in range(10)]
    world = simple_world(**dict.fromkeys(bad, Script(takes=lambda _: 1e9)), **dict.fromkeys(good, Script()))
    plan = plan_of(
        world, [planned(name, target=name[:3] if name in bad else None, deadline_s=55.0) for name in world.scripts]
    )

    async def run() -> None:
        async with Program(world, plan, tmp_path / "state", at_once=3).running():
            await asyncio.sleep(DAY)

    run_in_virtual_time(run())
    assert world.most <= 3
    assert {len(world.runs[name]) for name in good} == {288}
    missed = world.missed()
    assert {reason for _, reason in missed} == {"too many other probes were running"}
    # Every one of them has its turn: two at a time, a minute each.
    turns = [len(world.runs[name]) for name in bad]
    assert sum(turns) == pytest.approx(2 * 1440, rel=0.01)
    assert max(turns) - min(turns) <= 2
    for name in bad:
        assert len(world.runs[name]) + missed[name, "too many other probes were running"] == pytest.approx(288, abs=7)


def test_one_that_does_not_hear_is_not_started_again(simple_world: MakeWorld, tmp_path: Path) -> None:
    world = simple_world(
        deaf=Script(takes=lambda time: 1e9 if time < MINUTE else 1.0, deaf=lambda _: HOUR), good=Script()
    )
    plan = plan_of(world, [planned("deaf", deadline_s=30.0), planned("good")])

    async def run() -> None:
        async with Program(world, plan, tmp_path / "state", at_once=1).running():
            await asyncio.sleep(2 * HOUR)

    run_in_virtual_time(run())
    assert world.overlaps == []
    texts = [facts["text"] for facts in world.told("run") if facts["probe"] == "deaf"]
    assert texts[0] == "inconclusive: told"
    stuck = "UNKNOWN: an earlier run of this probe was stopped at its deadline and does not end"
    assert texts[1:12] == [stuck] * 11
    assert texts[13:] == ["pass: told"] * (len(texts) - 13)
    assert [(alert.probe, alert.level) for alert in world.alerts] == [("deaf", "unknown"), ("deaf", "ok")]
    assert len(world.runs["good"]) == 24


def test_a_probe_that_cannot_be_made_and_one_with_a_bug(simple_world: MakeWorld, tmp_path: Path) -> None:
    world = simple_world(good=Script())

    def no_file() -> Probe:
        raise UsageError("--client-cert lsc.pem: No such file\x1b[31m")

    def bug() -> Probe:
        raise ZeroDivisionError("never")

    class Raises:
        async def run(self) -> Evidence:
            raise IndexError("deep within")

        def evidence(self, interrupted: object = None) -> Evidence:
            raise NotImplementedError

    names = ("good", "no-file", "bug", "raises")
    makers: dict[str, MakeProbe] = {"good": world.maker("good"), "no-file": no_file, "bug": bug, "raises": Raises}
    plan = Plan(probes=tuple(map(planned, names)), makers=makers)

    async def run() -> None:
        async with Program(world, plan, tmp_path / "state").running():
            await asyncio.sleep(HOUR)

    run_in_virtual_time(run())
    texts = {facts["probe"]: facts["text"] for facts in world.told("run")}
    assert texts == {
        "good": "pass: told",
        "no-file": "UNKNOWN: --client-cert lsc.pem: No such file [31m",
        "bug": "UNKNOWN: internal error: ZeroDivisionError",
        "raises": "UNKNOWN: internal error: IndexError",
    }
    assert len(world.runs["good"]) == 12
    lines = [str(facts["line"]) for facts in world.told("internal-error")]
    assert "ZeroDivisionError: never" in lines
    assert any("deep within" in line for line in lines)
    assert {alert.probe for alert in world.alerts} == {"no-file", "bug", "raises"}


# --- the plan is read again ---


def test_a_new_plan(simple_world: MakeWorld, tmp_path: Path) -> None:
    world = simple_world(
        stays=Script(takes=lambda _: 20.0), goes=Script(), changes=fails_between(0, 1e9), comes=Script()
    )
    first = plan_of(world, [planned("stays"), planned("goes"), planned("changes")])
    second = plan_of(world, [planned("stays"), planned("changes", interval_s=3600.0), planned("comes")])
    second = dataclasses.replace(second, state="elsewhere", at_once=7)

    async def run() -> None:
        program = Program(world, first, tmp_path / "state")
        async with program.running() as watch:
            await asyncio.sleep(HOUR)
            program.plan = second
            watch.reload()
            await asyncio.sleep(3 * HOUR)

    run_in_virtual_time(run())
    assert world.told("plan-reloaded") == [
        {"probes": 3, "new": 1, "gone": 1, "changed": 1, "need_a_restart": "state, at_once"}
    ]
    # Undisturbed; no more; at once and then with the new interval; at once.
    assert len(world.runs["stays"]) == 48
    assert len(world.runs["goes"]) == 12
    assert [HOUR < time < HOUR + 6 * MINUTE for time in world.runs["changes"][12:]] == [True, False, False]
    assert HOUR < world.runs["comes"][0] < HOUR + MINUTE
    # Its condition outlived the change: there was one alarm.
    assert [(alert.probe, alert.level) for alert in world.alerts] == [("changes", "critical")]
    assert world.overlaps == []
    kept = msgspec.json.decode((tmp_path / "state").read_bytes(), type=WatchState)
    assert set(kept.probes) == {"stays", "changes", "comes"}


def test_a_wrong_plan_is_told_and_the_old_one_kept(simple_world: MakeWorld, tmp_path: Path) -> None:
    world = simple_world(berlin=Script())
    plan = plan_of(world, [planned("berlin")])

    async def run() -> None:
        program = Program(world, plan, tmp_path / "state")
        async with program.running() as watch:
            for wrong in (UsageError("plan.toml, line 7: no"), ZeroDivisionError()):
                await asyncio.sleep(HOUR)
                program.plan = wrong
                watch.reload()
            await asyncio.sleep(HOUR)
            program.plan = plan
            watch.reload()
            await asyncio.sleep(HOUR)

    run_in_virtual_time(run())
    reasons = [facts["reason"] for facts in world.told("plan-refused")]
    assert reasons == ["plan.toml, line 7: no", "internal error: ZeroDivisionError()"]
    assert world.told("plan-reloaded") == [{"probes": 1, "new": 0, "gone": 0, "changed": 0, "need_a_restart": None}]
    assert len(world.runs["berlin"]) == 48


def test_a_changed_probe_waits_for_the_end_of_its_run(simple_world: MakeWorld, tmp_path: Path) -> None:
    world = simple_world(berlin=Script(takes=lambda _: 1e9, deaf=lambda _: 3.0))
    first, second = (plan_of(world, [planned("berlin", deadline_s=deadline, jitter_s=0)]) for deadline in (1e8, 1e9))

    async def run() -> None:
        program = Program(world, first, tmp_path / "state")
        async with program.running() as watch:
            await asyncio.sleep(HOUR)
            program.plan = second
            watch.reload()
            await asyncio.sleep(MINUTE)

    run_in_virtual_time(run())
    assert world.overlaps == []
    assert world.runs["berlin"] == pytest.approx([0, HOUR + 3])


# --- the disk, the clock, the end ---


def test_a_disk_that_is_full_for_a_while(
    simple_world: MakeWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alarms are raised and told all the same, the trouble is said once, and afterwards the file is as it should be."""
    world = simple_world(berlin=fails_between(2 * HOUR, 3 * HOUR))
    plan = plan_of(world, [planned("berlin")])
    write, full = StateFile.write, [False]

    def write_if_room(self: StateFile, state: WatchState) -> None:
        if full[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(self, state)

    monkeypatch.setattr(StateFile, "write", write_if_room)

    async def run() -> None:
        async with Program(world, plan, tmp_path / "state").running():
            await asyncio.sleep(HOUR)
            full[0] = True
            await asyncio.sleep(3 * HOUR)
            full[0] = False
            await asyncio.sleep(HOUR)

    run_in_virtual_time(run())
    assert [facts["reason"] for facts in world.told("state-not-written")] == ["No space left on device"]
    assert world.names()["state-written-again"] == 1
    assert [alert.level for alert in world.alerts] == ["critical", "ok"]
    # Nor did an alert wait for the disk.
    [at] = [
        time
        for time, event in zip(world.told_at, world.events, strict=True)
        if event.facts.get("to") == "critical" and event.name == "alert-delivered"
    ]
    assert at == pytest.approx((world.alerts[0].at - EPOCH).total_seconds(), abs=1)
    kept = msgspec.json.decode((tmp_path / "state").read_bytes(), type=WatchState)
    assert kept.probes["berlin"].condition.level == "ok"


def test_a_clock_that_is_set_changes_no_rhythm(
    simple_world: MakeWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = simple_world(berlin=Script())
    plan = plan_of(world, [planned("berlin", jitter_s=0)])
    wrong_by = [0.0]
    monkeypatch.setattr(watching, "now", lambda: now() + timedelta(seconds=wrong_by[0]))

    async def run() -> None:
        async with Program(world, plan, tmp_path / "state").running():
            for wrong_by[0] in (0.0, 7200.0, -3600.0, -3603.0):
                await asyncio.sleep(HOUR - 1)

    run_in_virtual_time(run())
    assert world.runs["berlin"] == [300.0 * number for number in range(48)]
    assert [facts["seconds"] for facts in world.told("clock-set")] == [7200, -10800]


def test_the_end_comes_at_once_and_nothing_is_forgotten(simple_world: MakeWorld, tmp_path: Path) -> None:
    """Also while one probe runs, and one does not even hear; a run that was cut short is no result."""
    world = simple_world(
        berlin=fails_between(0, 1e9),
        long=Script(takes=lambda _: 1e9),
        deaf=Script(takes=lambda _: 1e9, deaf=lambda _: 1e9),
    )
    plan = plan_of(world, [planned(name, deadline_s=1e10) for name in world.scripts])

    async def run() -> tuple[float, int]:
        async with Program(world, plan, tmp_path / "state").running():
            await asyncio.sleep(HOUR)
            began = world.time()
        return world.time() - began, len(asyncio.all_tasks())

    took, tasks = run_in_virtual_time(run())
    assert took <= 10
    # This one, and what does not hear.
    assert tasks == 2
    assert {facts["probe"] for facts in world.told("run")} == {"berlin"}
    assert world.told("ended") == [{"undelivered": 0}]
    world.began = HOUR + MINUTE
    run_in_virtual_time(run())
    assert [alert.level for alert in world.alerts] == ["critical"]
    # The rhythm goes on, but for the minute between the two.
    gaps = [later - earlier for earlier, later in itertools.pairwise(world.runs["berlin"])]
    assert all(260 < gap < 400 for gap in gaps)


def test_two_watches_of_one_state(simple_world: MakeWorld, tmp_path: Path) -> None:
    world = simple_world(berlin=Script())
    plan = plan_of(world, [planned("berlin")])

    async def run() -> None:
        async with Program(world, plan, tmp_path / "state").running():
            with pytest.raises(UsageError, match="another vpnprobe watch uses it"):
                await Program(world, plan, tmp_path / "state").watch.run()

    run_in_virtual_time(run())
    run_in_virtual_time(run())


def test_a_bug_in_the_watch_itself_ends_it(
    simple_world: MakeWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A probe that nobody attends to any more would be worse."""
    world = simple_world(berlin=Script(), hamburg=Script())
    plan = plan_of(world, [planned("berlin"), planned("hamburg")])
    monkeypatch.setattr(watch_module, "due_at", lambda *_: 1 / 0)

    async def run() -> None:
        await Program(world, plan, tmp_path / "state").watch.run()

    with pytest.raises(ZeroDivisionError):
        run_in_virtual_time(run())


# --- nothing grows ---


def test_memory_and_open_files_stay_flat(simple_world: MakeWorld, tmp_path: Path) -> None:
    world = simple_world(**{f"p{number}": fails_between(number * HOUR, 20 * HOUR) for number in range(10)})
    plan = plan_of(world, [planned(name) for name in world.scripts])

    def now_used() -> tuple[int, int, int]:
        for kept in (world.events, world.told_at, world.alerts):
            kept.clear()
        world.runs.clear()
        world.results.clear()
        gc.collect()
        return tracemalloc.get_traced_memory()[0], len(list(Path("/proc/self/fd").iterdir())), len(asyncio.all_tasks())

    async def run() -> list[tuple[int, int, int]]:
        program = Program(world, plan, tmp_path / "state")
        used = []
        async with program.running() as watch:
            for _ in range(3):
                for _ in range(10):
                    await asyncio.sleep(2 * HOUR)
                    watch.reload()
                await asyncio.sleep(MINUTE)
                used.append(now_used())
        return used

    tracemalloc.start()
    try:
        memory, files, tasks = zip(*run_in_virtual_time(run()), strict=True)
    finally:
        tracemalloc.stop()
    assert len(set(files)) == len(set(tasks)) == 1
    # What leaks grows in every round; what is grown once, such as a table of the interpreter's, does not.
    assert min(later - earlier for earlier, later in itertools.pairwise(memory)) < 16 << 10
