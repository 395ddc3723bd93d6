"""The complete handshake, with and without a certificate of ours."""

from __future__ import annotations

import pytest

from tests.checks.evidence_builder import HANDSHAKE_FAILURE, REFUSED, alarms, certificate_name, fail, finding
from tests.checks.federation.builder import (
    TARGET,
    WANTS_OURS,
    edge_certificate,
    flights,
    handshake,
    run,
    silent_flights,
    unpublished,
    visit,
)
from tests.checks.table import Row, params
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import Handshake

PARTNER = edge_certificate("sip.partner.example", serial=9)
OTHER = edge_certificate(TARGET, serial=10)
ELSEWHERE = edge_certificate("elsewhere.example")
LOCAL = fail(FailureKind.TLS_LOCAL)


def alert(number: int) -> Failure:
    return fail(FailureKind.TLS_ALERT, alert=number)


def ended(failure: Failure | None, **fields: object) -> Handshake:
    return handshake(completed=False, failure=failure, version=None, suite_name=None, **fields)


def plain(*attempts: Handshake, asked: bool = True) -> Evidence:
    shown = flights() if asked else flights(certificate_request=None)
    return run(visits=(visit(flights=shown, handshakes=attempts),))


def with_ours(*attempts: Handshake) -> Evidence:
    """A run with a client certificate, whose authority the target names."""
    return run(
        visits=(visit(handshakes=attempts),),
        identities=(PARTNER,),
        client_chain=tuple(map(certificate_name, PARTNER.chain_der)),
    )


def refused_with(number: int) -> Evidence:
    return with_ours(WANTS_OURS, ended(alert(number), client_certificate=certificate_name(PARTNER.der)))


def not_asked(failure: Failure) -> Evidence:
    return plain(ended(failure, client_certificate_requested=False), asked=False)


OURS = certificate_name(PARTNER.der)
WITHHELD = run(
    visits=(visit(flights=flights(ELSEWHERE), handshakes=(WANTS_OURS,)),),
    identities=(PARTNER, ELSEWHERE),
    client_chain=tuple(map(certificate_name, PARTNER.chain_der)),
)
CHANGED = with_ours(
    WANTS_OURS, ended(fail(FailureKind.CLOSED), leaf=certificate_name(OTHER.der), client_certificate=OURS)
)
NO_CONNECTION = run(visits=(visit(flights=silent_flights(REFUSED), handshakes=(), path=None),))

ROWS = (
    Row("EDG010", "complete", run(), "pass", "without a client certificate, though one is asked for: TLS 1.2"),
    Row("EDG010", "complete-with-ours", with_ours(WANTS_OURS, handshake(client_certificate=OURS)), "pass", "with the"),
    Row("EDG010", "wants-ours", plain(WANTS_OURS), "pass", "wants our certificate (TLS alert handshake_failure(40))"),
    Row("EDG010", "wants-ours-and-hangs-up", plain(ended(fail(FailureKind.RESET))), "pass", "wants our certificate"),
    Row("EDG010", "wants-ours-116", plain(ended(alert(116))), "pass", "certificate_required(116)"),
    Row("EDG010", "ends-otherwise", plain(ended(alert(80))), "inconclusive", "internal_error(80)"),
    Row("EDG010", "not-asked-and-refused", not_asked(HANDSHAKE_FAILURE), "fail", "first flight was right"),
    Row("EDG010", "local", plain(ended(LOCAL)), "inconclusive", "local TLS library"),
    Row("EDG010", "no-reason", plain(ended(None)), "inconclusive", "no reason"),
    Row("EDG010", "unknown-ca", refused_with(48), "fail", "does not trust its issuer"),
    Row("EDG010", "expired", refused_with(45), "fail", "calls it expired"),
    Row("EDG010", "revoked", refused_with(44), "fail", "calls it revoked"),
    Row("EDG010", "purpose", refused_with(43), "fail", "its purpose"),
    Row("EDG010", "bad-certificate", refused_with(42), "fail", "does not say which"),
    Row("EDG010", "hangs-up-on-ours", refused_with(40), "fail", "does not say why"),
    Row("EDG010", "withheld", WITHHELD, "not-applicable", "withheld"),
    Row("EDG010", "not-sent", with_ours(WANTS_OURS), "inconclusive", "did not send it"),
    Row("EDG010", "changed", CHANGED, "inconclusive", "changed between two connections"),
    Row("EDG010", "no-connection", NO_CONNECTION, "inconclusive"),
    Row("EDG010", "unpublished", run(**unpublished()), "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("evidence", "expected", "verdict"),
    [
        pytest.param(plain(WANTS_OURS), set(), "pass", id="wants-ours"),
        pytest.param(refused_with(48), {"EDG010"}, "fail", id="unknown-ca"),
        pytest.param(WITHHELD, {"FCR001"}, "fail", id="withheld"),
        pytest.param(not_asked(HANDSHAKE_FAILURE), {"EDG010"}, "fail", id="key-of-another"),
    ],
)
def test_one_fault_of_the_handshake_is_one_alarm(evidence: Evidence, expected: set[str], verdict: str) -> None:
    assert alarms(evidence) == expected
    assert judge(evidence).verdict == verdict


def test_who_has_to_trust_whom_is_named() -> None:
    found = finding(refused_with(48), "EDG010")
    assert found.facts["alert"] == 48
    assert any("CN=Example Public Root" in step for fix in found.fix for step in fix.steps)


def test_dates_are_looked_at_on_both_sides() -> None:
    assert {fix.platform for fix in finding(refused_with(45), "EDG010").fix} == {"CA", "Expressway", "ASA"}
