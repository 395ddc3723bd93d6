"""The federation command against real edges: certificates, TLS, our own certificate, and what an OPTIONS is told."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from cryptography import x509

from tests.containers import phone
from tests.containers.federation_servers import Partners
from tests.containers.federation_zones import domain, target
from tests.containers.product import CRITICAL, OK, UNKNOWN, WARNING, Outcomes, credential, federation
from vpnprobe.model.federation import EdgeVisit
from vpnprobe.pki.fingerprint import sha256
from vpnprobe.wire.tls.registry import AlertDescription

pytestmark = pytest.mark.container

# Each domain whose edge has one fault, and the check that says so.
FAULTS = {
    "misnamed": "FCR001",
    "common-name-ignored": "FCR001",
    "wildcard": "FCR002",
    "undotted": "FCR003",
    "client-only": "FCR005",
    "server-only": "FCR006",
    "expired": "FCR007",
    "not-yet": "FCR007",
    "expires-soon": "FCR008",
    "no-intermediate": "FCR009",
    "self-signed": "FCR010",
    "out-of-order": "FCR012",
    "short-key": "FCR013",
    "sha1": "FCR013",
    "negative-serial": "FCR014",
    "elliptic": "EDG004",
    "old-tls": "EDG003",
    "triple-des": "EDG003",
}
SOUND = ("healthy", "common-name", "root-sent", "refused", "forbidden")


@pytest.fixture(scope="module")
def seen(partners: Partners) -> Outcomes:
    """One run over every domain whose fault is at its edge, with SIP."""
    return probe(partners, (*FAULTS, *SOUND), "--sip", *partners.root)


def probe(partners: Partners, labels: Iterable[str], *options: str) -> Outcomes:
    """Probe the domains of these labels."""
    return federation(*map(domain, labels), "--resolver", partners.dns.address, *options)


def alarms(outcomes: Outcomes, label: str) -> set[str]:
    """The alarms for this domain, each of them about itself or its own target."""
    found = outcomes.alarms(domain(label))
    assert {subject.partition(" at ")[0] for _, subject in found} <= {target(label), domain(label)}
    return {check for check, _ in found}


def visit(outcomes: Outcomes, label: str) -> EdgeVisit:
    """The only visit for this domain."""
    found = outcomes.reports[domain(label)].evidence.federation
    assert found is not None
    (only,) = found.visits
    return only


@pytest.mark.parametrize(("label", "check"), FAULTS.items())
def test_a_fault_of_the_edge_is_the_only_alarm(label: str, check: str, seen: Outcomes) -> None:
    assert alarms(seen, label) == {check}


@pytest.mark.parametrize("label", SOUND)
def test_what_is_only_odd_is_no_alarm(label: str, seen: Outcomes) -> None:
    assert alarms(seen, label) == set()


@pytest.mark.parametrize("label", ["sha1", "out-of-order", "negative-serial"])
def test_an_odd_chain_is_followed_to_the_root_and_its_judges_are_named(label: str, seen: Outcomes) -> None:
    path = visit(seen, label).path

    assert path is not None
    assert (path.end, path.subjects[-1]) == ("given-root", "CN=Example Root,O=Example")
    assert path.engine
    assert path.engine in seen.finding(domain(label), "FCR009").summary


def test_the_example_of_1010(partners: Partners) -> None:
    outcomes = federation("cms.steven.lab", "--resolver", partners.inside.address, *partners.root)

    where = f"vcse.cms.steven.lab at {partners.edge.address}:5061"
    assert (outcomes.status, outcomes.alarms("cms.steven.lab")) == (CRITICAL, {("FCR001", where)})
    assert outcomes.finding("cms.steven.lab", "FCR001").logs.edge[0] == (
        'ms-diagnostics: 1010; reason="Certificate trust with another server could not be established"; '
        'ErrorType="The peer certificate does not contain a matching FQDN"; tls-target="vcse.cms.steven.lab"; '
        'PeerServer="vcse.steven.lab"; HRESULT="0x80090322(SEC_E_WRONG_PRINCIPAL)"; source="<partner-edge>"'
    )


@pytest.mark.parametrize(
    ("label", "partner", "given", "check"),
    [
        pytest.param("root-sent", "any", False, "FCR010", id="private root that was sent"),
        pytest.param("healthy", "any", False, "FCR009", id="private root that was not sent"),
        pytest.param("healthy", "office-365", True, "FCR011", id="private root for Office 365"),
        pytest.param("healthy", "lync-2010", True, "EDG005", id="Lync 2010 and no TLS 1.0"),
        pytest.param("old-tls", "lync-2010", True, None, id="Lync 2010 and TLS 1.0"),
    ],
)
def test_the_partner_and_the_roots_it_has(
    label: str, partner: str, given: bool, check: str | None, partners: Partners
) -> None:
    outcomes = probe(partners, [label], "--partner", partner, *(partners.root if given else ()))

    assert alarms(outcomes, label) == ({check} if check else set())


def test_each_old_edge_shows_what_it_takes(seen: Outcomes) -> None:
    taken = {
        label: {flight.hello for flight in visit(seen, label).flights if flight.failure is None}
        for label in ("healthy", "elliptic", "old-tls", "triple-des")
    }

    assert taken == {
        "healthy": {"microsoft-edge", "tls12-rsa", "tls12-ecdhe"},
        "elliptic": {"microsoft-edge", "tls12-ecdhe", "ec-only"},
        "old-tls": {"microsoft-edge", "tls12-rsa", "tls12-ecdhe", "tls10"},
        "triple-des": {"3des-only"},
    }


@pytest.mark.parametrize(
    ("name", "status", "check", "alert"),
    [
        pytest.param(
            "stranger", CRITICAL, "EDG008", AlertDescription.unknown_ca, id="of an authority that is not named"
        ),
        # The fault is our certificate's: what the edge makes of a good one is not known then.
        pytest.param("partner-expired", UNKNOWN, "EDG011", AlertDescription.certificate_expired, id="expired"),
        pytest.param(
            "partner-server-only", UNKNOWN, "EDG011", AlertDescription.unsupported_certificate, id="no client's"
        ),
    ],
)
@pytest.mark.parametrize("label", ["needs", "asks"])
def test_our_certificate_is_the_wrong_one(
    label: str, name: str, status: int, check: str, alert: int, partners: Partners
) -> None:
    outcomes = probe(partners, [label], *credential(partners.pki, name), *partners.root)

    assert (outcomes.status, alarms(outcomes, label)) == (status, {check})
    last = visit(outcomes, label).handshakes[-1]
    assert last.client_certificate is not None
    assert last.failure is not None
    assert last.failure.alert == alert


def test_the_authorities_of_a_real_request_are_read(partners: Partners) -> None:
    outcomes = probe(partners, ["needs"], *credential(partners.pki, "stranger"), *partners.root)

    authorities = x509.load_pem_x509_certificates((partners.pki / "authorities.crt").read_bytes())
    (own, *_) = visit(outcomes, "needs").flights
    assert own.certificate_request is not None
    assert sorted(own.certificate_request.authorities) == sorted(one.subject.public_bytes() for one in authorities)
    finding = outcomes.finding(domain("needs"), "EDG008")
    assert "CN=Elsewhere Root" in finding.summary
    assert finding.facts["authorities"] == ["CN=Example Issuing,O=Example", "CN=Example Root,O=Example"]


def test_our_certificate_is_withheld_where_the_name_is_wrong(partners: Partners) -> None:
    outcomes = probe(partners, ["asks-misnamed"], *credential(partners.pki, "partner"), *partners.root)

    assert alarms(outcomes, "asks-misnamed") == {"FCR001"}
    assert [one.client_certificate for one in visit(outcomes, "asks-misnamed").handshakes] == [None]


@pytest.mark.parametrize(
    ("label", "status", "words"),
    [
        pytest.param("healthy", 200, None, id="accepted"),
        pytest.param("refused", 504, "ms-diagnostics 1009", id="refused with a number"),
        pytest.param("forbidden", 403, "403 Forbidden", id="forbidden"),
    ],
)
def test_what_an_options_is_told(label: str, status: int, words: str | None, seen: Outcomes) -> None:
    exchange = visit(seen, label).sip
    refusal = seen.finding(domain(label), "SIP003")

    assert exchange is not None
    assert exchange.status == status
    assert seen.finding(domain(label), "SIP001").status == "pass"
    assert (refusal.status, refusal.severity) == ("pass" if words is None else "fail", "info")
    assert (words or "") in refusal.summary


@pytest.mark.parametrize(
    ("name", "status"), [pytest.param("default", OK, id="the edge's"), pytest.param("partner", CRITICAL, id="another")]
)
@pytest.mark.parametrize("as_file", [True, False], ids=["file", "fingerprint"])
def test_the_expected_certificate(name: str, status: int, as_file: bool, partners: Partners) -> None:
    pem = partners.pki / f"{name}.crt"
    expected = str(pem) if as_file else sha256(phone.leaf(pem)).hex()
    outcomes = probe(partners, ["healthy"], "--expect", expected, *partners.root)

    assert outcomes.status == status
    assert alarms(outcomes, "healthy") == (set() if status == OK else {"FCR015"})


def test_the_exit_status_is_that_of_the_worst_domain(partners: Partners) -> None:
    assert probe(partners, ["healthy", "wildcard"], *partners.root).status == WARNING
    assert probe(partners, ["misnamed", "wildcard", "healthy"], *partners.root).status == CRITICAL
