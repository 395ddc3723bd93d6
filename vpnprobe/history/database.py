"""The connection: transactions that are whole or nothing, waits that end, faults in words."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from vpnprobe.history.faults import HistoryError, history_error
from vpnprobe.history.location import database_url
from vpnprobe.history.migrations import MIGRATIONS, migrate, version_of
from vpnprobe.model.errors import UsageError

# One write takes milliseconds; whoever holds the database longer than this is doing something else.
DEFAULT_WAIT_S: Final = 5.0

_WRITES: Final = "vpnprobe_writes"


class Database:
    """A database of history, opened at the first transaction.

    `text` is what `database_url` reads. `wait_s` is how long a lock of another program is waited for. With `create` a
    database that has no tables is given them; without, that is a `UsageError`. Tables of a former version are brought
    to this one in either case.
    """

    def __init__(self, text: str, *, create: bool = True, wait_s: float = DEFAULT_WAIT_S) -> None:
        self._url = database_url(text)
        self._create = create
        self._wait_s = wait_s
        self._engine: Engine | None = None
        self._file: tuple[int, int] | None = None
        self._opening = threading.Lock()

    @property
    def place(self) -> str:
        """What the operator knows the database by."""
        return _place(self._url)

    def close(self) -> None:
        """Close every connection. A later transaction opens it again."""
        with self._opening:
            self._close()

    def _close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a transaction that sees one moment. Raises `HistoryError` where the database cannot be read."""
        with self._transaction(writes=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a transaction that is kept as a whole when the body ends, and not at all when anything fails."""
        with self._transaction(writes=True) as connection:
            yield connection

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Connection]:
        try:
            with self._opening:
                engine = self._opened()
            with engine.connect().execution_options(**{_WRITES: writes}) as connection, connection.begin():
                yield connection
        except (DBAPIError, sqlite3.Error) as error:
            # The file may be another one next time, and connections to a server that is gone are of no use.
            self.close()
            # Only our own first words on a new connection come as the driver's own error.
            cause = error.orig if isinstance(error, DBAPIError) else None
            raise history_error(cause or error, self.place) from error

    def _opened(self) -> Engine:
        # A file that somebody moved away or replaced would go on being written, where nobody ever looks.
        if self._engine is not None and self._file == _identity(self._url):
            return self._engine
        self._close()
        self._require_file()
        engine = _engine(self._url, self._wait_s)
        try:
            with engine.connect() as connection:
                version = version_of(connection)
            if version != MIGRATIONS[-1].version:
                self._require_tables(version)
                with engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
                    migrate(connection)
        except HistoryError as error:
            engine.dispose()
            raise HistoryError(f"history {self.place}: {error}") from error
        except BaseException:
            engine.dispose()
            raise
        self._engine, self._file = engine, _identity(self._url)
        return engine

    def _require_file(self) -> None:
        if self._url.get_backend_name() != "sqlite" or self._create:
            return
        if not Path(self._url.database or "").exists():
            raise UsageError(f"there is no history at {self.place}; vpnprobe watch makes one, --database names another")

    def _require_tables(self, version: int) -> None:
        if version == 0 and not self._create:
            raise UsageError(f"{self.place} holds no history yet; vpnprobe watch makes one, --database names another")


def _place(url: URL) -> str:
    return (
        url.database or ""
        if url.get_backend_name() == "sqlite"
        else url.set(drivername="postgresql").render_as_string()
    )


def _identity(url: URL) -> tuple[int, int] | None:
    """Return what tells the file from another of its name; None where there is no file."""
    if url.get_backend_name() != "sqlite":
        return None
    try:
        seen = os.stat(url.database or "")  # noqa: PTH116 - twice as fast as Path.stat, for each run that is kept
    except OSError:
        return None
    return seen.st_dev, seen.st_ino


def _engine(url: URL, wait_s: float) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": wait_s})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    milliseconds = round(wait_s * 1000)
    try:
        return create_engine(
            url,
            # The server may have been restarted since the last run.
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": max(1, round(wait_s)),
                "options": f"-c lock_timeout={milliseconds} -c timezone=UTC",
                "application_name": "vpnprobe",
            },
        )
    except ModuleNotFoundError as error:
        raise UsageError("a history in PostgreSQL needs its driver: pip install 'vpnprobe[postgresql]'") from error


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver's own transactions would leave out reads and changes of tables.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    [pages] = connection.execute("PRAGMA page_count").fetchone()
    if not pages:
        # Only before the first table: so that a purge gives room back.
        connection.execute("PRAGMA auto_vacuum = FULL")
    # The journal stays SQLite's usual one, not the write-ahead log: all that is kept is in the one file, which may be
    # copied, moved away, put back, and read by those who may not write.


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: one that has read before might not get it any more.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITES) else "BEGIN")
