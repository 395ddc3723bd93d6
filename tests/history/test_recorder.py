"""Nothing is lost while the database cannot be written, and what is lost is counted."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from tests.history.postgresql import Server
from tests.history.reports import GONE, HEALTHY, bad_week, moment, report, rows
from vpnprobe.history.faults import HistoryError
from vpnprobe.history.recorder import Recorder
from vpnprobe.history.store import History


@contextmanager
def locked(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


@pytest.fixture
def history(file: Path) -> Iterator[History]:
    with History(str(file), wait_s=0.01) as opened:
        yield opened


def test_written_at_once(file: Path, history: History) -> None:
    with Recorder(history) as recorder:
        recorder.take(report(), "plant 7")
        assert recorder.waiting == 1
        assert recorder.flush()
        assert (recorder.waiting, recorder.lost, recorder.problem) == (0, 0, None)
        assert recorder.flush()
    assert rows(str(file))["series"][0][5] == "plant 7"


def test_what_waits_is_written_in_order_and_once(tmp_path: Path, file: Path, history: History) -> None:
    recorder = Recorder(history)
    with locked(file):
        for number, one in enumerate(bad_week(), 1):
            recorder.take(one)
            assert not recorder.flush()
            assert recorder.waiting == number
        assert recorder.problem is not None
        assert "another program has it locked" in recorder.problem
    assert history.overviews() == ()
    assert recorder.flush()
    assert recorder.waiting == 0
    recorder.close()
    with History(str(tmp_path / "usual.db")) as usual:
        for one in bad_week():
            usual.record(one)
    assert rows(str(file)) == rows(str(tmp_path / "usual.db"))


def test_a_long_wait_is_written_in_several_transactions(file: Path, history: History) -> None:
    recorder = Recorder(history)
    usual = report()
    for number in range(1203):
        recorder.take(msgspec.structs.replace(usual, started_at=moment(number)))
    assert recorder.flush()
    assert history.count_runs(1) == 1203


def test_a_damaged_file_that_is_put_right(file: Path, history: History) -> None:
    recorder = Recorder(history)
    history.record(report(0))
    history.close()
    file.write_bytes(b"damaged" * 1000)
    recorder.take(report(1))
    assert not recorder.flush()
    file.unlink()
    assert recorder.flush()
    assert history.last(1) is not None


def test_runs_that_are_alike_need_little_room(file: Path, history: History) -> None:
    """A week of five minutes, of a target where nothing happens."""
    recorder = Recorder(history)
    usual = report()
    with locked(file):
        for number in range(2016):
            recorder.take(msgspec.structs.replace(usual, started_at=moment(number)))
        assert (recorder.waiting, recorder.lost) == (2016, 0)
    assert recorder.flush()
    assert history.count_runs(1) == 2016


def test_where_there_is_no_room_the_earlier_ones_are_kept(file: Path, history: History) -> None:
    recorder = Recorder(history, max_waiting_bytes=250_000)
    with locked(file):
        recorder.take(report(0))
        recorder.take(report(1, **GONE))
        for number in range(2, 1000):
            recorder.take(report(number, **(GONE if number % 2 else HEALTHY)), f"probe {number % 5}")
        assert not recorder.flush()
        assert recorder.lost > 0
        assert recorder.waiting + recorder.lost == 1000
    assert recorder.flush()
    kept = [one.id.started_at for one in history.runs(1)]
    assert kept[-1] == report(0).started_at
    assert len(rows(str(file))["run"]) == 1000 - recorder.lost
    # There is room again.
    lost = recorder.lost
    recorder.take(report(2000))
    assert recorder.lost == lost


def test_one_report_always_has_room(history: History) -> None:
    recorder = Recorder(history, max_waiting_bytes=0)
    recorder.take(report(0))
    recorder.take(report(1))
    assert (recorder.waiting, recorder.lost) == (1, 1)
    assert recorder.flush()


def test_what_cannot_be_written_in_the_end_is_said(file: Path, history: History) -> None:
    recorder = Recorder(history)
    with locked(file):
        recorder.take(report(0))
        recorder.take(report(1))
        with pytest.raises(HistoryError, match=r"2 runs were not kept: history .*locked"):
            recorder.close()
    recorder.close()
    assert history.count_runs(1) == 2


def test_many_threads(history: History) -> None:
    recorder = Recorder(history)

    def work(name: str) -> None:
        for number in range(25):
            recorder.take(report(number), name)
            recorder.flush()

    threads = [threading.Thread(target=work, args=(f"probe {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.close()
    assert [history.count_runs(one.series.number) for one in history.overviews()] == [25] * 4


@pytest.mark.container
def test_a_server_of_postgresql_that_is_away_for_a_while(postgresql: Server) -> None:
    url = postgresql.new_database()
    with History(url) as history:
        recorder = Recorder(history)
        week = bad_week()
        for number, one in enumerate(week):
            if number == 2:
                postgresql.stop()
            if number == 7:
                postgresql.start()
            recorder.take(one)
            assert recorder.flush() == (not 2 <= number < 7)
        recorder.close()
        assert history.count_runs(1) == len(week)
        assert len(history.changes(1)) == 7
