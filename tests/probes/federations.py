"""SIP domains for the federation probe: records as data on a DNS server of our own, edges from the lab."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.stand_ins import LOOPBACK
from vpnprobe.lab.dns import TTL, dns_server, without_answer
from vpnprobe.lab.federation.certificates import EdgePki
from vpnprobe.lab.federation.edge import edge_server
from vpnprobe.lab.federation.revocation import RevocationService
from vpnprobe.lab.federation.scenario import Edge, EdgeCertificate
from vpnprobe.lab.listening import DATAGRAM, STREAM, bound_sockets, tcp_server
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.target import Endpoint
from vpnprobe.probes.federation import FederationProbe
from vpnprobe.probes.options import FederationOptions, NetworkOptions
from vpnprobe.transport.tls_settings import ClientCredential

DOMAIN = "uc.example"
TARGET = f"sip.{DOMAIN}"
SERVICE = f"_sipfederationtls._tcp.{DOMAIN}"

# (name, type) to the data of its records, as a zone file writes it.
Records = Mapping[tuple[str, str], Sequence[str]]


class ScriptedZone:
    """Answers from records, follows aliases, and counts the questions. A name in `silent` is not answered."""

    def __init__(self, records: Records, *, silent: Sequence[str] = ()) -> None:
        self.asked: Counter[tuple[str, str]] = Counter()
        self._records = {(dns.name.from_text(name), kind): data for (name, kind), data in records.items()}
        self._silent = {dns.name.from_text(name) for name in silent}

    def answer(self, query: dns.message.Message, *, tcp: bool) -> dns.message.Message | None:
        question = query.question[0]
        name, kind = question.name, dns.rdatatype.to_text(question.rdtype)
        self.asked[name.to_text(omit_final_dot=True), kind] += 1
        if name in self._silent:
            return None
        response = dns.message.make_response(query, recursion_available=True)
        response.flags |= dns.flags.AA
        while (name, "CNAME") in self._records:
            [alias] = self._records[name, "CNAME"]
            response.answer.append(dns.rrset.from_text(name, TTL, "IN", "CNAME", alias))
            name = dns.name.from_text(alias)
        if data := self._records.get((name, kind)):
            response.answer.append(dns.rrset.from_text_list(name, TTL, "IN", kind, data))
            return response
        exists = any(owner.is_subdomain(name) for owner, _ in self._records)
        return without_answer(response, DOMAIN, dns.rcode.NOERROR if exists else dns.rcode.NXDOMAIN)


@dataclass(frozen=True)
class Federated:
    """What runs: the DNS server, its zone, the edges' addresses, who issues, and our own certificate."""

    resolver: Endpoint
    zone: ScriptedZone
    edges: tuple[Endpoint, ...]
    pki: EdgePki

    @property
    def credential(self) -> ClientCredential:
        """A client certificate of the lab's public CA."""
        issued = self.pki.client()
        return ClientCredential(chain=(issued.der, *issued.issuers), key_pem=issued.key_pem)

    @property
    def network(self) -> NetworkOptions:
        """How to get there."""
        return NetworkOptions(resolvers=(self.resolver,), timeout=2, deadline=20)

    def options(self, **changes: Any) -> FederationOptions:
        """What the probe is run with."""
        root = self.pki.root("public").der
        defaults: dict[str, Any] = {"domain": DOMAIN, "network": self.network, "given_roots": (root,)}
        return FederationOptions(**defaults | changes)

    async def probe(self, **changes: Any) -> Evidence:
        """Run the probe."""
        return await FederationProbe(self.options(**changes)).run()


@asynccontextmanager
async def resolving(zone: ScriptedZone, host: str = LOOPBACK) -> AsyncIterator[Endpoint]:
    """Serve a zone and say where."""
    udp, tcp = bound_sockets([(host, DATAGRAM), (host, STREAM)], 0)
    async with dns_server(udp, tcp, zone):
        yield Endpoint(host, udp.getsockname()[1])


@asynccontextmanager
async def federated(
    *edges: Edge,
    records: Records | None = None,
    hosts: Sequence[str] = (LOOPBACK,),
    silent: Sequence[str] = (),
) -> AsyncIterator[Federated]:
    """Serve edges, one for each host, all at one port; `{port}` in `records` stands for it.

    Without records the federation record names TARGET, which has every host's address.
    """
    async with AsyncExitStack() as stack:
        now = datetime.now(UTC)
        [web] = bound_sockets([(LOOPBACK, STREAM)], 0)
        pki = EdgePki(now, revocation=f"http://{LOOPBACK}:{web.getsockname()[1]}", nowhere=f"http://{LOOPBACK}:9")
        await stack.enter_async_context(tcp_server(web, RevocationService(pki, now).serve))
        sockets = bound_sockets([(host, STREAM) for host in hosts], 0)
        port = sockets[0].getsockname()[1]
        for sock, edge in zip(sockets, edges or (Edge(),), strict=True):
            await stack.enter_async_context(edge_server(sock, edge, pki, lambda: datetime.now(UTC)))
        if records is None:
            records = {(SERVICE, "SRV"): ["0 0 {port} " + f"{TARGET}."], (TARGET, "A"): hosts}
        zone = ScriptedZone(
            {key: [one.replace("{port}", str(port)) for one in data] for key, data in records.items()}, silent=silent
        )
        resolver = await stack.enter_async_context(resolving(zone))
        yield Federated(resolver, zone, tuple(Endpoint(host, port) for host in hosts), pki)
    # Transports close their sockets in the turn of the loop after the one that closes them.
    await asyncio.sleep(0.01)


def named(*names: str, **changes: Any) -> EdgeCertificate:
    """A certificate for these names."""
    return EdgeCertificate(common_name=names[0], names=names, **changes)
