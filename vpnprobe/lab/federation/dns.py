"""A resolver's answers for a federation lab: records as data, aliases followed, faults by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from vpnprobe.lab.dns import TTL, without_answer
from vpnprobe.lab.federation.scenario import DnsFault, Resolver
from vpnprobe.model.target import SIP_TLS_PORT

# Where an alias leads in a circle, a resolver gives up.
_MAX_ALIASES = 16

_HEADER_SIZE = 12
_ANNOUNCED = 10_000
_MAX_MESSAGE = 65535
# 65,000 bytes of text in records of 250; each is another one, for equal records are one record.
_TEXTS = [f'"{number:0250}"' for number in range(247)]


class RecordZone:
    """Answers from records; `addresses` are those of the edges, in order."""

    def __init__(self, resolver: Resolver, addresses: Sequence[str]) -> None:
        places = {f"edge{number}": where for number, where in enumerate(addresses, 1)}
        self._records: dict[dns.name.Name, dict[str, list[str]]] = {}
        for record in resolver.records:
            kinds = self._records.setdefault(dns.name.from_text(record.name), {})
            kinds.setdefault(record.kind, []).append(_absolute(record.kind, record.data, places))
        self._faults = {dns.name.from_text(fault.name): fault for fault in resolver.faults}
        self._vouches = resolver.vouches

    def answer(self, query: dns.message.Message, *, tcp: bool) -> dns.message.Message | bytes | None:
        """Return the answer, its bytes where no library would write them, or None to stay silent."""
        question = query.question[0]
        response = dns.message.make_response(query, recursion_available=True)
        fault = self._faults.get(question.name)
        if fault is None:
            return self._from_records(response, question)
        return self._faulty(fault, query, response, question, tcp=tcp)

    def _faulty(
        self,
        fault: DnsFault,
        query: dns.message.Message,
        response: dns.message.Message,
        question: dns.rrset.RRset,
        *,
        tcp: bool,
    ) -> dns.message.Message | bytes | None:
        match fault.kind:
            case "silent":
                return None
            case "nxdomain":
                return without_answer(response, _zone_of(question.name), dns.rcode.NXDOMAIN)
            case "servfail":
                response.set_rcode(dns.rcode.SERVFAIL)
            case "refused":
                response.set_rcode(dns.rcode.REFUSED)
            case "bogus":
                if query.flags & dns.flags.CD:
                    return self._from_records(response, question)
                response.set_rcode(dns.rcode.SERVFAIL)
            case "junk":
                return response.to_wire()[:_HEADER_SIZE] + b"\xff" * 40
            case _ if not tcp:
                response.flags |= dns.flags.TC
            case "truncated":
                return self._from_records(response, question)
            case "huge":
                response = self._from_records(response, question)
                response.answer.append(dns.rrset.from_text_list(question.name, TTL, "IN", "TXT", _TEXTS))
            case "crowd" | "announces-10000":
                return self._crowd(query, question, announced=_ANNOUNCED if fault.kind == "announces-10000" else None)
        return response

    def _from_records(self, response: dns.message.Message, question: dns.rrset.RRset) -> dns.message.Message:
        if self._vouches:
            response.flags |= dns.flags.AD
        name, kind = question.name, dns.rdatatype.to_text(question.rdtype)
        for _ in range(_MAX_ALIASES):
            kinds: Mapping[str, list[str]] = self._records.get(name, {})
            if kind in kinds:
                response.answer.append(dns.rrset.from_text_list(name, TTL, "IN", kind, kinds[kind]))
                return response
            if "CNAME" not in kinds:
                break
            [alias] = kinds["CNAME"]
            response.answer.append(dns.rrset.from_text(name, TTL, "IN", "CNAME", alias))
            name = dns.name.from_text(alias)
        else:
            return response
        known = any(owner.is_subdomain(name) for owner in self._records)
        return without_answer(response, _zone_of(name), dns.rcode.NOERROR if known else dns.rcode.NXDOMAIN)

    def _crowd(self, query: dns.message.Message, question: dns.rrset.RRset, *, announced: int | None) -> bytes:
        """Write SRV records to one target that differ in their priority, with pointers to save space.

        The target's name is compressed, which RFC 2782 forbids and every reader understands.
        """
        asked = (
            b"".join(bytes((len(label),)) + label for label in question.name.labels)
            + question.rdtype.to_bytes(2, "big")
            + b"\0\1"
        )
        # The record's data ends in the label `sip` and a pointer to the domain, which follows two labels.
        domain_at = _HEADER_SIZE + sum(len(label) + 1 for label in question.name.labels[:2])
        target = b"\3sip" + (0xC000 | domain_at).to_bytes(2, "big")
        fixed = b"\xc0\x0c" + b"\0\x21\0\1" + TTL.to_bytes(4, "big") + (6 + len(target)).to_bytes(2, "big")
        count = (_MAX_MESSAGE - _HEADER_SIZE - len(asked)) // (len(fixed) + 6 + len(target))
        records = b"".join(
            fixed + priority.to_bytes(2, "big") + b"\0\0" + SIP_TLS_PORT.to_bytes(2, "big") + target
            for priority in range(count)
        )
        flags = dns.flags.QR | dns.flags.RD | dns.flags.RA
        header = (query.id, flags, 1, announced or count, 0, 0)
        return b"".join(number.to_bytes(2, "big") for number in header) + asked + records


def _absolute(kind: str, data: str, places: Mapping[str, str]) -> str:
    """Return a record's data as dnspython reads it: edges by address, names with their final dot."""
    if kind in ("SRV", "CNAME"):
        head, _, name = data.rpartition(" ")
        return f"{head} {name.removesuffix('.')}.".lstrip()
    return places.get(data, data)


def _zone_of(name: dns.name.Name) -> str:
    """Return the last two labels of a name, which is where its zone begins in the lab."""
    return dns.name.Name(name.labels[-3:]).to_text().rstrip(".")
