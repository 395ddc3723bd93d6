"""SRV and address records at one view: every way for them to be there or to be missing is told apart."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from tests.transport.conftest import Machine
from tests.transport.dns_server import (
    Answer,
    Question,
    Respond,
    adding,
    dns_server,
    edited,
    flag,
    records,
    silent,
    truncated,
)
from vpnprobe.lab.listening import Address, DatagramServer
from vpnprobe.model.errors import UsageError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.federation import AUTHORITATIVE_VIEW, FEDERATION_SERVICE, AddressLookup, SrvLookup, SrvRecord
from vpnprobe.model.target import Endpoint
from vpnprobe.transport.inquiry import MAX_ALIASES
from vpnprobe.transport.records import (
    MAX_CLIMB,
    MAX_NAME_SERVERS,
    MAX_RECORDS,
    RecordResolver,
    authoritative_servers,
)

DOMAIN = "example.com"
NAME = f"{FEDERATION_SERVICE}.{DOMAIN}"
SRV = f"{NAME}. 300 IN SRV 0 0 5061 sip.example.com."
SIP = SrvRecord(0, 0, 5061, "sip.example.com")
HOST = "sip.example.com"
V4 = f"{HOST}. 300 IN A 192.0.2.7"
V6 = f"{HOST}. 60 IN AAAA 2001:db8::7"


async def srv(respond: Respond, timeout: float = 2.0, view: str = "here") -> SrvLookup:
    async with dns_server(respond) as server:
        return await RecordResolver(view, [server.endpoint], timeout=timeout).srv(FEDERATION_SERVICE, DOMAIN)


async def addresses(
    respond: Respond, timeout: float = 2.0, families: frozenset[int] = frozenset((4, 6))
) -> AddressLookup:
    async with dns_server(respond) as server:
        return await RecordResolver("here", [server.endpoint], timeout=timeout).addresses(HOST, families)


SOA = "example.com. 60 IN SOA ns.example.com. root.example.com. 1 2 3 4 5"
SIGNATURE = f"{NAME}. 300 IN RRSIG SRV 8 4 300 20300101000000 20200101000000 1 example.com. AAAA"


async def test_the_records_of_a_domain() -> None:
    async with dns_server(records(SRV)) as server:
        found = await RecordResolver("here", [server.endpoint], timeout=2).srv(FEDERATION_SERVICE, DOMAIN)
        assert server.asked == [("udp", f"{NAME}.", "SRV")]
    assert (found.name, found.view, found.records) == (NAME, "here", (SIP,))
    assert (found.ttl, found.aliases, found.left_out, found.failure) == (300, (), 0, None)
    assert found.servers == (str(server.endpoint),)
    assert found.duration_s > 0


async def test_records_are_in_the_order_in_which_they_are_tried() -> None:
    values = ["10 1 5061 a.test.", "0 1 5061 c.test.", "0 5 5061 d.test.", "0 1 5061 b.test.", "0 1 443 b.test."]
    found = await srv(edited(records(), adding("answer", *(f"{NAME}. 5 IN SRV {value}" for value in values))))
    assert [(one.priority, one.weight, one.port, one.target) for one in found.records] == [
        (0, 5, 5061, "d.test"),
        (0, 1, 443, "b.test"),
        (0, 1, 5061, "b.test"),
        (0, 1, 5061, "c.test"),
        (10, 1, 5061, "a.test"),
    ]


@pytest.mark.parametrize(
    ("target", "text"),
    [
        pytest.param(b"\0", ".", id="the root"),
        pytest.param(b"\3SIP\7Example\3COM\0", "sip.example.com", id="lower case"),
        pytest.param(b"\4s\xffp\x00\1.\0", r"s\255p\000.\.", id="bytes and dots within labels"),
        pytest.param(b"\6\x1b[31m\n\4test\0", r"\027[31m\010.test", id="control characters"),
        pytest.param("\6bücher"[:1].encode() + b"\xc3\xbcs\xc3\xa9e\0", r"\195\188s\195\169e", id="UTF-8"),
        pytest.param(b"\1a" * 126 + b"\0", ".".join("a" * 126), id="as many labels as fit"),
    ],
)
async def test_the_target_as_text(target: bytes, text: str) -> None:
    def answer(question: Question, transport: str) -> Answer:
        data = b"\0\0\0\0\x13\xc5" + target
        head = edited(records(), flag(dns.flags.AA))(question, transport)
        assert head is not None
        question_end = 12 + len(question.question[0].name.to_digestable()) + 4
        line = b"\xc0\x0c\0\x21\0\1\0\0\0\5" + len(data).to_bytes(2) + data
        return head[:6] + b"\0\1" + head[8:question_end] + line + head[question_end:]

    found = await srv(answer)
    assert found.failure is None
    [record] = found.records
    assert record.target == text
    assert record.target.isprintable()


@pytest.mark.parametrize(
    ("respond", "kind", "detail"),
    [
        pytest.param(records(rcode=dns.rcode.NXDOMAIN), FailureKind.NAME_NOT_FOUND, "NXDOMAIN", id="NXDOMAIN"),
        pytest.param(records(), FailureKind.NO_RECORD, "no SRV record", id="no record"),
        pytest.param(records(f"{NAME}. 5 IN TXT text"), FailureKind.NO_RECORD, "no SRV record", id="another record"),
        pytest.param(records(rcode=dns.rcode.SERVFAIL), FailureKind.SERVFAIL, "SERVFAIL from 127.", id="SERVFAIL"),
        pytest.param(records(rcode=dns.rcode.REFUSED), FailureKind.SERVFAIL, "REFUSED from 127.", id="REFUSED"),
        pytest.param(records(rcode=dns.rcode.NOTIMP), FailureKind.SERVFAIL, "NOTIMP from 127.", id="NOTIMP"),
        pytest.param(
            edited(records(), adding("authority", "test. 9 IN NS ns.test.")),
            FailureKind.SERVFAIL,
            "refers to others",
            id="referral",
        ),
        pytest.param(silent, FailureKind.DNS_TIMEOUT, "no answer from 127.", id="silence"),
        pytest.param(lambda question, transport: b"", FailureKind.DNS_TIMEOUT, "no answer", id="empty datagram"),
        pytest.param(lambda question, transport: b"garbage", FailureKind.DNS_TIMEOUT, "no answer", id="garbage"),
        pytest.param(
            lambda question, transport: question.to_wire()[:2] + b"\x80garbage",
            FailureKind.MALFORMED,
            "unusable answer from 127.",
            id="garbage with the right id",
        ),
        pytest.param(
            truncated(lambda question, transport: b"garbage"),
            FailureKind.MALFORMED,
            "the answer needs TCP: unusable answer from 127.",
            id="garbage by TCP",
        ),
        pytest.param(
            truncated(lambda question, transport: b""),
            FailureKind.MALFORMED,
            "the answer needs TCP: unusable answer",
            id="nothing by TCP",
        ),
        pytest.param(truncated(silent), FailureKind.DNS_TIMEOUT, "the answer needs TCP: no answer", id="TCP silent"),
        pytest.param(
            lambda question, transport: truncated(truncated(records()))(question, "udp"),
            FailureKind.TOO_MUCH,
            "more than a DNS message holds",
            id="cut short by TCP too",
        ),
        pytest.param(
            records(SRV, rcode=dns.rcode.NXDOMAIN), FailureKind.MALFORMED, "beside records", id="NXDOMAIN and records"
        ),
    ],
)
async def test_a_domain_without_records(respond: Respond, kind: FailureKind, detail: str) -> None:
    found = await srv(respond, timeout=0.4)
    assert found.failure is not None
    assert (found.failure.kind, found.records, found.ttl) == (kind, (), None)
    assert detail in found.failure.detail


async def test_a_server_says_why_it_fails() -> None:
    def explain(reply: Question) -> None:
        code = reply.rcode()
        reply.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.DNSSEC_BOGUS, "no valid signature")])
        reply.set_rcode(code)

    found = await srv(edited(records(rcode=dns.rcode.SERVFAIL), explain))
    assert found.failure is not None
    assert "no valid signature" in found.failure.detail


@pytest.mark.parametrize(
    "domain",
    ["a..b", "x" * 64 + ".com", "a." * 120 + "com", "xn--\udcff.example"],
    ids=["dots", "label", "name", "text"],
)
async def test_what_cannot_be_asked_for_is_our_own_failure(domain: str) -> None:
    found = await RecordResolver("here", [Endpoint("127.0.0.1", 9)], timeout=1).srv(FEDERATION_SERVICE, domain)
    assert found.failure is not None
    assert found.failure.kind is FailureKind.LOCAL


def _validates(question: Question, transport: str) -> Answer:
    """As a resolver that finds the zone's signatures wrong."""
    code = dns.rcode.NOERROR if question.flags & dns.flags.CD else dns.rcode.SERVFAIL
    return records(SRV, rcode=code)(question, transport)


def _without_edns(question: Question, transport: str) -> Answer:
    if question.edns < 0:
        return records(SRV)(question, transport)
    reply = dns.message.make_response(question)
    reply.use_edns(False)
    reply.set_rcode(dns.rcode.FORMERR)
    return reply.to_wire()


@pytest.mark.parametrize(
    ("respond", "dnssec", "failed"),
    [
        pytest.param(records(SRV), "unsigned", False, id="unsigned"),
        pytest.param(edited(records(SRV), adding("answer", SIGNATURE)), "signed", False, id="signed"),
        pytest.param(
            edited(edited(records(SRV), adding("answer", SIGNATURE)), flag(dns.flags.AD)),
            "validated",
            False,
            id="validated",
        ),
        pytest.param(edited(records(SRV), lambda reply: reply.use_edns(False)), "unknown", False, id="EDNS left out"),
        pytest.param(_without_edns, "unknown", False, id="EDNS refused"),
        pytest.param(_validates, "bogus", True, id="bogus"),
        pytest.param(records(rcode=dns.rcode.SERVFAIL), "unknown", True, id="fails without checking too"),
        pytest.param(
            edited(edited(records(rcode=dns.rcode.NXDOMAIN), adding("authority", SOA)), flag(dns.flags.AD)),
            "validated",
            True,
            id="validated that there is none",
        ),
    ],
)
async def test_what_is_known_of_signatures(respond: Respond, dnssec: str, failed: bool) -> None:
    found = await srv(respond)
    assert (found.dnssec, found.failure is not None) == (dnssec, failed)
    assert not failed or found.failure is None or found.failure.kind is not FailureKind.MALFORMED


async def test_a_chain_is_worth_its_weakest_link() -> None:
    def respond(question: Question, transport: str) -> Answer:
        reply = _link_by_link(*chain(1))
        alias = question.question[0].name.to_text() == f"{NAME}."
        return (reply if alias else edited(reply, flag(dns.flags.AD)))(question, transport)

    found = await srv(respond)
    assert (found.records, found.dnssec) == ((SIP,), "unsigned")


async def test_a_bogus_answer_stays_a_failure() -> None:
    found = await srv(_validates)
    assert found.failure is not None
    assert (found.failure.kind, found.records) == (FailureKind.SERVFAIL, ())


async def test_signatures_are_wanted_and_recursion_is() -> None:
    seen: list[Question] = []

    def note(question: Question, transport: str) -> Answer:
        seen.append(question)
        return records(SRV)(question, transport)

    await srv(note)
    await srv(note, view=AUTHORITATIVE_VIEW)
    assert all(one.ednsflags & dns.flags.DO for one in seen)
    assert [bool(one.flags & dns.flags.RD) for one in seen] == [True, False]
    assert seen[0].id != seen[1].id


def chain(links: int) -> list[str]:
    """A name that is so many aliases away from its record."""
    names = [f"{NAME}.", *(f"a{number}.test." for number in range(links))]
    return [
        *(f"{name} 30 IN CNAME {target}" for name, target in itertools.pairwise(names)),
        f"{names[-1]} 300 IN SRV 0 0 5061 {HOST}.",
    ]


@pytest.mark.parametrize("links", [1, MAX_ALIASES])
async def test_aliases_within_the_answer(links: int) -> None:
    async with dns_server(records(*chain(links))) as server:
        found = await RecordResolver("here", [server.endpoint], timeout=2).srv(FEDERATION_SERVICE, DOMAIN)
        assert len(server.asked) == 1
    assert (found.records, found.ttl, found.failure) == ((SIP,), 30, None)
    assert found.aliases == tuple(f"a{number}.test" for number in range(links))


def _link_by_link(*lines: str) -> Respond:
    """As a server that answers with one alias at a time."""

    def respond(question: Question, transport: str) -> Answer:
        own = [line for line in lines if line.split()[0] == question.question[0].name.to_text()]
        return records(*own)(question, transport)

    return respond


@pytest.mark.parametrize("links", [1, MAX_ALIASES])
async def test_an_alias_at_the_end_is_asked_for(links: int) -> None:
    found = await srv(_link_by_link(*chain(links)))
    assert (found.records, found.ttl, len(found.aliases)) == ((SIP,), 30, links)


@pytest.mark.parametrize("respond", [records, _link_by_link], ids=["in one answer", "link by link"])
@pytest.mark.parametrize(
    ("lines", "kind", "detail"),
    [
        pytest.param(chain(MAX_ALIASES + 1), FailureKind.TOO_MUCH, "more than 8 aliases", id="too many"),
        pytest.param(
            [f"{NAME}. 1 IN CNAME a.test.", f"a.test. 1 IN CNAME {NAME}."],
            FailureKind.SERVFAIL,
            "alias loop",
            id="loop",
        ),
        pytest.param([f"{NAME}. 1 IN CNAME {NAME}."], FailureKind.SERVFAIL, "alias loop", id="loop of one"),
        pytest.param(
            [f"{NAME}. 1 IN CNAME a.test.", "a.test. 1 IN CNAME b.test.", "b.test. 1 IN CNAME A.test."],
            FailureKind.SERVFAIL,
            "alias loop at a.test",
            id="loop that is run into",
        ),
        pytest.param(
            [f"{NAME}. 1 IN CNAME a.test."], FailureKind.NO_RECORD, "no SRV record for a.test", id="leads to nothing"
        ),
    ],
)
async def test_aliases_that_lead_nowhere(
    respond: Callable[..., Respond], lines: list[str], kind: FailureKind, detail: str
) -> None:
    found = await srv(respond(*lines))
    assert found.failure is not None
    assert (found.failure.kind, found.records) == (kind, ())
    assert detail in found.failure.detail
    assert len(found.aliases) <= MAX_ALIASES


async def test_an_answer_that_says_it_is_complete_is_not_asked_on() -> None:
    respond = edited(records(f"{NAME}. 1 IN CNAME a.test."), adding("authority", SOA))
    async with dns_server(respond) as server:
        found = await RecordResolver("here", [server.endpoint], timeout=2).srv(FEDERATION_SERVICE, DOMAIN)
        assert len(server.asked) == 1
    assert found.failure is not None
    assert found.failure.kind is FailureKind.NO_RECORD
    assert found.aliases == ("a.test",)


async def test_the_name_that_does_not_exist_is_the_last_one() -> None:
    found = await srv(records(f"{NAME}. 1 IN CNAME a.test.", rcode=dns.rcode.NXDOMAIN))
    assert found.failure == Failure(kind=FailureKind.NAME_NOT_FOUND, detail="NXDOMAIN for a.test")


async def test_more_records_than_anybody_publishes_are_counted() -> None:
    count = 3000

    def many(reply: Question) -> None:
        values = [f"{one} 0 5061 ." for one in reversed(range(count))]
        reply.answer.append(dns.rrset.from_text_list(NAME + ".", 5, "IN", "SRV", values))

    found = await srv(truncated(edited(records(), many)), timeout=10)
    assert [one.priority for one in found.records] == list(range(MAX_RECORDS))
    assert found.left_out == count - MAX_RECORDS


async def test_a_record_beside_65000_bytes_of_others() -> None:
    text = " ".join(['"' + "x" * 250 + '"'] * 240)
    respond = truncated(edited(records(SRV), adding("answer", f"{NAME}. 5 IN TXT {text}")))
    assert (await srv(respond, timeout=10)).records == (SIP,)


async def test_the_addresses_of_a_host() -> None:
    found = await addresses(records(V4, V6))
    assert (found.name, found.view, found.addresses) == (HOST, "here", ("192.0.2.7", "2001:db8::7"))
    assert (found.ttl, found.dnssec, found.failure, found.partial) == (60, "unsigned", None, None)
    assert len(found.servers) == 1


async def test_an_alias_to_addresses() -> None:
    found = await addresses(records(f"{HOST}. 30 IN CNAME Edge.test.", "edge.test. 300 IN A 192.0.2.9"))
    assert (found.addresses, found.aliases, found.ttl) == (("192.0.2.9",), ("edge.test",), 30)


def by_type(**given: Respond) -> Respond:
    def respond(question: Question, transport: str) -> Answer:
        return given[dns.rdatatype.to_text(question.question[0].rdtype)](question, transport)

    return respond


@pytest.mark.parametrize(
    ("respond", "failure", "partial"),
    [
        pytest.param(records(), FailureKind.NO_ADDRESS, None, id="no address"),
        pytest.param(records(rcode=dns.rcode.NXDOMAIN), FailureKind.NAME_NOT_FOUND, None, id="NXDOMAIN"),
        pytest.param(
            by_type(A=records(), AAAA=records(rcode=dns.rcode.SERVFAIL)), FailureKind.SERVFAIL, None, id="AAAA fails"
        ),
        pytest.param(by_type(A=records(V4), AAAA=records()), None, None, id="A alone"),
        pytest.param(
            by_type(A=records(V4), AAAA=records(rcode=dns.rcode.SERVFAIL)),
            None,
            FailureKind.SERVFAIL,
            id="A, AAAA fails",
        ),
        pytest.param(by_type(A=records(V4), AAAA=silent), None, FailureKind.DNS_TIMEOUT, id="A, AAAA silent"),
    ],
)
async def test_a_host_without_some_address(
    respond: Respond, failure: FailureKind | None, partial: FailureKind | None
) -> None:
    found = await addresses(respond, timeout=0.4)
    assert (found.failure and found.failure.kind, found.partial and found.partial.kind) == (failure, partial)
    assert bool(found.addresses) == (failure is None)


async def test_more_addresses_than_anybody_has_are_counted_and_both_families_are_kept() -> None:
    respond = edited(
        records(),
        lambda reply: reply.answer.append(
            dns.rrset.from_text_list(
                HOST + ".",
                5,
                "IN",
                reply.question[0].rdtype,
                [f"10.0.{one // 250}.{one % 250}" for one in range(500)]
                if reply.question[0].rdtype == dns.rdatatype.A
                else [f"2001:db8::{one:x}" for one in range(500)],
            )
        ),
    )
    found = await addresses(truncated(respond), timeout=10)
    assert (len(found.addresses), found.left_out) == (MAX_RECORDS, 1000 - MAX_RECORDS)
    assert {":" in one for one in found.addresses} == {True, False}
    one_family = await addresses(truncated(respond), timeout=10, families=frozenset((4,)))
    assert (len(one_family.addresses), one_family.left_out) == (MAX_RECORDS, 500 - MAX_RECORDS)


@pytest.mark.parametrize(
    ("literal", "families", "found"),
    [("192.0.2.7", {4, 6}, True), ("2001:db8::7", {6}, True), ("192.0.2.7", {6}, False)],
)
async def test_an_address_is_not_looked_up(literal: str, families: set[int], found: bool) -> None:
    lookup = await RecordResolver("here", timeout=1).addresses(literal, frozenset(families))
    assert lookup.addresses == ((literal,) if found else ())
    assert (lookup.failure is None) == found
    assert lookup.servers == ()


async def test_this_machines_servers_without_its_search_list(machine: Machine) -> None:
    async with dns_server(records("sip.corp.example.com. 9 IN A 192.0.2.7", "localhost. 9 IN A 192.0.2.8")) as server:
        machine(server.endpoint)
        resolver = RecordResolver("system", timeout=2)
        bare = await resolver.addresses("sip", frozenset((4,)))
        assert server.asked == [("udp", "sip.", "A")]
        # It is in every hosts file.
        local = await resolver.addresses("localhost", frozenset((4,)))
    assert bare.failure is not None
    assert bare.servers == (str(server.endpoint),)
    assert local.addresses == ("192.0.2.8",)


async def test_a_machine_without_configuration(machine: Machine) -> None:
    machine(None)
    found = await RecordResolver("system", timeout=1).srv(FEDERATION_SERVICE, DOMAIN)
    assert found.failure is not None
    assert (found.failure.kind, found.servers) == (FailureKind.LOCAL, ())


def test_a_server_by_name_is_refused_with_advice() -> None:
    with pytest.raises(UsageError, match="by its IP address"):
        RecordResolver("here", [Endpoint("ns1.example.com", 53)], timeout=1)


def test_the_dns_library_is_loaded_only_to_ask() -> None:
    code = (
        "import asyncio, sys\n"
        "from vpnprobe.transport.records import RecordResolver\n"
        "asyncio.run(RecordResolver('here', timeout=1).addresses('192.0.2.7', frozenset((4,))))\n"
        "sys.exit('dns' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


NAME_SERVERS = [
    "example.com. 60 IN NS NS2.example.com.",
    "example.com. 60 IN NS ns1.example.com.",
    "ns1.example.com. 60 IN A 127.0.0.1",
    "ns1.example.com. 60 IN AAAA ::1",
    "ns2.example.com. 60 IN A 127.0.0.2",
]


def zone(*lines: str) -> Respond:
    """Answer from lines, all lines of one name and type together."""

    def respond(question: Question, transport: str) -> Answer:
        [asked] = question.question
        own = [
            line
            for line in lines
            if dns.name.from_text(line.split()[0]) == asked.name
            and line.split()[3] in ("CNAME", dns.rdatatype.to_text(asked.rdtype))
        ]
        return edited(records(), adding("answer", *own))(question, transport)

    return respond


async def servers_of(
    domain: str, *lines: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR
) -> tuple[Endpoint, ...] | Failure:
    async with dns_server(zone(*lines) if not rcode else records(rcode=rcode)) as server:
        resolver = RecordResolver("here", [server.endpoint], timeout=2)
        return await authoritative_servers(domain, resolver, port=5300)


@pytest.mark.parametrize("domain", [DOMAIN, "example.com.", "sub.example.com", "a.b.c.example.com"])
async def test_the_servers_of_a_zone(domain: str) -> None:
    assert await servers_of(domain, *NAME_SERVERS) == (
        Endpoint("127.0.0.1", 5300),
        Endpoint("127.0.0.2", 5300),
        Endpoint("::1", 5300),
    )


async def test_the_climb_to_a_zone_ends() -> None:
    deep = "a." * 120 + "test"
    async with dns_server(records(rcode=dns.rcode.NXDOMAIN)) as server:
        found = await authoritative_servers(deep, RecordResolver("here", [server.endpoint], timeout=2), port=5300)
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.NO_RECORD
    assert len(server.asked) == MAX_CLIMB


async def test_no_more_servers_than_needed() -> None:
    lines = [f"example.com. 60 IN NS ns{one}.test." for one in range(9)]
    found = await servers_of(DOMAIN, *lines, *(f"ns{one}.test. 60 IN A 127.0.0.{one + 1}" for one in range(9)))
    assert found == tuple(Endpoint(f"127.0.0.{one + 1}", 5300) for one in range(MAX_NAME_SERVERS))


async def test_the_servers_behind_an_alias_are_another_zones() -> None:
    lines = ["www.example.com. 60 IN CNAME other.test.", "other.test. 60 IN NS ns.other.test."]
    found = await servers_of("www.example.com", *lines, *NAME_SERVERS)
    assert isinstance(found, tuple)
    assert Endpoint("127.0.0.2", 5300) in found


@pytest.mark.parametrize(
    ("domain", "lines", "rcode", "kind"),
    [
        pytest.param("a.test", ["test. 60 IN NS ns.test."], 0, FailureKind.NO_RECORD, id="of the top level only"),
        pytest.param("a.b.test", [], dns.rcode.NXDOMAIN, FailureKind.NO_RECORD, id="nowhere"),
        pytest.param(DOMAIN, [], dns.rcode.SERVFAIL, FailureKind.SERVFAIL, id="SERVFAIL"),
        pytest.param(DOMAIN, NAME_SERVERS[:1], 0, FailureKind.NO_ADDRESS, id="without address"),
        pytest.param("x" * 64, [], 0, FailureKind.LOCAL, id="no name"),
    ],
)
async def test_servers_that_are_not_found(
    domain: str, lines: list[str], rcode: dns.rcode.Rcode, kind: FailureKind
) -> None:
    found = await servers_of(domain, *lines, rcode=dns.rcode.Rcode(rcode))
    assert isinstance(found, Failure)
    assert found.kind is kind


async def test_a_refusal_says_less_than_a_failure_of_another_server() -> None:
    async with (
        dns_server(records(rcode=dns.rcode.REFUSED)) as closed,
        dns_server(records(rcode=dns.rcode.SERVFAIL)) as broken,
    ):
        found = await RecordResolver("here", [closed.endpoint, broken.endpoint], timeout=2).srv(
            FEDERATION_SERVICE, DOMAIN
        )
        only = await RecordResolver("here", [closed.endpoint], timeout=2).srv(FEDERATION_SERVICE, DOMAIN)
    assert found.failure is not None
    assert only.failure is not None
    assert (found.failure.is_dns_refusal, only.failure.is_dns_refusal) == (False, True)


async def test_names_that_a_zones_servers_do_not_hold_are_asked_where_they_are() -> None:
    """The zone's own server refuses, the finder knows who holds the target, and only he is believed."""
    async with dns_server(records(rcode=dns.rcode.REFUSED)) as own:
        # One port for both, as it is with port 53.
        holder_says = zone("sip.other.test. 60 IN A 192.0.2.9")

        class Holder(DatagramServer):
            def datagram_received(self, data: bytes, addr: Address) -> None:
                reply = holder_says(dns.message.from_wire(data), "udp")
                assert reply is not None
                self.send(reply, addr)

        finder_says = zone("other.test. 60 IN NS ns.other.test.", "ns.other.test. 60 IN A 127.0.0.2")
        async with dns_server(finder_says) as finding, _at(Holder(), "127.0.0.2", own.endpoint.port):
            finder = RecordResolver("here", [finding.endpoint], timeout=2)
            resolver = RecordResolver(AUTHORITATIVE_VIEW, [own.endpoint], timeout=2, finder=finder)
            found = await resolver.addresses("sip.other.test", frozenset((4,)))
            alone = RecordResolver(AUTHORITATIVE_VIEW, [own.endpoint], timeout=2)
            refused = await alone.addresses("sip.other.test", frozenset((4,)))
            nobody = await resolver.addresses("sip.nowhere.test", frozenset((4,)))
    assert found.addresses == ("192.0.2.9",)
    assert found.servers == (str(own.endpoint), f"127.0.0.2:{own.endpoint.port}")
    for lookup in (refused, nobody):
        assert lookup.failure == Failure(kind=FailureKind.SERVFAIL, code=5, detail=f"REFUSED from {own.endpoint}")


@asynccontextmanager
async def _at(protocol: DatagramServer, host: str, port: int) -> AsyncIterator[None]:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: protocol, local_addr=(host, port))
    try:
        yield
    finally:
        transport.close()
        await asyncio.sleep(0)
