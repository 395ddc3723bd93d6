"""What can be wrong with the database, in words that say what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Final

from vpnprobe.model.errors import UsageError


class HistoryError(UsageError):
    """The history cannot be read or written just now. Nothing was changed; the same may work later."""


class HistoryTrouble(HistoryError):
    """Nothing that was named wrongly: the place is locked, full, damaged or out of order."""


# By SQLite's primary result code (https://www.sqlite.org/rescode.html).
_SQLITE: Final[Mapping[int, str]] = {
    sqlite3.SQLITE_BUSY: "another program has it locked; end that one, or wait",
    sqlite3.SQLITE_LOCKED: "another program has it locked; end that one, or wait",
    sqlite3.SQLITE_FULL: "the disk is full; make room",
    sqlite3.SQLITE_READONLY: "no permission to write to it and its directory; run as its owner, or name another file",
    sqlite3.SQLITE_PERM: "no permission; run as its owner, or name another file",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; its directory must exist, and you need permission to write there",
    sqlite3.SQLITE_IOERR: "the disk gives an error; look whether it is full or broken",
    sqlite3.SQLITE_CORRUPT: "it is damaged; move it away and put back a copy, or let a new one begin",
    sqlite3.SQLITE_NOTADB: "it is no SQLite database; name another file",
}
_TROUBLE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
    }
)
# By PostgreSQL's SQLSTATE or its class (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_POSTGRESQL: Final[Mapping[str, str]] = {
    "55P03": "another program has a table locked; end that one, or wait",
    "40": "another program wrote at the same moment; the next attempt will do",
    "53": "the server is out of disk, memory or connections; make room",
    "57": "the server is shutting down or starting; wait",
    "08": "the connection was lost; look whether the server is up",
    "42501": "no permission; grant the user CREATE on the schema, or name another database",
}


def history_error(error: BaseException, place: str) -> HistoryError:
    """Return what the driver's `error` means for the history at `place`."""
    told = _meaning(error)
    detail = next(iter(str(error).strip().splitlines()), type(error).__name__)
    kind = HistoryTrouble if (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF in _TROUBLE else HistoryError
    return kind(f"history {place}: {told} ({detail})" if told else f"history {place}: {detail}")


def _meaning(error: BaseException) -> str:
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        # The low byte is the primary code, the rest tells more of it.
        return _SQLITE.get(code & 0xFF, "")
    state = getattr(error, "sqlstate", None)
    if state is None:
        return "the server cannot be reached" if not isinstance(error, sqlite3.Error) else ""
    return _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2], "")
