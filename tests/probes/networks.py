"""Networks for probes: recording gateways behind one name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from tests.stand_ins import LOOPBACK, SECOND, RecordingGateway, name_server
from vpnprobe.lab.listening import STREAM, bound_sockets, tcp_server

NAME = "vpn.lab.example"


@dataclass(frozen=True)
class TwoGateways:
    """Where they are. `resolver` is `host:port` of the server that knows the name."""

    url: str
    resolver: str
    addresses: tuple[str, str]


@asynccontextmanager
async def two_gateways(first: RecordingGateway, second: RecordingGateway) -> AsyncIterator[TwoGateways]:
    """Serve two gateways behind one name, at two addresses and the same port."""
    sockets = bound_sockets([(LOOPBACK, STREAM), (SECOND, STREAM)], 0)
    port = sockets[0].getsockname()[1]
    async with AsyncExitStack() as stack:
        for sock, gateway in zip(sockets, (first, second), strict=True):
            await stack.enter_async_context(tcp_server(sock, gateway.serve))
        resolver = await stack.enter_async_context(name_server({NAME: [LOOPBACK, SECOND]}))
        addresses = (f"{LOOPBACK}:{port}", f"{SECOND}:{port}")
        yield TwoGateways(f"https://{NAME}:{port}/VPNPhone", f"{LOOPBACK}:{resolver}", addresses)
