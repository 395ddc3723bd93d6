"""The stand-in gateway: an ASA as a phone sees it, from the first byte to the login, with faults."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from socket import socket
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from vpnprobe.lab import hostile, raw_tls
from vpnprobe.lab.certificates import LabPki
from vpnprobe.lab.http import ByteStream, Request, read_request, response
from vpnprobe.lab.issuing import Issued
from vpnprobe.lab.listening import Handler, refuse, swallow, tcp_server
from vpnprobe.lab.raw_tls import ScriptedTls
from vpnprobe.lab.scenario import GROUP_PATH, Gateway
from vpnprobe.lab.tls import TlsStream, server_context

USER = "lab-user"
PASSWORD = "lab-password"
SESSION_COOKIE = "bGFiIHNlc3Npb24="

_CLEARED = ("Set-Cookie", "webvpn=; expires=Thu, 01 Jan 1970 22:00:00 GMT; path=/; secure")
_ASK = (_CLEARED, ("Set-Cookie", "webvpnlogin=1; secure"), ("X-Transcend-Version", "1"))
_HTML = ("Content-Type", "text/html; charset=utf-8")
_XML = ("Content-Type", "text/xml")
_LOGIN_FORM = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<auth id="main"><title>SSL VPN Service</title>'
    b'<form method="post" action="/+webvpn+/index.html">'
    b'<input type="text" name="username" label="USERNAME:"/>'
    b'<input type="password" name="password" label="PASSWORD:"/>'
    b'<input type="submit" name="Login" value="Login"/>'
    b"</form></auth>"
)
_WRONG_URL = (
    b"<html><head><title>Wrong URL</title></head><body>Wrong URL. Invalid host entry. Please re-enter.</body></html>"
)
_WEB_SERVER_PAGE = b"<!DOCTYPE html><html><head><title>It works</title></head><body>It works.</body></html>"


def _redirect(location: str) -> bytes:
    return response(302, "Moved Temporarily", [("Location", location), _CLEARED])


_FIXED = {
    "wrong-url-404": response(404, "Not Found", [_HTML], _WRONG_URL),
    "wrong-url-page": response(200, "OK", [_HTML, _CLEARED], _WRONG_URL),
    "redirect-to-portal": _redirect("/+CSCOE+/logon.html?a0=86&a1=&a2=&a3=1&reason=1"),
    "unavailable": response(503, "Service Unavailable", [_HTML], b"<html>Try again later</html>"),
    "web-server": response(200, "OK", [("Server", "nginx/1.27.4"), _HTML], _WEB_SERVER_PAGE),
}


def gateway_server(
    sock: socket, gateway: Gateway, pki: LabPki, now: datetime, member_url: str
) -> AbstractAsyncContextManager[None]:
    """Serve `gateway` on a bound socket until the context ends.

    `member_url` is where a load balancer's redirect points; `now` is what a client certificate's validity is
    checked against.
    """
    if gateway.listens == "refuses":
        return refuse(sock)
    if gateway.listens == "filtered":
        return swallow(sock)
    return tcp_server(sock, _handler(gateway, pki, now, member_url))


def _handler(gateway: Gateway, pki: LabPki, now: datetime, member_url: str) -> Handler:
    leaf = pki.gateway(gateway.certificate)
    match gateway.listens:
        case "silent":
            return hostile.silent
        case "half-record":
            return hostile.half_record
        case "closes":
            return hostile.closes
        case "plain-http":
            return hostile.plain_http
        case "drip":
            return hostile.Drip((leaf.der, *leaf.issuers)).serve
        case "rc4-3des-only" | "unoffered-suite" | "breaks-off":
            return _scripted(gateway, pki).serve
        case _:
            return TlsGateway(gateway, pki, now, member_url).serve


def _scripted(gateway: Gateway, pki: LabPki) -> ScriptedTls:
    leaf = pki.gateway(gateway.certificate)
    known = {
        "rc4-3des-only": (raw_tls.RSA_RC4_128_SHA, raw_tls.RSA_3DES_EDE_CBC_SHA),
        "breaks-off": (raw_tls.RSA_AES_256_CBC_SHA, raw_tls.RSA_AES_128_CBC_SHA),
    }.get(gateway.listens)
    return ScriptedTls(
        (leaf.der, *leaf.issuers[:-1]),
        [pki.authority(name).certificate.subject.public_bytes() for name in gateway.asks_for or ()],
        known or (raw_tls.RSA_RC4_128_SHA,),
        insists=known is None,
    )


class TlsGateway:
    """The gateway that speaks TLS and HTTP."""

    def __init__(self, gateway: Gateway, pki: LabPki, now: datetime, member_url: str) -> None:
        self._gateway = gateway
        self._now = now
        self._member_url = member_url
        self._trusted = tuple(pki.authority(name) for name in gateway.trusts)
        authorities = tuple(pki.authority(name) for name in gateway.asks_for or ())
        shown = gateway.takes_turns or (gateway.certificate,)
        second = () if gateway.ec_certificate is None else (pki.gateway(gateway.ec_certificate),)
        contexts = [server_context(gateway, (pki.gateway(first), *second), authorities) for first in shown]
        self._contexts = itertools.chain(contexts, itertools.repeat(contexts[-1]))
        self._meddler = _scripted(gateway, pki) if gateway.listens == "unoffered-suite-to-ec" else None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Complete the handshake and answer requests until the peer leaves."""
        received = b""
        if self._meddler is not None:
            hello = await raw_tls.read_hello(reader)
            if raw_tls.RSA_AES_256_CBC_SHA not in hello.suites:
                await self._meddler.answer(hello, reader, writer)
                return
            received = hello.records
        stream = TlsStream(next(self._contexts), reader, writer, received)
        client = await stream.handshake()
        while (request := await read_request(stream)) is not None:
            if not await self._answer(stream, request, client):
                break
        await stream.close()

    async def _answer(self, stream: ByteStream, request: Request, client: x509.Certificate | None) -> bool:
        """Answer one request; return whether the connection stays open."""
        match self._gateway.answers:
            case "login":
                return await self._login(stream, request, client)
            case "closes":
                return False
            case "silent":
                await asyncio.Event().wait()
            case "redirect-to-member":
                await stream.write(_redirect(self._member_url))
            case fixed:
                await stream.write(_FIXED[fixed])
        return True

    async def _login(self, stream: ByteStream, request: Request, client: x509.Certificate | None) -> bool:
        if request.target != GROUP_PATH:
            await stream.write(_FIXED["wrong-url-404"])
            return True
        if request.method != "POST" or self._gateway.login == "asks-again":
            last = (("Connection", "close"),) if self._gateway.closes_after_answer else ()
            await stream.write(response(200, "OK", [*_ASK, *last]))
            return not last
        if self._gateway.wants == "password":
            form = parse_qs(request.body.decode("latin-1"))
            valid = form.get("username") == [USER] and form.get("password") == [PASSWORD]
        else:
            valid = client is not None and _is_valid(client, self._trusted, self._now)
            if not valid:
                failed = ("Set-Cookie", "ClientCertAuthFailed=1; path=/")
                await stream.write(response(200, "OK", [*_ASK, failed, _XML], _LOGIN_FORM))
                return True
        if not valid or self._gateway.login == "refuses":
            await stream.write(response(401, "Authentication failed"))
            return False
        session = ("Set-Cookie", f"webvpn={SESSION_COOKIE}; secure")
        await stream.write(response(200, "OK", [session, ("X-Transcend-Version", "1")]))
        return True


def _is_valid(client: x509.Certificate, trusted: Sequence[Issued], now: datetime) -> bool:
    """Whether one of the trusted CAs issued `client` and it is valid now."""
    return client.not_valid_before_utc <= now < client.not_valid_after_utc and any(
        _issued_by(client, authority.certificate) for authority in trusted
    )


def _issued_by(client: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        client.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
