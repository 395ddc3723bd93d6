"""The stand-in CAPF: TLS in which the server speaks first, with faults. It notes every byte that it hears."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from socket import socket

from vpnprobe.lab import hostile, raw_tls
from vpnprobe.lab.capf.certificates import CapfPki
from vpnprobe.lab.capf.scenario import CapfServer
from vpnprobe.lab.listening import Handler, refuse, swallow, tcp_server
from vpnprobe.lab.raw_tls import ScriptedTls
from vpnprobe.lab.tls import PeerGoneError, TlsStream, ask_for_certificate, plain_context, send_also
from vpnprobe.wire.capf import AuthType, Command, Element, build_greeting

_VERSION_3, _VERSION_2 = b"\x03", b"\x02"
_NONE, _PASSWORD = bytes((AuthType.NONE,)), bytes((AuthType.PASSWORD,))
_SESSION = 42


def _greeting(version: bytes = _VERSION_3, auth_type: bytes = _NONE) -> bytes:
    return build_greeting([(Element.VERSION, version), (Element.AUTH_TYPE, auth_type)], session=_SESSION)


_GREETING = _greeting()
_SMTP = b"220 mail.lab.example ESMTP\r\n"
_CHUNK = bytes(65536)

_WORDS = {
    "greeting": _GREETING,
    "greeting-string": _greeting(auth_type=_PASSWORD),
    "greeting-version-2": _greeting(version=_VERSION_2),
    "retry-later": build_greeting([], session=_SESSION, command=Command.RETRY_LATER),
    "smtp": _SMTP,
    # The right first byte, an element that is longer than the message.
    "garbage": _GREETING[:9] + b"\xff\xff" + hostile.CONTROL_TEXT.encode(),
    "half": _GREETING[:11],
}


def capf_server(sock: socket, wanted: CapfServer, pki: CapfPki, heard: bytearray) -> AbstractAsyncContextManager[None]:
    """Serve `wanted` on a bound socket until the context ends. What a client says in a session is added to `heard`."""
    if wanted.listens == "refuses":
        return refuse(sock)
    if wanted.listens == "filtered":
        return swallow(sock)
    return tcp_server(sock, _handler(wanted, pki, heard))


def _handler(wanted: CapfServer, pki: CapfPki, heard: bytearray) -> Handler:
    match wanted.listens:
        case "silent":
            return hostile.silent
        case "closes":
            return hostile.closes
        case "half-record":
            return hostile.half_record
        case "plain-greeting":
            return _Plain(_GREETING).serve
        case "plain-smtp":
            return _Plain(_SMTP).serve
        case "breaks-off":
            leaf = pki.certificate(wanted.certificate)
            knows = (raw_tls.RSA_AES_256_CBC_SHA, raw_tls.RSA_AES_128_CBC_SHA)
            return ScriptedTls((leaf.der, *leaf.issuers), None, knows).serve
        case _:
            return _TlsCapf(wanted, pki, heard).serve


class _Plain:
    """Speaks at once, without TLS."""

    def __init__(self, words: bytes) -> None:
        self._words = words

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._words)
        await writer.drain()
        await hostile.silent(reader, writer)


class _TlsCapf:
    def __init__(self, wanted: CapfServer, pki: CapfPki, heard: bytearray) -> None:
        self._wanted = wanted
        self._heard = heard
        issued = pki.certificate(wanted.certificate)
        self._context = plain_context(wanted.suites, (issued,), minimum=wanted.minimum, maximum=wanted.maximum)
        send_also(self._context, issued.issuers)
        if wanted.asks != "no":
            authorities = [pki.signer.certificate]
            ask_for_certificate(self._context, authorities, insist=wanted.asks == "insists", accept=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Complete the handshake, speak, and listen until the client leaves."""
        stream = TlsStream(self._context, reader, writer)
        try:
            await stream.handshake()
            if await self._speak(stream):
                while data := await stream.read():
                    self._heard += data
            await stream.close()
        except PeerGoneError:
            return

    async def _speak(self, stream: TlsStream) -> bool:
        """Say what is to be said; return whether the session stays open."""
        match self._wanted.says:
            case "closes":
                return False
            case "nothing":
                return True
            case "greeting-in-pieces":
                for one in _GREETING:
                    await stream.write(bytes((one,)))
            case "greeting-endless":
                await stream.write(_GREETING[:6] + b"\xff\xff")
                while True:
                    await stream.write(_CHUNK)
            case said:
                await stream.write(_WORDS[said])
                return said != "half"
        return True
