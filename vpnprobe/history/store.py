"""The history: what is kept of each run, and what is known of the past.

    with History("history.db") as history:
        run = history.record(report)
        for change in history.changes(run.series):
            ...

Everything may be called from any thread. Whatever goes wrong with the database is a `HistoryError`, whose text says
what to do; then nothing of the call was done.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from vpnprobe.history import reading, recording, retention
from vpnprobe.history.aspects import aspects_of
from vpnprobe.history.database import DEFAULT_WAIT_S, Database
from vpnprobe.history.drift import find_drift
from vpnprobe.history.entry import Entry, from_us, make_entry
from vpnprobe.model.errors import UsageError
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.finding import Finding, Report
from vpnprobe.model.history import Change, Overview, PastRun, RunId


class Recorded(NamedTuple):
    """A run that was kept: `name` is what the plan calls the probe, `drift` what it saw otherwise than before."""

    run: RunId
    name: str | None
    drift: tuple[Finding, ...]


class History:
    """The history in one database: a file, or a PostgreSQL URL (`vpnprobe.history.location.database_url`).

    It is opened at the first use, or by `open`. With `create` a new one is made where there is none; without, that is a
    `UsageError`. `wait_s` is how long another program's lock is waited for.
    """

    def __init__(self, url: str, *, create: bool = True, wait_s: float = DEFAULT_WAIT_S) -> None:
        self._database = Database(url, create=create, wait_s=wait_s)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def place(self) -> str:
        """The file, or the URL without a password."""
        return self._database.place

    def open(self) -> None:
        """Open the database and bring its tables to this version, so that faults are told now."""
        with self._database.reading():
            pass

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    def record(self, report: Report, name: str | None = None) -> RunId:
        """Keep a run and what it changed; `name` is what the plan calls the probe, and part of the series.

        A report that was recorded before changes nothing: a run is known by its series and the microsecond it began.
        """
        [recorded] = self.record_entries([make_entry(report, name)])
        return recorded.run

    def record_entries(self, entries: Sequence[Entry]) -> list[Recorded]:
        """Keep several runs, in this order; all of them or none."""
        with self._database.writing() as connection:
            kept = [recording.keep(connection, entry) for entry in entries]
        return [
            Recorded(RunId(series, from_us(entry.started_us)), entry.series.name, drift)
            for entry, (series, drift) in zip(entries, kept, strict=True)
        ]

    def overviews(self) -> tuple[Overview, ...]:
        """Return every series, how it stands, and since when."""
        with self._database.reading() as connection:
            return reading.overviews(connection)

    def last(self, series: int) -> PastRun | None:
        """Return the run of a series that was recorded last; None where there is no such series."""
        with self._database.reading() as connection:
            return reading.last_run(connection, series)

    def runs(
        self,
        series: int,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> tuple[PastRun, ...]:
        """Return runs of a series that began between the two moments (both inclusive), the newest first."""
        with self._database.reading() as connection:
            return reading.runs(connection, series, since=since, until=until, limit=limit)

    def count_runs(self, series: int) -> int:
        """Return how many runs of a series are kept."""
        with self._database.reading() as connection:
            return reading.count_runs(connection, series)

    def changes(self, series: int | None = None, *, since: datetime | None = None) -> tuple[Change, ...]:
        """Return what changed from this moment on (inclusive), of one series or of all, in order of time.

        The first run of a series is a change too, with nothing before.
        """
        with self._database.reading() as connection:
            return reading.changes(connection, series, since=since)

    def evidence(self, run: RunId) -> Evidence:
        """Return the Evidence of a run: that of the first run of its series that was alike in what matters.

        Raises `UsageError` where the run is not kept any more, or where this build cannot read what is stored.
        """
        with self._database.reading() as connection:
            evidence = reading.evidence_of(connection, run)
        if evidence is None:
            raise UsageError(f"the run of {run.started_at.isoformat()} is not kept (any more)")
        return evidence

    def drift_between(self, before: RunId, after: RunId) -> tuple[Finding, ...]:
        """Return what the later run saw otherwise than the earlier one; what either did not see is left out."""
        old, new = self.evidence(before), self.evidence(after)
        with self._database.reading() as connection:
            return find_drift(
                aspects_of(old), aspects_of(new), new.probe, lambda name: recording.known_certificate(connection, name)
            )

    def purge(self, keep_days: float, now: datetime) -> int:
        """Forget runs older than this, but for the last of each series, and return how many; changes stay."""
        with self._database.writing() as connection:
            return retention.purge(connection, now - timedelta(days=keep_days))
