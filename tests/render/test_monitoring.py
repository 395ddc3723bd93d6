"""The line of a monitoring plug-in, by the rules of the Monitoring Plugins guidelines."""

from __future__ import annotations

import re

import pytest

from tests.render.reports import RAW, REPORTS, finding, report_of
from vpnprobe.model.finding import Report
from vpnprobe.render.monitoring import render_nagios

LINE = re.compile(r"(OK|WARNING|CRITICAL|UNKNOWN): [^|]+ \| (?P<data>.+)")
# 'label'=value[unit];[warn];[crit];[min];[max]
DATUM = re.compile(r"[a-z_]+=\d+\.\d{3}s;;;0")


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_one_line_in_the_form_of_the_guidelines(report: Report) -> None:
    text = render_nagios(report)
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
    text = render_nagios(report_of(finding(summary=RAW)))
    assert text.count("|") == 1
    assert text.count("\n") == 1
    assert text[:-1].isprintable()


def test_an_example() -> None:
    assert render_nagios(report_of(finding(), name="no such name")).startswith(
        "CRITICAL: PIN001 no certHash names the certificate shown | time=0.000s;;;0 resolve=0.000s;;;0 "
    )
