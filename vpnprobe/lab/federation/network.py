"""Starts a federation scenario's network on loopback and says how to probe it."""

from __future__ import annotations

import functools
import random
import shlex
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from vpnprobe.lab.directory import write_files
from vpnprobe.lab.dns import dns_server
from vpnprobe.lab.federation.certificates import EdgePki
from vpnprobe.lab.federation.dns import RecordZone
from vpnprobe.lab.federation.edge import edge_server
from vpnprobe.lab.federation.revocation import RevocationService
from vpnprobe.lab.federation.scenario import Edge, FederationScenario, Resolver
from vpnprobe.lab.listening import (
    DATAGRAM,
    STREAM,
    Binding,
    bound_sockets,
    endpoint_of,
    has_address,
    refuse,
    tcp_server,
)
from vpnprobe.lab.wording import wrapped
from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import Endpoint

_ONLY_IPV4 = "127.0.0.1"
# Somewhere in 127.0.0.0/8, so that several labs have port 5061 at the same time.
_TRIES = 50

# Where the ports stand from a chosen base port.
_DNS_OFFSET, _OTHER_DNS_OFFSET, _HTTP_OFFSET, _NOWHERE_OFFSET = 0, 1, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FederationLab:
    """A running scenario: where everything listens, and how to probe it.

    `edges` are the edges' addresses and ports, in the scenario's order. `directory` holds, for the time of the run,
    the roots (`public-root.pem`, `private-root.pem`, `old-root.pem`), `edge1-chain.pem` and so on (what each edge has),
    `expected.pem` (what `--expect` is given) and `client-cert.pem` with `client-key.pem`.
    """

    scenario: FederationScenario
    edges: tuple[Endpoint, ...]
    resolvers: tuple[Endpoint, ...]
    directory: Path

    @property
    def arguments(self) -> list[str]:
        """The arguments of `vpnprobe` that probe this scenario."""
        options = self.scenario.options
        words = ["federation", *self.scenario.domains]
        words += [word for resolver in self.resolvers for word in ("--resolver", str(resolver))]
        if self.root is not None:
            words += ["--ca", str(self.root)]
        if options.client_certificate:
            words += ["--client-cert", str(self.client_certificate), "--client-key", str(self.client_key)]
        if options.partner != "any":
            words += ["--partner", options.partner]
        if options.expects is not None:
            words += ["--expect", str(self.expected)]
        flags = {
            "--imp": options.im_and_presence,
            "--extras": options.extras,
            "--revocation": options.revocation,
            "--sip": options.sip,
        }
        return words + [flag for flag, wanted in flags.items() if wanted]

    @property
    def root(self) -> Path | None:
        """The root that the probe is given, PEM."""
        name = self.scenario.options.given_root
        return None if name is None else self.directory / f"{name}-root.pem"

    @property
    def expected(self) -> Path:
        """The certificate that the operator expects, PEM."""
        return self.directory / "expected.pem"

    @property
    def client_certificate(self) -> Path:
        """Our own edge's certificate with its issuers, PEM."""
        return self.directory / "client-cert.pem"

    @property
    def client_key(self) -> Path:
        """Our own edge's key, PEM."""
        return self.directory / "client-key.pem"

    def describe(self, width: int = 80) -> str:
        """Say in a few lines what runs and what to type; prose is broken between words at `width` columns."""
        scenario = self.scenario
        expected = ", ".join(sorted(scenario.expect_fail)) or "no alarm"
        return "\n".join(
            (
                *wrapped(f"{scenario.name}: {scenario.title}", width),
                *(part for line in scenario.story for part in wrapped(line, width, "  ")),
                "",
                *wrapped(f"domain   {', '.join(scenario.domains)}", width, "  "),
                *wrapped(f"edge     {', '.join(map(str, self.edges))}", width, "  "),
                *wrapped(f"DNS      {', '.join(map(str, self.resolvers))}", width, "  "),
                f"  files    {self.directory}",
                *wrapped(f"expected {expected} (verdict {scenario.expect_verdict})", width, "  "),
                "",
                f"  {shlex.join(('vpnprobe', *self.arguments))}",
            )
        )


@asynccontextmanager
async def running_federation_lab(
    scenario: FederationScenario, *, port_base: int | None = None, now: datetime | None = None
) -> AsyncIterator[FederationLab]:
    """Run the network of `scenario` until the body ends.

    Each edge has its SRV record's port at a free address of its own in 127.0.0.0/8. Where the system has only
    127.0.0.1, a scenario with one edge runs there. The other ports, all at the first edge's address, are free ones of
    the system's choice, or `port_base` and those after it (DNS, the other DNS, HTTP); `UsageError` is raised when one
    is taken.
    """
    started_at = now or datetime.now(UTC)
    clock = functools.partial(datetime.now, UTC) if now is None else lambda: started_at
    network = scenario.network
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vpnprobe-lab-")))

        def held(sockets: Sequence[socket.socket]) -> Sequence[socket.socket]:
            for sock in sockets:
                stack.callback(sock.close)
            return sockets

        edge_sockets = held(_edge_sockets(scenario))
        edges = tuple(map(endpoint_of, edge_sockets))
        host = edges[0].host

        def bind(offset: int, *kinds: socket.SocketKind) -> Sequence[socket.socket]:
            wanted: list[Binding] = [(host, kind) for kind in kinds]
            return held(bound_sockets(wanted, 0 if port_base is None else port_base + offset))

        [http_socket] = bind(_HTTP_OFFSET, STREAM)
        [nowhere_socket] = bind(_NOWHERE_OFFSET, STREAM)
        await stack.enter_async_context(refuse(nowhere_socket))
        pki = EdgePki(
            started_at,
            revocation=f"http://{endpoint_of(http_socket)}",
            nowhere=f"http://{endpoint_of(nowhere_socket)}",
        )
        _write(directory, scenario, pki)
        for sock, edge in zip(edge_sockets, network.edges, strict=True):
            await stack.enter_async_context(edge_server(sock, edge, pki, clock))
        await stack.enter_async_context(tcp_server(http_socket, RevocationService(pki, started_at).serve))

        resolvers = []
        for offset, resolver in _resolvers(scenario):
            udp, tcp = bind(offset, DATAGRAM, STREAM)
            zone = RecordZone(resolver, [edge.host for edge in edges])
            await stack.enter_async_context(dns_server(udp, tcp, zone))
            resolvers.append(endpoint_of(udp))

        yield FederationLab(scenario=scenario, edges=edges, resolvers=tuple(resolvers), directory=directory)


def _resolvers(scenario: FederationScenario) -> Iterator[tuple[int, Resolver]]:
    yield _DNS_OFFSET, scenario.network.resolver
    if scenario.network.other_resolver is not None:
        yield _OTHER_DNS_OFFSET, scenario.network.other_resolver


def _edge_sockets(scenario: FederationScenario) -> list[socket.socket]:
    """Bind one socket for each edge, every one at an address of its own."""
    edges = scenario.network.edges
    if not has_address(_somewhere()):
        if len(edges) > 1:
            raise UsageError(
                f"scenario {scenario.name} needs {len(edges)} loopback addresses, and this system has only "
                f"{_ONLY_IPV4}; add others to the loopback interface, or choose a scenario with one edge"
            )
        return bound_sockets([(_ONLY_IPV4, STREAM)], edges[0].port)
    bound: list[socket.socket] = []
    try:
        for edge in edges:
            bound.append(_edge_socket(edge))
    except UsageError:
        for sock in bound:
            sock.close()
        raise
    return bound


def _edge_socket(edge: Edge) -> socket.socket:
    for _ in range(_TRIES):
        try:
            [sock] = bound_sockets([(_somewhere(), STREAM)], edge.port)
        except UsageError:
            continue
        return sock
    raise UsageError(f"port {edge.port} is taken at every loopback address that was tried; free it and start again")


def _somewhere() -> str:
    # Not the first network, which other programs use.
    return f"127.{random.randint(1, 254)}.{random.randint(0, 254)}.{random.randint(1, 254)}"


def _write(directory: Path, scenario: FederationScenario, pki: EdgePki) -> None:
    files = {f"{name}-root.pem": pki.root(name).pem for name in ("public", "private", "old")}
    for number, edge in enumerate(scenario.network.edges, 1):
        files[f"edge{number}-chain.pem"] = pki.edge(edge.certificate).chain_pem
    options = scenario.options
    if options.expects is not None:
        live = scenario.network.edges[0].certificate
        earlier = msgspec.structs.replace(live, edition=live.edition - 1)
        files["expected.pem"] = pki.edge(live if options.expects == "live" else earlier).pem
    if options.client_certificate:
        client = pki.client(options.client_days_left)
        files |= {"client-cert.pem": client.chain_pem, "client-key.pem": client.key_pem}
    write_files(directory, files)
