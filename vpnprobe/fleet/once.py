"""Work that is done once, however many wait for it."""

from __future__ import annotations

import asyncio
from typing import TypeVar

T = TypeVar("T")


async def shared(task: asyncio.Task[T]) -> T:
    """Return the task's result; who is cancelled while waiting does not end it for the others."""
    return task.result() if task.done() else await asyncio.shield(task)
