"""When a probe is due, and when what it found is news. Pure: time and chance are arguments.

Every probe has intervals of equal length, one after the other. In each of them it runs once, or there is a reason why
it did not: `next_interval` counts those that went by.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from vpnprobe.model.finding import Verdict

# From good to bad. What cannot be seen is worse than what needs attention, and never better than a known failure: the
# order of the exit codes.
Level = Literal["ok", "warning", "unknown", "critical"]
LEVELS: Final[tuple[Level, ...]] = ("ok", "warning", "unknown", "critical")

LEVEL_OF: Final[dict[Verdict, Level]] = {
    "pass": "ok",
    "warn": "warning",
    "inconclusive": "unknown",
    "fail": "critical",
}

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Thresholds(NamedTuple):
    """How many results in a row raise an alarm, and how many give the all-clear. Both are at least 1."""

    to_alarm: int
    to_clear: int


class Condition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is held to be true of one probe, beyond its last result.

    `level` is None until enough results agreed. `recent` are the last results, the newest last, as many as the
    thresholds need; `since` is when the level was reached.
    """

    level: Level | None = None
    since: Moment | None = None
    recent: tuple[Level, ...] = ()


def with_result(condition: Condition, result: Level, at: datetime, thresholds: Thresholds) -> Condition:
    """Return the condition after one more result.

    It gets worse to the level that all of the last `to_alarm` results reach, and better to the level that none of the
    last `to_clear` results exceeds. So a single bad result in between is no alarm, nor a single good one an all-clear.
    A result that could not be decided says nothing against a known failure.
    """
    recent = (*condition.recent, result)[-max(thresholds) :]
    level = _level(condition.level, recent, thresholds)
    since = condition.since if level == condition.level else at
    return Condition(level=level, since=since, recent=recent)


def _level(current: Level | None, recent: tuple[Level, ...], thresholds: Thresholds) -> Level | None:
    rank = LEVELS.index(current or "ok")
    if len(recent) >= thresholds.to_alarm:
        reached = min(map(LEVELS.index, recent[-thresholds.to_alarm :]))
        if reached > rank:
            return LEVELS[reached]
    if len(recent) >= thresholds.to_clear:
        latest = recent[-thresholds.to_clear :]
        left = max(rank if one == "unknown" and current == "critical" else LEVELS.index(one) for one in latest)
        if left < rank or (current is None and left == 0):
            return LEVELS[left]
    return current


class Interval(NamedTuple):
    """An interval that a probe may run in: its start (seconds of a clock that never jumps), and how many went by."""

    start: float
    missed: int


def next_interval(start: float, length: float, now: float) -> Interval:
    """Return the interval after the one that began at `start`, leaving out those that are over at `now`."""
    following = start + length
    # At the very end of an interval the next one has begun.
    missed = max(0, math.floor((now - following) / length))
    return Interval(following + missed * length, missed)


def current_interval(start: float, length: float, now: float) -> Interval:
    """Return the interval that `now` is in, given one that began at `start`, and how many went by since."""
    missed = max(0, math.floor((now - start) / length))
    return Interval(start + missed * length, missed)


def due_at(start: float, jitter: float, chance: float) -> float:
    """Return when the probe is due in the interval from `start`; `chance` is in 0..1, `jitter` in seconds."""
    return start + jitter * chance


def first_start(now: float, length: float, since_last: float | None) -> Interval:
    """Return the first interval after a start of the program.

    `since_last` is how long ago (seconds) the probe was run before, None for never. Its rhythm is kept, so that
    a program that is started again and again does not ask more often than it should; a clock that was set back is not
    waited for.
    """
    if since_last is None or since_last < 0:
        return Interval(now, 0)
    following = next_interval(now - since_last, length, now)
    return Interval(max(now, following.start), following.missed)
