"""The report for a person: the cause first, commands to copy, nothing that only a colour says."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import pytest

from tests.render.reports import RAW, REPORTS, finding, report_of
from vpnprobe.model.finding import Finding, Fix, Logs, Report
from vpnprobe.render.hello_table import certificate_lines, suite_lines
from vpnprobe.render.status_line import headline, status_line
from vpnprobe.render.terminal import MAX_WIDTH, render_terminal

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
WHY = re.compile(r"^Why  (?P<id>[A-Z]{3}\d{3}) ", re.MULTILINE)

every_report = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)


def stripped(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def headings(text: str) -> list[str]:
    """Lines at the margin, after the title."""
    return [line for line in text.splitlines()[3:] if line and not line.startswith(" ")]


@every_report
def test_title_answer_and_last_line(report: Report) -> None:
    lines = render_terminal(report).splitlines()
    assert lines[0].startswith(f"vpnprobe {report.probe}")
    assert lines[1] == "https://vpn.example.com/VPNPhone"
    assert lines[2].startswith(f"{report.started_at:%Y-%m-%d %H:%M} UTC, vpnprobe ")
    assert lines[4] == headline(report)
    assert lines[-1] == status_line(report)


@every_report
def test_every_stage_has_a_line(report: Report) -> None:
    text = render_terminal(report)
    for stage in report.stages:
        assert re.search(rf"^  (ok|STOP|FAIL|warn|skip|\?) +{stage.name.replace('-', ' ')} ", text, re.MULTILINE)


@every_report
def test_the_cause_comes_before_everything_else(report: Report) -> None:
    text = render_terminal(report)
    found = WHY.search(text)
    if report.verdict != "fail":
        assert found is None
        return
    assert found
    assert found["id"] == report.cause
    assert headings(text[: found.start()])[0] == headline(report)
    for later in ("Also wrong", "Notes", "Next"):
        assert f"\n{later}\n" not in text[: found.start()]


def test_where_the_phone_stops_is_marked() -> None:
    assert re.search(r"^  STOP +pin ", render_terminal(REPORTS["mismatch"]), re.MULTILINE)
    assert "STOP" not in render_terminal(REPORTS["gateway with two certificates"])
    assert "STOP" not in render_terminal(REPORTS["healthy"])


def test_what_is_not_known_is_listed_where_nothing_failed() -> None:
    text = render_terminal(REPORTS["no configuration"])
    assert "Not known" in headings(text)
    assert "PIN001" in text


def test_an_alarm_beside_the_cause() -> None:
    other = finding(id="CRT001", stage="pin", summary="expired yesterday", fix=(Fix("ASA", ("crypto ca enroll x",)),))
    text = render_terminal(report_of(finding(), other))
    assert headings(text).index("Also wrong") > headings(text).index("Why  PIN001 cert-hash-match")
    assert "expired yesterday" in text
    assert "crypto ca enroll x" in text


def test_what_is_likelier_than_the_causes_that_look_alike_comes_first() -> None:
    sure, rare = Fix("DNS", ("Publish it.",)), Fix("OCS", ("Start it.",), when="the front end does not run")
    first = render_terminal(report_of(finding(fix=(sure, rare))))
    assert (
        first.index("Mend it") < first.index("Publish it.") < first.index("Other causes") < first.index("1. the front")
    )
    last = render_terminal(report_of(finding(fix=(rare, sure))))
    assert last.index("Possible causes") < last.index("1. the front") < last.index("Publish it.")
    assert "Other causes" not in last


@pytest.mark.parametrize("duration_s", [0.03, 5.0, 120.0])
@pytest.mark.parametrize("width", [70, 80, 100])
def test_the_row_of_a_finding_is_one_full_line(width: int, duration_s: float) -> None:
    said = "word by word, " * 30
    report = report_of(finding(summary=said))
    stages = tuple(
        msgspec.structs.replace(stage, duration_s=duration_s if stage.name == "pin" else 0.01)
        for stage in report.stages
    )
    text = render_terminal(msgspec.structs.replace(report, stages=stages), width=width)
    (row,) = (line for line in text.splitlines() if " pin " in line)
    assert re.search(rf"… +{duration_s * 1000:.0f} ms$", row)
    assert width - 2 <= len(row) <= width


def test_of_many_checks_that_say_the_same_a_few_are_named() -> None:
    same = [finding(id=f"PIN00{number}", status="inconclusive", summary="no certificate") for number in range(1, 8)]
    text = render_terminal(report_of(*same, verdict="inconclusive", cause=None))
    assert "  PIN001 PIN002 PIN003 +4  192.0.2.7:443: no certificate\n" in text


# --- what is copied is whole ---

LONG_COMMAND = "ssl cipher tlsv1.2 custom " + ":".join(f"ECDHE-RSA-AES256-GCM-SHA{number}" for number in range(20))
LONG_SENTENCE = "Upload the certificate of the gateway to the trust store of the cluster " * 3 + "and save."


@pytest.mark.parametrize("width", [20, 60, 80, 200])
def test_a_command_is_never_broken(width: int) -> None:
    wanted = finding(
        fix=(Fix("ASA", (LONG_COMMAND, LONG_SENTENCE)),),
        logs=Logs(phone=(LONG_COMMAND + " in the log",)),
        next=(f"vpnprobe hash {LONG_COMMAND}",),
    )
    lines = render_terminal(report_of(wanted), width=width).splitlines()
    for text in (LONG_COMMAND, f"{LONG_COMMAND} in the log", f"vpnprobe hash {LONG_COMMAND}"):
        assert any(line.endswith(text) for line in lines)


def test_a_line_of_a_zone_file_is_never_broken() -> None:
    line = "_sipfederationtls._tcp.meetings.example.com. 3600 IN SRV 0 0 5061 expressway-edge.meetings.example.com."
    text = render_terminal(report_of(finding(fix=(Fix("DNS", (line,)),))), width=60)
    assert any(one.endswith(line) for one in text.splitlines())


@pytest.mark.parametrize("width", [60, 80])
def test_a_sentence_is_wrapped(width: int) -> None:
    text = render_terminal(report_of(finding(fix=(Fix("CUCM", (LONG_SENTENCE,)),))), width=width)
    assert LONG_SENTENCE in " ".join(text.split())
    assert all(len(line) <= width for line in text.splitlines() if "Upload" in line or "trust store" in line)


def unbreakable(report: Report) -> Iterator[str]:
    """What may be longer than the terminal is wide: it is there to be copied, or one of the two lines of status."""
    yield status_line(report)
    yield from certificate_lines(report.evidence)
    for enumeration in report.evidence.enumerations:
        yield from suite_lines(enumeration)
    for one in report.findings:
        yield from (*one.logs.phone, *one.logs.asa, *one.next)
        for fix in one.fix:
            yield from (*fix.steps, *fix.confirm, *fix.signs)


@every_report
@pytest.mark.parametrize("verbose", [False, True], ids=["", "verbose"])
@pytest.mark.parametrize("width", [60, 80, 300])
def test_the_width_is_kept(report: Report, width: int, verbose: bool) -> None:
    exempt = tuple(unbreakable(report))
    for line in render_terminal(report, width=width, verbose=verbose).splitlines():
        if len(line) > min(width, MAX_WIDTH) and len(line.split()) > 1:
            assert any(text in line for text in exempt), line


@every_report
def test_no_blanks_at_the_end_of_a_line(report: Report) -> None:
    text = render_terminal(report, verbose=True)
    assert text.splitlines() == stripped(text)
    assert "\n\n\n" not in text


# --- colours ---


@every_report
def test_plain_text_has_no_escape_sequence(report: Report) -> None:
    assert "\x1b" not in render_terminal(report, verbose=True)


@every_report
@pytest.mark.parametrize("verbose", [False, True], ids=["", "verbose"])
def test_colour_adds_nothing_but_colour(report: Report, verbose: bool) -> None:
    coloured = render_terminal(report, color=True, verbose=verbose)
    assert COLOUR.search(coloured)
    assert stripped(COLOUR.sub("", coloured)) == stripped(render_terminal(report, verbose=verbose))


# --- details ---


@every_report
def test_verbose_names_every_check(report: Report) -> None:
    text = render_terminal(report, verbose=True)
    every = text[text.index("\nEvery check\n") :]
    for one in report.findings:
        assert re.search(rf"^  \S+ +{one.id} +{one.name} ", every, re.MULTILINE)


def test_log_lines_are_few_and_all_with_verbose() -> None:
    logs = Logs(phone=tuple(f"SECD: line {number} of the phone" for number in range(30)))
    short, long = (render_terminal(report_of(finding(logs=logs)), verbose=verbose) for verbose in (False, True))
    assert 0 < short.count("of the phone") < 30
    assert "earlier ones with --verbose" in short
    assert "line 29 of the phone" in short
    assert long.count("of the phone") == 30


def test_the_gateway_probe_shows_what_each_hello_is_given() -> None:
    text = render_terminal(REPORTS["gateway"])
    assert "What each hello is given at 192.0.2.7:443" in headings(text)
    assert "Accepted at 192.0.2.7:443" in headings(text)
    assert re.search(r"^  8811 +A ", text, re.MULTILINE)


@pytest.mark.parametrize("color", [False, True])
def test_text_of_the_peer_is_harmless(color: bool) -> None:
    hostile = finding(
        subject=RAW, summary=RAW, fix=(Fix("ASA", (RAW,)),), logs=Logs(phone=(RAW,), asa=(RAW,)), next=(RAW,)
    )
    other = finding(id="CRT001", subject=RAW, summary=RAW, fix=(Fix("ASA", (RAW + ".",)),))
    unknown = finding(id="CRT002", status="inconclusive", subject=RAW, summary=RAW)
    for findings in ((hostile, other), (unknown,)):
        cause: Finding = findings[0]
        failed = cause.status == "fail"
        report = report_of(*findings, verdict="fail" if failed else "inconclusive", cause=cause.id if failed else None)
        for verbose in (False, True):
            text = COLOUR.sub("", render_terminal(report, color=color, verbose=verbose))
            assert all(line.isprintable() for line in text.splitlines())
            assert "\\x1b[31mred" in text
            # Rich would take this for markup.
            assert "<b>" in text


def test_markup_of_rich_is_text_here() -> None:
    text = render_terminal(report_of(finding(summary="[red]not a colour[/red] :smile:")))
    assert "[red]not a colour[/red] :smile:" in text
