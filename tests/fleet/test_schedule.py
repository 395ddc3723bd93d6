"""Due times and alarm thresholds."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnprobe.fleet.schedule import (
    LEVELS,
    Condition,
    Interval,
    Level,
    Thresholds,
    current_interval,
    due_at,
    first_start,
    next_interval,
    with_result,
)

START = datetime(2026, 3, 1, tzinfo=UTC)

WORDS: dict[str, Level] = {".": "ok", "w": "warning", "?": "unknown", "C": "critical"}


def after(results: str, thresholds: Thresholds) -> list[Level | None]:
    """Return the level after each of the results, one a minute."""
    condition, levels = Condition(), []
    for minute, word in enumerate(results):
        condition = with_result(condition, WORDS[word], START + timedelta(minutes=minute), thresholds)
        levels.append(condition.level)
    return levels


@pytest.mark.parametrize(
    ("thresholds", "results", "levels"),
    [
        # A single bad result, also again and again, is no alarm; nor are too few in a row.
        ((3, 2), "..C..C.C..CC..", "-" + "." * 13),
        ((2, 1), ".C.?.w.C.", "." * 9),
        # The last of so many in a row is.
        ((3, 2), "..CCCC", "-...CC"),
        ((1, 1), ".C.C", ".C.C"),
        # A single good one is no all-clear, nor are some with a bad one in between.
        ((2, 3), "...CC..C...", "--..CCCCCC."),
        ((1, 2), "..C.C..", "-.CCCC."),
        # Of bad results that differ the mildest holds, until the worse ones are enough.
        ((3, 2), "..wCCC", "-...wC"),
        ((2, 2), "..wwCC", "-..wwC"),
        ((2, 2), "..CCww", "-..CCw"),
        ((2, 2), "..C?", "-..?"),
        ((2, 2), "..?w", "-..w"),
        # What cannot be seen says nothing against a known failure, but is worse than what needs attention.
        ((2, 2), "..CC????..", "-..CCCCCC."),
        ((2, 2), "..CC?.?.", "-..CCCCC"),
        ((2, 2), "..ww??", "-..ww?"),
        ((2, 2), "..??CC", "-..??C"),
        ((2, 2), "..??ww..", "-..??ww."),
        # Nothing is said before enough results agree.
        ((3, 1), "CC", "--"),
        ((3, 2), "C.C.C.", "------"),
        ((3, 2), "CCC", "--C"),
        ((3, 2), "C..", "--."),
        ((3, 3), "...", "--."),
        ((2, 2), "??", "-?"),
    ],
)
def test_levels(thresholds: tuple[int, int], results: str, levels: str) -> None:
    names = {None: "-"} | {level: word for word, level in WORDS.items()}
    assert "".join(names[level] for level in after(results, Thresholds(*thresholds))) == levels


def test_since_is_when_the_level_was_reached() -> None:
    condition = Condition()
    for minute, word in enumerate(".CCC."):
        at = START + timedelta(minutes=minute)
        condition = with_result(condition, WORDS[word], at, Thresholds(2, 2))
    assert (condition.level, condition.since) == ("critical", START + timedelta(minutes=2))


thresholds_of_any_size = st.builds(Thresholds, st.integers(1, 6), st.integers(1, 6))
some_results = st.lists(st.sampled_from(LEVELS), max_size=60)


@given(some_results, thresholds_of_any_size)
def test_no_change_without_as_many_results_in_a_row(results: list[Level], thresholds: Thresholds) -> None:
    condition = Condition()
    for number, result in enumerate(results):
        before = condition.level
        condition = with_result(condition, result, START, thresholds)
        assert len(condition.recent) <= max(thresholds)
        if condition.level == before:
            continue
        assert condition.level is not None
        rank = LEVELS.index(condition.level)
        latest = [LEVELS.index(one) for one in results[: number + 1]]
        if before is None or rank > LEVELS.index(before):
            count = thresholds.to_alarm if rank else thresholds.to_clear
            assert all(one >= rank for one in latest[-count:])
        else:
            count = thresholds.to_clear
            assert all(one <= rank for one in latest[-count:])
        assert len(latest) >= count


@given(some_results, thresholds_of_any_size, st.sampled_from(LEVELS))
def test_enough_alike_results_always_decide(results: list[Level], thresholds: Thresholds, last: Level) -> None:
    condition = Condition()
    for result in (*results, *[last] * max(thresholds)):
        condition = with_result(condition, result, START, thresholds)
    known_failure_stays = last == "unknown" and condition.level == "critical"
    assert condition.level == last or known_failure_stays


# --- due times ---


@pytest.mark.parametrize(
    ("now", "interval"),
    [
        (10.0, Interval(60.0, 0)),
        (60.0, Interval(60.0, 0)),
        (119.9, Interval(60.0, 0)),
        (120.0, Interval(120.0, 1)),
        (605.0, Interval(600.0, 9)),
    ],
)
def test_the_next_interval(now: float, interval: Interval) -> None:
    assert next_interval(0.0, 60.0, now) == interval


@pytest.mark.parametrize(
    ("now", "interval"),
    [(0.0, Interval(0.0, 0)), (59.9, Interval(0.0, 0)), (60.0, Interval(60.0, 1)), (200.0, Interval(180.0, 3))],
)
def test_the_interval_it_is_in(now: float, interval: Interval) -> None:
    assert current_interval(0.0, 60.0, now) == interval


@pytest.mark.parametrize(
    ("since_last", "interval"),
    [
        (None, Interval(1000.0, 0)),
        (0.0, Interval(1060.0, 0)),
        (20.0, Interval(1040.0, 0)),
        (60.0, Interval(1000.0, 0)),
        (61.0, Interval(1000.0, 0)),
        (119.0, Interval(1000.0, 0)),
        (120.0, Interval(1000.0, 1)),
        (3605.0, Interval(1000.0, 59)),
        # The clock was set back while nobody ran.
        (-5000.0, Interval(1000.0, 0)),
    ],
)
def test_the_first_interval_after_a_start(since_last: float | None, interval: Interval) -> None:
    assert first_start(1000.0, 60.0, since_last) == interval


def test_jitter() -> None:
    assert [due_at(60.0, 30.0, chance) for chance in (0.0, 0.5, 1.0)] == [60.0, 75.0, 90.0]


@given(
    length=st.floats(0.5, 1e5),
    steps=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1e6), st.floats(0, 1e6)), min_size=1, max_size=30),
)
def test_every_interval_is_accounted_for(length: float, steps: list[tuple[float, float, float]]) -> None:
    """However long a place is waited for and a run takes: intervals run plus intervals missed are all there were."""
    begun, ran, missed, now = 0.0, 0, 0, 0.0
    interval = first_start(0.0, length, None)
    starts = []
    for chance, waited, took in steps:
        now = max(now, due_at(interval.start, length / 10, chance)) + waited
        interval = current_interval(interval.start, length, now)
        missed += interval.missed
        starts.append(interval.start)
        ran += 1
        now += took
        interval = next_interval(interval.start, length, now)
        missed += interval.missed
        # It is not over yet.
        assert interval.start + length >= now - 1e-6 * now
    assert all(earlier < later for earlier, later in itertools.pairwise(starts))
    assert ran + missed == pytest.approx((interval.start - begun) / length, rel=1e-6)
