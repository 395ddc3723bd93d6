from __future__ import annotations

import asyncio
import itertools

import pytest

from vpnprobe.probes.ration import Ration


@pytest.mark.parametrize("parallel", [1, 2, 5])
async def test_no_more_at_once_than_allowed(parallel: int) -> None:
    ration = Ration(parallel, 0)
    inside = most = 0

    async def visit() -> None:
        nonlocal inside, most
        async with ration.turn():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(visit())
    assert most == parallel


async def test_a_pause_between_two_starts() -> None:
    ration = Ration(10, 0.02)
    loop = asyncio.get_running_loop()
    starts: list[float] = []

    async def visit() -> None:
        async with ration.turn():
            starts.append(loop.time())

    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(visit())
    gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    # A timer may go off as early as its resolution.
    assert min(gaps) > 0.015


async def test_who_leaves_by_an_error_or_is_cancelled_gives_the_place_back() -> None:
    ration = Ration(1, 0)
    with pytest.raises(ValueError, match="x"):
        async with ration.turn():
            raise ValueError("x")
    async with ration.turn():
        waiting = asyncio.create_task(ration.turn().__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(1), ration.turn():
        pass
