"""The phone probe: the stages a Cisco IP phone goes through to reach its group-url, in its order.

It measures; it never says whether what it saw is good. The one thing it must decide on the way is what the phone
itself decides in mid-flight (`PhoneDecision`), because nothing secret may go to a gateway the phone would leave.
"""

from __future__ import annotations

import asyncio
from typing import Literal

from vpnprobe.model.config import VpnGroup
from vpnprobe.model.errors import UsageError
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.observation import FirstFlight
from vpnprobe.model.target import Endpoint, Expectation, Persona, Target
from vpnprobe.probes.decisions import expected_hashes, host_id_decisions, pin_decisions
from vpnprobe.probes.flights import FlightRunner
from vpnprobe.probes.hellos import all_matrix_hellos, profile_hello
from vpnprobe.probes.login import LoginStages
from vpnprobe.probes.options import PhoneOptions
from vpnprobe.probes.phoneconfig import ConfigStages
from vpnprobe.probes.recorder import Progress, Recorder
from vpnprobe.transport.names import Resolver


class PhoneProbe:
    """One run. `run` measures within the deadline; `evidence` gives what there is at any moment.

    Raises `UsageError` for a profile that is no phone, `run` for a network interface that does not exist.
    """

    def __init__(self, options: PhoneOptions, *, progress: Progress | None = None) -> None:
        boot = options.profile.boot
        if boot is None:
            raise UsageError(f"{options.profile.id} is no phone; choose a phone with --model, or use: vpnprobe gateway")
        self._options = options
        self._boot = boot
        self._recorder = Recorder(
            "phone",
            Target(
                gateway=options.group_url.endpoint,
                group_url=options.group_url,
                resolvers=options.network.resolvers,
            ),
            Persona(profile=options.profile.id, model=options.profile.model, mac=options.mac),
            expectation=Expectation(
                cert_hashes=options.cert_hashes, config_file=options.config.name if options.config else None
            ),
            credential=_credential(options),
            login_wanted=options.login,
            client_chain=options.client.chain if options.client else (),
            progress=progress,
        )
        self._resolver = Resolver(options.network.resolvers, timeout=options.network.timeout)
        self._flights = FlightRunner(self._recorder, options.network)
        self._hello = profile_hello(options.profile)

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
        # The gateway and the configuration server know nothing of each other, so neither waits for the other.
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._look_at_gateway())
                group.create_task(ConfigStages(self._options, self._boot, self._recorder, self._resolver).run())
        except ExceptionGroup as group_error:
            # One error ends both; a caller who is to mend his input must see that one, not the group.
            raise group_error.exceptions[0] from None
        self._decide_pin_and_validity()
        self._decide_host_id()
        if self._options.follow_phone and self._stopped():
            for name in ("handshake", "login"):
                with self._recorder.stage(name) as outcome:
                    outcome.skip("--follow-phone: the phone stops before")
            return
        async with LoginStages(self._options, self._recorder, self._flights, self._hello, self._resolver) as stages:
            await stages.handshake()
            await stages.login()

    async def _look_at_gateway(self) -> None:
        target = self._options.group_url
        with self._recorder.stage("resolve") as outcome:
            resolution = await self._resolver.resolve(target.host, self._options.network.families)
            self._recorder.resolution = resolution
            if not resolution.addresses:
                outcome.fail("no address")
        with self._recorder.stage("first-flight") as outcome:
            if not resolution.addresses:
                outcome.skip("resolve")
                return
            endpoints = [Endpoint(address, target.port) for address in resolution.addresses]
            hellos = (self._hello, *all_matrix_hellos())
            await self._flights.look_everywhere(endpoints, hellos, target.host)
            if not any(flight.failure is None for flight in self._own_flights()):
                outcome.fail("no address answered this model's hello")

    def _own_flights(self) -> list[FirstFlight]:
        return [flight for flight in self._recorder.first_flights if flight.hello == self._hello.id]

    def _judged_flights(self) -> list[FirstFlight]:
        return [flight for flight in self._own_flights() if flight.chain]

    def _decide_pin_and_validity(self) -> None:
        with self._recorder.stage("pin") as outcome:
            if not self._judged_flights():
                outcome.skip("first-flight")
                return
            group = self._vpn_group()
            given = self._options.cert_hashes
            expected = expected_hashes(given, group)
            if not expected:
                outcome.skip("no certHash known")
            recorder = self._recorder
            recorder.decisions += pin_decisions(
                self._judged_flights(),
                recorder.certificates,
                expected,
                None if given or group is None else group.hash_alg,
                recorder.started_at,
            )

    def _decide_host_id(self) -> None:
        with self._recorder.stage("host-id") as outcome:
            if not self._judged_flights():
                outcome.skip("first-flight")
                return
            group = self._vpn_group()
            if group is None:
                # Without a configuration the pin stands alone: given hashes are the operator's word for the rest.
                outcome.skip("config")
                return
            self._recorder.decisions += host_id_decisions(
                self._judged_flights(),
                self._recorder.certificates,
                self._options.group_url.host,
                group.enable_host_id_check,
            )

    def _vpn_group(self) -> VpnGroup | None:
        reading = self._recorder.config
        return reading.config.vpn_group if reading and reading.config else None

    def _stopped(self) -> bool:
        """Whether there is no address left at which the phone would go on."""
        refused = {d.address for d in self._recorder.decisions if d.goes_on is not True}
        return all(flight.address in refused for flight in self._judged_flights())


def _credential(options: PhoneOptions) -> Literal["none", "certificate", "password"]:
    if options.client is not None:
        return "certificate"
    return "password" if options.password is not None else "none"
