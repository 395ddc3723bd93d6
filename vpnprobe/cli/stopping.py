"""Runs that end well when somebody stops them: by Ctrl-C, by SIGTERM as schedulers do, or by a closed terminal."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Iterable
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


def measure_each(probes: Iterable[Probe], take: Callable[[int, Evidence], None], *, at_once: int) -> int:
    """Run many probes, `at_once` of them at a time, and return how many were begun.

    `take` is given each one's number and Evidence as soon as it ends; nothing is kept, and no probe is made before its
    turn. Where somebody stops the run, those that were running give what they have, and no other one begins. An error
    of one is raised when all others have ended.
    """
    begun = 0
    errors: list[Exception] = []

    async def work(waiting: Iterable[tuple[int, Probe]]) -> None:
        nonlocal begun
        for number, probe in waiting:
            begun += 1
            try:
                evidence = await probe.run()
            except asyncio.CancelledError:
                take(number, probe.evidence("interrupt"))
                raise
            except Exception as error:
                errors.append(error)
                evidence = probe.evidence()
            take(number, evidence)

    async def run() -> None:
        waiting = enumerate(probes)
        with contextlib.suppress(asyncio.CancelledError):
            async with asyncio.TaskGroup() as group:
                for _ in range(at_once):
                    group.create_task(work(waiting))

    try:
        run_stoppable(run())
    except ExceptionGroup as group_error:
        # One that could not take its report ends all; the caller must see that error, not the group.
        raise group_error.exceptions[0] from None
    if errors:
        raise errors[0]
    return begun


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
