"""Runs that end well when somebody stops them: by Ctrl-C, by SIGTERM as schedulers do, or by a closed terminal."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from typing import Any, Literal, Protocol, TypeVar

from vpnprobe.cli.output import clear_progress
from vpnprobe.model.evidence import Evidence

T = TypeVar("T")

# What a scheduler sends, and what a closed terminal does; the second is not on every system.
_STOPPING = ("SIGTERM", "SIGHUP")


class Probe(Protocol):
    """A run that can be asked at any moment for what there is."""

    async def run(self) -> Evidence:
        """Measure within the deadline."""
        ...

    def evidence(self, interrupted: Literal["interrupt", "deadline"] | None = None) -> Evidence:
        """Return what was seen up to now."""
        ...


def measure(probe: Probe, *, quiet: bool) -> Evidence:
    """Run `probe`. What was seen until somebody stopped it is still worth a report, marked as interrupted.

    A `quiet` run has shown no progress that would have to be removed.
    """

    async def run() -> Evidence:
        try:
            return await probe.run()
        except asyncio.CancelledError:
            return probe.evidence("interrupt")

    evidence = run_stoppable(run())
    if not quiet:
        clear_progress()
    return evidence


def run_stoppable(main: Coroutine[Any, Any, T]) -> T:
    """Run `main`, which Ctrl-C, SIGTERM and SIGHUP cancel. Raises `KeyboardInterrupt` where it was cancelled."""

    async def run() -> T:
        task = asyncio.current_task()
        assert task is not None
        for name in _STOPPING:
            number = getattr(signal, name, None)
            # `nohup` has SIGHUP ignored, and means it.
            if number is None or signal.getsignal(number) is signal.SIG_IGN:
                continue
            # Ctrl-C is asyncio's own business. Not every system, nor every thread, can have another handler.
            with contextlib.suppress(NotImplementedError, RuntimeError):
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await main

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
