"""The CAPF probe: the way of a phone to its LSC, up to the first word of the server.

It measures; it never says whether what it saw is good. Every address of both IP versions is visited, whichever the
phone would take; which those are is one row of a table (`vpnprobe.phones.capf_families`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Final, Literal

from vpnprobe.model.capf import Capf, Family, OnlineCa
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.target import Endpoint, Persona, Target
from vpnprobe.phones.capf_families import connection_row
from vpnprobe.probes.bootfiles import read_content
from vpnprobe.probes.capf_visit import AddressVisit
from vpnprobe.probes.online_ca import look_at_online_ca
from vpnprobe.probes.options import CapfOptions
from vpnprobe.probes.recorder import Progress, Recorder
from vpnprobe.probes.trust import read_trust_list
from vpnprobe.transport.names import Resolver

# A CAPF has one address of each IP version; a hostile DNS answer must not make us dial more.
MAX_VISITED: Final = 8

_CAPF_ROLE: Final = 4  # of a record of a trust list


class CapfProbe:
    """One run. `run` measures within the deadline; `evidence` gives what there is at any moment.

    The waits between retries, which are the phone's, are not part of the deadline.
    """

    def __init__(self, options: CapfOptions, *, progress: Progress | None = None) -> None:
        self._options = options
        self._recorder = Recorder(
            "capf",
            Target(server=options.server, resolvers=options.network.resolvers),
            Persona(profile=options.profile.id, model=options.profile.model),
            progress=progress,
        )
        self._resolver = Resolver(options.network.resolvers, timeout=options.network.timeout)
        self._given = self._recorder.keep(options.certificates)
        self._families: tuple[Family, ...] = ()
        self._not_dialled: tuple[Family, ...] = ()
        self._visits: tuple[AddressVisit, ...] = ()
        self._authentic: tuple[str, ...] = ()
        self._online_ca: OnlineCa | None = None

    async def run(self) -> Evidence:
        """Run every stage that can run and return the Evidence; at the deadline, what there is by then."""
        options = self._options
        try:
            async with asyncio.timeout(options.network.deadline + options.retries * options.retry_interval):
                await self._run_stages()
        except TimeoutError:
            return self.evidence("deadline")
        return self.evidence()

    def evidence(self, interrupted: Literal["interrupt", "deadline"] | None = None) -> Evidence:
        """Return what was seen up to now, marked with what ended the run early."""
        options = self._options
        self._recorder.capf = Capf(
            server=options.server,
            stack=options.stack,
            phone_addresses=options.phone_addresses,
            ipv6_enabled=options.ipv6_enabled,
            keep_alive_min=options.keep_alive_min,
            idle_timeout_min=options.idle_timeout_min,
            retries=options.retries,
            not_dialled=self._not_dialled,
            row=connection_row(options.stack, options.phone_addresses, self._families),
            visits=tuple(done for visit in self._visits for done in visit.frozen),
            ca_certificates=self._authentic,
            online_ca=self._online_ca,
        )
        return self._recorder.evidence(interrupted)

    async def _run_stages(self) -> None:
        self._read_configuration()
        async with AsyncExitStack() as stack:
            await self._resolve()
            for visit in self._visits:
                stack.push_async_callback(visit.close)
            await self._connect()
            await self._shake_hands()
            await self._listen()
        self._note_certificates()
        self._read_trust_lists()
        await self._look_at_online_ca()

    def _read_configuration(self) -> None:
        given = self._options.config
        if given is not None:
            self._recorder.config = read_content(given.name, given.data, "file").reading

    async def _resolve(self) -> None:
        options = self._options
        with self._recorder.stage("resolve") as outcome:
            # Which addresses there are decides about the phone's way, also where only some are to be dialled.
            resolution = await self._resolver.resolve(options.server.host)
            self._recorder.resolution = resolution
            if not resolution.addresses:
                outcome.fail("no address")
        visits = [
            AddressVisit(
                Endpoint(address, options.server.port),
                options.server.host,
                options.profile,
                self._recorder,
                options.network,
            )
            for address in resolution.addresses
        ]
        self._families = tuple(dict.fromkeys(visit.family for visit in visits))
        wanted = {"IPv4" if family == 4 else "IPv6" for family in options.network.families}
        self._visits = tuple(visit for visit in visits if visit.family in wanted)[:MAX_VISITED]
        self._not_dialled = tuple(family for family in self._families if family not in wanted)

    async def _connect(self) -> None:
        with self._recorder.stage("connect") as outcome:
            if not self._families:
                outcome.skip("resolve")
            elif not self._visits:
                outcome.skip("no address of the IP version that was asked for")
            else:
                await _each(self._visits, AddressVisit.connect)
                if not any(visit.connected for visit in self._visits):
                    outcome.fail("no connection")

    async def _shake_hands(self) -> None:
        with self._recorder.stage("handshake") as outcome:
            accepted = [visit for visit in self._visits if visit.accepted]
            if not self._recorder.succeeded("connect"):
                outcome.skip("connect")
            elif not accepted:
                outcome.fail("the model's hello was accepted nowhere")
            else:
                await _each(accepted, AddressVisit.shake_hands)
                if not any(visit.established for visit in accepted):
                    outcome.fail("no handshake completed")

    async def _listen(self) -> None:
        with self._recorder.stage("greeting") as outcome:
            await _each([visit for visit in self._visits if visit.established], AddressVisit.listen)
            row = connection_row(self._options.stack, self._options.phone_addresses, self._families)
            ways = [visit for visit in self._visits if row is not None and visit.family in row.order]
            for _ in range(self._options.retries):
                # A phone that was greeted by one of its ways has no reason to try again.
                if not ways or any(visit.greeted for visit in ways):
                    break
                await asyncio.sleep(self._options.retry_interval)
                await _each(ways, AddressVisit.repeat)
            if any(visit.greeted for visit in self._visits):
                return
            if self._recorder.succeeded("handshake"):
                outcome.fail("no greeting of CAPF")
            else:
                outcome.skip("handshake")

    def _note_certificates(self) -> None:
        with self._recorder.stage("certificate") as outcome:
            if not any(visit.chain for visit in self._visits):
                outcome.skip("connect" if not self._recorder.succeeded("connect") else "handshake")

    def _read_trust_lists(self) -> None:
        with self._recorder.stage("trust-list") as outcome:
            if not self._options.trust_lists and not self._given:
                outcome.skip("neither --trust-list nor --capf-cert given")
                return
            lists = [
                read_trust_list(file.name, file.data, "held", self._recorder) for file in self._options.trust_lists
            ]
            self._recorder.trust_lists += lists
            named = [record.certificate for held in lists for record in held.having(_CAPF_ROLE)]
            self._authentic = tuple(dict.fromkeys((*self._given, *filter(None, named))))
            if not self._authentic:
                outcome.fail("no certificate of a CAPF in the trust lists")

    async def _look_at_online_ca(self) -> None:
        options = self._options
        with self._recorder.stage("online-ca") as outcome:
            if options.online_ca is None:
                outcome.skip("--online-ca not given")
                return
            self._online_ca = await look_at_online_ca(
                options.online_ca, options.roots, self._resolver, options.network, self._recorder
            )
            if self._online_ca.status is None:
                outcome.fail("no page")


async def _each(
    visits: Sequence[AddressVisit], step: Callable[[AddressVisit], Coroutine[object, object, None]]
) -> None:
    """Take one step of every visit at once; each is to an address of its own."""
    async with asyncio.TaskGroup() as group:
        for visit in visits:
            group.create_task(step(visit))
