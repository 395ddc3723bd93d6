"""What the service manager is told, over a real socket of its kind."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vpnprobe.transport.supervisor import Supervisor


@contextmanager
def manager(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(address)
        sock.settimeout(5)
        yield sock


def test_what_is_told(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with manager(address) as sock:
        supervisor = Supervisor({"NOTIFY_SOCKET": address})
        supervisor.ready("2 probes: 2 ok")
        supervisor.alive("2 probes: 1 critical, 1 ok")
        before = time.monotonic_ns() // 1000
        supervisor.reloading()
        supervisor.stopping()
        told = [sock.recv(4096).decode() for _ in range(4)]
    ready, alive, reloading, stopping = told
    assert ready == "READY=1\nSTATUS=2 probes: 2 ok"
    assert alive == "WATCHDOG=1\nSTATUS=2 probes: 1 critical, 1 ok"
    first, moment = reloading.split("\n")
    assert first == "RELOADING=1"
    name, _, value = moment.partition("=")
    assert name == "MONOTONIC_USEC"
    assert before <= int(value) <= time.monotonic_ns() // 1000
    assert stopping == "STOPPING=1"


def test_the_abstract_namespace() -> None:
    name = f"vpnprobe-test-{os.getpid()}"
    with manager(f"\0{name}") as sock:
        Supervisor({"NOTIFY_SOCKET": f"@{name}"}).stopping()
        assert sock.recv(4096) == b"STOPPING=1"


@pytest.mark.parametrize("address", ["", "/nowhere/at/all", "x" * 4000])
def test_nobody_to_tell(address: str) -> None:
    Supervisor({"NOTIFY_SOCKET": address} if address else {}).ready("fine")


def test_one_that_does_not_read(tmp_path: Path) -> None:
    """The program does not wait for the manager."""
    address = str(tmp_path / "notify")
    with manager(address):
        supervisor = Supervisor({"NOTIFY_SOCKET": address})
        for _ in range(1000):
            supervisor.alive("x" * 1000)


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "300000000"}, 300.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid() + 1)}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_how_often_it_wants_to_hear(environment: dict[str, str], seconds: float | None) -> None:
    assert Supervisor(environment).watchdog_s == seconds
