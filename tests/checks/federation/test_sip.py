"""Checks of the answer to OPTIONS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.checks.evidence_builder import NOW, alarms, fail, finding, stages
from tests.checks.federation.builder import DOMAIN, WANTS_OURS, run, sip, unpublished, visit, with_sip
from tests.checks.table import Row, params
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.federation import SipExchange
from vpnprobe.model.target import Expectation

DIAGNOSTICS = "ms-diagnostics"
REFUSED_1009 = (
    '1009;reason="No match for domain in DNS SRV results";domain="cms.steven.lab";'
    'fqdn1="vcse.sub.cms.steven.lab:5061";source="sip.skype.lab"'
)


def answered(status: int = 200, reason: str = "OK", *headers: tuple[str, str], **fields: Any) -> Evidence:
    return run(**with_sip(sip(status, reason, *headers)), **fields)


def unanswered(kind: FailureKind, **fields: Any) -> Evidence:
    return run(**with_sip(sip(None, None, failure=fail(kind), **fields)))


def dated(away: timedelta, **fields: Any) -> Evidence:
    return answered(200, "OK", ("date", (NOW + away).strftime("%a, %d %b %Y %H:%M:%S GMT")), **fields)


def explained(value: str, status: int = 504, reason: str = "Server time-out") -> Evidence:
    return answered(status, reason, (DIAGNOSTICS, value))


def routed(*values: str) -> Evidence:
    return answered(200, "OK", *(("record-route", value) for value in values))


SILENT = unanswered(FailureKind.TIMEOUT)
NOT_ASKED = run()
NO_SESSION = run(
    visits=(visit(handshakes=(WANTS_OURS,)),),
    stages=stages("federation", mutual_tls=("failed", "no handshake completed"), sip=("skipped", "mutual-tls")),
)
ASKED_IN_VAIN = run(
    **unpublished()
    | {"stages": stages("federation", srv=("failed", "x"), first_flight=("skipped", "srv"), sip=("skipped", "srv"))}
)

ROWS = (
    Row("SIP001", "pass", answered(), "pass", "answered 200 OK"),
    Row("SIP001", "refused-is-alive", answered(403, "Forbidden"), "pass", "any answer is a sign of life"),
    Row("SIP001", "silent", SILENT, "fail", "OPTIONS was not answered: no answer in time"),
    Row("SIP001", "provisional", unanswered(FailureKind.TIMEOUT, provisional=(100,)), "fail", "after 100"),
    Row("SIP001", "not-sip", unanswered(FailureKind.MALFORMED), "fail", "no SIP that can be read"),
    Row("SIP001", "never-ends", unanswered(FailureKind.TOO_MUCH), "fail", "longer than any honest one"),
    Row("SIP001", "deadline", unanswered(FailureKind.DEADLINE), "inconclusive", "the deadline"),
    Row("SIP001", "unsaid", run(**with_sip(sip(None, None))), "inconclusive", "does not say"),
    Row("SIP001", "not-asked", NOT_ASKED, "not-applicable", "--sip"),
    Row("SIP001", "no-session", NO_SESSION, "inconclusive", "no handshake completed"),
    Row("SIP001", "unpublished", ASKED_IN_VAIN, "inconclusive", "the name does not exist"),
    Row("SIP002", "pass", answered(), "pass", "agrees"),
    Row("SIP002", "near", dated(timedelta(seconds=-299)), "pass"),
    Row("SIP002", "behind", dated(timedelta(seconds=-301)), "fail", "301 s behind this machine's"),
    Row("SIP002", "ahead", dated(timedelta(hours=9)), "fail", "32400 s ahead of this machine's"),
    Row("SIP002", "within-a-long-run", dated(timedelta(seconds=390), duration_s=100.0), "pass"),
    *(
        Row("SIP002", f"run-of-{lasted}-s", dated(timedelta(hours=9), duration_s=lasted), "inconclusive", "a run of")
        for lasted in (1e300, -1e300, float("inf"), float("nan"), -1.0, 86401.0)
    ),
    Row("SIP002", "at-the-end-of-time", answered(started_at=datetime.max.replace(tzinfo=UTC)), "fail", "s behind"),
    Row("SIP002", "unreadable", answered(200, "OK", ("date", "yesterday")), "inconclusive", "'yesterday'"),
    Row("SIP002", "no-date", run(**with_sip(SipExchange(uri="x", status=200))), "not-applicable", "no Date"),
    Row("SIP002", "silent", SILENT, "inconclusive", "SIP001"),
    Row("SIP003", "pass", answered(), "pass", "200 OK is no refusal"),
    Row("SIP003", "not-allowed", answered(405, "Method Not Allowed"), "pass", "405"),
    Row("SIP003", "1009", explained(REFUSED_1009), "fail", "ms-diagnostics 1009: the domain's SRV record names a host"),
    Row(
        "SIP003",
        "about-the-sender",
        explained('1008; reason="x"; domain="anonymous.invalid"'),
        "fail",
        f"it speaks of anonymous.invalid, not of {DOMAIN}",
    ),
    Row("SIP003", "what-is-not-known", explained("1013"), "fail", "(not known: how much is too much)"),
    Row("SIP003", "policy", explained('1027;reason="x"', 403, "Forbidden"), "fail", "1027"),
    Row(
        "SIP003",
        "not-in-the-catalogue",
        explained('21034;reason="Something new"'),
        "fail",
        'not in the catalogue: 21034;reason="Something new"',
    ),
    Row("SIP003", "no-number", explained('reason="odd"'), "fail", "not in the catalogue"),
    Row("SIP003", "forbidden", answered(403, "Forbidden"), "fail", "does not let this sender in"),
    Row("SIP003", "bare", answered(504, "Server time-out"), "fail", "504 Server time-out without a reason"),
    Row("SIP003", "silent", SILENT, "inconclusive", "SIP001"),
    Row("SIP004", "microsoft", answered(), "pass", "RTC/6.0 answers, a server of Microsoft"),
    Row("SIP004", "cisco", answered(200, "OK", ("server", "TANDBERG/4137 (X8.9)")), "pass", "TANDBERG/4137 answers"),
    Row(
        "SIP004",
        "user-agent",
        run(**with_sip(SipExchange(uri="x", status=200, headers=(("user-agent", "Other"),)))),
        "pass",
        "Other answers",
    ),
    Row(
        "SIP004",
        "microsoft-for-im-and-presence",
        answered(expectation=Expectation(im_and_presence=True)),
        "fail",
        "--imp was given",
    ),
    Row("SIP004", "nameless", run(**with_sip(SipExchange(uri="x", status=200))), "not-applicable"),
    Row("SIP004", "silent", SILENT, "inconclusive", "SIP001"),
    Row("SIP005", "none", answered(), "not-applicable", "no Record-Route"),
    Row("SIP005", "pass", routed("<sip:a.example.com:5061;transport=tls;lr>"), "pass"),
    Row(
        "SIP005",
        "bare",
        routed("<sip:a.example.com;transport=tls;lr>, <sip:b.example.com;lr>"),
        "fail",
        "without a transport: sip:b.example.com;lr",
    ),
    Row("SIP005", "silent", SILENT, "inconclusive", "SIP001"),
    Row("SIP006", "pass", run(**with_sip(sip(empty_fragments=False))), "pass"),
    Row("SIP006", "sent", run(**with_sip(sip(empty_fragments=True))), "fail", "sends empty TLS fragments"),
    Row("SIP006", "other-suite", answered(), "not-applicable", "suite"),
    Row("SIP006", "silent", SILENT, "inconclusive", "SIP001"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        pytest.param(SILENT, {"SIP001"}, id="silent"),
        pytest.param(dated(timedelta(hours=1)), {"SIP002"}, id="clock"),
        pytest.param(explained(REFUSED_1009), set(), id="refused"),
        pytest.param(run(**with_sip(sip(empty_fragments=True))), {"SIP006"}, id="empty-fragments"),
    ],
)
def test_one_fault_is_one_alarm(evidence: Evidence, expected: set[str]) -> None:
    assert alarms(evidence) == expected


def test_a_number_leads_to_the_checks_that_decide_it() -> None:
    found = finding(explained(REFUSED_1009), "SIP003")
    assert found.fix[0].steps == (f"These checks decide it, for {DOMAIN}: DOM001.",)
    assert found.facts["code"] == 1009
    assert found.next == (f"vpnprobe federation {DOMAIN} --sip", "vpnprobe explain DOM001")


def test_a_refusal_by_403_names_the_provider_tab() -> None:
    found = finding(answered(403, "Forbidden"), "SIP003")
    assert any("IM Provider" in step for fix in found.fix for step in (*fix.steps, *fix.confirm))


def test_silence_of_one_edge_does_not_stain_the_verdict() -> None:
    assert judge(SILENT).verdict == "warn"


def test_the_moment_of_the_run_counts_and_not_that_of_a_later_judgement() -> None:
    report = judge(answered(), NOW + timedelta(days=30))
    assert next(one for one in report.findings if one.id == "SIP002").status == "pass"
