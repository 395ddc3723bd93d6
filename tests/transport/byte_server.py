"""A TCP server on loopback that does with each connection what a script says, and notes how it ended."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"
Script = Callable[["Peer"], Awaitable[None]]


@dataclass
class Peer:
    """The server's end of one connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def trickle(self, data: bytes, pause: float) -> None:
        for one in data:
            await self.send(bytes((one,)))
            await asyncio.sleep(pause)

    async def hear(self) -> bytes:
        """Return what comes next."""
        return await self.reader.read(65536)

    async def gone(self) -> None:
        """Wait until the client has closed, in whatever way."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass

    def reset(self) -> None:
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class ByteServer:
    """A running server; `ended` counts the connections that are over."""

    port: int
    ended: int = 0
    opened: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def all_ended(self) -> None:
        """Wait until every connection that was opened is closed by the client or by the script."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.opened > 0 and self.ended == self.opened)

    async def someone_came(self) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: self.opened > 0)


@asynccontextmanager
async def byte_server(script: Script, host: str = LOOPBACK) -> AsyncGenerator[ByteServer]:
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        async with running.changed:
            running.opened += 1
            running.changed.notify_all()
        try:
            await script(Peer(reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            # The server is going down; asyncio's stream server does not expect to see this exception.
            pass
        finally:
            writer.close()
            tasks.discard(task)
            async with running.changed:
                running.ended += 1
                running.changed.notify_all()

    server = await asyncio.start_server(connected, host, 0)
    running = ByteServer(server.sockets[0].getsockname()[1])
    try:
        yield running
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await server.wait_closed()
        await asyncio.sleep(0)


def closed_port() -> int:
    """Return a port that refuses connections."""
    with socket.socket() as holder:
        holder.bind((LOOPBACK, 0))
        port: int = holder.getsockname()[1]
        return port


@contextmanager
def unanswering_port() -> Iterator[int]:
    """Give a port whose queue of connections is full, so that the kernel drops the next SYN (Linux)."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        try:
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(listener.getsockname())
            yield listener.getsockname()[1]
        finally:
            for one in waiting:
                one.close()
