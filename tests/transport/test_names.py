"""Every way for a name to resolve or fail is told apart, against a DNS server on loopback."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from tests.transport.conftest import Machine
from tests.transport.dns_server import Answer, Question, Respond, dns_server, records
from vpnprobe.model.errors import UsageError
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.observation import Resolution
from vpnprobe.model.target import Endpoint
from vpnprobe.transport.names import MAX_ADDRESSES, Resolver

HOST = "vpn.example.com"
V4 = f"{HOST}. 300 IN A 192.0.2.7"
V4_OTHER = f"{HOST}. 300 IN A 192.0.2.8"
V6 = f"{HOST}. 60 IN AAAA 2001:db8::7"


async def resolve(respond: Respond, host: str = HOST, timeout: float = 2.0) -> Resolution:
    async with dns_server(respond) as server:
        return await Resolver([server.endpoint], timeout=timeout).resolve(host)


def by_type(**given: Respond) -> Respond:
    def respond(question: Question, transport: str) -> Answer:
        return given[dns.rdatatype.to_text(question.question[0].rdtype)](question, transport)

    return respond


def silent(question: Question, transport: str) -> Answer:
    return None


async def test_more_addresses_than_anybody_dials_are_counted() -> None:
    def many(question: Question, transport: str) -> Answer:
        reply = dns.message.make_response(question)
        if transport == "udp":
            reply.flags |= dns.flags.TC
            return reply.to_wire()
        asked = question.question[0]
        prefix = "127.0" if asked.rdtype == dns.rdatatype.A else "2001:db8::7f"
        separator = "." if asked.rdtype == dns.rdatatype.A else ":"
        values = [f"{prefix}{separator}{one // 200}{separator}{one % 200}" for one in range(2000)]
        reply.answer.append(dns.rrset.from_text_list(asked.name, 2**31 - 1, "IN", asked.rdtype, values))
        return reply.to_wire(max_size=65535)

    found = await resolve(many, timeout=10)
    assert len(found.addresses) == 2 * MAX_ADDRESSES
    assert {":" in one for one in found.addresses} == {True, False}
    assert found.left_out == 4000 - 2 * MAX_ADDRESSES


@pytest.mark.parametrize(
    ("lines", "addresses", "ttl", "canonical"),
    [
        pytest.param([V4], ("192.0.2.7",), 300, None, id="A alone"),
        pytest.param([V6], ("2001:db8::7",), 60, None, id="AAAA alone"),
        pytest.param([V4, V6], ("192.0.2.7", "2001:db8::7"), 60, None, id="both"),
        pytest.param(
            [f"{HOST}. 30 IN CNAME asa.example.net.", "asa.example.net. 300 IN A 192.0.2.9"],
            ("192.0.2.9",),
            30,
            "asa.example.net",
            id="CNAME",
        ),
    ],
)
async def test_a_name_with_addresses(
    lines: list[str], addresses: tuple[str, ...], ttl: int, canonical: str | None
) -> None:
    found = await resolve(records(*lines))
    assert (found.addresses, found.ttl, found.canonical) == (addresses, ttl, canonical)
    assert (found.name, found.source, found.failure, found.partial) == (HOST, "dns", None, None)


@pytest.mark.parametrize(
    ("respond", "kind", "detail"),
    [
        pytest.param(records(rcode=dns.rcode.NXDOMAIN), FailureKind.NAME_NOT_FOUND, "NXDOMAIN", id="NXDOMAIN"),
        pytest.param(records(), FailureKind.NO_ADDRESS, "no A record", id="no answer"),
        pytest.param(records(rcode=dns.rcode.SERVFAIL), FailureKind.SERVFAIL, "SERVFAIL from", id="SERVFAIL"),
        pytest.param(records(rcode=dns.rcode.REFUSED), FailureKind.SERVFAIL, "REFUSED from", id="REFUSED"),
        pytest.param(
            by_type(A=records(), AAAA=records(rcode=dns.rcode.SERVFAIL)),
            FailureKind.SERVFAIL,
            "SERVFAIL from",
            id="no A record and AAAA fails: not known to have no address",
        ),
        pytest.param(
            by_type(A=records(rcode=dns.rcode.NXDOMAIN), AAAA=records(rcode=dns.rcode.REFUSED)),
            FailureKind.NAME_NOT_FOUND,
            "NXDOMAIN",
            id="NXDOMAIN speaks for the whole name",
        ),
    ],
)
async def test_a_name_without_addresses(respond: Respond, kind: FailureKind, detail: str) -> None:
    found = await resolve(respond)
    assert found.addresses == ()
    assert found.failure is not None
    assert (found.failure.kind, found.failure.who) == (kind, "dns")
    assert detail in found.failure.detail


@pytest.mark.parametrize(
    ("respond", "partial"),
    [
        pytest.param(by_type(A=records(V4), AAAA=records()), None, id="no such record"),
        pytest.param(
            by_type(A=records(V4), AAAA=records(rcode=dns.rcode.SERVFAIL)),
            FailureKind.SERVFAIL,
            id="other family fails",
        ),
        pytest.param(by_type(A=records(V4), AAAA=silent), FailureKind.DNS_TIMEOUT, id="other family silent"),
    ],
)
async def test_one_family_answers(respond: Respond, partial: FailureKind | None) -> None:
    found = await resolve(respond, timeout=0.4)
    assert found.addresses == ("192.0.2.7",)
    assert found.failure is None
    assert (found.partial and found.partial.kind) == partial


@pytest.mark.parametrize("families", [frozenset({4}), frozenset({6})], ids=["IPv4", "IPv6"])
async def test_only_the_wanted_family_is_asked(families: frozenset[int]) -> None:
    async with dns_server(records(V4, V6)) as server:
        found = await Resolver([server.endpoint], timeout=2).resolve(HOST, families)
        assert {kind for _, _, kind in server.asked} == ({"A"} if 4 in families else {"AAAA"})
    assert found.addresses == (("192.0.2.7",) if 4 in families else ("2001:db8::7",))


def _truncated(question: Question, transport: str) -> Answer:
    if transport == "tcp":
        return records(V4, V4_OTHER)(question, transport)
    reply = dns.message.make_response(question)
    reply.flags |= dns.flags.TC
    return reply.to_wire()


async def test_a_truncated_answer_is_asked_again_by_tcp() -> None:
    async with dns_server(_truncated) as server:
        found = await Resolver([server.endpoint], timeout=2).resolve(HOST, frozenset({4}))
        assert [transport for transport, _, _ in server.asked] == ["udp", "tcp"]
    assert found.addresses == ("192.0.2.7", "192.0.2.8")


def _spoofed(question: Question, transport: str) -> Answer:
    reply = bytearray(records(V4)(question, transport) or b"")
    reply[0] ^= 0xFF
    return bytes(reply)


def _other_question(question: Question, transport: str) -> Answer:
    asked = dns.message.make_query("www.example.org.", "A", id=question.id)
    return records("www.example.org. 300 IN A 192.0.2.66")(asked, transport)


@pytest.mark.parametrize(
    "respond",
    [
        pytest.param(silent, id="silence"),
        pytest.param(_spoofed, id="wrong id"),
        pytest.param(_other_question, id="answer to another question"),
        pytest.param(lambda question, transport: b"garbage", id="garbage"),
        pytest.param(lambda question, transport: b"", id="empty datagram"),
        pytest.param(lambda question, transport: question.to_wire()[:12] + b"\xc0\x0c" * 40, id="pointer loop"),
    ],
)
async def test_no_usable_answer_ends_in_time(respond: Respond) -> None:
    started = asyncio.get_running_loop().time()
    found = await resolve(respond, timeout=0.3)
    assert asyncio.get_running_loop().time() - started < 3
    assert found.failure is not None
    assert found.failure.kind is FailureKind.DNS_TIMEOUT


def _garbage_by_tcp(question: Question, transport: str) -> Answer:
    return _truncated(question, transport) if transport == "udp" else b"garbage"


@pytest.mark.parametrize(
    "respond",
    [
        pytest.param(_garbage_by_tcp, id="garbage by TCP"),
        pytest.param(
            records(f"{HOST}. 1 IN CNAME b.example.com.", f"b.example.com. 1 IN CNAME {HOST}."),
            id="CNAME loop",
        ),
    ],
)
async def test_an_unusable_answer_is_the_servers_fault(respond: Respond) -> None:
    found = await resolve(respond)
    assert found.failure is not None
    assert found.failure.kind is FailureKind.SERVFAIL
    assert "unusable answer" in found.failure.detail


def _closed_port() -> Endpoint:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        return Endpoint("127.0.0.1", holder.getsockname()[1])


async def test_a_server_that_is_not_there() -> None:
    found = await Resolver([_closed_port()], timeout=0.3).resolve(HOST)
    assert found.failure is not None
    assert found.failure.kind is FailureKind.DNS_TIMEOUT


async def test_a_dead_first_server_is_survived_and_both_are_named() -> None:
    async with dns_server(silent) as dead, dns_server(records(V4)) as alive:
        resolver = Resolver([dead.endpoint, alive.endpoint], timeout=0.8)
        found = await resolver.resolve(HOST, frozenset({4}))
        assert found.addresses == ("192.0.2.7",)
        assert found.servers == (str(dead.endpoint), str(alive.endpoint))


async def test_a_server_that_refuses_counts_more_than_one_that_is_silent() -> None:
    async with dns_server(silent) as dead, dns_server(records(rcode=dns.rcode.REFUSED)) as closed:
        found = await Resolver([dead.endpoint, closed.endpoint], timeout=0.6).resolve(HOST)
    assert found.failure is not None
    assert found.failure.kind is FailureKind.SERVFAIL


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example.com", "." * 3, "xn--\udcff.example"])
async def test_what_cannot_be_a_name_is_our_own_failure(host: str) -> None:
    found = await resolve(records(), host=host)
    assert found.failure is not None
    assert found.failure.kind is FailureKind.LOCAL


@pytest.mark.parametrize(
    ("host", "families", "addresses", "source"),
    [
        pytest.param("192.0.2.7", frozenset({4, 6}), ("192.0.2.7",), "literal", id="IPv4 literal"),
        pytest.param("2001:db8::7", frozenset({4, 6}), ("2001:db8::7",), "literal", id="IPv6 literal"),
        pytest.param("fe80::1%lo", frozenset({6}), ("fe80::1%lo",), "literal", id="scoped literal"),
        pytest.param("192.0.2.7", frozenset({6}), (), "literal", id="literal of the other family"),
        pytest.param("localhost", frozenset({4, 6}), ("127.0.0.1", "::1"), "hosts-file", id="localhost"),
        pytest.param("asa.localhost.", frozenset({4}), ("127.0.0.1",), "hosts-file", id="below localhost"),
    ],
)
async def test_no_dns_is_needed(host: str, families: frozenset[int], addresses: tuple[str, ...], source: str) -> None:
    found = await Resolver([_closed_port()], timeout=0.2).resolve(host, families)
    assert (found.addresses, found.source) == (addresses, source)
    assert (found.failure is None) == bool(addresses)


def test_a_literal_does_not_load_the_dns_library() -> None:
    code = (
        "import asyncio, sys\n"
        "from vpnprobe.transport.names import Resolver\n"
        "asyncio.run(Resolver(timeout=1).resolve('192.0.2.7'))\n"
        "sys.exit('dns' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_server_by_name_is_refused_with_advice() -> None:
    with pytest.raises(UsageError, match="by its IP address"):
        Resolver([Endpoint("ns1.example.com", 53)], timeout=1)


def _hosts(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "hosts"
    path.write_text("\n".join(lines) + "\n")
    return path


async def test_a_relative_name_goes_through_the_search_list(machine: Machine, tmp_path: Path) -> None:
    async with dns_server(records("asa.corp.example.com. 9 IN A 192.0.2.7")) as server:
        machine(server.endpoint)
        resolver = Resolver(timeout=2, hosts_file=_hosts(tmp_path))
        found = await resolver.resolve("asa", frozenset({4}))
        assert ("udp", "asa.corp.example.com.", "A") in server.asked
    assert (found.addresses, found.canonical, found.source) == (("192.0.2.7",), None, "dns")
    assert found.servers == (str(server.endpoint),)


async def test_an_explicit_server_gets_the_full_name_only() -> None:
    async with dns_server(records(rcode=dns.rcode.NXDOMAIN)) as server:
        await Resolver([server.endpoint], timeout=2).resolve("asa", frozenset({4}))
        assert server.asked == [("udp", "asa.", "A")]


async def test_the_hosts_file_answers_after_dns(machine: Machine, tmp_path: Path) -> None:
    hosts = _hosts(
        tmp_path,
        "# 192.0.2.1 vpn.example.com",
        "nonsense",
        "192.0.2.5 asa VPN.example.com. # us",
        "::5 other",
    )
    async with dns_server(records(rcode=dns.rcode.NXDOMAIN)) as server:
        machine(server.endpoint)
        found = await Resolver(timeout=2, hosts_file=hosts).resolve(HOST)
        explicit = await Resolver([server.endpoint], timeout=2, hosts_file=hosts).resolve(HOST)
    assert (found.addresses, found.source, found.failure) == (("192.0.2.5",), "hosts-file", None)
    assert found.partial is not None
    assert found.partial.kind is FailureKind.NAME_NOT_FOUND
    assert explicit.addresses == ()


async def test_the_hosts_file_does_not_overrule_dns(machine: Machine, tmp_path: Path) -> None:
    async with dns_server(records(V4)) as server:
        machine(server.endpoint)
        found = await Resolver(timeout=2, hosts_file=_hosts(tmp_path, f"192.0.2.5 {HOST}")).resolve(HOST)
    assert (found.addresses, found.source) == (("192.0.2.7",), "dns")


@pytest.mark.parametrize("hosts", ["missing", "undecodable"])
async def test_a_machine_without_configuration(machine: Machine, tmp_path: Path, hosts: str) -> None:
    machine(None)
    path = tmp_path / hosts
    if hosts == "undecodable":
        path.write_bytes(b"\xff\xfe\x00")
    found = await Resolver(timeout=1, hosts_file=path).resolve(HOST)
    assert found.failure is not None
    assert (found.failure.kind, found.servers) == (FailureKind.LOCAL, ())


async def test_a_cancelled_question_closes_its_sockets() -> None:
    asked = asyncio.Event()

    def note(question: Question, transport: str) -> Answer:
        asked.set()
        return None

    async with dns_server(note) as server:
        task = asyncio.create_task(Resolver([server.endpoint], timeout=30).resolve(HOST))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
