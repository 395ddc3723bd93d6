"""The lab's resolver, asked by dnspython's own client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import dns.asyncquery
import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import pytest

from vpnprobe.lab.dns import dns_server
from vpnprobe.lab.federation.dns import RecordZone
from vpnprobe.lab.federation.scenario import DnsFault, Record, Resolver, address, federation
from vpnprobe.lab.listening import DATAGRAM, STREAM, bound_sockets

SERVICE = "_sipfederationtls._tcp.uc.example"
TARGET = "sip.uc.example"
RECORDS = (
    federation("uc.example", TARGET, priority=10, weight=5),
    federation("uc.example", "sip2.uc.example", priority=20, port=5081),
    *address(TARGET, "edge1", "edge2"),
    Record("sip2.uc.example", "CNAME", "alias.uc.example"),
    Record("alias.uc.example", "CNAME", TARGET),
    Record("_sipfederationtls._tcp.none.example", "SRV", "0 0 0 ."),
    Record("loop.uc.example", "CNAME", "pool.uc.example"),
    Record("pool.uc.example", "CNAME", "loop.uc.example"),
)


@asynccontextmanager
async def resolver(*faults: DnsFault, vouches: bool = False) -> AsyncIterator[dns.asyncresolver.Resolver]:
    """dnspython's resolver against a running server."""
    udp, tcp = bound_sockets((("127.0.0.1", DATAGRAM), ("127.0.0.1", STREAM)), 0)
    zone = RecordZone(Resolver(records=RECORDS, faults=faults, vouches=vouches), ["127.1.2.3", "127.4.5.6"])
    async with dns_server(udp, tcp, zone):
        stub = dns.asyncresolver.Resolver(configure=False)
        stub.nameservers = ["127.0.0.1"]
        stub.port = udp.getsockname()[1]
        stub.timeout, stub.lifetime = 0.3, 1.0
        yield stub


async def by_udp(stub: dns.asyncresolver.Resolver, name: str, kind: str, *, flags: int = 0) -> dns.message.Message:
    query = dns.message.make_query(name, kind)
    query.flags |= flags
    return await dns.asyncquery.udp(query, "127.0.0.1", timeout=1, port=stub.port)


async def by_tcp(stub: dns.asyncresolver.Resolver, name: str, kind: str) -> dns.message.Message:
    return await dns.asyncquery.tcp(dns.message.make_query(name, kind), "127.0.0.1", timeout=5, port=stub.port)


async def test_records_are_as_written() -> None:
    async with resolver() as stub:
        found = await stub.resolve(SERVICE, "SRV")
        addresses = await stub.resolve(TARGET, "A")
    assert sorted(record.to_text() for record in found) == ["10 5 5061 sip.uc.example.", "20 0 5081 sip2.uc.example."]
    assert sorted(record.to_text() for record in addresses) == ["127.1.2.3", "127.4.5.6"]


async def test_target_that_is_the_root() -> None:
    async with resolver() as stub:
        [record] = await stub.resolve("_sipfederationtls._tcp.none.example", "SRV")
    assert record.to_text() == "0 0 0 ."


async def test_aliases_are_followed() -> None:
    async with resolver() as stub:
        answer = await stub.resolve("sip2.uc.example", "A")
    assert answer.canonical_name.to_text() == "sip.uc.example."


async def test_circle_of_aliases_ends() -> None:
    async with resolver() as stub:
        answer = await by_udp(stub, "loop.uc.example", "A")
    assert answer.rcode() == dns.rcode.NOERROR
    assert {rrset.rdtype for rrset in answer.answer} == {dns.rdatatype.CNAME}


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("nobody.uc.example", dns.resolver.NXDOMAIN),
        ("_sipfederationtls._tcp.other.example", dns.resolver.NXDOMAIN),
        # Names above a record exist, without records of their own (RFC 8020).
        ("_tcp.uc.example", dns.resolver.NoAnswer),
        (TARGET, dns.resolver.NoAnswer),
    ],
)
async def test_absent_names_and_absent_types_differ(name: str, error: type[Exception]) -> None:
    async with resolver() as stub:
        with pytest.raises(error):
            await stub.resolve(name, "AAAA")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("nxdomain", dns.resolver.NXDOMAIN),
        ("servfail", dns.resolver.NoNameservers),
        ("refused", dns.resolver.NoNameservers),
        ("bogus", dns.resolver.NoNameservers),
        ("silent", dns.resolver.LifetimeTimeout),
        ("junk", dns.exception.DNSException),
    ],
)
async def test_faults(
    kind: Literal["nxdomain", "servfail", "refused", "bogus", "silent", "junk"], error: type[Exception]
) -> None:
    async with resolver(DnsFault(SERVICE, kind)) as stub:
        with pytest.raises(error):
            await stub.resolve(SERVICE, "SRV")
        assert await stub.resolve(TARGET, "A")


async def test_refusal_is_no_servfail() -> None:
    async with resolver(DnsFault(SERVICE, "refused")) as stub:
        assert (await by_udp(stub, SERVICE, "SRV")).rcode() == dns.rcode.REFUSED


async def test_bogus_records_come_where_checking_is_disabled() -> None:
    async with resolver(DnsFault(SERVICE, "bogus")) as stub:
        answer = await by_udp(stub, SERVICE, "SRV", flags=dns.flags.CD)
    assert len(answer.answer[0]) == 2


@pytest.mark.parametrize("vouches", [True, False])
async def test_vouching_is_the_ad_flag(vouches: bool) -> None:
    async with resolver(vouches=vouches) as stub:
        answer = await by_udp(stub, SERVICE, "SRV")
    assert bool(answer.flags & dns.flags.AD) is vouches


async def test_truncated_answer_is_whole_by_tcp() -> None:
    async with resolver(DnsFault(SERVICE, "truncated")) as stub:
        first = await by_udp(stub, SERVICE, "SRV")
        found = await stub.resolve(SERVICE, "SRV")
    assert first.flags & dns.flags.TC
    assert not first.answer
    assert len(found) == 2


async def test_huge_answer_has_the_records_and_65_000_bytes_of_text() -> None:
    async with resolver(DnsFault(SERVICE, "huge")) as stub:
        answer = await by_tcp(stub, SERVICE, "SRV")
    records, text = answer.answer
    assert (records.rdtype, len(records)) == (dns.rdatatype.SRV, 2)
    assert text.rdtype == dns.rdatatype.TXT
    assert len(answer.to_wire(max_size=65535)) > 65_000


async def test_crowd_fills_a_message() -> None:
    async with resolver(DnsFault(SERVICE, "crowd")) as stub:
        answer = await by_tcp(stub, SERVICE, "SRV")
    [records] = answer.answer
    assert len(records) > 2_500
    assert {record.target.to_text() for record in records} == {"sip.uc.example."}


async def test_crowd_that_is_announced_and_not_there_is_no_message() -> None:
    async with resolver(DnsFault(SERVICE, "announces-10000")) as stub:
        with pytest.raises(dns.exception.DNSException):
            await by_tcp(stub, SERVICE, "SRV")
