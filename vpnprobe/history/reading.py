"""What is asked of the history, each within the transaction that it is given."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, func, select

from vpnprobe.history.entry import from_us, to_us, unpack_evidence
from vpnprobe.history.schema import CHANGE, DRIFT, RUN, SERIES, STATE
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.finding import Finding
from vpnprobe.model.history import Change, Overview, PastRun, RunId, Series, Standing


def all_series(connection: Connection) -> tuple[Series, ...]:
    """Return every series by its number."""
    rows = connection.execute(select(SERIES).order_by(SERIES.c.id))
    return tuple(
        Series(number=row.id, probe=row.probe, label=row.label, profile=row.profile, name=row.name, mac=row.mac)
        for row in rows
    )


def overviews(connection: Connection) -> tuple[Overview, ...]:
    """Return every series with how it stands."""
    return tuple(_overview(connection, series) for series in all_series(connection))


def _overview(connection: Connection, series: Series) -> Overview:
    # Every series has a run, as they are kept together, and its first run is a change.
    last = last_run(connection, series.number)
    assert last is not None
    query = select(func.max(CHANGE.c.at_us)).where(CHANGE.c.series_id == series.number)
    return Overview(series=series, last=last, changed_at=from_us(connection.execute(query).scalar_one()))


def last_run(connection: Connection, series: int) -> PastRun | None:
    """Return the run of a series that was recorded last; None where there is no such series."""
    query = _runs(series).join(SERIES, (SERIES.c.id == RUN.c.series_id) & (SERIES.c.last_us == RUN.c.started_us))
    row = connection.execute(query).first()
    return None if row is None else _past_run(row)


def runs(
    connection: Connection,
    series: int,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
) -> tuple[PastRun, ...]:
    """Return runs of a series that began between the two moments (both inclusive), the newest first."""
    query = _runs(series).order_by(RUN.c.started_us.desc()).limit(limit)
    if since is not None:
        query = query.where(RUN.c.started_us >= to_us(since))
    if until is not None:
        query = query.where(RUN.c.started_us <= to_us(until))
    return tuple(map(_past_run, connection.execute(query)))


def _runs(series: int) -> Select[Any]:
    return (
        select(RUN, STATE.c.verdict, STATE.c.cause, STATE.c.alarms)
        .join(STATE, STATE.c.id == RUN.c.state_id)
        .where(RUN.c.series_id == series)
    )


def _past_run(row: Row[Any]) -> PastRun:
    return PastRun(
        id=RunId(row.series_id, from_us(row.started_us)),
        duration_s=row.duration_ms / 1000,
        standing=Standing(verdict=row.verdict, cause=row.cause, alarms=tuple(row.alarms.split())),
    )


def count_runs(connection: Connection, series: int) -> int:
    """Return how many runs of a series are kept."""
    return connection.execute(select(func.count()).where(RUN.c.series_id == series)).scalar_one()


def changes(connection: Connection, series: int | None = None, *, since: datetime | None = None) -> tuple[Change, ...]:
    """Return what changed from this moment on (inclusive), of one series or of all, in order of time."""
    wanted = [] if series is None else [CHANGE.c.series_id == series]
    wanted += [] if since is None else [CHANGE.c.at_us >= to_us(since)]
    rows = connection.execute(select(CHANGE).where(*wanted).order_by(CHANGE.c.at_us, CHANGE.c.series_id)).all()
    found = connection.execute(
        select(DRIFT.c.series_id, DRIFT.c.at_us, DRIFT.c.finding)
        .join(CHANGE, (CHANGE.c.series_id == DRIFT.c.series_id) & (CHANGE.c.at_us == DRIFT.c.at_us))
        .where(*wanted)
        .order_by(DRIFT.c.number)
    )
    drift: dict[tuple[int, int], list[Finding]] = defaultdict(list)
    for series_id, at_us, finding in found:
        drift[series_id, at_us].append(msgspec.json.decode(finding, type=Finding))
    return tuple(_change(row, tuple(drift[row.series_id, row.at_us])) for row in rows)


def _change(row: Row[Any], drift: tuple[Finding, ...]) -> Change:
    before = None
    if row.before_verdict is not None:
        before = Standing(
            verdict=row.before_verdict, cause=row.before_cause, alarms=tuple((row.before_alarms or "").split())
        )
    return Change(
        run=RunId(row.series_id, from_us(row.at_us)),
        before=before,
        after=Standing(verdict=row.verdict, cause=row.cause, alarms=tuple(row.alarms.split())),
        drift=drift,
    )


def evidence_of(connection: Connection, run: RunId) -> Evidence | None:
    """Return the Evidence of a run: that of the first run of its series that was alike in what matters.

    None where the run is not kept (any more). Raises `UsageError` where this build cannot read it.
    """
    row = connection.execute(
        select(STATE.c.evidence, STATE.c.schema_version)
        .join(RUN, RUN.c.state_id == STATE.c.id)
        .where(RUN.c.series_id == run.series, RUN.c.started_us == to_us(run.started_at))
    ).first()
    return None if row is None else unpack_evidence(row.evidence, row.schema_version)
