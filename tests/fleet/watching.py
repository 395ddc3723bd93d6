"""A world for `Watch` in virtual time: probes that follow a script, alerts that are noted, events that are kept."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final, Literal

import msgspec

from tests.fleet.virtual_time import now
from vpnprobe.checks.evaluate import judge
from vpnprobe.fleet.alert import Alert
from vpnprobe.fleet.backlog import HistoryBacklog
from vpnprobe.fleet.events import Event
from vpnprobe.fleet.plan import Plan, PlannedProbe
from vpnprobe.fleet.state import StateFile
from vpnprobe.fleet.textfile import TextfileKeeper
from vpnprobe.fleet.watch import Surroundings, Watch
from vpnprobe.model.evidence import Evidence, Tool
from vpnprobe.model.finding import Report, Verdict
from vpnprobe.model.target import Persona, Target
from vpnprobe.transport.supervisor import Supervisor

_EVIDENCE: Final = Evidence(
    tool=Tool(name="vpnprobe", version="1", catalogue="1"),
    probe="federation",
    target=Target(domain="example.com"),
    persona=Persona(profile="microsoft-edge"),
    started_at=datetime(2026, 3, 1, tzinfo=UTC),
)
_REPORT: Final = judge(_EVIDENCE)

# Judging real Evidence takes most of the time of a simulated month, so the verdict stands where the domain does.
REPORTS: Final[dict[Verdict, Report]] = {
    verdict: msgspec.structs.replace(
        _REPORT, verdict=verdict, evidence=msgspec.structs.replace(_EVIDENCE, target=Target(domain=verdict))
    )
    for verdict in ("pass", "warn", "fail", "inconclusive")
}


def judge_simply(evidence: Evidence) -> Report:
    verdict = "inconclusive" if evidence.interrupted else evidence.target.domain
    return REPORTS[verdict]  # type: ignore[index] # one of those above


@dataclass
class Script:
    """What a probe finds, and how long that takes (seconds), by the seconds since the beginning.

    A run that is `deaf` goes on for so long after it was cancelled.
    """

    finds: Callable[[float], Verdict] = lambda _: "pass"
    takes: Callable[[float], float] = lambda _: 0.5
    deaf: Callable[[float], float] = lambda _: 0.0


@dataclass
class World:
    """The scripts by the probes' names, and what came of them. `began` is when this run of the program did."""

    scripts: dict[str, Script]
    began: float = 0.0
    runs: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    results: dict[str, list[tuple[float, Verdict]]] = field(default_factory=lambda: defaultdict(list))
    running: Counter[str] = field(default_factory=Counter)
    most: int = 0
    overlaps: list[str] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    told_at: list[float] = field(default_factory=list)

    def tell(self, event: Event) -> None:
        """Keep the event and the time."""
        self.events.append(event)
        self.told_at.append(self.time())

    def time(self) -> float:
        """Seconds since the beginning of the world."""
        return self.began + asyncio.get_running_loop().time()

    def maker(self, name: str) -> Callable[[], ScriptedProbe]:
        return lambda: ScriptedProbe(self, name)

    def names(self) -> Counter[str]:
        """How many events there were of each name."""
        return Counter(event.name for event in self.events)

    def told(self, name: str) -> list[dict[str, object]]:
        """The facts of the events of this name."""
        return [dict(event.facts) for event in self.events if event.name == name]

    def missed(self) -> Counter[tuple[object, object]]:
        """Intervals that went by, by probe and reason."""
        counts: Counter[tuple[object, object]] = Counter()
        for facts in self.told("intervals-missed"):
            count = facts["missed"]
            assert isinstance(count, int)
            counts[facts.get("probe"), facts["reason"]] += count
        return counts

    async def deliver(self, alert: Alert) -> None:
        """The world is its own channel."""
        self.alerts.append(alert)


class ScriptedProbe:
    """One run of a probe that follows its script."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name
        self._script = world.scripts[name]

    async def run(self) -> Evidence:
        world, name = self._world, self._name
        began = world.time()
        world.runs[name].append(began)
        if world.running[name]:
            world.overlaps.append(name)
        world.running[name] += 1
        world.most = max(world.most, world.running.total())
        try:
            await asyncio.sleep(self._script.takes(began))
        except asyncio.CancelledError:
            if deaf := self._script.deaf(began):
                await asyncio.sleep(deaf)
            raise
        finally:
            world.running[name] -= 1
        verdict = self._script.finds(began)
        world.results[name].append((world.time(), verdict))
        return REPORTS[verdict].evidence

    def evidence(self, interrupted: Literal["interrupt", "deadline"] | None = None) -> Evidence:
        self._world.results[self._name].append((self._world.time(), "inconclusive"))
        return msgspec.structs.replace(_EVIDENCE, interrupted=interrupted)


def planned(name: str, *, target: str | None = None, **given: Any) -> PlannedProbe:
    """Return a probe of a plan, each of another target unless one is given."""
    interval_s = given.setdefault("interval_s", 300.0)
    usual = {"failures_to_alarm": 3, "successes_to_clear": 2, "jitter_s": interval_s / 10, "alerts": ("ops",)}
    return PlannedProbe(name=name, kind="federation", options={"domain": target or name}, **(usual | given))


def plan_of(world: World, probes: Iterable[PlannedProbe]) -> Plan:
    probes = tuple(probes)
    return Plan(probes=probes, makers={one.name: world.maker(one.name) for one in probes})


class Program:
    """One run of the program that watches. `plan` is what the next reading of the plan gives, or raises."""

    def __init__(
        self,
        world: World,
        plan: Plan,
        state: Path,
        *,
        history: HistoryBacklog | None = None,
        textfile: TextfileKeeper | None = None,
        at_once: int = 32,
        seed: int = 1,
    ) -> None:
        self.plan: Plan | Exception = plan
        self.watch = Watch(
            Surroundings(
                load=self._load,
                tell=world.tell,
                now=lambda: now_in(world),
                chance=Random(seed).random,
                status_line=lambda report: f"{report.verdict}: told",
                state=StateFile(state),
                history=history,
                supervisor=Supervisor({}),
                textfile=textfile,
                at_once=at_once,
            ),
            plan,
        )

    def _load(self) -> Plan:
        if isinstance(self.plan, Exception):
            raise self.plan
        return self.plan

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Watch]:
        """Watch while the body runs; then stop as SIGTERM would."""
        task = asyncio.create_task(self.watch.run())
        try:
            # The plan is read and the first probes wait for their time.
            await asyncio.sleep(0)
            yield self.watch
        finally:
            self.watch.stop()
            await task


def now_in(world: World) -> datetime:
    """Return what the clock on the wall shows in this world."""
    return now() + timedelta(seconds=world.began)
