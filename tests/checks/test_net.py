"""Checks of the way to the gateway."""

from __future__ import annotations

import pytest

from tests.checks.evidence_builder import (
    ADDRESS,
    GATEWAY,
    HOST,
    REFUSED,
    RENEWED,
    SECOND,
    SESSION,
    alarms,
    fail,
    finding,
    flight,
    flights,
    login,
    pinned,
    resolved,
    run,
    stages,
    unresolved,
)
from tests.checks.table import Row, params
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.failure import FailureKind

TWO = resolved("192.0.2.7", "192.0.2.8")
V6 = "[2001:db8::7]:443"
LITERAL = resolved("192.0.2.7", source="literal", name="192.0.2.7")
UNREACHABLE = fail(FailureKind.UNREACHABLE)
TIMEOUT = fail(FailureKind.TIMEOUT)


def unresolved_by(kind: FailureKind) -> dict[str, object]:
    return unresolved() | {"resolution": resolved(failure=fail(kind))}


ROWS = (
    Row("NET001", "pass", run(), "pass", "192.0.2.7"),
    Row("NET001", "literal", run(resolution=LITERAL), "not-applicable"),
    Row("NET001", "nxdomain", run(**unresolved_by(FailureKind.NAME_NOT_FOUND)), "fail", "the name does not exist"),
    Row("NET001", "no-address", run(**unresolved_by(FailureKind.NO_ADDRESS)), "fail", "the name has no address"),
    Row("NET001", "servfail", run(**unresolved_by(FailureKind.SERVFAIL)), "fail", "the DNS server failed"),
    Row("NET001", "silent-dns", run(**unresolved_by(FailureKind.DNS_TIMEOUT)), "fail", "asked 10.1.1.1"),
    Row("NET001", "local", run(**unresolved_by(FailureKind.LOCAL)), "inconclusive", "this machine"),
    Row("NET001", "not-run", run(resolution=None, interrupted="deadline"), "inconclusive", "deadline"),
    Row("NET002", "pass", run(), "pass", "10 ms"),
    Row("NET002", "refused", run(first_flights=(flight(failure=REFUSED, shown=None),)), "fail", "connection refused"),
    Row(
        "NET002",
        "filtered",
        run(first_flights=(flight(failure=TIMEOUT, shown=None, connect_s=0.0),)),
        "fail",
        "no answer in time",
    ),
    Row(
        "NET002",
        "silent-after-connect",
        run(first_flights=(flight(failure=TIMEOUT, shown=None),)),
        "pass",
    ),
    Row(
        "NET002",
        "local",
        run(first_flights=(flight(failure=fail(FailureKind.LOCAL), shown=None, connect_s=0.0),)),
        "inconclusive",
    ),
    Row("NET002", "unresolved", run(**unresolved()), "inconclusive", "first flight was not reached"),
    Row(
        "NET002",
        "no-ipv6-here",
        run(first_flights=(*flights(), flight(address=V6, failure=UNREACHABLE, shown=None))),
        "not-applicable",
        "does not reach IPv6",
        V6,
    ),
    Row(
        "NET002",
        "second-dead",
        run(first_flights=(*flights(), flight(address=SECOND, failure=UNREACHABLE, shown=None))),
        "fail",
        "unreachable",
        SECOND,
    ),
    Row("NET003", "pass", run(), "pass"),
    Row("NET003", "hosts-file", run(resolution=resolved("192.0.2.7", source="hosts-file")), "fail", "hosts file"),
    Row("NET003", "literal", run(resolution=LITERAL), "not-applicable"),
    Row("NET003", "unresolved", run(**unresolved()), "not-applicable", "NET001"),
    Row("NET003", "not-run", run(resolution=None), "inconclusive"),
    Row("NET004", "one-address", run(), "not-applicable"),
    Row(
        "NET004",
        "alike",
        run(resolution=TWO, first_flights=(*flights(), *flights(address=SECOND))),
        "pass",
        "all 2 addresses",
    ),
    Row(
        "NET004",
        "different",
        run(
            resolution=TWO,
            first_flights=(*flights(), *flights(rsa=RENEWED, address=SECOND)),
        ),
        "fail",
        "2 different certificates",
    ),
    Row(
        "NET004",
        "different-and-all-pinned",
        run(
            resolution=TWO,
            first_flights=(*flights(), *flights(rsa=RENEWED, address=SECOND)),
            **pinned(GATEWAY, RENEWED),
        ),
        "pass",
        "a certHash names each",
    ),
    Row(
        "NET004",
        "one-silent",
        run(resolution=TWO, first_flights=(*flights(), flight(address=SECOND, failure=REFUSED, shown=None))),
        "inconclusive",
        SECOND,
    ),
    Row("NET004", "unresolved", run(**unresolved()), "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


def test_each_dns_failure_has_the_fix_that_fits() -> None:
    missing = finding(run(**unresolved_by(FailureKind.NAME_NOT_FOUND)), "NET001")
    broken = finding(run(**unresolved_by(FailureKind.SERVFAIL)), "NET001")
    assert missing.fix[0].steps[0] == f"Publish an A record for {HOST} in the zone that phones outside see."
    assert "says nothing about the record" in broken.fix[0].steps[0]
    assert missing.next[0] == f"nslookup {HOST} 10.1.1.1"


def test_a_dead_address_is_one_alarm() -> None:
    evidence = run(resolution=TWO, first_flights=(*flights(), flight(address=SECOND, failure=REFUSED, shown=None)))
    assert alarms(evidence) == {"NET002"}
    assert judge(evidence).cause == "NET002"


def test_nothing_is_reached_and_only_the_way_alarms() -> None:
    cut = stages(first_flight=("failed", "no address answered"), pin=("skipped", "first-flight"))
    evidence = run(first_flights=(flight(failure=REFUSED, shown=None),), handshakes=(), logins=(), stages=cut)
    assert alarms(evidence) == {"NET002"}
    tls = finding(evidence, "TLS001")
    assert (tls.status, tls.summary) == ("inconclusive", "no connection to 192.0.2.7:443: connection refused")


def test_an_address_that_this_machine_cannot_reach_spoils_nothing() -> None:
    evidence = run(
        resolution=resolved("192.0.2.7", "2001:db8::7"),
        first_flights=(*flights(), flight(address=V6, failure=UNREACHABLE, shown=None)),
        handshakes=(SESSION,),
        logins=(login(),),
    )
    assert judge(evidence).verdict == "pass"


def test_an_ipv6_address_that_times_out_leaves_the_other_judged_to_the_end() -> None:
    silent = flight(address=V6, failure=TIMEOUT, connect_s=0.0)
    evidence = run(resolution=resolved("2001:db8::7", "192.0.2.7"), first_flights=(silent, *flights()))
    report = judge(evidence)
    assert (report.verdict, report.cause, alarms(evidence)) == ("fail", "NET002", {"NET002"})
    judged = {one.id: one.status for one in report.findings if one.address == ADDRESS}
    assert {judged[name] for name in ("NET002", "TLS001", "PIN001", "CRT001", "HSK001", "LOG005")} == {"pass"}
