"""The way to CAPF: its name, the table of IP versions, the port, the parameter, the firewall's idle time."""

from __future__ import annotations

import pytest

from tests.checks.capf.builder import (
    BOTH_WAYS,
    LABEL,
    NO_WAY,
    ONLY_V4,
    ONLY_V6,
    V4,
    V6,
    flights,
    no_connection,
    resolved,
    run,
    two_ways,
    unreached,
    unresolved,
    visit,
)
from tests.checks.evidence_builder import fail, finding
from tests.checks.table import Row, params
from vpnprobe.model.capf import ConnectionRow
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.target import Endpoint

TIMEOUT, REFUSED, LOCAL = FailureKind.TIMEOUT, FailureKind.REFUSED, FailureKind.LOCAL
UNREACHABLE = FailureKind.UNREACHABLE
NOWHERE = unresolved(fail(FailureKind.NAME_NOT_FOUND))
OVER_V6 = run(row=ONLY_V6, visits=(visit(V6),), first_flights=flights(address=V6))
SECOND = "192.0.2.11:3804"

ROWS = (
    Row("CPF001", "a-name", run(), "pass", "cucm-pub.example.com is 192.0.2.10"),
    Row("CPF001", "a-literal", run(resolution=resolved("192.0.2.10", source="literal")), "pass", "no DNS needed"),
    Row("CPF001", "hosts-file", run(resolution=resolved("192.0.2.10", source="hosts-file")), "pass", "hosts file only"),
    Row("CPF001", "unknown", NOWHERE, "fail", "the name does not exist"),
    Row("CPF001", "no-address", unresolved(fail(FailureKind.NO_ADDRESS)), "fail", "no address"),
    Row("CPF001", "dns-silent", unresolved(fail(FailureKind.DNS_TIMEOUT)), "inconclusive", "no DNS server answered"),
    Row("CPF001", "not-asked", run(resolution=None), "inconclusive", "the name was not resolved"),
    Row("CPF002", "row-6", run(), "pass", "takes IPv4 (row 6"),
    Row("CPF002", "row-1", run(row=BOTH_WAYS), "pass", "takes IPv6, then IPv4 (row 1"),
    Row("CPF002", "row-3", run(row=ConnectionRow(row=3, order=("IPv6",), note="A note.")), "pass", "A note."),
    Row("CPF002", "row-8", unreached(no_connection(), row=NO_WAY), "fail", "cannot connect"),
    Row("CPF002", "no-name", NOWHERE, "inconclusive", "the name does not exist"),
    Row("CPF003", "reached", run(), "pass", "in 10 ms"),
    Row("CPF003", "closed", unreached(no_connection()), "fail", "connection refused"),
    Row("CPF003", "filtered", unreached(no_connection(kind=TIMEOUT)), "fail", "no answer in time"),
    Row("CPF003", "no-route", unreached(no_connection(kind=UNREACHABLE)), "fail", "unreachable"),
    Row("CPF003", "local", unreached(no_connection(kind=LOCAL)), "inconclusive", "no way to it"),
    Row("CPF003", "no-ipv6-here", unreached(no_connection(V6, UNREACHABLE), row=ONLY_V6), "inconclusive", "no way"),
    Row("CPF003", "falls-back", two_ways(no_connection(V6), visit()), "pass", V4),
    Row("CPF003", "both-closed", unreached(no_connection(V6), no_connection(), row=BOTH_WAYS), "fail", f"{V6}: conn"),
    Row("CPF003", "one-of-two-closed", run(visits=(visit(), no_connection(SECOND))), "fail", "may be given it"),
    Row("CPF003", "one-of-two-local", run(visits=(visit(), no_connection(SECOND, LOCAL))), "inconclusive", SECOND),
    Row("CPF003", "other-way-only", unreached(visit(V6), row=ONLY_V4, not_dialled=("IPv4",)), "inconclusive", "IPv4"),
    Row("CPF003", "cut-short", unreached(), "inconclusive", "no attempt came to its end"),
    Row("CPF003", "no-way", unreached(no_connection(), row=NO_WAY), "not-applicable", "CPF002"),
    Row("CPF003", "no-name", NOWHERE, "inconclusive", "the name does not exist"),
    Row("CPF004", "not-by-ipv6", run(ipv6_enabled=False), "not-applicable", "does not take IPv6"),
    Row("CPF004", "not-said", OVER_V6, "not-applicable", "--enable-ipv6"),
    Row("CPF004", "true", run(row=ONLY_V6, visits=(visit(V6),), ipv6_enabled=True), "pass", "serves phones"),
    Row("CPF004", "false", run(row=ONLY_V6, visits=(visit(V6),), ipv6_enabled=False), "fail", "no other way"),
    Row("CPF004", "false-and-closed", two_ways(no_connection(V6), visit(), ipv6_enabled=False), "pass", "goes on by"),
    Row("CPF004", "false-and-open", two_ways(visit(V6), visit(), ipv6_enabled=False), "inconclusive", "no document"),
    Row("CPF004", "false-and-local", two_ways(no_connection(V6, LOCAL), visit(), ipv6_enabled=False), "inconclusive"),
    Row("CPF006", "not-said", run(), "not-applicable", "--idle-timeout"),
    Row("CPF006", "long", run(idle_timeout_min=61), "pass", "longer than the keep-alive can be"),
    Row("CPF006", "longer-than-set", run(idle_timeout_min=30, keep_alive_min=20), "pass", "keep-alive of 20"),
    Row("CPF006", "between", run(idle_timeout_min=30), "inconclusive", "say it with --keep-alive"),
    Row("CPF006", "the-most", run(idle_timeout_min=60), "inconclusive", "up to 60"),
    Row("CPF006", "the-usual", run(idle_timeout_min=15), "fail", "the usual keep-alive of 15"),
    Row("CPF006", "shorter-than-set", run(idle_timeout_min=30, keep_alive_min=45), "fail", "keep-alive of 45"),
    Row("CPF006", "too-short", run(idle_timeout_min=5, keep_alive_min=5), "fail", "cannot be more often"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_answers(row: Row) -> None:
    row.judge()


def test_a_closed_port_lists_the_possible_causes() -> None:
    found = finding(unreached(no_connection()), "CPF003")
    whens = [one.when for one in found.fix]
    assert whens[0] == "CAPF is not activated on the publisher"
    assert len(whens) == 4
    assert all(one.platform == "CUCM" and one.confirm and one.steps for one in found.fix)
    assert found.next[-1] == f"vpnprobe capf {LABEL} --capf-cert <file> --model 7962G"


def test_what_was_asked_for_is_repeated() -> None:
    evidence = run(
        ipv6_enabled=True,
        stack="dual",
        phone_addresses=("IPv4",),
        idle_timeout_min=10,
        keep_alive_min=20,
        retries=3,
        ca_certificates=(),
    )
    [command] = finding(evidence, "CPF006").next
    assert command == (
        f"vpnprobe capf {LABEL} --idle-timeout 10 --keep-alive 5 --retries --model 7962G --phone-addresses v4 "
        "--enable-ipv6 true"
    )


def test_a_literal_of_ipv6_can_be_pasted() -> None:
    evidence = unreached(no_connection(V6), row=ONLY_V6, server=Endpoint("2001:db8::10", 3804))
    assert "vpnprobe capf '[2001:db8::10]:3804'" in finding(evidence, "CPF003").next[-1]
