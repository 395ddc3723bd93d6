"""Clients of the lab that nobody here wrote: the standard library's TLS and HTTP, and the openssl program."""

from __future__ import annotations

import asyncio
import http.client
import shutil
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pytest

# ssl.OP_LEGACY_SERVER_CONNECT, which has a name from Python 3.12: servers without secure renegotiation.
_LEGACY_SERVER_CONNECT = 0x4

OLD_SUITES = "AES256-SHA:AES128-SHA"


def phone_context(directory: Path | None = None, suites: str = OLD_SUITES) -> ssl.SSLContext:
    """Return a client that speaks TLS 1.0 with RSA suites, and logs in with the lab's client certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(f"{suites}:@SECLEVEL=0")
    context.options |= _LEGACY_SERVER_CONNECT
    # TLS 1.0 is deprecated, which is why a phone needs a gateway that still has it.
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    if directory is not None:
        context.load_cert_chain(directory / "client-cert.pem", directory / "client-key.pem")
    return context


def modern_context(suites: str = "DEFAULT") -> ssl.SSLContext:
    """Return a TLS 1.2 client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(f"{suites}:@SECLEVEL=0")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


@dataclass
class Answer:
    """What one HTTP request got."""

    status: int
    reason: str
    cookies: list[str]
    location: str | None
    body: bytes


class Session:
    """One TLS connection with HTTP on it, blocking; every call runs in a thread."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext) -> None:
        self._where = host, port
        self._context = context

    async def __aenter__(self) -> Session:
        await asyncio.to_thread(self._open)
        return self

    def _open(self) -> None:
        raw = socket.create_connection(self._where, timeout=5)
        try:
            self.tls = self._context.wrap_socket(raw)
        except BaseException:
            raw.close()
            raise
        self._http = http.client.HTTPConnection("vpn.lab.example")
        self._http.sock = self.tls

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()
        self.tls.close()

    async def request(self, method: str, path: str = "/VPNPhone", body: str | None = None) -> Answer:
        """Send one request and read its answer."""
        return await asyncio.to_thread(self._request, method, path, body)

    def _request(self, method: str, path: str, body: str | None) -> Answer:
        self._http.request(method, path, body, {"User-Agent": "Cisco SVC IPPhone Client v1.0 (1.0)"})
        answer = self._http.getresponse()
        return Answer(
            answer.status,
            answer.reason,
            answer.headers.get_all("Set-Cookie", []),
            answer.headers.get("Location"),
            answer.read(),
        )

    @property
    def leaf(self) -> bytes:
        """The server's certificate, DER."""
        der = self.tls.getpeercert(binary_form=True)
        assert der is not None
        return der


async def s_client(host: str, port: int, *arguments: str) -> str:
    """Return what `openssl s_client` prints about one connection; skip where there is no such program."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl program")
    process = await asyncio.create_subprocess_exec(
        program,
        "s_client",
        "-connect",
        f"{host}:{port}",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate(b"")
    return printed.decode("utf-8", "replace")
