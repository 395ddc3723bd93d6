"""The table of the measurements; nothing is measured here."""

from __future__ import annotations

import pytest

from tests.bench.measure import Aim, Comparison, Missing, Note, in_turn, table

FAST = Comparison(what="a", ours=[1.0, 2.0, 9.0], beside="b", theirs=[4.0, 4.0, 3.0], unit="s", aim=Aim(0.5, "at most"))


def test_a_row_has_medians_spreads_and_the_ratio_of_the_medians() -> None:
    assert FAST.cells() == ("a", "2 s (1-9)", "b", "4 s (3-4)", "**0.50** (0.25-3.00)", "≤ 0.50", "yes")


@pytest.mark.parametrize(
    ("aim", "ratio", "met"),
    [
        (Aim(3, "at most"), 3.0, True),
        (Aim(3, "at most"), 3.1, False),
        (Aim(0.7, "at least"), 0.7, True),
        (Aim(0.7, "at least"), 0.6, False),
    ],
)
def test_an_aim_is_met_on_its_own_side(aim: Aim, ratio: float, met: bool) -> None:
    assert aim.met_by(ratio) is met


def test_in_turn_after_one_run_to_warm_up() -> None:
    runs: list[str] = []

    def run(name: str) -> int:
        runs.append(name)
        return len(runs)

    assert in_turn(2, lambda: run("A"), lambda: run("B")) == [[3, 5], [4, 6]]
    assert runs == ["A", "B"] * 3


def test_ours_is_shown_also_where_the_other_tool_is_missing() -> None:
    assert Missing("a", "b", "no b", (1.0, 2.0, 3.0), "s").cells()[1] == "2 s (1-3)"


def test_a_missing_tool_is_a_row_of_its_own_and_notes_come_last() -> None:
    text = table([Note("below"), FAST, Missing("c", "d", "no d; `apt-get install d`")])
    head, rule, *rows, blank, note = text.splitlines()
    assert [line.count("|") for line in (head, rule, *rows)] == [8] * 4
    assert rows[1] == "| c |  | d | not measured: no d; `apt-get install d` |  |  |  |"
    assert (blank, note) == ("", "below")
