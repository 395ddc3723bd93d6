"""The lines of a fleet run as JSON lines; each has its `kind`."""

from __future__ import annotations

from vpnprobe.model.fleet import FleetLine
from vpnprobe.model.json_line import json_line


class FleetJson:
    """Every line as it comes."""

    def add(self, line: FleetLine) -> str:
        """Return the line as JSON."""
        return json_line(line).decode()
