"""Every probe of a plan once, some of them at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

from vpnprobe.fleet.measuring import MakeProbe, Measurement, Unmeasured
from vpnprobe.fleet.plan import PlannedProbe
from vpnprobe.model.finding import Report

Take = Callable[[PlannedProbe, Report | Unmeasured], None]


async def check_once(
    probes: Iterable[PlannedProbe], makers: Mapping[str, MakeProbe], take: Take, *, at_once: int
) -> None:
    """Run each of the probes, `at_once` of them at a time. `take` is given each result as soon as it is there.

    Where this is cancelled, those that were running give no result.
    """
    places = asyncio.Semaphore(at_once)

    async def run(planned: PlannedProbe) -> None:
        async with places:
            take(planned, await Measurement().measure(makers[planned.name], planned.deadline_s))

    async with asyncio.TaskGroup() as group:
        for planned in probes:
            group.create_task(run(planned))
