"""Peers that are broken or mean, for tests of limits and for the lab's worst scenarios.

The TCP ones are connection handlers for `listening.tcp_server`, or make one; the UDP one is a server of its
own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from vpnprobe.lab import raw_tls
from vpnprobe.lab.http import PlainStream, Request, read_request, response
from vpnprobe.lab.listening import Address, DatagramServer

# CSI colour and screen codes, a bell, a carriage return, a right-to-left override, and markup.
CONTROL_TEXT = "\x1b[31mred\x1b[2J\x07\r\u202e<script>alert(1)</script>&"

_CHUNK = bytes(65536)
_RRQ, _ACK = 1, 4


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Read everything and say nothing."""
    while await reader.read(len(_CHUNK)):
        pass


async def closes(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Close after the first bytes of the client, without an answer."""
    await reader.read(len(_CHUNK))


async def half_record(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Announce a handshake record of 512 bytes, send 16 of them, and stay open."""
    await reader.read(len(_CHUNK))
    writer.write(b"\x16\x03\x01" + (512).to_bytes(2, "big") + bytes(16))
    await silent(reader, writer)


async def plain_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer anything as a web server without TLS does."""
    await reader.read(len(_CHUNK))
    page = b"<html><body>The plain HTTP request was sent to HTTPS port</body></html>"
    writer.write(response(400, "Bad Request", [("Connection", "close")], page))


class Drip:
    """Answers a hello with a faultless flight of this chain, one byte every `pause` seconds."""

    def __init__(self, chain: Sequence[bytes], pause: float = 1.0) -> None:
        self._chain = tuple(chain)
        self._pause = pause

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        hello = await raw_tls.read_hello(reader)
        flight = raw_tls.first_flight(hello.version, raw_tls.RSA_AES_128_CBC_SHA, self._chain)
        for at in range(len(flight)):
            writer.write(flight[at : at + 1])
            await writer.drain()
            await asyncio.sleep(self._pause)


class EndlessChain:
    """Sends Certificate messages with this certificate again and again, and never ServerHelloDone.

    With `one_message` it is a single Certificate message of 16 MB, the most that the format can announce.
    """

    def __init__(self, der: bytes, *, one_message: bool = False) -> None:
        self._der = der
        self._one_message = one_message

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until the client has had enough."""
        hello = await raw_tls.read_hello(reader)
        writer.write(
            raw_tls.records(22, hello.version, raw_tls.server_hello(hello.version, raw_tls.RSA_AES_128_CBC_SHA))
        )
        many = 0xFFFFFF // (len(self._der) + 3) - 1 if self._one_message else 1
        message = raw_tls.records(22, hello.version, raw_tls.certificate_message([self._der] * many))
        while True:
            writer.write(message)
            await writer.drain()
            await asyncio.sleep(0)


async def endless_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Stream a file of 200 MB, honestly announced."""
    if await read_request(PlainStream(reader, writer)) is None:
        return
    size = 200_000_000
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: */*\r\nContent-Length: {size}\r\n\r\n".encode())
    for _ in range(0, size, len(_CHUNK)):
        writer.write(_CHUNK)
        await writer.drain()


async def endless_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with header lines that never end."""
    if await read_request(PlainStream(reader, writer)) is None:
        return
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"a" * 1000 + b"\r\n")
        await writer.drain()
        await asyncio.sleep(0)


async def control_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with control characters in the reason, in a header and in the body."""
    if await read_request(PlainStream(reader, writer)) is None:
        return
    text = CONTROL_TEXT.replace("\r", "").encode()
    writer.write(b"HTTP/1.1 404 " + text + b"\r\nServer: " + text + b"\r\nConnection: close\r\n\r\n" + text)


class Redirects:
    """Redirects every request to the next of `count` paths at the same host, then answers 200."""

    def __init__(self, count: int = 1000) -> None:
        self._count = count
        self.served = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, request after request."""
        stream = PlainStream(reader, writer)
        while (request := await read_request(stream)) is not None:
            self.served += 1
            await stream.write(self._answer(request))

    def _answer(self, request: Request) -> bytes:
        step = request.target.rpartition("-")[2]
        next_step = int(step) + 1 if step.isdigit() else 1
        if next_step > self._count:
            return response(200, "OK")
        return response(302, "Found", [("Location", f"/step-{next_step}")])


class EndlessTftp(DatagramServer):
    """Serves files that never end, block after block from the listening port itself.

    Only names that hold `part` are there.
    """

    def __init__(self, part: bytes = b"") -> None:
        super().__init__()
        self._part = part

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Answer a request with block 1 and an acknowledgement with the next block."""
        opcode, block = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
        if opcode == _RRQ and self._part not in data:
            self.send(b"\x00\x05\x00\x01File not found\x00", addr)
        elif opcode in (_RRQ, _ACK):
            next_block = 1 if opcode == _RRQ else (block + 1) % 65536
            self.send(b"\x00\x03" + next_block.to_bytes(2, "big") + bytes(512), addr)
