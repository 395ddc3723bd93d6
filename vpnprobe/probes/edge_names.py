"""What DNS says of one SIP domain: the stages `srv`, `target-names` and `addresses` of the federation probe.

Every view is asked for itself and answers are never mixed: a record that is only there inside is as wrong as none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

from vpnprobe.federation.domain import address_kind
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.federation import (
    AUTHORITATIVE_VIEW,
    FEDERATION_SERVICE,
    SYSTEM_VIEW,
    AddressLookup,
    EdgeTarget,
    Sibling,
    SrvLookup,
    SrvRecord,
)
from vpnprobe.model.target import Endpoint, is_address
from vpnprobe.probes.options import FederationOptions
from vpnprobe.probes.rations import Rations
from vpnprobe.transport.records import RecordResolver, authoritative_servers

# A federation has one record; a hostile zone can have thousands.
MAX_TARGETS: Final = 16
MAX_ADDRESSES: Final = 8
"""Addresses of one target and view."""
MAX_SIBLINGS: Final = 16

# What else a domain may publish: client and peer-to-peer SIP, Expressway's mobile access, and two that must not leave
# the inside.
EXTRA_SERVICES: Final = (
    "_sip._tls",
    "_sips._tcp",
    "_sip._tcp",
    "_collab-edge._tls",
    "_cisco-uds._tcp",
    "_cuplogin._tcp",
)

# RFC 2782: the service is decidedly not available.
NOT_OFFERED: Final = "."
PRIVATE_BESIDE_PUBLIC: Final = "private address beside a public one"


class EdgeNames:
    """Asks every view, in the ration of each DNS server. What came back is in the lists, complete or not."""

    def __init__(self, options: FederationOptions, servers: Rations, known_siblings: dict[str, Sibling]) -> None:
        self._options = options
        self._servers = servers
        self._known_siblings = known_siblings
        resolvers = tuple(dict.fromkeys(options.network.resolvers))
        self._views = [self._view(str(server), (server,)) for server in resolvers] or [self._view(SYSTEM_VIEW)]
        self._authoritative: RecordResolver | None = None
        self.srv: list[SrvLookup] = []
        self.extras: list[SrvLookup] = []
        self.names: list[AddressLookup] = []
        self.siblings: list[Sibling] = []

    @property
    def resolver(self) -> RecordResolver:
        """The first view, for names that are not about the domain."""
        return self._views[0]

    async def look_up_services(self) -> None:
        """Ask every view for the federation record and, where wanted, for the other services."""
        services = (FEDERATION_SERVICE, *(EXTRA_SERVICES if self._options.extras else ()))
        async with asyncio.TaskGroup() as group:
            for view in self._views:
                group.create_task(self._look_up(view, services))
            if self._options.authoritative:
                group.create_task(self._look_up_authoritative(services))
        views = self._view_names()
        self.srv.sort(key=lambda lookup: views.index(lookup.view))
        self.extras.sort(key=lambda lookup: (views.index(lookup.view), services.index(lookup.service)))

    def targets(self) -> list[EdgeTarget]:
        """Return the hosts and ports that the records name, of all views, in RFC 2782 order."""
        return _targets(self.srv)

    async def look_up_addresses(self, targets: Iterable[EdgeTarget]) -> None:
        """Ask every view for the addresses of every target, and what the siblings' own records lead to.

        A target that is an address is no host (RFC 2782): there is nothing to ask, and so nothing to dial.
        """
        hosts = list(dict.fromkeys(target.host for target in targets if not is_address(target.host)))
        resolvers = self._views if self._authoritative is None else [*self._views, self._authoritative]
        async with asyncio.TaskGroup() as group:
            for host in hosts:
                for resolver in resolvers:
                    group.create_task(self._look_up_host(resolver, host))
            for domain in self._options.siblings[:MAX_SIBLINGS] if self._options.im_and_presence else ():
                group.create_task(self._look_up_sibling(domain))
        views = self._view_names()
        self.names.sort(key=lambda lookup: (hosts.index(lookup.name), views.index(lookup.view)))
        self.siblings.sort(key=lambda sibling: self._options.siblings.index(sibling.domain))

    def addresses(self, host: str) -> dict[str, tuple[tuple[str, ...], bool]]:
        """Return each address of a host with the views that gave it, and whether nobody outside can mean it.

        That is so where in every view a private address stands beside another one: it could be anybody's host here.
        """
        found: dict[str, tuple[tuple[str, ...], bool]] = {}
        for lookup in self.names:
            if lookup.name != host:
                continue
            kinds = {address: address_kind(address) for address in lookup.addresses[:MAX_ADDRESSES]}
            is_mixed = len({kind == "private" for kind in kinds.values()}) > 1
            for address, kind in kinds.items():
                views, beside = found.get(address, ((), True))
                found[address] = ((*views, lookup.view), beside and is_mixed and kind == "private")
        return found

    async def _look_up(self, view: RecordResolver, services: Sequence[str]) -> None:
        async with asyncio.TaskGroup() as group:
            for service in services:
                group.create_task(self._look_up_service(view, service))

    async def _look_up_authoritative(self, services: Sequence[str]) -> None:
        domain = self._options.domain
        servers = await authoritative_servers(domain, self._views[0], port=self._options.authoritative_port)
        if isinstance(servers, Failure):
            self.srv.append(
                SrvLookup(service=FEDERATION_SERVICE, domain=domain, view=AUTHORITATIVE_VIEW, failure=servers)
            )
            return
        self._authoritative = self._view(AUTHORITATIVE_VIEW, servers, finder=self._views[0])
        await self._look_up(self._authoritative, services)

    async def _look_up_service(self, view: RecordResolver, service: str) -> None:
        lookup = await view.srv(service, self._options.domain)
        (self.srv if service == FEDERATION_SERVICE else self.extras).append(lookup)

    async def _look_up_host(self, view: RecordResolver, host: str) -> None:
        self.names.append(await view.addresses(host))

    async def _look_up_sibling(self, domain: str) -> None:
        sibling = self._known_siblings.get(domain)
        if sibling is None:
            sibling = await self._sibling(domain)
            if sibling.failure is None:
                self._known_siblings[domain] = sibling
        self.siblings.append(sibling)

    async def _sibling(self, domain: str) -> Sibling:
        view = self._views[0]
        lookup = await view.srv(FEDERATION_SERVICE, domain)
        if lookup.failure is not None:
            return Sibling(domain=domain, failure=lookup.failure)
        targets = _targets([lookup])[:MAX_TARGETS]
        if not targets:
            return Sibling(domain=domain, failure=Failure(kind=FailureKind.NO_RECORD, detail="not offered"))
        found = [await view.addresses(target.host) for target in targets if not is_address(target.host)]
        addresses = sorted({address for one in found for address in one.addresses[:MAX_ADDRESSES]})
        no_host = Failure(kind=FailureKind.NO_ADDRESS, detail="the record names no host")
        failure = next((one.failure for one in found if one.failure), no_host)
        return Sibling(domain=domain, addresses=tuple(addresses), failure=None if addresses else failure)

    def _view(
        self, name: str, servers: Sequence[Endpoint] = (), finder: RecordResolver | None = None
    ) -> RecordResolver:
        rations = self._servers  # not `self`, which holds the views: without a cycle memory is free at once

        def turn(server: Endpoint) -> AbstractAsyncContextManager[None]:
            return rations.of(str(server)).turn()

        return RecordResolver(name, servers, timeout=self._options.network.timeout, turn=turn, finder=finder)

    def _view_names(self) -> list[str]:
        return [*(view.view for view in self._views), AUTHORITATIVE_VIEW]


def _targets(lookups: Iterable[SrvLookup]) -> list[EdgeTarget]:
    seen: dict[tuple[str, int], tuple[SrvRecord, list[str]]] = {}
    for lookup, record in _records(lookups):
        if record.target != NOT_OFFERED:
            _, views = seen.setdefault((record.target, record.port), (record, []))
            if lookup.view not in views:
                views.append(lookup.view)
    ordered = sorted(seen.values(), key=lambda one: (one[0].priority, -one[0].weight, one[0].target, one[0].port))
    return [
        EdgeTarget(
            host=record.target,
            port=record.port,
            priority=record.priority,
            weight=record.weight,
            views=tuple(views),
        )
        for record, views in ordered
    ]


def _records(lookups: Iterable[SrvLookup]) -> Iterator[tuple[SrvLookup, SrvRecord]]:
    return ((lookup, record) for lookup in lookups for record in lookup.records)
