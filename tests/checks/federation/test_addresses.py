"""Checks of the targets' addresses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.evidence_builder import alarms, fail, finding, findings
from tests.checks.federation.builder import (
    ADDRESS,
    DOMAIN,
    IP,
    OUTSIDE,
    PORT,
    SECOND,
    SECOND_IP,
    SYSTEM,
    TARGET,
    lookup,
    not_dialled,
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
from vpnprobe.model.federation import AddressLookup, Sibling
from vpnprobe.model.target import Expectation

PRIVATE = "10.1.1.7"
UNIQUE_LOCAL = "fd00::7"
LOOPBACK = "127.0.0.1"
V6 = "2001:db8::7"
NAT64 = "64:ff9b::a01:107"
IMP = Expectation(im_and_presence=True)
OTHER_DOMAIN = "acano.steven.lab"


def found(*addresses: str, **fields: Any) -> Evidence:
    """A run that gave the target these addresses, all with a healthy edge; private ones beside others not dialled."""
    is_mixed = len({address.startswith(("10.", "fd")) for address in addresses}) > 1
    visits = tuple(
        not_dialled(f"{address}:{PORT}") if is_mixed and address.startswith(("10.", "fd")) else visit(address=address)
        for address in addresses
    )
    return run(**{"names": (lookup(*addresses),), "visits": visits} | fields)


def missing(kind: FailureKind, code: int | None = None, **fields: Any) -> Evidence:
    return run(names=(lookup(failure=fail(kind, code=code), **fields),), visits=())


def by_view(*lookups: AddressLookup, views: tuple[str, ...] = (SYSTEM, OUTSIDE)) -> Evidence:
    """A run in which each view gives the target its own addresses."""
    return run(
        srv=tuple(srv(record(), view=view) for view in (SYSTEM, OUTSIDE)),
        targets=(target(views=views),),
        names=lookups,
        visits=tuple(
            visit(address=f"{address}:{PORT}", views=(one.view,)) for one in lookups for address in one.addresses
        ),
    )


def siblings(*others: Sibling, **fields: Any) -> Evidence:
    return run(**{"expectation": IMP, "siblings": others} | fields)


def sibling(*addresses: str, domain: str = OTHER_DOMAIN, **fields: Any) -> Sibling:
    return Sibling(domain=domain, addresses=addresses, **fields)


SILENT = lookup(view=OUTSIDE, failure=fail(FailureKind.DNS_TIMEOUT))

ROWS = (
    Row("ADR001", "pass", run(), "pass", f"{TARGET} has 1 address: {IP}"),
    Row("ADR001", "v6-only", found(V6), "pass", V6),
    Row(
        "ADR001",
        "one-family-failed",
        run(names=(lookup(IP, partial=fail(FailureKind.DNS_TIMEOUT)),)),
        "pass",
        "the other family is not known",
    ),
    Row("ADR001", "cut", run(names=(lookup(IP, left_out=3),)), "pass", "3 more were not dialled"),
    Row("ADR001", "nxdomain", missing(FailureKind.NAME_NOT_FOUND), "fail", "the name does not exist"),
    Row("ADR001", "no-address", missing(FailureKind.NO_ADDRESS), "fail", "has no address; asked 192.0.2.1:53"),
    Row("ADR001", "servfail", missing(FailureKind.SERVFAIL), "fail", "the DNS server failed"),
    Row("ADR001", "refused", missing(FailureKind.SERVFAIL, 5), "inconclusive", "another DNS server with --resolver"),
    Row("ADR001", "silent", missing(FailureKind.DNS_TIMEOUT), "inconclusive", "another DNS server with --resolver"),
    Row("ADR001", "local", missing(FailureKind.LOCAL), "inconclusive", "this machine"),
    Row("ADR001", "not-looked-up", run(names=()), "inconclusive", "no address of the target was looked up"),
    Row("ADR001", "unanswered", run(names=(lookup(),)), "inconclusive", "were not answered"),
    Row("ADR001", "no-record", run(**unpublished()), "inconclusive"),
    Row("ADR002", "pass", run(), "pass", "no private address"),
    Row("ADR002", "all-private", found(PRIVATE, "10.1.1.8"), "pass", "private"),
    Row("ADR002", "mixed", found(IP, PRIVATE), "fail", f"{PRIVATE} beside {IP}"),
    Row("ADR002", "mixed-v6", found(V6, UNIQUE_LOCAL), "fail", f"{UNIQUE_LOCAL} beside {V6}"),
    Row("ADR002", "mixed-nat64", found(IP, NAT64), "fail", f"{NAT64} beside {IP}"),
    Row("ADR005", "nat64", found(NAT64), "fail", f"private addresses only: {NAT64}"),
    Row("ADR002", "mixed-loopback", found(LOOPBACK, PRIVATE), "fail", f"{PRIVATE} beside {LOOPBACK}"),
    Row("ADR002", "no-address", missing(FailureKind.NAME_NOT_FOUND), "inconclusive", "ADR001"),
    Row("ADR003", "one-view", run(), "not-applicable", "only one view"),
    Row("ADR003", "alike", by_view(lookup(IP), lookup(IP, view=OUTSIDE)), "pass", "all 2 views"),
    Row(
        "ADR003",
        "different",
        by_view(lookup(IP), lookup(SECOND_IP, view=OUTSIDE)),
        "fail",
        f"system: {IP}; {OUTSIDE}: {SECOND_IP}",
    ),
    Row(
        "ADR003",
        "another-order",
        by_view(lookup(IP, SECOND_IP), lookup(SECOND_IP, IP, view=OUTSIDE)),
        "pass",
    ),
    Row("ADR003", "one-silent", by_view(lookup(IP), SILENT), "inconclusive", OUTSIDE),
    Row(
        "ADR003",
        "one-cut",
        by_view(lookup(IP), lookup(IP, view=OUTSIDE, left_out=1)),
        "inconclusive",
        "not every view can be compared",
    ),
    Row(
        "ADR003",
        "named-in-one-view-only",
        by_view(lookup(IP), lookup(SECOND_IP, view=OUTSIDE), views=(SYSTEM,)),
        "not-applicable",
        "only one view names",
    ),
    Row(
        "ADR003",
        "mixed-inside",
        by_view(lookup(IP, PRIVATE), lookup(IP, view=OUTSIDE)),
        "inconclusive",
        "a consequence of ADR002",
    ),
    Row("ADR004", "not-asked", run(siblings=(sibling(SECOND_IP),)), "not-applicable", "--imp"),
    Row("ADR004", "alone", siblings(), "not-applicable", "only domain of the run"),
    Row("ADR004", "alike", siblings(sibling(IP)), "pass", f"all 2 domains lead to {IP}"),
    Row(
        "ADR004",
        "different",
        siblings(sibling(SECOND_IP)),
        "fail",
        f"{DOMAIN} leads to {IP}, {OTHER_DOMAIN} leads to {SECOND_IP}",
    ),
    Row(
        "ADR004",
        "one-unknown",
        siblings(sibling(failure=fail(FailureKind.NAME_NOT_FOUND))),
        "inconclusive",
        OTHER_DOMAIN,
    ),
    Row(
        "ADR004",
        "own-unknown",
        siblings(sibling(IP), names=(lookup(failure=fail(FailureKind.NO_ADDRESS)),)),
        "inconclusive",
        "ADR001",
    ),
    Row("ADR004", "two-targets", siblings(sibling(SECOND_IP, IP), **two_targets()), "pass", "all 2 domains"),
    Row("ADR005", "pass", run(), "pass", "not private"),
    Row("ADR005", "private", found(PRIVATE), "fail", f"private addresses only: {PRIVATE}"),
    Row("ADR005", "mixed", found(IP, PRIVATE), "pass"),
    Row("ADR005", "no-address", missing(FailureKind.NO_ADDRESS), "inconclusive", "ADR001"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        pytest.param(missing(FailureKind.NAME_NOT_FOUND), {"ADR001"}, id="no-address"),
        pytest.param(found(IP, PRIVATE), {"ADR002"}, id="mix"),
        pytest.param(by_view(lookup(IP), lookup(SECOND_IP, view=OUTSIDE)), {"ADR003"}, id="views-differ"),
        pytest.param(
            by_view(lookup(IP), lookup(view=OUTSIDE, failure=fail(FailureKind.NAME_NOT_FOUND))),
            {"ADR001"},
            id="outside-has-none",
        ),
        pytest.param(siblings(sibling(SECOND_IP)), {"ADR004"}, id="another-address-for-another-domain"),
        pytest.param(found(PRIVATE), set(), id="private-only"),
    ],
)
def test_one_fault_is_one_alarm(evidence: Evidence, expected: set[str]) -> None:
    mine = {name for name in alarms(evidence) if name.startswith(("SRV", "DOM", "ADR", "SIP"))}
    assert mine == expected


def test_a_missing_address_says_what_the_partner_sees() -> None:
    one = finding(missing(FailureKind.NAME_NOT_FOUND), "ADR001")
    assert one.logs.edge[0].startswith("ms-diagnostics: 1014; ")
    assert TARGET in one.logs.edge[0]
    assert one.next[0] == f"nslookup {TARGET} 192.0.2.1"


def test_the_private_records_to_delete_are_named() -> None:
    one = finding(found(IP, PRIVATE, "10.1.1.8"), "ADR002")
    assert one.fix[0].steps[1:] == (f"{TARGET}. 3600 IN A {PRIVATE}", f"{TARGET}. 3600 IN A 10.1.1.8")


def test_each_target_and_view_is_a_subject() -> None:
    evidence = run(**two_targets() | {"names": (lookup(IP), lookup(IP, view=OUTSIDE), lookup(SECOND_IP, name=SECOND))})
    assert [one.subject for one in findings(evidence, "ADR001")] == [f"{TARGET}:5061", f"{SECOND}:5061"]
    both = by_view(lookup(IP), lookup(IP, view=OUTSIDE))
    assert [(one.subject, one.target) for one in findings(both, "ADR001")] == [
        (f"{TARGET}:5061 via {SYSTEM}", TARGET),
        (f"{TARGET}:5061 via {OUTSIDE}", TARGET),
    ]


def test_an_address_that_is_none_breaks_nothing() -> None:
    assert finding(run(names=(lookup("no address", IP),)), "ADR002").status == "pass"
    assert finding(run(names=(lookup("no address"),)), "ADR005").status == "pass"
    assert ADDRESS.startswith(IP)
