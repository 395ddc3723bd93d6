"""Every version and suite that one address accepts: the outside view of the ASA's `show ssl`.

A hello offers all suites that are left; the gateway picks one; that one is taken out; until it refuses. So the number
of hellos is the number of accepted suites plus one for each version, not the number of suites there are.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import AcceptedSuite, Enumeration, FirstFlight
from vpnprobe.model.target import Endpoint
from vpnprobe.probes.flights import FlightRunner, Hello
from vpnprobe.wire.tls.hello import HelloTemplate, hello_template, tls13_template
from vpnprobe.wire.tls.registry import NamedGroup, SignatureScheme, Version
from vpnprobe.wire.tls.suites import all_suites

VERSIONS = (Version.SSL3, Version.TLS1_0, Version.TLS1_1, Version.TLS1_2, Version.TLS1_3)

# Answers that say "none of these". Any other failure says nothing about the suites that are left.
_REFUSALS = frozenset({FailureKind.TLS_ALERT, FailureKind.CLOSED, FailureKind.RESET})

# A server needs a group and a scheme that it knows, so all are offered.
_GROUPS = tuple(group for group in NamedGroup if group < NamedGroup.SecP256r1MLKEM768)
_SCHEMES = tuple(SignatureScheme)

_TLS13_SUITES = tuple(suite.code for suite in all_suites() if suite.key_exchange == "TLS13")
_OLD_SUITES = tuple(suite.code for suite in all_suites() if suite.key_exchange != "TLS13")


async def enumerate_suites(endpoint: Endpoint, flights: FlightRunner, server_name: str | None) -> Enumeration:
    """Return what one address (IP literal and port) accepts. Versions run side by side, within the ration."""
    began = time.monotonic()
    searches = [_Search(version) for version in VERSIONS]
    async with asyncio.TaskGroup() as group:
        for search in searches:
            group.create_task(search.run(endpoint, flights, server_name))
    return Enumeration(
        address=str(endpoint),
        accepted=tuple(pair for search in searches for pair in search.accepted),
        refused={str(int(s.version)): s.refusal for s in searches if s.refusal is not None},
        server_order={str(int(s.version)): s.server_order for s in searches if s.server_order is not None},
        flights=sum(search.flights for search in searches),
        duration_s=round(time.monotonic() - began, 6),
    )


@dataclass(slots=True)
class _Search:
    """The search through one version."""

    version: Version
    accepted: list[AcceptedSuite] = field(default_factory=list)
    refusal: Failure | None = None
    server_order: bool | None = None
    flights: int = 0

    async def run(self, endpoint: Endpoint, flights: FlightRunner, server_name: str | None) -> None:
        left = list(_TLS13_SUITES if self.version is Version.TLS1_3 else _OLD_SUITES)
        while left:
            flight = await self._ask(endpoint, flights, server_name, left)
            if flight.failure is not None or flight.version != self.version or flight.suite not in left:
                self.refusal = flight.failure or Failure(
                    kind=FailureKind.SERVER_ERROR, detail="answered with another version or suite"
                )
                break
            left.remove(flight.suite)
            self.accepted.append(
                AcceptedSuite(
                    version=self.version,
                    suite=flight.suite,
                    leaf=flight.chain[0] if flight.chain else None,
                    key_exchange=flight.key_exchange,
                )
            )
        await self._find_order(endpoint, flights, server_name)

    async def _find_order(self, endpoint: Endpoint, flights: FlightRunner, server_name: str | None) -> None:
        """Tell who chooses: picks out of our order are the gateway's own; picks in it need the reversed offer."""
        picked = [pair.suite for pair in self.accepted]
        if len(picked) < 2:
            return
        if picked != sorted(picked):
            self.server_order = True
            return
        flight = await self._ask(endpoint, flights, server_name, picked[::-1])
        if flight.failure is None and flight.suite is not None:
            self.server_order = flight.suite == picked[0]

    async def _ask(
        self, endpoint: Endpoint, flights: FlightRunner, server_name: str | None, suites: Sequence[int]
    ) -> FirstFlight:
        self.flights += 1
        return await flights.look(endpoint, Hello("enumerate", self._template(suites)), server_name)

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
