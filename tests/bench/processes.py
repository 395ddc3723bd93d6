"""Servers in processes of their own, and commands with a stop-watch."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

VPNPROBE = (sys.executable, "-m", "vpnprobe")


@contextmanager
def server(module: str, *arguments: str, given: bytes = b"") -> Iterator[str]:
    """Run a module of this package with `given` on its standard input; yield the first line that it prints."""
    command = [sys.executable, "-m", f"{__package__}.{module}", *arguments]
    with group(command) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(given)
        process.stdin.close()
        line = process.stdout.readline().decode().strip()
        if not line:
            raise RuntimeError(f"{module} did not start")
        yield line


@contextmanager
def group(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until the body ends, then end it with all its children."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)


def seconds(command: Sequence[str], *, given: bytes = b"", codes: Sequence[int] | None = (0,)) -> float:
    """Run a command to its end and return the time; raises `RuntimeError` at any exit code but `codes`."""
    started = time.perf_counter()
    ended = subprocess.run(command, input=given, capture_output=True, check=False)
    took = time.perf_counter() - started
    if codes is not None and ended.returncode not in codes:
        raise RuntimeError(f"{' '.join(command)} ended with {ended.returncode}: {ended.stderr.decode()}")
    return took


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a command took with all its children; `peak_bytes` is the memory of the largest process among them."""

    wall_s: float
    cpu_s: float
    peak_bytes: int


def cost(command: Sequence[str], *, codes: Sequence[int] = (0,)) -> Cost:
    """Run a command to its end, its output thrown away; raises `RuntimeError` at any exit code but `codes`."""
    measuring = [sys.executable, "-m", f"{__package__}.costs", *command]
    ended = subprocess.run(measuring, capture_output=True, check=False)
    if ended.returncode not in codes:
        raise RuntimeError(f"{' '.join(command)} ended with {ended.returncode}: {ended.stderr.decode()}")
    return Cost(**json.loads(ended.stdout))
