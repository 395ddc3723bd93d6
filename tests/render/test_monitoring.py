"""The line of a monitoring plug-in, by the rules of the Monitoring Plugins guidelines."""

from __future__ import annotations

import itertools
import re

import pytest

from tests.render.reports import RAW, REPORTS, finding, report_of
from vpnprobe.cli.exitcodes import exit_code
from vpnprobe.model.finding import Report, Verdict
from vpnprobe.render.monitoring import CheckedProbe, named_status_line, render_check, render_nagios, summary_line
from vpnprobe.render.status_line import STATUS_WORDS

LINE = re.compile(r"(OK|WARNING|CRITICAL|UNKNOWN): [^|]+ \| (?P<data>.+)")
# 'label'=value[unit];[warn];[crit];[min];[max]
DATUM = re.compile(r"[a-z_]+=\d+\.\d{3}s;;;0")


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_one_line_in_the_form_of_the_guidelines(report: Report) -> None:
    text = render_nagios([report])
    assert text.endswith("\n")
    line = LINE.fullmatch(text[:-1])
    assert line
    data = line["data"].split(" ")
    assert all(map(DATUM.fullmatch, data))
    labels = [datum.partition("=")[0] for datum in data]
    assert labels[0] == "time"
    ran = [stage.name.replace("-", "_") for stage in report.stages if stage.status != "skipped"]
    assert labels[1:] == ran


def test_text_of_the_peer_cannot_end_the_text_nor_the_line() -> None:
    text = render_nagios([report_of(finding(summary=RAW))])
    assert text.count("|") == 1
    assert text.count("\n") == 1
    assert text[:-1].isprintable()


def test_an_example() -> None:
    assert render_nagios([report_of(finding(), name="no such name")]).startswith(
        "CRITICAL: PIN001 no certHash names the certificate shown | time=0.000s;;;0 resolve=0.000s;;;0 "
    )


# --- several targets ---


def test_the_target_stands_behind_the_status() -> None:
    assert named_status_line(report_of(finding())) == (
        "CRITICAL: https://vpn.example.com/VPNPhone: PIN001 no certHash names the certificate shown"
    )


def of_verdict(verdict: Verdict) -> Report:
    return next(report for report in REPORTS.values() if report.verdict == verdict)


@pytest.mark.parametrize("verdicts", list(itertools.combinations_with_replacement(("pass", "fail", "inconclusive"), 2)))
def test_the_first_line_has_the_status_of_the_exit_code(verdicts: tuple[Verdict, ...]) -> None:
    word = {exit_code([verdict]): status for verdict, status in STATUS_WORDS.items()}
    first, *lines = render_nagios([of_verdict(verdict) for verdict in verdicts]).splitlines()
    assert first.startswith(f"{word[exit_code(verdicts)]}: 2 targets: ")
    assert sorted(line.partition(":")[0] for line in lines) == sorted(STATUS_WORDS[verdict] for verdict in verdicts)
    assert lines[0].startswith(first.partition(":")[0])
    assert all("https://vpn.example.com/VPNPhone" in line and "|" not in line for line in lines)


def test_labels_of_several_differ_and_are_quoted() -> None:
    first, *_ = render_nagios([REPORTS["gateway"], REPORTS["gateway"]]).splitlines()
    data = first.partition(" | ")[2].split(" ")
    assert [datum.partition("=")[0] for datum in data] == [
        "'1_https://vpn.example.com/VPNPhone'",
        "'2_https://vpn.example.com/VPNPhone'",
    ]


def test_no_report_at_all_is_unknown() -> None:
    assert render_nagios([]).startswith("UNKNOWN: 0 targets")


@pytest.mark.parametrize(
    ("verdicts", "line"),
    [
        ({"a": "pass", "b": "pass"}, "OK: 2 domains: 2 OK"),
        (
            {"a": "pass", "b": "warn", "c": "inconclusive", "d": "fail", "e": "warn"},
            "CRITICAL: 5 domains: 1 CRITICAL (d), 1 UNKNOWN (c), 2 WARNING (b, e), 1 OK",
        ),
        ({f"d{n}": "fail" for n in range(7)}, "CRITICAL: 7 domains: 7 CRITICAL (d0, d1, d2, d3, d4 and 2 more)"),
        ({}, "UNKNOWN: 0 domains: "),
    ],
    ids=["all good", "each kind, the worst first", "many", "none"],
)
def test_a_line_about_all(verdicts: dict[str, Verdict], line: str) -> None:
    assert summary_line(list(verdicts.items()), "domains") == line


def test_names_in_the_line_about_all_are_made_harmless() -> None:
    assert "\x1b" not in summary_line([("a\x1b[31m", "fail")], "domains")


# --- a plan ---

GOOD = CheckedProbe("berlin", "pass", "OK: it would", 0.5)
WARNED = CheckedProbe("hamburg", "warn", "WARNING: CRT001 soon", 12.0)
BAD = CheckedProbe("koeln", "fail", "CRITICAL: PIN001 a|b", 0.25)
UNMEASURED = CheckedProbe("mainz", "inconclusive", "UNKNOWN: no file", None)
SECONDS = "berlin=0.500s;;;0 hamburg=12.000s;;;0 koeln=0.250s;;;0"


@pytest.mark.parametrize(
    ("checked", "lines"),
    [
        ([GOOD], ["OK: it would | time=0.500s;;;0"]),
        ([BAD], ["CRITICAL: PIN001 a/b | time=0.250s;;;0"]),
        ([UNMEASURED], ["UNKNOWN: no file"]),
        (
            [GOOD, UNMEASURED, WARNED, BAD],
            [
                f"CRITICAL: 4 probes: 1 CRITICAL (koeln), 1 UNKNOWN (mainz), 1 WARNING (hamburg), 1 OK | {SECONDS}",
                "CRITICAL: koeln: PIN001 a/b",
                "UNKNOWN: mainz: no file",
                "WARNING: hamburg: CRT001 soon",
                "OK: berlin: it would",
            ],
        ),
        ([UNMEASURED, UNMEASURED], ["UNKNOWN: 2 probes: 2 UNKNOWN (mainz, mainz)", *["UNKNOWN: mainz: no file"] * 2]),
    ],
    ids=["good", "bad", "unmeasured", "several", "none-measured"],
)
def test_a_plan_that_was_checked(checked: list[CheckedProbe], lines: list[str]) -> None:
    assert render_check(checked) == "\n".join(lines) + "\n"
