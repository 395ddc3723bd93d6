"""The stand-in web server of a phone, with its faults."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from socket import socket

from OpenSSL import SSL

from vpnprobe.lab import hostile
from vpnprobe.lab.http import ByteStream, PlainStream, read_request, response
from vpnprobe.lab.issuing import Issued
from vpnprobe.lab.listening import Handler, refuse, swallow, tcp_server
from vpnprobe.lab.phone_web import pages
from vpnprobe.lab.phone_web.scenario import Phone
from vpnprobe.lab.tls import TlsStream, plain_context

_LONG_PAGE = 10_000_000


def phone_server(sock: socket, phone: Phone, tftp: str, own: Issued) -> AbstractAsyncContextManager[None]:
    """Serve the pages of `phone` on a bound socket until the context ends; `own` is its certificate for HTTPS."""
    match phone.listens:
        case "refuses":
            return refuse(sock)
        case "filtered":
            return swallow(sock)
        case "silent":
            return tcp_server(sock, hostile.silent)
        case "closes":
            return tcp_server(sock, hostile.closes)
        case _:
            context = None
            if phone.https:
                suites = ("ECDHE-RSA-AES128-GCM-SHA256", "AES256-SHA", "AES128-SHA")
                context = plain_context(suites, (own,), minimum="TLS 1.0", maximum="TLS 1.2")
            return tcp_server(sock, _handler(phone, pages.page_files(phone, tftp), context))


def _handler(phone: Phone, files: Mapping[str, tuple[str, bytes]], context: SSL.Context | None) -> Handler:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream: PlainStream | TlsStream = PlainStream(reader, writer)
        if context is not None:
            stream = TlsStream(context, reader, writer)
            await stream.handshake()
        while (request := await read_request(stream)) is not None:
            if phone.page == "endless" and request.target == pages.NETWORK:
                await _endless(stream)
            await stream.write(_answer(phone, files, request.target, request.headers.get("host", "")))

    return serve


async def _endless(stream: ByteStream) -> None:
    await stream.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n")
    row = b"<TR><TD>More</TD><TD>and more</TD></TR>" * 100
    while True:
        await stream.write(f"{len(row):x}\r\n".encode() + row + b"\r\n")
        await asyncio.sleep(0)


def _answer(phone: Phone, files: Mapping[str, tuple[str, bytes]], target: str, host: str) -> bytes:
    match phone.listens:
        case "redirects":
            return response(302, "Found", [("Location", f"https://{host.partition(':')[0]}{target}")])
        case "forbids":
            return response(403, "Forbidden")
        case "asks-for-login":
            return response(401, "Unauthorized", [("WWW-Authenticate", 'Basic realm="phone"')])
        case "other-vendor" if target == "/":
            return response(200, "OK", [("Content-Type", "text/html")], pages.other_vendor())
    if phone.listens == "other-vendor" or target not in files:
        return response(404, "Not Found")
    content_type, body = files[target]
    if phone.page == "long" and target == pages.NETWORK:
        body += b"<!-- " + bytes(_LONG_PAGE) + b" -->"
    return response(200, "OK", [("Content-Type", content_type)], body)
