"""Databases that are locked, full, damaged, gone or somebody else's: a clear word, and nothing half done."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine, event

from tests.history.postgresql import Server
from tests.history.reports import HEALTHY, REPLACED, bad_week, report, rows
from vpnprobe.history.faults import HistoryError
from vpnprobe.history.store import History
from vpnprobe.model.errors import UsageError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another program writes to the file and does not end."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


# --- SQLite ---


def test_locked_by_another_program(file: Path) -> None:
    with History(str(file), wait_s=0.05) as history:
        history.record(report(0))
        with locked(file):
            with pytest.raises(
                HistoryError, match=r"history .*history\.db: another program has it locked; .*\(database"
            ):
                history.record(report(1))
            # Readers do not wait for a writer.
            assert history.count_runs(1) == 1
        history.record(report(1))
        assert history.count_runs(1) == 2


def test_a_lock_that_ends_in_time_is_waited_for(file: Path) -> None:
    with History(str(file), wait_s=30) as history:
        history.record(report(0))
        has_lock, go = threading.Event(), threading.Event()

        def hold() -> None:
            with locked(file):
                has_lock.set()
                go.wait(0.3)

        holder = threading.Thread(target=hold)
        holder.start()
        has_lock.wait()
        history.record(report(1))
        holder.join()
        assert history.count_runs(1) == 2


@contextmanager
def no_more_pages() -> Iterator[None]:
    """Whoever connects to SQLite meets a disk that is full: no page is to be had beyond those that are used."""

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        [pages] = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {max(1, pages)}")

    event.listen(Engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(Engine, "connect", limit)


def record_until_it_fails(history: History) -> None:
    for number in range(1000):
        history.record(report(number, **REPLACED), f"probe {number}")


def test_a_full_disk(file: Path) -> None:
    with History(str(file)) as history:
        history.record(report(0))
    before = rows(str(file))
    with no_more_pages(), History(str(file)) as history, pytest.raises(HistoryError, match="the disk is full; make"):
        record_until_it_fails(history)
    with History(str(file)) as history:
        kept = rows(str(file))
        # What was kept before the disk was full is whole: a series for each, with all that belongs to it.
        assert kept["run"][0] == before["run"][0]
        assert len(kept["run"]) == len(kept["series"]) == len(kept["change"]) == len(kept["memory"])
        history.record(report(1, **REPLACED))


def test_a_new_file_on_a_full_disk(file: Path) -> None:
    with no_more_pages(), pytest.raises(HistoryError, match="the disk is full"), History(str(file)):
        pass
    with History(str(file)) as history:
        history.record(report())


@pytest.mark.container
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """A file system of 1 MiB. As root, as it is mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], check=True)
    try:
        file = disk / "history.db"
        with History(str(file)) as history:
            with pytest.raises(HistoryError, match=r"disk is full|the disk gives an error"):
                record_until_it_fails(history)
            count = len(rows(str(file))["run"])
            assert count > 1
            assert len(rows(str(file))["change"]) == count
            assert history.purge(0, report(1000).started_at) == 0
            subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
            history.record(report(1000, **REPLACED))
            assert len(rows(str(file))["run"]) == count + 1
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"garbage" * 1000, "it is no SQLite database; name another file"),
        (b"SQLite format 3\0" + b"\xff" * 5000, r"it is (damaged; move it away|no SQLite database)"),
    ],
    ids=["text", "only the header"],
)
def test_a_file_that_is_no_history(file: Path, content: bytes, complaint: str) -> None:
    file.write_bytes(content)
    with pytest.raises(HistoryError, match=complaint), History(str(file)):
        pass
    assert file.read_bytes() == content


def test_a_damaged_file_and_a_new_one_in_its_place(file: Path) -> None:
    """Somebody reads the complaint, moves the file away, and the same process goes on."""
    with History(str(file)) as history:
        for one in bad_week():
            history.record(one)
        history.close()
        whole = file.read_bytes()
        file.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
        with pytest.raises(HistoryError, match="it is damaged; move it away and put back a copy"):
            history.record(report(20))
        file.rename(file.with_suffix(".damaged"))
        history.record(report(20))
        assert history.count_runs(1) == 1


def test_a_file_of_another_program(file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
        other.commit()
    with pytest.raises(HistoryError, match=r"is no history of vpnprobe \(it holds bookmarks\)"), History(str(file)):
        pass


@pytest.mark.parametrize("how", ["moved", "deleted", "replaced by an older copy", "emptied"])
def test_a_file_that_is_taken_away_under_us(file: Path, how: str) -> None:
    """What is written afterwards is in the file of that name, not in one that nobody sees any more."""
    with History(str(file)) as history:
        history.record(report(0))
        history.close()
        copy = file.read_bytes()
        history.record(report(1))
        match how:
            case "moved":
                file.rename(file.with_suffix(".old"))
            case "deleted":
                file.unlink()
            case "replaced by an older copy":
                file.with_suffix(".copy").write_bytes(copy)
                file.with_suffix(".copy").rename(file)
            case "emptied":
                history.close()
                file.write_bytes(b"")
        history.record(report(2))
    kept = [run[1] for run in rows(str(file))["run"]]
    assert len(kept) == (2 if how == "replaced by an older copy" else 1)


@pytest.mark.parametrize("name", ["missing/history.db", "."])
def test_a_place_where_no_file_can_be(tmp_path: Path, name: str) -> None:
    with (
        pytest.raises(HistoryError, match="it cannot be opened; its directory must exist, and you need permission"),
        History(str(tmp_path / name)),
    ):
        pass


@pytest.mark.container
def test_a_file_of_another_user(file: Path) -> None:
    """As root, which becomes nobody: the file can be read, also while its owner has it open, and not written."""
    for directory in (file.parent, *file.parent.parents):
        if directory != Path("/tmp") and directory.is_relative_to("/tmp"):
            directory.chmod(0o755)
    program = (
        "import os, sys\n"
        "from vpnprobe.history.store import History\n"
        "from vpnprobe.history.faults import HistoryError\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "history = History(sys.argv[1], create=False)\n"
        "print(history.count_runs(1))\n"
        "try: history.purge(0, history.last(1).id.started_at)\n"
        "except HistoryError as error: print(error)\n"
    )
    with History(str(file)) as history:
        history.record(report())
        done = subprocess.run([sys.executable, "-c", program, file], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    count, complaint = done.stdout.splitlines()
    assert count == "1"
    assert "no permission to write to it and its directory; run as its owner" in complaint


def test_nothing_is_made_where_nothing_was_asked_for(file: Path) -> None:
    with pytest.raises(UsageError, match="there is no history at"), History(str(file), create=False):
        pass
    assert not file.exists()
    file.touch()
    with pytest.raises(UsageError, match="holds no history yet"), History(str(file), create=False):
        pass


def test_no_open_files_are_left(file: Path) -> None:
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = count()
    for _ in range(20):
        with History(str(file), wait_s=0.01) as history:
            history.record(report(0))
            with locked(file), pytest.raises(HistoryError):
                history.record(report(1))
    assert count() == before


RECORD_FOREVER = """
import sys
import msgspec
from vpnprobe.history.store import History
from vpnprobe.model.finding import Report
reports = msgspec.json.decode(sys.stdin.buffer.read(), type=list[Report])
with History(sys.argv[1]) as history:
    for number in range(1000):
        for report in reports:
            history.record(report, f"probe {number}")
        print(number, flush=True)
"""


@pytest.mark.parametrize("delay_s", [0.0, 0.003, 0.011, 0.02])
def test_killed_in_the_middle(file: Path, tmp_path: Path, delay_s: float) -> None:
    """SIGKILL at some moment: every week that was done is whole, and recorded again the broken one is as well."""
    week = bad_week()
    process = subprocess.Popen(
        [sys.executable, "-c", RECORD_FOREVER, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(week))
        process.stdin.close()
        process.stdout.readline()
        threading.Event().wait(delay_s)
        process.kill()
        done = 1 + len(process.stdout.readlines())
    names = [f"probe {number}" for number in range(done + 1)]
    with History(str(file)) as history, History(str(tmp_path / "whole.db")) as whole:
        for name in names:
            for one in week:
                history.record(one, name)
                whole.record(one, name)
    assert rows(str(file)) == rows(str(tmp_path / "whole.db"))


# --- PostgreSQL ---


@pytest.mark.container
def test_a_server_that_dies_and_comes_back(postgresql: Server) -> None:
    with History(postgresql.new_database()) as history:
        history.record(report(0))
        postgresql.stop()
        try:
            for _ in range(2):
                with pytest.raises(
                    HistoryError, match=r"history postgresql://postgres@/history\d+\S*: the (server|conn)"
                ):
                    history.record(report(1))
        finally:
            postgresql.start()
        history.record(report(1))
        assert history.count_runs(1) == 2


@pytest.mark.container
def test_a_table_that_another_program_has_locked(postgresql: Server) -> None:
    url = postgresql.new_database()
    with History(url, wait_s=0.05) as history:
        history.record(report(0))
        with postgresql.connect(url.partition("@/")[2].partition("?")[0]) as other, other.transaction():
            other.execute("LOCK TABLE run IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(HistoryError, match="another program has a table locked"):
                history.record(report(1))
        history.record(report(1))
        assert history.count_runs(1) == 2


@pytest.mark.container
def test_a_user_who_may_not_make_tables(postgresql: Server) -> None:
    with postgresql.connect("postgres") as admin:
        admin.execute("CREATE ROLE reader LOGIN")
    database = postgresql.new_database().partition("@/")[2].partition("?")[0]
    with (
        pytest.raises(HistoryError, match="grant the user CREATE on the schema"),
        History(postgresql.url(database, "reader")),
    ):
        pass


@pytest.mark.container
def test_a_database_that_is_not_there(postgresql: Server) -> None:
    with pytest.raises(HistoryError, match='database "nothing" does not exist'), History(postgresql.url("nothing")):
        pass
    with pytest.raises(HistoryError, match="cannot be reached"), History("postgresql://user@/x?host=/nonexistent"):
        pass


@pytest.mark.container
def test_a_database_that_is_shared(postgresql: Server) -> None:
    """Other tables are no reason to refuse, unless they have our names."""
    url = postgresql.new_database()
    name = url.partition("@/")[2].partition("?")[0]
    with postgresql.connect(name) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    with History(url) as history:
        history.record(report(**HEALTHY))
    url = postgresql.new_database()
    name = url.partition("@/")[2].partition("?")[0]
    with postgresql.connect(name) as other:
        other.execute("CREATE TABLE run (distance REAL)")
    with pytest.raises(HistoryError, match=r"no history of vpnprobe \(it holds run\)"), History(url):
        pass


def test_without_the_driver_of_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UsageError, match=r"pip install 'vpnprobe\[postgresql\]'"), History("postgresql://user@host/x"):
        pass
