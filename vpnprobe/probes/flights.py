"""The first-flight stage: one hello after the other to every address, each answer as an observation."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

import msgspec

from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import CertificateRequest, FirstFlight, KeyExchange
from vpnprobe.model.target import Endpoint
from vpnprobe.probes.options import NetworkOptions
from vpnprobe.probes.ration import Ration
from vpnprobe.probes.recorder import Recorder
from vpnprobe.transport.flight import FlightCapture, first_flight
from vpnprobe.wire.tls.handshake import DheParams, EcdheParams, ServerKeyExchange
from vpnprobe.wire.tls.hello import RANDOM_BYTES, HelloTemplate
from vpnprobe.wire.tls.outcome import FlightResult

_EXCERPT_LENGTH = 160


class Hello(msgspec.Struct, frozen=True):
    """A hello with the id that observations name it by."""

    id: str
    template: HelloTemplate


class FlightRunner:
    """Sends hellos to one gateway within its ration (one of its own unless given) and records what comes back."""

    def __init__(self, recorder: Recorder, network: NetworkOptions, ration: Ration | None = None) -> None:
        self.ration = ration or Ration(network.parallel, network.pause)
        self._recorder = recorder
        self._timeout = network.timeout

    async def look(self, endpoint: Endpoint, hello: Hello, server_name: str | None) -> FirstFlight:
        """Send one hello to an address (IP literal and port) and return what came back; it is not recorded yet."""
        async with self.ration.turn():
            capture = await first_flight(
                endpoint.host,
                endpoint.port,
                hello.template,
                server_name=server_name,
                timeout=self._timeout,
                random=os.urandom(RANDOM_BYTES),
            )
        return self._observation(endpoint, hello, server_name, capture)

    async def look_everywhere(
        self, endpoints: Sequence[Endpoint], hellos: Sequence[Hello], server_name: str | None
    ) -> None:
        """Send every hello to every address, as `look_with_all` does, and record each answer."""
        seen = self._recorder.first_flights
        async with asyncio.TaskGroup() as group:
            for endpoint in endpoints:
                group.create_task(self.look_with_all(endpoint, hellos, server_name, seen))
        addresses = [str(endpoint) for endpoint in endpoints]
        names = [hello.id for hello in hellos]
        seen.sort(key=lambda flight: (addresses.index(flight.address), names.index(flight.hello)))

    async def look_with_all(
        self, endpoint: Endpoint, hellos: Sequence[Hello], server_name: str | None, seen: list[FirstFlight]
    ) -> None:
        """Send every hello to one address and append each answer to `seen` as it comes.

        The first hello goes alone: where not even a connection is to be had, the others are not tried. Where it meets
        silence, a second one shows whether that was about the hello; a second silence is waited for, not four.
        """

        async def look(hello: Hello) -> FirstFlight:
            flight = await self.look(endpoint, hello, server_name)
            seen.append(flight)
            return flight

        flight = await look(hellos[0])
        others = hellos[1:]
        if others and _is_silent(flight):
            flight = await look(others[0])
            others = others[1:]
        if not flight.connect_s or _is_silent(flight):
            return
        async with asyncio.TaskGroup() as group:
            for hello in others:
                group.create_task(look(hello))

    def _observation(
        self, endpoint: Endpoint, hello: Hello, server_name: str | None, capture: FlightCapture
    ) -> FirstFlight:
        result = capture.flight
        template = hello.template
        return FirstFlight(
            address=str(endpoint),
            hello=hello.id,
            server_name=server_name if template.server_name else None,
            offered_version=template.client_version,
            offered_suites=template.suites,
            failure=_failure(capture),
            version=result.version if result else None,
            suite=result.suite if result else None,
            chain=self._recorder.keep(result.chain or ()) if result else (),
            key_exchange=_key_exchange(result.key_exchange) if result and result.key_exchange else None,
            certificate_request=_request(result) if result else None,
            alerts=tuple(alert.description for alert in result.alerts) if result else (),
            breaches=tuple(str(breach) for breach in result.breaches) if result else (),
            excerpt=_excerpt(result) if result else None,
            connect_s=round(capture.connect_s, 6) if result else 0.0,
            duration_s=round(capture.duration_s, 6),
        )


def _is_silent(flight: FirstFlight) -> bool:
    """Whether the connection opened and nothing came."""
    return flight.connect_s > 0 and flight.failure is not None and flight.failure.kind is FailureKind.TIMEOUT


def _failure(capture: FlightCapture) -> Failure | None:
    if capture.failure is not None:
        return capture.failure
    return capture.flight.failure if capture.flight else None


def _key_exchange(message: ServerKeyExchange) -> KeyExchange:
    params = message.params
    if isinstance(params, EcdheParams):
        return KeyExchange(kind="ecdhe", group=params.group, signature_scheme=message.scheme)
    if isinstance(params, DheParams):
        return KeyExchange(kind="dhe", bits=params.bits, signature_scheme=message.scheme)
    return KeyExchange(kind="other", signature_scheme=message.scheme)


def _request(result: FlightResult) -> CertificateRequest | None:
    request = result.certificate_request
    if request is None:
        return None
    return CertificateRequest(
        certificate_types=request.certificate_types,
        signature_schemes=request.schemes or (),
        authorities=request.authorities,
    )


def _excerpt(result: FlightResult) -> str | None:
    if result.not_tls is None:
        return None
    return result.not_tls.excerpt[:_EXCERPT_LENGTH].decode("latin-1")
