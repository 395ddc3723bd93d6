"""Networks for probes, and what a probe is run with there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.stand_ins import LOOPBACK, SECOND, RecordingGateway, name_server
from vpnprobe.lab.config_server import http_side, tftp_side
from vpnprobe.lab.listening import DATAGRAM, STREAM, bound_sockets, has_address, tcp_server
from vpnprobe.lab.network import Lab
from vpnprobe.lab.scenario import ConfigServer
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.target import Endpoint, parse_group_url
from vpnprobe.phones import load_profile
from vpnprobe.probes.options import GivenServer, NetworkOptions, PhoneOptions
from vpnprobe.probes.phone import PhoneProbe
from vpnprobe.transport.tls import load_client_credential
from vpnprobe.transport.tls_settings import ClientCredential

MAC = "8CB64F576113"
DEVICE = f"SEP{MAC}"
NAME = "vpn.lab.example"
# Nobody listens there, so that a run which is about something else ends at once.
NOWHERE = parse_group_url("https://127.0.0.1:9/VPNPhone")
QUICK = NetworkOptions(timeout=0.5, deadline=20)

needs_second_address = pytest.mark.skipif(not has_address(SECOND), reason="this system has one loopback address")
needs_ipv6 = pytest.mark.skipif(not has_address("::1"), reason="this system has no IPv6")


@dataclass(frozen=True)
class TwoGateways:
    """Where they are. `resolver` is `host:port` of the server that knows the name."""

    url: str
    resolver: str
    addresses: tuple[str, str]


@asynccontextmanager
async def two_gateways(
    first: RecordingGateway, second: RecordingGateway, hosts: tuple[str, str] = (LOOPBACK, SECOND)
) -> AsyncIterator[TwoGateways]:
    """Serve two gateways behind one name, at two addresses and the same port."""
    sockets = bound_sockets([(host, STREAM) for host in hosts], 0)
    port = sockets[0].getsockname()[1]
    async with AsyncExitStack() as stack:
        for sock, gateway in zip(sockets, (first, second), strict=True):
            await stack.enter_async_context(tcp_server(sock, gateway.serve))
        resolver = await stack.enter_async_context(name_server({NAME: hosts}))
        addresses = (str(Endpoint(hosts[0], port)), str(Endpoint(hosts[1], port)))
        yield TwoGateways(f"https://{NAME}:{port}/VPNPhone", f"{LOOPBACK}:{resolver}", addresses)


@dataclass(frozen=True)
class BootServer:
    """A configuration server: one address, a TFTP port and an HTTP port."""

    tftp: GivenServer
    http_port: int

    @property
    def options(self) -> dict[str, Any]:
        return {"server": self.tftp, "http_port": self.http_port}


@asynccontextmanager
async def boot_server(
    files: Mapping[str, bytes], server: ConfigServer | None = None, *, host: str = LOOPBACK
) -> AsyncIterator[BootServer]:
    """Serve these files by TFTP and HTTP, with the faults of `server`."""
    server = server or ConfigServer()
    [udp] = bound_sockets([(host, DATAGRAM)], 0)
    [tcp] = bound_sockets([(host, STREAM)], 0)
    tftp = GivenServer(endpoint=Endpoint(host, udp.getsockname()[1]))
    http_port = tcp.getsockname()[1]
    async with tftp_side(udp, files, server), http_side(tcp, files, server):
        yield BootServer(tftp, http_port)


def options(url: str | None = None, **changes: Any) -> PhoneOptions:
    """What a phone probe is run with: a 7962G, no configuration server, no credentials, little patience."""
    resolver = changes.pop("resolver", None)
    network = changes.pop("network", QUICK)
    if resolver is not None:
        host, _, port = resolver.rpartition(":")
        network = NetworkOptions(
            resolvers=(Endpoint(host, int(port)),),
            families=network.families,
            timeout=network.timeout,
            deadline=network.deadline,
        )
    return PhoneOptions(
        **{
            "group_url": parse_group_url(url) if url else NOWHERE,
            "mac": MAC,
            "profile": load_profile(changes.pop("model", "7962G")),
            "network": network,
        }
        | changes
    )


async def probe(url: str | None = None, **changes: Any) -> Evidence:
    """Run the phone probe."""
    return await PhoneProbe(options(url, **changes)).run()


def credential_of(lab: Lab) -> ClientCredential:
    """The client certificate that this lab gives its phone."""
    return load_client_credential(lab.client_certificate, lab.client_key)


def stage_ends(evidence: Evidence) -> dict[str, tuple[str, str | None]]:
    """How each stage ended, and why."""
    return {stage.name: (stage.status, stage.because) for stage in evidence.stages}


@contextmanager
def nothing_left_behind() -> Iterator[None]:
    """Fail when the body leaves a task of its own or an open file descriptor behind."""
    files, tasks = _open_files(), asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() <= tasks
    assert _open_files() <= files


def _open_files() -> set[str]:
    """Numbers of open descriptors, where the system tells."""
    descriptors = Path("/proc/self/fd")
    return {one.name for one in descriptors.iterdir()} if descriptors.exists() else set()
