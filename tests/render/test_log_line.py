"""Lines of the log: one line each, whatever stands in it, and readable again by the rules of logfmt."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from vpnprobe.render.log_line import log_line

AT = datetime(2026, 3, 29, 1, 30, 15, 4200, tzinfo=UTC)
PAIR = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^" ]+)(?: |$)')


def test_an_example() -> None:
    facts = {"probe": "berlin", "from": None, "to": "critical", "seconds": 0.5, "text": 'CRITICAL: "x" = y\\z'}
    assert log_line(AT, "error", "state-change", facts) == (
        "time=2026-03-29T01:30:15.004Z level=error event=state-change probe=berlin to=critical seconds=0.5 "
        'text="CRITICAL: \\"x\\" = y\\\\z"\n'
    )


@given(st.text(max_size=300))
def test_whatever_stands_in_it(text: str) -> None:
    line = log_line(AT, "info", "run", {"text": text, "last": 1})
    assert line.endswith(" last=1\n")
    assert len(line.splitlines()) == 1
    pairs = PAIR.findall(line[:-1])
    assert [key for key, _ in pairs] == ["time", "level", "event", "text", "last"]
    assert "".join(f"{key}={value} " for key, value in pairs).rstrip() == line.rstrip("\n")
    if text.isprintable():
        value = pairs[3][1]
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        assert value == text


def test_a_text_without_end_is_cut() -> None:
    assert len(log_line(AT, "info", "run", {"text": "x y" * 100_000})) < 3000
