"""The gateway probe: which certificate and suite each kind of phone is given, without imitating one phone's login."""

from __future__ import annotations

import asyncio
from typing import Literal

from vpnprobe.model.evidence import Evidence
from vpnprobe.model.target import Endpoint, Persona, Target
from vpnprobe.phones import all_profiles
from vpnprobe.probes.enumerate import enumerate_suites
from vpnprobe.probes.flights import FlightRunner, Hello
from vpnprobe.probes.hellos import all_matrix_hellos, profile_hello
from vpnprobe.probes.options import GatewayOptions
from vpnprobe.probes.recorder import Progress, Recorder
from vpnprobe.transport.names import Resolver


class GatewayProbe:
    """One run. `run` measures within the deadline; `evidence` gives what there is at any moment."""

    def __init__(self, options: GatewayOptions, *, progress: Progress | None = None) -> None:
        self._options = options
        self._recorder = Recorder(
            "gateway",
            Target(gateway=options.gateway, group_url=options.group_url, resolvers=options.network.resolvers),
            Persona(profile=options.profile.id, model=options.profile.model, chosen=options.chosen),
            progress=progress,
        )
        self._resolver = Resolver(options.network.resolvers, timeout=options.network.timeout)
        self._flights = FlightRunner(self._recorder, options.network)

    async def run(self) -> Evidence:
        """Run every stage that can run and return the Evidence; at the deadline, what there is by then."""
        try:
            async with asyncio.timeout(self._options.network.deadline):
                await self._run_stages()
        except TimeoutError:
            return self.evidence("deadline")
        return self.evidence()

    def evidence(self, interrupted: Literal["interrupt", "deadline"] | None = None) -> Evidence:
        """Return what was seen up to now, marked with what ended the run early."""
        return self._recorder.evidence(interrupted)

    async def _run_stages(self) -> None:
        host = self._options.gateway.host
        with self._recorder.stage("resolve") as outcome:
            resolution = await self._resolver.resolve(host, self._options.network.families)
            self._recorder.resolution = resolution
            if not resolution.addresses:
                outcome.fail("no address")
        endpoints = [Endpoint(address, self._options.gateway.port) for address in resolution.addresses]
        with self._recorder.stage("first-flight") as outcome:
            if not endpoints:
                outcome.skip("resolve")
            else:
                await self._flights.look_everywhere(endpoints, self._hellos(), host)
                if not any(flight.failure is None for flight in self._recorder.first_flights):
                    outcome.fail("no hello was answered")
        with self._recorder.stage("enumerate") as outcome:
            if not self._options.enumerate:
                outcome.skip("--enumerate not given")
            elif not self._recorder.succeeded("first-flight"):
                outcome.skip("first-flight")
            else:
                await self._enumerate(endpoints)

    def _hellos(self) -> tuple[Hello, ...]:
        own = profile_hello(self._options.profile)
        if self._options.own_hello_only:
            return (own,)
        others = [profile_hello(profile) for profile in all_profiles() if profile.id != own.id]
        return (own, *others, *all_matrix_hellos())

    async def _enumerate(self, endpoints: list[Endpoint]) -> None:
        answered = {flight.address for flight in self._recorder.first_flights if flight.connect_s > 0}
        for endpoint in endpoints:
            if str(endpoint) in answered:
                host = self._options.gateway.host
                self._recorder.enumerations.append(await enumerate_suites(endpoint, self._flights, host))
