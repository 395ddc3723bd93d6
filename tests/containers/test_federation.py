"""The federation command against BIND and Kamailio: a healthy domain, and what the DNS can have wrong."""

from __future__ import annotations

import pytest

from tests.containers.federation_servers import PUBLIC, Partners
from tests.containers.federation_zones import LOOKED_AT, RECORDS, ZONE, domain, target
from tests.containers.podman import Container
from tests.containers.product import CRITICAL, OK, UNKNOWN, WARNING, Outcomes, credential, federation
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.federation import Federation

pytestmark = pytest.mark.container

HEALTHY = [domain("healthy"), domain("asks"), domain("needs")]
SIGNED = ("signed.test", "bogus.test")

# Each domain with one fault, and the alarms for it: the check, and what the finding is about.
FAULTS = {
    "nxdomain": ("SRV001", "{domain}"),
    "no-record": ("SRV001", "{domain}"),
    "not-offered": ("SRV001", "{domain}"),
    "record-circle": ("SRV001", "{domain}"),
    "other-port": ("SRV002", "{target}:5062"),
    "foreign": ("DOM001", "sip.elsewhere.{zone}:5061"),
    "itself": ("DOM001", "{domain}:5061"),
    "target-alias": ("DOM002", "{target}:5061"),
    "no-address": ("ADR001", "{target}:5061"),
    "no-target": ("ADR001", "{target}:5061"),
    "target-circle": ("ADR001", "{target}:5061"),
    "mixed": ("ADR002", "{target}:5061"),
    "closed": ("EDG001", "{target} at {dns}:5061"),
}
# Odd, and no fault.
ODD = ("record-alias", "hosted", "six", "big-text", "records")


@pytest.fixture(scope="module")
def seen(partners: Partners) -> Outcomes:
    """One run over every domain whose fault is in the DNS."""
    labels = map(domain, (*FAULTS, *ODD, "several"))
    return federation(*labels, "cms.steven.lab", "broken.test", *SIGNED, *asking(partners.dns), *partners.root)


def asking(*servers: Container) -> tuple[str, ...]:
    """The options that name the views: one for each server."""
    return tuple(word for server in servers for word in ("--resolver", server.address))


def look(outcomes: Outcomes, name: str) -> Federation:
    """What was seen of a domain."""
    found = outcomes.reports[name].evidence.federation
    assert found is not None
    return found


@pytest.mark.parametrize("sip", [(), ("--sip",)], ids=["no SIP", "SIP"])
@pytest.mark.parametrize("client", [None, "partner"], ids=["no certificate", "certificate"])
def test_healthy_domains_pass(client: str | None, sip: tuple[str, ...], partners: Partners) -> None:
    given = () if client is None else credential(partners.pki, client)
    outcomes = federation(*HEALTHY, *asking(partners.dns), *partners.root, *given, *sip)

    assert outcomes.status == OK
    assert set(outcomes.reports) == set(HEALTHY)
    for name, asked in zip(HEALTHY, (False, True, True), strict=True):
        assert outcomes.alarms(name) == set()
        (visit,) = look(outcomes, name).visits
        assert [one.client_certificate_requested for one in visit.handshakes] == [asked] * len(visit.handshakes)
        last = visit.handshakes[-1]
        assert (last.client_certificate is not None) == (asked and client is not None)
        # Without our certificate the edge that needs one ends the handshake, and is not called down for it.
        assert last.completed == (client is not None or name != domain("needs"))
        assert (visit.sip is not None and visit.sip.status == 200) == (bool(sip) and last.completed)


def test_an_edge_that_needs_our_certificate_says_so(partners: Partners) -> None:
    name = domain("needs")
    outcomes = federation(name, *asking(partners.dns), *partners.root)

    finding = outcomes.finding(name, "EDG010")
    assert finding.status == "pass"
    assert "wants our certificate" in finding.summary


@pytest.mark.parametrize("label", FAULTS)
def test_a_fault_of_the_dns_is_the_only_alarm(label: str, seen: Outcomes, partners: Partners) -> None:
    check, subject = FAULTS[label]
    about = subject.format(domain=domain(label), target=target(label), zone=ZONE, dns=partners.dns.address)

    assert seen.alarms(domain(label)) == {(check, about)}
    assert seen.reports[domain(label)].cause in (check, None)


@pytest.mark.parametrize("label", ODD)
def test_what_is_only_odd_is_no_alarm(label: str, seen: Outcomes) -> None:
    assert seen.alarms(domain(label)) == set()
    assert seen.reports[domain(label)].verdict == "pass"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param(domain("nxdomain"), FailureKind.NAME_NOT_FOUND, id="NXDOMAIN"),
        pytest.param(domain("no-record"), FailureKind.NO_RECORD, id="no SRV"),
        pytest.param("broken.test", FailureKind.SERVFAIL, id="zone not loaded"),
        pytest.param(domain("record-circle"), FailureKind.SERVFAIL, id="circle of aliases"),
        pytest.param(domain("not-offered"), None, id="root as target"),
    ],
)
def test_each_way_to_have_no_record_has_its_name(name: str, kind: FailureKind | None, seen: Outcomes) -> None:
    (lookup,) = look(seen, name).srv
    finding = seen.finding(name, "SRV001")

    assert (None if lookup.failure is None else lookup.failure.kind) == kind
    assert seen.alarms(name) == {("SRV001", name)}
    assert any(line.startswith("ms-diagnostics: 1008") for line in finding.logs.edge)


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        pytest.param("no-address", FailureKind.NO_ADDRESS, id="no address"),
        pytest.param("no-target", FailureKind.NAME_NOT_FOUND, id="NXDOMAIN"),
        pytest.param("target-circle", FailureKind.SERVFAIL, id="circle of aliases"),
    ],
)
def test_each_way_to_have_no_address_has_its_name(label: str, kind: FailureKind, seen: Outcomes) -> None:
    (lookup,) = look(seen, domain(label)).names

    assert lookup.failure is not None
    assert lookup.failure.kind is kind


def test_a_silent_server_says_nothing_of_the_domain(silent_dns_server: Container) -> None:
    name = domain("healthy")
    outcomes = federation(name, *asking(silent_dns_server), "--timeout", "1")

    (lookup,) = look(outcomes, name).srv
    assert (outcomes.status, outcomes.alarms(name)) == (UNKNOWN, set())
    assert lookup.failure is not None
    assert lookup.failure.kind is FailureKind.DNS_TIMEOUT


def test_the_example_of_1009(seen: Outcomes) -> None:
    finding = seen.finding("cms.steven.lab", "DOM001")

    assert seen.alarms("cms.steven.lab") == {("DOM001", "vcse.sub.cms.steven.lab:5061")}
    assert (
        'ms-diagnostics: 1009; reason="No match for domain in DNS SRV results"; domain="cms.steven.lab"; '
        'fqdn1="vcse.sub.cms.steven.lab:5061"; source="<partner-edge>"'
    ) in finding.logs.edge


def test_of_several_targets_only_the_bad_ones_are_named(seen: Outcomes, partners: Partners) -> None:
    name = domain("several")
    where = f"{partners.edge.address}:5061"

    assert [found.host for found in look(seen, name).targets] == [
        target("several"),
        f"sip6.several.{ZONE}",
        target("elsewhere"),
        f"closed.several.{ZONE}",
        f"unnamed.several.{ZONE}",
    ]
    assert seen.alarms(name) == {
        ("DOM001", f"{target('elsewhere')}:5061"),
        ("EDG001", f"closed.several.{ZONE} at {partners.dns.address}:5061"),
        ("FCR001", f"unnamed.several.{ZONE} at {where}"),
    }
    for good in (f"{target('several')} at {where}", f"sip6.several.{ZONE} at [{partners.edge.address6}]:5061"):
        assert {seen.finding(name, check, good).status for check in ("EDG003", "EDG010", "FCR001", "FCR009")} == {
            "pass"
        }


def test_300_records_are_counted_and_the_first_are_looked_at(seen: Outcomes) -> None:
    found = look(seen, domain("records"))
    (lookup,) = found.srv

    assert len(lookup.records) + lookup.left_out == len(RECORDS)
    assert [one.host for one in found.targets] == list(RECORDS[:LOOKED_AT])
    assert {visit.target for visit in found.visits if visit.handshakes} == set(RECORDS[:LOOKED_AT])


def test_a_private_address_beside_a_public_one_is_not_dialled(seen: Outcomes, partners: Partners) -> None:
    visits = {visit.address: visit for visit in look(seen, domain("mixed")).visits}

    assert set(visits) == {f"{partners.edge.address}:5061", f"{PUBLIC}:5061"}
    assert visits[f"{partners.edge.address}:5061"].not_dialled is not None
    assert visits[f"{PUBLIC}:5061"].handshakes[0].completed


def test_an_alias_of_the_record_is_told_and_no_fault(seen: Outcomes) -> None:
    finding = seen.finding(domain("record-alias"), "SRV003")

    assert (finding.status, finding.severity) == ("fail", "info")
    assert finding.facts["aliases"] == [f"srv.record-alias.{ZONE}"]


@pytest.mark.parametrize(
    ("label", "check", "subject"),
    [
        pytest.param("record", "SRV004", "{name}", id="another record"),
        pytest.param("address", "ADR003", "sip.{name}:5061", id="another address"),
        pytest.param("outside", "SRV001", "{name} via {inside}:53", id="no record inside"),
    ],
)
def test_views_that_differ(label: str, check: str, subject: str, partners: Partners) -> None:
    name = f"{label}.views.test"
    outcomes = federation(name, *asking(partners.dns, partners.inside), *partners.root)

    assert outcomes.alarms(name) == {(check, subject.format(name=name, inside=partners.inside.address))}
    assert outcomes.status == (CRITICAL if check == "SRV001" else WARNING)


def test_views_that_agree(partners: Partners) -> None:
    outcomes = federation(domain("healthy"), *asking(partners.dns, partners.inside), *partners.root)

    assert outcomes.status == OK
    assert outcomes.finding(domain("healthy"), "SRV004").status == "pass"
    assert outcomes.finding(domain("healthy"), "ADR003").status == "pass"


def test_the_zones_own_server_is_found_and_asked(partners: Partners) -> None:
    outcomes = federation(domain("healthy"), *asking(partners.inside), "--authoritative", *partners.root)

    views = {lookup.view: lookup.servers for lookup in look(outcomes, domain("healthy")).srv}
    assert outcomes.status == OK
    assert views["authoritative"] == (f"{partners.dns.address}:53",)


def test_the_zones_own_server_shows_what_a_resolver_holds_back(partners: Partners) -> None:
    """The server inside has a zone of its own for this name, which names the other one as the zone's server."""
    outcomes = federation("record.views.test", *asking(partners.inside), "--authoritative", *partners.root)

    assert outcomes.alarms("record.views.test") == {("SRV004", "record.views.test")}
    assert [record.target for lookup in look(outcomes, "record.views.test").srv for record in lookup.records] == [
        "inside.record.views.test",
        "sip.record.views.test",
    ]


def test_a_signed_zone(seen: Outcomes, partners: Partners) -> None:
    validated = federation(*SIGNED, *asking(partners.inside), *partners.root)

    assert [look(seen, name).srv[0].dnssec for name in (*SIGNED, domain("six"))] == ["signed", "signed", "unsigned"]
    assert [look(validated, name).srv[0].dnssec for name in SIGNED] == ["validated", "bogus"]
    assert (seen.alarms("signed.test"), validated.alarms("signed.test")) == (set(), set())
    assert validated.alarms("bogus.test") == {("SRV001", "bogus.test")}


def test_a_record_that_belongs_inside(partners: Partners) -> None:
    outcomes = federation(domain("healthy"), *asking(partners.dns), "--extras", *partners.root)

    assert outcomes.alarms(domain("healthy")) == {("SRV005", domain("healthy"))}


def test_domains_of_im_and_presence_lead_to_one_address(partners: Partners) -> None:
    names = [domain("healthy"), domain("six")]
    outcomes = federation(*names, "--imp", *asking(partners.dns), *partners.root)

    assert outcomes.alarms(names[0]) == {("ADR004", names[0])}
    assert outcomes.alarms(names[1]) == {
        ("ADR004", names[1]),
        ("FCR004", f"{target('six')} at [{partners.edge.address6}]:5061"),
    }
