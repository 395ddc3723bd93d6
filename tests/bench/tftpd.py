"""tftpd-hpa on loopback, for files of a directory."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import ExitStack
from pathlib import Path

from tests.bench.machine import found
from tests.bench.processes import group
from vpnprobe.transport.tftp import fetch_tftp

_TIMEOUT_S = 2.0
_DEADLINE_S = 60.0
_TRIES = 10
_BETWEEN_TRIES_S = 0.1


def started_tftpd(stack: ExitStack, directory: Path, name: str) -> int | str:
    """Serve a directory and return the port, once the named file was given; else what to do."""
    path = found("in.tftpd")
    if path is None:
        return "no in.tftpd; `apt-get install tftpd-hpa`"
    directory.chmod(0o755)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    stack.enter_context(group([path, "--foreground", "--secure", "--address", f"127.0.0.1:{port}", str(directory)]))
    for _ in range(_TRIES):
        result = asyncio.run(fetch(port, name))
        if result is None:
            return port
        time.sleep(_BETWEEN_TRIES_S)
    return f"in.tftpd did not serve ({result}); it does when root starts it"


async def fetch(port: int, name: str) -> str | None:
    """Fetch a file from loopback; None when it came, else how it ended."""
    deadline = asyncio.get_running_loop().time() + _DEADLINE_S
    result = await fetch_tftp("127.0.0.1", port, name, timeout=_TIMEOUT_S, deadline=deadline)
    return None if result.outcome == "received" else result.outcome
