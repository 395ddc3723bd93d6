"""The federation probe against a DNS server and edges on loopback: what it asks, dials, sends and leaves alone."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from typing import Any

import dns.message
import dns.rcode
import pytest

from tests.probes.federations import (
    DOMAIN,
    SERVICE,
    TARGET,
    ScriptedZone,
    federated,
    named,
    resolving,
)
from tests.probes.networks import needs_ipv6, needs_second_address, nothing_left_behind, stage_ends
from tests.stand_ins import LOOPBACK, SECOND, listening, listening_udp
from vpnprobe.lab.federation.scenario import Edge
from vpnprobe.lab.listening import Address, DatagramServer
from vpnprobe.model.errors import UsageError
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.federation import EdgeVisit, Federation
from vpnprobe.model.target import Endpoint
from vpnprobe.phones import edge_hellos
from vpnprobe.probes.edge import Visit
from vpnprobe.probes.edge_names import EXTRA_SERVICES, MAX_TARGETS, PRIVATE_BESIDE_PUBLIC, EdgeNames
from vpnprobe.probes.federation import (
    MAX_DIALLED,
    NO_PORT,
    OTHER_FAMILY,
    TOO_MANY,
    FederationProbe,
    FederationShared,
)
from vpnprobe.probes.options import FederationOptions, NetworkOptions

HELLOS = tuple(edge_hellos())
NOT_ASKED = ("skipped", "--sip not given")


def seen(evidence: Evidence) -> Federation:
    assert evidence.federation is not None
    return evidence.federation


def only_visit(evidence: Evidence) -> EdgeVisit:
    [visit] = seen(evidence).visits
    return visit


# --- a healthy domain ---


async def test_all_stages_in_the_order_of_an_edge() -> None:
    async with federated() as lab:
        evidence = await lab.probe(sip=True)
    assert [stage.name for stage in evidence.stages] == [
        "srv",
        "target-names",
        "addresses",
        "first-flight",
        "mutual-tls",
        "certificate",
        "sip",
    ]
    assert {stage.status for stage in evidence.stages} == {"done"}
    assert (evidence.persona.profile, evidence.target.label) == ("microsoft-edge", DOMAIN)
    assert evidence.interrupted is None
    found = seen(evidence)
    view = str(lab.resolver)
    assert [(one.view, one.name, one.failure) for one in found.srv] == [(view, SERVICE, None)]
    assert [(one.host, one.port, one.views) for one in found.targets] == [(TARGET, lab.edges[0].port, (view,))]
    assert [(one.name, one.view, one.addresses) for one in found.names] == [(TARGET, view, (LOOPBACK,))]
    assert (found.extras, found.siblings, found.revocations) == ((), (), ())
    visit = only_visit(evidence)
    assert (visit.target, visit.address, visit.views, visit.not_dialled) == (TARGET, str(lab.edges[0]), (view,), None)
    assert [flight.hello for flight in visit.flights] == list(HELLOS)
    assert {flight.server_name for flight in visit.flights} == {TARGET}
    assert visit.path is not None
    assert visit.path.end == "given-root"
    assert visit.sip is not None
    assert (visit.sip.uri, visit.sip.status) == (f"sip:{DOMAIN}", 200)
    assert evidence.chain(found.given_roots) == (lab.pki.root("public").der,)
    # Flights live in their visits: what reads a phone's flights must not meet them.
    assert (evidence.first_flights, evidence.handshakes) == ((), ())


async def test_who_is_expected_is_in_the_evidence() -> None:
    expected = ("ab" * 20,)
    async with federated() as lab:
        evidence = await lab.probe(partner="office-365", im_and_presence=True, certificates=expected)
    expectation = evidence.expectation
    assert (expectation.partner, expectation.im_and_presence, expectation.certificates) == (
        "office-365",
        True,
        expected,
    )


# --- what DNS says ---


async def test_a_domain_without_a_record() -> None:
    async with federated(records={}) as lab:
        evidence = await lab.probe()
    assert stage_ends(evidence) == {
        "srv": ("failed", "no federation record"),
        "target-names": ("skipped", "srv"),
        "addresses": ("skipped", "srv"),
        "first-flight": ("skipped", "addresses"),
        "mutual-tls": ("skipped", "first-flight"),
        "certificate": ("skipped", "first-flight"),
        "sip": NOT_ASKED,
    }
    [lookup] = seen(evidence).srv
    assert lookup.failure is not None
    assert lookup.failure.kind is FailureKind.NAME_NOT_FOUND


async def test_a_record_that_says_that_there_is_none_leads_nowhere() -> None:
    async with federated(records={(SERVICE, "SRV"): ["0 0 0 ."]}) as lab:
        evidence = await lab.probe()
    assert stage_ends(evidence)["srv"] == ("done", None)
    assert stage_ends(evidence)["target-names"][0] == "failed"
    assert stage_ends(evidence)["addresses"] == ("skipped", "target-names")
    assert (seen(evidence).targets, seen(evidence).visits) == ((), ())


async def test_a_target_without_an_address() -> None:
    async with federated(records={(SERVICE, "SRV"): [f"0 0 5061 {TARGET}."]}) as lab:
        evidence = await lab.probe()
    assert stage_ends(evidence)["addresses"] == ("failed", "no address")
    assert stage_ends(evidence)["first-flight"] == ("skipped", "addresses")


@needs_second_address
async def test_every_target_is_looked_at_in_the_order_of_rfc_2782() -> None:
    records = {
        (SERVICE, "SRV"): ["20 0 {port} c.uc.example.", "10 1 {port} b.uc.example.", "10 5 {port} a.uc.example."],
        ("a.uc.example", "A"): [LOOPBACK],
        ("b.uc.example", "A"): [SECOND],
    }
    edges = Edge(certificate=named("a.uc.example")), Edge(certificate=named("b.uc.example"))
    async with federated(*edges, records=records, hosts=(LOOPBACK, SECOND)) as lab:
        evidence = await lab.probe()
    assert [target.host[0] for target in seen(evidence).targets] == ["a", "b", "c"]
    assert [lookup.name[0] for lookup in seen(evidence).names] == ["a", "b", "c"]
    visits = seen(evidence).visits
    assert [(visit.target[0], visit.address) for visit in visits] == [
        ("a", str(lab.edges[0])),
        ("b", str(lab.edges[1])),
    ]
    assert visits[0].flights[0].chain != visits[1].flights[0].chain


async def test_a_target_outside_of_the_domain_is_looked_at_all_the_same() -> None:
    """A good address does not mend the name, and both are worth knowing (F4-06)."""
    records = {(SERVICE, "SRV"): ["0 0 {port} edge.other.example."], ("edge.other.example", "A"): [LOOPBACK]}
    async with federated(records=records) as lab:
        evidence = await lab.probe()
    assert only_visit(evidence).flights[0].failure is None


async def test_other_services_only_where_they_are_asked_for() -> None:
    records = {("_cisco-uds._tcp.uc.example", "SRV"): ["0 0 8443 cucm.uc.example."]}
    async with federated(records=records) as lab:
        evidence = await lab.probe(extras=True)
    extras = seen(evidence).extras
    assert tuple(lookup.service for lookup in extras) == EXTRA_SERVICES
    assert [lookup.service for lookup in extras if lookup.records] == ["_cisco-uds._tcp"]


@needs_second_address
async def test_each_resolver_is_a_view_of_its_own() -> None:
    inside = ScriptedZone({(SERVICE, "SRV"): [f"0 0 9 {TARGET}."], (TARGET, "A"): [SECOND]})
    async with federated() as lab, resolving(inside) as other:
        network = NetworkOptions(resolvers=(lab.resolver, other, lab.resolver), timeout=2)
        evidence = await lab.probe(network=network)
    public, internal = str(lab.resolver), str(other)
    found = seen(evidence)
    assert [lookup.view for lookup in found.srv] == [public, internal]
    port = lab.edges[0].port
    assert {(target.port, target.views) for target in found.targets} == {(port, (public,)), (9, (internal,))}
    # Every view is asked for every target, whoever named it.
    assert [(lookup.view, lookup.addresses) for lookup in found.names] == [(public, (LOOPBACK,)), (internal, (SECOND,))]
    assert {(visit.address, visit.views) for visit in found.visits} == {
        (f"{LOOPBACK}:{port}", (public,)),
        (f"{SECOND}:{port}", (internal,)),
        (f"{LOOPBACK}:9", (public,)),
        (f"{SECOND}:9", (internal,)),
    }


async def test_the_zone_s_own_servers() -> None:
    records = {
        ("uc.example", "NS"): ["ns.uc.example."],
        ("ns.uc.example", "A"): [LOOPBACK],
        (SERVICE, "SRV"): ["0 0 {port} " + f"{TARGET}."],
        (TARGET, "A"): [LOOPBACK],
    }
    async with federated(records=records) as lab:
        evidence = await lab.probe(authoritative=True, authoritative_port=lab.resolver.port)
    views = (str(lab.resolver), "authoritative")
    assert tuple(lookup.view for lookup in seen(evidence).srv) == views
    assert only_visit(evidence).views == views


async def test_a_zone_whose_servers_cannot_be_found() -> None:
    async with federated() as lab:
        evidence = await lab.probe(authoritative=True, authoritative_port=lab.resolver.port)
    resolver, zone = seen(evidence).srv
    assert resolver.records
    assert zone.view == "authoritative"
    assert zone.failure is not None
    assert stage_ends(evidence)["first-flight"] == ("done", None)


async def test_other_domains_of_the_same_deployment() -> None:
    records = {
        (SERVICE, "SRV"): ["0 0 {port} " + f"{TARGET}."],
        (TARGET, "A"): [LOOPBACK],
        ("_sipfederationtls._tcp.second.example", "SRV"): ["0 0 5061 sip.second.example."],
        ("sip.second.example", "A"): ["192.0.2.7", "192.0.2.6"],
        ("_sipfederationtls._tcp.off.example", "SRV"): ["0 0 0 ."],
        ("_sipfederationtls._tcp.literal.example", "SRV"): ["0 0 5061 192.0.2.7."],
    }
    siblings = ("second.example", "off.example", "missing.example", "literal.example")
    async with federated(records=records) as lab:
        shared = FederationShared(lab.network)
        for _ in range(2):
            options = lab.options(im_and_presence=True, siblings=siblings)
            evidence = await FederationProbe(options, shared=shared).run()
            assert [one.domain for one in seen(evidence).siblings] == list(siblings)
            good, off, missing, literal = seen(evidence).siblings
            assert (good.addresses, good.failure) == (("192.0.2.6", "192.0.2.7"), None)
            assert off.failure is not None
            assert missing.failure is not None
            assert missing.failure.kind is FailureKind.NAME_NOT_FOUND
            assert (literal.addresses, literal.failure is None) == ((), False)
        # What is known is not asked again; what failed may have come back.
        assert lab.zone.asked["_sipfederationtls._tcp.second.example", "SRV"] == 1
        assert lab.zone.asked["_sipfederationtls._tcp.missing.example", "SRV"] == 2
        await lab.probe(siblings=siblings)
        assert lab.zone.asked["_sipfederationtls._tcp.missing.example", "SRV"] == 2


async def test_probes_that_share_a_name_server_share_its_places() -> None:
    waiting = most = 0

    class Slow(DatagramServer):
        def datagram_received(self, data: bytes, addr: Address) -> None:
            nonlocal waiting, most
            waiting += 1
            most = max(most, waiting)
            asyncio.get_running_loop().call_later(0.005, self.answer, data, addr)

        def answer(self, data: bytes, addr: Address) -> None:
            nonlocal waiting
            waiting -= 1
            response = dns.message.make_response(dns.message.from_wire(data))
            response.set_rcode(dns.rcode.SERVFAIL)
            self.send(response.to_wire(), addr)

    async with listening_udp(Slow()) as port:
        network = NetworkOptions(resolvers=(Endpoint(LOOPBACK, port),), timeout=2, parallel=3, pause=0)
        shared = FederationShared(network)
        async with asyncio.TaskGroup() as group:
            for number in range(10):
                options = FederationOptions(domain=f"d{number}.example", extras=True, network=network)
                group.create_task(FederationProbe(options, shared=shared).run())
    assert most == 3


# --- what is not dialled ---


@pytest.mark.parametrize(
    ("addresses", "left_alone"),
    [
        (["127.0.0.1", "10.7.7.7"], ["10.7.7.7"]),
        (["192.0.2.1", "10.7.7.7", "fd00::7"], ["10.7.7.7", "fd00::7"]),
        (["10.7.7.7", "10.7.7.8"], []),
        (["192.0.2.1", "127.0.0.1"], []),
    ],
    ids=["beside loopback", "beside a public one", "private alone", "none private"],
)
async def test_a_private_address_beside_another_is_left_alone(
    addresses: list[str], left_alone: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dialled = note_dialled(monkeypatch)
    kinds = {"A": [one for one in addresses if "." in one], "AAAA": [one for one in addresses if ":" in one]}
    records = {(SERVICE, "SRV"): [f"0 0 9 {TARGET}."]} | {(TARGET, kind): data for kind, data in kinds.items()}
    async with federated(records=records) as lab:
        evidence = await lab.probe()
    reasons = {visit.address.rpartition(":")[0].strip("[]"): visit.not_dialled for visit in seen(evidence).visits}
    assert [address for address, reason in reasons.items() if reason == PRIVATE_BESIDE_PUBLIC] == left_alone
    assert sorted(reasons) == sorted(addresses)
    assert dialled == set(addresses) - set(left_alone)


async def test_a_private_address_that_one_resolver_gives_alone_is_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    dialled = note_dialled(monkeypatch)
    records = {(SERVICE, "SRV"): [f"0 0 9 {TARGET}."], (TARGET, "A"): ["192.0.2.1", "10.7.7.7"]}
    inside = ScriptedZone({(SERVICE, "SRV"): [f"0 0 9 {TARGET}."], (TARGET, "A"): ["10.7.7.7"]})
    async with federated(records=records) as lab, resolving(inside) as other:
        await lab.probe(network=NetworkOptions(resolvers=(lab.resolver, other), timeout=2))
    assert dialled == {"192.0.2.1", "10.7.7.7"}


def note_dialled(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Nothing is dialled from now on, but it is noted what would have been."""
    from vpnprobe.probes import flights
    from vpnprobe.transport.flight import FlightCapture, first_flight

    dialled: set[str] = set()

    async def note(address: str, port: int, *arguments: Any, **more: Any) -> FlightCapture:
        dialled.add(address)
        return await first_flight(LOOPBACK, 9, *arguments, **more)

    monkeypatch.setattr(flights, "first_flight", note)
    return dialled


@needs_ipv6
@pytest.mark.parametrize(("family", "other"), [(4, "::1"), (6, LOOPBACK)])
async def test_the_other_ip_version_is_looked_up_and_left_alone(family: int, other: str) -> None:
    records = {
        (SERVICE, "SRV"): ["0 0 {port} " + f"{TARGET}."],
        (TARGET, "A"): [LOOPBACK],
        (TARGET, "AAAA"): ["::1"],
    }
    edges = (Edge(), Edge())
    async with federated(*edges, records=records, hosts=(LOOPBACK, "::1")) as lab:
        network = NetworkOptions(resolvers=(lab.resolver,), timeout=2, families=frozenset({family}))
        evidence = await lab.probe(network=network)
    reasons = {visit.address: visit.not_dialled for visit in seen(evidence).visits}
    port = lab.edges[0].port
    assert reasons.pop(str(Endpoint(other, port))) == OTHER_FAMILY
    assert set(reasons.values()) == {None}
    assert set(seen(evidence).names[0].addresses) == {LOOPBACK, "::1"}


@pytest.mark.parametrize("literal", [LOOPBACK, "::1"])
async def test_an_address_in_place_of_a_host_is_not_dialled(literal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 2782: the target is a domain name. A zone could make us dial anybody's address without an A record."""
    dialled = note_dialled(monkeypatch)
    async with federated(records={(SERVICE, "SRV"): [f"0 0 9 {literal}."]}) as lab:
        evidence = await lab.probe()
    assert [target.host for target in seen(evidence).targets] == [literal]
    assert (seen(evidence).names, seen(evidence).visits, dialled) == ((), (), set())
    assert stage_ends(evidence)["addresses"] == ("failed", "no address")


async def test_port_0_is_no_port() -> None:
    records = {(SERVICE, "SRV"): [f"0 0 0 {TARGET}."], (TARGET, "A"): [LOOPBACK]}
    async with federated(records=records) as lab:
        evidence = await lab.probe()
    assert only_visit(evidence).not_dialled == NO_PORT
    assert stage_ends(evidence)["first-flight"] == ("skipped", "no address to dial")


async def test_a_crowd_of_targets_and_addresses_is_cut() -> None:
    hosts = [f"h{number:02}.uc.example" for number in range(40)]
    records: dict[tuple[str, str], list[str]] = {(SERVICE, "SRV"): [f"0 0 9 {host}." for host in hosts]}
    for number, host in enumerate(hosts):
        records[host, "A"] = [f"127.1.{number}.{last}" for last in range(1, 12)]
    async with federated(records=records) as lab:
        evidence = await lab.probe()
    found = seen(evidence)
    assert len(found.targets) == MAX_TARGETS
    assert found.targets_left_out == len(hosts) - MAX_TARGETS
    reasons = [visit.not_dialled for visit in found.visits]
    assert reasons.count(None) == MAX_DIALLED
    assert set(reasons) == {None, TOO_MANY}
    assert len(found.names) == MAX_TARGETS


# --- first flights ---


async def test_a_closed_port_is_dialled_once() -> None:
    async with federated(Edge(listens="refuses")) as lab:
        evidence = await lab.probe()
    assert [flight.hello for flight in only_visit(evidence).flights] == ["microsoft-edge"]
    assert stage_ends(evidence)["first-flight"] == ("failed", "no hello was answered")
    assert stage_ends(evidence)["mutual-tls"] == ("skipped", "first-flight")


async def test_silence_is_waited_for_twice() -> None:
    async with federated(Edge(listens="silent")) as lab:
        evidence = await lab.probe(network=NetworkOptions(resolvers=(lab.resolver,), timeout=0.2))
    assert [flight.hello for flight in only_visit(evidence).flights] == ["microsoft-edge", "tls12-rsa"]


async def test_probes_that_share_an_edge_share_its_places() -> None:
    open_now = most = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await reader.read(1)
        await asyncio.sleep(0.005)
        open_now -= 1
        writer.close()

    async with listening(count) as port:
        records = {(SERVICE, "SRV"): [f"0 0 {port} {TARGET}."], (TARGET, "A"): [LOOPBACK]}
        async with federated(records=records) as lab:
            shared = FederationShared(lab.network)
            async with asyncio.TaskGroup() as group:
                for _ in range(6):
                    group.create_task(FederationProbe(lab.options(), shared=shared).run())
    assert most == lab.network.parallel


async def test_sessions_for_sip_are_counted_too() -> None:
    """Four targets at one edge that never answers an OPTIONS: a session that was kept for it would be one too many."""
    open_now = most = 0
    targets = [f"sip{number}.{DOMAIN}" for number in range(4)]
    edge = Edge(certificate=named(*targets), sip="silent")

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    async with federated(edge) as behind:

        async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal open_now, most
            open_now += 1
            most = max(most, open_now)
            there = behind.edges[0]
            answers, asks = await asyncio.open_connection(there.host, there.port)
            backwards = asyncio.create_task(pipe(answers, writer))
            await pipe(reader, asks)
            open_now -= 1
            await backwards

        async with listening(count) as port:
            records: dict[tuple[str, str], list[str]] = {(target, "A"): [LOOPBACK] for target in targets}
            records[SERVICE, "SRV"] = [f"{number} 0 {port} {target}." for number, target in enumerate(targets)]
            async with federated(records=records) as lab:
                network = NetworkOptions(resolvers=(lab.resolver,), timeout=0.3)
                evidence = await lab.probe(sip=True, network=network)
    assert [visit.sip is not None for visit in seen(evidence).visits] == [True] * len(targets)
    assert most == network.parallel


# --- handshakes and our certificate ---


async def handshakes(edge: Edge, **changes: Any) -> list[tuple[bool, bool, bool]]:
    """Of each handshake: was it completed, was a certificate asked for, was ours sent."""
    async with federated(edge) as lab:
        given = changes.pop("given", True)
        visit = only_visit(await lab.probe(client=lab.credential if given else None, **changes))
    return [(one.completed, one.client_certificate_requested, bool(one.client_certificate)) for one in visit.handshakes]


@pytest.mark.parametrize(
    ("edge", "ends"),
    [
        (Edge(asks="no"), [(True, False, False)]),
        (Edge(asks="asks"), [(True, True, False), (True, True, True)]),
        (Edge(asks="insists"), [(False, True, False), (True, True, True)]),
        (Edge(asks="insists", refuses_client=True), [(False, True, False), (False, True, True)]),
        (Edge(asks="insists", certificate=named("other.example")), [(False, True, False)]),
        (Edge(asks="insists", certificate=named("*.uc.example")), [(False, True, False)]),
        (Edge(asks="insists", certificate=named(DOMAIN)), [(False, True, False)]),
    ],
    ids=["not asked", "asked", "demanded", "refused", "another name", "a wildcard", "the domain itself"],
)
async def test_our_certificate_goes_only_to_an_edge_that_asks_and_names_the_target(
    edge: Edge, ends: list[tuple[bool, bool, bool]]
) -> None:
    assert await handshakes(edge) == ends


async def test_without_a_certificate_of_ours_there_is_one_handshake() -> None:
    assert await handshakes(Edge(asks="insists"), given=False) == [(False, True, False)]


@pytest.mark.parametrize(
    ("edge", "because"),
    [
        (Edge(asks="insists"), "a client certificate is wanted, and none was given"),
        (Edge(listens="3des-only"), "no handshake completed"),
    ],
    ids=["wanted", "no common suite"],
)
async def test_wants_our_certificate_is_never_down(edge: Edge, because: str) -> None:
    async with federated(edge) as lab:
        evidence = await lab.probe(sip=True)
    assert stage_ends(evidence)["mutual-tls"] == ("failed", because)
    assert stage_ends(evidence)["sip"] == ("skipped", "mutual-tls")


async def test_an_old_edge_is_spoken_to() -> None:
    edge = Edge(minimum="TLS 1.0", maximum="TLS 1.0", suites=("AES128-SHA",))
    async with federated(edge) as lab:
        visit = only_visit(await lab.probe())
    assert {flight.version for flight in visit.flights if flight.failure is None} == {0x0301}
    assert [(one.completed, one.version) for one in visit.handshakes] == [(True, 0x0301)]


async def test_the_path_of_a_chain_that_only_another_hello_was_shown() -> None:
    async with federated(Edge(listens="3des-only")) as lab:
        visit = only_visit(await lab.probe())
    assert [flight.hello for flight in visit.flights if flight.chain] == ["3des-only"]
    assert visit.path is not None
    assert visit.path.end == "given-root"


# --- SIP ---


@pytest.mark.parametrize("given", [False, True])
async def test_sip_goes_over_the_last_session(given: bool) -> None:
    async with federated() as lab:
        evidence = await lab.probe(sip=True, client=lab.credential if given else None)
        name = evidence.client_chain[0] if given else None
        of_somebody = await lab.probe(sip=True, sip_from="me@uc.example")
    visit = only_visit(evidence)
    assert visit.sip is not None
    assert (visit.sip.status, visit.sip.client_certificate, visit.sip.sender) == (200, name, None)
    named = only_visit(of_somebody).sip
    assert named is not None
    assert named.sender == "me@uc.example"


async def test_sip_that_is_not_answered() -> None:
    async with federated(Edge(sip="silent")) as lab:
        evidence = await lab.probe(sip=True, network=NetworkOptions(resolvers=(lab.resolver,), timeout=0.3))
    assert stage_ends(evidence)["sip"] == ("failed", "no answer")
    exchange = only_visit(evidence).sip
    assert exchange is not None
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.TIMEOUT


async def test_a_user_that_cannot_be_one_is_the_operator_s_to_mend() -> None:
    async with federated() as lab:
        with pytest.raises(UsageError):
            await lab.probe(sip=True, sip_from="two words@uc.example")


# --- a run that is cut short ---


async def test_the_deadline_ends_it_with_what_was_seen() -> None:
    with nothing_left_behind():
        async with federated(Edge(listens="silent")) as lab:
            network = NetworkOptions(resolvers=(lab.resolver,), timeout=30, deadline=0.5)
            evidence = await lab.probe(network=network)
    assert evidence.interrupted == "deadline"
    ends = stage_ends(evidence)
    assert ends["srv"] == ends["target-names"] == ends["addresses"] == ("done", None)
    assert ends["first-flight"] == ("failed", "deadline")
    assert ends["mutual-tls"] == ends["sip"] == ("skipped", "deadline")
    assert only_visit(evidence).address == str(lab.edges[0])


async def test_the_deadline_in_the_middle_of_dns_leaves_the_answers_of_the_other_view() -> None:
    async with federated() as lab, resolving(ScriptedZone({}, silent=[SERVICE])) as silent:
        network = NetworkOptions(resolvers=(silent, lab.resolver), timeout=30, deadline=0.5)
        evidence = await lab.probe(network=network)
    assert stage_ends(evidence)["srv"] == ("failed", "deadline")
    assert [lookup.view for lookup in seen(evidence).srv] == [str(lab.resolver)]


async def test_a_run_can_be_stopped_between_two_chains(monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0

    def stop(_visit: Visit, _public: object) -> None:
        nonlocal read
        read += 1
        task.cancel()

    monkeypatch.setattr(Visit, "read_path", stop)
    other = f"sip2.{DOMAIN}"
    records = {
        (SERVICE, "SRV"): ["0 0 {port} " + f"{name}." for name in (TARGET, other)],
        (TARGET, "A"): [LOOPBACK],
        (other, "A"): [LOOPBACK],
    }
    async with federated(Edge(), records=records) as lab:
        task = asyncio.create_task(lab.probe())
        with pytest.raises(asyncio.CancelledError):
            await task
    assert read == 1


@pytest.mark.parametrize("pause", [0, 0.005, 0.02, 0.05, 0.1])
async def test_cancelled_at_any_moment_it_leaves_nothing_behind(pause: float) -> None:
    with nothing_left_behind():
        async with federated(Edge(asks="insists", sip="silent")) as lab:
            probe = FederationProbe(lab.options(client=lab.credential, sip=True))
            task = asyncio.create_task(probe.run())
            await asyncio.sleep(pause)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            evidence = probe.evidence("interrupt")
    assert evidence.interrupted == "interrupt"
    named = [name for visit in seen(evidence).visits for flight in visit.flights for name in flight.chain]
    assert set(named) <= evidence.certificates.keys()


async def test_a_whole_run_leaves_nothing_behind() -> None:
    with nothing_left_behind():
        async with federated() as lab:
            await lab.probe(client=lab.credential, sip=True, extras=True)


@pytest.mark.parametrize("listens", ["tls", "refuses", "closes", "3des-only"])
async def test_what_a_run_held_is_free_at_its_end_without_a_search_for_cycles(listens: Any) -> None:
    from vpnprobe.transport.engine import Engine

    async with federated(Edge(listens=listens)) as lab:
        gc.collect()
        gc.disable()
        try:
            await lab.probe(client=lab.credential, sip=True, extras=True, revocation=True)
            kinds = (FederationProbe, EdgeNames, Visit, Engine)
            held = [type(one).__name__ for one in gc.get_objects() if isinstance(one, kinds)]
        finally:
            gc.enable()
    assert held == []
