"""Each gateway is looked at once for each kind of phone, however many ask."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.probes.networks import needs_second_address, nothing_left_behind
from tests.stand_ins import LOOPBACK, SECOND, RecordingGateway, listening, name_server
from vpnprobe.fleet.gateways import GatewayBook, GatewayLook
from vpnprobe.lab.listening import STREAM, bound_sockets, tcp_server
from vpnprobe.lab.scenario import Certificate, Gateway
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import Resolution
from vpnprobe.model.target import Endpoint, parse_group_url
from vpnprobe.phones import load_profile
from vpnprobe.probes.options import NetworkOptions
from vpnprobe.transport.names import Resolver

NAME = "vpn.lab.example"


class Doors:
    """Counts the connections that a gateway is asked for."""

    def __init__(self, gateway: RecordingGateway) -> None:
        self.gateway = gateway
        self.opened = 0
        self.now = 0
        self.most = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self.gateway.serve(reader, writer)
        finally:
            self.now -= 1


def book(**changes: Any) -> GatewayBook:
    network = NetworkOptions(**{"timeout": 1.0} | changes)
    return GatewayBook(network, Resolver(network.resolvers, timeout=1))


async def look(one: GatewayBook, url: str, model: str = "7962G", times: int = 1) -> list[GatewayLook]:
    profile = load_profile(model)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one.look(parse_group_url(url), profile)) for _ in range(times)]
    return [task.result() for task in tasks]


# This model's hello, three of the certificate matrix, one handshake.
CONNECTIONS = 5


async def test_many_phones_cost_one_look() -> None:
    doors = Doors(RecordingGateway())
    async with listening(doors.serve) as port:
        with nothing_left_behind():
            one = book()
            found = await look(one, f"https://127.0.0.1:{port}/VPNPhone", times=50)
            again = await look(one, f"https://127.0.0.1:{port}/Other")
            await one.close()
    assert doors.opened == CONNECTIONS
    # The path comes after TLS, and plays no part.
    assert len({id(seen.evidence) for seen in (*found, *again)}) == 1
    # A gateway is dialled as gently as by one phone's probe.
    assert doors.most <= NetworkOptions().parallel


async def test_another_model_costs_its_own_hello_and_handshake() -> None:
    doors = Doors(RecordingGateway())
    async with listening(doors.serve) as port:
        one = book()
        [old] = await look(one, f"https://127.0.0.1:{port}/VPNPhone")
        [new] = await look(one, f"https://127.0.0.1:{port}/VPNPhone", "8841")
        await look(one, f"https://127.0.0.1:{port}/VPNPhone", "7942G")
    assert doors.opened == CONNECTIONS + 2
    assert (old.sight.key, new.sight.key) == (f"127.0.0.1:{port} 7962G", f"127.0.0.1:{port} 8811")
    assert {flight.hello for flight in new.evidence.first_flights} == {"8811", "rsa-only", "ec-only", "both"}
    assert [shake.completed for shake in new.evidence.handshakes] == [True]


async def test_what_is_told_of_a_gateway() -> None:
    gateway = RecordingGateway()
    async with gateway.at(LOOPBACK) as port:
        [seen] = await look(book(), f"https://127.0.0.1:{port}/VPNPhone")
    sight = seen.sight
    [leaf] = sight.cert_hashes
    assert sight.addresses == (f"127.0.0.1:{port}",)
    assert sight.leaves == {f"127.0.0.1:{port}": leaf}
    assert sight.cert_hashes == {leaf: gateway.cert_hash}
    assert sight.failure is None
    assert NAME in sight.subjects[leaf]
    assert sight.not_after[leaf] is not None
    assert seen.evidence.certificates[leaf]


async def test_nobody_logs_in() -> None:
    gateway = RecordingGateway()
    async with gateway.at(LOOPBACK) as port:
        [seen] = await look(book(), f"https://127.0.0.1:{port}/VPNPhone")
    assert gateway.requests == []
    assert (seen.evidence.logins, seen.evidence.login_wanted) == ((), False)


@needs_second_address
async def test_every_address_of_a_name() -> None:
    first, second = RecordingGateway(), RecordingGateway(certificate=Certificate(edition=2))
    sockets = bound_sockets([(LOOPBACK, STREAM), (SECOND, STREAM)], 0)
    port = sockets[0].getsockname()[1]
    async with AsyncExitStack() as stack:
        for sock, gateway in zip(sockets, (first, second), strict=True):
            await stack.enter_async_context(tcp_server(sock, gateway.serve))
        resolver = await stack.enter_async_context(name_server({NAME: (LOOPBACK, SECOND)}))
        [seen] = await look(book(resolvers=(Endpoint(LOOPBACK, resolver),)), f"https://{NAME}:{port}/VPNPhone")
    shown = [seen.sight.cert_hashes[leaf or ""] for leaf in seen.sight.leaves.values()]
    assert shown == [first.cert_hash, second.cert_hash]
    assert seen.sight.addresses == (f"{LOOPBACK}:{port}", f"{SECOND}:{port}")


async def test_a_gateway_without_a_certificate_for_this_phone() -> None:
    """To an old phone an EC certificate is none."""
    settings = Gateway(suites=("ECDHE-ECDSA-AES256-GCM-SHA384",), certificate=Certificate(key="ec"))
    gateway = RecordingGateway(certificate=Certificate(key="ec"), settings=settings)
    async with gateway.at(LOOPBACK) as port:
        one = book()
        [old] = await look(one, f"https://127.0.0.1:{port}/VPNPhone")
        [new] = await look(one, f"https://127.0.0.1:{port}/VPNPhone", "8841")
    assert list(old.sight.leaves.values()) == [None]
    assert old.sight.failure is not None
    assert old.sight.failure.kind is FailureKind.TLS_ALERT
    assert list(new.sight.cert_hashes.values()) == [gateway.cert_hash]


async def test_a_closed_port_is_tried_once() -> None:
    [sock] = bound_sockets([(LOOPBACK, STREAM)], 0)
    with sock:
        [seen] = await look(book(), f"https://127.0.0.1:{sock.getsockname()[1]}/VPNPhone")
    assert seen.sight.failure is not None
    assert seen.sight.failure.kind is FailureKind.REFUSED
    assert [flight.hello for flight in seen.evidence.first_flights] == ["7962G"]
    assert seen.evidence.handshakes == ()


async def test_a_name_that_does_not_exist() -> None:
    async with name_server({}) as resolver:
        [seen] = await look(book(resolvers=(Endpoint(LOOPBACK, resolver),)), f"https://{NAME}/VPNPhone")
    assert seen.sight.failure is not None
    assert seen.sight.failure.kind is FailureKind.NAME_NOT_FOUND
    assert seen.sight.addresses == ()


async def test_addresses_that_are_not_looked_at_are_doubts() -> None:
    """On all of them may be another certificate."""
    many = tuple(f"127.0.9.{number}" for number in range(1, 12))
    async with name_server({NAME: many}) as resolver:
        [seen] = await look(book(resolvers=(Endpoint(LOOPBACK, resolver),)), f"https://{NAME}:1/VPNPhone")
    assert len(seen.sight.addresses) == 8
    assert seen.sight.doubts == ("its name has 3 more addresses, which were not dialled",)


@pytest.mark.parametrize(
    ("resolution", "words"),
    [
        (Resolution(name=NAME, source="hosts-file", addresses=(LOOPBACK,)), ["hosts file, which no phone has"]),
        (
            Resolution(
                name=NAME, source="dns", addresses=(LOOPBACK,), partial=Failure(kind=FailureKind.SERVFAIL, detail="")
            ),
            ["one IP version are not known (the DNS server failed); -4 or -6 leaves that out"],
        ),
        (Resolution(name=NAME, source="dns", addresses=(LOOPBACK,)), []),
        (Resolution(name=LOOPBACK, source="literal", addresses=(LOOPBACK,)), []),
    ],
)
async def test_other_doubts_about_addresses(resolution: Resolution, words: list[str]) -> None:
    class Fixed(Resolver):
        async def resolve(self, host: str, families: frozenset[int] = frozenset({4, 6})) -> Resolution:
            return resolution

    [seen] = await look(GatewayBook(NetworkOptions(timeout=1.0), Fixed(timeout=1)), f"https://{NAME}:1/VPNPhone")
    assert len(seen.sight.doubts) == len(words)
    assert all(said in doubt for said, doubt in zip(words, seen.sight.doubts, strict=True))


async def test_one_name_is_resolved_once() -> None:
    class Counting(Resolver):
        asked = 0

        async def resolve(self, host: str, families: frozenset[int] = frozenset({4, 6})) -> Any:
            self.asked += 1
            return await super().resolve(host, families)

    resolver = Counting((), timeout=1)
    one = GatewayBook(NetworkOptions(timeout=0.5), resolver)
    for model in ("7962G", "8841", "7975G"):
        await look(one, "https://127.0.0.1:9/VPNPhone", model)
    assert resolver.asked == 1


async def test_who_waits_may_leave_and_the_look_goes_on() -> None:
    doors = Doors(RecordingGateway())
    async with listening(doors.serve) as port:
        one = book()
        url = parse_group_url(f"https://127.0.0.1:{port}/VPNPhone")
        impatient = asyncio.create_task(one.look(url, load_profile("7962G")))
        await asyncio.sleep(0)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        [seen] = await look(one, url.text)
    assert seen.sight.failure is None
    assert doors.opened == CONNECTIONS


async def test_looks_that_nobody_waits_for_end_with_the_book() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(silent) as port:
        with nothing_left_behind():
            one = book(timeout=30)
            url = parse_group_url(f"https://127.0.0.1:{port}/VPNPhone")
            waiting = asyncio.create_task(one.look(url, load_profile("7962G")))
            await asyncio.sleep(0.05)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            await one.close()
            # The server's own end of the connection.
            await asyncio.sleep(0.05)
