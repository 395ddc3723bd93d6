"""A plan run once: how many at a time, and at how many of one target."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.fleet.virtual_time import run_in_virtual_time
from tests.fleet.watching import Script, World, plan_of, planned
from vpnprobe.fleet.checking import AT_ONE_TARGET, check_once
from vpnprobe.fleet.measuring import Unmeasured
from vpnprobe.fleet.plan import PlannedProbe
from vpnprobe.model.finding import Report

MakeWorld = Callable[..., World]


def checked(world: World, probes: list[PlannedProbe], at_once: int) -> tuple[dict[str, Report | Unmeasured], float]:
    """Return the results, in their order, and how long it took."""
    done: dict[str, Report | Unmeasured] = {}
    plan = plan_of(world, probes)

    async def run() -> float:
        await check_once(
            plan.probes, plan.makers, lambda one, outcome: done.update({one.name: outcome}), at_once=at_once
        )
        return world.time()

    return done, run_in_virtual_time(run())


def test_each_once_and_not_too_many_at_a_time(simple_world: MakeWorld) -> None:
    world = simple_world(**{f"p{number}": Script(takes=lambda _: 10.0) for number in range(10)})
    done, took = checked(world, [planned(name) for name in world.scripts], 4)
    assert set(done) == set(world.scripts)
    assert (world.most, took) == (4, 30.0)


@pytest.mark.parametrize(
    "targets",
    [
        ["vpn.example.com", "VPN.example.com", "https://vpn.example.com/a", "https://vpn.example.com/b?x=/y"],
        [
            "vpn.example.com:8443",
            "https://vpn.example.com:8443",
            "https://VPN.example.com:8443/",
            "vpn.example.com:8443",
        ],
        ["[2001:db8::1]:443", "https://[2001:DB8::1]:443/x", "[2001:db8::1]:443", "[2001:db8::1]:443"],
    ],
    ids=["names", "ports", "addresses"],
)
def test_few_at_one_target(simple_world: MakeWorld, targets: list[str]) -> None:
    world = simple_world(**{f"p{number}": Script(takes=lambda _: 10.0) for number in range(4)}, other=Script())
    probes = [planned(f"p{number}", target=target) for number, target in enumerate(targets)]
    done, took = checked(world, [*probes, planned("other", target="other.example.com")], 10)
    assert took == 10.0 * 4 / AT_ONE_TARGET
    assert next(iter(done)) == "other"


def test_who_is_stopped_gives_no_result(simple_world: MakeWorld) -> None:
    world = simple_world(quick=Script(), slow=Script(takes=lambda _: 1e9))
    plan = plan_of(world, [planned("quick"), planned("slow")])
    done: list[str] = []

    async def run() -> None:
        async with asyncio.timeout(5):
            await check_once(plan.probes, plan.makers, lambda one, _: done.append(one.name), at_once=2)

    with pytest.raises(TimeoutError):
        run_in_virtual_time(run())
    assert done == ["quick"]
