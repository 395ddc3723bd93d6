"""The run over given certificates: what they are held against is asked for once, then each one is Evidence of its own.

Nothing is asked of the network unless a gateway is named, or the certificate itself is to be had from a server.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from vpnprobe.model.certificates import CertificateUse, GivenCertificate
from vpnprobe.model.evidence import Evidence, Stage
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import CertificateRequest, FirstFlight, Resolution
from vpnprobe.model.target import Endpoint, Persona, Target
from vpnprobe.pki.certificate import describe
from vpnprobe.pki.phonecert import tell_use
from vpnprobe.probes.flights import FlightRunner
from vpnprobe.probes.hellos import all_matrix_hellos, profile_hello
from vpnprobe.probes.options import DEFAULT_NETWORK, NetworkOptions
from vpnprobe.probes.recorder import TOOL, Recorder
from vpnprobe.transport.names import Resolver

if TYPE_CHECKING:
    from vpnprobe.phones.profile import PhoneProfile
    from vpnprobe.pki.request import KeyRequest

# Tried where a server does not come to terms with the phone's own hello: which CAs it names does not depend on that.
_OTHER_HELLO = "both"

_READ = (Stage(name="read", status="done"), Stage(name="certificate", status="done"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateOptions:
    """What given certificates are held against.

    `profile` is the phone whose hello is sent, and where `chosen` also the one whose certificate it is to be. `use` is
    what the operator says that all of them are. `requests` are certificate requests of any phones, `capf` DER
    certificates of given trust lists. `gateway` is asked which CAs it takes client certificates of.
    """

    profile: PhoneProfile
    chosen: bool = False
    mac: str | None = None
    use: CertificateUse | None = None
    online_ca: bool = False
    requests: tuple[KeyRequest, ...] = ()
    capf: tuple[bytes, ...] = field(default=(), repr=False)
    gateway: Endpoint | None = None
    network: NetworkOptions = DEFAULT_NETWORK


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """A server that was looked at: its name resolved, first flights, and the certificates that they name."""

    resolution: Resolution
    flights: tuple[FirstFlight, ...] = ()
    certificates: dict[str, bytes] = field(default_factory=dict)

    @property
    def request(self) -> CertificateRequest | None:
        """The request for a client certificate of the first flight that has one."""
        asked = (flight.certificate_request for flight in self.flights)
        return next((request for request in asked if request is not None), None)

    def chains(self) -> list[tuple[str, tuple[bytes, ...]]]:
        """Return address and chain, leaf first, of each flight that showed one; a chain shown twice comes once."""
        shown: dict[tuple[bytes, ...], str] = {}
        for flight in self.flights:
            if flight.chain:
                shown.setdefault(tuple(self.certificates[name] for name in flight.chain), flight.address)
        return [(address, chain) for chain, address in shown.items()]


async def visit(
    options: CertificateOptions, endpoint: Endpoint, *, recorder: Recorder, other_hello: bool = False
) -> Visited:
    """Send the phone's hello to each address of a server; with `other_hello` also another one where that fails."""
    network = options.network
    resolution = await Resolver(network.resolvers, timeout=network.timeout).resolve(endpoint.host, network.families)
    runner = FlightRunner(recorder, network)
    flights: list[FirstFlight] = []
    hellos = [profile_hello(options.profile)]
    if other_hello:
        hellos += [hello for hello in all_matrix_hellos() if hello.id == _OTHER_HELLO]
    for address in resolution.addresses:
        where = Endpoint(address, endpoint.port)
        for hello in hellos:
            flight = await runner.look(where, hello, endpoint.host)
            flights.append(flight)
            if flight.failure is None or not flight.connect_s:
                break
    names = [name for flight in flights for name in flight.chain]
    kept = dict(zip(names, recorder.certificates(names), strict=True))
    return Visited(resolution=resolution, flights=tuple(flights), certificates=kept)


class CertificateRun:
    """Evidence for one certificate after the other; `ask_gateway` comes before the first where there is a gateway."""

    def __init__(self, options: CertificateOptions) -> None:
        self._options = options
        self._persona = Persona(
            profile=options.profile.id, model=options.profile.model, mac=options.mac, chosen=options.chosen
        )
        self._capf = {hashlib.sha256(der).hexdigest(): der for der in options.capf}
        self._gateway: Visited | None = None

    async def ask_gateway(self) -> None:
        """Look at the gateway within the deadline. What fails is in the Evidence of each certificate."""
        if self._options.gateway is not None:
            self._gateway = await self._visit(self._options.gateway, other_hello=True)

    async def visit(self, endpoint: Endpoint) -> Visited:
        """Look at a server whose certificate is to be judged, within the deadline."""
        return await self._visit(endpoint)

    async def _visit(self, endpoint: Endpoint, *, other_hello: bool = False) -> Visited:
        recorder = Recorder("certificate", Target(server=endpoint), self._persona)
        try:
            async with asyncio.timeout(self._options.network.deadline):
                return await visit(self._options, endpoint, recorder=recorder, other_hello=other_hello)
        except TimeoutError:
            late = Failure(kind=FailureKind.DEADLINE)
            return Visited(resolution=Resolution(name=endpoint.host, source="dns", failure=late))

    def evidence(
        self,
        source: str,
        der: bytes,
        *,
        place: int = 1,
        chain: Sequence[bytes] = (),
        is_shown: bool = False,
    ) -> Evidence:
        """Return the Evidence of one certificate.

        `chain` are the other certificates of its file or session. `is_shown`: a server showed it as its own.
        """
        options, gateway = self._options, self._gateway
        certificates = {hashlib.sha256(one).hexdigest(): one for one in (der, *chain)}
        first, *others = certificates
        request = gateway.request if gateway is not None else None
        use = options.use
        if use is None and is_shown and tell_use(describe(der)) in ("unknown", "ca"):
            use = "gateway"
        item = GivenCertificate(
            source=source,
            place=place,
            certificate=first,
            use_given=use,
            online_ca=options.online_ca,
            chain=tuple(others),
            request_keys=self._request_keys(der),
            capf=tuple(self._capf),
            authorities=request.authorities if request is not None else None,
        )
        label = source if place == 1 else f"{source}, certificate {place}"
        certificates.update(self._capf)
        if gateway is not None:
            certificates.update(gateway.certificates)
        return Evidence(
            tool=TOOL,
            probe="certificate",
            target=Target(source=label, resolvers=options.network.resolvers),
            persona=self._persona,
            started_at=datetime.now(UTC),
            stages=_READ,
            resolution=gateway.resolution if gateway is not None else None,
            first_flights=gateway.flights if gateway is not None else (),
            given_certificates=(item,),
            certificates=certificates,
        )

    def _request_keys(self, der: bytes) -> tuple[str, ...]:
        """Return the keys of requests of the same phone: their subject has one of its common names."""
        if not self._options.requests:
            return ()
        names = frozenset(describe(der).common_names)
        return tuple(one.key for one in self._options.requests if not names.isdisjoint(one.common_names))

    def nothing(self, source: str, because: str) -> Evidence:
        """Return the Evidence of a source that no certificate could be read from."""
        return Evidence(
            tool=TOOL,
            probe="certificate",
            target=Target(source=source, resolvers=self._options.network.resolvers),
            persona=self._persona,
            started_at=datetime.now(UTC),
            stages=(
                Stage(name="read", status="failed", because=because),
                Stage(name="certificate", status="skipped", because="read"),
            ),
        )


class CertificateProbe:
    """One run over all that one source has, as one Evidence: the leaf of a server at each address, or a file's.

    `source` is what reports call it. Nothing but `certificates` (DER) is looked at where there is no `server`; each is
    judged with the others as its chain.
    """

    def __init__(
        self,
        options: CertificateOptions,
        source: str,
        *,
        server: Endpoint | None = None,
        certificates: Sequence[bytes] = (),
    ) -> None:
        self._run = CertificateRun(options)
        self._source = source
        self._server = server
        self._certificates = tuple(certificates)
        self._started = datetime.now(UTC)

    async def run(self) -> Evidence:
        """Look at the source within the deadline and return the Evidence."""
        self._started, began = datetime.now(UTC), time.monotonic()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._run.ask_gateway())
            visiting = None if self._server is None else group.create_task(self._run.visit(self._server))
        found = self._given() if visiting is None else self._shown(visiting.result())
        return msgspec.structs.replace(found, started_at=self._started, duration_s=round(time.monotonic() - began, 6))

    def evidence(self, interrupted: Literal["interrupt", "deadline"] | None = None) -> Evidence:
        """Return the Evidence of a run that has not come to its end."""
        nothing = self._run.nothing(self._source, interrupted or "not read yet")
        return msgspec.structs.replace(nothing, started_at=self._started, interrupted=interrupted)

    def _given(self) -> Evidence:
        ders = self._certificates
        return self._together(
            [
                self._run.evidence(self._source, der, place=place + 1, chain=(*ders[:place], *ders[place + 1 :]))
                for place, der in enumerate(ders)
            ]
        )

    def _shown(self, visited: Visited) -> Evidence:
        chains = visited.chains()
        if not chains:
            failures = (visited.resolution.failure, *(flight.failure for flight in visited.flights))
            kind = next((failure.kind.value for failure in failures if failure is not None), "none was shown")
            return self._run.nothing(self._source, f"no certificate: {kind}")
        return self._together(
            [
                self._run.evidence(
                    self._source if len(chains) == 1 else f"{self._source} at {address}",
                    leaf,
                    chain=issuers,
                    is_shown=True,
                )
                for address, (leaf, *issuers) in chains
            ]
        )

    def _together(self, each: Sequence[Evidence]) -> Evidence:
        """Return one Evidence with the certificates of all; what they are held against is the same."""
        return msgspec.structs.replace(
            each[0],
            target=msgspec.structs.replace(each[0].target, source=self._source),
            given_certificates=tuple(item for one in each for item in one.given_certificates),
            certificates={name: der for one in each for name, der in one.certificates.items()},
        )
