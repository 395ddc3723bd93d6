"""A scripted TLS server: a first flight written byte by byte, for what no TLS library agrees to do any more.

It never completes a handshake. Layouts are those of RFC 5246 section 7.4, which SSL 3.0 to TLS 1.2 share.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass

RSA_RC4_128_SHA = 0x0005
RSA_3DES_EDE_CBC_SHA = 0x000A
RSA_AES_128_CBC_SHA = 0x002F
RSA_AES_256_CBC_SHA = 0x0035

ALERT_HANDSHAKE_FAILURE = 40

_ALERT, _HANDSHAKE = 21, 22
_CLIENT_HELLO, _SERVER_HELLO, _CERTIFICATE, _CERTIFICATE_REQUEST, _SERVER_HELLO_DONE = 1, 2, 11, 13, 14
_RSA_SIGN = 1
_TLS_1_2 = 0x0303
# rsa_pkcs1_sha256 and rsa_pkcs1_sha1, which a request names from TLS 1.2 on.
_SCHEMES = bytes.fromhex("04010201")
_MAX_FRAGMENT = 16384


@dataclass(frozen=True, slots=True)
class Hello:
    """What matters of a ClientHello, and the records that it came in."""

    version: int
    suites: tuple[int, ...]
    records: bytes


async def read_hello(reader: asyncio.StreamReader) -> Hello:
    """Read one ClientHello; raises `ConnectionError` when the peer sends something else."""
    message = received = b""
    while len(message) < 4 or len(message) < 4 + int.from_bytes(message[1:4], "big"):
        header = await reader.readexactly(5)
        if header[0] != _HANDSHAKE:
            raise ConnectionError("not a handshake record")
        fragment = await reader.readexactly(int.from_bytes(header[3:5], "big"))
        message += fragment
        received += header + fragment
    if message[0] != _CLIENT_HELLO:
        raise ConnectionError("not a ClientHello")
    # type and length (4), version (2), random (32), session id, suites
    suites_at = 39 + message[38]
    length = int.from_bytes(message[suites_at : suites_at + 2], "big")
    listed = message[suites_at + 2 : suites_at + 2 + length]
    suites = tuple(int.from_bytes(listed[at : at + 2], "big") for at in range(0, len(listed), 2))
    return Hello(int.from_bytes(message[4:6], "big"), suites, received)


def handshake_message(kind: int, body: bytes) -> bytes:
    """Return one handshake message."""
    return bytes((kind,)) + len(body).to_bytes(3, "big") + body


def records(content_type: int, version: int, data: bytes) -> bytes:
    """Return `data` in as many records as it needs."""
    return b"".join(
        bytes((content_type,))
        + version.to_bytes(2, "big")
        + len(fragment := data[start : start + _MAX_FRAGMENT]).to_bytes(2, "big")
        + fragment
        for start in range(0, len(data), _MAX_FRAGMENT)
    )


def certificate_message(chain: Sequence[bytes]) -> bytes:
    """Return a Certificate message with these DER certificates, leaf first."""
    entries = b"".join(len(der).to_bytes(3, "big") + der for der in chain)
    return handshake_message(_CERTIFICATE, len(entries).to_bytes(3, "big") + entries)


def server_hello(version: int, suite: int) -> bytes:
    """Return a ServerHello without session id, compression and extensions."""
    body = version.to_bytes(2, "big") + os.urandom(32) + b"\x00" + suite.to_bytes(2, "big") + b"\x00"
    return handshake_message(_SERVER_HELLO, body)


def certificate_request(version: int, authorities: Sequence[bytes]) -> bytes:
    """Return a CertificateRequest for RSA certificates of these CAs (DER Names)."""
    names = b"".join(len(name).to_bytes(2, "big") + name for name in authorities)
    schemes = len(_SCHEMES).to_bytes(2, "big") + _SCHEMES if version >= _TLS_1_2 else b""
    body = bytes((1, _RSA_SIGN)) + schemes + len(names).to_bytes(2, "big") + names
    return handshake_message(_CERTIFICATE_REQUEST, body)


def first_flight(version: int, suite: int, chain: Sequence[bytes], request: bytes = b"") -> bytes:
    """Return ServerHello, Certificate, `request` (a CertificateRequest or nothing) and ServerHelloDone in records."""
    done = handshake_message(_SERVER_HELLO_DONE, b"")
    return records(_HANDSHAKE, version, server_hello(version, suite) + certificate_message(chain) + request + done)


def fatal_alert(version: int, description: int) -> bytes:
    """Return one fatal alert."""
    return records(_ALERT, version, bytes((2, description)))


class ScriptedTls:
    """Answers hellos with this chain (DER) and a request for client certificates of `authorities` (DER Names).

    Without `authorities` (None) there is no request. `knows` are its suites in order of preference. With `insists` it
    chooses the first of them whatever is offered.
    """

    def __init__(
        self,
        chain: Sequence[bytes],
        authorities: Sequence[bytes] | None,
        knows: Sequence[int],
        *,
        insists: bool = False,
    ) -> None:
        self._chain = tuple(chain)
        self._authorities = authorities
        self._knows = tuple(knows)
        self._insists = insists

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one hello, and whatever follows with an alert."""
        await self.answer(await read_hello(reader), reader, writer)

    async def answer(self, hello: Hello, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a hello that was read already, and whatever follows with an alert."""
        version = min(hello.version, _TLS_1_2)
        suite = next((suite for suite in self._knows if self._insists or suite in hello.suites), None)
        if suite is None:
            writer.write(fatal_alert(version, ALERT_HANDSHAKE_FAILURE))
            return
        request = b"" if self._authorities is None else certificate_request(version, self._authorities)
        writer.write(first_flight(version, suite, self._chain, request))
        if await reader.read(_MAX_FRAGMENT):
            writer.write(fatal_alert(version, ALERT_HANDSHAKE_FAILURE))
