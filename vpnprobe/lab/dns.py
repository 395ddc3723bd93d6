"""A DNS server over UDP and TCP on dnspython's messages, with faults for one name."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from vpnprobe.lab.listening import Address, DatagramServer, tcp_server, udp_server
from vpnprobe.lab.scenario import Dns

ZONE = "lab.example"
_TTL = 60
_ALIAS = f"edge.{ZONE}"

# What tells an address of the family apart that a question asks for.
_MARKS = {"A": ".", "AAAA": ":"}


class Zone:
    """The names of the lab. `fault` is about `faulty`; all others are answered as they should be."""

    def __init__(self, addresses: Mapping[str, Sequence[str]], faulty: str, fault: Dns) -> None:
        self._addresses = {dns.name.from_text(name): tuple(found) for name, found in addresses.items()}
        self._faulty = dns.name.from_text(faulty)
        self._fault = fault.answers

    def answer(self, query: dns.message.Message, *, tcp: bool) -> dns.message.Message | None:
        """Return the answer, or None to stay silent."""
        question = query.question[0]
        response = dns.message.make_response(query, recursion_available=True)
        if question.name == self._faulty:
            match self._fault:
                case "silent":
                    return None
                case "nxdomain":
                    return _without_answer(response, dns.rcode.NXDOMAIN)
                case "no-address":
                    return _without_answer(response, dns.rcode.NOERROR)
                case "servfail":
                    response.set_rcode(dns.rcode.SERVFAIL)
                    return response
                case "ipv6-servfail" if question.rdtype == dns.rdatatype.AAAA:
                    response.set_rcode(dns.rcode.SERVFAIL)
                    return response
                case "truncated" if not tcp:
                    response.flags |= dns.flags.TC
                    return response
                case "alias":
                    alias = dns.name.from_text(_ALIAS)
                    response.answer.append(dns.rrset.from_text(question.name, _TTL, "IN", "CNAME", alias.to_text()))
                    return self._with_addresses(response, question.name, alias, question.rdtype)
        if question.name not in self._addresses:
            return _without_answer(response, dns.rcode.NXDOMAIN)
        return self._with_addresses(response, question.name, question.name, question.rdtype)

    def _with_addresses(
        self, response: dns.message.Message, asked: dns.name.Name, owner: dns.name.Name, kind: dns.rdatatype.RdataType
    ) -> dns.message.Message:
        mark = _MARKS.get(dns.rdatatype.to_text(kind))
        found = [address for address in self._addresses[asked] if mark is not None and mark in address]
        if not found:
            return _without_answer(response, dns.rcode.NOERROR)
        answer = dns.rrset.from_text_list(owner, _TTL, "IN", dns.rdatatype.to_text(kind), found)
        response.answer.append(answer)
        return response


@asynccontextmanager
async def dns_server(udp: socket.socket, tcp: socket.socket, zone: Zone) -> AsyncIterator[None]:
    """Answer from `zone` on both bound sockets until the body ends."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(dns.exception.DNSException):
            while True:
                length = int.from_bytes(await reader.readexactly(2), "big")
                answer = zone.answer(dns.message.from_wire(await reader.readexactly(length)), tcp=True)
                if answer is not None:
                    wire = answer.to_wire()
                    writer.write(len(wire).to_bytes(2, "big") + wire)

    async with udp_server(udp, _Udp(zone)), tcp_server(tcp, serve):
        yield


class _Udp(DatagramServer):
    def __init__(self, zone: Zone) -> None:
        super().__init__()
        self._zone = zone

    def datagram_received(self, data: bytes, addr: Address) -> None:
        with contextlib.suppress(dns.exception.DNSException):
            answer = self._zone.answer(dns.message.from_wire(data), tcp=False)
            if answer is not None:
                self.send(answer.to_wire(), addr)


def _without_answer(response: dns.message.Message, code: dns.rcode.Rcode) -> dns.message.Message:
    """Fill in what an empty answer needs to be believed: the zone's SOA (RFC 2308 section 2)."""
    response.set_rcode(code)
    soa = f"ns.{ZONE}. hostmaster.{ZONE}. 1 3600 600 86400 {_TTL}"
    response.authority.append(dns.rrset.from_text(f"{ZONE}.", _TTL, "IN", "SOA", soa))
    return response
