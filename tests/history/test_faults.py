"""What a driver's error means; the faults that a test can bring about are in `test_database`."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest

from vpnprobe.history.faults import HistoryError, HistoryTrouble, history_error
from vpnprobe.model.errors import UsageError


def of_sqlite(code: int, text: str = "text of the driver") -> sqlite3.Error:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "locked"),
        (sqlite3.SQLITE_LOCKED_SHAREDCACHE, "locked"),
        (sqlite3.SQLITE_IOERR_FSYNC, "the disk gives an error"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "no permission to write"),
        (sqlite3.SQLITE_PERM, "no permission"),
        (sqlite3.SQLITE_CORRUPT_INDEX, "damaged"),
        (sqlite3.SQLITE_FULL, "full"),
    ],
)
def test_the_extended_codes_of_sqlite(code: int, told: str) -> None:
    error = history_error(of_sqlite(code), "/var/history.db")
    assert str(error).startswith("history /var/history.db: ")
    assert told in str(error)
    assert str(error).endswith("(text of the driver)")
    # Who may not write there has named the wrong place; all else is the place's own trouble.
    assert isinstance(error, HistoryTrouble) == ("permission" not in told)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (psycopg.errors.DeadlockDetected("x"), "another program wrote at the same moment"),
        (psycopg.errors.SerializationFailure("x"), "another program wrote at the same moment"),
        (psycopg.errors.DiskFull("x"), "out of disk"),
        (psycopg.errors.TooManyConnections("x"), "out of disk, memory or connections"),
        (psycopg.errors.CannotConnectNow("x"), "shutting down or starting"),
        (psycopg.errors.AdminShutdown("x"), "shutting down or starting"),
        (psycopg.errors.ConnectionFailure("x"), "connection was lost"),
        (psycopg.OperationalError("x"), "cannot be reached"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_states_of_postgresql(error: psycopg.Error, told: str) -> None:
    assert told in str(history_error(error, "postgresql://host/x"))


@pytest.mark.parametrize(
    "error", [of_sqlite(sqlite3.SQLITE_ERROR, "no such table: run"), sqlite3.Error("no such table: run")]
)
def test_what_has_no_better_words_is_the_drivers_text(error: sqlite3.Error) -> None:
    assert str(history_error(error, "x")) == "history x: no such table: run"


def test_one_line_and_never_none() -> None:
    told = history_error(psycopg.errors.UndefinedTable('relation "run" does not exist\nLINE 1: SELECT\n    ^'), "x")
    assert str(told) == 'history x: relation "run" does not exist'
    assert str(history_error(psycopg.errors.UndefinedTable(""), "x")) == "history x: UndefinedTable"


def test_it_is_shown_as_it_is() -> None:
    """The command line prints usage errors without a traceback, and ends with 3."""
    assert issubclass(HistoryError, UsageError)
