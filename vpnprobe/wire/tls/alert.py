"""Alerts (RFC 5246 section 7.2): what the server says before it hangs up, and what the phone says."""

from __future__ import annotations

import msgspec

from vpnprobe.wire.tls.record import build_records
from vpnprobe.wire.tls.registry import AlertLevel, ContentType, alert_name


class Alert(msgspec.Struct, frozen=True):
    """One alert: level and description as on the wire."""

    level: int
    description: int

    @property
    def fatal(self) -> bool:
        """Whether it ends the connection. A level that is not assigned counts as fatal."""
        return self.level != AlertLevel.warning

    def __str__(self) -> str:
        """For instance `fatal unknown_ca(48)`."""
        return f"{'fatal' if self.fatal else 'warning'} {alert_name(self.description)}"


def build_alert(version: int, level: int, description: int) -> bytes:
    """Return an alert in its record; `version` is that of the record layer."""
    return build_records(ContentType.alert, version, bytes((level, description)))
