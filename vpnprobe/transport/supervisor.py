"""Tells the service manager how this service is (systemd, sd_notify(3)). Without one, nothing is said."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping


class Supervisor:
    """The socket that the environment names. What cannot be sent is not: no service ends for that."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._watchdog = _watchdog_s(environment)

    @property
    def watchdog_s(self) -> float | None:
        """How often `alive` must be said at least (seconds), None where nobody waits for it."""
        return self._watchdog

    def ready(self, status: str) -> None:
        """The service is up, or up again after a reload; `status` says how it is in a few words."""
        self._send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """The service reads its settings again; `ready` follows."""
        # systemd compares it with the moment it asked: CLOCK_MONOTONIC in microseconds.
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def alive(self, status: str) -> None:
        """The service does its work."""
        self._send("WATCHDOG=1", f"STATUS={status}")

    def stopping(self) -> None:
        """The service comes to its end."""
        self._send("STOPPING=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        # A leading @ stands for the null byte of the abstract namespace.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto("\n".join(lines).encode(), address)


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    microseconds = environment.get("WATCHDOG_USEC", "")
    meant_for = environment.get("WATCHDOG_PID", "")
    if not microseconds.isdigit() or not int(microseconds) or meant_for not in ("", str(os.getpid())):
        return None
    return int(microseconds) / 1e6
