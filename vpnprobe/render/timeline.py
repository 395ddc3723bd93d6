"""The history for a person: how each series stands, and what changed when. Describes, judges nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from vpnprobe.model.finding import Finding
from vpnprobe.model.history import Change, Moment, Overview, PastRun, Series, Standing
from vpnprobe.render.escape import printable
from vpnprobe.render.status_line import STATUS_WORDS

# A summary of drift names each certificate and address; what is longer is in the JSON form.
_MAX_SUMMARY = 1000


def render_overviews(overviews: Sequence[Overview], width: int) -> str:
    """Return two lines for each series: what it is, and how it stands."""
    lines = []
    for one in overviews:
        stands = f"{_standing(one.last.standing)}, last run {_moment(one.last.id.started_at)}"
        changed = f"last change {_moment(one.changed_at)}"
        lines += [f"{one.series.number:>3}  {_series(one.series)}", *_wrapped(f"{stands}, {changed}", width, 5)]
    return "".join(f"{line}\n" for line in lines)


def render_timeline(
    overview: Overview, kept: int, changes: Iterable[Change], runs: Iterable[PastRun], width: int
) -> str:
    """Return what changed of one series in order of time, then `runs`; `kept` is how many runs there are."""
    last = overview.last
    lines = [_series(overview.series)]
    count = "1 run is kept" if kept == 1 else f"{kept:,} runs are kept"
    lines += _wrapped(f"{count}, the last of {_moment(last.id.started_at)}: {_standing(last.standing)}", width, 0)
    for change in changes:
        lines += ["", f"{_moment(change.run.started_at)}  {_transition(change)}"]
        lines += _alarms(change, width)
        for finding in change.drift:
            lines += _drift(finding, width)
    listed = [f"{_moment(run.id.started_at)}  {_standing(run.standing)}, {run.duration_s:.2f} s" for run in runs]
    if listed:
        lines += ["", "Runs, the newest first", *listed]
    return "".join(f"{line}\n" for line in lines)


def render_comparison(series: Series, before: PastRun, after: PastRun, drift: Sequence[Finding], width: int) -> str:
    """Return what two runs of a series have different."""
    change = Change(run=after.id, before=before.standing, after=after.standing, drift=tuple(drift))
    lines = [
        _series(series),
        f"{_moment(before.id.started_at)}  {_standing(before.standing)}",
        f"{_moment(after.id.started_at)}  {_standing(after.standing)}",
        *_alarms(change, width),
    ]
    for finding in drift:
        lines += _drift(finding, width)
    if not drift and before.standing == after.standing:
        lines.append("Nothing that matters is different.")
    return "".join(f"{line}\n" for line in lines)


def _series(series: Series) -> str:
    words = [series.probe, printable(series.label), "as", series.profile]
    words += [series.device] if series.device is not None else []
    return " ".join(words) + (f" ({printable(series.name)})" if series.name is not None else "")


def _moment(moment: Moment) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _standing(standing: Standing) -> str:
    word = STATUS_WORDS[standing.verdict]
    return f"{word} ({standing.cause})" if standing.cause is not None else word


def _transition(change: Change) -> str:
    after = _standing(change.after)
    if change.before is None:
        return f"first run: {after}"
    before = _standing(change.before)
    return f"{before} -> {after}" if before != after else f"still {after}"


def _alarms(change: Change, width: int) -> list[str]:
    old = change.before.alarms if change.before is not None else ()
    new = change.after.alarms
    begun, ended = [one for one in new if one not in old], [one for one in old if one not in new]
    parts = [f"alarms: {' '.join(begun)}"] if begun else []
    parts += [f"no longer: {' '.join(ended)}"] if ended else []
    return _wrapped(", ".join(parts), width, 4)


def _drift(finding: Finding, width: int) -> list[str]:
    return _wrapped(f"{finding.id} {finding.name}: {printable(finding.summary, _MAX_SUMMARY)}", width, 4)


def _wrapped(text: str, width: int, indent: int) -> list[str]:
    blanks = " " * indent
    return textwrap.wrap(
        text, width, initial_indent=blanks, subsequent_indent=blanks, break_long_words=False, break_on_hyphens=False
    )
