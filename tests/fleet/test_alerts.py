"""Every alert arrives at least once and in order, whatever the channels do; bounds hold and are told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest

from tests.fleet.test_channels import ALERT
from tests.fleet.virtual_time import now, run_in_virtual_time, virtual
from vpnprobe.fleet.alert import Alert, Delivery, alert_id
from vpnprobe.fleet.alerts import AT_ONCE, GIVE_UP_AFTER, MAX_WAITING, RETRIES_S, Alerts, DeliveryError
from vpnprobe.fleet.events import Event
from vpnprobe.fleet.schedule import LEVELS

DAY_S = 86400.0


class Told:
    """Notes what is delivered, after `failures` tries that fail for each alert; some alerts never go."""

    def __init__(self, *, failures: int = 0, refused: Sequence[str] = (), takes_s: float = 0.0) -> None:
        self._failures = failures
        self._refused = refused
        self._takes_s = takes_s
        self.tries: Counter[str] = Counter()
        self.at: list[float] = []
        self.delivered: list[Alert] = []
        self.running = self.most = 0

    async def deliver(self, alert: Alert) -> None:
        self.tries[alert.id] += 1
        self.at.append(asyncio.get_running_loop().time())
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(self._takes_s)
        self.running -= 1
        if alert.probe in self._refused or self.tries[alert.id] <= self._failures:
            raise DeliveryError("no")
        self.delivered.append(alert)


class Broken:
    """A channel with a bug."""

    async def deliver(self, alert: Alert) -> None:
        raise ZeroDivisionError


class Desk:
    """`Alerts` and what it says."""

    def __init__(self, **channels: Told | Broken) -> None:
        self.events: list[Event] = []
        self.changes = 0
        self.settled = asyncio.Event()
        self.settled.set()
        self.alerts = Alerts(
            channels, self.events.append, now, settled=self._wait_until_settled, changed=self._note_change
        )

    async def _wait_until_settled(self) -> None:
        await self.settled.wait()

    def _note_change(self) -> None:
        self.changes += 1

    def names(self) -> Counter[str]:
        return Counter(event.name for event in self.events)


def alert(number: int, probe: str = "berlin") -> Alert:
    """Return the alert of this probe with this number, of now."""
    level = LEVELS[number % 4]
    return msgspec.structs.replace(
        ALERT, id=alert_id(probe, level, now() + timedelta(microseconds=number)), probe=probe, level=level, at=now()
    )


@virtual
async def test_each_channel_is_told_once() -> None:
    one, two, none = Told(), Told(), Told()
    desk = Desk(one=one, two=two, none=none)
    desk.alerts.put(alert(0), ("one", "two"))
    desk.alerts.put(alert(1), ("two",))
    await asyncio.sleep(1)
    assert (len(one.delivered), len(two.delivered), len(none.delivered)) == (1, 2, 0)
    assert desk.alerts.undelivered == ()
    assert desk.names() == {"alert-delivered": 3}
    assert desk.changes == 3


@virtual
async def test_retries_and_their_pauses() -> None:
    channel = Told(failures=len(RETRIES_S) + 2)
    desk = Desk(ops=channel)
    desk.alerts.put(first := alert(0), ("ops",))
    await asyncio.sleep(DAY_S / 2)
    pauses = [*RETRIES_S, RETRIES_S[-1], RETRIES_S[-1]]
    assert channel.at == [sum(pauses[:count]) for count in range(len(pauses) + 1)]
    assert channel.delivered == [first]
    assert desk.names() == {"alert-not-delivered": len(pauses), "alert-delivered": 1}
    assert [event.facts["again_s"] for event in desk.events[:-1]] == pauses
    assert dict(desk.events[0].facts) == {
        "channel": "ops",
        "probe": "berlin",
        "to": "ok",
        "id": first.id,
        "reason": "no",
        "tries": 1,
        "again_s": RETRIES_S[0],
    }


@virtual
async def test_the_order_of_one_probe_is_kept_and_another_one_is_not_held_up() -> None:
    channel = Told(failures=1)
    desk = Desk(ops=channel)
    mine, others = [alert(number) for number in range(5)], [alert(number, "hamburg") for number in range(3)]
    for one in (*mine, *others):
        desk.alerts.put(one, ("ops",))
    await asyncio.sleep(2 * RETRIES_S[0] + 1)
    assert [one for one in channel.delivered if one.probe == "hamburg"] == others[:2]
    await asyncio.sleep(DAY_S)
    assert [one for one in channel.delivered if one.probe == "berlin"] == mine
    assert [one for one in channel.delivered if one.probe == "hamburg"] == others


@virtual
async def test_an_alert_that_is_never_taken_is_given_up_after_a_day() -> None:
    channel = Told(refused=["berlin"])
    desk = Desk(ops=channel)
    desk.alerts.put(alert(0), ("ops",))
    desk.alerts.put(alert(0, "hamburg"), ("ops",))
    await asyncio.sleep(GIVE_UP_AFTER.total_seconds() - 60)
    assert [delivery.alert.probe for delivery in desk.alerts.undelivered] == ["berlin"]
    assert desk.names()["alert-given-up"] == 0
    await asyncio.sleep(RETRIES_S[-1] + 60)
    assert desk.alerts.undelivered == ()
    assert desk.names()["alert-given-up"] == 1


@virtual
async def test_a_bug_of_a_channel_is_survived() -> None:
    desk = Desk(broken=Broken(), good=(good := Told()))
    desk.alerts.put(alert(0), ("broken", "good"))
    await asyncio.sleep(1)
    assert len(good.delivered) == 1
    [event] = [event for event in desk.events if event.name == "alert-not-delivered"]
    assert event.facts["reason"] == "internal error: ZeroDivisionError"
    await desk.alerts.close(0)


@virtual
async def test_what_waits_is_bounded_and_the_latest_is_told() -> None:
    channel = Told(refused=["berlin"])
    desk = Desk(ops=channel)
    given = [alert(number) for number in range(MAX_WAITING + 7)]
    for one in given:
        desk.alerts.put(one, ("ops",))
    await asyncio.sleep(1)
    waiting = [delivery.alert for delivery in desk.alerts.undelivered]
    assert waiting == [given[0], *given[8:]]
    assert desk.names()["alert-given-up"] == 7
    await desk.alerts.close(0)


@virtual
async def test_not_too_many_at_once() -> None:
    channel = Told(takes_s=10)
    desk = Desk(ops=channel)
    for number in range(50):
        desk.alerts.put(alert(0, f"probe {number}"), ("ops",))
    await asyncio.sleep(DAY_S)
    assert (len(channel.delivered), channel.most) == (50, AT_ONCE)


@virtual
async def test_nothing_is_told_before_the_state_is_settled() -> None:
    channel = Told()
    desk = Desk(ops=channel)
    desk.settled.clear()
    desk.alerts.put(alert(0), ("ops",))
    await asyncio.sleep(1)
    assert not channel.delivered
    desk.settled.set()
    await asyncio.sleep(1)
    assert channel.delivered


@virtual
async def test_what_a_stopped_program_left_is_delivered_by_the_next() -> None:
    first, second = Told(refused=["berlin"], takes_s=1), Told()
    desk = Desk(ops=first)
    given = [alert(number) for number in range(3)]
    for one in given:
        desk.alerts.put(one, ("ops",))
    await asyncio.sleep(0.5)
    await desk.alerts.close(0)
    left = desk.alerts.undelivered
    assert [delivery.alert for delivery in left] == given
    again = Desk(ops=second)
    again.alerts.resume(msgspec.json.decode(msgspec.json.encode(left), type=tuple[Delivery, ...]))
    await asyncio.sleep(1)
    assert second.delivered == given
    assert [one.id for one in second.delivered] == [one.id for one in given]


@virtual
async def test_closing_waits_for_what_is_on_its_way() -> None:
    channel = Told(takes_s=1)
    desk = Desk(ops=channel)
    desk.alerts.put(alert(0), ("ops",))
    await asyncio.sleep(0.5)
    await desk.alerts.close(2)
    assert len(channel.delivered) == 1
    assert desk.alerts.undelivered == ()


@virtual
async def test_closing_does_not_wait_for_ever() -> None:
    desk = Desk(ops=Told(takes_s=DAY_S))
    desk.alerts.put(alert(0), ("ops",))
    await asyncio.sleep(1)
    began = asyncio.get_running_loop().time()
    await desk.alerts.close(2)
    assert asyncio.get_running_loop().time() - began == 2
    assert len(desk.alerts.undelivered) == 1


@virtual
async def test_a_channel_that_is_gone_with_the_plan() -> None:
    away, other = Told(refused=["berlin"]), Told(failures=1)
    desk = Desk(away=away, other=other)
    desk.alerts.put(alert(0), ("away", "other"))
    await asyncio.sleep(1)
    mended = Told()
    desk.alerts.use({"other": mended})
    [event] = [event for event in desk.events if event.name == "alert-given-up"]
    assert event.facts["channel"] == "away"
    assert event.facts["reason"] == "the plan has no such channel any more"
    await asyncio.sleep(DAY_S)
    # The next try already went through the new one.
    assert (len(away.at), len(other.at), len(mended.delivered)) == (1, 1, 1)
    desk.alerts.resume([Delivery("away", alert(0))])
    assert desk.names()["alert-given-up"] == 2


@pytest.mark.parametrize("count", [1, 40])
def test_nothing_stays_behind(count: int) -> None:
    async def run() -> int:
        desk = Desk(ops=Told(failures=1))
        for number in range(count):
            desk.alerts.put(alert(number, f"probe {number}"), ("ops",))
        await asyncio.sleep(DAY_S)
        return len(asyncio.all_tasks())

    assert run_in_virtual_time(run()) == 1
