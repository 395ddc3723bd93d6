from contextlib import AsyncExitStack
from typing import Literal

import dns.asyncquery
import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import pytest

from vpnprobe.lab.dns import Zone, dns_server
from vpnprobe.lab.listening import DATAGRAM, STREAM, bound_sockets
from vpnprobe.lab.scenario import GATEWAY_NAME, Dns

OTHER_NAME = "cucm.lab.example"
ADDRESSES = {GATEWAY_NAME: ("127.0.0.1", "::1"), OTHER_NAME: ("127.0.0.1",)}


class Stub:
    """dnspython's resolver against a running lab server."""

    def __init__(self, fault: Dns) -> None:
        self._fault = fault
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> dns.asyncresolver.Resolver:
        udp, tcp = bound_sockets((("127.0.0.1", DATAGRAM), ("127.0.0.1", STREAM)), 0)
        zone = Zone(ADDRESSES, GATEWAY_NAME, self._fault)
        await self._stack.enter_async_context(dns_server(udp, tcp, zone))
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = udp.getsockname()[1]
        resolver.timeout = 0.3
        resolver.lifetime = 1.0
        return resolver

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stack.aclose()


async def test_both_families() -> None:
    async with Stub(Dns()) as resolver:
        v4 = await resolver.resolve(GATEWAY_NAME, "A")
        v6 = await resolver.resolve(GATEWAY_NAME, "AAAA")
    assert [record.address for record in v4] == ["127.0.0.1"]
    assert [record.address for record in v6] == ["::1"]


async def test_unknown_name_does_not_exist() -> None:
    async with Stub(Dns()) as resolver:
        with pytest.raises(dns.resolver.NXDOMAIN):
            await resolver.resolve("nobody.lab.example", "A")


async def test_known_name_without_that_family_has_no_answer() -> None:
    async with Stub(Dns()) as resolver:
        with pytest.raises(dns.resolver.NoAnswer):
            await resolver.resolve(OTHER_NAME, "AAAA")


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ("nxdomain", dns.resolver.NXDOMAIN),
        ("no-address", dns.resolver.NoAnswer),
        ("servfail", dns.resolver.NoNameservers),
        ("silent", dns.resolver.LifetimeTimeout),
    ],
)
async def test_faults(answers: Literal["nxdomain", "no-address", "servfail", "silent"], error: type[Exception]) -> None:
    async with Stub(Dns(answers=answers)) as resolver:
        with pytest.raises(error):
            await resolver.resolve(GATEWAY_NAME, "A")
        assert await resolver.resolve(OTHER_NAME, "A")


async def test_ipv6_alone_can_fail() -> None:
    async with Stub(Dns(answers="ipv6-servfail")) as resolver:
        assert await resolver.resolve(GATEWAY_NAME, "A")
        with pytest.raises(dns.resolver.NoNameservers):
            await resolver.resolve(GATEWAY_NAME, "AAAA")


async def test_alias() -> None:
    async with Stub(Dns(answers="alias")) as resolver:
        answer = await resolver.resolve(GATEWAY_NAME, "A")
    assert answer.canonical_name.to_text() == "edge.lab.example."
    assert [record.address for record in answer] == ["127.0.0.1"]


async def test_truncated_answer_is_whole_by_tcp() -> None:
    async with Stub(Dns(answers="truncated")) as resolver:
        query = dns.message.make_query(GATEWAY_NAME, "A")
        first = await dns.asyncquery.udp(query, "127.0.0.1", timeout=1, port=resolver.port)
        whole = await resolver.resolve(GATEWAY_NAME, "A")
    assert first.flags & dns.flags.TC
    assert first.rcode() == dns.rcode.NOERROR
    assert [record.address for record in whole] == ["127.0.0.1"]
