"""Listening on loopback: ports that several servers share, and TCP servers that leave no task behind."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import cast

from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import Endpoint

# Ephemeral ports are few enough that another program can hold one of them at the second address.
_ATTEMPTS = 20

# A queue of length 0 holds one connection on Linux and a few on other systems.
_QUEUE_FILLERS = 8
_QUEUE_SETTLES_S = 0.05

STREAM = socket.SOCK_STREAM
DATAGRAM = socket.SOCK_DGRAM
Address = tuple[str, int] | tuple[str, int, int, int]
Binding = tuple[str, socket.SocketKind]

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def bound_sockets(wanted: Sequence[Binding], port: int) -> list[socket.socket]:
    """Bind one socket per (address, kind), all at one port; `port` 0 lets the system choose a free one.

    Nothing listens yet: a TCP connection to such a socket is refused. Raises `UsageError` when the port is
    taken.
    """
    for _ in range(_ATTEMPTS if port == 0 else 1):
        with contextlib.ExitStack() as stack:
            sockets: list[socket.socket] = []
            chosen = port
            try:
                for address, kind in wanted:
                    family = socket.AF_INET6 if ":" in address else socket.AF_INET
                    sock = stack.enter_context(socket.socket(family, kind))
                    sock.setblocking(False)
                    # Only for a port of the operator's choice, which may still be in TIME_WAIT: among free ports the
                    # system could then choose one that another lab has bound and does not listen on yet.
                    if kind == STREAM and port:
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    sock.bind((address, chosen))
                    chosen = sock.getsockname()[1]
                    sockets.append(sock)
            except OSError:
                continue
            stack.pop_all()
            return sockets
    where = " and ".join(address for address, _ in wanted)
    raise UsageError(f"cannot bind {f'port {port}' if port else 'a free port'} at {where}; choose another base port")


def has_address(address: str) -> bool:
    """Whether this machine can bind the loopback address."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as sock:
            sock.bind((address, 0))
    except OSError:
        return False
    return True


def endpoint_of(sock: socket.socket) -> Endpoint:
    """Return where a bound socket is."""
    host, port = sock.getsockname()[:2]
    return Endpoint(host, port)


class DatagramServer(asyncio.DatagramProtocol):
    """A UDP protocol that can send."""

    def __init__(self) -> None:
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # asyncio's own selector transport is no subclass of DatagramTransport before Python 3.12.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def send(self, data: bytes, to: Address | None = None) -> None:
        """Send one datagram; without `to` to the peer that the socket is connected to."""
        assert self._transport is not None
        self._transport.sendto(data, to)


@asynccontextmanager
async def udp_server(sock: socket.socket, protocol: DatagramServer) -> AsyncIterator[None]:
    """Serve a bound UDP socket with `protocol` until the body ends."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: protocol, sock=sock)
    try:
        yield
    finally:
        transport.close()


@asynccontextmanager
async def tcp_server(sock: socket.socket, handler: Handler) -> AsyncIterator[None]:
    """Serve connections of a bound socket until the body ends, then end those that are still open.

    The socket is closed at the end. A peer that goes away is nothing to a stand-in: connection errors end its
    handler only.
    """
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, TimeoutError):
                await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, sock=sock)
    try:
        yield
    finally:
        server.close()
        ending = tuple(tasks)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)


@asynccontextmanager
async def refuse(sock: socket.socket) -> AsyncIterator[None]:
    """Hold a bound socket without listening, so that connections are refused (for UDP, without reading)."""
    with sock:
        yield


@asynccontextmanager
async def swallow(sock: socket.socket) -> AsyncIterator[None]:
    """Let connections time out, like a filter that drops SYN: the socket's queue is kept full."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(sock)
        sock.listen(0)
        for _ in range(_QUEUE_FILLERS):
            filler = stack.enter_context(socket.socket(sock.family, socket.SOCK_STREAM))
            filler.setblocking(False)
            filler.connect_ex(sock.getsockname())
        # The kernel has queued them once the first one is established.
        await asyncio.sleep(_QUEUE_SETTLES_S)
        yield
