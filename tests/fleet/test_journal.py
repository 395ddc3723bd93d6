"""A run that was cut off anywhere goes on as if it had not been."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fleet.lines import CLOSED, gateway, phone, start
from vpnprobe.fleet import journal as journal_module
from vpnprobe.fleet.journal import Journal
from vpnprobe.fleet.lines import FleetLines
from vpnprobe.fleet.summary import SummaryCounter
from vpnprobe.model.errors import UsageError
from vpnprobe.model.fleet import FleetLine, FleetSummary, Phone
from vpnprobe.model.json_line import json_line

PHONES = [phone(number) for number in range(6)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sweep.jsonl"


def write(path: Path, *lines: FleetLine, end: bytes = b"") -> bytes:
    data = b"".join(map(json_line, lines)) + end
    path.write_bytes(data)
    return data


def earlier(path: Path) -> list[FleetLine]:
    journal = Journal(path, start())
    found = list(journal.earlier())
    journal.close()
    return found


def summary() -> FleetSummary:
    return SummaryCounter().summary(start(), 1.0)


def test_a_new_file_begins_with_the_start(path: Path) -> None:
    journal = Journal(path, start())
    assert list(journal.earlier()) == []
    journal.add(gateway())
    journal.add(PHONES[0])
    # Nothing waits in this process.
    assert path.read_bytes() == b"".join(map(json_line, (start(), gateway(), PHONES[0])))
    journal.close()


def test_what_is_there_comes_back(path: Path) -> None:
    data = write(path, start(), gateway(), *PHONES)
    assert earlier(path) == [gateway(), *PHONES]
    assert path.read_bytes() == data


def test_a_run_goes_on_behind_what_is_there(path: Path) -> None:
    write(path, start(), *PHONES[:2], end=json_line(PHONES[2])[:-20])
    journal = Journal(path, start())
    assert list(journal.earlier()) == PHONES[:2]
    journal.add(PHONES[2])
    journal.close()
    assert earlier(path) == PHONES[:3]


def test_torn_at_every_byte(path: Path) -> None:
    whole = write(path, start(), gateway(), *PHONES[:2])
    ends = [index + 1 for index, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        lines = sum(end <= cut for end in ends)
        assert earlier(path) == [gateway(), *PHONES[:2]][: max(lines - 1, 0)]
        # Whatever was torn is gone again, and the start is there in any case.
        assert path.read_bytes() == (whole[: ends[lines - 1]] if lines else json_line(start()))


def test_the_summary_of_a_part_is_cut_off(path: Path) -> None:
    data = write(path, start(), *PHONES)
    write(path, start(), *PHONES, summary())
    assert earlier(path) == PHONES
    assert path.read_bytes() == data


def test_the_start_of_the_first_part_stays(path: Path) -> None:
    write(path, start(), *PHONES)
    later = start(started_at=PHONES[0].finished_at.replace(year=2027))
    journal = Journal(path, later)
    assert journal.start == start()
    journal.close()


REFUSED = {
    "a cutover": (json_line(start(command="cutover")), "is of a cutover, this is a sweep"),
    "another server": (json_line(start(settings={"--tftp": "b:69"})), "was begun with --tftp b:69"),
    "an option that is not given now": (
        json_line(start(settings={"--tftp": "a:69", "--model": "8841"})),
        "was begun with --model 8841",
    ),
    "no start": (json_line(PHONES[0]), "line 1: this is no result of a fleet run"),
    "a text": (b"MAC\n8CB64F576113\n", "line 1: this is no result of a fleet run"),
    "one line without its end": (b"8CB64F576113", "line 1: this is no result of a fleet run"),
    "JSON of another kind without a line end": (b'{"kind":"starter"}', "line 1: this is no result of a fleet run"),
    "a broken line": (json_line(start()) + b'{"kind":"phone"}\n', "line 2: this is no result of a fleet run"),
    "a line that never ends": (b"x" * (journal_module.MAX_LINE + 1), "line 1: this is no result of a fleet run"),
    "lines behind the summary": (
        json_line(start()) + json_line(summary()) + json_line(PHONES[0]),
        "there are lines behind the summary",
    ),
}


@pytest.mark.parametrize(("data", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_another_file_is_refused_and_left_as_it_is(path: Path, data: bytes, told: str) -> None:
    path.write_bytes(data)
    with pytest.raises(UsageError, match=told):
        earlier(path)
    assert path.read_bytes() == data


def test_a_directory_and_a_place_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Is a directory; name a file that can be written"):
        Journal(tmp_path, start())
    with pytest.raises(UsageError, match="No such file or directory; name a file that can be written"):
        Journal(tmp_path / "none" / "sweep.jsonl", start())


def test_a_second_run_is_kept_out(path: Path) -> None:
    pytest.importorskip("fcntl")
    first = Journal(path, start())
    with pytest.raises(UsageError, match="is being written by another run"):
        Journal(path, start())
    first.close()
    Journal(path, start()).close()


def test_a_device_is_refused() -> None:
    with pytest.raises(UsageError, match="only a file can be gone on with"):
        Journal(Path(os.devnull), start())


def test_a_full_disk_says_how_to_go_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(path, start())
    journal.add(PHONES[0])
    whole = os.write
    room = [30]

    def write(file: int, data: memoryview) -> int:
        if not room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return whole(file, data[: room.pop()])

    with monkeypatch.context() as full:
        full.setattr(os, "write", write)
        with pytest.raises(UsageError, match=rf"No space left on device; .*--resume {path}"):
            journal.add(PHONES[1])
    journal.close()
    assert earlier(path) == PHONES[:1]


def test_a_line_that_is_written_in_parts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.write
    monkeypatch.setattr(os, "write", lambda file, data: whole(file, data[:10]))
    journal = Journal(path, start())
    journal.add(PHONES[0])
    journal.close()
    assert path.read_bytes() == json_line(start()) + json_line(PHONES[0])


_KILLED = """
import os, signal, sys
from pathlib import Path
from tests.fleet.lines import phone, start
from vpnprobe.fleet.journal import Journal
journal = Journal(Path(sys.argv[1]), start())
list(journal.earlier())
for number in range(1000):
    journal.add(phone(number))
    if number == 500:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_added_survives_kill(path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", _KILLED, str(path)], check=False)
    assert ended.returncode == -9
    assert earlier(path) == [phone(number) for number in range(501)]


# --- the lines of a run ---


class Shown(list[FleetLine]):
    """What was shown."""


def run(path: Path | None, shown: Shown) -> tuple[FleetLines, Journal | None]:
    journal = None if path is None else Journal(path, start())
    return FleetLines(start(), SummaryCounter(), shown.append, journal), journal


def test_a_later_part_shows_and_counts_everything_once(path: Path) -> None:
    write(path, start(), gateway(), *PHONES[:3], PHONES[1])
    shown = Shown()
    lines, journal = run(path, shown)
    assert journal is not None
    assert shown == [start(), gateway(), *PHONES[:3]]
    assert lines.finished == 3
    assert [one.mac for one in lines.waiting(Phone(mac=one.mac) for one in PHONES)] == [one.mac for one in PHONES[3:]]
    lines.take(gateway())
    for line in PHONES[3:]:
        lines.take(line)
    told = lines.finish(None, not_reached=0, row_problems=0, duplicates=0, notes=())
    journal.close()
    assert (told.counts.total, told.counts.by_result) == (6, {"pass": 6})
    # A gateway that is as before is not told again.
    assert [line for line in shown if isinstance(line, type(gateway()))] == [gateway()]
    assert shown[-1] == told
    assert path.read_bytes().endswith(json_line(told))


def test_a_gateway_that_has_changed_is_told_again(path: Path) -> None:
    write(path, start(), gateway())
    shown = Shown()
    lines, journal = run(path, shown)
    assert journal is not None
    lines.take(gateway(failure=CLOSED))
    journal.close()
    assert shown == [start(), gateway(), gateway(failure=CLOSED)]
    assert earlier(path) == [gateway(), gateway(failure=CLOSED)]


def test_without_a_journal() -> None:
    shown = Shown()
    lines, _ = run(None, shown)
    lines.take(PHONES[0])
    assert shown == [start(), PHONES[0]]
    assert lines.finished == 1
