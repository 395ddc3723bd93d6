"""Manners toward one gateway: few connections at once and a pause between two of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Ration:
    """At most `parallel` connections at once, and at least `pause` seconds between the starts of two."""

    def __init__(self, parallel: int, pause: float) -> None:
        self._places = asyncio.Semaphore(parallel)
        self._unclaimed = parallel
        self._pause = pause
        self._next_start = 0.0

    @property
    def unclaimed(self) -> int:
        """How many places nobody holds or waits for; below 0 there is a queue."""
        return self._unclaimed

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a place and for the pause, then hold the place while the body runs."""
        self._unclaimed -= 1
        try:
            async with self._places:
                now = asyncio.get_running_loop().time()
                start = max(now, self._next_start)
                self._next_start = start + self._pause
                if start > now:
                    await asyncio.sleep(start - now)
                yield
        finally:
            self._unclaimed += 1
