"""Who answers at the target's addresses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.evidence_builder import HANDSHAKE_FAILURE, REFUSED, alarms, fail, finding
from tests.checks.federation.builder import (
    ADDRESS,
    IP,
    SECOND,
    SECOND_ADDRESS,
    TARGET,
    flight,
    flights,
    lookup,
    not_dialled,
    run,
    silent_flights,
    two_targets,
    unpublished,
    visit,
)
from tests.checks.table import Row, params
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import Failure, FailureKind

TIMEOUT = fail(FailureKind.TIMEOUT)
UNREACHABLE = fail(FailureKind.UNREACHABLE)
LOCAL = fail(FailureKind.LOCAL)
DEADLINE = fail(FailureKind.DEADLINE)
CLOSED = fail(FailureKind.CLOSED)
NOT_TLS = fail(FailureKind.NOT_TLS)
V6 = "[2001:db8::7]:5061"
PRIVATE = "10.1.1.7:5061"


def silent(failure: Failure, *, address: str = ADDRESS, **fields: Any) -> dict[str, Any]:
    """Fields of a visit where every hello ended so."""
    return {"flights": silent_flights(failure, address=address, **fields), "handshakes": (), "path": None}


def all_silent(failure: Failure, **fields: Any) -> Evidence:
    return run(visits=(visit(**silent(failure, **fields)),))


def both_families(failure: Failure, *, v4: Failure | None = None) -> Evidence:
    """IPv4 answers unless `v4` says otherwise; IPv6 ends so."""
    first = visit() if v4 is None else visit(**silent(v4, connect_s=0.0))
    return run(
        names=(lookup(IP, "2001:db8::7"),),
        visits=(first, visit(address=V6, **silent(failure, address=V6, connect_s=0.0))),
    )


def only_ipv6(failure: Failure) -> Evidence:
    return run(
        names=(lookup("2001:db8::7"),),
        visits=(visit(address=V6, **silent(failure, address=V6, connect_s=0.0)),),
    )


ANOTHER_V6 = run(
    names=(lookup(IP, "2001:db8::7", "2001:db8::8"),),
    visits=(
        visit(),
        visit(address="[2001:db8::8]:5061"),
        visit(address=V6, **silent(UNREACHABLE, address=V6, connect_s=0.0)),
    ),
)
AT_V6 = f"{TARGET} at {V6}"
AT_PRIVATE = f"{TARGET} at {PRIVATE}"
MIXED = run(names=(lookup(IP, "10.1.1.7"),), visits=(visit(), not_dialled(PRIVATE)))
NO_FLIGHTS = run(visits=(visit(flights=(), handshakes=(), path=None),))
ODD = run(visits=(visit(flights=(flight(shown=None),)),))
ONE_HELLO_CLOSED = run(visits=(visit(flights=(flight(shown=None, failure=CLOSED), *flights()[1:])),))

ONE_OF_TWO = run(**two_targets(**silent(REFUSED, address=SECOND_ADDRESS)))

ROWS = (
    Row("EDG001", "reached", run(), "pass", "10 ms"),
    Row("EDG001", "refused", all_silent(REFUSED), "fail", "connection refused"),
    Row("EDG001", "timeout", all_silent(TIMEOUT, connect_s=0.0), "fail", "no answer in time"),
    Row("EDG001", "unreachable", all_silent(UNREACHABLE), "fail", "unreachable"),
    Row("EDG001", "deadline", all_silent(DEADLINE, connect_s=0.0), "inconclusive", "deadline"),
    Row("EDG001", "not-dialled", MIXED, "not-applicable", "private address beside a public one", AT_PRIVATE),
    Row(
        "EDG001",
        "nothing-of-the-target-dialled",
        run(**two_targets(not_dialled="the other IP version was asked for", flights=(), handshakes=(), path=None)),
        "inconclusive",
        "not dialled: the other IP version was asked for",
        f"{SECOND} at {SECOND_ADDRESS}",
    ),
    Row("EDG001", "no-ipv6-here", both_families(UNREACHABLE), "not-applicable", "does not reach IPv6", AT_V6),
    Row("EDG001", "ipv6-refused", both_families(REFUSED), "fail", "connection refused", AT_V6),
    Row("EDG001", "nothing-answers", both_families(UNREACHABLE, v4=TIMEOUT), "inconclusive", "no IPv6", AT_V6),
    Row("EDG001", "only-ipv6-and-none-here", only_ipv6(UNREACHABLE), "inconclusive", "may have no IPv6", AT_V6),
    Row("EDG001", "only-ipv6-and-no-such-family", only_ipv6(LOCAL), "inconclusive", "may have no IPv6", AT_V6),
    Row("EDG001", "only-ipv6-and-refused", only_ipv6(REFUSED), "fail", "connection refused", AT_V6),
    Row("EDG001", "one-of-two-ipv6", ANOTHER_V6, "fail", "unreachable", AT_V6),
    Row("EDG001", "unpublished", run(**unpublished()), "inconclusive", "does not exist"),
    Row("EDG001", "no-flights", NO_FLIGHTS, "inconclusive"),
    Row("EDG001", "said-nothing", ODD, "pass"),
    Row("EDG002", "answers", run(), "pass", "TLS 1.2"),
    Row("EDG002", "alert-is-tls", all_silent(HANDSHAKE_FAILURE), "pass", "alert"),
    Row("EDG002", "one-hello-closed", ONE_HELLO_CLOSED, "pass"),
    Row("EDG002", "closed", all_silent(CLOSED), "fail", "connection closed"),
    Row("EDG002", "not-tls", all_silent(NOT_TLS, excerpt="SIP/2.0 400 Bad\r\n"), "fail", "'SIP/2.0 400 Bad'"),
    Row("EDG002", "deadline", all_silent(DEADLINE), "inconclusive", "deadline"),
    Row("EDG002", "no-connection", all_silent(REFUSED), "inconclusive", "connection refused"),
    Row("EDG002", "unpublished", run(**unpublished()), "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        pytest.param(all_silent(REFUSED), {"EDG001"}, id="refused"),
        pytest.param(all_silent(TIMEOUT, connect_s=0.0), {"EDG001"}, id="timeout"),
        pytest.param(all_silent(CLOSED), {"EDG002"}, id="closed"),
        pytest.param(all_silent(NOT_TLS), {"EDG002"}, id="not-tls"),
        pytest.param(both_families(UNREACHABLE), set(), id="no-ipv6-here"),
        pytest.param(ONE_OF_TWO, {"EDG001"}, id="one-of-two"),
    ],
)
def test_one_fault_of_the_connection_is_one_alarm(evidence: Evidence, expected: set[str]) -> None:
    assert alarms(evidence) == expected


def test_of_two_targets_the_bad_one_is_named() -> None:
    found = finding(ONE_OF_TWO, "EDG001", f"{SECOND} at {SECOND_ADDRESS}")
    assert (found.status, found.target, found.address) == ("fail", SECOND, SECOND_ADDRESS)
    assert finding(ONE_OF_TWO, "EDG001", f"{TARGET} at {ADDRESS}").status == "pass"


def test_the_next_commands_name_address_and_port() -> None:
    assert finding(all_silent(TIMEOUT, connect_s=0.0), "EDG001").next[0] == f"traceroute --tcp --port=5061 {IP}"
    (command, again) = finding(all_silent(REFUSED), "EDG001").next
    assert command == f"openssl s_client -connect {ADDRESS} -servername {TARGET} -showcerts"
    assert again == "vpnprobe federation cms.steven.lab"
