"""The stand-in Trust Verification Service: TLS, one request, and an answer out of a set of trusted certificates."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from socket import socket
from typing import Literal

from vpnprobe.lab import hostile
from vpnprobe.lab.issuing import Issued
from vpnprobe.lab.listening import Handler, refuse, swallow, tcp_server
from vpnprobe.lab.tls import TlsStream, plain_context

Listens = Literal[
    "yes", "refuses", "filtered", "silent", "closes", "plain-http", "mute", "garbage", "half", "overrun", "endless"
]

_HEADER_BYTES = 10
_VERIFY, _QUERY = 1, 3
_CERTIFICATE, _SERIAL, _STATUS, _ROLES, _TTL = 2, 5, 7, 8, 9
_TRUSTED, _NOT_TRUSTED = 0, 1
_DAY_S = 86400


@dataclass(frozen=True, slots=True)
class TvsService:
    """How the service behaves.

    `refuses_with` is the status for certificates that are not trusted, `trusted` what it answers others. Of `listens`,
    the first values up to "plain-http" concern TCP and TLS; "mute" reads the request and says nothing, "half" leaves
    in mid-answer, "overrun" announces more in an element than its message has, "endless" never stops sending.
    """

    listens: Listens = "yes"
    refuses_with: int = _NOT_TRUSTED
    roles: tuple[int, ...] = (0, 3)


def tvs_server(
    sock: socket, service: TvsService, own: Issued, trusted: Sequence[Issued]
) -> AbstractAsyncContextManager[None]:
    """Serve on a bound socket until the context ends. `own` is its certificate, `trusted` those it knows."""
    match service.listens:
        case "refuses":
            return refuse(sock)
        case "filtered":
            return swallow(sock)
        case "silent":
            return tcp_server(sock, hostile.silent)
        case "closes":
            return tcp_server(sock, hostile.closes)
        case "plain-http":
            return tcp_server(sock, hostile.plain_http)
        case _:
            return tcp_server(sock, _handler(service, own, trusted))


def _handler(service: TvsService, own: Issued, trusted: Sequence[Issued]) -> Handler:
    # The suite that Cisco document 213407 shows, and what newer phones speak.
    suites = ("AES256-SHA", "AES128-SHA", "ECDHE-RSA-AES128-GCM-SHA256")
    context = plain_context(suites, (own,), minimum="TLS 1.0", maximum="TLS 1.2")
    store = _Store(service, trusted)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream = TlsStream(context, reader, writer)
        await stream.handshake()
        request = await _read_request(stream)
        if request is None:
            return
        match service.listens:
            case "mute":
                await stream.read()
            case "garbage":
                await stream.write(b"220 " + hostile.CONTROL_TEXT.encode())
            case "half":
                await stream.write(store.answer(request)[:-3])
            case "overrun":
                # 65,535 bytes of one element in a message of three.
                await stream.write(_message(request, bytes((_STATUS, 0xFF, 0xFF))))
            case "endless":
                await stream.write(_message(request, bytes((_ROLES,)) + (0xFFFC).to_bytes(2, "big") + bytes(0xFFFC)))
                while True:
                    await stream.write(bytes(65536))
            case _:
                await stream.write(store.answer(request))
        await stream.close()

    return serve


async def _read_request(stream: TlsStream) -> bytes | None:
    received = b""
    while len(received) < _HEADER_BYTES or len(received) < _HEADER_BYTES + int.from_bytes(received[8:10], "big"):
        if not (more := await stream.read()):
            return None
        received += more
    return received


class _Store:
    """What is trusted: by the hash of a certificate, and by its serial number.

    Names are not compared: their text is the form of the file that they come from.
    """

    def __init__(self, service: TvsService, trusted: Sequence[Issued]) -> None:
        self._service = service
        self._hashes = {hashlib.sha256(issued.der).digest() for issued in trusted}
        self._by_serial = {issued.certificate.serial_number: issued.der for issued in trusted}

    def answer(self, request: bytes) -> bytes:
        elements = _elements(request[_HEADER_BYTES:])
        der: bytes | None = None
        if request[2] == _QUERY:
            der = self._by_serial.get(int.from_bytes(elements.get(_SERIAL, b""), "big"))
            known = der is not None
        else:
            known = hashlib.sha256(elements.get(_CERTIFICATE, b"")).digest() in self._hashes
        if not known:
            return _message(request, _element(_STATUS, bytes((self._service.refuses_with,))))
        return _message(
            request,
            _element(_STATUS, bytes((_TRUSTED,)))
            + (_element(_CERTIFICATE, der) if der is not None else b"")
            + _element(_ROLES, bytes(self._service.roles))
            + _element(_TTL, _DAY_S.to_bytes(4, "big")),
        )


def _elements(body: bytes) -> dict[int, bytes]:
    elements = {}
    while body:
        size = int.from_bytes(body[1:3], "big")
        elements[body[0]] = body[3 : 3 + size]
        body = body[3 + size :]
    return elements


def _element(tag: int, value: bytes) -> bytes:
    return bytes((tag,)) + len(value).to_bytes(2, "big") + value


def _message(request: bytes, body: bytes) -> bytes:
    """Return the answer to `request`, in its session; CUCM leaves any value in the fourth byte."""
    return request[:2] + bytes((request[2] + 1, 0xF7)) + request[4:8] + len(body).to_bytes(2, "big") + body
