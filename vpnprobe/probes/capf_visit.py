"""One visit to one address of a CAPF: TCP and the model's hello, a session, and what the server says first.

Not one byte of ours goes into the session: the answer to a greeting could start a certificate operation.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from vpnprobe.model.capf import CapfVisit, Family, Greeting, Spoke
from vpnprobe.model.errors import WireError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import CertificateRequest, FirstFlight, Handshake
from vpnprobe.model.target import Endpoint
from vpnprobe.phones.profile import PhoneProfile, load_profile
from vpnprobe.probes.flights import FlightRunner
from vpnprobe.probes.hellos import profile_hello
from vpnprobe.probes.options import NetworkOptions
from vpnprobe.probes.recorder import Recorder
from vpnprobe.wire.capf import HEADER_BYTES, parse_greeting

if TYPE_CHECKING:
    from vpnprobe.transport.capf import GreetingCapture
    from vpnprobe.transport.tls import TlsConnection

MODERN: Final = "modern"
"""The hello that is sent where the model's is refused: it shows whether the server takes other versions."""

_EXCERPT_BYTES: Final = 160
_HANGS_UP: Final = frozenset({FailureKind.CLOSED, FailureKind.RESET})
# How servers turn a hello down.
_REFUSALS: Final = _HANGS_UP | {FailureKind.TLS_ALERT}


class AddressVisit:
    """Everything tried at one address; `frozen` gives each attempt that has ended."""

    def __init__(
        self, endpoint: Endpoint, server_name: str, profile: PhoneProfile, recorder: Recorder, network: NetworkOptions
    ) -> None:
        self.endpoint = endpoint
        self.family: Family = "IPv6" if ":" in endpoint.host else "IPv4"
        self._server_name = server_name
        self._profile = profile
        self._recorder = recorder
        self._timeout = network.timeout
        self._runner = FlightRunner(recorder, network)
        self._attempt = 0
        self._began = 0.0
        self._flight: FirstFlight | None = None
        self._handshake: Handshake | None = None
        self._connection: TlsConnection | None = None
        self._chain: tuple[str, ...] = ()
        self._ended: list[CapfVisit] = []

    @property
    def frozen(self) -> tuple[CapfVisit, ...]:
        """The attempts that have ended."""
        return tuple(self._ended)

    @property
    def connected(self) -> bool:
        """Whether the last attempt has, or had, a TCP connection."""
        return self._flight is not None and self._flight.connect_s > 0

    @property
    def accepted(self) -> bool:
        """Whether the model's hello was accepted in the last attempt."""
        return self._flight is not None and self._flight.failure is None

    @property
    def established(self) -> bool:
        """Whether the handshake of the last attempt came to its end."""
        return self._handshake is not None and self._handshake.completed

    @property
    def chain(self) -> tuple[str, ...]:
        """The certificates shown in the last attempt."""
        return self._chain

    @property
    def greeted(self) -> bool:
        """Whether the last attempt that ended brought a greeting."""
        return bool(self._ended) and self._ended[-1].spoke == "capf"

    async def connect(self) -> None:
        """Begin an attempt: connect, and send the model's hello; where it is refused, a modern one too."""
        self._attempt += 1
        self._began = time.monotonic()
        self._handshake = None
        self._chain = ()
        hello = profile_hello(self._profile)
        self._flight = flight = await self._runner.look(self.endpoint, hello, self._server_name)
        self._recorder.first_flights.append(flight)
        failure = flight.failure
        if failure is None:
            self._chain = flight.chain
            return
        if flight.connect_s > 0 and failure.kind in _REFUSALS and self._profile.id != MODERN:
            modern = profile_hello(load_profile(MODERN))
            self._recorder.first_flights.append(await self._runner.look(self.endpoint, modern, self._server_name))
        self._end(_spoke(flight), failure=failure, excerpt=flight.excerpt, problem=_unwrapped(flight.excerpt))

    async def shake_hands(self) -> None:
        """Complete a handshake with the model's version and suites, and keep the session open."""
        from vpnprobe.transport.tls import HandshakeFailed, handshake
        from vpnprobe.transport.tls_settings import TlsSettings

        hello = self._profile.hello
        settings = TlsSettings(
            minimum=self._profile.minimum_version,
            maximum=hello.client_version,
            suites=hello.suites,
            server_name=self._server_name if hello.server_name else None,
        )
        began = time.monotonic()
        failure = None
        try:
            async with self._runner.ration.turn():
                connection = await handshake(self.endpoint.host, self.endpoint.port, settings, timeout=self._timeout)
        except HandshakeFailed as error:
            facts, failure = error.facts, error.failure
        else:
            self._connection = connection
            facts = connection.facts
        self._chain = self._recorder.keep(facts.chain) or self._chain
        self._handshake = Handshake(
            address=str(self.endpoint),
            engine=facts.engine,
            completed=failure is None,
            failure=failure,
            version=facts.version,
            suite_name=facts.suite_name,
            leaf=self._chain[0] if facts.chain else None,
            client_certificate_requested=facts.client_certificate_requested,
            authorities=facts.authorities,
            duration_s=round(time.monotonic() - began, 6),
        )
        self._recorder.handshakes.append(self._handshake)
        if failure is not None:
            self._end("tls-failed", failure=failure)

    async def listen(self) -> None:
        """Read what the server says first, and close."""
        from vpnprobe.transport.capf import read_greeting

        assert self._connection is not None
        try:
            capture = await read_greeting(self._connection, timeout=self._timeout)
        finally:
            await self.close()
        self._end_of_session(capture)

    async def close(self) -> None:
        """Close a session that is still open."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def repeat(self) -> None:
        """Make one more whole attempt."""
        await self.connect()
        if self.accepted:
            await self.shake_hands()
        if self.established:
            await self.listen()

    def _end_of_session(self, capture: GreetingCapture) -> None:
        received, failure = capture.received, capture.failure
        excerpt = received[:_EXCERPT_BYTES].decode("latin-1") or None
        if capture.greeting is not None:
            more = len(received) - capture.greeting.length - HEADER_BYTES
            problem = f"{more} bytes follow the greeting, though nothing was answered" if more else None
            self._end("capf", greeting=capture.greeting, problem=problem)
        elif capture.problem is not None:
            self._end("other", excerpt=excerpt, problem=capture.problem)
        elif received:
            self._end("other", failure=failure, excerpt=excerpt, problem="a greeting that breaks off")
        elif failure is not None and failure.kind in _HANGS_UP:
            self._end("closed", failure=failure)
        elif failure is not None and failure.kind is FailureKind.TIMEOUT:
            self._end("silent", failure=failure)
        else:
            self._end("tls-failed", failure=failure)

    def _end(
        self,
        spoke: Spoke,
        *,
        failure: Failure | None = None,
        greeting: Greeting | None = None,
        excerpt: str | None = None,
        problem: str | None = None,
    ) -> None:
        self._ended.append(
            CapfVisit(
                address=str(self.endpoint),
                family=self.family,
                spoke=spoke,
                attempt=self._attempt,
                chain=self._chain,
                certificate_request=self._request(),
                greeting=greeting,
                excerpt=excerpt,
                failure=failure,
                problem=problem,
                connect_s=self._flight.connect_s if self._flight is not None else 0.0,
                duration_s=round(time.monotonic() - self._began, 6),
            )
        )

    def _request(self) -> CertificateRequest | None:
        """Return the server's request for a certificate of the phone, from whichever of the two connections had it."""
        if self._flight is not None and self._flight.certificate_request is not None:
            return self._flight.certificate_request
        if self._handshake is not None and self._handshake.client_certificate_requested:
            return CertificateRequest(authorities=self._handshake.authorities)
        return None


def _unwrapped(excerpt: str | None) -> str | None:
    """Say where an answer that is not TLS is nonetheless CAPF's greeting."""
    try:
        found = parse_greeting((excerpt or "").encode("latin-1"))
    except WireError:
        return None
    return None if found is None else "the greeting of CAPF, but without TLS"


def _spoke(flight: FirstFlight) -> Spoke:
    """Say what an answer to the hello was that is not TLS to its end."""
    if not flight.connect_s or flight.failure is None:
        return "no-connection"
    match flight.failure.kind:
        case FailureKind.TIMEOUT:
            return "silent"
        case FailureKind.CLOSED | FailureKind.RESET:
            return "closed"
        case FailureKind.NOT_TLS:
            return "plain"
        case _:
            return "tls-failed"
