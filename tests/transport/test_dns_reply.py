"""DNS answers are read to what counts of them, hostile ones too, and promptly."""

from __future__ import annotations

import contextlib
import struct

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnprobe.model.errors import WireError
from vpnprobe.transport.dns_reply import Reply, read_reply

NAME = dns.name.from_text("_sipfederationtls._tcp.example.com.")
SRV = dns.rdatatype.SRV
CNAME = dns.rdatatype.CNAME
QUERY = dns.message.make_query(NAME, SRV, want_dnssec=True, id=0x1234)

HEAD = struct.Struct("!6H")
# The name that was asked for, by a pointer into the question.
OWNER = b"\xc0\x0c"


def message(**sections: list[str]) -> dns.message.Message:
    reply = dns.message.make_response(QUERY)
    for section, lines in sections.items():
        for line in lines:
            name, ttl, kind, value = line.split(None, 3)
            getattr(reply, section).append(dns.rrset.from_text(name, int(ttl), "IN", kind, value))
    return reply


def raw(records: bytes, count: int, flags: int = 0x8400) -> bytes:
    """An answer with one question and these records."""
    return HEAD.pack(0x1234, flags, 1, count, 0, 0) + NAME.to_digestable() + struct.pack("!HH", SRV, 1) + records


def record(owner: bytes, kind: int, data: bytes, class_: int = 1, ttl: int = 60) -> bytes:
    return owner + struct.pack("!HHIH", kind, class_, ttl, len(data)) + data


def srv(number: int, target: bytes) -> bytes:
    return struct.pack("!HHH", number >> 8, number & 0xFF, 5061) + target


def whole(data: bytes) -> Reply:
    reply = read_reply(data, QUERY)
    assert reply is not None
    return reply


def test_records_and_aliases_are_read_by_owner() -> None:
    reply = whole(
        message(
            answer=[
                f"{NAME} 30 CNAME Edge.Example.NET.",
                "edge.example.net. 20 SRV 1 2 5061 SIP.example.net.",
                "edge.example.net. 20 TXT beside",
            ],
            authority=["example.net. 60 NS ns.example.net."],
        ).to_wire()
    )
    assert (reply.rcode, reply.signed, reply.edns, reply.reasons) == (dns.rcode.NOERROR, False, True, ())
    assert reply.authority == {dns.rdatatype.NS}
    alias = dns.name.from_text("edge.example.net.")
    assert set(reply.records) == {(NAME, CNAME), (alias, SRV)}
    [found] = reply.records[alias, SRV].values
    assert (found.priority, found.weight, found.port, found.target.to_text()) == (1, 2, 5061, "SIP.example.net.")
    assert reply.records[NAME, CNAME].ttl == 30


def test_records_of_one_name_need_not_stand_together() -> None:
    other = record(b"\0", dns.rdatatype.A, b"\x7f\0\0\1")
    first, second = record(OWNER, SRV, srv(1, b"\0"), ttl=9), record(OWNER, SRV, srv(2, b"\0"), ttl=5)
    [found] = whole(raw(first + other + second, 3)).records.values()
    assert (found.ttl, len(found.values)) == (5, 2)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(record(OWNER, SRV, srv(1, b"\0"), class_=3), id="class CHAOS"),
        pytest.param(record(OWNER, dns.rdatatype.TXT, b"\4text"), id="another type"),
    ],
)
def test_what_was_not_asked_for_is_passed_over(line: bytes) -> None:
    assert whole(raw(line, 1)).records == {}


def test_a_time_to_live_with_its_top_bit_set_is_none() -> None:
    [found] = whole(raw(record(OWNER, SRV, srv(1, b"\0"), ttl=2**31), 1)).records.values()
    assert found.ttl == 0


def test_signatures_are_seen_wherever_they_are() -> None:
    signature = record(OWNER, dns.rdatatype.RRSIG, bytes(40))
    assert whole(raw(signature, 1)).signed
    assert whole(HEAD.pack(0x1234, 0x8400, 1, 0, 1, 0) + raw(signature, 1)[12:]).signed


def test_the_upper_bits_of_the_code_and_the_reasons_are_in_the_options() -> None:
    reply = dns.message.make_response(QUERY)
    reply.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.DNSSEC_BOGUS, "no key")])
    reply.set_rcode(dns.rcode.BADVERS)
    read = whole(reply.to_wire())
    assert read.rcode == dns.rcode.BADVERS
    assert len(read.reasons) == 1
    assert "no key" in read.reasons[0]


def test_a_server_without_edns_is_told_apart() -> None:
    assert not whole(raw(b"", 0)).edns


@pytest.mark.parametrize("rest", [b"", b"\xc0", bytes(7)], ids=["clean", "in a name", "in a record"])
def test_an_answer_that_is_cut_short_is_known_by_its_flag(rest: bytes) -> None:
    reply = whole(raw(rest, 9, flags=0x8600))
    assert reply.flags & dns.flags.TC
    assert reply.records == {}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(QUERY.to_wire(), id="a question"),
        pytest.param(b"\x12\x35" + raw(b"", 0)[2:], id="another id"),
        pytest.param(raw(b"", 0).replace(b"\7example", b"\7examplf"), id="another name"),
        pytest.param(raw(b"", 0)[:-4] + struct.pack("!HH", 1, 1), id="another type"),
        pytest.param(raw(b"", 0, flags=0xA400), id="a notice"),
        pytest.param(HEAD.pack(0x1234, 0x8400, 0, 0, 0, 0), id="no question"),
    ],
)
def test_what_is_no_answer_to_the_question(data: bytes) -> None:
    assert read_reply(data, QUERY) is None


def test_an_error_may_come_without_the_question() -> None:
    assert whole(HEAD.pack(0x1234, 0x8401, 0, 0, 0, 0)).rcode == dns.rcode.FORMERR


GOOD = raw(record(OWNER, SRV, srv(1, b"\3sip\xc0" + bytes([12 + 1 + 17 + 1 + 4]))), 1)


@pytest.mark.parametrize("end", range(len(GOOD)))
def test_every_cut_is_an_error(end: int) -> None:
    with pytest.raises(WireError):
        read_reply(GOOD[:end], QUERY)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(GOOD + b"\0", "after the last record", id="trailing byte"),
        pytest.param(raw(record(OWNER, SRV, b"\0"), 1), "malformed", id="short record"),
        pytest.param(raw(record(OWNER, SRV, srv(1, b"\0\0")), 1), "malformed", id="long record"),
        pytest.param(raw(record(b"\xc0\xff", SRV, srv(1, b"\0")), 1), "pointer", id="pointer to what follows"),
        pytest.param(raw(record(b"\x80", SRV, srv(1, b"\0")), 1), "label", id="unknown label type"),
        pytest.param(raw(record(b"\x3f" + bytes(63), 16, b"") * 5, 5), ".", id="owner that never ends"),
        pytest.param(raw(b"", 10_000), "malformed", id="10,000 records announced"),
        pytest.param(HEAD.pack(0x1234, 0x8400, 65535, 0, 0, 0) + b"\0\0\1\0\1" * 13_000, "header", id="many questions"),
    ],
)
def test_what_cannot_be_read(data: bytes, reason: str) -> None:
    with pytest.raises(WireError, match=reason):
        read_reply(data, QUERY)


def test_as_many_records_as_a_message_holds() -> None:
    count = 3400
    data = raw(b"".join(record(OWNER, SRV, srv(one, b"\0")) for one in range(count)), count)
    assert 64_000 < len(data) < 65_536
    [found] = whole(data).records.values()
    assert len(found.values) == count


def test_a_full_message_of_the_longest_names() -> None:
    """Sets of such records would take dnspython ten seconds."""
    first = record(b"\1a" * 126 + b"\0", 16, b"\1a")
    deep = struct.pack("!H", 0xC000 | len(raw(b"", 0)))
    rest = b"".join(record(deep, SRV, srv(one, deep)) for one in range(3234))
    data = raw(first + rest, 3235)
    assert 64_000 < len(data) < 65_536
    [found] = whole(data).records.values()
    assert len(found.values) == 3234


def _with_header(counts: bytes, rest: bytes) -> bytes:
    """Any counts and any bytes behind a header and question that fit."""
    head = raw(b"", 0)
    return head[:6] + counts + head[12:] + rest


def _changed(changes: dict[int, int]) -> bytes:
    """An answer with some bytes changed."""
    answer = message(answer=[f"{NAME} 1 CNAME a.b.", "a.b. 1 SRV 1 2 3 c."], authority=["b. 1 NS c."]).to_wire()
    return bytes(changes.get(at, byte) for at, byte in enumerate(answer))


ANSWERS = st.one_of(
    st.binary(max_size=300),
    st.builds(_with_header, st.binary(min_size=6, max_size=6), st.binary(max_size=300)),
    st.builds(_changed, st.dictionaries(st.integers(2, 120), st.integers(0, 255), max_size=6)),
)


@given(ANSWERS)
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with contextlib.suppress(WireError):
        reply = read_reply(data, QUERY)
        assert reply is None or reply.flags & dns.flags.QR
