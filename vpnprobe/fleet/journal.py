"""The lines of a fleet run in a file, each as soon as it is known, and the way back into a run that was cut off.

The file is JSON lines: the start, gateways and phones as they come, the summary. Whatever ended the run, every line but
the last is whole; a torn last one is cut off again before the run goes on, and so is the summary of a part of the run.
A phone whose line is there is not asked again.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from vpnprobe.model.errors import UsageError
from vpnprobe.model.fleet import FleetLine, FleetStart, FleetSummary
from vpnprobe.model.json_line import json_line

MAX_LINE: Final = 1 << 20
"""Bytes of one line: a phone's has about 1 kB, one with many labels perhaps 20."""

# How the first line begins. What begins otherwise was not torn off by us, and is not ours to write over.
_START: Final = b'{"kind":"start",'

_DECODER: Final[msgspec.json.Decoder[FleetLine]] = msgspec.json.Decoder(FleetLine)


class Journal:
    """The file of one run: made, or gone on with where it is there.

    `start` is that of the run, which an earlier part of it may have begun. What that part left is to be taken from
    `earlier`, to its end, before anything is added. Raises `UsageError` where the file cannot be written, is written by
    another run, is something else, or is of a run with other settings.
    """

    def __init__(self, path: Path, start: FleetStart) -> None:
        self._path = path
        if path.exists() and not path.is_file() and not path.is_dir():
            raise UsageError(f"--resume {path}: only a file can be gone on with; for a device or a pipe leave it out")
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
        except OSError as error:
            raise self._refusal(error) from error
        try:
            self._lock()
            first = next((line for _, _, line in self._lines()), None)
            self.start = self._checked(first, start)
            if first is None:
                os.ftruncate(self._file, 0)
                self.add(start)
        except BaseException:
            self.close()
            raise

    def earlier(self) -> Iterator[FleetLine]:
        """Yield the gateways and phones that are there already, then cut off what is no whole line and the summary."""
        kept = 0
        ended = False
        for start, end, line in self._lines():
            if ended:
                raise UsageError(f"{self._path}: there are lines behind the summary; this is no file of one run")
            ended = isinstance(line, FleetSummary)
            kept = start if ended else end
            if not isinstance(line, FleetStart | FleetSummary):
                yield line
        os.ftruncate(self._file, kept)

    def add(self, line: FleetLine) -> None:
        """Append a line; it stays, also if this process is killed. Raises `UsageError` where the disk is full."""
        data = memoryview(json_line(line))
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            raise UsageError(
                f"{self._path}: {error.strerror or error}; what stands there is whole: make room, then go on with "
                f"--resume {self._path}"
            ) from error

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _lines(self) -> Iterator[tuple[int, int, FleetLine]]:
        """Yield each whole line with the offsets of its beginning and its end."""
        start = 0
        try:
            with self._path.open("rb") as stream:
                for number, raw in enumerate(iter(lambda: stream.readline(MAX_LINE), b""), start=1):
                    if not raw.endswith(b"\n"):
                        is_torn = number > 1 or _START.startswith(raw[: len(_START)])
                        if len(raw) == MAX_LINE or not is_torn:
                            raise self._foreign(number)
                        return
                    try:
                        line = _DECODER.decode(raw)
                    except msgspec.DecodeError as error:
                        raise self._foreign(number) from error
                    yield start, start + len(raw), line
                    start += len(raw)
        except OSError as error:
            raise self._refusal(error) from error

    def _lock(self) -> None:
        """Keep a second run out. Windows has no such lock; two runs into one file are the operator's business there."""
        with contextlib.suppress(ImportError):
            import fcntl

            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise UsageError(f"{self._path} is being written by another run; wait for its end") from error

    def _checked(self, first: FleetLine | None, start: FleetStart) -> FleetStart:
        if first is None:
            return start
        if not isinstance(first, FleetStart):
            raise self._foreign(1)
        if first.command != start.command:
            raise UsageError(f"{self._path} is of a {first.command}, this is a {start.command}; name another file")
        names = sorted({*first.settings, *start.settings})
        changed = [name for name in names if first.settings.get(name) != start.settings.get(name)]
        if changed:
            was = ", ".join(f"{name} {first.settings.get(name, 'not given')}" for name in changed)
            raise UsageError(f"{self._path} was begun with {was}; go on with the same, or name another file")
        return first

    def _foreign(self, number: int) -> UsageError:
        return UsageError(f"{self._path}, line {number}: this is no result of a fleet run; name another file")

    def _refusal(self, error: OSError) -> UsageError:
        return UsageError(f"--resume {self._path}: {error.strerror or error}; name a file that can be written")
