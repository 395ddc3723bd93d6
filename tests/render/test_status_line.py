from __future__ import annotations

import pytest

from tests.checks.evidence_builder import REFUSED, login, run
from tests.checks.federation import builder as edges
from tests.render.reports import RAW, REPORTS, finding, report_of
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
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


def test_a_federation_that_is_not_known_names_what_was_not_seen() -> None:
    silent = judge(edges.run(**edges.unpublished(FailureKind.DNS_TIMEOUT)))
    assert headline(silent) == "NOT KNOWN. What the record of this domain is could not be seen."


def test_yes_says_how_far_it_was_tested() -> None:
    at_login = judge(run(logins=(login("wants-login", posted=False),), credential="none"))
    assert headline(at_login) == "YES, as far as tested: up to the login page; no credentials were given."
    handshake = judge(run(logins=(), login_wanted=False))
    assert headline(handshake) == "YES, as far as tested: up to the handshake; the login was not tried."


def test_the_deadline_is_told() -> None:
    assert status_line(REPORTS["deadline"]).endswith(" (deadline reached)")


CLOSED = edges.run(visits=(edges.visit(flights=edges.silent_flights(REFUSED), handshakes=(), path=None),))
TESTED = (
    "a Microsoft edge would accept this domain, as far as tested: up to the handshake, without a certificate of its own"
)


@pytest.mark.parametrize(
    ("evidence", "sentence"),
    [
        pytest.param(edges.run(), f"YES, {TESTED}.", id="healthy"),
        pytest.param(
            edges.run(visits=(edges.visit(path=edges.path(end="self-signed")),)),
            f"IF the partner trusts the private root of its edge, {TESTED}.",
            id="private-root",
        ),
        pytest.param(CLOSED, "NO. A Microsoft edge would get no connection to this domain's edge.", id="closed"),
        pytest.param(
            edges.run(
                names=(edges.lookup(edges.IP, "10.1.1.7"),), visits=(edges.visit(), edges.not_dialled("10.1.1.7:5061"))
            ),
            "NOT ALWAYS. It depends on which of the host's addresses the partner takes.",
            id="mixed-addresses",
        ),
        pytest.param(
            edges.run(**edges.unpublished()), "NO. A Microsoft edge would not find this domain.", id="no-record"
        ),
    ],
)
def test_the_answer_about_a_domain(evidence: Evidence, sentence: str) -> None:
    assert headline(judge(evidence)) == sentence


def test_the_last_line_about_a_domain_says_which_edge() -> None:
    line = status_line(judge(CLOSED))
    assert line == f"CRITICAL: EDG001 {edges.TARGET} at {edges.ADDRESS}: no TCP connection: connection refused"


def test_a_target_that_is_named_is_not_named_twice() -> None:
    unnamed = edges.edge_certificate("other.cms.steven.lab")
    line = status_line(judge(edges.run(**edges.shown(unnamed))))
    assert line == f"CRITICAL: FCR001 the certificate does not name {edges.TARGET}, but other.cms.steven.lab"
