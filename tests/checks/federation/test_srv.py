"""Checks of the federation record and of the domain's other services."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.evidence_builder import alarms, fail, finding, findings
from tests.checks.federation.builder import (
    DOMAIN,
    IP,
    OUTSIDE,
    SERVER,
    SYSTEM,
    TARGET,
    lookup,
    no_srv,
    record,
    run,
    srv,
    target,
    two_targets,
    unpublished,
    visit,
)
from tests.checks.table import Row, params
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.federation import AUTHORITATIVE_VIEW, EdgeVisit, SrvLookup
from vpnprobe.model.target import Endpoint, Target

NOWHERE = record(".", port=0)
NAME = f"_sipfederationtls._tcp.{DOMAIN}"
ALIAS = srv(record(), aliases=("records.steven.lab",))
BROKEN_ALIAS = no_srv(FailureKind.NAME_NOT_FOUND, aliases=("records.steven.lab",))
REFUSES = fail(FailureKind.SERVFAIL, code=5, detail="REFUSED")
OTHER = record("vcse9.cms.steven.lab")


def one(answer: SrvLookup) -> dict[str, Any]:
    """Fields of a run with one view that leads nowhere."""
    return unpublished() | {"srv": (answer,)}


def seen_by_two(first: SrvLookup, second: SrvLookup) -> dict[str, Any]:
    return {
        "srv": (first, second),
        "targets": (target(views=(SYSTEM, OUTSIDE)),),
        "names": (lookup(IP), lookup(IP, view=OUTSIDE)),
    }


def extra(service: str, *records: Any, **fields: Any) -> SrvLookup:
    return srv(*records, service=service, **fields)


def extras(view: str = SYSTEM, **answers: SrvLookup) -> dict[str, Any]:
    """Fields of a run with --extras; every service that is not among the answers is not there."""
    services = ("_sip._tls", "_sips._tcp", "_sip._tcp", "_collab-edge._tls", "_cisco-uds._tcp", "_cuplogin._tcp")
    return {
        "srv": (srv(record(), view=view),),
        "targets": (target(views=(view,)),),
        "names": (lookup(IP, view=view),),
        "visits": (visit(views=(view,)),),
        "extras": tuple(
            answers.get(service.strip("_").replace("-", "_").partition(".")[0])
            or no_srv(FailureKind.NAME_NOT_FOUND, view, service=service)
            for service in services
        ),
    }


def at_port_0(host: str) -> dict[str, Any]:
    """Fields of a run whose record names port 0, which is not dialled."""
    return {
        "srv": (srv(record(host, port=0)),),
        "targets": (target(host, port=0),),
        "names": (lookup(IP, name=host),),
        "visits": (EdgeVisit(target=host, address=f"{IP}:0", views=(SYSTEM,), not_dialled="the record names port 0"),),
    }


UDS = "_cisco-uds._tcp"
EDGE = "_collab-edge._tls"

ROWS = (
    Row("SRV001", "pass", run(), "pass", f"names {TARGET}:5061 (priority 0, weight 0)"),
    Row("SRV001", "two", run(**two_targets()), "pass", "priority 10"),
    Row("SRV001", "cut", run(srv=(srv(record(), left_out=9000),)), "pass", "9000 more were not read"),
    Row("SRV001", "beside-nowhere", run(srv=(srv(NOWHERE, record()),)), "pass", TARGET),
    Row("SRV001", "nxdomain", run(**unpublished()), "fail", "the name does not exist; asked 192.0.2.1:53"),
    Row("SRV001", "no-record", run(**unpublished(FailureKind.NO_RECORD)), "fail", "the name has no such record"),
    Row("SRV001", "servfail", run(**unpublished(FailureKind.SERVFAIL)), "fail", "the DNS server failed"),
    Row("SRV001", "refused", run(**one(srv(failure=REFUSES))), "inconclusive", "refuses to answer us (REFUSED)"),
    Row(
        "SRV001", "refused-advice", run(**one(srv(failure=REFUSES))), "inconclusive", "another DNS server with --resol"
    ),
    Row(
        "SRV001",
        "refused-by-the-zones-own-server",
        run(**one(srv(view=AUTHORITATIVE_VIEW, servers=(SERVER,), failure=REFUSES))),
        "fail",
        "refuses to answer us (REFUSED); asked 192.0.2.1:53; no edge",
    ),
    Row("SRV001", "not-offered", run(**one(srv(NOWHERE))), "fail", "says that it does not federate"),
    Row("SRV001", "alias-to-nothing", run(**one(BROKEN_ALIAS)), "fail", "the name does not exist"),
    Row("SRV001", "bogus", run(srv=(srv(record(), dnssec="bogus"),)), "fail", "fail DNSSEC validation"),
    Row(
        "SRV001",
        "bogus-and-refused",
        run(**one(no_srv(FailureKind.SERVFAIL, dnssec="bogus"))),
        "fail",
        "fail DNSSEC validation",
    ),
    Row(
        "SRV001",
        "silent",
        run(**unpublished(FailureKind.DNS_TIMEOUT)),
        "inconclusive",
        "name another DNS server with --resolver",
    ),
    Row("SRV001", "local", run(**unpublished(FailureKind.LOCAL)), "inconclusive", "this machine"),
    Row("SRV001", "too-much", run(**unpublished(FailureKind.TOO_MUCH)), "inconclusive", "longer than any honest one"),
    Row(
        "SRV001",
        "servers-of-the-zone-unknown",
        run(**one(no_srv(FailureKind.NO_RECORD, "authoritative", servers=()))),
        "inconclusive",
        "the zone's own servers could not be asked",
    ),
    Row("SRV001", "unanswered", run(**one(srv())), "inconclusive", "was not answered"),
    Row("SRV001", "not-run", run(federation=None), "inconclusive", "records are not known"),
    Row("SRV002", "pass", run(), "pass", "port 5061"),
    Row(
        "SRV002",
        "other-port",
        run(srv=(srv(record(port=443)),), targets=(target(port=443),)),
        "fail",
        "the record names port 443",
    ),
    Row(
        "SRV002",
        "address",
        run(srv=(srv(record(IP, port=443)),), targets=(target(IP, port=443),), names=(), visits=()),
        "not-applicable",
        "DOM001",
    ),
    Row("SRV002", "port-0", run(**at_port_0(TARGET)), "not-applicable", "SRV008"),
    Row("SRV008", "pass", run(), "pass", "port 5061"),
    Row("SRV008", "port-0", run(**at_port_0(TARGET)), "fail", "port 0, to which nobody can connect"),
    Row("SRV008", "address", run(**at_port_0(IP)), "not-applicable", "DOM001"),
    Row("SRV008", "no-target", run(**unpublished()), "inconclusive", "the name does not exist"),
    Row("SRV002", "no-target", run(**unpublished()), "inconclusive", "the name does not exist"),
    Row("SRV003", "pass", run(), "pass"),
    Row("SRV003", "alias", run(srv=(ALIAS,)), "fail", "is an alias of records.steven.lab"),
    Row("SRV003", "alias-to-nothing", run(**one(BROKEN_ALIAS)), "fail", "is an alias of records.steven.lab"),
    Row("SRV003", "no-record", run(**unpublished()), "inconclusive", "SRV001"),
    Row("SRV004", "one-view", run(), "not-applicable", "--resolver"),
    Row("SRV004", "alike", run(**seen_by_two(srv(record()), srv(record(), view=OUTSIDE))), "pass", "all 2 views"),
    Row(
        "SRV004",
        "different",
        run(**seen_by_two(srv(record()), srv(OTHER, view=OUTSIDE))),
        "fail",
        f"system: {TARGET}:5061 (priority 0, weight 0); {OUTSIDE}: vcse9.cms.steven.lab",
    ),
    Row(
        "SRV004",
        "one-without",
        run(**seen_by_two(srv(record()), no_srv(FailureKind.NAME_NOT_FOUND, OUTSIDE))),
        "inconclusive",
        f"{OUTSIDE}: no record (a consequence of SRV001)",
    ),
    Row(
        "SRV004",
        "one-silent",
        run(**seen_by_two(srv(record()), no_srv(FailureKind.DNS_TIMEOUT, OUTSIDE))),
        "inconclusive",
        "192.0.2.53:53",
    ),
    Row(
        "SRV004",
        "one-cut",
        run(**seen_by_two(srv(record()), srv(record(), view=OUTSIDE, left_out=1))),
        "inconclusive",
        "not every view can be compared",
    ),
    Row("SRV005", "not-asked", run(), "not-applicable", "--extras"),
    Row("SRV005", "pass", run(**extras()), "pass", "none of _cisco-uds._tcp"),
    Row(
        "SRV005",
        "public",
        run(**extras(OUTSIDE, cisco_uds=extra(UDS, record("cucm.steven.lab", 8443), view=OUTSIDE))),
        "fail",
        "there for everybody who asks 192.0.2.53:53",
    ),
    Row(
        "SRV005",
        "perhaps-inside",
        run(**extras(cisco_uds=extra(UDS, record("cucm.steven.lab", 8443)))),
        "inconclusive",
        "--resolver",
    ),
    Row(
        "SRV005",
        "silent",
        run(**extras(cisco_uds=no_srv(FailureKind.SERVFAIL, service=UDS))),
        "inconclusive",
        "the DNS server failed",
    ),
    Row("SRV006", "pass", run(), "pass", "there is one record"),
    Row("SRV006", "two", run(**two_targets()), "fail", "which one an edge takes was found nowhere"),
    Row("SRV006", "no-record", run(**unpublished()), "inconclusive", "SRV001"),
    Row("SRV007", "not-asked", run(), "not-applicable", "--extras"),
    Row("SRV007", "none", run(**extras()), "pass", "0 other services"),
    Row(
        "SRV007",
        "named",
        run(**extras(collab_edge=extra(EDGE, record(port=8443)))),
        "pass",
        f"1 other service: {EDGE}.{DOMAIN}",
    ),
    Row(
        "SRV007",
        "other-port",
        run(**extras(collab_edge=extra(EDGE, record(port=443)))),
        "fail",
        "names port 443, documented is 8443",
    ),
    Row(
        "SRV007",
        "silent",
        run(**extras(collab_edge=no_srv(FailureKind.DNS_TIMEOUT, service=EDGE))),
        "inconclusive",
        "no DNS server answered",
    ),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


def test_the_record_to_publish_is_ready_to_paste() -> None:
    found = finding(run(**unpublished()), "SRV001")
    assert found.fix[0].steps[1:] == (
        f"{NAME}. 3600 IN SRV 0 0 5061 sip.{DOMAIN}.",
        f"sip.{DOMAIN}. 3600 IN A <public-address-of-the-edge>",
    )
    assert found.next[0] == f"nslookup -type=SRV {NAME} 192.0.2.1"


def test_a_missing_record_says_what_the_partner_sees() -> None:
    logs = finding(run(**unpublished()), "SRV001").logs
    assert logs.edge[0].startswith("ms-diagnostics: 1008; ")
    assert f'domain="{DOMAIN}"' in logs.edge[0]
    assert logs.expressway[0].startswith("SIP/2.0 504 Server time-out")


def test_an_alias_that_leads_nowhere_is_the_fault_to_mend() -> None:
    step = finding(run(**one(BROKEN_ALIAS)), "SRV001").fix[0].steps[0]
    assert step.startswith("The name is an alias of records.steven.lab, and behind it there is no record.")


def test_of_many_records_a_few_are_listed() -> None:
    crowd = srv(*(record(priority=number) for number in range(64)), left_out=2664)
    found = finding(run(srv=(crowd,)), "SRV006")
    assert found.summary.startswith("there are 2728 records, 2664 of them not read;")
    assert found.fix[0].steps[1].endswith("(priority 7, weight 0) and 56 more")


def test_targets_beyond_the_limit_are_said_to_be_untested() -> None:
    found = finding(run(srv=(srv(record(), record(f"other.{DOMAIN}", priority=10)),)), "SRV006")
    assert found.summary.endswith("each must be right; 1 of them were not tested")
    assert found.facts["untested"] == [f"other.{DOMAIN}:5061 (priority 10, weight 0)"]


def test_each_view_is_judged_by_itself_and_its_server_is_named() -> None:
    evidence = run(
        **seen_by_two(srv(record()), no_srv(FailureKind.NAME_NOT_FOUND, OUTSIDE)),
        target=Target(domain=DOMAIN, resolvers=(Endpoint("192.0.2.9", 53),)),
    )
    judged = {found.subject: found.status for found in findings(evidence, "SRV001")}
    assert judged == {f"{DOMAIN} via system": "pass", f"{DOMAIN} via {OUTSIDE}": "fail"}
    assert finding(evidence, "SRV001", f"{DOMAIN} via {OUTSIDE}").next[0].endswith(" 192.0.2.53")


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        pytest.param(run(**unpublished()), {"SRV001"}, id="unpublished"),
        pytest.param(run(**one(srv(NOWHERE))), {"SRV001"}, id="not-offered"),
        pytest.param(
            run(**seen_by_two(srv(record()), no_srv(FailureKind.NO_RECORD, OUTSIDE))), {"SRV001"}, id="only-inside"
        ),
        pytest.param(run(srv=(srv(record(port=443)),), targets=(target(port=443),)), {"SRV002"}, id="another-port"),
        pytest.param(run(**at_port_0(TARGET)), {"SRV008"}, id="port-0"),
        pytest.param(run(**at_port_0(IP)), {"DOM001"}, id="address-and-port-0"),
        pytest.param(run(srv=(ALIAS,)), set(), id="alias"),
    ],
)
def test_one_fault_is_one_alarm(evidence: Any, expected: set[str]) -> None:
    assert alarms(evidence) == expected


def test_the_right_port_is_put_into_the_record_that_is_there() -> None:
    evidence = run(
        srv=(srv(record(port=443, priority=100, weight=1)),), targets=(target(port=443, priority=100, weight=1),)
    )
    assert finding(evidence, "SRV002").fix[0].steps[1] == f"{NAME}. 3600 IN SRV 100 1 5061 {TARGET}."


def test_a_record_without_a_port_is_an_outage_and_is_given_one() -> None:
    report = judge(run(**at_port_0(TARGET)))
    assert (report.verdict, report.cause) == ("fail", "SRV008")
    [found] = [one for one in report.findings if one.id == "SRV008"]
    assert found.fix[0].steps[1] == f"{NAME}. 3600 IN SRV 0 0 5061 {TARGET}."


def test_the_lines_to_delete_are_named_one_by_one() -> None:
    two = extra(UDS, record("a.steven.lab", 8443), record("b.steven.lab", 8443), view=OUTSIDE)
    assert finding(run(**extras(OUTSIDE, cisco_uds=two)), "SRV005").fix[0].steps[1:] == (
        f"{UDS}.{DOMAIN}. 3600 IN SRV 0 0 8443 a.steven.lab.",
        f"{UDS}.{DOMAIN}. 3600 IN SRV 0 0 8443 b.steven.lab.",
    )
