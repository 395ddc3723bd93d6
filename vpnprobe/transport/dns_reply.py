"""What counts of a DNS message that answers a question, read in time that a hostile one cannot stretch.

dnspython's own reader of messages puts records into sets, and for 65 kB of names with a hundred labels that takes
seconds. Here only the records of the wanted type are read, by dnspython's parsers of names and record data.
"""

from __future__ import annotations

from typing import Any, Final

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.wire
import msgspec

from vpnprobe.model.errors import WireError

MAX_REASON: Final = 200
"""Characters of a server's or the parser's own words."""

_HEADER_BYTES: Final = 12
_MAX_TTL: Final = 2**31 - 1  # RFC 2181 section 8: what is larger counts as 0

_Name = dns.name.Name
_Type = dns.rdatatype.RdataType


class Records(msgspec.Struct, frozen=True):
    """The records of one name and type, as dnspython's classes for their data, in order. `ttl` is the least."""

    ttl: int
    values: tuple[Any, ...]


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer. Where the TC flag is set the records are not read, as there is a better answer to be had.

    `records` are those of the wanted type and the aliases, class IN. `authority` are the types there. `signed` says
    that there are signatures, `edns` that the server knows EDNS, `reasons` are its extended errors (RFC 8914).
    """

    rcode: dns.rcode.Rcode
    flags: int
    records: dict[tuple[_Name, _Type], Records] = {}
    authority: frozenset[_Type] = frozenset()
    signed: bool = False
    edns: bool = False
    reasons: tuple[str, ...] = ()


def read_reply(data: bytes, query: dns.message.QueryMessage) -> Reply | None:
    """Read an answer to `query`, None where it is none. Raises `WireError`, and nothing else, for any bytes."""
    if len(data) < _HEADER_BYTES or int.from_bytes(data[4:6]) > 1:
        raise WireError("no header of an answer")
    try:
        head = dns.message.from_wire(data, question_only=True)
        if not query.is_response(head):
            return None
        if head.flags & dns.flags.TC:
            return Reply(rcode=head.rcode(), flags=head.flags)
        return _with_records(data, head, query.question[0].rdtype)
    except WireError:
        raise
    except Exception as error:
        # Beside its own errors dnspython lets through what a record's parser runs into.
        raise WireError(str(error)[:MAX_REASON] or type(error).__name__) from error


def _with_records(data: bytes, head: dns.message.Message, wanted: _Type) -> Reply:
    found: dict[tuple[_Name, _Type], list[tuple[int, dns.rdata.Rdata]]] = {}
    authority: set[_Type] = set()
    signed = edns = False
    code = int(head.flags) & 0xF
    reasons: tuple[str, ...] = ()
    parser = dns.wire.Parser(data, _HEADER_BYTES)
    if head.question:
        dns.name.from_wire_parser(parser)
        parser.get_struct("!HH")
    for section in range(3):
        for _ in range(int.from_bytes(data[6 + 2 * section : 8 + 2 * section])):
            owner = dns.name.from_wire_parser(parser)
            kind, class_, ttl, length = parser.get_struct("!HHIH")
            kind = _Type.make(kind)
            signed |= kind == _Type.RRSIG
            if section == 0 and class_ == dns.rdataclass.IN and kind in (wanted, _Type.CNAME):
                value = _value(parser, kind, length)
                found.setdefault((owner, kind), []).append((ttl if ttl <= _MAX_TTL else 0, value))
                continue
            if section == 1:
                authority.add(kind)
            if section == 2 and kind == _Type.OPT:
                edns = True
                code |= ttl >> 20 & 0xFF0  # RFC 6891 section 6.1.3
                options = _value(parser, kind, length).options
                reasons = tuple(one.to_text()[:MAX_REASON] for one in options if isinstance(one, dns.edns.EDEOption))
                continue
            parser.get_bytes(length)
    if parser.remaining():
        raise WireError("bytes after the last record")
    return Reply(
        rcode=dns.rcode.Rcode.make(code),
        flags=head.flags,
        records={
            key: Records(min(ttl for ttl, _ in pairs), tuple(value for _, value in pairs))
            for key, pairs in found.items()
        },
        authority=frozenset(authority),
        signed=signed,
        edns=edns,
        reasons=reasons,
    )


def _value(parser: dns.wire.Parser, kind: _Type, length: int) -> Any:
    with parser.restrict_to(length):
        return dns.rdata.from_wire_parser(dns.rdataclass.IN, kind, parser)
