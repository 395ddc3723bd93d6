"""One visit to one address of a federation target: first flights, handshakes, and SIP over a session.

Manners (design section 5): the operator's certificate goes only to an edge that asked for one and whose own leaf names
the target; to anybody else it is withheld.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Final

import msgspec

from vpnprobe.model.federation import EdgeTarget, EdgeVisit, PathReading, SipExchange
from vpnprobe.model.observation import FirstFlight, Handshake
from vpnprobe.model.target import Endpoint
from vpnprobe.phones.profile import edge_hellos
from vpnprobe.pki.certificate import describe
from vpnprobe.pki.edgename import decide_edge_name
from vpnprobe.probes.flights import FlightRunner, Hello
from vpnprobe.probes.options import ANONYMOUS_USER, FederationOptions
from vpnprobe.probes.ration import Ration
from vpnprobe.probes.recorder import Recorder
from vpnprobe.wire.tls.registry import Version

if TYPE_CHECKING:
    from vpnprobe.pki.trust import RootStore
    from vpnprobe.transport.tls_settings import ClientCredential, HandshakeFacts, TlsSettings

EDGE_HELLO: Final = "microsoft-edge"

# An old server's SIP is worth asking too, so the handshake goes down to TLS 1.0.
_OLD_HELLO: Final = "tls10"

# What stands in Via for this machine: its name is nobody's business, and the answer comes over the same session.
_NO_NAME: Final = "anonymous.invalid"


class Visit:
    """Everything tried at one address. `frozen` gives what there is at any moment."""

    def __init__(
        self,
        options: FederationOptions,
        recorder: Recorder,
        target: EdgeTarget,
        endpoint: Endpoint,
        *,
        views: tuple[str, ...],
        ration: Ration,
        not_dialled: str | None = None,
    ) -> None:
        self.not_dialled = not_dialled
        self._options = options
        self._recorder = recorder
        self._target = target
        self.endpoint = endpoint
        self._views = views
        self._runner = FlightRunner(recorder, options.network, ration)
        self._flights: list[FirstFlight] = []
        self._handshakes: list[Handshake] = []
        self._session: TlsSettings | None = None
        self._handshake_chain: tuple[bytes, ...] = ()
        self._path: PathReading | None = None
        self._sip: SipExchange | None = None

    @property
    def answered(self) -> bool:
        """Whether any hello was accepted."""
        return any(flight.failure is None for flight in self._flights)

    @property
    def completed(self) -> bool:
        """Whether a handshake came to its end."""
        return any(handshake.completed for handshake in self._handshakes)

    @property
    def wants_certificate(self) -> bool:
        """Whether the handshakes ended before their end at an edge that asked for a certificate."""
        return not self.completed and any(one.client_certificate_requested for one in self._handshakes)

    @property
    def replied(self) -> bool:
        """Whether there was a final answer to the OPTIONS."""
        return self._sip is not None and self._sip.status is not None

    @property
    def chain(self) -> tuple[bytes, ...]:
        """The chain that the edge's own hello was shown, else another hello, else a handshake. DER, leaf first."""
        shown = [flight for flight in self._flights if flight.chain]
        own = next((flight for flight in shown if flight.hello == EDGE_HELLO), shown[0] if shown else None)
        return self._recorder.certificates(own.chain) if own is not None else self._handshake_chain

    async def look(self, hellos: tuple[Hello, ...]) -> None:
        """Send every hello, the edge's own first and alone."""
        await self._runner.look_with_all(self.endpoint, hellos, self._target.host, self._flights)
        names = [hello.id for hello in hellos]
        self._flights.sort(key=lambda flight: names.index(flight.hello))

    async def shake_hands(self) -> None:
        """Complete a handshake without a client certificate, then with it where it is asked for and may be sent."""
        facts = await self._handshake(None, None)
        client = self._options.client
        if client is None or not facts.client_certificate_requested or not facts.chain:
            return
        leaf = describe(facts.chain[0])
        if decide_edge_name(self._target.host, leaf).accepts is True:
            await self._handshake(client, self._recorder.keep(facts.chain[:1])[0])

    async def ask_sip(self) -> None:
        """Send one OPTIONS over a session like the last one that was completed.

        That one was closed: kept open until here it would be one connection more than the ration allows.
        """
        from vpnprobe.transport.sip import ask_options
        from vpnprobe.transport.tls import HandshakeFailed, handshake

        assert self._session is not None
        where, timeout = self.endpoint, self._options.network.timeout
        uri = f"sip:{self._options.domain}"
        try:
            async with self._runner.ration.turn():
                connection = await handshake(where.host, where.port, self._session, timeout=timeout)
                try:
                    exchange = await ask_options(
                        connection,
                        uri=uri,
                        from_uri=f"sip:{self._options.sip_from}",
                        local=_NO_NAME,
                        timeout=timeout,
                        token=lambda: secrets.token_hex(8),
                    )
                finally:
                    await connection.close()
        except HandshakeFailed as error:
            exchange = SipExchange(uri=uri, failure=error.failure)
        name = next((one.client_certificate for one in reversed(self._handshakes) if one.completed), None)
        sender = self._options.sip_from if self._options.sip_from != ANONYMOUS_USER else None
        self._sip = msgspec.structs.replace(exchange, client_certificate=name, sender=sender)

    def read_path(self, public: RootStore) -> None:
        """Build the certification path of the chain."""
        from vpnprobe.pki.trust import read_path

        if chain := self.chain:
            self._path = read_path(chain, public, self._options.given_roots, at=self._recorder.started_at)

    def frozen(self) -> EdgeVisit:
        """Return what there is."""
        return EdgeVisit(
            target=self._target.host,
            address=str(self.endpoint),
            views=self._views,
            not_dialled=self.not_dialled,
            flights=tuple(self._flights),
            handshakes=tuple(self._handshakes),
            path=self._path,
            sip=self._sip,
        )

    async def _handshake(self, client: ClientCredential | None, leaf: str | None) -> HandshakeFacts:
        from vpnprobe.transport.tls import HandshakeFailed, handshake

        began = time.monotonic()
        failure = None
        settings = _settings(self._target.host, client, leaf)
        where = self.endpoint
        try:
            async with self._runner.ration.turn():
                connection = await handshake(where.host, where.port, settings, timeout=self._options.network.timeout)
                await connection.close()
        except HandshakeFailed as error:
            facts, failure = error.facts, error.failure
        else:
            facts = connection.facts
            self._session = settings
        chain = self._recorder.keep(facts.chain)
        self._handshake_chain = facts.chain or self._handshake_chain
        sent = client is not None and facts.client_certificate_sent
        self._handshakes.append(
            Handshake(
                address=str(where),
                engine=facts.engine,
                completed=failure is None,
                failure=failure,
                version=facts.version,
                suite_name=facts.suite_name,
                leaf=chain[0] if chain else None,
                client_certificate_requested=facts.client_certificate_requested,
                client_certificate=self._recorder.keep(client.chain)[0] if client is not None and sent else None,
                authorities=facts.authorities,
                duration_s=round(time.monotonic() - began, 6),
            )
        )
        return facts


def _settings(target: str, client: ClientCredential | None, leaf: str | None) -> TlsSettings:
    from vpnprobe.transport.tls_settings import TlsSettings

    hellos = edge_hellos()
    return TlsSettings(
        minimum=Version.TLS1_0,
        maximum=Version.TLS1_2,
        suites=tuple(dict.fromkeys((*hellos[EDGE_HELLO].suites, *hellos[_OLD_HELLO].suites))),
        server_name=target,
        client=client,
        expected_leaf=leaf,
    )
