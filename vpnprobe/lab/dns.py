"""A DNS server over UDP and TCP on dnspython's messages, and a phone lab's zone with faults for one name."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

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
TTL = 60
_ALIAS = f"edge.{ZONE}"
# RFC 1035 section 4.2: what a message holds over TCP, and over UDP where the client says nothing else.
_MAX_MESSAGE = 65535
_PLAIN_PAYLOAD = 512

# What tells an address of the family apart that a question asks for.
_MARKS = {"A": ".", "AAAA": ":"}


class Answering(Protocol):
    """What a DNS server answers: a message, the bytes of one, or None to stay silent."""

    def answer(self, query: dns.message.Message, *, tcp: bool) -> dns.message.Message | bytes | None:
        """Answer one question."""


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
                    return without_answer(response, ZONE, dns.rcode.NXDOMAIN)
                case "no-address":
                    return without_answer(response, ZONE, dns.rcode.NOERROR)
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
                    response.answer.append(dns.rrset.from_text(question.name, TTL, "IN", "CNAME", alias.to_text()))
                    return self._with_addresses(response, question.name, alias, question.rdtype)
        if question.name not in self._addresses:
            return without_answer(response, ZONE, dns.rcode.NXDOMAIN)
        return self._with_addresses(response, question.name, question.name, question.rdtype)

    def _with_addresses(
        self, response: dns.message.Message, asked: dns.name.Name, owner: dns.name.Name, kind: dns.rdatatype.RdataType
    ) -> dns.message.Message:
        mark = _MARKS.get(dns.rdatatype.to_text(kind))
        found = [address for address in self._addresses[asked] if mark is not None and mark in address]
        if not found:
            return without_answer(response, ZONE, dns.rcode.NOERROR)
        answer = dns.rrset.from_text_list(owner, TTL, "IN", dns.rdatatype.to_text(kind), found)
        response.answer.append(answer)
        return response


@asynccontextmanager
async def dns_server(udp: socket.socket, tcp: socket.socket, zone: Answering) -> AsyncIterator[None]:
    """Answer from `zone` on both bound sockets until the body ends."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(dns.exception.DNSException):
            while True:
                length = int.from_bytes(await reader.readexactly(2), "big")
                answer = zone.answer(dns.message.from_wire(await reader.readexactly(length)), tcp=True)
                if answer is not None:
                    wire = _wire(answer, _MAX_MESSAGE)
                    writer.write(len(wire).to_bytes(2, "big") + wire)

    async with udp_server(udp, _Udp(zone)), tcp_server(tcp, serve):
        yield


class _Udp(DatagramServer):
    def __init__(self, zone: Answering) -> None:
        super().__init__()
        self._zone = zone

    def datagram_received(self, data: bytes, addr: Address) -> None:
        with contextlib.suppress(dns.exception.DNSException):
            query = dns.message.from_wire(data)
            answer = self._zone.answer(query, tcp=False)
            if answer is not None:
                self.send(_wire(answer, max(query.payload, _PLAIN_PAYLOAD)), addr)


def _wire(answer: dns.message.Message | bytes, size: int) -> bytes:
    """Return the bytes of an answer, of a message as much as fits and the mark that it is not all."""
    return answer if isinstance(answer, bytes) else answer.to_wire(max_size=size, prefer_truncation=True)


def without_answer(response: dns.message.Message, zone: str, code: dns.rcode.Rcode) -> dns.message.Message:
    """Fill in what an empty answer needs to be believed: the SOA of `zone` (RFC 2308 section 2)."""
    response.set_rcode(code)
    soa = f"ns.{zone}. hostmaster.{zone}. 1 3600 600 86400 {TTL}"
    response.authority.append(dns.rrset.from_text(f"{zone}.", TTL, "IN", "SOA", soa))
    return response
