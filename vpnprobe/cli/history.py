"""`vpnprobe history`: what is kept of runs, when something changed, and what."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from vpnprobe.cli import options as shared
from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.exitcodes import OK
from vpnprobe.cli.output import terminal_width, write_text
from vpnprobe.model.errors import UsageError

if TYPE_CHECKING:
    from vpnprobe.history.store import History
    from vpnprobe.model.finding import Finding
    from vpnprobe.model.history import Change, Overview, PastRun, Series

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_AGO = re.compile(r"(\d{1,6})([mhd])")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("history", cls=PlainCommand)(history)


def history(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="TARGET",
            help="Number, name, group-url, host or phone of what was probed, or a part of it; without it, list all.",
        ),
    ] = None,
    database: shared.DatabaseOption = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="WHEN", envvar="VPNPROBE_SINCE", help="Leave out what changed before; WHEN as above."
        ),
    ] = None,
    runs: Annotated[
        int,
        typer.Option(
            "--runs", min=0, metavar="NUMBER", envvar="VPNPROBE_RUNS", help="Also list this many of the last runs."
        ),
    ] = 0,
    between: Annotated[
        tuple[str, str] | None,
        typer.Option("--between", metavar="WHEN WHEN", help="What the run of the one time and of the other differ in."),
    ] = None,
    evidence: Annotated[
        str | None,
        typer.Option(
            "--evidence",
            metavar="WHEN",
            help="Print the stored Evidence of the run of this time, for vpnprobe recheck.",
        ),
    ] = None,
    keep_days: Annotated[
        float | None,
        typer.Option(
            "--keep-days",
            min=0,
            metavar="DAYS",
            help="Forget runs that are older, but for the last one of each target. What changed is kept.",
        ),
    ] = None,
    json: shared.JsonOption = False,
    output: shared.OutputOption = None,
) -> int:
    """What is kept of the runs of vpnprobe watch: how each target stands, when something changed, and what.

    Example: vpnprobe history vpn.example.com --since 7d

    WHEN is now, 30m, 12h or 7d ago, or a date and time in UTC: 2026-11-21 or 2026-11-21T09:30.

    Of runs that are alike in what matters the Evidence is stored once, as the first of them saw it. Drift is what a
    run saw otherwise than it was last seen: certificate (DRF001), its chain (DRF002), version and suite (DRF003,
    DRF004), addresses (DRF005), SRV records (DRF006), the certHash set (DRF007) and group-urls (DRF008) of a phone,
    its trust lists (DRF009, DRF010), and other settings of its configuration (DRF011).
    """
    from vpnprobe.history.location import default_file
    from vpnprobe.history.store import History
    from vpnprobe.render.json_report import indented

    now = datetime.now(UTC)
    if sum(option is not None for option in (between, evidence, keep_days)) > 1:
        raise UsageError("--between, --evidence and --keep-days exclude each other")
    if keep_days is not None and target is not None:
        raise UsageError("--keep-days is for the whole history; leave the target out")
    if target is None and (between is not None or evidence is not None):
        raise UsageError("name the target whose runs are meant; vpnprobe history lists them")
    with History(str(default_file(os.environ)) if database is None else database, create=False) as stored:
        if keep_days is not None:
            count = stored.purge(keep_days, now)
            text = indented({"forgotten": count}) if json else f"{count:,} runs forgotten\n"
        elif target is None:
            text = _list(stored.overviews(), json=json)
        else:
            chosen = _find(stored.overviews(), target)
            if between is not None:
                text = _between(stored, chosen, _moment(between[0], now), _moment(between[1], now), json=json)
            elif evidence is not None:
                text = _evidence(stored, chosen, _moment(evidence, now))
            else:
                start = None if since is None else _moment(since, now)
                text = _timelines(stored, chosen, start, runs, json=json)
    write_text(text, output)
    return OK


def _moment(text: str, now: datetime) -> datetime:
    """Read WHEN; raises `UsageError` that says how to write it."""
    if text == "now":
        return now
    ago = _AGO.fullmatch(text)
    try:
        if ago is not None:
            return now - int(ago[1]) * _UNITS[ago[2]]
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text!r} is no time; write now, 30m, 12h, 7d, 2026-11-21 or 2026-11-21T09:30") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _find(overviews: Sequence[Overview], text: str) -> list[Overview]:
    """Return the series that are named so, else those of which it is a part."""
    wanted = text.casefold()
    names = [(one, _names(one.series)) for one in overviews]
    found = [one for one, known in names if wanted in known]
    found = found or [one for one, known in names if any(wanted in name for name in known[1:])]
    if not found:
        raise UsageError(f"nothing of {text!r} is kept; vpnprobe history lists what is")
    return found


def _names(series: Series) -> list[str]:
    names = [str(series.number), series.label, series.name, series.mac, series.device]
    return [name.casefold() for name in names if name is not None]


def _list(overviews: Sequence[Overview], *, json: bool) -> str:
    from vpnprobe.render.json_report import indented
    from vpnprobe.render.timeline import render_overviews

    if json:
        return indented(overviews)
    return render_overviews(overviews, terminal_width()) or "Nothing is kept yet.\n"


class _Timeline(msgspec.Struct):
    """The time line of one series in JSON."""

    series: Series
    last: PastRun
    runs_kept: int
    changes: Sequence[Change]
    runs: Sequence[PastRun]


class _Comparison(msgspec.Struct):
    """Two runs of one series in JSON."""

    series: Series
    before: PastRun
    after: PastRun
    drift: Sequence[Finding]


def _timelines(stored: History, chosen: Iterable[Overview], since: datetime | None, runs: int, *, json: bool) -> str:
    from vpnprobe.render.json_report import indented
    from vpnprobe.render.timeline import render_timeline

    lines = [
        _Timeline(
            series=one.series,
            last=one.last,
            runs_kept=stored.count_runs(one.series.number),
            changes=stored.changes(one.series.number, since=since),
            runs=stored.runs(one.series.number, since=since, limit=runs),
        )
        for one in chosen
    ]
    if json:
        return indented(lines)
    texts = (
        render_timeline(one, line.runs_kept, line.changes, line.runs, terminal_width())
        for one, line in zip(chosen, lines, strict=True)
    )
    return "\n".join(texts)


def _between(stored: History, chosen: Iterable[Overview], first: datetime, second: datetime, *, json: bool) -> str:
    from vpnprobe.render.json_report import indented
    from vpnprobe.render.timeline import render_comparison

    pairs = []
    for one, (before, after) in _runs_at(stored, chosen, first, second):
        drift = stored.drift_between(before.id, after.id)
        pairs.append(_Comparison(series=one.series, before=before, after=after, drift=drift))
    if json:
        return indented(pairs)
    return "\n".join(
        render_comparison(pair.series, pair.before, pair.after, pair.drift, terminal_width()) for pair in pairs
    )


def _evidence(stored: History, chosen: Iterable[Overview], moment: datetime) -> str:
    from vpnprobe.checks.evaluate import judge
    from vpnprobe.render.json_report import render_json

    return render_json([judge(stored.evidence(run.id)) for _, [run] in _runs_at(stored, chosen, moment)])


def _runs_at(stored: History, chosen: Iterable[Overview], *moments: datetime) -> list[tuple[Overview, list[PastRun]]]:
    """Return the last run of each series that had begun by each of the moments.

    A probe whose target was changed has several series of its name, and one that began later has no part in it.
    """
    missing, whole = "", []
    for one in chosen:
        found = [stored.runs(one.series.number, until=moment, limit=1) for moment in moments]
        without = next((moment for moment, runs in zip(moments, found, strict=True) if not runs), None)
        if without is None:
            whole.append((one, [runs[0] for runs in found]))
        else:
            missing = f"no run of {one.series.label} is kept that began by {without:%Y-%m-%d %H:%M:%S} UTC"
    if not whole:
        raise UsageError(missing)
    return whole
