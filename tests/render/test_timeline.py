"""The history as text for a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vpnprobe.model.finding import Finding
from vpnprobe.model.history import Change, Overview, PastRun, RunId, Series, Standing
from vpnprobe.render.timeline import render_comparison, render_overviews, render_timeline

BEGIN = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OK = Standing(verdict="pass")
FAILED = Standing(verdict="fail", cause="PIN001", alarms=("CRT003", "PIN001"))
WARNED = Standing(verdict="warn", alarms=("CRT003",))
PHONE = Series(number=7, probe="phone", label="https://vpn.example.com/VPNPhone", profile="7962G", mac="8CB64F576113")


def at(minutes: int) -> RunId:
    return RunId(7, BEGIN + timedelta(minutes=minutes))


def past(minutes: int, standing: Standing = OK) -> PastRun:
    return PastRun(id=at(minutes), duration_s=0.412, standing=standing)


def drift(summary: str = "vpn.example.com: new: 192.0.2.8", **changes: Any) -> Finding:
    usual: dict[str, Any] = {
        "id": "DRF005", "name": "addresses-changed", "stage": "resolve", "status": "fail", "severity": "warning",
        "subject": "vpn.example.com", "covers": (), "summary": summary,
    }  # fmt: skip
    return Finding(**usual | changes)


def overview(standing: Standing = OK, series: Series = PHONE) -> Overview:
    return Overview(series=series, last=past(10, standing), changed_at=BEGIN)


def timeline(*changes: Change, runs: tuple[PastRun, ...] = (), kept: int = 3, width: int = 80) -> list[str]:
    text = render_timeline(overview(), kept, changes, runs, width)
    assert text.endswith("\n")
    return text.splitlines()


def test_how_each_stands() -> None:
    domain = Series(number=12, probe="federation", label="example.com", profile="microsoft-edge", name="partner")
    assert render_overviews([overview(FAILED), overview(series=domain)], 100).splitlines() == [
        "  7  phone https://vpn.example.com/VPNPhone as 7962G SEP8CB64F576113",
        "     CRITICAL (PIN001), last run 2026-11-21 12:10:00 UTC, last change 2026-11-21 12:00:00 UTC",
        " 12  federation example.com as microsoft-edge (partner)",
        "     OK, last run 2026-11-21 12:10:00 UTC, last change 2026-11-21 12:00:00 UTC",
    ]


def test_nothing_stands() -> None:
    assert render_overviews([], 80) == ""


def test_a_time_line() -> None:
    lines = timeline(
        Change(run=at(0), after=OK),
        Change(run=at(5), before=OK, after=FAILED, drift=(drift(),)),
        Change(run=at(10), before=FAILED, after=WARNED),
        kept=1234,
    )
    assert lines == [
        "phone https://vpn.example.com/VPNPhone as 7962G SEP8CB64F576113",
        "1,234 runs are kept, the last of 2026-11-21 12:10:00 UTC: OK",
        "",
        "2026-11-21 12:00:00 UTC  first run: OK",
        "",
        "2026-11-21 12:05:00 UTC  OK -> CRITICAL (PIN001)",
        "    alarms: CRT003 PIN001",
        "    DRF005 addresses-changed: vpn.example.com: new: 192.0.2.8",
        "",
        "2026-11-21 12:10:00 UTC  CRITICAL (PIN001) -> WARNING",
        "    no longer: PIN001",
    ]


def test_what_changed_without_another_standing() -> None:
    assert timeline(Change(run=at(5), before=OK, after=OK, drift=(drift(),)))[3] == "2026-11-21 12:05:00 UTC  still OK"
    other = Standing(verdict="warn", alarms=("CFG008",))
    assert timeline(Change(run=at(5), before=WARNED, after=other))[3:] == [
        "2026-11-21 12:05:00 UTC  still WARNING",
        "    alarms: CFG008, no longer: CRT003",
    ]


def test_runs_are_listed_behind() -> None:
    lines = timeline(Change(run=at(0), after=OK), runs=(past(5, FAILED), past(0)), kept=1)
    assert lines[1] == "1 run is kept, the last of 2026-11-21 12:10:00 UTC: OK"
    assert lines[-4:] == [
        "",
        "Runs, the newest first",
        "2026-11-21 12:05:00 UTC  CRITICAL (PIN001), 0.41 s",
        "2026-11-21 12:00:00 UTC  OK, 0.41 s",
    ]


def test_two_runs_compared() -> None:
    text = render_comparison(PHONE, past(0), past(5, FAILED), [drift()], 80)
    assert text.splitlines()[1:] == [
        "2026-11-21 12:00:00 UTC  OK",
        "2026-11-21 12:05:00 UTC  CRITICAL (PIN001)",
        "    alarms: CRT003 PIN001",
        "    DRF005 addresses-changed: vpn.example.com: new: 192.0.2.8",
    ]
    assert render_comparison(PHONE, past(0), past(5), [], 80).splitlines()[-1] == "Nothing that matters is different."


@pytest.mark.parametrize("width", [40, 80, 110])
def test_lines_are_wrapped_and_addresses_are_not_torn(width: int) -> None:
    address = "[2001:db8:1234:5678::7]:443"
    lines = timeline(
        Change(run=at(0), after=OK, drift=(drift(f"a.example at {address}: " + "word " * 60),)), width=width
    )
    assert max(map(len, lines[1:])) <= width
    assert any(address in line for line in lines)


def test_hostile_text_is_harmless() -> None:
    odd = Series(number=1, probe="gateway", label="a\x1b[31m\u202eb", profile="7962G", name="\x07\n\r")
    text = render_timeline(
        overview(series=odd), 1, [Change(run=at(0), after=OK, drift=(drift("\x1b]0;x\x07\n" * 500),))], [], 80
    )
    assert render_overviews([overview(series=odd)], 80).isprintable() is False  # its own ends of lines
    for shown in (text, render_overviews([overview(series=odd)], 80)):
        assert all(line.isprintable() for line in shown.splitlines())
    assert len(text) < 10_000
