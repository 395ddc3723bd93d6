"""A gateway on loopback that dies, hangs, comes back and changes its certificate, always at the same port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal

from tests.stand_ins import LOOPBACK, RecordingGateway, wants_login
from vpnprobe.lab.listening import tcp_server

Mode = Literal["healthy", "renewed", "silent", "dead"]


def _bound(port: int) -> socket.socket:
    sock = socket.socket()
    sock.setblocking(False)
    # Also the first time: connections that linger would else keep the port from its next life.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((LOOPBACK, port))
    return sock


class ChangingGateway:
    """The gateway, at `port` of 127.0.0.1. `cert_hash` is that of the certificate it has while it is healthy."""

    def __init__(self) -> None:
        self._gateways = {"healthy": RecordingGateway(wants_login), "renewed": RecordingGateway(wants_login)}
        self._mode: Mode = "dead"
        self._server: AsyncExitStack | None = None
        # Bound and not listening: a connection is refused, and nobody else takes the port.
        self._socket = _bound(0)
        self.port = self._socket.getsockname()[1]

    @property
    def cert_hash(self) -> str:
        return self._gateways["healthy"].cert_hash

    async def become(self, mode: Mode) -> None:
        """Change. Connections that hang are dropped when it dies."""
        if mode == "dead" and self._server is not None:
            await self._server.aclose()
            self._server = None
            self._socket = _bound(self.port)
        self._mode = mode
        if mode != "dead" and self._server is None:
            self._server = AsyncExitStack()
            await self._server.enter_async_context(tcp_server(self._socket, self._serve))

    async def close(self) -> None:
        await self.become("dead")
        self._socket.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mode not in self._gateways:
            # Whoever hangs here gives up in the end.
            await reader.read()
            return
        gateway = self._gateways[self._mode]
        gateway.sessions.clear()
        await gateway.serve(reader, writer)


@asynccontextmanager
async def changing_gateway() -> AsyncIterator[ChangingGateway]:
    """Run a gateway that is healthy at first."""
    gateway = ChangingGateway()
    await gateway.become("healthy")
    try:
        yield gateway
    finally:
        await gateway.close()
