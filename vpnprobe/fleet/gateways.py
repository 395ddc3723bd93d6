"""Each gateway of a fleet, looked at once for all the phones that dial it alike.

TLS happens before a phone sends the path of its URL, so what a gateway shows depends on address, port, name and hello
alone. A sweep of any size costs one look for each gateway and profile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from vpnprobe.checks.wording import describe_failure
from vpnprobe.fleet.once import end, shared
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.fleet import GatewaySight
from vpnprobe.model.observation import FirstFlight, Resolution
from vpnprobe.model.target import Endpoint, GroupUrl, Persona, Target, parse_endpoint
from vpnprobe.phones.profile import PhoneProfile
from vpnprobe.pki.certificate import describe
from vpnprobe.probes.flights import FlightRunner
from vpnprobe.probes.hellos import all_matrix_hellos, profile_hello
from vpnprobe.probes.login import LoginStages
from vpnprobe.probes.options import NetworkOptions, PhoneOptions
from vpnprobe.probes.rations import Rations
from vpnprobe.probes.recorder import Recorder
from vpnprobe.transport.names import Resolver

# A look needs a phone's options, and none of it depends on the MAC.
_NO_MAC = "0" * 12


@dataclass(frozen=True, slots=True)
class GatewayLook:
    """One gateway as one profile's hello found it: for a phone's line, and as Evidence without a configuration."""

    sight: GatewaySight
    evidence: Evidence


class GatewayBook:
    """Looks at gateways, each once for each profile, however many phones ask at the same time."""

    def __init__(self, network: NetworkOptions, resolver: Resolver) -> None:
        self._network = network
        self._resolver = resolver
        self._rations = Rations(network.parallel, network.pause)
        self._looks: dict[str, asyncio.Task[GatewayLook]] = {}
        self._resolutions: dict[str, asyncio.Task[Resolution]] = {}
        self._matrix: dict[str, asyncio.Task[_Flights]] = {}

    async def look(self, group_url: GroupUrl, profile: PhoneProfile) -> GatewayLook:
        """Return what this gateway shows to this profile. What fails is in the Evidence; nothing is raised."""
        key = f"{group_url.endpoint} {profile.id}"
        look = self._looks.get(key)
        if look is None:
            look = self._looks[key] = asyncio.ensure_future(self._look(key, group_url, profile))
        return await shared(look)

    async def close(self) -> None:
        """End the looks that nobody waits for any more."""
        await end((*self._looks.values(), *self._resolutions.values(), *self._matrix.values()))

    async def _look(self, key: str, group_url: GroupUrl, profile: PhoneProfile) -> GatewayLook:
        recorder = Recorder(
            "phone",
            Target(gateway=group_url.endpoint, group_url=group_url, resolvers=self._network.resolvers),
            Persona(profile=profile.id, model=profile.model),
            login_wanted=False,
        )
        flights = FlightRunner(recorder, self._network, self._rations.of(group_url.host))
        with recorder.stage("resolve") as outcome:
            recorder.resolution = resolution = await self._resolved(group_url.host)
            if not resolution.addresses:
                outcome.fail("no address")
        with recorder.stage("first-flight") as outcome:
            if not resolution.addresses:
                outcome.skip("resolve")
            else:
                endpoints = [Endpoint(address, group_url.port) for address in resolution.addresses]
                await flights.look_everywhere(endpoints, [profile_hello(profile)], group_url.host)
                if not any(flight.failure is None for flight in recorder.first_flights):
                    outcome.fail("no address answered this model's hello")
                await self._add_matrix(recorder, group_url)
        options = PhoneOptions(group_url=group_url, mac=_NO_MAC, profile=profile, login=False, network=self._network)
        async with LoginStages(options, recorder, flights, profile_hello(profile), self._resolver) as stages:
            await stages.handshake()
            await stages.login()
        evidence = recorder.evidence()
        return GatewayLook(_sight(key, evidence), evidence)

    async def _resolved(self, host: str) -> Resolution:
        task = self._resolutions.get(host)
        if task is None:
            task = self._resolutions[host] = asyncio.ensure_future(self._resolver.resolve(host, self._network.families))
        return await shared(task)

    async def _add_matrix(self, recorder: Recorder, group_url: GroupUrl) -> None:
        """Add what the hellos of the certificate matrix are shown where a connection is to be had."""
        for own in tuple(recorder.first_flights):
            if not own.connect_s:
                continue
            where = parse_endpoint(own.address, group_url.port)
            key = f"{group_url.host} {where}"
            task = self._matrix.get(key)
            if task is None:
                task = self._matrix[key] = asyncio.ensure_future(self._matrix_at(where, group_url))
            seen = await shared(task)
            recorder.first_flights += seen.flights
            recorder.keep(list(seen.certificates.values()))

    async def _matrix_at(self, where: Endpoint, group_url: GroupUrl) -> _Flights:
        apart = Recorder("phone", Target(gateway=group_url.endpoint), Persona(profile=""))
        flights = FlightRunner(apart, self._network, self._rations.of(group_url.host))
        await flights.look_everywhere([where], all_matrix_hellos(), group_url.host)
        return _Flights(tuple(apart.first_flights), apart.evidence().certificates)


@dataclass(frozen=True, slots=True)
class _Flights:
    flights: tuple[FirstFlight, ...]
    certificates: dict[str, bytes]


def _sight(key: str, evidence: Evidence) -> GatewaySight:
    own = sorted(evidence.flights(evidence.persona.profile), key=lambda flight: flight.address)
    leaves = {flight.address: flight.chain[0] if flight.chain else None for flight in own}
    facts = {name: describe(evidence.certificates[name]) for name in leaves.values() if name is not None}
    resolution = evidence.resolution
    failure = resolution.failure if resolution is not None else None
    return GatewaySight(
        key=key,
        profile=evidence.persona.profile,
        addresses=tuple(leaves) or (resolution.addresses if resolution is not None else ()),
        leaves=leaves,
        cert_hashes={name: fact.cert_hash for name, fact in facts.items()},
        subjects={name: fact.subject or "" for name, fact in facts.items()},
        not_after={name: fact.not_after for name, fact in facts.items()},
        failure=failure or next((flight.failure for flight in own if flight.failure is not None), None),
        doubts=() if resolution is None else tuple(_doubts(resolution)),
    )


def _doubts(resolution: Resolution) -> Iterator[str]:
    if resolution.source == "hosts-file":
        yield "its name was found in this machine's own hosts file, which no phone has"
    if resolution.left_out:
        yield f"its name has {resolution.left_out} more addresses, which were not dialled"
    if resolution.partial is not None and resolution.source == "dns":
        why = describe_failure(resolution.partial)
        yield f"of its name the addresses of one IP version are not known ({why}); -4 or -6 leaves that out"
