"""SRV and address records as one place of the DNS gives them: every way to fail is a different fact."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from vpnprobe.model.errors import TransportError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.federation import AUTHORITATIVE_VIEW, AddressLookup, SrvLookup, SrvRecord
from vpnprobe.model.target import DNS_PORT, Endpoint, is_address
from vpnprobe.transport.names import BOTH_FAMILIES, checked_servers, of_families

if TYPE_CHECKING:
    from vpnprobe.transport.dns_exchange import Turn
    from vpnprobe.transport.inquiry import Answer

MAX_RECORDS: Final = 64
"""SRV records and addresses of one name that are kept. One DNS answer can hold 3,000."""
MAX_NAME_SERVERS: Final = 4
"""Servers of a zone that are asked. They hold the same, and few zones have more."""
MAX_CLIMB: Final = 8
"""Names that are asked on the way up to a zone. Its top is a label or two above a host; a name can have 127 labels."""


class RecordResolver:
    """Looks up full names at one view: no search list, no hosts file.

    Without `servers` they are this machine's. `timeout` is the limit of one lookup in seconds; `turn` is entered around
    every exchange with a server and what it waits is not part of that. At the view "authoritative" servers are asked
    for what they hold themselves; for other names their own servers are then found by `finder`, if there is one. Raises
    `UsageError` for a server that is not an IP address.
    """

    def __init__(
        self,
        view: str,
        servers: Sequence[Endpoint] = (),
        *,
        timeout: float,
        turn: Turn | None = None,
        finder: RecordResolver | None = None,
    ) -> None:
        self.view = view
        self._servers = checked_servers(servers)
        self._timeout = timeout
        self._turn = turn
        self._finder = finder

    async def srv(self, service: str, domain: str) -> SrvLookup:
        """Look up the SRV records of a service (`_name._protocol`) of a domain. Raises nothing for the network."""
        from vpnprobe.transport.inquiry import text_of

        loop = asyncio.get_running_loop()
        started = loop.time()
        answer = await self.find(f"{service}.{domain}", "SRV")
        found = {SrvRecord(one.priority, one.weight, one.port, text_of(one.target)) for one in answer.records}
        ordered = sorted(found, key=lambda one: (one.priority, -one.weight, one.target, one.port))
        return SrvLookup(
            service=service,
            domain=domain,
            view=self.view,
            records=tuple(ordered[:MAX_RECORDS]),
            left_out=len(ordered[MAX_RECORDS:]),
            aliases=answer.aliases,
            ttl=answer.ttl,
            dnssec=answer.dnssec,
            servers=answer.servers,
            failure=answer.failure,
            duration_s=loop.time() - started,
        )

    async def addresses(self, name: str, families: frozenset[int] = BOTH_FAMILIES) -> AddressLookup:
        """Look up the addresses of a name, A and AAAA in parallel. Raises nothing for the network."""
        if is_address(name):
            usable = of_families((name,), families)
            wrong = None if usable else Failure(kind=FailureKind.NO_ADDRESS, detail="not of the wanted IP version")
            return AddressLookup(name=name, view=self.view, addresses=usable, failure=wrong)
        from vpnprobe.transport.families import find_addresses

        loop = asyncio.get_running_loop()
        started = loop.time()
        found = await find_addresses(lambda kind: self.find(name, kind), families, keep=MAX_RECORDS // len(families))
        return AddressLookup(
            name=name,
            view=self.view,
            **msgspec.structs.asdict(found),
            duration_s=loop.time() - started,
        )

    async def find(self, name: str, kind: str) -> Answer:
        """Look up the records of one type, for example "NS". Raises nothing for the network."""
        from vpnprobe.transport.inquiry import Answer, Inquiry, full_name, machine_resolver, servers_of

        try:
            asked = full_name(name)
            servers = self._servers or servers_of(machine_resolver())
        except TransportError as error:
            return Answer(failure=error.failure)
        inquiry = Inquiry(
            servers,
            timeout=self._timeout,
            turn=self._turn,
            recursion=self.view != AUTHORITATIVE_VIEW,
            dnssec=True,
            elsewhere=self._servers_elsewhere,
        )
        return await inquiry.find(asked, kind)

    async def _servers_elsewhere(self, name: str) -> Sequence[Endpoint]:
        if self._finder is None:
            return ()
        found = await authoritative_servers(name, self._finder, port=self._servers[0].port)
        return () if isinstance(found, Failure) else found


async def authoritative_servers(
    domain: str, resolver: RecordResolver, *, port: int = DNS_PORT
) -> tuple[Endpoint, ...] | Failure:
    """Find the servers of the zone that `domain` lies in, each name server's first address before second ones.

    The zone is looked for from the domain upwards, by at most MAX_CLIMB names; a top-level domain's is not taken for
    that of a name below it.
    """
    from vpnprobe.transport.inquiry import text_of

    labels = domain.removesuffix(".").split(".")
    upwards = [".".join(labels[first:]) for first in range(max(len(labels) - 1, 1))][:MAX_CLIMB]
    for zone in upwards:
        answer = await resolver.find(zone, "NS")
        # Behind an alias are the servers of somebody else's zone.
        if answer.records and not answer.aliases:
            break
        if answer.failure and answer.failure.kind not in (FailureKind.NO_RECORD, FailureKind.NAME_NOT_FOUND):
            return answer.failure
    else:
        detail = f"no NS record of {domain} or of a domain above it, up to {upwards[-1]}"
        return Failure(kind=FailureKind.NO_RECORD, detail=detail)
    names = sorted(text_of(one.target) for one in answer.records)[:MAX_NAME_SERVERS]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(resolver.addresses(name)) for name in names]
    lookups = [task.result() for task in tasks]
    in_turn = itertools.chain.from_iterable(itertools.zip_longest(*(one.addresses for one in lookups)))
    addresses = tuple(dict.fromkeys(address for address in in_turn if address is not None))[:MAX_NAME_SERVERS]
    if addresses:
        return tuple(Endpoint(address, port) for address in addresses)
    failure = next((one.failure for one in lookups if one.failure), None)
    return Failure(
        kind=failure.kind if failure else FailureKind.NO_ADDRESS,
        detail=f"no address of {zone}'s name servers {', '.join(names)}",
    )
