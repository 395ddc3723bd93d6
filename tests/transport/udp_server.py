"""A TFTP server on loopback that answers each request as a script says, good or bad."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

LOOPBACK = "127.0.0.1"
ELSEWHERE = "127.0.0.2"

Script = Callable[["Session"], Awaitable[None]]


def udp_socket(host: str = LOOPBACK) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind((host, 0))
    return sock


def data(block: int, payload: bytes = b"x" * 512) -> bytes:
    return b"\0\3" + (block & 0xFFFF).to_bytes(2, "big") + payload


def ack(block: int) -> bytes:
    return b"\0\4" + (block & 0xFFFF).to_bytes(2, "big")


class Session:
    """The server's side of one request, on a port of its own."""

    def __init__(self, sock: socket.socket, client: tuple[str, int], request: bytes) -> None:
        self.sock = sock
        self.client = client
        self.request = request

    def send(self, datagram: bytes) -> None:
        self.sock.sendto(datagram, self.client)

    def forge(self, datagram: bytes, host: str) -> None:
        """Send from a socket that is gone at once, so that an answer to it makes an ICMP message."""
        with udp_socket(host) as other:
            other.sendto(datagram, self.client)

    async def hear(self) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self.sock, 2048)

    async def exchange(self, block: int, payload: bytes = b"x" * 512) -> None:
        """Send a block and wait for its ACK."""
        self.send(data(block, payload))
        while await self.hear() != ack(block):
            pass


@asynccontextmanager
async def udp_server(script: Script, host: str = LOOPBACK) -> AsyncGenerator[int]:
    """Give the port of a server that runs the script for each request, each in a task and on a socket of its own."""
    loop = asyncio.get_running_loop()
    sessions: set[asyncio.Task[None]] = set()

    async def serve(client: tuple[str, int], request: bytes) -> None:
        with udp_socket(host) as sock:
            await script(Session(sock, client, request))

    async def listen(sock: socket.socket) -> None:
        while True:
            request, client = await loop.sock_recvfrom(sock, 2048)
            task = asyncio.create_task(serve(client, request))
            sessions.add(task)

    with udp_socket(host) as sock:
        listener = asyncio.create_task(listen(sock))
        try:
            yield sock.getsockname()[1]
        finally:
            tasks = (listener, *sessions)
            for task in tasks:
                task.cancel()
            failures = await asyncio.gather(*tasks, return_exceptions=True)
    for failure in failures:
        if isinstance(failure, Exception):
            raise failure
