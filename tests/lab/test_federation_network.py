import asyncio
import gc
import shlex

import dns.asyncresolver
import pytest

from tests.lab.clients import s_client
from vpnprobe.lab.catalogue import running_any_lab
from vpnprobe.lab.federation import network
from vpnprobe.lab.federation.network import FederationLab, running_federation_lab
from vpnprobe.lab.federation.scenario import Edge, FederationScenario, Network
from vpnprobe.lab.federation.scenarios import federation_scenarios, find_federation_scenario
from vpnprobe.lab.listening import DATAGRAM, STREAM, bound_sockets
from vpnprobe.lab.network import Lab
from vpnprobe.lab.scenarios import find_scenario
from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import Endpoint

HEALTHY = find_federation_scenario("federation-healthy")
SERVICE = "_sipfederationtls._tcp.uc.example"


@pytest.mark.parametrize("scenario", federation_scenarios(), ids=lambda scenario: scenario.name)
async def test_every_scenario_starts_and_ends_cleanly(scenario: FederationScenario) -> None:
    before = asyncio.all_tasks()
    async with running_federation_lab(scenario) as lab:
        directory = lab.directory
        described = lab.describe()
        assert len(set(lab.edges)) == len(scenario.network.edges)
        assert all(edge.host.startswith("127.") for edge in lab.edges)
    assert asyncio.all_tasks() == before
    assert not directory.exists()
    assert scenario.title in " ".join(described.split())
    assert shlex.join(lab.arguments) in described


def test_no_scenario_left_anything_open() -> None:
    # Warnings are errors here, also those of sockets and transports that nobody closed.
    gc.collect()


async def test_several_labs_have_port_5061_at_the_same_time() -> None:
    async with running_federation_lab(HEALTHY) as one, running_federation_lab(HEALTHY) as other:
        assert [edge.port for edge in (*one.edges, *other.edges)] == [5061, 5061]
        assert one.edges != other.edges
        for lab in (one, other):
            assert "CN = sip.uc.example" in await s_client(lab.edges[0].host, 5061, "-tls1_2")


async def test_a_port_of_the_record_s_choice() -> None:
    async with running_federation_lab(find_federation_scenario("federation-other-port")) as lab:
        assert lab.edges[0].port == 5081


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("federation-healthy", ["uc.example", "--resolver", "{dns}", "--ca", "{dir}/public-root.pem"]),
        (
            "federation-imp-two-addresses",
            ["uc.example", "chat.example", "--resolver", "{dns}", "--ca", "{dir}/public-root.pem", "--imp"],
        ),
        (
            "federation-healthy-client-certificate",
            [
                *("uc.example", "--resolver", "{dns}", "--ca", "{dir}/public-root.pem"),
                *("--client-cert", "{dir}/client-cert.pem", "--client-key", "{dir}/client-key.pem", "--sip"),
            ],
        ),
        (
            "federation-healthy-private-root",
            [
                *("uc.example", "--resolver", "{dns}", "--ca", "{dir}/private-root.pem"),
                *("--partner", "on-premises"),
            ],
        ),
        (
            "federation-stale-copy",
            [
                *("uc.example", "--resolver", "{dns}", "--ca", "{dir}/public-root.pem"),
                *("--expect", "{dir}/expected.pem"),
            ],
        ),
        (
            "federation-crl-junk",
            ["uc.example", "--resolver", "{dns}", "--ca", "{dir}/public-root.pem", "--revocation"],
        ),
        (
            "federation-internal-record-public",
            ["uc.example", "--resolver", "{dns}", "--ca", "{dir}/public-root.pem", "--extras"],
        ),
    ],
)
async def test_arguments_are_the_command_line(name: str, words: list[str]) -> None:
    async with running_federation_lab(find_federation_scenario(name)) as lab:
        [resolver] = lab.resolvers
        places = {"dns": str(resolver), "dir": str(lab.directory)}
        assert lab.arguments == ["federation", *(word.format(**places) for word in words)]
        for word in lab.arguments:
            if word.startswith("/"):
                assert lab.directory.joinpath(word).stat().st_mode & 0o077 == 0


async def records(lab: FederationLab, resolver: int = 0) -> list[str]:
    stub = dns.asyncresolver.Resolver(configure=False)
    stub.nameservers = [lab.resolvers[resolver].host]
    stub.port = lab.resolvers[resolver].port
    return sorted(record.to_text() for record in await stub.resolve(SERVICE, "SRV"))


async def test_two_resolvers_answer_for_themselves() -> None:
    async with running_federation_lab(find_federation_scenario("federation-views-differ")) as lab:
        assert await records(lab, 0) == ["0 0 5061 sip.uc.example."]
        assert await records(lab, 1) == ["0 0 5061 old.uc.example."]
        assert lab.arguments.count("--resolver") == 2


async def test_nothing_listens_after_the_end_even_with_open_connections() -> None:
    async with running_federation_lab(find_federation_scenario("federation-half-open-record")) as lab:
        reader, writer = await asyncio.open_connection(lab.edges[0].host, lab.edges[0].port)
        writer.write(b"hello?")
        await reader.readexactly(21)
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(lab.edges[0].host, lab.edges[0].port)


async def test_one_edge_is_enough_for_a_system_with_one_address(monkeypatch: pytest.MonkeyPatch) -> None:
    [probe] = bound_sockets([("127.0.0.1", STREAM)], 0)
    with probe:
        free = probe.getsockname()[1]
    monkeypatch.setattr(network, "has_address", lambda address: address == "127.0.0.1")
    scenario = FederationScenario(
        name="one", title="One edge", story=("", ""), network=Network(edges=(Edge(port=free),))
    )
    async with running_federation_lab(scenario) as lab:
        assert lab.edges == (Endpoint("127.0.0.1", free),)


async def test_more_edges_than_addresses_are_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "has_address", lambda address: address == "127.0.0.1")
    scenario = find_federation_scenario("federation-one-of-two-targets-bad")
    with pytest.raises(UsageError, match=r"federation-one-of-two-targets-bad needs 2 loopback addresses"):
        async with running_federation_lab(scenario):
            pass


async def test_chosen_ports() -> None:
    # Nobody else is at this lab's address, so any port below those of clients will do.
    async with running_federation_lab(find_federation_scenario("federation-views-differ"), port_base=21_000) as lab:
        assert [resolver.port for resolver in lab.resolvers] == [21_000, 21_001]
        assert {resolver.host for resolver in lab.resolvers} == {lab.edges[0].host}


async def test_taken_port_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_somewhere", lambda: "127.200.7.7")
    [taken] = bound_sockets((("127.200.7.7", DATAGRAM),), 21_000)
    with taken, pytest.raises(UsageError, match=r"cannot bind port 21000"):
        async with running_federation_lab(HEALTHY, port_base=21_000):
            pass


async def test_edge_port_taken_everywhere_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_somewhere", lambda: "127.200.7.8")
    [taken] = bound_sockets((("127.200.7.8", STREAM),), 5061)
    with taken:
        taken.listen()
        with pytest.raises(UsageError, match="port 5061 is taken"):
            async with running_federation_lab(HEALTHY):
                pass


async def test_one_function_starts_either_kind() -> None:
    async with running_any_lab(find_scenario("healthy")) as phone, running_any_lab(HEALTHY) as federation:
        assert isinstance(phone, Lab)
        assert isinstance(federation, FederationLab)
