"""What tells the metrics of planned probes apart, and the file for the node exporter's textfile collector.

How values become text is the caller's business.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Final, Generic, TypeVar

from vpnprobe.fleet.plan import Kind, PlannedProbe

S = TypeVar("S")

# Which option of each command names what is dialled.
TARGET_OPTIONS: Final[dict[Kind, str]] = {"phone": "group-url", "gateway": "target", "federation": "domain"}

_DATA: Final = Path(__file__).with_name("data")

# The collector runs as another user, and there is no secret in it.
_READABLE_BY_ALL: Final = 0o644


def target_of(planned: PlannedProbe) -> str:
    """Return what the plan says is to be dialled, in its own words."""
    return str(planned.options[TARGET_OPTIONS[planned.kind]])


def labels_of(planned: PlannedProbe) -> dict[str, str]:
    """Return the labels of every series of this probe: those of the plan, its name, kind and target."""
    return {**planned.labels, "probe": planned.name, "kind": planned.kind, "target": target_of(planned)}


def alert_rules() -> str:
    """Return alert rules for Prometheus on these metrics."""
    return (_DATA / "alert-rules.yml").read_text(encoding="utf-8")


def dashboard() -> str:
    """Return a dashboard for Grafana, as it imports one."""
    return (_DATA / "dashboard.json").read_text(encoding="utf-8")


class Textfile(Generic[S]):
    """A file of metrics, replaced in one step. It holds the values of each probe's last run."""

    def __init__(self, path: Path, exposition: Callable[[Iterable[S]], str]) -> None:
        self.path = path
        self._exposition = exposition
        self._samples: dict[str, tuple[S, ...]] = {}

    def put(self, probe: str, samples: Iterable[S]) -> None:
        """Take the values of a run in place of those of the run before."""
        self._samples[probe] = tuple(samples)

    def keep(self, probes: Collection[str]) -> None:
        """Forget every other probe."""
        self._samples = {name: samples for name, samples in self._samples.items() if name in probes}

    def text(self) -> str:
        """What the file is to hold now."""
        return self._exposition(sample for samples in list(self._samples.values()) for sample in samples)

    def write(self) -> None:
        """Replace the file; raises `OSError` and leaves the old one where that fails. It may block."""
        # The collector reads every *.prom there is, so a half-written one must not be called that.
        descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.", suffix=".new")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(self.text())
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).chmod(_READABLE_BY_ALL)
            Path(name).replace(self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
