"""Runs the probes of a plan again and again, each in its own rhythm, and holds what is true of each of them.

Every probe has a task of its own that does one thing after the other, so a slow one never overlaps itself, and one that
hangs holds up none of the others. Nothing of a run is kept but its level; nothing that goes wrong with a probe, an
alert, the state or the history ends the watch.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from vpnprobe.fleet.alert import Alert, alert_id
from vpnprobe.fleet.alerts import Alerts
from vpnprobe.fleet.background import in_background
from vpnprobe.fleet.backlog import HistoryBacklog
from vpnprobe.fleet.channels import channels_of
from vpnprobe.fleet.checking import DEFAULT_AT_ONCE, Places
from vpnprobe.fleet.events import Event, Fact, Gravity, Tell
from vpnprobe.fleet.measuring import MakeProbe, Measurement, Unmeasured, success_of
from vpnprobe.fleet.plan import Plan, PlannedProbe
from vpnprobe.fleet.schedule import (
    LEVEL_OF,
    LEVELS,
    Condition,
    Level,
    Thresholds,
    current_interval,
    due_at,
    first_start,
    next_interval,
    with_result,
)
from vpnprobe.fleet.state import ProbeState, StateFile, StateKeeper, WatchState
from vpnprobe.fleet.textfile import TextfileKeeper
from vpnprobe.history.store import Recorded
from vpnprobe.model.errors import UsageError
from vpnprobe.model.finding import Report
from vpnprobe.transport.supervisor import Supervisor

# What the last words to alerts, history and state may take when the watch ends, each. Seconds.
PATIENCE_S: Final = 2.0

# How often the clock is looked at, and the service manager told that all is well; seconds. Less where it wants more.
BEAT_S: Final = 30.0

# The clock that people read may be corrected by less than this without a word. Seconds.
CLOCK_STEP_S: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the watch needs of the world. `load` reads the plan again or raises `UsageError`; it may block.

    `now` is the clock that people read; intervals go by the event loop's own, which never jumps. `chance` gives numbers
    from 0 to 1, `status_line` what is told of a report.
    """

    load: Callable[[], Plan]
    tell: Tell
    now: Callable[[], datetime]
    chance: Callable[[], float]
    status_line: Callable[[Report], str]
    state: StateFile
    history: HistoryBacklog | None
    supervisor: Supervisor
    textfile: TextfileKeeper | None = None
    at_once: int = DEFAULT_AT_ONCE


class Watch:
    """The watch over one plan. `run` runs until it is asked to `stop`; `reload` reads the plan again."""

    def __init__(self, surroundings: Surroundings, plan: Plan) -> None:
        self._world = surroundings
        self._plan = plan
        self._tell = surroundings.tell
        self._now = surroundings.now
        self._places = Places(surroundings.at_once)
        self._keeper = StateKeeper(surroundings.state, self._snapshot, surroundings.tell)
        self._alerts = Alerts({}, self._tell, self._now, settled=self._keeper.settled, changed=self._keeper.touch)
        self._makers: Mapping[str, MakeProbe] = {}
        self._states: dict[str, ProbeState] = {}
        self._measurements: dict[str, Measurement] = {}
        self._planned: dict[str, PlannedProbe] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        if surroundings.history is not None:
            surroundings.history.drifted = self._tell_drift
        self._asked_to_stop = asyncio.Event()
        self._asked_to_reload = asyncio.Event()

    def stop(self) -> None:
        """Ask for the end."""
        self._asked_to_stop.set()

    def reload(self) -> None:
        """Ask for the plan to be read again."""
        self._asked_to_reload.set()

    async def run(self) -> None:
        """Watch until asked to stop. Raises `UsageError` where the state file or an alert's URL cannot be used."""
        channels = channels_of(self._plan.alerts)
        state = self._world.state.open()
        if self._world.state.moved_aside is not None:
            self._tell(Event("state-broken", "error", {"moved_to": str(self._world.state.moved_aside)}))
        services = [self._keeper.run(), self._heed_reloads(), self._beat(), self._wait_for_end()]
        if self._world.history is not None:
            services.append(self._world.history.run())
        if self._world.textfile is not None:
            services.append(self._world.textfile.run())
        tasks = [asyncio.create_task(service) for service in services]
        try:
            self._tell(Event("watching", "info", {"probes": len(self._plan.probes)}))
            self._alerts.use(channels)
            if state is not None:
                self._resume(state)
            self._take_up(self._plan)
            self._world.supervisor.ready(self._status())
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                # None of the others ends but by an error of ours.
                task.result()
        finally:
            await self._end(tasks)

    def _resume(self, state: WatchState) -> None:
        """Go on where an earlier run of the program ended."""
        self._states = dict(state.probes)
        if self._world.textfile is not None:
            for planned in self._plan.probes:
                self._world.textfile.resume(planned, self._states.get(planned.name, ProbeState()).metrics)
        self._alerts.resume(state.undelivered)
        missed = sum(
            first_start(0, planned.interval_s, self._since_last_run(planned.name)).missed
            for planned in self._plan.probes
            if planned.name in self._states
        )
        if missed:
            facts: dict[str, Fact] = {
                "missed": missed,
                "reason": "vpnprobe did not run",
                "since": state.saved_at.isoformat(),
            }
            self._tell(Event("intervals-missed", "warning", facts))

    async def _wait_for_end(self) -> None:
        """Wait until somebody asks for the end; raises what ended the task of a probe, which is an error of ours."""
        await self._asked_to_stop.wait()
        for task in self._tasks.values():
            if task.done():
                task.result()

    async def _end(self, services: list[asyncio.Task[None]]) -> None:
        self._world.supervisor.stopping()
        for task in (*self._tasks.values(), *services):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), *services, return_exceptions=True)
        await self._alerts.close(PATIENCE_S)
        if self._world.history is not None:
            await self._world.history.close(PATIENCE_S)
        if self._world.textfile is not None:
            await self._world.textfile.close(PATIENCE_S)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._keeper.write()
        except TimeoutError:
            self._tell(Event("state-not-written", "error", {"reason": "the disk takes too long"}))
        self._world.state.close()
        self._tell(Event("ended", "info", {"undelivered": len(self._alerts.undelivered)}))

    # --- the plan ---

    async def _heed_reloads(self) -> None:
        while True:
            await self._asked_to_reload.wait()
            self._asked_to_reload.clear()
            self._world.supervisor.reloading()
            try:
                plan = await in_background(self._world.load)
                channels = channels_of(plan.alerts)
            except Exception as error:
                reason = str(error) if isinstance(error, UsageError) else f"internal error: {error!r}"
                self._tell(Event("plan-refused", "error", {"reason": reason, "probes": len(self._planned)}))
            else:
                before, self._plan = self._plan, plan
                self._alerts.use(channels)
                self._take_up(plan)
                self._tell(Event("plan-reloaded", "info", _compared(before, plan)))
            self._world.supervisor.ready(self._status())

    def _take_up(self, plan: Plan) -> None:
        """Watch these from now on. What stays as it is goes on; a condition outlives a change of options."""
        is_start = not self._planned
        before, self._planned = self._planned, {planned.name: planned for planned in plan.probes}
        self._makers = plan.makers
        for name in before:
            if self._planned.get(name) != before[name]:
                self._tasks.pop(name).cancel()
        self._states = {name: self._states.get(name, ProbeState()) for name in self._planned}
        self._measurements = {name: self._measurements.get(name, Measurement()) for name in self._planned}
        if self._world.textfile is not None:
            self._world.textfile.keep(self._planned)
        for name, planned in self._planned.items():
            if name not in self._tasks:
                task = asyncio.create_task(self._attend(planned, at_once=not is_start))
                # It ends when it is cancelled. A probe that nobody attends to any more must not go unnoticed.
                task.add_done_callback(lambda task: None if task.cancelled() else self.stop())
                self._tasks[name] = task
        self._keeper.touch()

    # --- one probe ---

    async def _attend(self, planned: PlannedProbe, *, at_once: bool) -> None:
        """Run one probe again and again.

        With `at_once` it does not wait for the rhythm of earlier runs: the operator wants to see what the change did.
        """
        loop = asyncio.get_running_loop()
        length = planned.interval_s
        interval = first_start(loop.time(), length, None if at_once else self._since_last_run(planned.name))
        while True:
            await asyncio.sleep(due_at(interval.start, planned.jitter_s, self._world.chance()) - loop.time())
            async with self._places.turn(planned):
                interval = current_interval(interval.start, length, loop.time())
                self._tell_missed(planned, interval.missed, "too many other probes were running")
                await self._run_once(planned)
            interval = next_interval(interval.start, length, loop.time())
            self._tell_missed(planned, interval.missed, "the run before took so long")

    def _since_last_run(self, name: str) -> float | None:
        last = self._states[name].last_run
        return None if last is None else (self._now() - last).total_seconds()

    async def _run_once(self, planned: PlannedProbe) -> None:
        name = planned.name
        started = self._now()
        outcome = await self._measurements[name].measure(self._makers[name], planned.deadline_s)
        try:
            self._take(planned, started, outcome)
        except Exception as error:
            # Whatever is wrong with this one, the next run comes.
            self._tell(Event("internal-error", "error", {"probe": name, "reason": repr(error)}))

    def _take(self, planned: PlannedProbe, started: datetime, outcome: Report | Unmeasured) -> None:
        name = planned.name
        if isinstance(outcome, Report):
            result, text, cause = LEVEL_OF[outcome.verdict], self._world.status_line(outcome), outcome.cause
            if self._world.history is not None:
                self._world.history.put(outcome, name)
        else:
            result, text, cause = "unknown", f"UNKNOWN: {_one_line(outcome.reason)}", None
            self._tell_details(name, outcome)
        thresholds = Thresholds(planned.failures_to_alarm, planned.successes_to_clear)
        before, at = self._states[name].condition, self._now()
        after = with_result(before, result, at, thresholds)
        last_success = success_of(outcome, self._states[name].last_success)
        self._states[name] = ProbeState(condition=after, last_run=started, last_success=last_success)
        self._tell(Event("run", "info", {"probe": name, "result": result, "text": text}))
        if after.level != before.level and after.level is not None:
            self._change(planned, before, after.level, text=text, cause=cause)
        self._keeper.touch()
        if self._world.textfile is not None:
            metrics = self._world.textfile.put(planned, outcome, at, last_success)
            self._states[name] = msgspec.structs.replace(self._states[name], metrics=metrics)

    def _change(self, planned: PlannedProbe, before: Condition, level: Level, *, text: str, cause: str | None) -> None:
        at = self._now()
        alert = Alert(
            id=alert_id(planned.name, level, at),
            probe=planned.name,
            kind=planned.kind,
            before=before.level,
            level=level,
            at=at,
            since=before.since,
            text=text,
            cause=cause,
            target=planned.target,
            labels=dict(planned.labels),
        )
        facts = {"probe": planned.name, "from": before.level, "to": level, "cause": cause, "text": text, "id": alert.id}
        self._tell(Event("state-change", _GRAVITY[level], facts))
        # That all is well from the beginning is no news.
        if before.level is not None or level != "ok":
            self._alerts.put(alert, planned.alerts)

    def _tell_drift(self, recorded: Recorded) -> None:
        """Tell that a run saw another certificate, name or gateway than the run before, be all well or not."""
        planned = self._planned.get(recorded.name or "")
        if planned is None:
            return
        for one in recorded.drift:
            facts: dict[str, Fact] = {"probe": planned.name, "cause": one.id, "text": _one_line(one.summary)}
            self._tell(Event("drift", "info" if one.severity == "info" else "warning", facts))
        worth = [one for one in recorded.drift if one.severity != "info"]
        if not worth or not planned.alert_on_drift:
            return
        condition = self._states[planned.name].condition
        level = condition.level or "unknown"
        alert = Alert(
            id=alert_id(f"{planned.name} {worth[0].id}", level, recorded.run.started_at),
            probe=planned.name,
            kind=planned.kind,
            before=condition.level,
            level=level,
            at=self._now(),
            since=condition.since,
            text="; ".join(f"{one.id} {_one_line(one.summary)}" for one in worth)[:_MAX_DRIFT],
            cause=worth[0].id,
            target=planned.target,
            labels=dict(planned.labels),
            about="drift",
        )
        self._alerts.put(alert, planned.alerts)
        self._keeper.touch()

    def _tell_missed(self, planned: PlannedProbe, missed: int, reason: str) -> None:
        if missed:
            facts: dict[str, Fact] = {"probe": planned.name, "missed": missed, "reason": reason}
            self._tell(Event("intervals-missed", "warning", facts))

    def _tell_details(self, name: str, outcome: Unmeasured) -> None:
        for line in outcome.details:
            self._tell(Event("internal-error", "error", {"probe": name, "line": line}))

    # --- the whole ---

    def _snapshot(self) -> WatchState:
        return WatchState(saved_at=self._now(), probes=dict(self._states), undelivered=self._alerts.undelivered)

    def _status(self) -> str:
        counts = Counter(state.condition.level for state in self._states.values())
        told = [f"{counts[level]} {level or 'undecided'}" for level in (*reversed(LEVELS), None) if counts[level]]
        return f"{len(self._states)} probes: {', '.join(told)}"

    async def _beat(self) -> None:
        """Tell the service manager that the loop goes round, and the operator when the clock was set."""
        loop = asyncio.get_running_loop()
        watchdog = self._world.supervisor.watchdog_s
        pause = min(BEAT_S, watchdog / 2) if watchdog else BEAT_S
        begun, origin = loop.time(), self._now()
        while True:
            await asyncio.sleep(pause)
            step = (self._now() - origin).total_seconds() - (loop.time() - begun)
            if abs(step) > CLOCK_STEP_S:
                self._tell(Event("clock-set", "warning", {"seconds": round(step)}))
            begun, origin = loop.time(), self._now()
            self._world.supervisor.alive(self._status())


# What is read from a plan once.
_FOR_THE_START: Final = ("database", "keep_days", "state", "at_once", "textfile")

# Characters: a gateway with many addresses may drift in many ways at once, which the history has all of.
_MAX_DRIFT: Final = 2000

_GRAVITY: Final[dict[Level, Gravity]] = {"ok": "info", "warning": "warning", "unknown": "warning", "critical": "error"}


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _compared(old: Plan, new: Plan) -> dict[str, Fact]:
    """Say how many probes are new, gone or changed, and which settings count from the next start on."""
    before, after = ({planned.name: planned for planned in plan.probes} for plan in (old, new))
    return {
        "probes": len(after),
        "new": len(after.keys() - before.keys()),
        "gone": len(before.keys() - after.keys()),
        "changed": sum(1 for name in after.keys() & before.keys() if after[name] != before[name]),
        "need_a_restart": ", ".join(one for one in _FOR_THE_START if getattr(old, one) != getattr(new, one)) or None,
    }
