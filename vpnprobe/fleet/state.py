"""What `watch` must not forget when it is started again: conditions, and alerts that were not delivered yet.

One JSON file, replaced in one step. It is written soon after each change; what cannot be written is kept in memory and
tried again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

import msgspec

from vpnprobe.fleet.alert import Delivery
from vpnprobe.fleet.background import in_background
from vpnprobe.fleet.events import Event, Tell
from vpnprobe.fleet.schedule import Condition, Moment
from vpnprobe.model.errors import UsageError
from vpnprobe.model.sample import Sample

try:
    import fcntl
except ImportError:  # not on this system: then nothing keeps two of us apart
    fcntl = None  # type: ignore[assignment]

STATE_VERSION: Final = 1

# Thousands of probes with their alerts and metrics are some ten megabytes.
_MAX_SIZE: Final = 256 << 20

# Results are gathered for so long before the file is written again; a change of a condition does not wait for that.
# Seconds.
GATHER_S: Final = 30.0

# A file that could not be written is tried again after so long. Seconds.
RETRY_S: Final = 10.0

# An alert is not held back longer for a disk that hangs.
SETTLE_S: Final = 5.0


class ProbeState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of one probe: its condition, when it was run last, and when the last success ended.

    `metrics` are the values of the last run, where the plan has them written to a textfile.
    """

    condition: Condition = Condition()
    last_run: Moment | None = None
    last_success: Moment | None = None
    metrics: tuple[Sample, ...] = ()


class WatchState(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of it. `probes` is by name; `undelivered` holds the oldest alert of each probe and channel first."""

    version: int = STATE_VERSION
    saved_at: Moment
    probes: dict[str, ProbeState] = {}
    undelivered: tuple[Delivery, ...] = ()


class _Versioned(msgspec.Struct):
    version: int


class StateFile:
    """The file. One `watch` at a time holds it, from `open` to `close`.

    `moved_aside` is where `open` put a file that was broken.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[bytes] | None = None
        self._one_write = threading.Lock()
        self.moved_aside: Path | None = None

    def open(self) -> WatchState | None:
        """Take the file and return what it holds, None where there is none yet.

        A file that cannot be read as one of ours is moved aside, and None returned: whoever watches unattended goes
        on. Raises `UsageError` where another `watch` holds it, a later version has written it, or nothing can be
        written there.
        """
        try:
            self._lock = self.path.with_name(self.path.name + ".lock").open("wb")
        except OSError as error:
            raise UsageError(f"--state {self.path}: {error.strerror}; name a file in a directory of yours") from error
        if fcntl is not None:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                self.close()
                raise UsageError(
                    f"--state {self.path}: another vpnprobe watch uses it; stop that one, or name another file"
                ) from error
        try:
            return self._read()
        except UsageError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def write(self, state: WatchState) -> None:
        """Replace the file in one step; raises `OSError` and leaves the old one where that fails."""
        data = msgspec.json.encode(state)
        # One that takes long must not come after a later one.
        with self._one_write:
            descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
            try:
                with open(descriptor, "wb") as stream:  # noqa: PTH123 - the descriptor is open already
                    stream.write(data)
                    stream.flush()
                    os.fsync(stream.fileno())
                Path(name).replace(self.path)
            except BaseException:
                with contextlib.suppress(OSError):
                    Path(name).unlink()
                raise

    def _read(self) -> WatchState | None:
        try:
            with self.path.open("rb") as stream:
                data = stream.read(_MAX_SIZE + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UsageError(f"--state {self.path}: {error.strerror}; name a file that can be read") from error
        try:
            version = msgspec.json.decode(data, type=_Versioned).version
            if version > STATE_VERSION:
                raise UsageError(
                    f"--state {self.path} was written by a later vpnprobe (version {version}); "
                    "use that one, or name another file"
                )
            return msgspec.json.decode(data, type=WatchState)
        except msgspec.DecodeError:
            self._move_aside()
            return None

    def _move_aside(self) -> None:
        self.moved_aside = self.path.with_name(self.path.name + ".broken")
        try:
            self.path.replace(self.moved_aside)
        except OSError as error:
            raise UsageError(f"--state {self.path}: {error.strerror}; name a file in a directory of yours") from error


class StateKeeper:
    """Writes the state soon after it changed, one write at a time, for as long as `run` runs."""

    def __init__(self, file: StateFile, snapshot: Callable[[], WatchState], tell: Tell) -> None:
        self._file = file
        self._snapshot = snapshot
        self._tell = tell
        self._changed = asyncio.Event()
        self._urgent = asyncio.Event()
        self._attempted = asyncio.Condition()
        self._wanted = 0
        self._reached = 0
        self._is_failing = False

    def touch(self) -> None:
        """Say that the state changed; it will be written soon."""
        self._wanted += 1
        self._changed.set()

    async def settled(self) -> None:
        """Have what changed up to now written at once; wait until it is, or cannot be, or the disk takes too long."""
        wanted = self._wanted
        if self._is_failing:
            return
        self._urgent.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S), self._attempted:
                await self._attempted.wait_for(lambda: self._reached >= wanted)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            written = await self.write()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GATHER_S if written else RETRY_S):
                    await self._urgent.wait()
            self._urgent.clear()
            if not written:
                self._changed.set()

    async def write(self) -> bool:
        """Write what there is now; False where it could not be, which is told once until it can again."""
        wanted, state = self._wanted, self._snapshot()
        try:
            await in_background(lambda: self._file.write(state))
        except OSError as error:
            if not self._is_failing:
                facts = {"file": str(self._file.path), "reason": error.strerror or str(error)}
                self._tell(Event("state-not-written", "error", facts))
            self._is_failing = True
        else:
            if self._is_failing:
                self._tell(Event("state-written-again", "info", {"file": str(self._file.path)}))
            self._is_failing = False
        async with self._attempted:
            self._reached = wanted
            self._attempted.notify_all()
        return not self._is_failing
