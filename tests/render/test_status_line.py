from __future__ import annotations

import pytest

from tests.checks.evidence_builder import login, run
from tests.render.reports import RAW, REPORTS, finding, report_of
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.finding import Report
from vpnprobe.render.status_line import STATUS_WORDS, headline, status_line

every_report = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)


@every_report
def test_one_line_with_the_word_of_the_verdict(report: Report) -> None:
    line = status_line(report)
    assert line.startswith(f"{STATUS_WORDS[report.verdict]}: ")
    assert line.isprintable()
    assert len(line) < 400


@every_report
def test_a_failure_is_named_by_its_cause(report: Report) -> None:
    if report.verdict == "fail" and report.interrupted is None:
        assert status_line(report).startswith(f"CRITICAL: {report.cause} ")


def test_of_several_subjects_the_one_that_failed() -> None:
    passed = finding(subject="192.0.2.7:443", status="pass", summary="all is well")
    failed = finding(subject="192.0.2.8:443", summary="no certHash names it")
    assert status_line(report_of(passed, failed)) == "CRITICAL: PIN001 no certHash names it"


def test_a_warning_names_the_first_alarm() -> None:
    note = finding(id="CFG008", severity="info")
    alarm = finding(id="CRT002", severity="warning", summary="expires in 20 days")
    assert status_line(report_of(note, alarm, verdict="warn", cause=None)) == "WARNING: CRT002 expires in 20 days"


def test_unknown_names_the_first_critical_thing_that_is_not_known() -> None:
    minor = finding(id="CRT002", severity="warning", status="inconclusive", summary="no certificate")
    major = finding(id="PIN001", status="inconclusive", summary="no certHash is known")
    line = status_line(report_of(minor, major, verdict="inconclusive", cause=None))
    assert line == "UNKNOWN: PIN001 no certHash is known"


def test_text_of_the_peer_is_escaped_and_cut() -> None:
    line = status_line(report_of(finding(summary=RAW + "a" * 1000)))
    assert line.isprintable()
    assert "\\x1b[31mred" in line
    assert line.endswith("…")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("healthy", "YES, this phone would connect: the login was accepted."),
        ("mismatch", "NO. This phone would hang up at the gateway's certificate."),
        ("no configuration", "NOT KNOWN. Something that decides it could not be seen."),
        ("interrupted", "STOPPED. What follows is partial."),
        ("gateway", "TLS is good for every phone profile tried; certHash and login were not tested."),
        ("gateway that is closed", "NO. Not every phone is given TLS that it can use here."),
    ],
)
def test_the_answer_in_one_sentence(name: str, sentence: str) -> None:
    assert headline(REPORTS[name]) == sentence


def test_yes_says_how_far_it_was_tested() -> None:
    at_login = judge(run(logins=(login("wants-login", posted=False),), credential="none"))
    assert headline(at_login) == "YES, as far as tested: up to the login page; no credentials were given."
    handshake = judge(run(logins=(), login_wanted=False))
    assert headline(handshake) == "YES, as far as tested: up to the handshake; the login was not tried."


def test_the_deadline_is_told() -> None:
    assert status_line(REPORTS["deadline"]).endswith(" (deadline reached)")
