"""Every suite of a server that answers by a table, by the client's order or by its own."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.certificates import chain
from tests.stand_ins import LOOPBACK, listening
from vpnprobe.lab import raw_tls
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.observation import Enumeration
from vpnprobe.model.target import Endpoint, Persona, Target
from vpnprobe.probes.enumerate import enumerate_suites
from vpnprobe.probes.flights import FlightRunner
from vpnprobe.probes.options import NetworkOptions
from vpnprobe.probes.recorder import Recorder
from vpnprobe.wire.tls.registry import Version
from vpnprobe.wire.tls.suites import all_suites

TLS12 = Version.TLS1_2
MANY = tuple(suite.code for suite in all_suites() if suite.authentication == "RSA")[::2]
FEW = (0xC030, 0x0035, 0x002F, 0xC013)


class Server:
    """Accepts `suites` in TLS 1.2. Counts hellos, and says nothing to those that offer no suite up to `deaf_below`."""

    def __init__(self, suites: tuple[int, ...], *, own_order: bool = False, deaf_below: int = 0) -> None:
        self.suites = suites
        self.own_order = own_order
        self.deaf_below = deaf_below
        self.chain = chain().chain_der
        self.hellos: Counter[int] = Counter()
        self.open = self.most_open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        hello = await raw_tls.read_hello(reader)
        # A hello for TLS 1.3 names the version before in its own field (RFC 8446 section 4.1.2).
        is_tls13 = hello.version == TLS12 and 0x1301 in hello.suites
        self.hellos[Version.TLS1_3 if is_tls13 else hello.version] += 1
        common = [suite for suite in hello.suites if suite in self.suites]
        if self.own_order:
            common.sort(key=self.suites.index)
        if hello.version != TLS12 or not common:
            if min(hello.suites) >= self.deaf_below:
                writer.write(raw_tls.fatal_alert(hello.version, raw_tls.ALERT_HANDSHAKE_FAILURE))
        else:
            await asyncio.sleep(0.001)  # so that several are open at once
            writer.write(raw_tls.first_flight(hello.version, common[0], self.chain))
        await reader.read(1)
        self.open -= 1

    @asynccontextmanager
    async def at(self) -> AsyncIterator[Endpoint]:
        async with listening(self.serve) as port:
            yield Endpoint(LOOPBACK, port)


async def enumerated(server: Server, *, parallel: int = 2, timeout: float = 5.0) -> Enumeration:
    async with server.at() as endpoint:
        recorder = Recorder("gateway", Target(gateway=endpoint), Persona(profile="7962G", model="7962G"))
        network = NetworkOptions(parallel=parallel, pause=0, timeout=timeout)
        return await enumerate_suites(endpoint, FlightRunner(recorder, network), None)


def picked(found: Enumeration) -> list[int]:
    assert {pair.version for pair in found.accepted} == {TLS12}
    return [pair.suite for pair in found.accepted]


@pytest.mark.parametrize("parallel", [1, 2, 8])
@pytest.mark.parametrize("suites", [FEW, MANY], ids=["few", "many"])
async def test_the_gateways_own_order_is_kept(suites: tuple[int, ...], parallel: int) -> None:
    server = Server(suites[::-1], own_order=True)
    found = await enumerated(server, parallel=parallel)
    assert picked(found) == list(suites[::-1])
    assert found.server_order == {str(int(TLS12)): True}
    # One for each, one for the reversed offer, one that is refused.
    assert server.hellos[TLS12] == len(suites) + 2
    assert server.most_open <= parallel


@pytest.mark.parametrize("parallel", [1, 2, 8])
@pytest.mark.parametrize("suites", [FEW, MANY], ids=["few", "many"])
async def test_where_the_client_chooses_all_are_found_in_ascending_order(
    suites: tuple[int, ...], parallel: int
) -> None:
    server = Server(suites)
    found = await enumerated(server, parallel=parallel)
    assert picked(found) == sorted(suites)
    assert found.server_order == {str(int(TLS12)): False}
    assert found.flights == sum(server.hellos.values())
    assert server.most_open <= parallel


async def test_one_at_a_time_costs_no_hello_more_than_needed() -> None:
    server = Server(MANY)
    await enumerated(server, parallel=1)
    assert server.hellos[TLS12] <= len(MANY) + 2


async def test_places_to_spare_are_used() -> None:
    server = Server(MANY)
    await enumerated(server, parallel=8)
    assert server.most_open > len(server.hellos) + 1, "more than one for each version"


async def test_one_suite_tells_nothing_about_the_order() -> None:
    found = await enumerated(Server((0x0035,)))
    assert picked(found) == [0x0035]
    assert found.server_order == {}


async def test_what_was_not_answered_is_not_taken_for_refused() -> None:
    # The half with the low code points is never refused, it is met with silence.
    found = await enumerated(Server(MANY, deaf_below=0x1000), parallel=8, timeout=0.3)
    assert found.refused[str(int(TLS12))].kind is FailureKind.TIMEOUT
