"""The federation probe: what a Microsoft edge goes through to reach a SIP domain, in its order.

It measures; it never says whether what it saw is good. Where an edge would stop, at a target outside of the domain for
instance (F4-06), it goes on, to diagnose. The client certificate alone waits for a leaf that names the target.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Final, Literal

from vpnprobe.model.evidence import Evidence
from vpnprobe.model.federation import EdgeTarget, Federation, RevocationSource, Sibling
from vpnprobe.model.target import Endpoint, Expectation, Persona, Target
from vpnprobe.probes.edge import EDGE_HELLO, Visit
from vpnprobe.probes.edge_names import MAX_TARGETS, PRIVATE_BESIDE_PUBLIC, EdgeNames
from vpnprobe.probes.hellos import all_edge_hellos
from vpnprobe.probes.options import FederationOptions, NetworkOptions
from vpnprobe.probes.rations import Rations
from vpnprobe.probes.recorder import Progress, Recorder

if TYPE_CHECKING:
    from vpnprobe.pki.trust import RootStore

# Addresses of one domain that are dialled, and how many of them at once. A domain has one or two; a hostile answer
# must not make us dial a hundred, nor hold up the other domains of the call.
MAX_DIALLED: Final = 32
DIALLED_AT_ONCE: Final = 8

TOO_MANY: Final = f"more than {MAX_DIALLED} addresses"
OTHER_FAMILY: Final = "the other IP version was asked for"
NO_PORT: Final = "the record names port 0"


class FederationShared:
    """What the probes of one call share: a ration for each server of any kind, and the siblings looked up."""

    def __init__(self, network: NetworkOptions) -> None:
        self.servers = Rations(network.parallel, network.pause)
        self.edges = Rations(network.parallel, network.pause)
        self.revocation = Rations(network.parallel, network.pause)
        self.siblings: dict[str, Sibling] = {}


class FederationProbe:
    """One run over one domain. `run` measures within the deadline; `evidence` gives what there is at any moment."""

    def __init__(
        self,
        options: FederationOptions,
        *,
        shared: FederationShared | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._options = options
        self._shared = shared or FederationShared(options.network)
        self._recorder = Recorder(
            "federation",
            Target(domain=options.domain, resolvers=options.network.resolvers),
            Persona(profile=EDGE_HELLO),
            expectation=Expectation(
                certificates=options.certificates,
                partner=options.partner,
                im_and_presence=options.im_and_presence,
            ),
            credential="none" if options.client is None else "certificate",
            client_chain=options.client.chain if options.client else (),
            progress=progress,
        )
        self._given_roots = self._recorder.keep(options.given_roots)
        self._names = EdgeNames(options, self._shared.servers, self._shared.siblings)
        self._targets: list[EdgeTarget] = []
        self._targets_left_out = 0
        self._visits: list[Visit] = []
        self._revocations: list[RevocationSource] = []

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
        names = self._names
        self._recorder.federation = Federation(
            domain=self._options.domain,
            srv=tuple(names.srv),
            extras=tuple(names.extras),
            targets=tuple(self._targets),
            targets_left_out=self._targets_left_out,
            names=tuple(names.names),
            visits=tuple(visit.frozen() for visit in self._visits),
            revocations=tuple(self._revocations),
            siblings=tuple(names.siblings),
            given_roots=self._given_roots,
        )
        return self._recorder.evidence(interrupted)

    async def _run_stages(self) -> None:
        await self._look_up_services()
        self._choose_targets()
        await self._look_up_addresses()
        await self._look()
        await self._shake_hands()
        await self._read_certificates()
        await self._ask_sip()

    async def _look_up_services(self) -> None:
        with self._recorder.stage("srv") as outcome:
            await self._names.look_up_services()
            if not any(lookup.records for lookup in self._names.srv):
                outcome.fail("no federation record")

    def _choose_targets(self) -> None:
        with self._recorder.stage("target-names") as outcome:
            if not self._recorder.succeeded("srv"):
                outcome.skip("srv")
                return
            found = self._names.targets()
            self._targets = found[:MAX_TARGETS]
            self._targets_left_out = len(found) - len(self._targets)
            if not found:
                outcome.fail("the record says that there is no federation")

    async def _look_up_addresses(self) -> None:
        with self._recorder.stage("addresses") as outcome:
            if not self._targets:
                outcome.skip("target-names" if self._recorder.succeeded("srv") else "srv")
                return
            await self._names.look_up_addresses(self._targets)
            self._visits = list(self._plan())
            if not self._visits:
                outcome.fail("no address")

    def _plan(self) -> Iterator[Visit]:
        dialled = 0
        for target in self._targets:
            for address, (views, is_anybodys) in self._names.addresses(target.host).items():
                endpoint = Endpoint(address, target.port)
                reason = self._not_dialled(endpoint, is_anybodys)
                if reason is None:
                    dialled += 1
                    reason = TOO_MANY if dialled > MAX_DIALLED else None
                yield Visit(
                    self._options,
                    self._recorder,
                    target,
                    endpoint,
                    views=views,
                    ration=self._shared.edges.of(str(endpoint)),
                    not_dialled=reason,
                )

    def _not_dialled(self, endpoint: Endpoint, is_anybodys: bool) -> str | None:
        if is_anybodys:
            return PRIVATE_BESIDE_PUBLIC
        if (6 if ":" in endpoint.host else 4) not in self._options.network.families:
            return OTHER_FAMILY
        return None if endpoint.port else NO_PORT

    async def _look(self) -> None:
        with self._recorder.stage("first-flight") as outcome:
            dialled = [visit for visit in self._visits if visit.not_dialled is None]
            if not dialled:
                outcome.skip("no address to dial" if self._visits else "addresses")
                return
            hellos = all_edge_hellos()
            await _each(dialled, lambda visit: visit.look(hellos))
            if not any(visit.answered for visit in dialled):
                outcome.fail("no hello was answered")

    async def _shake_hands(self) -> None:
        with self._recorder.stage("mutual-tls") as outcome:
            answered = [visit for visit in self._visits if visit.answered]
            if not answered:
                outcome.skip("first-flight")
                return
            await _each(answered, Visit.shake_hands)
            if any(visit.completed for visit in answered):
                return
            if self._options.client is None and all(visit.wants_certificate for visit in answered):
                outcome.fail("a client certificate is wanted, and none was given")
            else:
                outcome.fail("no handshake completed")

    async def _ask_sip(self) -> None:
        with self._recorder.stage("sip") as outcome:
            completed = [visit for visit in self._visits if visit.completed]
            if not self._options.sip:
                outcome.skip("--sip not given")
            elif not completed:
                outcome.skip("mutual-tls")
            else:
                await _each(completed, Visit.ask_sip)
                if not any(visit.replied for visit in completed):
                    outcome.fail("no answer")

    async def _read_certificates(self) -> None:
        from vpnprobe.probes.roots import public_roots

        with self._recorder.stage("certificate") as outcome:
            shown = [visit for visit in self._visits if visit.chain]
            if not shown:
                outcome.skip("first-flight")
                return
            public = public_roots()
            for visit in shown:
                # A hostile chain takes half a second: the deadline and the other domains get their turn.
                await asyncio.sleep(0)
                visit.read_path(public)
            if self._options.revocation:
                await self._ask_revocation(shown, public)

    async def _ask_revocation(self, visits: list[Visit], public: RootStore) -> None:
        from vpnprobe.probes.revocation import MAX_SOURCES, Inquiry, ask_all, inquiries

        given = self._options.given_roots
        wanted: dict[tuple[str, bytes, str], Inquiry] = {}
        for visit in visits:
            await asyncio.sleep(0)
            for inquiry in inquiries(visit.chain, (*public.candidates(visit.chain), *given), visit.endpoint.host):
                wanted[inquiry.kind, inquiry.certificate, inquiry.url] = inquiry
        await ask_all(
            list(wanted.values())[:MAX_SOURCES],
            self._names.resolver,
            self._shared.revocation,
            self._options.network.timeout,
            self._revocations,
        )


async def _each(visits: list[Visit], step: Callable[[Visit], Awaitable[None]]) -> None:
    """Take one step of every visit, some of them at once."""
    places = asyncio.Semaphore(DIALLED_AT_ONCE)

    async def take(visit: Visit) -> None:
        async with places:
            await step(visit)

    try:
        async with asyncio.TaskGroup() as group:
            for visit in visits:
                group.create_task(take(visit))
    except ExceptionGroup as group_error:
        # A caller who is to mend his input must see that error, not the group.
        raise group_error.exceptions[0] from None
