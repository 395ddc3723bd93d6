"""A TCP connection as bytes in and bytes out, and what the kernel's errors mean.

It works on the socket itself. asyncio's protocols and streams cost up to a third of the connections per
second, and a socket is closed when `close` returns, also when the task was cancelled.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from typing import Final, Protocol

from vpnprobe.model.errors import TransportError
from vpnprobe.model.failure import Failure, FailureKind

READ_BYTES: Final = 65536
"""What one read asks for: more than a gateway's whole first flight."""

_KINDS: Final[dict[int, FailureKind]] = {
    errno.ECONNREFUSED: FailureKind.REFUSED,
    errno.ECONNRESET: FailureKind.RESET,
    errno.ECONNABORTED: FailureKind.RESET,
    errno.EPIPE: FailureKind.RESET,
    errno.ETIMEDOUT: FailureKind.TIMEOUT,
    errno.ENETUNREACH: FailureKind.UNREACHABLE,
    errno.EHOSTUNREACH: FailureKind.UNREACHABLE,
    errno.ENETDOWN: FailureKind.UNREACHABLE,
    errno.EHOSTDOWN: FailureKind.UNREACHABLE,
    errno.EPROTO: FailureKind.UNREACHABLE,  # ICMP parameter problem
}


class ByteStream(Protocol):
    """What HTTP and TLS ask of the layer below. Failures are raised as `TransportError`."""

    async def receive(self) -> bytes:
        """Return the next bytes, b"" at the end of the stream."""
        ...

    async def send(self, data: bytes) -> None:
        """Send all of `data`."""
        ...

    async def close(self) -> None:
        """Close for good; a second call does nothing."""
        ...


def failure_from(error: OSError) -> Failure:
    """Say who failed: path or peer where the error can only come from there, otherwise this machine."""
    number = error.errno
    if isinstance(error, TimeoutError) and number is None:
        return Failure(kind=FailureKind.TIMEOUT)
    kind = FailureKind.LOCAL if number is None else _KINDS.get(number, FailureKind.LOCAL)
    return Failure(kind=kind, detail=os.strerror(number) if number and number > 0 else str(error))


class TcpStream:
    """An open connection. Not to be shared by tasks, except one that reads and one that writes."""

    __slots__ = ("_loop", "_socket")

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._loop = asyncio.get_running_loop()

    async def receive(self) -> bytes:
        """Return the next bytes, b"" at the end of the stream."""
        try:
            return await self._loop.sock_recv(self._socket, READ_BYTES)
        except OSError as error:
            raise TransportError(failure_from(error)) from error

    async def send(self, data: bytes) -> None:
        """Send all of `data`."""
        try:
            await self._loop.sock_sendall(self._socket, data)
        except OSError as error:
            raise TransportError(failure_from(error)) from error

    async def close(self) -> None:
        """Close in both directions at once, so that the peer is not left waiting."""
        self._socket.close()

    def close_with(self, last: bytes) -> None:
        """Hand `last` to the kernel as far as it takes it without waiting, and close."""
        with self._socket, contextlib.suppress(OSError):
            self._socket.send(last)


async def open_tcp(address: str, port: int, *, timeout: float | None = None) -> TcpStream:
    """Connect to an IP literal; raises `TransportError`.

    Without `timeout` (seconds) the caller sets the limit.
    """
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        connection = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise TransportError(failure_from(error)) from error
    try:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(timeout):
            await loop.sock_connect(connection, (address, port))
    except OSError as error:
        connection.close()
        raise TransportError(failure_from(error)) from error
    except BaseException:
        connection.close()
        raise
    return TcpStream(connection)
