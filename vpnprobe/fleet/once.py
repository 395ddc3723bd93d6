"""Work that is done once, however many wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def shared(task: asyncio.Task[T]) -> T:
    """Return the task's result; who is cancelled while waiting does not end it for the others."""
    return task.result() if task.done() else await asyncio.shield(task)


async def end(tasks: Iterable[asyncio.Task[Any] | None]) -> None:
    """Cancel what is still running of these, and wait until it is over."""
    running = [task for task in tasks if task is not None and not task.done()]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
