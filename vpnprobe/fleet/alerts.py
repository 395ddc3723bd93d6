"""Delivers alerts: each at least once, those of one probe in order, whatever goes wrong with a channel.

Every probe has a lane of its own in each channel, so that an alert that cannot be delivered holds up nothing but what
follows for the same probe. All bounds are told when they are reached.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from vpnprobe.fleet.alert import Alert, Delivery
from vpnprobe.fleet.events import Event, Tell

# Pauses before the next try, in seconds; the last one repeats.
RETRIES_S: Final = (5.0, 15.0, 60.0, 300.0, 900.0)

# An alert that a channel did not take within a day is given up: what follows for this probe is worth more.
GIVE_UP_AFTER: Final = timedelta(days=1)

# Alerts that wait in one lane. A probe that changes more often while nobody can be told is told of by the latest.
MAX_WAITING: Final = 20

# Alerts on their way through one channel at once: a whole fleet that breaks must not start a thousand commands.
AT_ONCE: Final = 4


class DeliveryError(Exception):
    """A channel did not take an alert. The text says why and holds no secret."""


class Channel(Protocol):
    """A way to tell somebody."""

    async def deliver(self, alert: Alert) -> None:
        """Deliver the alert within bounded time; raises `DeliveryError` where that failed."""
        ...


class Alerts:
    """What is to be delivered, and the tasks that do it.

    `settled` is awaited before the first try of each alert, `changed` called when something was delivered or given up.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        tell: Tell,
        now: Callable[[], datetime],
        *,
        settled: Callable[[], Awaitable[None]],
        changed: Callable[[], None],
        retries_s: Sequence[float] = RETRIES_S,
    ) -> None:
        self._tell = tell
        self._now = now
        self._settled = settled
        self._changed = changed
        self._retries_s = retries_s
        self._lanes: dict[tuple[str, str], deque[Alert]] = {}
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._channels: dict[str, Channel] = {}
        self._places: dict[str, asyncio.Semaphore] = {}
        self.use(channels)

    @property
    def undelivered(self) -> tuple[Delivery, ...]:
        """What was not delivered yet, in order."""
        return tuple(Delivery(channel, alert) for (channel, _), lane in self._lanes.items() for alert in lane)

    def use(self, channels: Mapping[str, Channel]) -> None:
        """Take these channels from now on. What waits for a channel that is gone is given up and told."""
        self._channels = dict(channels)
        self._places = {name: self._places.get(name) or asyncio.Semaphore(AT_ONCE) for name in channels}
        for key in [key for key in self._lanes if key[0] not in channels]:
            lane = self._lanes.pop(key)
            if (task := self._tasks.pop(key, None)) is not None:
                task.cancel()
            for alert in lane:
                self._give_up(key[0], alert, "the plan has no such channel any more")

    def put(self, alert: Alert, channels: Iterable[str]) -> None:
        """Deliver `alert` through each of these channels."""
        for name in channels:
            key = name, alert.probe
            lane = self._lanes.setdefault(key, deque())
            lane.append(alert)
            if len(lane) > MAX_WAITING:
                # The first one may be on its way.
                dropped = lane[1]
                del lane[1]
                self._give_up(name, dropped, f"over {MAX_WAITING} alerts of this probe wait")
            if key not in self._tasks:
                self._tasks[key] = asyncio.create_task(self._empty(key, lane))

    def resume(self, deliveries: Iterable[Delivery]) -> None:
        """Go on with what an earlier run of the program did not deliver."""
        for delivery in deliveries:
            if delivery.channel in self._channels:
                self.put(delivery.alert, (delivery.channel,))
            else:
                self._give_up(delivery.channel, delivery.alert, "the plan has no such channel any more")

    async def close(self, patience: float) -> None:
        """Wait up to `patience` seconds for what is on its way, then stop; the rest stays undelivered."""
        tasks = list(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=patience)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    async def _empty(self, key: tuple[str, str], lane: deque[Alert]) -> None:
        name, _ = key
        await self._settled()
        while lane:
            await self._deliver(name, lane[0])
            lane.popleft()
            self._changed()
        # No await since the lane was found empty: nothing can have been put in it.
        del self._lanes[key], self._tasks[key]

    async def _deliver(self, name: str, alert: Alert) -> None:
        """Try until the alert is delivered or given up."""
        tries = 0
        while True:
            tries += 1
            try:
                async with self._places[name]:
                    await self._channels[name].deliver(alert)
            except DeliveryError as error:
                reason = str(error)
            except Exception as error:
                # A bug of a channel or of its library is no reason to lose the alert, nor to stop.
                reason = f"internal error: {type(error).__name__}"
            else:
                self._tell(Event("alert-delivered", "info", _facts(name, alert, tries=tries)))
                return
            if self._now() - alert.at > GIVE_UP_AFTER:
                self._give_up(name, alert, reason)
                return
            pause = self._retries_s[min(tries, len(self._retries_s)) - 1]
            self._tell(
                Event("alert-not-delivered", "warning", _facts(name, alert, reason=reason, tries=tries, again_s=pause))
            )
            await asyncio.sleep(pause)

    def _give_up(self, name: str, alert: Alert, reason: str) -> None:
        self._changed()
        self._tell(Event("alert-given-up", "error", _facts(name, alert, reason=reason)))


def _facts(channel: str, alert: Alert, **more: str | float) -> dict[str, str | float]:
    return {"channel": channel, "probe": alert.probe, "to": alert.level, "id": alert.id, **more}
