"""The handshake and login stages: what a phone does after it has trusted the gateway.

Manners (design section 5): one login attempt per run and no retry after a refusal; nothing secret goes to a gateway
that the phone's own decision did not accept.
"""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Literal

import msgspec

from vpnprobe.model.errors import TransportError
from vpnprobe.model.observation import FirstFlight, Handshake, HttpExchange, Login
from vpnprobe.model.target import Endpoint, parse_endpoint
from vpnprobe.probes.flights import FlightRunner, Hello
from vpnprobe.probes.options import PhoneOptions
from vpnprobe.probes.recorder import Recorder
from vpnprobe.transport.names import Resolver
from vpnprobe.wire.webvpn import redirect_endpoint

if TYPE_CHECKING:
    from vpnprobe.transport.http import GatewayHttp
    from vpnprobe.transport.tls import TlsConnection
    from vpnprobe.transport.tls_settings import TlsSettings

Credential = Literal["none", "certificate", "password"]


class LoginStages:
    """Handshake and login at every address, over connections that both stages share.

    Use as an async context manager: it closes the connections however the run ends.
    """

    def __init__(
        self,
        options: PhoneOptions,
        recorder: Recorder,
        flights: FlightRunner,
        hello: Hello,
        resolver: Resolver,
    ) -> None:
        self._options = options
        self._recorder = recorder
        self._flights = flights
        self._hello = hello
        self._resolver = resolver
        self._open: dict[str, TlsConnection] = {}
        self._stack = AsyncExitStack()
        self._attempted = False

    async def __aenter__(self) -> LoginStages:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stack.aclose()

    async def handshake(self) -> None:
        """Complete a handshake at every address that answered the model's own hello.

        With `follow_phone` only where the phone itself would go on.
        """
        with self._recorder.stage("handshake") as outcome:
            answered = [flight for flight in self._own_flights() if flight.failure is None]
            if not answered:
                outcome.skip("first-flight")
                return
            for flight in answered:
                if self._trusted(flight.address) or not self._options.follow_phone:
                    await self._handshake_at(flight)
            if not self._open:
                outcome.fail("no handshake completed")

    async def login(self) -> None:
        """Send GET, and POST where there are credentials, over each open connection."""
        with self._recorder.stage("login") as outcome:
            if not self._options.login:
                outcome.skip("--no-login")
                return
            if not self._open:
                outcome.skip("handshake")
                return
            for address in tuple(self._open):
                self._recorder.logins.append(await self._login_at(address))

    def _own_flights(self) -> list[FirstFlight]:
        own = self._options.profile.id
        return [flight for flight in self._recorder.first_flights if flight.hello == own]

    def _trusted(self, address: str) -> bool:
        """Whether the phone itself would go on at this address: every decision it takes there is yes."""
        decisions = [d.goes_on for d in self._recorder.decisions if d.address == address]
        return bool(decisions) and all(goes_on is True for goes_on in decisions)

    async def _handshake_at(self, flight: FirstFlight) -> None:
        from vpnprobe.transport.tls import HandshakeFailed

        began = time.monotonic()
        failure = None
        try:
            connection = await self._connect(flight)
        except HandshakeFailed as error:
            facts, failure = error.facts, error.failure
        else:
            self._open[flight.address] = connection
            facts = connection.facts
        chain = self._recorder.keep(facts.chain)
        self._recorder.handshakes.append(
            Handshake(
                address=flight.address,
                engine=facts.engine,
                completed=failure is None,
                failure=failure,
                version=facts.version,
                suite_name=facts.suite_name,
                leaf=chain[0] if chain else None,
                client_certificate_requested=facts.client_certificate_requested,
                client_certificate=self._client_name() if facts.client_certificate_sent else None,
                authorities=facts.authorities,
                duration_s=round(time.monotonic() - began, 6),
            )
        )

    async def _connect(self, flight: FirstFlight) -> TlsConnection:
        """Complete a handshake; the connection is closed with the stages. Raises `HandshakeFailed`."""
        from vpnprobe.transport.tls import handshake

        where = parse_endpoint(flight.address, self._options.group_url.port)
        async with self._flights.ration.turn():
            connection = await handshake(
                where.host, where.port, self._settings(flight), timeout=self._options.network.timeout
            )
        self._stack.push_async_callback(connection.close)
        return connection

    def _client_name(self) -> str | None:
        client = self._options.client
        return self._recorder.keep(client.chain)[0] if client is not None else None

    def _settings(self, flight: FirstFlight) -> TlsSettings:
        from vpnprobe.transport.tls_settings import TlsSettings

        hello = self._options.profile.hello
        trusted = self._trusted(flight.address)
        return TlsSettings(
            minimum=self._options.profile.minimum_version,
            maximum=hello.client_version,
            suites=hello.suites,
            server_name=flight.server_name,
            client=self._options.client if trusted else None,
            # Nothing secret is at stake elsewhere, and a changed leaf is worth seeing to the end.
            expected_leaf=flight.chain[0] if trusted else None,
        )

    async def _login_at(self, address: str) -> Login:
        """Run the phone's login at one address: GET, then POST where it is asked for, allowed and not tried yet."""
        from vpnprobe.transport.http import GatewayHttp

        options = self._options
        timeout = options.network.timeout
        path = options.group_url.path
        client = GatewayHttp(self._open[address], options.group_url.authority, options.profile.user_agent)
        credential: Credential = "none"
        try:
            exchanges = [await client.exchange("GET", path, timeout=timeout)]
            if exchanges[0].answer == "wants-login" and self._may_post(address):
                credential = "password" if options.password else "certificate"
                exchanges.append(await self._post(client, address))
        finally:
            self._note_later_handshake(address)
            await client.close()
        host, flight = await self._redirect(exchanges[-1])
        return Login(
            address=address,
            credential=credential,
            answer=exchanges[-1].answer,
            exchanges=tuple(exchanges),
            redirect_host=host,
            redirect_flight=flight,
        )

    def _note_later_handshake(self, address: str) -> None:
        """Add to the handshake's record what a renegotiation within the login has shown."""
        facts = self._open[address].facts
        recorded = self._recorder.handshakes
        at = next(index for index, one in enumerate(recorded) if one.address == address)
        recorded[at] = msgspec.structs.replace(
            recorded[at],
            client_certificate_requested=facts.client_certificate_requested,
            client_certificate=self._client_name() if facts.client_certificate_sent else None,
            authorities=facts.authorities,
        )

    async def _post(self, client: GatewayHttp, address: str) -> HttpExchange:
        """Send the credentials, over a new session where the gateway ended the first one with its answer."""
        path = self._options.group_url.path
        if client.closed:
            flight = next(flight for flight in self._own_flights() if flight.address == address)
            try:
                client.go_on_over(await self._connect(flight))
            except TransportError as error:
                return HttpExchange(method="POST", path=path, failure=error.failure)
        self._attempted = True
        return await client.exchange("POST", path, form=self._form(), timeout=self._options.network.timeout)

    def _may_post(self, address: str) -> bool:
        has_credential = self._options.client is not None or self._options.password is not None
        return has_credential and not self._attempted and self._trusted(address)

    def _form(self) -> dict[str, str]:
        """A certificate login posts an empty body; the certificate went with the handshake (protocol facts 1.3)."""
        password = self._options.password
        return {} if password is None else {"username": password.user, "password": password.password}

    async def _redirect(self, exchange: HttpExchange) -> tuple[str | None, FirstFlight | None]:
        """See which certificate the host of a redirect shows; nothing more is asked of it."""
        if exchange.answer != "redirect-other-host":
            return None, None
        location = next((value for name, value in exchange.headers if name == "location"), "")
        target = redirect_endpoint(location, self._options.group_url.endpoint)
        if target is None:
            return None, None
        resolution = await self._resolver.resolve(target.host, self._options.network.families)
        if not resolution.addresses:
            return str(target), None
        where = Endpoint(resolution.addresses[0], target.port)
        return str(target), await self._flights.look(where, self._hello, target.host)
