"""One question to one DNS server and its answer, on dnspython's messages. Import it only when there is one to ask.

A question goes by UDP, and by TCP where the answer is cut short. The socket is connected, so that the kernel drops
what strangers send; what has a wrong id or answers another question is dropped here.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import msgspec

from vpnprobe.model.errors import TransportError, WireError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.target import Endpoint
from vpnprobe.transport.addresses import socket_address
from vpnprobe.transport.dns_reply import Reply, read_reply
from vpnprobe.transport.tcp import failure_from, open_tcp

Turn = Callable[[Endpoint], AbstractAsyncContextManager[None]]
"""Entered around every exchange with a server; what it waits is not part of the time limit."""

_UDP_PAYLOAD: Final = 1232  # what needs no fragments on any path (dnsflagday.net/2020)
_MAX_DATAGRAM: Final = 65535
# What servers that do not know EDNS say to it (RFC 6891 section 7).
_WITHOUT_EDNS: Final = frozenset((dns.rcode.FORMERR, dns.rcode.NOTIMP))


class Question(msgspec.Struct, frozen=True):
    """What is asked, and how: with `edns` signatures are wanted, without `checking` also what does not validate."""

    name: dns.name.Name
    kind: dns.rdatatype.RdataType
    edns: bool
    recursion: bool
    checking: bool = True

    def message(self) -> dns.message.QueryMessage:
        """Return the question with an id of its own."""
        flags = (dns.flags.RD if self.recursion else 0) | (0 if self.checking else dns.flags.CD)
        if not self.edns:
            return dns.message.make_query(self.name, self.kind, flags=flags)
        return dns.message.make_query(self.name, self.kind, flags=flags, want_dnssec=True, payload=_UDP_PAYLOAD)


class Exchanges:
    """Exchanges that share a time limit: `timeout` seconds in all, `longest` for one of them."""

    def __init__(self, *, timeout: float, longest: float, turn: Turn | None) -> None:
        self.left = timeout
        self._longest = longest
        self._turn: Turn = turn or (lambda _: contextlib.nullcontext())

    async def ask(self, question: Question, server: Endpoint) -> Reply | Failure:
        """Return the answer, whatever its code; or a failure of the network or the format, none is raised."""
        reply = await self._transfer(question.message(), server)
        if question.edns and not isinstance(reply, Failure) and reply.rcode in _WITHOUT_EDNS:
            reply = await self._transfer(msgspec.structs.replace(question, edns=False).message(), server)
        return reply

    async def _transfer(self, query: dns.message.QueryMessage, server: Endpoint) -> Reply | Failure:
        reply = await self._timed(_by_datagram, query, server)
        if isinstance(reply, Failure) or not reply.flags & dns.flags.TC:
            return reply
        reply = await self._timed(_by_stream, query, server)
        if isinstance(reply, Failure):
            return msgspec.structs.replace(reply, detail=f"the answer needs TCP: {reply.detail}")
        if reply.flags & dns.flags.TC:
            return Failure(kind=FailureKind.TOO_MUCH, detail=f"more than a DNS message holds, from {server}")
        return reply

    async def _timed(
        self,
        exchange: Callable[[dns.message.QueryMessage, Endpoint, float], Awaitable[Reply]],
        query: dns.message.QueryMessage,
        server: Endpoint,
    ) -> Reply | Failure:
        loop = asyncio.get_running_loop()
        async with self._turn(server):
            started = loop.time()
            try:
                return await exchange(query, server, min(self._longest, self.left))
            except TimeoutError:
                return Failure(kind=FailureKind.DNS_TIMEOUT, detail=f"no answer from {server}")
            except WireError as error:
                return Failure(kind=FailureKind.MALFORMED, detail=f"unusable answer from {server}: {error}")
            except (OSError, TransportError) as error:
                failure = error.failure if isinstance(error, TransportError) else failure_from(error)
                kind = FailureKind.LOCAL if failure.kind is FailureKind.LOCAL else FailureKind.DNS_TIMEOUT
                return Failure(kind=kind, detail=f"{server}: {failure.detail}")
            finally:
                self.left -= loop.time() - started


async def _by_datagram(query: dns.message.QueryMessage, server: Endpoint, seconds: float) -> Reply:
    loop = asyncio.get_running_loop()
    family, address = socket_address(server.host, server.port)
    unusable: WireError | None = None
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(address)
        try:
            async with asyncio.timeout(seconds):
                await loop.sock_sendall(sock, query.to_wire())
                while True:
                    data = await loop.sock_recv(sock, _MAX_DATAGRAM)
                    try:
                        reply = read_reply(data, query)
                    except WireError as error:
                        # Only who saw the question knows its id; the rest is noise.
                        if data[:2] == query.id.to_bytes(2) and data[2:3] >= b"\x80":
                            unusable = error
                    else:
                        if reply is not None:
                            return reply
                    # A read that finds a datagram does not wait, and what never waits cannot be timed out.
                    await asyncio.sleep(0)
        except TimeoutError:
            raise unusable or TimeoutError from None


async def _by_stream(query: dns.message.QueryMessage, server: Endpoint, seconds: float) -> Reply:
    async with asyncio.timeout(seconds):
        stream = await open_tcp(server.host, server.port)
        try:
            await stream.send(query.to_wire(prepend_length=True))
            received = bytearray()
            while (end := 2 + int.from_bytes(received[:2])) > len(received) or len(received) < 2:
                data = await stream.receive()
                if not data:
                    raise WireError("the stream ended before the answer")
                received += data
        finally:
            await stream.close()
    reply = read_reply(bytes(received[2:end]), query)
    if reply is None:
        raise WireError("it answers another question")
    return reply
