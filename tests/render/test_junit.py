"""JUnit XML: what is not known is an error, or a skip behind a failure, never green."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.render.reports import RAW, REPORTS, finding, report_of
from vpnprobe.model.finding import Report
from vpnprobe.render.junit import render_junit


def suites(*reports: Report) -> list[ElementTree.Element]:
    text = render_junit(reports)
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="vpnprobe">')
    return list(ElementTree.fromstring(text))


def case_of(*, cause: str | None = None, **changes: object) -> ElementTree.Element:
    [suite] = suites(report_of(finding(**changes), cause=cause))
    [case] = suite
    return case


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_counts_agree_with_the_cases(report: Report) -> None:
    [suite] = suites(report)
    assert len(suite) == len(report.findings) == int(suite.attrib["tests"])
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.attrib[attribute]) == len(suite.findall(f"./testcase/{tag}"))
    alarms = sum(finding.is_alarm for finding in report.findings)
    assert int(suite.attrib["failures"]) == alarms
    assert float(suite.attrib["time"]) == report.duration_s
    assert suite.attrib["timestamp"] == "2026-11-21T12:00:00+00:00"


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_green_means_that_it_is_well(report: Report) -> None:
    """Whoever looks at failures and errors only sees everything but a verdict of pass or warning."""
    [suite] = suites(report)
    red = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
    assert (red > 0) or report.verdict == "pass"


def test_one_suite_for_each_report() -> None:
    names = [suite.attrib["name"] for suite in suites(REPORTS["healthy"], REPORTS["gateway"])]
    assert names == ["phone https://vpn.example.com/VPNPhone", "gateway https://vpn.example.com/VPNPhone"]


def test_a_passed_case() -> None:
    case = case_of(status="pass")
    assert case.attrib == {"classname": "vpnprobe.pin", "name": "PIN001 cert-hash-match 192.0.2.7:443"}
    assert len(case) == 0


def test_a_failure_with_its_fix() -> None:
    [failure] = case_of()
    assert failure.tag == "failure"
    assert failure.attrib == {"type": "critical", "message": "no certHash names the certificate shown"}
    assert failure.text == "ASA: show run ssl\nCUCM: Upload the certificate.\nCUCM: Save."


def test_a_note_is_no_failure() -> None:
    assert len(case_of(severity="info")) == 0


@pytest.mark.parametrize("status", ["inconclusive", "error"])
def test_what_is_not_known_is_an_error(status: str) -> None:
    [error] = case_of(status=status)
    assert (error.tag, error.attrib["type"]) == ("error", status)


@pytest.mark.parametrize(("status", "tag"), [("inconclusive", "skipped"), ("error", "error")])
def test_what_is_not_known_behind_a_cause_is_skipped(status: str, tag: str) -> None:
    [told] = case_of(cause="NET002", status=status)
    assert told.tag == tag
    if tag == "skipped":
        assert told.attrib["message"].startswith("not known, because NET002 failed: ")


def test_a_closed_port_is_one_failure_and_no_error() -> None:
    [suite] = suites(REPORTS["closed port"])
    assert (suite.attrib["failures"], suite.attrib["errors"]) == ("1", "0")


def test_what_does_not_apply_is_skipped() -> None:
    [skipped] = case_of(status="not-applicable", summary="there is only one address")
    assert (skipped.tag, skipped.attrib["message"]) == ("skipped", "there is only one address")


@pytest.mark.parametrize("text", [RAW, "\x00\x0b\ufffe\uffff\ud800]]>", "</testsuites>"])
def test_any_text_gives_xml_that_can_be_read(text: str) -> None:
    case = case_of(subject=text, summary=text)
    assert case.attrib["name"].isprintable()
    assert case[0].attrib["message"].isprintable()
