"""Dates, chain and bytes of the gateway's certificate."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.certificates import Identity, issue, rsa_key
from tests.checks.evidence_builder import (
    HOST,
    NOW,
    THIRD_PARTY,
    alarms,
    finding,
    flight,
    kept,
    names,
    pinned,
    run,
    unresolved,
)
from tests.checks.table import Row, params
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.finding import Status

DAY = timedelta(days=1)


def valid(first: timedelta, last: timedelta) -> Identity:
    return issue(cn=HOST, not_before=NOW + first, not_after=NOW + last)


def showing(identity: Identity, ders: tuple[bytes, ...] | None = None, **changes: Any) -> Evidence:
    """A run whose gateway shows this certificate, or these bytes, to every hello."""
    shown = identity.chain_der if ders is None else ders
    return run(
        certificates=kept(identity) | dict(zip(names(*shown), shown, strict=True)) | run().certificates,
        first_flights=(flight(shown=shown), flight("both", shown)),
        handshakes=(),
        logins=(),
        **pinned(identity) | changes,
    )


REAL = issue(cn="Example Issuing CA", key=rsa_key(slot=7), ca=True)
FAKE = issue(cn="Example Issuing CA", key=rsa_key(slot=8), ca=True)
EXPIRED = valid(-400 * DAY, -3 * DAY)
FUTURE = valid(5 * DAY, 400 * DAY)
SOON = valid(-400 * DAY, 20 * DAY)
ODD = issue(cn=HOST, serial=-7)
NO_DATES = issue(cn=HOST, not_after="never")
FORGED = replace(issue(cn=HOST, issuer=REAL), issuer=FAKE)
BROKEN = (b"\x30\x03not a certificate",)
FAR = "the first flight was not reached"

ROWS = (
    Row("CRT001", "valid", run(), "pass"),
    Row("CRT001", "expired", showing(EXPIRED), "fail", "expired on 2026-11-18 12:00 UTC; this machine's clock says"),
    Row("CRT001", "not-yet", showing(FUTURE), "fail", "not valid before 2026-11-26"),
    Row("CRT001", "unreadable", showing(NO_DATES), "inconclusive", "cannot be read"),
    Row("CRT001", "unresolved", run(**unresolved()), "inconclusive", FAR),
    Row("CRT002", "long", run(), "pass"),
    Row("CRT002", "soon", showing(SOON), "fail", "20 days from the run"),
    Row("CRT002", "expired", showing(EXPIRED), "not-applicable", "CRT001"),
    Row("CRT002", "unreadable", showing(NO_DATES), "inconclusive"),
    Row("CRT003", "self-signed", run(), "not-applicable"),
    Row("CRT003", "whole", showing(THIRD_PARTY), "pass", "3 certificates in order"),
    Row("CRT003", "root-missing", showing(THIRD_PARTY, THIRD_PARTY.chain_der[:2]), "pass", "2 certificates"),
    Row("CRT003", "leaf-only", showing(THIRD_PARTY, THIRD_PARTY.chain_der[:1]), "fail", "without its issuer"),
    Row("CRT003", "shuffled", showing(THIRD_PARTY, THIRD_PARTY.chain_der[::2] + THIRD_PARTY.chain_der[1:2]), "fail"),
    Row("CRT003", "other-signer", showing(FORGED), "fail", "was not signed by"),
    Row("CRT003", "unreadable", showing(THIRD_PARTY, BROKEN), "inconclusive"),
    Row("CRT003", "unresolved", run(**unresolved()), "inconclusive", FAR),
    Row("CRT004", "readable", run(), "pass", "RSA 2048"),
    Row("CRT004", "negative-serial", showing(ODD), "fail", "negative-serial"),
    Row("CRT004", "unreadable", showing(THIRD_PARTY, BROKEN), "fail", "only hashes it"),
    Row("CRT004", "unresolved", run(**unresolved()), "inconclusive", FAR),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        pytest.param(EXPIRED, {"CRT001"}, id="expired"),
        pytest.param(FUTURE, {"CRT001"}, id="future"),
        pytest.param(SOON, {"CRT002"}, id="soon"),
        pytest.param(ODD, set(), id="odd-serial"),
    ],
)
def test_one_fault_of_the_certificate_is_one_alarm(identity: Identity, expected: set[str]) -> None:
    assert alarms(showing(identity)) == expected


@pytest.mark.parametrize(
    ("after", "status"),
    [
        (timedelta(0), "fail"),
        (timedelta(seconds=-1), "pass"),
        (20 * DAY, "fail"),
    ],
)
def test_the_moment_of_judging_can_be_given(after: timedelta, status: Status) -> None:
    """notAfter itself is no longer valid."""
    evidence = showing(SOON)
    end = NOW + 20 * DAY
    report = judge(evidence, now=end + after)
    assert next(item.status for item in report.findings if item.id == "CRT001") == status


@pytest.mark.parametrize(("days", "status"), [(60, "pass"), (59, "fail")])
def test_two_months_are_enough(days: int, status: Status) -> None:
    assert finding(showing(valid(-DAY, days * DAY)), "CRT002").status == status


def test_a_recheck_gives_the_same_answer() -> None:
    assert judge(showing(EXPIRED)) == judge(showing(EXPIRED))


def test_an_expired_certificate_sends_phones_to_a_public_tftp_server() -> None:
    found = finding(showing(EXPIRED), "CRT001")
    assert any("Alternate TFTP" in step for fix in found.fix for step in fix.steps)
    assert any("CSCuh19734" in step for fix in found.fix for step in fix.steps)


def test_a_missing_issuer_is_named_in_the_fix() -> None:
    found = finding(showing(THIRD_PARTY, THIRD_PARTY.chain_der[:1]), "CRT003")
    assert "Paste the PEM of the issuer CN=Example Issuing CA 1, then quit." in found.fix[0].steps
