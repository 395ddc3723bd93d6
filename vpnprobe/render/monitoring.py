"""One line for a monitoring plug-in: `STATUS: text | label=value;warn;crit;min;max` (Monitoring Plugins guidelines)."""

from __future__ import annotations

from vpnprobe.model.finding import Report
from vpnprobe.render.status_line import status_line


def render_nagios(report: Report) -> str:
    """Return the status line with performance data: the duration of the run and of each stage, in seconds."""
    data = [f"time={report.duration_s:.3f}s;;;0"]
    data += [
        f"{stage.name.replace('-', '_')}={stage.duration_s:.3f}s;;;0"
        for stage in report.stages
        if stage.status != "skipped"
    ]
    # A bar separates text from data, so it cannot stand in the text.
    return f"{status_line(report).replace('|', '/')} | {' '.join(data)}\n"
