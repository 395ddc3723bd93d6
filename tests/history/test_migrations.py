"""The tables come to be by migrations, each whole or not at all, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import MetaData, UniqueConstraint, insert, select, text
from sqlalchemy.types import LargeBinary, Text

from tests.history.reports import bad_week, moment, report, rows
from vpnprobe.history.database import Database
from vpnprobe.history.entry import to_us
from vpnprobe.history.faults import HistoryError
from vpnprobe.history.migrations import MIGRATIONS, Migration, migrate, version_of
from vpnprobe.history.recording import known_certificate
from vpnprobe.history.schema import METADATA, VERSIONS
from vpnprobe.history.store import History

NEWEST = MIGRATIONS[-1].version
NEXT = Migration(
    NEWEST + 1,
    ("ALTER TABLE series ADD COLUMN colour TEXT", "UPDATE series SET colour = 'none'", "CREATE TABLE extra (id {id})"),
)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A database with the tables of this version and a week of runs."""
    with History(url) as history:
        for one in bad_week():
            history.record(one)
    with closing(Database(url)) as opened:
        yield opened


def shape(metadata: MetaData) -> dict[str, Any]:
    """The tables as both databases can tell them."""
    return {
        name: {
            "columns": {
                column.name: (
                    column.nullable,
                    "bytes"
                    if isinstance(column.type, LargeBinary)
                    else "text"
                    if isinstance(column.type, Text) or "TEXT" in str(column.type)
                    else "number",
                )
                for column in table.columns
            },
            "key": [column.name for column in table.primary_key],
            "foreign": sorted(
                (key.column_keys, key.referred_table.name, key.ondelete) for key in table.foreign_key_constraints
            ),
            "unique": sorted(
                [column.name for column in one.columns]
                for one in table.constraints
                if isinstance(one, UniqueConstraint)
            ),
        }
        for name, table in metadata.tables.items()
    }


def test_the_migrations_make_the_tables_of_the_schema(database: Database) -> None:
    found = MetaData()
    with database.reading() as connection:
        found.reflect(connection)
    expected = shape(METADATA)
    # Both say it, each in its own way.
    expected["series"]["unique"] = [["digest"]]
    assert shape(found) == expected


def test_versions_count_from_one() -> None:
    assert [migration.version for migration in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


def test_a_second_time_nothing_is_done(url: str, database: Database) -> None:
    before = rows(url)
    with database.writing() as connection:
        assert version_of(connection) == NEWEST
        migrate(connection)
    assert rows(url) == before


def test_a_further_migration(url: str, database: Database) -> None:
    """What is kept stays, and this build does not touch what a newer one has made."""
    before = rows(url)
    with database.writing() as connection:
        migrate(connection, (*MIGRATIONS, NEXT))
    complaint = f"its tables have version {NEWEST + 1}, made by a newer vpnprobe; this one knows {NEWEST}"
    with pytest.raises(HistoryError, match=complaint), History(url):
        pass
    with database.reading() as connection:
        assert connection.execute(text("SELECT colour FROM series")).scalars().all() == ["none"]
        versions = connection.execute(select(VERSIONS.c.version).order_by(VERSIONS.c.version)).scalars().all()
        assert versions == list(range(1, NEWEST + 2))
        assert connection.execute(text("SELECT count(*) FROM run")).scalar_one() == len(before["run"])


def test_a_migration_that_fails_leaves_the_version_before(url: str, database: Database) -> None:
    before = rows(url)
    broken = Migration(NEXT.version, (*NEXT.statements, "CREATE TABLE extra (id {id})"))

    def run() -> None:
        with database.writing() as connection:
            migrate(connection, (*MIGRATIONS, broken))

    with pytest.raises(HistoryError):
        run()
    with database.reading() as connection:
        assert version_of(connection) == NEWEST
        found = MetaData()
        found.reflect(connection)
        assert "extra" not in found.tables
        assert "colour" not in found.tables["series"].columns
    assert rows(url) == before
    with History(url) as history:
        history.record(report(20))


def test_several_programs_start_at_once(url: str) -> None:
    """Each finds no tables; one makes them."""
    faults: list[BaseException] = []
    together = threading.Barrier(6)

    def start(number: int) -> None:
        try:
            together.wait(10)
            with History(url, wait_s=30) as history:
                history.record(report(), f"probe {number}")
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=start, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(rows(url)["series"]) == 6
    assert rows(url)["vpnprobe_history"] == [(version,) for version in range(1, NEWEST + 1)]


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("run", {"series_id": 99, "started_us": 1, "state_id": 1, "duration_ms": 0}),
        ("run", {"series_id": 1, "started_us": to_us(moment(0)), "state_id": 1, "duration_ms": 0}),
        ("change", {"series_id": 1, "at_us": to_us(moment(0)), "verdict": "pass", "alarms": ""}),
        (
            "drift",
            {"series_id": 1, "at_us": 0, "number": 0, "drift_id": "", "subject": "", "summary": "", "finding": ""},
        ),
        ("series", {"digest": None, "probe": "", "label": "", "profile": ""}),
    ],
    ids=["run of no series", "run twice", "change twice", "drift of no change", "series without a digest"],
)
def test_the_database_itself_holds_the_keys(database: Database, table: str, values: dict[str, Any]) -> None:
    with pytest.raises(HistoryError, match=r"violates|constraint failed"), database.writing() as connection:
        connection.execute(insert(METADATA.tables[table]).values(**values))


def test_certificates_kept_before_their_names_were_have_none(url: str, database: Database) -> None:
    """A history of the first version is gone on with; what it does not hold is not known, and not made up."""
    before = rows(url)["certificate"]
    with database.writing() as connection:
        connection.execute(text("ALTER TABLE certificate DROP COLUMN names"))
        connection.execute(text("DELETE FROM vpnprobe_history WHERE version = 2"))
    with closing(Database(url)) as again, again.writing() as connection:
        migrate(connection)
        names = connection.execute(text("SELECT sha256 FROM certificate")).scalars().all()
        known = [known_certificate(connection, name) for name in names]
    assert len(known) == len(before) > 0
    assert {one.names for one in known if one is not None} == {None}
