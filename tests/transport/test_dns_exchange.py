"""Exchanges with DNS servers end in time, in turn, and with what the server itself said."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stand_ins import listening_udp
from tests.transport.dns_server import Answer, Question, Respond, dns_server, records, silent, truncated
from vpnprobe.lab.listening import Address, DatagramServer
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.federation import FEDERATION_SERVICE, AddressLookup, SrvLookup, SrvRecord
from vpnprobe.model.target import Endpoint
from vpnprobe.transport.records import RecordResolver

DOMAIN = "example.com"
NAME = f"{FEDERATION_SERVICE}.{DOMAIN}"
SRV = f"{NAME}. 300 IN SRV 0 0 5061 sip.example.com."
SIP = SrvRecord(0, 0, 5061, "sip.example.com")
HOST = "sip.example.com"


async def srv(respond: Respond, timeout: float = 2.0) -> SrvLookup:
    async with dns_server(respond) as server:
        return await RecordResolver("here", [server.endpoint], timeout=timeout).srv(FEDERATION_SERVICE, DOMAIN)


async def test_a_port_where_nobody_listens_is_known_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
    found = await RecordResolver("here", [Endpoint("127.0.0.1", port)], timeout=60).srv(FEDERATION_SERVICE, DOMAIN)
    assert found.failure == Failure(kind=FailureKind.DNS_TIMEOUT, detail=f"127.0.0.1:{port}: Connection refused")


async def test_a_lost_datagram_is_asked_again() -> None:
    asked: list[str] = []

    def second(question: Question, transport: str) -> Answer:
        asked.append(transport)
        return None if len(asked) == 1 else records(SRV)(question, transport)

    found = await srv(second, timeout=0.6)
    assert (found.records, len(asked)) == ((SIP,), 2)


async def test_a_dead_first_server_is_survived_and_both_are_named() -> None:
    async with dns_server(silent) as dead, dns_server(records(SRV)) as alive:
        resolver = RecordResolver("here", [dead.endpoint, alive.endpoint], timeout=0.8)
        found = await resolver.srv(FEDERATION_SERVICE, DOMAIN)
    assert found.records == (SIP,)
    assert found.servers == (str(dead.endpoint), str(alive.endpoint))


async def test_a_server_that_refuses_says_more_than_one_that_is_silent() -> None:
    async with dns_server(silent) as dead, dns_server(records(rcode=dns.rcode.REFUSED)) as closed:
        resolver = RecordResolver("here", [dead.endpoint, closed.endpoint], timeout=0.8)
        found = await resolver.srv(FEDERATION_SERVICE, DOMAIN)
        assert (len(dead.asked), len(closed.asked)) == (2, 1)
    assert found.failure is not None
    assert found.failure.detail == f"REFUSED from {closed.endpoint}"


async def test_a_truncated_answer_is_asked_again_by_tcp() -> None:
    async with dns_server(truncated(records(SRV))) as server:
        found = await RecordResolver("here", [server.endpoint], timeout=2).srv(FEDERATION_SERVICE, DOMAIN)
        assert [transport for transport, _, _ in server.asked] == ["udp", "tcp"]
    assert found.records == (SIP,)


async def test_tcp_that_nobody_serves() -> None:
    class Cut(DatagramServer):
        def datagram_received(self, data: bytes, addr: Address) -> None:
            reply = truncated(records())(dns.message.from_wire(data), "udp")
            assert reply is not None
            self.send(reply, addr)

    async with listening_udp(Cut()) as port:
        found = await RecordResolver("here", [Endpoint("127.0.0.1", port)], timeout=5).srv(FEDERATION_SERVICE, DOMAIN)
    detail = f"the answer needs TCP: 127.0.0.1:{port}: Connection refused"
    assert found.failure == Failure(kind=FailureKind.DNS_TIMEOUT, detail=detail)


@asynccontextmanager
async def pestered(pester: Callable[[DatagramServer, DatagramServer, bytes, Address], None]) -> AsyncIterator[Endpoint]:
    """A server that does something, given (itself, a stranger, the question, the asker), before it answers."""
    stranger = DatagramServer()

    class Server(DatagramServer):
        def datagram_received(self, data: bytes, addr: Address) -> None:
            pester(self, stranger, data, addr)
            reply = records(SRV)(dns.message.from_wire(data), "udp")
            assert reply is not None
            self.send(reply, addr)

    async with listening_udp(stranger), listening_udp(Server()) as port:
        yield Endpoint("127.0.0.1", port)


def _forged(data: bytes) -> bytes:
    forged = records(f"{NAME}. 300 IN SRV 0 0 5061 evil.test.")(dns.message.from_wire(data), "udp")
    assert forged is not None
    return forged


def _other_question(data: bytes) -> bytes:
    asked = dns.message.make_query("www.example.org.", "SRV", id=int.from_bytes(data[:2]))
    reply = records("www.example.org. 300 IN SRV 0 0 5061 evil.test.")(asked, "udp")
    assert reply is not None
    return reply


@pytest.mark.parametrize(
    "pester",
    [
        pytest.param(lambda me, other, data, asker: other.send(_forged(data), asker), id="another port"),
        pytest.param(
            lambda me, other, data, asker: me.send(bytes([data[0] ^ 1]) + _forged(data)[1:], asker), id="wrong id"
        ),
        pytest.param(lambda me, other, data, asker: me.send(_other_question(data), asker), id="another question"),
        pytest.param(lambda me, other, data, asker: me.send(data, asker), id="the question itself"),
        pytest.param(lambda me, other, data, asker: me.send(b"", asker), id="nothing"),
        pytest.param(lambda me, other, data, asker: me.send(data[:2], asker), id="the id alone"),
        pytest.param(lambda me, other, data, asker: me.send(b"\xff" * 600, asker), id="noise"),
    ],
)
async def test_what_is_no_answer_is_dropped(
    pester: Callable[[DatagramServer, DatagramServer, bytes, Address], None],
) -> None:
    async with pestered(pester) as endpoint:
        found = await RecordResolver("here", [endpoint], timeout=5).srv(FEDERATION_SERVICE, DOMAIN)
    assert (found.records, found.failure) == ((SIP,), None)


async def test_noise_without_end_is_not_listened_to_without_end() -> None:
    async def pour(server: DatagramServer, asker: Address) -> None:
        while True:
            for _ in range(20):
                server.send(b"noise" * 40, asker)
            await asyncio.sleep(0)

    class Server(DatagramServer):
        def datagram_received(self, data: bytes, addr: Address) -> None:
            pouring.append(asyncio.ensure_future(pour(self, addr)))

    pouring: list[asyncio.Future[None]] = []
    async with listening_udp(Server()) as port, asyncio.timeout(20):
        resolver = RecordResolver("here", [Endpoint("127.0.0.1", port)], timeout=0.3)
        found = await resolver.srv(FEDERATION_SERVICE, DOMAIN)
        for one in pouring:
            one.cancel()
        await asyncio.gather(*pouring, return_exceptions=True)
    assert pouring
    assert found.failure is not None
    assert found.failure.kind is FailureKind.DNS_TIMEOUT


class Turns:
    """Notes who had a turn; every one begins late."""

    def __init__(self, wait: float = 0) -> None:
        self.wait = wait
        self.had: list[Endpoint] = []

    @asynccontextmanager
    async def turn(self, server: Endpoint) -> AsyncIterator[None]:
        await asyncio.sleep(self.wait)
        self.had.append(server)
        yield


async def test_every_exchange_has_its_turn() -> None:
    turns = Turns()
    async with dns_server(truncated(records(SRV))) as server:
        resolver = RecordResolver("here", [server.endpoint], timeout=2, turn=turns.turn)
        await resolver.srv(FEDERATION_SERVICE, DOMAIN)
    assert turns.had == [server.endpoint] * 2


async def test_waiting_for_a_turn_costs_no_time_of_the_lookup() -> None:
    async with dns_server(records(SRV)) as server:
        resolver = RecordResolver("here", [server.endpoint], timeout=0.2, turn=Turns(wait=0.3).turn)
        found = await resolver.srv(FEDERATION_SERVICE, DOMAIN)
    assert found.records == (SIP,)
    assert found.duration_s >= 0.3


async def test_a_cancelled_lookup_closes_its_sockets() -> None:
    asked = asyncio.Event()

    def note(question: Question, transport: str) -> Answer:
        asked.set()
        return None

    async with dns_server(note) as server:
        task = asyncio.create_task(RecordResolver("here", [server.endpoint], timeout=30).addresses(HOST))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80), st.booleans())
def test_no_answer_raises_or_hangs(tail: bytes, fits: bool) -> None:
    def answer(question: Question, transport: str) -> Answer:
        wire = question.to_wire()
        return wire[:2] + b"\x84\0" + wire[4:6] + tail[:6].ljust(6, b"\0") + wire[12:] + tail[6:] if fits else tail

    async def look() -> tuple[SrvLookup, AddressLookup]:
        async with asyncio.timeout(20), dns_server(truncated(answer)) as server:
            resolver = RecordResolver("here", [server.endpoint], timeout=1)
            return await resolver.srv(FEDERATION_SERVICE, DOMAIN), await resolver.addresses(HOST)

    for lookup in asyncio.run(look()):
        assert lookup.failure is not None
