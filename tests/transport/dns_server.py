"""A DNS server on loopback, UDP and TCP on one port, whose answers are given by a function."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from vpnprobe.lab.listening import DATAGRAM, STREAM, bound_sockets, endpoint_of
from vpnprobe.model.target import Endpoint

Question = dns.message.Message
Answer = bytes | None
Respond = Callable[[Question, str], Answer]
"""From the question and "udp" or "tcp" to the bytes to send back; None for silence."""


@dataclass
class DnsServer:
    """A running server and what it was asked: (transport, name, type)."""

    endpoint: Endpoint
    asked: list[tuple[str, str, str]] = field(default_factory=list)


@asynccontextmanager
async def dns_server(respond: Respond) -> AsyncGenerator[DnsServer]:
    loop = asyncio.get_running_loop()
    server = DnsServer(Endpoint("127.0.0.1", 0))

    def answer(data: bytes, transport: str) -> Answer:
        question = dns.message.from_wire(data)
        asked = question.question[0]
        server.asked.append((transport, asked.name.to_text(), dns.rdatatype.to_text(asked.rdtype)))
        return respond(question, transport)

    class Datagrams(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # as asyncio documents it
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            if (reply := answer(data, "udp")) is not None:
                self.transport.sendto(reply, addr)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            length = int.from_bytes(await reader.readexactly(2), "big")
            reply = answer(await reader.readexactly(length), "tcp")
            if reply is not None:
                writer.write(len(reply).to_bytes(2, "big") + reply)
            await reader.read()
        finally:
            writer.close()

    # A port that is free for both: another program may hold that of the one for the other.
    tcp, udp = bound_sockets((("127.0.0.1", STREAM), ("127.0.0.1", DATAGRAM)), 0)
    streams = await asyncio.start_server(connected, sock=tcp)
    datagrams, _ = await loop.create_datagram_endpoint(Datagrams, sock=udp)
    server.endpoint = endpoint_of(udp)
    try:
        yield server
    finally:
        datagrams.close()
        streams.close()
        await streams.wait_closed()
        await asyncio.sleep(0)


def records(*lines: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR) -> Respond:
    """Answer from zone-file lines (`name ttl IN A 192.0.2.1`): the CNAME chain and the type asked for."""
    known = [
        dns.rrset.from_text(name, int(ttl), kind, rdtype, value)
        for name, ttl, kind, rdtype, value in (line.split(None, 4) for line in lines)
    ]

    def respond(question: Question, transport: str) -> Answer:
        reply = dns.message.make_response(question)
        reply.set_rcode(rcode)
        asked = question.question[0]
        name = asked.name
        for _ in known:
            alias = next((one for one in known if one.match(name, 1, dns.rdatatype.CNAME, 0)), None)
            if alias is None:
                break
            reply.answer.append(alias)
            name = alias[0].target
        reply.answer += [one for one in known if one.match(name, 1, asked.rdtype, 0)]
        return reply.to_wire()

    return respond


def silent(question: Question, transport: str) -> Answer:
    return None


def edited(respond: Respond, edit: Callable[[Question], object]) -> Respond:
    """The same answers, each edited."""

    def changed(question: Question, transport: str) -> Answer:
        wire = respond(question, transport)
        assert wire is not None
        reply = dns.message.from_wire(wire)
        edit(reply)
        return reply.to_wire(max_size=65535)

    return changed


def adding(section: str, *lines: str) -> Callable[[Question], object]:
    """Add zone-file lines to a section of an answer."""

    def edit(reply: Question) -> None:
        for line in lines:
            name, ttl, kind, rdtype, value = line.split(None, 4)
            getattr(reply, section).append(dns.rrset.from_text(name, int(ttl), kind, rdtype, value))

    return edit


def flag(value: dns.flags.Flag) -> Callable[[Question], object]:
    def edit(reply: Question) -> None:
        reply.flags |= value

    return edit


def truncated(respond: Respond) -> Respond:
    """Answer by TCP only."""

    def answer(question: Question, transport: str) -> Answer:
        if transport == "tcp":
            return respond(question, transport)
        return edited(records(), flag(dns.flags.TC))(question, transport)

    return answer
