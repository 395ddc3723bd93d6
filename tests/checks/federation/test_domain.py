"""Checks of the targets' names."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.evidence_builder import alarms, certificate_name, fail, finding
from tests.checks.federation.builder import (
    DOMAIN,
    EDGE,
    IP,
    OUTSIDE,
    SECOND,
    TARGET,
    edge_certificate,
    flights,
    handshake,
    lookup,
    record,
    run,
    srv,
    target,
    two_targets,
    unpublished,
    visit,
)
from tests.checks.table import Row, params
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.wire.sip.diagnostics import parse_ms_diagnostics

SUB = "vcse.sub.cms.steven.lab"
FOREIGN = "vcse.steven.lab"
HOSTED = "sipfed.online.lync.com"


def pointing(*hosts: str, **fields: Any) -> Evidence:
    """A run whose records name these hosts, each with a certificate of its own and in the same address."""
    certificates = {host: EDGE if host == TARGET else edge_certificate(host) for host in hosts}
    return run(
        **{
            "srv": (srv(*(record(host, priority=10 * n) for n, host in enumerate(hosts))),),
            "targets": tuple(target(host, priority=10 * n) for n, host in enumerate(hosts)),
            "names": tuple(lookup(IP, name=host) for host in hosts),
            "visits": tuple(
                visit(
                    host,
                    flights=flights(certificate),
                    handshakes=(handshake(leaf=certificate_name(certificate.der)),),
                )
                for host, certificate in certificates.items()
            ),
            "identities": tuple(certificates.values()),
        }
        | fields
    )


def with_alias(**fields: Any) -> Evidence:
    return run(names=(lookup(IP, aliases=("edge.steven.lab",), **fields),))


def naming(literal: str, **fields: Any) -> Evidence:
    """A run whose record names an address, which is neither looked up nor dialled."""
    return run(**{"srv": (srv(record(literal)),), "targets": (target(literal),), "names": (), "visits": ()} | fields)


LITERAL = naming(IP)

ROWS = (
    Row("DOM001", "pass", run(), "pass", f"{TARGET} is a host of {DOMAIN}"),
    Row("DOM001", "hosted", pointing(HOSTED), "pass", "the domain is hosted there"),
    Row("DOM001", "sub-domain", pointing(SUB), "fail", f"is in a sub-domain, not directly in {DOMAIN}"),
    Row("DOM001", "foreign", pointing(FOREIGN), "fail", f"is in another domain, not in {DOMAIN}"),
    Row("DOM001", "domain-itself", pointing(DOMAIN), "fail", "is the domain itself"),
    Row("DOM001", "ends-alike", pointing("vcse.xcms.steven.lab"), "fail", "is in another domain"),
    Row(
        "DOM001",
        "sub-domain-beside-a-good-one",
        pointing(TARGET, SUB),
        "fail",
        f"{TARGET}:5061 is, but which of them an edge takes was found nowhere",
        subject=f"{SUB}:5061",
    ),
    Row("DOM001", "good-beside-sub-domain", pointing(TARGET, SUB), "pass", subject=f"{TARGET}:5061"),
    Row(
        "DOM001",
        "foreign-beside-a-good-one",
        pointing(TARGET, FOREIGN),
        "fail",
        "found nowhere",
        subject=f"{FOREIGN}:5061",
    ),
    Row(
        "DOM001",
        "itself-beside-a-good-one",
        pointing(TARGET, DOMAIN),
        "fail",
        "found nowhere",
        subject=f"{DOMAIN}:5061",
    ),
    Row("DOM001", "address", LITERAL, "fail", f"{IP} is an address, which no SRV record may name (RFC 2782)"),
    Row("DOM001", "v6-address", naming("2001:db8::7"), "fail", "an edge refuses it with 1009"),
    Row("ADR001", "address", LITERAL, "not-applicable", "names an address and no host (DOM001)"),
    Row("DOM001", "without-address", pointing(FOREIGN, names=()), "fail", "is in another domain"),
    Row("DOM001", "no-record", run(**unpublished()), "inconclusive", "no target of the federation records is known"),
    Row("DOM001", "not-run", run(federation=None), "inconclusive"),
    Row("DOM002", "pass", run(), "pass", f"{TARGET} is no alias"),
    Row("DOM002", "alias", with_alias(), "fail", "is an alias of edge.steven.lab"),
    Row("DOM002", "hosted", pointing(HOSTED), "not-applicable", "Microsoft's own"),
    Row(
        "DOM002",
        "no-address",
        run(names=(lookup(failure=fail(FailureKind.NAME_NOT_FOUND)),)),
        "inconclusive",
        "ADR001",
    ),
    Row("DOM002", "no-record", run(**unpublished()), "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


def test_the_header_is_that_of_the_document() -> None:
    """Document 004: cms.steven.lab leads to vcse.sub.cms.steven.lab."""
    logs = finding(pointing(SUB), "DOM001").logs
    name, _, value = logs.edge[0].partition(": ")
    said = parse_ms_diagnostics(value)
    assert name == "ms-diagnostics"
    assert said.code == 1009
    assert said.get("domain") == "cms.steven.lab"
    assert said.get("fqdn1") == "vcse.sub.cms.steven.lab:5061"
    assert said.get("reason") == "No match for domain in DNS SRV results"


def test_the_trace_is_that_of_the_document() -> None:
    """Document 004: a call from acano.steven.lab, whose record leads to vcse.steven.lab."""
    evidence = pointing("vcse.steven.lab", domain="acano.steven.lab")
    (_, trace), expressway = finding(evidence, "DOM001").logs.edge, finding(evidence, "DOM001").logs.expressway
    assert "0xc3e93d6f SIPPROXY_E_EPROUTING_MSG_ALLOWED_DOMAIN_NO_SRV_MATCH" in trace
    assert 'Data: domain="acano.steven.lab";fqdn1="vcse.steven.lab:5061"' in trace
    assert expressway[0].startswith("SIP/2.0 504 Server time-out")
    assert "RTC/6.0" in expressway[0]


def test_several_targets_that_are_all_wrong_are_all_in_the_header() -> None:
    found = finding(pointing(SUB, FOREIGN), "DOM001", f"{FOREIGN}:5061")
    assert f'fqdn1="{SUB}:5061"; fqdn2="{FOREIGN}:5061"' in found.logs.edge[0]


def test_where_another_target_is_right_nothing_is_predicted() -> None:
    found = finding(pointing(TARGET, SUB), "DOM001", f"{SUB}:5061")
    assert (found.logs.edge, found.logs.expressway) == ((), ())
    assert "predicted" not in found.facts


def test_a_target_of_another_view_helps_nobody() -> None:
    """Who asks inside gets the wrong name only."""
    evidence = pointing(
        SUB,
        TARGET,
        srv=(srv(record(SUB)), srv(record(), view=OUTSIDE)),
        targets=(target(SUB), target(views=(OUTSIDE,))),
        names=(lookup(IP, name=SUB), lookup(IP, view=OUTSIDE)),
    )
    found = finding(evidence, "DOM001", f"{SUB}:5061")
    assert found.logs.edge
    assert "whatever its address" in found.summary


def test_the_records_to_publish_are_ready_to_paste() -> None:
    v6 = "2001:db8::7"
    evidence = pointing(SUB, names=(lookup(IP, v6, name=SUB),))
    found = finding(evidence, "DOM001")
    assert found.fix[0].steps[1:] == (
        f"_sipfederationtls._tcp.{DOMAIN}. 3600 IN SRV 0 0 5061 vcse.{DOMAIN}.",
        f"vcse.{DOMAIN}. 3600 IN A {IP}",
        f"vcse.{DOMAIN}. 3600 IN AAAA {v6}",
    )
    assert f"vcse.{DOMAIN}" in found.fix[1].steps[0]


def test_a_private_address_is_not_offered_for_publishing() -> None:
    found = finding(pointing(SUB, names=(lookup("10.1.1.7", name=SUB),)), "DOM001")
    assert found.fix[0].steps[2] == f"vcse.{DOMAIN}. 3600 IN A <public-address-of-the-edge>"


def test_a_name_that_is_no_host_is_not_put_into_a_command() -> None:
    """The zone may be anybody's, and the command is run by the partner."""
    hostile = r'\$\(calc\).steven.lab"'
    found = finding(pointing(hostile), "DOM001")
    command = next(fix for fix in found.fix if fix.platform == "Microsoft edge").steps[-1]
    assert command == f'Set-CsAllowedDomain -Identity "{DOMAIN}" -ProxyFqdn "<name-of-the-target>"'


def test_a_name_that_another_target_has_is_not_given_away() -> None:
    """Its address would be added to those of the target that is right."""
    found = finding(pointing(TARGET, FOREIGN), "DOM001", f"{FOREIGN}:5061")
    assert found.facts["better"] == f"vcse2.{DOMAIN}"
    assert f"leads to {FOREIGN}:" in found.fix[0].steps[0]


def test_a_target_that_is_the_domain_is_given_a_host() -> None:
    assert finding(pointing(DOMAIN), "DOM001").facts["better"] == f"sip.{DOMAIN}"


@pytest.mark.parametrize(
    ("literal", "lines"),
    [
        pytest.param(IP, (f"sip.{DOMAIN}. 3600 IN A {IP}",), id="IPv4"),
        pytest.param("2001:db8::7", (f"sip.{DOMAIN}. 3600 IN AAAA 2001:db8::7",), id="IPv6"),
        pytest.param("10.1.1.7", (f"sip.{DOMAIN}. 3600 IN A <public-address-of-the-edge>",), id="private"),
    ],
)
def test_an_address_in_place_of_a_host_is_given_a_name(literal: str, lines: tuple[str, ...]) -> None:
    found = finding(naming(literal), "DOM001")
    assert found.fix[0].steps == (
        f"Publish, in the zone that the Internet sees, in place of the record that leads to {literal}:",
        f"_sipfederationtls._tcp.{DOMAIN}. 3600 IN SRV 0 0 5061 sip.{DOMAIN}.",
        *lines,
    )
    assert [fix.platform for fix in found.fix] == ["DNS", "Expressway"]


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        pytest.param(pointing(SUB), {"DOM001"}, id="sub-domain"),
        pytest.param(LITERAL, {"DOM001"}, id="address"),
        pytest.param(pointing(TARGET, FOREIGN), {"DOM001"}, id="one-of-two"),
        pytest.param(with_alias(), {"DOM002"}, id="alias"),
        pytest.param(run(**two_targets(SECOND)), set(), id="two-good-names"),
    ],
)
def test_one_fault_is_one_alarm(evidence: Evidence, expected: set[str]) -> None:
    mine = {name for name in alarms(evidence) if name.startswith(("SRV", "DOM", "ADR", "SIP"))}
    assert mine == expected


def test_the_alias_is_replaced_by_addresses() -> None:
    found = finding(with_alias(), "DOM002")
    assert found.fix[0].steps == (f"Publish in place of the CNAME at {TARGET}:", f"{TARGET}. 3600 IN A {IP}")
