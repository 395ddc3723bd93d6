"""Runs of a plan's probes as metrics: for the exporter, and for the textfile of the plan."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vpnprobe.model.errors import UsageError
from vpnprobe.model.sample import Sample

if TYPE_CHECKING:
    from vpnprobe.fleet.measuring import Unmeasured
    from vpnprobe.fleet.plan import Plan, PlannedProbe
    from vpnprobe.fleet.textfile import Textfile
    from vpnprobe.model.finding import Report


def samples_of(
    planned: PlannedProbe, outcome: Report | Unmeasured, at: datetime, last_success: datetime | None
) -> list[Sample]:
    """Return the values of a run that ended `at`; `last_success` is when the last one that succeeded ended."""
    from vpnprobe.fleet.measuring import Unmeasured
    from vpnprobe.fleet.metrics import labels_of
    from vpnprobe.render.prometheus import report_samples, unmeasured_samples

    labels = labels_of(planned)
    if isinstance(outcome, Unmeasured):
        return unmeasured_samples(labels, at, last_success)
    return report_samples(outcome, labels, last_success)


def successes_text(successes: Iterable[tuple[PlannedProbe, datetime]]) -> str:
    """Return the metric of the last success of each of these probes."""
    from vpnprobe.fleet.metrics import labels_of
    from vpnprobe.render.prometheus import LAST_SUCCESS, exposition

    return exposition(Sample(LAST_SUCCESS, labels_of(planned), at.timestamp()) for planned, at in successes)


def textfile_of(plan: Plan) -> Textfile | None:
    """Return the file of metrics that the plan names; raises `UsageError` where it cannot be written."""
    from vpnprobe.fleet.textfile import Textfile
    from vpnprobe.render.prometheus import exposition, require_prometheus_client

    if plan.textfile is None:
        return None
    require_prometheus_client()
    path = Path(plan.textfile).absolute()
    if not path.parent.is_dir():
        raise UsageError(f"textfile {path}: there is no such directory; make it, or name another file")
    return Textfile(path, samples_of, exposition)
