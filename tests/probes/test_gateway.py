"""The gateway probe: every phone's hello to every address, and every suite that is accepted."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import pytest

from tests.probes.networks import QUICK, needs_second_address, nothing_left_behind, stage_ends, two_gateways
from tests.stand_ins import LOOPBACK, RecordingGateway, listening
from vpnprobe.lab.hostile import silent
from vpnprobe.lab.scenario import Certificate, Gateway
from vpnprobe.model.evidence import STAGES, Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.target import Endpoint, parse_endpoint
from vpnprobe.phones import load_profile, matrix_hellos, profiles
from vpnprobe.probes.gateway import GatewayProbe
from vpnprobe.probes.options import GatewayOptions, NetworkOptions
from vpnprobe.wire.tls.registry import Version
from vpnprobe.wire.tls.suites import suite_name

HELLOS = [*(profile.id for profile in profiles()), *matrix_hellos()]


async def probe(where: str, **changes: Any) -> Evidence:
    wanted: dict[str, Any] = {"gateway": parse_endpoint(where, 443), "profile": load_profile("7962G"), "network": QUICK}
    return await GatewayProbe(GatewayOptions(**wanted | changes)).run()


async def test_every_hello_to_the_address_the_chosen_phone_s_first() -> None:
    gateway = RecordingGateway()
    async with gateway.at(LOOPBACK) as port:
        evidence = await probe(f"127.0.0.1:{port}", profile=load_profile("8841"))
    hellos = [flight.hello for flight in evidence.first_flights]
    assert hellos[0] == "8811"
    assert sorted(hellos) == sorted(HELLOS)
    assert gateway.sessions == []
    assert tuple(stage.name for stage in evidence.stages) == STAGES["gateway"]
    assert stage_ends(evidence) == {
        "resolve": ("done", None),
        "first-flight": ("done", None),
        "enumerate": ("skipped", "--enumerate not given"),
    }


async def test_only_the_own_hello_where_that_is_enough() -> None:
    async with RecordingGateway().at(LOOPBACK) as port:
        evidence = await probe(f"127.0.0.1:{port}", own_hello_only=True)
    assert [flight.hello for flight in evidence.first_flights] == ["7962G"]


@needs_second_address
async def test_every_address_behind_the_name() -> None:
    other = RecordingGateway(certificate=Certificate(edition=2))
    async with two_gateways(RecordingGateway(), other) as two:
        resolver = parse_endpoint(two.resolver, 53)
        port = two.url.rpartition(":")[2].partition("/")[0]
        evidence = await probe(f"vpn.lab.example:{port}", network=NetworkOptions(resolvers=(resolver,), timeout=2))
    leaves = {flight.address: flight.chain[0] for flight in evidence.flights("7962G")}
    assert set(leaves) == set(two.addresses)
    assert len(set(leaves.values())) == 2


@pytest.mark.parametrize(
    ("where", "ends"),
    [
        (
            "127.0.0.1:9",
            {"first-flight": ("failed", "no hello was answered"), "enumerate": ("skipped", "first-flight")},
        ),
        ("::1", {"resolve": ("failed", "no address"), "first-flight": ("skipped", "resolve")}),
    ],
)
async def test_a_stage_that_did_not_run_names_what_stopped_it(where: str, ends: dict[str, Any]) -> None:
    network = NetworkOptions(families=frozenset({4}), timeout=0.5)
    found = stage_ends(await probe(where, enumerate=True, network=network))
    assert {name: found[name] for name in ends} == ends


async def test_a_closed_port_is_dialled_once() -> None:
    evidence = await probe("127.0.0.1:9")
    [flight] = evidence.first_flights
    assert flight.failure
    assert flight.failure.kind is FailureKind.REFUSED


async def test_silence_is_waited_for_twice() -> None:
    async with listening(silent) as port:
        evidence = await probe(f"127.0.0.1:{port}", network=NetworkOptions(timeout=0.2))
    assert len(evidence.first_flights) == 2


# --- enumeration ---

TLS10, TLS11, TLS12 = (str(int(version)) for version in (Version.TLS1_0, Version.TLS1_1, Version.TLS1_2))


async def enumerated(**settings: Any) -> Evidence:
    gateway = RecordingGateway(settings=Gateway(**settings))
    async with gateway.at(LOOPBACK) as port:
        return await probe(f"127.0.0.1:{port}", enumerate=True, network=NetworkOptions(timeout=5, pause=0))


async def test_every_suite_in_the_gateway_s_order() -> None:
    suites = ("AES128-SHA", "ECDHE-RSA-AES256-GCM-SHA384", "AES256-SHA")
    evidence = await enumerated(suites=suites)
    [found] = evidence.enumerations
    by_version: dict[int, list[str]] = {}
    for pair in found.accepted:
        by_version.setdefault(pair.version, []).append(suite_name(pair.suite).partition(" ")[0])
    assert by_version == {
        Version.TLS1_0: ["AES128-SHA", "AES256-SHA"],
        Version.TLS1_1: ["AES128-SHA", "AES256-SHA"],
        Version.TLS1_2: list(suites),
    }
    assert found.server_order == {TLS10: True, TLS11: True, TLS12: True}
    assert {int(version) for version in found.refused} >= {Version.SSL3, Version.TLS1_3}
    assert {pair.leaf for pair in found.accepted} == {evidence.first_flights[0].chain[0]}


async def test_the_lowest_version_is_found() -> None:
    [found] = (await enumerated(minimum="TLS 1.2")).enumerations
    assert {pair.version for pair in found.accepted} == {Version.TLS1_2}


async def test_it_costs_a_hello_for_each_suite_and_a_few() -> None:
    """Not one for each suite that there is: a gateway in production must not notice it."""
    [found] = (await enumerated()).enumerations
    versions = 5
    assert len(found.accepted) <= found.flights <= len(found.accepted) + 2 * versions


# --- ends ---


async def test_the_deadline_ends_it_with_what_was_seen() -> None:
    slow = functools.partial(_slow, delay=0.15)
    async with listening(slow) as port:
        with nothing_left_behind():
            network = NetworkOptions(timeout=30, deadline=0.4, parallel=1)
            evidence = await probe(f"127.0.0.1:{port}", network=network)
            await asyncio.sleep(0.2)
    assert evidence.interrupted == "deadline"
    assert stage_ends(evidence)["first-flight"] == ("failed", "deadline")
    assert 0 < len(evidence.first_flights) < len(HELLOS)


async def _slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, delay: float) -> None:
    """Refuse the hello, after a while."""
    await reader.read(1000)
    await asyncio.sleep(delay)
    writer.write(b"\x15\x03\x01\x00\x02\x02\x28")


async def test_cancelled_it_leaves_nothing_behind() -> None:
    async with listening(silent) as port:
        network = NetworkOptions(timeout=30)
        probing = GatewayProbe(
            GatewayOptions(gateway=Endpoint(LOOPBACK, port), profile=load_profile("7962G"), network=network)
        )
        with nothing_left_behind():
            task = asyncio.create_task(probing.run())
            await asyncio.sleep(0.1)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            del task
            await asyncio.sleep(0.1)
    assert stage_ends(probing.evidence("interrupt"))["first-flight"] == ("failed", "interrupt")
