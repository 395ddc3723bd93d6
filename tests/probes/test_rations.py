from __future__ import annotations

import asyncio
import gc
import weakref

from vpnprobe.probes.rations import MAX_REMEMBERED, Rations


async def test_one_server_has_one_ration_and_another_its_own() -> None:
    rations = Rations(1, 0)
    assert rations.of("192.0.2.1:53") is rations.of("192.0.2.1:53")
    async with rations.of("192.0.2.1:53").turn():
        async with asyncio.timeout(1), rations.of("192.0.2.2:53").turn():
            pass
        assert rations.of("192.0.2.1:53").unclaimed == 0


async def test_probes_that_share_a_server_share_its_places() -> None:
    rations = Rations(2, 0)
    inside = most = 0

    async def visit() -> None:
        nonlocal inside, most
        async with rations.of("192.0.2.1:5061").turn():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(visit())
    assert most == 2


async def test_the_pause_holds_between_two_that_never_meet() -> None:
    rations = Rations(1, 0.05)
    loop = asyncio.get_running_loop()
    async with rations.of("192.0.2.1:5061").turn():
        first = loop.time()
    gc.collect()
    async with rations.of("192.0.2.1:5061").turn():
        # A timer may go off as early as its resolution.
        assert loop.time() - first > 0.04


def test_memory_stays_bounded_over_any_number_of_servers() -> None:
    rations = Rations(1, 0)
    seen = [weakref.ref(rations.of(str(number))) for number in range(3 * MAX_REMEMBERED)]
    gc.collect()
    assert sum(one() is not None for one in seen) == MAX_REMEMBERED


def test_a_ration_that_is_held_stays_the_same_however_many_others_there_were() -> None:
    rations = Rations(1, 0)
    held = rations.of("192.0.2.1:53")
    for number in range(2 * MAX_REMEMBERED):
        rations.of(str(number))
    assert rations.of("192.0.2.1:53") is held
