"""A recorder that loses nothing while the database cannot be written: locked, on a full disk, or gone.

Runs wait in memory, in their order. Those that are alike share their content, so that a quiet night of waiting costs
little.
"""

from __future__ import annotations

import threading
from typing import Final, Self

import msgspec

from vpnprobe.history.entry import Content, Entry, make_entry
from vpnprobe.history.faults import HistoryError
from vpnprobe.history.store import History, Recorded
from vpnprobe.model.finding import Report

# What waits may use: ten days of twenty targets where nothing changes, hours where everything does.
MAX_WAITING_BYTES: Final = 64 << 20
# Of an entry itself, with what Python needs for it, and of a content's findings beside its Evidence.
_ENTRY_BYTES: Final = 1000
_CONTENT_BYTES: Final = 100_000

# Written in one transaction, so that others get their turn.
_BATCH: Final = 500


class Recorder:
    """Takes reports, and writes them to a history as soon as it can be.

    `problem` says why reports wait after the last `flush`, None where none does. `lost` counts those that came when
    there was no room left to wait in. May be called from any thread; `flush` takes as long as the history waits for a
    lock.
    """

    def __init__(self, history: History, *, max_waiting_bytes: int = MAX_WAITING_BYTES) -> None:
        self._history = history
        self._max_bytes = max_waiting_bytes
        self._lock = threading.Lock()
        self._waiting: list[Entry] = []
        self._contents: dict[tuple[str, str], Content] = {}
        self._bytes = 0
        self._drift: list[Recorded] = []
        self.lost = 0
        self.problem: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def waiting(self) -> int:
        """How many reports are not written yet."""
        return len(self._waiting)

    def take(self, report: Report, name: str | None = None) -> None:
        """Take a report, to be written by the next `flush`; `name` is what the plan calls the probe."""
        entry = make_entry(report, name)
        key = (entry.series.digest, entry.content.digest)
        with self._lock:
            size = _ENTRY_BYTES
            if key not in self._contents:
                size += _CONTENT_BYTES + len(entry.content.evidence)
            if self._waiting and self._bytes + size > self._max_bytes:
                # The earlier ones are kept: they hold the moment at which something changed.
                self.lost += 1
                return
            content = self._contents.setdefault(key, entry.content)
            self._waiting.append(msgspec.structs.replace(entry, content=content))
            self._bytes += size

    def flush(self) -> bool:
        """Write all that wait, in their order; return whether they are written."""
        with self._lock:
            return self._write()

    def take_drift(self) -> list[Recorded]:
        """Return the runs that saw something otherwise than before, each once, as soon as they are written."""
        with self._lock:
            taken, self._drift = self._drift, []
        return taken

    def close(self) -> None:
        """Write what waits, for the last time; raises `HistoryError` that says how much could not be."""
        if not self.flush():
            raise HistoryError(f"{self.waiting} runs were not kept: {self.problem}")

    def _write(self) -> bool:
        while self._waiting:
            batch = self._waiting[:_BATCH]
            try:
                recorded = self._history.record_entries(batch)
            except HistoryError as error:
                self.problem = str(error)
                return False
            del self._waiting[:_BATCH]
            self._drift += [one for one in recorded if one.drift]
        self._contents.clear()
        self._bytes = 0
        self.problem = None
        return True
