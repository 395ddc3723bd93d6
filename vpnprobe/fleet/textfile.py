"""The file that the node exporter's textfile collector reads: the metrics of each probe's last run."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import threading
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from vpnprobe.fleet.background import in_background
from vpnprobe.fleet.events import Event, Tell
from vpnprobe.fleet.measuring import Unmeasured
from vpnprobe.fleet.metrics import labels_of
from vpnprobe.fleet.plan import PlannedProbe
from vpnprobe.model.finding import Report
from vpnprobe.model.sample import Sample

# The values of a run that ended at this moment; the second one is that of the last success, where one is known.
SamplesOf = Callable[[PlannedProbe, Report | Unmeasured, datetime, datetime | None], Iterable[Sample]]

# The text that Prometheus reads.
Exposition = Callable[[Iterable[Sample]], str]

# The collector runs as another user, and there is no secret in it.
_READABLE_BY_ALL: Final = 0o644

# Runs that end soon after each other are written together. Seconds.
GATHER_S: Final = 5.0

# A file that could not be written is tried again after so long. Seconds.
RETRY_S: Final = 10.0


class Textfile:
    """The file at `path`, replaced in one step. How values become text is the caller's business."""

    def __init__(self, path: Path, samples_of: SamplesOf, exposition: Exposition) -> None:
        self.path = path
        self._samples_of = samples_of
        self._exposition = exposition
        self._samples: dict[str, tuple[Sample, ...]] = {}
        self._one_write = threading.Lock()

    def put(
        self, planned: PlannedProbe, outcome: Report | Unmeasured, at: datetime, last_success: datetime | None
    ) -> tuple[Sample, ...]:
        """Take the values of a run that ended `at`, in place of those of the run before; return them."""
        samples = self._samples_of(planned, outcome, at, last_success)
        kept = tuple(sample._replace(value=float(sample.value)) for sample in samples)
        self._samples[planned.name] = kept
        return kept

    def resume(self, planned: PlannedProbe, samples: Iterable[Sample]) -> None:
        """Take the values of the last run that an earlier `watch` made, if they are of this probe as it is now."""
        labels = labels_of(planned).items()
        self._samples[planned.name] = tuple(sample for sample in samples if labels <= sample.labels.items())

    def keep(self, probes: Collection[str]) -> None:
        """Forget every other probe."""
        self._samples = {name: samples for name, samples in self._samples.items() if name in probes}

    def text(self) -> str:
        """What the file is to hold now."""
        return self._exposition(sample for samples in self._samples.values() for sample in samples)

    def write(self) -> None:
        """Replace the file by what it is to hold now; raises `OSError` and leaves the old one where that fails."""
        self.write_text(self.text())

    def write_text(self, text: str) -> None:
        """Replace the file; raises `OSError` as `write` does."""
        # One that takes long must not come after a later one.
        with self._one_write:
            # The collector reads every *.prom there is, so a half-written one must not be called that.
            descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.", suffix=".new")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                    stream.write(text)
                    stream.flush()
                    os.fsync(stream.fileno())
                Path(name).chmod(_READABLE_BY_ALL)
                Path(name).replace(self.path)
            except BaseException:
                with contextlib.suppress(OSError):
                    Path(name).unlink()
                raise


class TextfileKeeper:
    """Writes the file soon after it changed, one write at a time, for as long as `run` runs."""

    def __init__(self, file: Textfile, tell: Tell) -> None:
        self._file = file
        self._tell = tell
        self._changed = asyncio.Event()
        self._is_failing = False

    def put(
        self, planned: PlannedProbe, outcome: Report | Unmeasured, at: datetime, last_success: datetime | None
    ) -> tuple[Sample, ...]:
        """Take the values of a run that ended `at`, and return them."""
        self._changed.set()
        return self._file.put(planned, outcome, at, last_success)

    def resume(self, planned: PlannedProbe, samples: Iterable[Sample]) -> None:
        """Take the values of the last run that an earlier `watch` made; written with those of the next run."""
        self._file.resume(planned, samples)

    def keep(self, probes: Collection[str]) -> None:
        """Forget every other probe, with the next run of one of these."""
        self._file.keep(probes)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._changed.wait()
            await self._write()
            await asyncio.sleep(RETRY_S if self._is_failing else GATHER_S)

    async def close(self, patience_s: float) -> None:
        """Write what waits, if that can be done in time (seconds)."""
        if self._changed.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await self._write()

    async def _write(self) -> None:
        """Write once. That it cannot be is told the first time, and when it can again."""
        self._changed.clear()
        facts = {"file": str(self._file.path)}
        try:
            await in_background(partial(self._file.write_text, self._file.text()))
        except OSError as error:
            if not self._is_failing:
                self._tell(Event("metrics-not-written", "error", {**facts, "reason": error.strerror or str(error)}))
            self._is_failing = True
            self._changed.set()
        else:
            if self._is_failing:
                self._tell(Event("metrics-written-again", "info", facts))
            self._is_failing = False
