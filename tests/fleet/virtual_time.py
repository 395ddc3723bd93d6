"""An event loop whose time jumps to the next thing that is due: a month of waiting in seconds, and always the same."""

from __future__ import annotations

import asyncio
import functools
import inspect
import selectors
import threading
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

EPOCH = datetime(2026, 3, 1, tzinfo=UTC)

# How long a thread is waited for before it is asked after again.
_LOOK_S = 0.001


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting for the network it lets time go by, but for threads that work beside the loop."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0
        self._threads = threading.active_count()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        while not (events := super().select(0)) and threading.active_count() > self._threads:
            events = super().select(_LOOK_S)
            if events:
                break
        if events or timeout == 0:
            return events
        if timeout is None:
            return super().select(None)
        self.time += max(timeout, 0)
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop that begins at 0 s. `now` is its time as people read it, from 1 March 2026 on."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.time


def now() -> datetime:
    """Return what the clock on the wall shows in the running loop."""
    return EPOCH + timedelta(seconds=asyncio.get_running_loop().time())


def run_in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` in a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


def virtual(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test that is a coroutine function in virtual time."""

    @functools.wraps(test)
    def run(*args: object, **kwargs: object) -> None:
        run_in_virtual_time(test(*args, **kwargs))

    # It is not to be taken for a coroutine function.
    del run.__wrapped__
    run.__signature__ = inspect.signature(test)  # type: ignore[attr-defined] # read by inspect.signature
    return run
