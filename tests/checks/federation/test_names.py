"""The names of the target's certificate."""

from __future__ import annotations

import shlex
from typing import Any

import msgspec
import pytest

from tests.certificates import issue
from tests.checks.evidence_builder import REFUSED, alarms, certificate_name, finding, findings
from tests.checks.federation.builder import (
    ADDRESS,
    DOMAIN,
    EDGE,
    IP,
    ISSUING,
    SECOND,
    SECOND_ADDRESS,
    TARGET,
    edge_certificate,
    flight,
    flights,
    handshake,
    lookup,
    record,
    run,
    shown,
    silent_flights,
    srv,
    target,
    two_targets,
    unpublished,
    visit,
)
from tests.checks.table import Row, params
from vpnprobe.checks.evaluate import judge
from vpnprobe.federation.diagnostics import EXPRESSWAY_504
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.target import Expectation

IMP = Expectation(im_and_presence=True)

# The second example of document 004: the SAN holds the Expressway's own name, not the target.
EXAMPLE = edge_certificate("vcse.steven.lab")
CN_ONLY = edge_certificate(cn=TARGET)
CN_BESIDE_SAN = edge_certificate("vcse.steven.lab", cn=TARGET)
WILDCARD = edge_certificate(f"*.{DOMAIN}", cn=f"*.{DOMAIN}")
WILDCARD_CN = edge_certificate(cn=f"*.{DOMAIN}")
WILDCARD_CN_EXACT_SAN = edge_certificate(TARGET, cn=f"*.{DOMAIN}")
PART_WILDCARD = edge_certificate(f"s*.{DOMAIN}")
NO_DNS_NAME = edge_certificate(f"{TARGET}:5061")
OTHER_WILDCARD = edge_certificate("*.example.net", cn="*.example.net")
BARE = edge_certificate(cn="vcse")
NAMELESS = issue(subject=[("O", "Example")], issuer=ISSUING, serial=11)
OTHER_CN = edge_certificate(TARGET, "vcse.steven.lab", cn="vcse.steven.lab")
WITH_DOMAIN = edge_certificate(TARGET, DOMAIN)
UPPER = edge_certificate(TARGET.upper())
BROKEN = b"\x30\x03not a certificate"

UNREADABLE = run(
    visits=(visit(flights=(flight(shown=(BROKEN,)),), handshakes=(), path=None),),
    certificates={certificate_name(BROKEN): BROKEN},
)
NOT_KEPT = run(certificates={})
NO_CONNECTION = run(visits=(visit(flights=silent_flights(REFUSED), handshakes=(), path=None),))
FROM_THE_HANDSHAKE = run(visits=(visit(flights=(flight(shown=None),)),))


def imp(**fields: object) -> Evidence:
    return run(expectation=IMP, **fields)


ROWS = (
    Row("FCR001", "in-the-san", run(), "pass", "is in the SAN"),
    Row("FCR001", "case-does-not-count", run(**shown(UPPER)), "pass"),
    Row("FCR001", "bare-domain-too", run(**shown(WITH_DOMAIN)), "pass"),
    Row("FCR001", "no-san", run(**shown(CN_ONLY)), "pass", "the common name, and there is no SAN"),
    Row("FCR001", "seen-by-the-handshake-only", FROM_THE_HANDSHAKE, "pass"),
    Row("FCR001", "other-name", run(**shown(EXAMPLE)), "fail", f"does not name {TARGET}, but vcse.steven.lab"),
    Row("FCR001", "cn-beside-a-san", run(**shown(CN_BESIDE_SAN)), "fail", "does not count beside a SAN"),
    Row("FCR001", "wildcard", run(**shown(WILDCARD)), "not-applicable", "FCR002"),
    Row("FCR001", "no-dot", run(**shown(BARE)), "inconclusive", "a consequence of FCR003"),
    Row("FCR001", "unreadable", UNREADABLE, "inconclusive", "FCR014"),
    Row("FCR001", "not-kept", NOT_KEPT, "inconclusive", "showed no certificate"),
    Row("FCR001", "no-connection", NO_CONNECTION, "inconclusive", "connection refused"),
    Row("FCR001", "unpublished", run(**unpublished()), "inconclusive"),
    Row("FCR002", "none", run(), "pass"),
    Row("FCR002", "in-the-san", run(**shown(WILDCARD)), "fail", "was found nowhere"),
    Row("FCR002", "common-name", run(**shown(WILDCARD_CN)), "fail", f"only *.{DOMAIN} covers"),
    Row("FCR002", "beside-the-name", run(**shown(WILDCARD_CN_EXACT_SAN)), "fail", "in no role"),
    Row("FCR002", "of-another-domain", run(**shown(OTHER_WILDCARD)), "inconclusive", "a consequence of FCR001"),
    Row("FCR002", "unreadable", UNREADABLE, "inconclusive"),
    Row("FCR003", "dotted", run(), "pass", TARGET),
    Row("FCR003", "part-wildcard", run(**shown(PART_WILDCARD)), "pass", f"names s*.{DOMAIN}"),
    Row("FCR001", "part-wildcard", run(**shown(PART_WILDCARD)), "fail", f"does not name {TARGET}, but s*.{DOMAIN}"),
    Row("FCR003", "no-dns-name", run(**shown(NO_DNS_NAME)), "fail", f"a DNS name with a dot: {TARGET}:5061"),
    Row("FCR003", "bare-host", run(**shown(BARE)), "fail", "no name of the certificate is a DNS name with a dot: vcse"),
    Row("FCR003", "nameless", run(**shown(NAMELESS)), "fail", "it has none"),
    Row("FCR003", "unreadable", UNREADABLE, "inconclusive"),
    Row("FCR004", "not-asked", run(), "not-applicable", "--imp"),
    Row("FCR004", "is-the-target", imp(), "pass", TARGET),
    Row("FCR004", "other", imp(**shown(OTHER_CN)), "fail", "is vcse.steven.lab, not"),
    Row("FCR004", "unreadable", msgspec.structs.replace(UNREADABLE, expectation=IMP), "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


def test_a_common_name_is_not_mended_by_the_request_of_an_expressway() -> None:
    platforms = [fix.platform for fix in finding(imp(**shown(OTHER_CN)), "FCR004").fix]
    assert "IM and Presence" in platforms
    assert "Expressway" not in platforms


@pytest.mark.parametrize(
    ("evidence", "expected", "verdict"),
    [
        pytest.param(run(**shown(EXAMPLE)), {"FCR001"}, "fail", id="other-name"),
        pytest.param(imp(**shown(EXAMPLE)), {"FCR001"}, "fail", id="other-name-imp"),
        pytest.param(run(**shown(CN_BESIDE_SAN)), {"FCR001"}, "fail", id="cn-beside-a-san"),
        pytest.param(run(**shown(WILDCARD)), {"FCR002"}, "warn", id="wildcard"),
        pytest.param(imp(**shown(WILDCARD)), {"FCR004"}, "fail", id="wildcard-imp"),
        pytest.param(run(**shown(BARE)), {"FCR003"}, "fail", id="no-dot"),
        pytest.param(imp(**shown(OTHER_CN)), {"FCR004"}, "fail", id="other-cn"),
        pytest.param(run(**shown(CN_ONLY)), set(), "pass", id="no-san"),
        pytest.param(run(**shown(WITH_DOMAIN)), set(), "pass", id="bare-domain-too"),
    ],
)
def test_one_fault_of_the_names_is_one_alarm(evidence: Evidence, expected: set[str], verdict: str) -> None:
    assert alarms(evidence) == expected
    assert judge(evidence).verdict == verdict


def test_the_lines_of_document_004_are_predicted() -> None:
    found = finding(run(**shown(EXAMPLE)), "FCR001")
    header, trace = found.logs.edge
    assert header == found.facts["predicted"]
    assert header.startswith("ms-diagnostics: 1010;")
    for field in (
        'reason="Certificate trust with another server could not be established"',
        'ErrorType="The peer certificate does not contain a matching FQDN"',
        'tls-target="vcse.cms.steven.lab"',
        'PeerServer="vcse.steven.lab"',
        'HRESULT="0x80090322(SEC_E_WRONG_PRINCIPAL)"',
    ):
        assert field in header
    assert "0xc3e93d67 SIPPROXY_E_ROUTING_MSG_CERT_MISMATCH" in trace
    assert 'expected-fqdn="vcse.cms.steven.lab";certName="vcse.steven.lab"' in trace
    assert found.logs.expressway == (EXPRESSWAY_504,)


def test_the_bare_domain_is_never_asked_for() -> None:
    """F4-09: also a certificate that lacks nothing but the domain itself is as it ought to be."""
    assert {item.status for item in judge(run()).findings if item.id.startswith("FCR00")} <= {"pass", "not-applicable"}


def test_the_request_is_ready_to_paste() -> None:
    found = finding(run(**shown(EXAMPLE)), "FCR001")
    steps = {fix.platform: fix.steps for fix in found.fix}
    assert steps["Expressway"][1] == f"Additional alternative names: {TARGET},vcse.steven.lab"
    assert f" fqdn {TARGET}" in steps["ASA"]
    words = shlex.split(steps["CA"][1])
    assert words[:3] == ["openssl", "req", "-new"]
    assert f"subjectAltName=DNS:{TARGET},DNS:vcse.steven.lab" in words
    assert words[words.index("-subj") + 1].endswith(f"/CN={TARGET}")
    assert found.next[0] == f"openssl s_client -connect {ADDRESS} -servername {TARGET} -showcerts"


def test_one_certificate_for_two_targets_is_asked_for_with_both() -> None:
    session = handshake(address=SECOND_ADDRESS, leaf=certificate_name(EXAMPLE.der))
    first = handshake(leaf=certificate_name(EXAMPLE.der))
    both = two_targets() | {
        "visits": (
            visit(flights=flights(EXAMPLE), handshakes=(first,)),
            visit(SECOND, SECOND_ADDRESS, flights=flights(EXAMPLE, address=SECOND_ADDRESS), handshakes=(session,)),
        )
    }
    sans = [item.facts["san"] for item in findings(run(**both, identities=(EXAMPLE,)), "FCR001")]
    assert sans == [f"{TARGET},{SECOND},vcse.steven.lab", f"{SECOND},{TARGET},vcse.steven.lab"]


def test_one_bad_target_of_two_is_told_apart() -> None:
    bad: dict[str, Any] = {"flights": flights(EXAMPLE, address=SECOND_ADDRESS), "handshakes": ()}
    found = findings(run(**two_targets(**bad), identities=(EXAMPLE,)), "FCR001")
    assert [(item.target, item.status) for item in found] == [(TARGET, "pass"), (SECOND, "fail")]


HOSTILE = "x';reboot;'.cms.steven.lab"


def test_a_target_that_is_to_be_renamed_has_its_new_name_in_the_request() -> None:
    """One request serves before and after what DOM001 wants."""
    foreign = "sip.example.net"
    evidence = run(
        srv=(srv(record(foreign)),),
        targets=(target(foreign),),
        names=(lookup(IP, name=foreign),),
        visits=(visit(foreign, flights=flights(EDGE)),),
    )
    [renamed] = findings(evidence, "DOM001")
    [named] = findings(evidence, "FCR001")
    better = renamed.facts["better"]
    assert better == "sip.cms.steven.lab"
    assert named.facts["san"] == f"{better},{foreign},{TARGET}"
    assert f"CN={better}" in str(named.facts["request"])
    assert f" fqdn {better}" in next(fix.steps for fix in named.fix if fix.platform == "ASA")


def test_names_of_a_hostile_zone_or_certificate_are_no_part_of_a_request() -> None:
    odd = edge_certificate("$(reboot).example.net", "a b.example.net", "good.example.net", "*.example.net")
    found = finding(run(**shown(odd)), "FCR001")
    assert found.facts["san"] == f"{TARGET},good.example.net"
    evidence = run(
        srv=(srv(record(HOSTILE)),),
        targets=(target(HOSTILE),),
        visits=(visit(HOSTILE, flights=flights(EXAMPLE), handshakes=()),),
        identities=(EXAMPLE,),
    )
    found = finding(evidence, "FCR001")
    assert (found.status, found.facts["san"], found.facts["request"]) == ("fail", None, None)
    assert [fix.steps[-1] for fix in found.fix if fix.platform == "CA"] == ["<request>"]
    assert shlex.split(found.next[0])[5] == HOSTILE
