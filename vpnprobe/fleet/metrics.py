"""What tells the metrics of planned probes apart, and the files with which Prometheus and Grafana use them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from vpnprobe.fleet.plan import PlannedProbe

_DATA: Final = Path(__file__).with_name("data")


def labels_of(planned: PlannedProbe) -> dict[str, str]:
    """Return the labels of every series of this probe: those of the plan, its name, kind and target."""
    return {**planned.labels, "probe": planned.name, "kind": planned.kind, "target": planned.target}


def alert_rules() -> str:
    """Return alert rules for Prometheus on these metrics."""
    return (_DATA / "alert-rules.yml").read_text(encoding="utf-8")


def dashboard() -> str:
    """Return a dashboard for Grafana, as it imports one."""
    return (_DATA / "dashboard.json").read_text(encoding="utf-8")
