"""Where the history is: a file, or a PostgreSQL database by its URL."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from vpnprobe.model.errors import UsageError

_EXAMPLE = "name a file, or postgresql://user@host/database"


def default_file(environ: Mapping[str, str]) -> Path:
    """Return the file that is used when none is named.

    systemd gives a service its own directory (`StateDirectory=`); elsewhere it is the user's (XDG base directories).
    Raises `UsageError` for a user without a home, as in some containers.
    """
    service = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if service:
        return Path(service) / "history.db"
    home = environ.get("XDG_STATE_HOME", "")
    # The specification has relative paths ignored.
    try:
        base = Path(home) if Path(home).is_absolute() else Path.home() / ".local" / "state"
    except RuntimeError as error:
        raise UsageError(
            "this user has no home directory; set XDG_STATE_HOME to a directory of its own, or name every file"
        ) from error
    return base / "vpnprobe" / "history.db"


def database_url(text: str) -> URL:
    """Read a file name, `sqlite:///file`, or `postgresql://user@host/database`; raises `UsageError` otherwise.

    A password is not taken: a URL is seen by others of the machine. PGPASSWORD, ~/.pgpass or a service file hold one.
    """
    if "://" not in text:
        if not text.strip():
            raise UsageError(f"--database is empty; {_EXAMPLE}")
        return _file_url(text)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise UsageError(f"--database {text.partition('@')[2] or text} is not a URL; {_EXAMPLE}") from error
    # libpq takes parameters in the query, too.
    if url.password is not None or any("password" in name.lower() for name in url.query):
        raise UsageError("--database: a password does not belong in the URL; put it in ~/.pgpass or PGPASSWORD")
    match url.drivername.partition("+")[0]:
        case "sqlite" if url.database:
            return _file_url(url.database)
        case "postgresql" | "postgres":
            return url.set(drivername="postgresql+psycopg")
        case name:
            raise UsageError(f"--database: vpnprobe keeps no history in {name or 'this'}; {_EXAMPLE}")


def _file_url(name: str) -> URL:
    # A service may change its directory, and SQLite has names that are no file (":memory:").
    return URL.create("sqlite", database=str(Path(name).absolute()))
