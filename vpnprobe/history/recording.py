"""How one run is kept, within one transaction.

A run is held against the one of its series that was recorded before it, whatever their times say: a clock that was
wrong once must not hide what happens afterwards.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Insert, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from vpnprobe.history.aspects import AspectKey, Aspects
from vpnprobe.history.drift import find_drift, remember
from vpnprobe.history.entry import Content, Entry, SeriesKey, from_unix, to_unix
from vpnprobe.history.schema import CERTIFICATE, CHANGE, DRIFT, FINDING, MEMORY, RUN, SERIES, SHOWN, STATE
from vpnprobe.model.evidence import SCHEMA_VERSION
from vpnprobe.model.finding import Finding
from vpnprobe.model.history import KnownCertificate, Standing

_MEMORY = list[tuple[AspectKey, tuple[str, ...]]]


def keep(connection: Connection, entry: Entry) -> tuple[int, tuple[Finding, ...]]:
    """Keep the run and what it changed, unless it is kept already; return the number of its series, and its drift."""
    series, last_us = _series(connection, entry.series)
    state = _state(connection, series, entry.content)
    run = {"series_id": series, "started_us": entry.started_us, "state_id": state, "duration_ms": entry.duration_ms}
    if not _add(connection, RUN, run):
        return series, ()
    query = select(RUN.c.state_id).where(RUN.c.series_id == series, RUN.c.started_us == last_us)
    last_state = connection.execute(query).scalar()
    drift = _note_change(connection, series, entry, last_state) if state != last_state else ()
    connection.execute(update(SERIES).where(SERIES.c.id == series).values(last_us=entry.started_us))
    return series, drift


def _add(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert the row unless its key is there; return whether it was inserted."""
    added = connection.execute(_insert(connection, table).execution_options(preserve_rowcount=True), row)
    return added.rowcount == 1


def _add_all(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert the rows whose key is not there."""
    if rows:
        connection.execute(_insert(connection, table), rows)


def _insert(connection: Connection, table: Table) -> Insert:
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()


def _series(connection: Connection, key: SeriesKey) -> tuple[int, int | None]:
    """Return the number of the series, and when its last run began."""
    # Two programs that keep runs of one series in PostgreSQL go one after the other, by this row.
    query = select(SERIES.c.id, SERIES.c.last_us).where(SERIES.c.digest == key.digest).with_for_update()
    row = connection.execute(query).first()
    if row is None:
        _add(connection, SERIES, msgspec.structs.asdict(key))
        row = connection.execute(query).one()
    return row.id, row.last_us


def _state(connection: Connection, series: int, content: Content) -> int:
    query = select(STATE.c.id).where(STATE.c.series_id == series, STATE.c.digest == content.digest)
    known = connection.execute(query).scalar()
    if known is not None:
        return int(known)
    row = {
        "series_id": series,
        "digest": content.digest,
        "verdict": content.standing.verdict,
        "cause": content.standing.cause,
        "alarms": " ".join(content.standing.alarms),
        "interrupted": content.interrupted,
        "schema_version": SCHEMA_VERSION,
        "evidence": content.evidence,
    }
    _add(connection, STATE, row)
    state = int(connection.execute(query).scalar_one())
    _keep_findings(connection, state, content.findings)
    _keep_certificates(connection, state, content)
    return state


def _keep_findings(connection: Connection, state: int, findings: tuple[Finding, ...]) -> None:
    rows = [
        {
            "state_id": state,
            "number": number,
            "check_id": one.id,
            "name": one.name,
            "stage": one.stage,
            "status": one.status,
            "severity": one.severity,
            "subject": one.subject,
            "address": one.address,
            "target": one.target,
            "summary": one.summary,
        }
        for number, one in enumerate(findings)
    ]
    _add_all(connection, FINDING, rows)


def _keep_certificates(connection: Connection, state: int, content: Content) -> None:
    certificates = [
        {
            "sha256": one.sha256,
            "cert_hash": one.cert_hash,
            "subject": one.subject,
            "issuer": one.issuer,
            "not_before_unix": to_unix(one.not_before),
            "not_after_unix": to_unix(one.not_after),
            "names": msgspec.json.encode(one.names).decode(),
        }
        for one in content.certificates
    ]
    shown = [
        {
            "state_id": state,
            "host": key.subject,
            "address": key.place,
            "hello": key.hello,
            "depth": depth,
            "sha256": name,
        }
        for key, names in content.aspects.items()
        if key.kind == "certificates"
        for depth, name in enumerate(names)
    ]
    _add_all(connection, CERTIFICATE, certificates)
    _add_all(connection, SHOWN, shown)


def _note_change(connection: Connection, series: int, entry: Entry, last_state: int | None) -> tuple[Finding, ...]:
    """Keep what this run found changed, and remember what it saw; return its drift."""
    memory = read_memory(connection, series)
    drift = find_drift(
        memory, entry.content.aspects, entry.series.probe, lambda name: known_certificate(connection, name)
    )
    after = entry.content.standing
    before = None if last_state is None else _standing(connection, last_state)
    if before != after or drift:
        _keep_change(connection, {"series_id": series, "at_us": entry.started_us}, before, after, drift)
    packed = msgspec.json.encode(list(remember(memory, entry.content.aspects).items()))
    if not _add(connection, MEMORY, {"series_id": series, "aspects": packed}):
        connection.execute(update(MEMORY).where(MEMORY.c.series_id == series).values(aspects=packed))
    return drift


def _keep_change(
    connection: Connection,
    key: dict[str, int],
    before: Standing | None,
    after: Standing,
    drift: tuple[Finding, ...],
) -> None:
    row: dict[str, Any] = {"verdict": after.verdict, "cause": after.cause, "alarms": " ".join(after.alarms)}
    if before is not None:
        row["before_verdict"] = before.verdict
        row["before_cause"] = before.cause
        row["before_alarms"] = " ".join(before.alarms)
    # A run that was purged and is recorded once more has its change already.
    if not _add(connection, CHANGE, key | row):
        return
    rows = [
        {
            "number": number,
            "drift_id": one.id,
            "subject": one.subject,
            "summary": one.summary,
            "finding": msgspec.json.encode(one).decode(),
        }
        for number, one in enumerate(drift)
    ]
    _add_all(connection, DRIFT, [key | row for row in rows])


def _standing(connection: Connection, state: int) -> Standing:
    row = connection.execute(select(STATE.c.verdict, STATE.c.cause, STATE.c.alarms).where(STATE.c.id == state)).one()
    return Standing(verdict=row.verdict, cause=row.cause, alarms=tuple(row.alarms.split()))


def read_memory(connection: Connection, series: int) -> Aspects:
    """Return the aspects of a series as they were last seen."""
    packed = connection.execute(select(MEMORY.c.aspects).where(MEMORY.c.series_id == series)).scalar()
    return {} if packed is None else dict(msgspec.json.decode(packed, type=_MEMORY))


def known_certificate(connection: Connection, name: str) -> KnownCertificate | None:
    """Return what is kept of the certificate with this SHA-256."""
    row = connection.execute(select(CERTIFICATE).where(CERTIFICATE.c.sha256 == name)).first()
    if row is None:
        return None
    return KnownCertificate(
        sha256=row.sha256,
        cert_hash=row.cert_hash,
        subject=row.subject,
        issuer=row.issuer,
        not_before=from_unix(row.not_before_unix),
        not_after=from_unix(row.not_after_unix),
        names=None if row.names is None else msgspec.json.decode(row.names, type=tuple[str, ...]),
    )
