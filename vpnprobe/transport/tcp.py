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
from vpnprobe.transport.addresses import SocketAddress, socket_address
from vpnprobe.transport.readiness import has_epoll, readiness_watch

READ_BYTES: Final = 65536
"""What one read asks for: more than a gateway's whole first flight."""

# A read that finds bytes at hand does not wait, and what never waits cannot be cancelled: a peer that sends faster than
# it is read would run past every time limit. A first flight takes fewer reads than this.
_READS_IN_A_ROW: Final = 8

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


# Said before a packet was sent, these are this machine's own; a router says them later.
_NO_ROUTE: Final = frozenset((errno.ENETUNREACH, errno.ENETDOWN))
_CONNECTED: Final = frozenset((0, errno.EISCONN))
_CONNECTING: Final = frozenset((errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK, errno.EINTR))


def failure_from(error: OSError) -> Failure:
    """Say who failed: path or peer where the error can only come from there, otherwise this machine."""
    number = error.errno
    if isinstance(error, TimeoutError) and number is None:
        return Failure(kind=FailureKind.TIMEOUT)
    kind = FailureKind.LOCAL if number is None else _KINDS.get(number, FailureKind.LOCAL)
    return Failure(kind=kind, detail=os.strerror(number) if number and number > 0 else str(error))


class TcpStream:
    """A connection in the making, then an open one: see `open_tcp`.

    Not to be shared by tasks, except one that reads and one that writes.
    """

    __slots__ = ("_reads", "_socket", "_waiting", "_watch")

    def __init__(self, unconnected: socket.socket) -> None:
        unconnected.setblocking(False)
        unconnected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = unconnected
        self._reads = 0
        self._waiting: set[asyncio.Future[None]] = set()
        self._watch = readiness_watch() if has_epoll() else None
        if self._watch is not None:
            self._watch.add_changes(unconnected.fileno(), self._wake)

    async def connect(self, address: SocketAddress) -> None:
        """Connect; raises `OSError`, and `TransportError` where this machine has no route."""
        number = self._socket.connect_ex(address)
        if number in _NO_ROUTE:
            raise TransportError(Failure(kind=FailureKind.LOCAL, detail=f"no route: {os.strerror(number)}"))
        while number not in _CONNECTED:
            if number not in _CONNECTING:
                raise OSError(number, os.strerror(number))
            await self._change(writing=True)
            # Another call tells how the first one is getting on.
            number = self._socket.connect_ex(address)

    async def receive(self) -> bytes:
        """Return the next bytes, b"" at the end of the stream."""
        self._reads += 1
        if self._reads % _READS_IN_A_ROW == 0:
            await asyncio.sleep(0)
        while True:
            try:
                return self._socket.recv(READ_BYTES)
            except BlockingIOError:
                await self._change(writing=False)
            except OSError as error:
                raise TransportError(failure_from(error)) from error

    async def send(self, data: bytes) -> None:
        """Send all of `data`."""
        left = memoryview(data)
        while left:
            try:
                left = left[self._socket.send(left) :]
            except BlockingIOError:
                await self._change(writing=True)
            except OSError as error:
                raise TransportError(failure_from(error)) from error

    async def close(self) -> None:
        """Close in both directions at once, so that the peer is not left waiting."""
        self.close_with(b"")

    def close_with(self, last: bytes) -> None:
        """Hand `last` to the kernel as far as it takes it without waiting, and close."""
        if self._socket.fileno() < 0:
            return
        if self._watch is not None:
            self._watch.remove(self._socket.fileno())
        with self._socket:
            if last:
                with contextlib.suppress(OSError):
                    self._socket.send(last)
        self._wake()

    async def _change(self, *, writing: bool) -> None:
        """Wait until it makes sense to try again."""
        loop = asyncio.get_running_loop()
        waiting = loop.create_future()
        self._waiting.add(waiting)
        fd = self._socket.fileno()
        if self._watch is None:
            (loop.add_writer if writing else loop.add_reader)(fd, self._wake)
        try:
            await waiting
        finally:
            self._waiting.discard(waiting)
            if self._watch is None:
                (loop.remove_writer if writing else loop.remove_reader)(fd)

    def _wake(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)


async def open_tcp(address: str, port: int, *, timeout: float | None = None) -> TcpStream:
    """Connect to an IP literal; raises `TransportError`.

    Without `timeout` (seconds) the caller sets the limit.
    """
    try:
        family, where = socket_address(address, port)
        unconnected = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise TransportError(failure_from(error)) from error
    try:
        stream = TcpStream(unconnected)
    except OSError as error:
        unconnected.close()
        raise TransportError(failure_from(error)) from error
    try:
        async with contextlib.nullcontext() if timeout is None else asyncio.timeout(timeout):
            await stream.connect(where)
    except BaseException as error:
        await stream.close()
        if isinstance(error, OSError):
            raise TransportError(failure_from(error)) from error
        raise
    return stream
