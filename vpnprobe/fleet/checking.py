"""Which probes of a plan may run at the same time, and every one of them once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from vpnprobe.fleet.measuring import MakeProbe, Measurement, Unmeasured
from vpnprobe.fleet.plan import PlannedProbe
from vpnprobe.model.finding import Report
from vpnprobe.probes.rations import Rations

# Probes that run at once. More would measure this machine's own load.
DEFAULT_AT_ONCE: Final = 32

# Probes that dial the same gateway or domain at once, each with a few connections: it must not notice us, and when it
# hangs with all of its probes, places are left for the others.
AT_ONE_TARGET: Final = 2


class Places:
    """The places for probes that run: `at_once` of them in all, and few for each target."""

    def __init__(self, at_once: int) -> None:
        self._all = asyncio.Semaphore(at_once)
        self._targets = Rations(AT_ONE_TARGET, 0.0)

    @asynccontextmanager
    async def turn(self, planned: PlannedProbe) -> AsyncIterator[None]:
        """Wait for a place and hold it while the body runs."""
        async with self._targets.of(_place(planned.target)).turn(), self._all:
            yield


def _place(target: str) -> str:
    """Return the host and port, or the domain, of a target."""
    _, scheme, rest = target.rpartition("://")
    return rest.partition("/")[0].lower() if scheme else rest.lower()


Take = Callable[[PlannedProbe, Report | Unmeasured], None]


async def check_once(
    probes: Iterable[PlannedProbe], makers: Mapping[str, MakeProbe], take: Take, *, at_once: int
) -> None:
    """Run each of the probes, `at_once` of them at a time. `take` is given each result as soon as it is there.

    Where this is cancelled, those that were running give no result.
    """
    places = Places(at_once)

    async def run(planned: PlannedProbe) -> None:
        async with places.turn(planned):
            take(planned, await Measurement().measure(makers[planned.name], planned.deadline_s))

    async with asyncio.TaskGroup() as group:
        for planned in probes:
            group.create_task(run(planned))
