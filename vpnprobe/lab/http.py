"""Just enough HTTP/1.1 for the stand-ins, over any byte stream: a request read, an answer as bytes.

It is written out by hand because faults are answers that an HTTP library refuses to send.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

# Requests of a phone hold a few hundred bytes; anything longer is not one.
_MAX_REQUEST = 65536


class ByteStream(Protocol):
    """A plain or TLS connection, as the stand-ins use it. `read` returns b"" at the end of the stream."""

    async def read(self) -> bytes:
        """Return the next bytes."""

    async def write(self, data: bytes) -> None:
        """Send all of `data`."""


class PlainStream:
    """A TCP connection as a `ByteStream`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        """Return the next bytes, b"" at the end of the stream."""
        return await self._reader.read(_MAX_REQUEST)

    async def write(self, data: bytes) -> None:
        """Send all of `data`."""
        self._writer.write(data)
        await self._writer.drain()


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Header names are lower case."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


async def read_request(stream: ByteStream) -> Request | None:
    """Read one request; None when the peer closed or what it sends is no request."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = await stream.read()
        if not more or len(received) > _MAX_REQUEST:
            return None
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    request_line, *header_lines = head.decode("latin-1").split("\r\n")
    parts = request_line.split(" ")
    if len(parts) != 3:
        return None
    headers = {}
    for line in header_lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > _MAX_REQUEST:
        return None
    while len(body) < int(length):
        more = await stream.read()
        if not more:
            return None
        body += more
    return Request(parts[0], parts[1], headers, body)


def response(status: int, reason: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b"") -> bytes:
    """Return the bytes of an answer with its Content-Length."""
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode("latin-1") + body
