"""The watch over real servers on loopback that die, hang, come back and change their certificate."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import itertools
import resource
import sqlite3
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from tests.fleet.changing import ChangingGateway, changing_gateway
from tests.fleet.test_channels import Hook, web_hook
from tests.stand_ins import name_server
from vpnprobe.cli.planned import planned_commands
from vpnprobe.fleet.backlog import HistoryBacklog
from vpnprobe.fleet.events import Event
from vpnprobe.fleet.plan import Plan, PlannedProbe, load_plan
from vpnprobe.fleet.state import StateFile
from vpnprobe.fleet.watch import Surroundings, Watch
from vpnprobe.history.store import History
from vpnprobe.lab.scenario import GATEWAY_NAME
from vpnprobe.model.history import Change
from vpnprobe.render.status_line import status_line
from vpnprobe.transport.supervisor import Supervisor

PLAN = """
[defaults]
interval = "1s"
jitter = "0s"
failures-to-alarm = 2
successes-to-clear = 2
labels = {{ site = "Berlin" }}

[alert.ops]
url-file = "{directory}/url"

[[probe]]
name = "phone"
[probe.phone]
group-url = "https://{name}:{port}/VPNPhone"
mac = "8CB64F576113"
cert-hash = ["{cert_hash}"]
no-login = true
resolver = ["127.0.0.1:{dns}"]
timeout = 0.7
deadline = 1.5

[[probe]]
name = "gateway"
[probe.gateway]
target = "{name}:{port}"
resolver = ["127.0.0.1:{dns}"]
timeout = 0.7
deadline = 1.5

[[probe]]
name = "other"
[probe.gateway]
target = "{name}:{other_port}"
resolver = ["127.0.0.1:{dns}"]
"""


async def become_true(condition: Callable[[], bool]) -> None:
    """Look again and again: what is waited for happens in another thread or process."""
    while not condition():  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0.02)


@dataclass
class Scene:
    """A watch over two gateways, of which one changes; alerts go to a real web server."""

    gateway: ChangingGateway
    hook: Hook
    directory: Path
    events: list[Event]
    watch: Watch
    plans: list[Plan]

    @property
    def database(self) -> Path:
        return self.directory / "history.db"

    def told(self) -> list[tuple[str, str, str]]:
        """Return the probe, the old and the new level of each alert of a level that has arrived."""
        bodies = [body for _, _, body in self.hook.requests]
        return [(body["probe"], body["from"], body["to"]) for body in bodies if body["about"] == "level"]

    def causes(self) -> list[str]:
        """Return the causes of all alarms up to now."""
        return [
            str(event.facts["cause"])
            for event in self.events
            if event.facts.get("to") == "critical" and event.name == "state-change"
        ]

    async def until(self, *alerts: tuple[str, str, str]) -> None:
        """Wait until as many alerts have arrived, which must be these, in any order."""
        await become_true(lambda: len(self.told()) >= len(alerts))
        assert Counter(self.told()) == Counter(alerts)
        self.hook.requests.clear()

    async def runs(self, count: int) -> None:
        """Wait until each of the three probes was run so often again."""
        begun = len(self.events)

        def least() -> int:
            runs = Counter(event.facts["probe"] for event in self.events[begun:] if event.name == "run")
            return min(runs[name] for name in ("phone", "gateway", "other"))

        await become_true(lambda: least() >= count)

    @asynccontextmanager
    async def pause(self) -> AsyncIterator[None]:
        """Have nothing watched while the body runs."""
        await self.take(dataclasses.replace(self.plans[0], probes=()))
        yield
        await self.take(self.plans[0])

    async def take(self, plan: Plan) -> None:
        self.events.clear()
        self.plans.append(plan)
        self.watch.reload()
        await become_true(lambda: any(event.name == "plan-reloaded" for event in self.events))

    def changes(self) -> dict[str, list[Change]]:
        """Return the changes in the history, by the name of the probe."""
        with History(str(self.database), create=False) as history:
            return {one.series.name or "": list(history.changes(one.series.number)) for one in history.overviews()}


@asynccontextmanager
async def scene(directory: Path, *, interval_s: float) -> AsyncIterator[Scene]:
    """Watch with intervals of so many seconds, which may be shorter than a plan can say."""
    with web_hook() as hook:
        async with (
            name_server({GATEWAY_NAME: ["127.0.0.1"]}) as dns,
            changing_gateway() as gateway,
            changing_gateway() as other,
        ):
            (directory / "url").write_text(hook.url, encoding="utf-8")
            text = PLAN.format(
                directory=directory,
                name=GATEWAY_NAME,
                port=gateway.port,
                other_port=other.port,
                dns=dns,
                cert_hash=gateway.cert_hash,
            )
            plan = load_plan(text, "plan", planned_commands())
            probes = tuple(dataclasses.replace(one, interval_s=interval_s) for one in plan.probes)
            plan = dataclasses.replace(plan, probes=probes)
            plans, events = [plan], list[Event]()
            with History(str(directory / "history.db"), wait_s=0.1) as history:
                watch = Watch(
                    Surroundings(
                        load=lambda: plans[-1],
                        tell=events.append,
                        now=lambda: datetime.now(UTC),
                        chance=Random(1).random,
                        status_line=status_line,
                        state=StateFile(directory / "state.json"),
                        history=HistoryBacklog(history, events.append, lambda: datetime.now(UTC), keep_days=None),
                        supervisor=Supervisor({}),
                    ),
                    plan,
                )
                task = asyncio.create_task(watch.run())
                try:
                    yield Scene(gateway, hook, directory, events, watch, plans)
                finally:
                    watch.stop()
                    await task


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


DOWN = (("phone", "ok", "critical"), ("gateway", "ok", "critical"))
UP = (("phone", "critical", "ok"), ("gateway", "critical", "ok"))


async def bad_day(scene: Scene) -> None:
    """What can happen to a gateway, and the alerts that it is worth: these and no others."""
    await scene.runs(3)
    for mode in ("dead", "silent"):
        await scene.gateway.become(mode)
        await scene.until(*DOWN)
        await scene.runs(2)
        await scene.gateway.become("healthy")
        await scene.until(*UP)
    await scene.gateway.become("renewed")
    await scene.until(("phone", "ok", "critical"))
    assert scene.causes()[-1] == "PIN001"
    await scene.gateway.become("healthy")
    await scene.until(("phone", "critical", "ok"))
    await scene.runs(2)


async def test_a_bad_day(tmp_path: Path) -> None:
    async with scene(tmp_path, interval_s=0.3) as day:
        await bad_day(day)
        assert day.told() == []
    names = Counter(event.name for event in day.events)
    assert not names.keys() & {"internal-error", "state-not-written", "history-not-written", "alert-not-delivered"}
    # What the history keeps of it, once each; the one that nothing happened to has but its first run.
    changes = day.changes()
    verdicts = [change.after.verdict for change in changes["phone"] if change.before != change.after]
    assert verdicts[0] == "pass"
    assert [one for one, _ in itertools.groupby(verdicts)] == ["pass", "fail", "pass", "fail", "pass", "fail", "pass"]
    assert {one.id for change in changes["gateway"] for one in change.drift} >= {"DRF001"}
    assert len(changes["other"]) == 1


async def test_another_certificate_is_told_though_all_is_well(tmp_path: Path) -> None:
    """The probe of a gateway pins nothing: for it a renewed certificate is as good as the old one."""
    async with scene(tmp_path, interval_s=0.3) as day:

        def drift(probe: str) -> list[dict[str, Any]]:
            bodies = [body for _, _, body in day.hook.requests]
            return [body for body in bodies if (body["about"], body["probe"]) == ("drift", probe)]

        await day.runs(3)
        await day.gateway.become("renewed")
        await become_true(lambda: bool(drift("gateway")))
        await day.runs(3)
        [told] = drift("gateway")
        assert (told["title"], told["cause"], told["from"], told["to"]) == ("CHANGED: gateway", "DRF001", "ok", "ok")
        assert day.gateway.cert_hash in told["text"]
        assert drift("other") == []
        quiet = dataclasses.replace(day.plans[0], probes=tuple(map(without_drift, day.plans[0].probes)))
        await day.take(quiet)
        day.hook.requests.clear()
        await day.gateway.become("healthy")
        await become_true(lambda: any(event.name == "drift" for event in day.events))
        await day.runs(3)
        assert drift("gateway") == []


def without_drift(planned: PlannedProbe) -> PlannedProbe:
    return dataclasses.replace(planned, alert_on_drift=False)


async def test_a_full_disk_and_a_locked_database(tmp_path: Path) -> None:
    """While it lasts alarms are raised and told as ever, and afterwards nothing is missing."""
    files = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with scene(tmp_path, interval_s=0.3) as day:
        await day.runs(3)
        with closing(sqlite3.connect(day.database)) as other:
            other.execute("BEGIN EXCLUSIVE")
            # No file can grow, which is as near to a full disk as a test without root can come.
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, files[1]))
            try:
                await day.gateway.become("dead")
                await day.until(*DOWN)
                await day.runs(5)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, files)
            other.rollback()
        await day.gateway.become("healthy")
        await day.until(*UP)
    names = Counter(event.name for event in day.events)
    assert names["state-not-written"] == names["history-not-written"] == 1
    assert "history-lost" not in names
    verdicts = [change.after.verdict for change in day.changes()["phone"]]
    assert verdicts == ["pass", "fail", "pass"]
    ran = Counter(str(event.facts["probe"]) for event in day.events if event.name == "run")
    with History(str(day.database), create=False) as history:
        kept = {one.series.name: history.count_runs(one.series.number) for one in history.overviews()}
    assert kept == ran


async def test_what_many_rounds_leave(tmp_path: Path) -> None:
    """Real sockets, some of them to a gateway that hangs: no file stays open, and nothing grows."""

    async def used() -> tuple[int, int, int]:
        """Return memory, open files and tasks when nothing runs and the history is written."""
        async with day.pause():
            await asyncio.sleep(0.5)
            day.events.clear()
            gc.collect()
            return tracemalloc.get_traced_memory()[0], open_files(), len(asyncio.all_tasks())

    async with scene(tmp_path, interval_s=0.2) as day:
        measured = []
        tracemalloc.start()
        try:
            for _ in range(4):
                await day.gateway.become("silent")
                await day.runs(1)
                await day.gateway.become("healthy")
                await day.runs(4)
                measured.append(await used())
        finally:
            tracemalloc.stop()
    memory, files, tasks = zip(*measured, strict=True)
    # The first round is that of caches.
    assert len(set(files[1:])) == len(set(tasks[1:])) == 1
    # What leaks grows in every round.
    assert min(later - earlier for earlier, later in itertools.pairwise(memory)) < 64 << 10, memory
