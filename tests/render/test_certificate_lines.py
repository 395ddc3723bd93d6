"""How given certificates are told of: one on a page, many in lines with a summary."""

from __future__ import annotations

import pytest

from tests.certificates import asa_self_signed, issue
from tests.checks.evidence_builder import NOW
from tests.checks.lsc.builder import CAPF, CUT_RUN, DAY, LSC, MIC, OTHER_CAPF, asked, lsc, run, unread
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import Evidence
from vpnprobe.pki.certificate import describe
from vpnprobe.render.certificate_lines import describe_certificate_stage
from vpnprobe.render.certificate_list import Causes, certificate_line
from vpnprobe.render.status_line import headline
from vpnprobe.render.terminal import render_terminal

GATEWAY = asa_self_signed("vpn.example.com")
EXPIRED = run(lsc(not_after=NOW - DAY))
BOTH = run(lsc(not_after=NOW - DAY, key_usage=["digitalSignature"]))


@pytest.mark.parametrize(
    ("evidence", "read", "certificate"),
    [
        pytest.param(
            run(), "CN=CP-7962G-SEP8CB64F576113", "LSC of SEP8CB64F576113, RSA 2048, SHA-256, valid to", id="lsc"
        ),
        pytest.param(run(MIC), "by CN=Cisco Manufacturing CA", "MIC of SEP8CB64F576113", id="mic"),
        pytest.param(run(CAPF), "CN=CAPF-18cf046e", "CAPF certificate, RSA 2048", id="capf"),
        pytest.param(run(GATEWAY), "CN=vpn", f"certHash {describe(GATEWAY.der).cert_hash}", id="gateway"),
        pytest.param(CUT_RUN, "bytes that are no whole certificate", "", id="cut"),
        pytest.param(unread(), "", "", id="unread"),
    ],
)
def test_stages(evidence: Evidence, read: str, certificate: str) -> None:
    assert read in describe_certificate_stage(evidence, "read")
    assert certificate in describe_certificate_stage(evidence, "certificate")


@pytest.mark.parametrize(
    ("evidence", "answer"),
    [
        pytest.param(run(), "YES, this LSC of SEP8CB64F576113 is good, as far as tested: by itself.", id="good"),
        pytest.param(
            run(capf=(CAPF,), **asked(CAPF)),
            "YES, this LSC of SEP8CB64F576113 is good, as far as tested: by itself and against a trust list, the CAs "
            "that the gateway names.",
            id="held-against",
        ),
        pytest.param(
            run(MIC),
            "YES, this MIC of SEP8CB64F576113 is good, as far as tested: by itself, but something needs attention.",
            id="warn",
        ),
        pytest.param(EXPIRED, "NO, this LSC of SEP8CB64F576113 is not good: LSC007.", id="bad"),
        pytest.param(unread(), "NOT KNOWN. No certificate could be read.", id="unread"),
        pytest.param(
            run(first_flights=asked(CAPF)["first_flights"]),
            "NOT KNOWN. Something that decides whether this LSC of SEP8CB64F576113 is good could not be seen.",
            id="open",
        ),
    ],
)
def test_answers(evidence: Evidence, answer: str) -> None:
    assert headline(judge(evidence)) == answer


@pytest.mark.parametrize(
    ("evidence", "line"),
    [
        pytest.param(run(), "OK       lsc.pem: LSC of SEP8CB64F576113: valid to 2029-08-17", id="good"),
        pytest.param(run(MIC), "WARNING  lsc.pem: MIC of SEP8CB64F576113: LSC005 a MIC, signed by", id="warn"),
        pytest.param(EXPIRED, "CRITICAL lsc.pem: LSC of SEP8CB64F576113: LSC007 expired on", id="bad"),
        pytest.param(unread("why"), "UNKNOWN  lsc.pem: LSC001 no certificate was read: why", id="unread"),
        pytest.param(CUT_RUN, "CRITICAL lsc.pem: certificate: LSC001 not a whole certificate", id="cut"),
    ],
)
def test_one_line(evidence: Evidence, line: str) -> None:
    assert certificate_line(judge(evidence)).startswith(line)


def test_a_line_names_the_other_alarms() -> None:
    assert certificate_line(judge(BOTH)).endswith("here (also LSC010)")


def test_a_hostile_name_stays_on_its_line() -> None:
    named = issue(cn="CP-7962G-SEP8CB64F576113\n\x1b[2J\u202e", issuer=CAPF)
    for text in (certificate_line(judge(run(named))), render_terminal(judge(run(named)), verbose=True)):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "\n" not in certificate_line(judge(run(named, source="a\nb")))


def test_a_summary_counts_each_cause() -> None:
    causes = Causes()
    for evidence in (run(), EXPIRED, BOTH, run(MIC), unread(), run(capf=(OTHER_CAPF,))):
        causes.add(judge(evidence))
    lines = causes.lines()
    assert lines[0] == "By cause"
    assert [line.split()[0] for line in lines[1:-2]] == ["LSC007", "LSC001", "LSC010", "LSC013", "LSC005"]
    assert lines[1].split()[2:] == ["2", "lsc.pem,", "lsc.pem"]
    assert lines[-1] == "CRITICAL: 6 certificates: 3 CRITICAL, 1 UNKNOWN, 1 WARNING, 1 OK"


def test_a_summary_names_three_and_counts_the_rest() -> None:
    causes = Causes()
    for number in range(1200):
        causes.add(judge(run(lsc(not_after=NOW - DAY), source=f"{number}.pem")) if number < 5 else judge(run(LSC)))
    assert causes.lines()[1].endswith("5  0.pem, 1.pem, 2.pem and 2 more")
    assert causes.last_line() == "CRITICAL: 1,200 certificates: 5 CRITICAL, 1,195 OK"


def test_a_summary_without_a_fault_is_one_line() -> None:
    causes = Causes()
    causes.add(judge(run()))
    assert causes.lines() == ["OK: 1 certificate: 1 OK"]
    assert Causes().last_line() == "UNKNOWN: 0 certificates: none read"


def test_the_page_begins_with_the_command() -> None:
    assert render_terminal(judge(run())).splitlines()[0] == "vpnprobe cert"
