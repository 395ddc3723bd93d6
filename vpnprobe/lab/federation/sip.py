"""Answers to a SIP OPTIONS: as edges and proxies give them, and as nobody should."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime

from vpnprobe.lab.federation.scenario import Edge
from vpnprobe.lab.http import ByteStream

_MAX_HEAD = 65536
_ECHOED = ("via", "from", "to", "call-id", "cseq")
_HOUR = timedelta(hours=1)

_EXPRESSWAY = "TANDBERG/4137 (X14.0.7)"
_MICROSOFT = "RTC/6.0"
_FQDN_MISMATCH = "The peer certificate does not contain a matching FQDN"
_DIAGNOSTICS = {
    "timeout": "",
    "timeout-1009": (
        'ms-diagnostics: 1009;reason="No match for domain in DNS SRV results";domain="partner.example";'
        'fqdn1="edge.sub.partner.example:5061";source="sip.uc.example"'
    ),
    "timeout-1010": (
        'ms-diagnostics: 1010;reason="Certificate trust with another server could not be established";'
        f'ErrorType="{_FQDN_MISMATCH}";tls-target="edge.partner.example";PeerServer="other.partner.example";'
        'HRESULT="0x80090322(SEC_E_WRONG_PRINCIPAL)";source="sip.uc.example"'
    ),
    "timeout-odd-order": (
        'Ms-Diagnostics:  1009.5 ; source = "sip.uc.example" ;fqdn1="edge.sub.partner.example:5061" ; '
        'domain="partner.example"; reason="words; that \\"differ\\""'
    ),
    "unknown-code": 'ms-diagnostics: 1999;reason="Nobody wrote this down";source="sip.uc.example"',
}


class Head:
    """The head of one request: its first line and its headers, as (name in lower case, line)."""

    def __init__(self, data: bytes) -> None:
        self.first, *lines = data.decode("utf-8", "replace").split("\r\n")
        self.headers = [(line.partition(":")[0].strip().lower(), line) for line in lines]


async def read_head(stream: ByteStream, received: bytes) -> tuple[Head, bytes] | None:
    """Read one request without body; return it and what follows, None when the peer has left."""
    while b"\r\n\r\n" not in received.lstrip(b"\r\n"):
        more = await stream.read()
        if not more or len(received) > _MAX_HEAD:
            return None
        received += more
    head, _, rest = received.lstrip(b"\r\n").partition(b"\r\n\r\n")
    return Head(head), rest


async def answer(stream: ByteStream, head: Head, edge: Edge, now: datetime) -> bool:
    """Answer one request as the edge does; return whether the connection stays open."""
    match edge.sip:
        case "silent":
            await asyncio.Event().wait()
        case "closes":
            return False
        case "not-sip":
            await stream.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        case "endless-head":
            await stream.write(b"SIP/2.0 200 OK\r\n")
            while True:
                await stream.write(b"X-More: " + b"a" * 1000 + b"\r\n")
                await asyncio.sleep(0)
        case "endless-body":
            await stream.write(_response(200, "OK", head, ("Content-Type: text/plain",), length=2_000_000_000))
            while True:
                await stream.write(b"a" * 65536)
                await asyncio.sleep(0)
        case "in-pieces":
            data = _response(200, "OK", head, (f"Server: {_EXPRESSWAY}", _date(now)))
            for at in range(0, len(data), 7):
                await stream.write(data[at : at + 7])
        case "provisional":
            await stream.write(_response(100, "Trying", head))
            await stream.write(_response(200, "OK", head, (f"Server: {_EXPRESSWAY}", _date(now))))
        case _:
            await stream.write(_single(head, edge, now))
    return True


def _single(head: Head, edge: Edge, now: datetime) -> bytes:
    """Return the one message that the edge answers."""
    usual = (f"Server: {_EXPRESSWAY}", "Allow: INVITE, ACK, OPTIONS, BYE, CANCEL", _date(now))
    match edge.sip:
        case "microsoft":
            return _response(200, "OK", head, ("Server: RTC/7.0", _date(now)))
        case "forbidden":
            return _response(403, "Forbidden", head, usual)
        case "timeout" | "timeout-1009" | "timeout-1010" | "timeout-odd-order" | "unknown-code":
            return _response(504, "Server time-out", head, (f"Server: {_MICROSOFT}", _DIAGNOSTICS[edge.sip]))
        case "clock-ahead":
            return _response(200, "OK", head, (f"Server: {_EXPRESSWAY}", _date(now + _HOUR)))
        case "record-route":
            return _response(200, "OK", head, (*usual, "Record-Route: <sip:127.0.0.1:5061;transport=tls;lr>"))
        case "record-route-without-transport":
            return _response(200, "OK", head, (*usual, "Record-Route: <sip:127.0.0.1:5061;lr>"))
        case "header-bomb":
            return _response(200, "OK", head, [f"X-{number}: {number}" for number in range(20_000)])
        case "long-line":
            return _response(200, "OK", head, ("X-Long: " + "a" * 300_000,))
        case "bare-lf":
            return _response(200, "OK", head, usual).replace(b"\r\n", b"\n")
        case "non-utf8":
            return _response(200, "OK", head, usual).replace(_EXPRESSWAY.encode(), b"\xff\xfe\x1b[31m\xe9")
        case _:
            return _response(200, "OK", head, usual)


def _response(status: int, reason: str, head: Head, extra: Sequence[str] = (), *, length: int = 0) -> bytes:
    """Return an answer with the headers that belong to the request; no `extra` line is empty in the result."""
    echoed = [
        f"{line};tag=lab" if name == "to" and ";tag=" not in line else line
        for name, line in head.headers
        if name in _ECHOED
    ]
    lines = (f"SIP/2.0 {status} {reason}", *echoed, *filter(None, extra), f"Content-Length: {length}", "", "")
    return "\r\n".join(lines).encode()


def _date(now: datetime) -> str:
    return f"Date: {format_datetime(now, usegmt=True)}"
