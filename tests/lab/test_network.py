import asyncio
import gc
import shlex

import dns.asyncresolver
import pytest

from tests.lab.clients import Session, phone_context
from vpnprobe.lab.listening import DATAGRAM, STREAM, bound_sockets, has_address
from vpnprobe.lab.network import Lab, running_lab
from vpnprobe.lab.scenario import Scenario
from vpnprobe.lab.scenarios import find_scenario, scenarios
from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import parse_endpoint, parse_group_url, parse_mac
from vpnprobe.phones import load_profile


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.name)
async def test_every_scenario_starts_and_ends_cleanly(scenario: Scenario) -> None:
    before = asyncio.all_tasks()
    async with running_lab(scenario) as lab:
        directory = lab.directory
        described = lab.describe()
    assert asyncio.all_tasks() == before
    assert not directory.exists()
    assert scenario.title in " ".join(described.split())
    assert shlex.join(lab.arguments) in described


async def test_prose_is_broken_between_words_and_the_command_is_not() -> None:
    scenario = find_scenario("healthy")
    async with running_lab(scenario) as lab:
        *prose, command = lab.describe(40).splitlines()
        words = lab.describe(400).split()
    assert command == f"  {shlex.join(('vpnprobe', *lab.arguments))}"
    assert " ".join((*prose, command)).split() == words
    assert all(len(line) < 40 for line in prose if len(line.split()) > 2)


def test_no_scenario_left_anything_open() -> None:
    # Warnings are errors here, also those of sockets and transports that nobody closed.
    gc.collect()


async def test_nothing_listens_after_the_end_even_with_open_connections() -> None:
    async with running_lab(find_scenario("half-open-record")) as lab:
        reader, writer = await asyncio.open_connection(lab.addresses[0], lab.port)
        writer.write(b"hello?")
        await reader.readexactly(21)
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(lab.addresses[0], lab.port)


async def test_arguments_are_the_command_line() -> None:
    async with running_lab(find_scenario("healthy")) as lab:
        words = lab.arguments
        assert words[0] == "phone"
        given = dict(zip(words[1::2], words[2::2], strict=True))
        assert set(given) == {
            "--group-url",
            "--mac",
            "--model",
            "--tftp",
            "--http-port",
            "--resolver",
            "--client-cert",
            "--client-key",
        }
        assert parse_group_url(given["--group-url"]).port == lab.port
        assert parse_mac(given["--mac"]) == lab.mac
        assert load_profile(given["--model"]).model == "7962G"
        assert parse_endpoint(given["--tftp"], 69) == lab.tftp_endpoint
        assert given["--http-port"] == str(lab.http_endpoint.port)
        assert given["--resolver"] == lab.resolver


@pytest.mark.parametrize(
    ("name", "has", "lacks"),
    [
        ("healthy-given-hash", ["--cert-hash"], ["--tftp"]),
        ("healthy-no-login", ["--tftp"], ["--client-cert", "--client-key"]),
        ("healthy-password", ["--user", "--password-file"], ["--client-cert"]),
        ("tftp-unknown", [], ["--tftp", "--cert-hash"]),
    ],
)
async def test_options_of_the_scenario(name: str, has: list[str], lacks: list[str]) -> None:
    async with running_lab(find_scenario(name)) as lab:
        assert set(has) <= set(lab.arguments)
        assert not set(lacks) & set(lab.arguments)


async def resolved(lab: Lab, kind: str) -> list[str]:
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = [lab.dns_endpoint.host]
    resolver.port = lab.dns_endpoint.port
    answer = await resolver.resolve(parse_group_url(lab.group_url).host, kind, raise_on_no_answer=False)
    return [record.to_text() for record in answer.rrset or ()]


async def test_group_url_leads_to_the_gateway() -> None:
    async with running_lab(find_scenario("healthy")) as lab:
        assert await resolved(lab, "A") == ["127.0.0.1"]
        assert await resolved(lab, "AAAA") == []
        async with Session("127.0.0.1", lab.port, phone_context(lab.directory)) as session:
            assert (await session.request("POST", parse_group_url(lab.group_url).path)).status == 200


async def test_two_gateways_share_the_port() -> None:
    async with running_lab(find_scenario("each-asa-its-own-certificate")) as lab:
        assert len(set(lab.addresses)) == 2
        leaves = set()
        for address in lab.addresses:
            async with Session(address, lab.port, phone_context()) as session:
                leaves.add(session.leaf)
    assert len(leaves) == 2


@pytest.mark.skipif(not has_address("::1"), reason="this machine has no IPv6 on loopback")
async def test_second_address_in_ipv6() -> None:
    async with running_lab(find_scenario("healthy-two-addresses")) as lab:
        assert await resolved(lab, "A") == ["127.0.0.1"]
        assert await resolved(lab, "AAAA") == ["::1"]
        async with Session("::1", lab.port, phone_context(lab.directory)) as session:
            assert (await session.request("POST")).status == 200


async def test_url_by_address() -> None:
    async with running_lab(find_scenario("host-id-ip-url")) as lab:
        assert parse_group_url(lab.group_url).host == "127.0.0.1"


async def test_chosen_ports() -> None:
    base = free_base()
    async with running_lab(find_scenario("healthy"), port_base=base) as lab:
        ports = (lab.port, lab.tftp_endpoint.port, lab.http_endpoint.port, lab.dns_endpoint.port)
    assert ports == (base, base + 1, base + 2, base + 3)


async def test_taken_port_is_a_usage_error() -> None:
    [taken] = bound_sockets((("127.0.0.1", STREAM),), 0)
    with taken:
        taken.listen()
        with pytest.raises(UsageError, match=r"cannot bind port \d+ at 127\.0\.0\.1; choose another base port"):
            async with running_lab(find_scenario("healthy"), port_base=taken.getsockname()[1]):
                pass


@pytest.mark.parametrize("host", ["192.0.2.1", "0.0.0.0", "localhost", "::"])
async def test_only_loopback_is_listened_on(host: str) -> None:
    with pytest.raises(UsageError, match="loopback only"):
        async with running_lab(find_scenario("healthy"), host=host):
            pass


@pytest.mark.skipif(not has_address("::1"), reason="this machine has no IPv6 on loopback")
async def test_everything_on_another_loopback_address() -> None:
    async with running_lab(find_scenario("host-id-ip-url"), host="::1") as lab:
        assert lab.group_url == f"https://[::1]:{lab.port}/VPNPhone"
        assert lab.tftp.startswith("[::1]:")
        async with Session("::1", lab.port, phone_context(lab.directory)) as session:
            assert (await session.request("POST")).status == 200


async def test_private_key_is_for_its_owner_only() -> None:
    async with running_lab(find_scenario("healthy")) as lab:
        assert lab.client_key.stat().st_mode & 0o077 == 0


def free_base() -> int:
    """Find four free ports in a row, below those that systems give to clients."""
    for base in range(20_000, 30_000, 4):
        try:
            for offset in range(4):
                for sock in bound_sockets((("127.0.0.1", STREAM), ("127.0.0.1", DATAGRAM)), base + offset):
                    sock.close()
        except UsageError:
            continue
        return base
    pytest.skip("no four free ports in a row")
