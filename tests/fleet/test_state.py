"""The state file: whole or not at all, one holder, and what happens when it is broken or cannot be written."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.fleet.test_channels import ALERT
from tests.fleet.virtual_time import now, virtual
from vpnprobe.fleet import state as state_module
from vpnprobe.fleet.alert import Delivery
from vpnprobe.fleet.events import Event
from vpnprobe.fleet.schedule import Condition
from vpnprobe.fleet.state import GATHER_S, RETRY_S, ProbeState, StateFile, StateKeeper, WatchState
from vpnprobe.model.errors import UsageError

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
STATE = WatchState(
    saved_at=AT,
    probes={
        "berlin": ProbeState(
            condition=Condition(level="critical", since=AT, recent=("ok", "critical", "critical")), last_run=AT
        ),
        "new": ProbeState(),
    },
    undelivered=(Delivery("ops", ALERT),),
)


def read(path: Path) -> WatchState | None:
    file = StateFile(path)
    try:
        return file.open()
    finally:
        file.close()


def held(path: Path) -> StateFile:
    file = StateFile(path)
    file.open()
    return file


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    file = StateFile(path)
    assert file.open() is None
    file.write(STATE)
    file.close()
    assert read(path) == STATE
    # Nothing else stays, and nobody else can read whom alerts go to.
    assert sorted(one.name for one in tmp_path.iterdir()) == ["state.json", "state.json.lock"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = held(tmp_path / "state.json")
    file.write(STATE)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        file.write(msgspec.structs.replace(STATE, probes={}))
    file.close()
    assert read(file.path) == STATE
    assert len(list(tmp_path.iterdir())) == 2


def test_only_one_holds_it(tmp_path: Path) -> None:
    file = held(tmp_path / "state.json")
    with pytest.raises(UsageError, match=r"state\.json: another vpnprobe watch uses it; stop that one"):
        StateFile(file.path).open()
    file.close()
    held(file.path).close()


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\x00" * 40, b"[]", b'{"version": 1}', b'{"version": "1"}', b'{"version": 1, "saved_at": 3}'],
    ids=["empty", "torn", "zeros", "list", "no-moment", "version-text", "moment-number"],
)
def test_a_broken_file_is_moved_aside(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(data)
    file = StateFile(path)
    assert file.open() is None
    assert file.moved_aside == tmp_path / "state.json.broken"
    assert file.moved_aside.read_bytes() == data
    file.write(STATE)
    file.close()
    assert read(path) == STATE


def test_every_torn_file_is_survived(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    whole = msgspec.json.encode(STATE)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        file = StateFile(path)
        assert file.open() is None
        file.close()


def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b'{"version": 2, "other": []}')
    with pytest.raises(UsageError, match="written by a later vpnprobe"):
        StateFile(path).open()
    assert path.read_bytes() == b'{"version": 2, "other": []}'


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file or directory; name a file in a directory of yours"):
        StateFile(tmp_path / "none" / "state.json").open()


def test_a_directory_instead_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "state.json").mkdir()
    with pytest.raises(UsageError, match="Is a directory; name a file that can be read"):
        StateFile(tmp_path / "state.json").open()


# --- who writes it ---


class Desk:
    """A keeper over a file whose writes are counted, and fail or hang when they are told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
        self.events: list[Event] = []
        self.writes: list[tuple[float, int]] = []
        self.value = 0
        self.error: OSError | None = None
        loop = asyncio.get_running_loop()

        def write(_: StateFile, state: WatchState) -> None:
            if self.error is not None:
                raise self.error
            self.writes.append((loop.time(), len(state.probes)))

        monkeypatch.setattr(StateFile, "write", write)
        self.keeper = StateKeeper(StateFile(path), self._snapshot, self.events.append)
        self.task = asyncio.create_task(self.keeper.run())

    def _snapshot(self) -> WatchState:
        return WatchState(saved_at=now(), probes={str(number): ProbeState() for number in range(self.value)})

    def change(self) -> None:
        self.value += 1
        self.keeper.touch()


@virtual
async def test_changes_are_gathered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    desk = Desk(monkeypatch, tmp_path)
    for _ in range(100):
        desk.change()
        await asyncio.sleep(1)
    await asyncio.sleep(GATHER_S)
    assert [time for time, _ in desk.writes] == [0, GATHER_S, 2 * GATHER_S, 3 * GATHER_S, 4 * GATHER_S]
    assert desk.writes[-1][1] == 100
    await asyncio.sleep(1e6)
    assert len(desk.writes) == 5


@virtual
async def test_what_must_be_settled_is_written_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    desk = Desk(monkeypatch, tmp_path)
    for count in range(1, 6):
        desk.change()
        await desk.keeper.settled()
        assert desk.writes[-1] == (0, count)
    await desk.keeper.settled()
    assert len(desk.writes) == 5


@virtual
async def test_a_full_disk_is_told_once_and_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    desk = Desk(monkeypatch, tmp_path / "state")
    desk.error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    desk.change()
    await desk.keeper.settled()
    # Nobody waits for a disk that is known to be full.
    began = asyncio.get_running_loop().time()
    desk.change()
    await desk.keeper.settled()
    assert asyncio.get_running_loop().time() == began
    await asyncio.sleep(100 * RETRY_S)
    assert [event.name for event in desk.events] == ["state-not-written"]
    assert desk.events[0].facts == {"file": str(tmp_path / "state"), "reason": "No space left on device"}
    desk.error = None
    await asyncio.sleep(RETRY_S)
    assert [count for _, count in desk.writes] == [2]
    assert [event.name for event in desk.events] == ["state-not-written", "state-written-again"]
    desk.error = OSError(errno.EIO, os.strerror(errno.EIO))
    desk.change()
    await desk.keeper.settled()
    assert [event.name for event in desk.events][2:] == ["state-not-written"]


async def test_a_disk_that_hangs_holds_up_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(state_module, "SETTLE_S", 0.05)
    monkeypatch.setattr(state_module, "GATHER_S", 0.05)
    released, written = threading.Event(), []

    def write(_: StateFile, state: WatchState) -> None:
        released.wait()
        written.append(state)

    monkeypatch.setattr(StateFile, "write", write)
    keeper = StateKeeper(StateFile(tmp_path / "state"), lambda: STATE, lambda _: None)
    task = asyncio.create_task(keeper.run())
    keeper.touch()
    await keeper.settled()
    assert not written
    keeper.touch()
    released.set()
    while len(written) < 2:
        await keeper.settled()
    task.cancel()
