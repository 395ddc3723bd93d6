"""A way to a TFTP server that delays every datagram and loses some; a kernel may have no netem.

A TFTP transfer is a pair of ports, and each side tells its transfers apart by the other's port. So each client port has
a socket of its own towards the server, and each port of the server that answers it one of its own towards the client.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

Address = tuple[str, int]

READ_REQUEST = b"\0\1"

# Longer than either side waits for the other; then the ports of a transfer are free again.
_IDLE_S = 15.0
_LOOPBACK = "127.0.0.1"
_DATAGRAM = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What happens to datagrams: `delay_s` there and back together, `loss` of 1 in either direction.

    `silent` are names of files whose requests are never delivered.
    """

    delay_s: float = 0.0
    loss: float = 0.0
    silent: Collection[str] = ()
    seed: int = 1


@dataclass(slots=True)
class Relay:
    """A running relay. `port` is where clients send their requests; the counters are of datagrams."""

    port: int
    asked: Counter[str] = field(default_factory=Counter)
    delivered: int = 0
    lost: int = 0


@dataclass(slots=True)
class _Transfers:
    """All that one client port does: the socket towards the server, those towards the client by the server's port."""

    client: Address
    to_server: socket.socket
    to_client: dict[Address, socket.socket] = field(default_factory=dict)
    last_used: float = 0.0


class _Relaying:
    def __init__(self, relay: Relay, server: Address, way: Way, requests: socket.socket) -> None:
        self._relay = relay
        self._server = server
        self._way = way
        self._chance = random.Random(way.seed)
        self._loop = asyncio.get_running_loop()
        self._requests = requests
        self._transfers: dict[Address, _Transfers] = {}
        self._listen(requests, self._request)
        self._sweeper = self._loop.call_later(_IDLE_S, self._forget_idle)

    def _request(self, data: bytes, client: Address) -> None:
        if data.startswith(READ_REQUEST):
            name = data[2:].split(b"\0")[0].decode()
            self._relay.asked[name] += 1
            if name in self._way.silent:
                return
        transfers = self._transfers.get(client)
        if transfers is None:
            to_server = _socket(self._server[0])
            transfers = self._transfers[client] = _Transfers(client, to_server)
            self._listen(to_server, partial(self._answer, transfers))
        self._deliver(transfers, transfers.to_server, data, self._server)

    def _answer(self, transfers: _Transfers, data: bytes, server: Address) -> None:
        to_client = transfers.to_client.get(server)
        if to_client is None:
            to_client = transfers.to_client[server] = _socket(_LOOPBACK)
            # Connected, so that this side hears when the client's port is closed, and the server does in turn.
            to_client.connect(transfers.client)
            self._listen(
                to_client,
                partial(self._acknowledged, transfers, server),
                gone=partial(self._close_of, transfers.client),
            )
        self._deliver(transfers, to_client, data, transfers.client)

    def _acknowledged(self, transfers: _Transfers, server: Address, data: bytes, _client: Address) -> None:
        self._deliver(transfers, transfers.to_server, data, server)

    def _deliver(self, transfers: _Transfers, sender: socket.socket, data: bytes, to: Address) -> None:
        transfers.last_used = self._loop.time()
        if self._chance.random() < self._way.loss:
            self._relay.lost += 1
            return
        self._relay.delivered += 1
        if self._way.delay_s:
            self._loop.call_later(self._way.delay_s / 2, _send, sender, data, to)
        else:
            _send(sender, data, to)

    def _listen(
        self, sock: socket.socket, received: Callable[[bytes, Address], None], gone: Callable[[], None] | None = None
    ) -> None:
        def readable() -> None:
            try:
                data, address = sock.recvfrom(_DATAGRAM)
            except ConnectionRefusedError:
                if gone is not None:
                    gone()
            except BlockingIOError:
                return
            else:
                received(data, address)

        self._loop.add_reader(sock, readable)

    def _forget_idle(self) -> None:
        now = self._loop.time()
        for client in [one for one, transfers in self._transfers.items() if now - transfers.last_used > _IDLE_S]:
            self._close_of(client)
        self._sweeper = self._loop.call_later(_IDLE_S / 10, self._forget_idle)

    def _close_of(self, client: Address) -> None:
        transfers = self._transfers.pop(client, None)
        if transfers is not None:
            for sock in (transfers.to_server, *transfers.to_client.values()):
                self._loop.remove_reader(sock)
                sock.close()

    def close(self) -> None:
        self._sweeper.cancel()
        self._loop.remove_reader(self._requests)
        for client in list(self._transfers):
            self._close_of(client)


@asynccontextmanager
async def lossy_relay(server: Address, way: Way) -> AsyncIterator[Relay]:
    """Relay to a server's IPv4 address and port until the body ends."""
    with _socket(_LOOPBACK) as requests:
        relay = Relay(requests.getsockname()[1])
        relaying = _Relaying(relay, server, way, requests)
        try:
            yield relay
        finally:
            relaying.close()


def _socket(host: str) -> socket.socket:
    """Return a socket with a port of its own; on loopback where the other side is there."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind((_LOOPBACK if host.startswith("127.") else "0.0.0.0", 0))
    return sock


def _send(sock: socket.socket, data: bytes, to: Address) -> None:
    # A socket that was closed while the datagram was on its way is a transfer that ended; so is a refusal.
    if sock.fileno() >= 0:
        with contextlib.suppress(ConnectionRefusedError):
            sock.sendto(data, to)
