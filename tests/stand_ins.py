"""Peers for tests that drive the whole product: the lab's servers in a thread of their own, and a gateway that notes.

A test that calls the command line in its own thread needs its peers in another one; a test that is a coroutine uses
the context managers as they are.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from cryptography.hazmat.primitives.serialization import Encoding

from vpnprobe.lab.certificates import LabPki
from vpnprobe.lab.dns import Zone, dns_server
from vpnprobe.lab.http import Request, read_request, response
from vpnprobe.lab.listening import DATAGRAM, STREAM, DatagramServer, Handler, bound_sockets, tcp_server, udp_server
from vpnprobe.lab.network import Lab, running_lab
from vpnprobe.lab.scenario import CertHash, Certificate, Dns, Gateway, Scenario
from vpnprobe.lab.scenarios import find_scenario
from vpnprobe.lab.tls import TlsStream, server_context

T = TypeVar("T")

LOOPBACK = "127.0.0.1"
SECOND = "127.0.0.2"
SESSION_COOKIE = "c2VjcmV0IHNlc3Npb24="

# What a gateway answers: all at once, or part by part.
Answer = Callable[[Request], bytes | Iterator[bytes]]


@contextmanager
def in_background(context: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """Hold an asynchronous context open in a thread while the body runs; its own errors are raised here."""
    ready: Future[tuple[T, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def hold() -> None:
        async with context as value:
            ended = asyncio.Event()
            ready.set_result((value, asyncio.get_running_loop(), ended))
            await ended.wait()

    def run() -> None:
        try:
            asyncio.run(hold())
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        value, loop, ended = ready.result()
        try:
            yield value
        finally:
            loop.call_soon_threadsafe(ended.set)
    finally:
        thread.join()


@contextmanager
def lab_in_background(scenario: str | Scenario) -> Iterator[Lab]:
    """Run a lab scenario in a thread."""
    with in_background(running_lab(find_scenario(scenario) if isinstance(scenario, str) else scenario)) as lab:
        yield lab


@asynccontextmanager
async def listening(handler: Handler, host: str = LOOPBACK) -> AsyncIterator[int]:
    """Serve TCP connections on a free port and give the port."""
    [sock] = bound_sockets([(host, STREAM)], 0)
    async with tcp_server(sock, handler):
        yield sock.getsockname()[1]


@asynccontextmanager
async def listening_udp(protocol: DatagramServer, host: str = LOOPBACK) -> AsyncIterator[int]:
    """Serve UDP on a free port and give the port."""
    [sock] = bound_sockets([(host, DATAGRAM)], 0)
    async with udp_server(sock, protocol):
        yield sock.getsockname()[1]


@asynccontextmanager
async def name_server(addresses: Mapping[str, Sequence[str]]) -> AsyncIterator[int]:
    """Answer for these names and give the port."""
    udp, tcp = bound_sockets([(LOOPBACK, DATAGRAM), (LOOPBACK, STREAM)], 0)
    async with dns_server(udp, tcp, Zone(addresses, "faulty.invalid", Dns())):
        yield udp.getsockname()[1]


def wants_login(_request: Request) -> bytes:
    """Ask for the login, whatever was asked."""
    return response(200, "OK", [("Set-Cookie", "webvpnlogin=1; secure")])


def log_in(request: Request) -> bytes:
    """Ask for the login after GET, accept any after POST and give a session."""
    if request.method == "GET":
        return wants_login(request)
    return response(200, "OK", [("Set-Cookie", f"webvpn={SESSION_COOKIE}; secure")])


@dataclass
class Seen:
    """What the recording gateway saw: the address, the client certificate (DER) and the requests of each session."""

    address: str
    client: bytes | None
    requests: list[Request] = field(default_factory=list)


class RecordingGateway:
    """A healthy gateway that notes every session that was completed with it. `cert_hash` is that of its certificate."""

    def __init__(
        self, answer: Answer = log_in, *, certificate: Certificate | None = None, settings: Gateway | None = None
    ) -> None:
        self._answer = answer
        self._settings = settings or Gateway()
        self._pki = LabPki(datetime.now(UTC))
        self._certificate = certificate or Certificate()
        self.sessions: list[Seen] = []

    def twin(self) -> RecordingGateway:
        """Return another address of the same gateway: it shows the same certificate and notes its own sessions."""
        other = RecordingGateway(self._answer, certificate=self._certificate, settings=self._settings)
        other._pki = self._pki
        return other

    @property
    def cert_hash(self) -> str:
        """The certHash that names the certificate it shows."""
        return self._pki.cert_hash(CertHash(of=self._certificate))

    @property
    def requests(self) -> list[Request]:
        """The requests of all sessions."""
        return [request for session in self.sessions for request in session.requests]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Complete the handshake, answer every request and note both."""
        authorities = [self._pki.authority(name) for name in self._settings.asks_for or ()]
        context = server_context(self._settings, [self._pki.gateway(self._certificate)], authorities)
        stream = TlsStream(context, reader, writer)
        client = await stream.handshake()
        address = str(writer.get_extra_info("sockname")[0])
        session = Seen(address, None if client is None else client.public_bytes(Encoding.DER))
        self.sessions.append(session)
        while (request := await read_request(stream)) is not None:
            session.requests.append(request)
            answer = self._answer(request)
            for part in (answer,) if isinstance(answer, bytes) else answer:
                await stream.write(part)

    @asynccontextmanager
    async def at(self, *hosts: str) -> AsyncIterator[int]:
        """Listen at every host, all at one free port, and give the port."""
        sockets = bound_sockets([(host, STREAM) for host in hosts], 0)
        async with AsyncExitStack() as stack:
            for sock in sockets:
                await stack.enter_async_context(tcp_server(sock, self.serve))
            yield sockets[0].getsockname()[1]
