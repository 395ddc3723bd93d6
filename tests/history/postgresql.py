"""A PostgreSQL server of the tests' own, on a unix socket in a directory of its own.

It needs the distribution's package (containers/prepare). PostgreSQL refuses to run as root; then it runs as the user
that the package made.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

_OWNER = "postgres"
_START_S = 60


class Server:
    """A running server; `new_database` gives an empty database by its URL."""

    def __init__(self, binaries: Path, directory: Path, user: str | None) -> None:
        self._binaries = binaries
        self._user = user
        self._data = directory / "data"
        self._log = directory / "log"
        self.socket = directory
        self._count = 0

    def initialise(self) -> None:
        """Make the cluster. Everybody on this machine who reaches the socket is let in."""
        self._run("initdb", f"--pgdata={self._data}", "--auth=trust", "--username=postgres", "--no-sync")
        settings = f"listen_addresses = ''\nunix_socket_directories = '{self.socket}'\nfsync = off\n"
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as stream:
            stream.write(settings)

    def start(self) -> None:
        """Start and wait until it answers."""
        self._run("pg_ctl", "start", "--wait", f"--timeout={_START_S}", f"--pgdata={self._data}", f"--log={self._log}")

    def stop(self) -> None:
        """Stop, whoever is connected."""
        self._run("pg_ctl", "stop", "--wait", "--mode=immediate", f"--pgdata={self._data}")

    def new_database(self, *, owner: str = "postgres") -> str:
        """Make a database and return its URL."""
        self._count += 1
        name = f"history{self._count}"
        with self.connect("postgres") as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner))
            )
        return self.url(name, owner)

    def url(self, database: str, user: str = "postgres") -> str:
        """Return the URL of a database."""
        return f"postgresql://{user}@/{database}?host={self.socket}"

    def connect(self, database: str) -> psycopg.Connection:
        """Connect beside the product, each statement a transaction of its own."""
        return psycopg.connect(self.url(database), autocommit=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), *arguments]
        done = subprocess.run(
            command,
            user=self._user,
            group=self._user,
            extra_groups=None if self._user is None else [],
            cwd=self.socket,
            # The server inherits them; a pipe would be waited for as long as it runs.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=2 * _START_S,
        )
        assert done.returncode == 0, f"{program}: {self._log.read_text() if self._log.exists() else 'no log'}"


@contextmanager
def running_server() -> Iterator[Server]:
    """Run a server while the body does."""
    binaries = _binaries()
    user = _OWNER if os.geteuid() == 0 else None
    # Not pytest's own directory: that is root's alone.
    directory = Path(tempfile.mkdtemp(prefix="vpnprobe-postgresql-"))
    try:
        if user is not None:
            shutil.chown(directory, user, user)
        directory.chmod(0o711)
        server = Server(binaries, directory, user)
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory)


def _binaries() -> Path:
    """Where the distribution has the newest server (Debian keeps it out of PATH)."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    assert on_path is not None, "run containers/prepare as root first; these tests need PostgreSQL"
    return Path(on_path).parent
