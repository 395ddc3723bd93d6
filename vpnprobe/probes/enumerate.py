"""Every version and suite that one address accepts: the outside view of the ASA's `show ssl`.

A hello offers all suites that are left; the gateway picks one; that one is taken out; until it refuses. So the number
of hellos is the number of accepted suites plus a few for each version, not the number of suites there are.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import AcceptedSuite, Enumeration
from vpnprobe.model.target import Endpoint
from vpnprobe.probes.flights import FlightRunner, Hello
from vpnprobe.wire.tls.hello import HelloTemplate, hello_template, tls13_template
from vpnprobe.wire.tls.registry import NamedGroup, SignatureScheme, Version
from vpnprobe.wire.tls.suites import all_suites

VERSIONS = (Version.SSL3, Version.TLS1_0, Version.TLS1_1, Version.TLS1_2, Version.TLS1_3)

# Answers that say "none of these". Any other failure says nothing about the suites that are left.
_REFUSALS = frozenset({FailureKind.TLS_ALERT, FailureKind.CLOSED, FailureKind.RESET})

# Of fewer suites than this, half is hardly worth a hello of its own, which ends with a refusal.
_WORTH_HALVING = 16

# A server needs a group and a scheme that it knows, so all are offered.
_GROUPS = tuple(group for group in NamedGroup if group < NamedGroup.SecP256r1MLKEM768)
_SCHEMES = tuple(SignatureScheme)

_TLS13_SUITES = tuple(suite.code for suite in all_suites() if suite.key_exchange == "TLS13")
_OLD_SUITES = tuple(suite.code for suite in all_suites() if suite.key_exchange != "TLS13")


async def enumerate_suites(endpoint: Endpoint, flights: FlightRunner, server_name: str | None) -> Enumeration:
    """Return what one address (IP literal and port) accepts. Versions run side by side, within the ration."""
    began = time.monotonic()
    searches = [_Search(version, endpoint, flights, server_name) for version in VERSIONS]
    async with asyncio.TaskGroup() as group:
        for search in searches:
            group.create_task(search.run())
    return Enumeration(
        address=str(endpoint),
        accepted=tuple(pair for search in searches for pair in search.accepted.values()),
        refused={str(int(s.version)): s.refusal for s in searches if s.refusal is not None},
        server_order={str(int(s.version)): s.server_order for s in searches if s.server_order is not None},
        flights=sum(search.asked for search in searches),
        duration_s=round(time.monotonic() - began, 6),
    )


class _Search:
    """The search through one version. `accepted` is by suite, in the gateway's order, or in ours if it has none."""

    def __init__(self, version: Version, endpoint: Endpoint, flights: FlightRunner, server_name: str | None) -> None:
        self.version = version
        self.accepted: dict[int, AcceptedSuite] = {}
        self.refusal: Failure | None = None
        self.server_order: bool | None = None
        self.asked = 0
        self._endpoint = endpoint
        self._flights = flights
        self._server_name = server_name

    async def run(self) -> None:
        suites = _TLS13_SUITES if self.version is Version.TLS1_3 else _OLD_SUITES
        first = await self._pick(suites)
        if first is None:
            return
        # The same answer to the reversed offer: the gateway chooses by an order of its own.
        chosen_by_gateway = await self._pick(suites[::-1]) == first
        left = [suite for suite in suites if suite not in self.accepted]
        async with asyncio.TaskGroup() as group:
            await self._exhaust(left, None if chosen_by_gateway else group)
        if len(self.accepted) > 1:
            self.server_order = chosen_by_gateway
        if not chosen_by_gateway:
            self.accepted = dict(sorted(self.accepted.items()))

    async def _exhaust(self, left: list[int], group: asyncio.TaskGroup | None) -> None:
        """Ask until all of `left` is refused; with a group, half of it at the same time when a place is to spare.

        Halves find the same suites, but the order in which the gateway prefers them is lost.
        """
        while left:
            # One place is for our own next hello.
            if group is not None and len(left) >= _WORTH_HALVING and self._flights.ration.unclaimed > 1:
                group.create_task(self._exhaust(left[1::2], group))
                left = left[::2]
            suite = await self._pick(left)
            if suite is None:
                return
            left.remove(suite)

    async def _pick(self, suites: Sequence[int]) -> int | None:
        """Return the suite that the gateway picks and keep it; None when it takes none of them."""
        self.asked += 1
        hello = Hello("enumerate", self._template(suites))
        flight = await self._flights.look(self._endpoint, hello, self._server_name)
        suite = flight.suite
        if flight.failure is not None or flight.version != self.version or suite is None or suite not in suites:
            # What says nothing about the suites that are left is worth more than another refusal of the rest.
            if self.refusal is None or self.refusal.kind in _REFUSALS:
                self.refusal = flight.failure or Failure(
                    kind=FailureKind.SERVER_ERROR, detail="answered with another version or suite"
                )
            return None
        self.accepted[suite] = AcceptedSuite(
            version=self.version,
            suite=suite,
            leaf=flight.chain[0] if flight.chain else None,
            key_exchange=flight.key_exchange,
        )
        return suite

    def _template(self, suites: Sequence[int]) -> HelloTemplate:
        if self.version is Version.TLS1_3:
            # No key share: a server that takes the version says so with HelloRetryRequest, and no key is needed.
            return tls13_template(suites, (), groups=_GROUPS, schemes=_SCHEMES, server_name=True)
        return hello_template(
            self.version,
            suites,
            groups=_GROUPS if self.version > Version.SSL3 else (),
            schemes=_SCHEMES if self.version is Version.TLS1_2 else (),
            server_name=self.version > Version.SSL3,
        )
