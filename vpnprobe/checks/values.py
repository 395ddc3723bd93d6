"""The values of a run that guides may name in braces, such as `{host}`."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import Subject
from vpnprobe.checks.subjects import config_file_name
from vpnprobe.model.evidence import Evidence

# Every placeholder that any run can fill. Others must be facts of the finding.
RUN_VALUES: Final = (
    "address",
    "config_file",
    "config_server",
    "device",
    "gateway",
    "group_url",
    "host",
    "mac",
    "path",
    "port",
    "profile",
)


def run_values(evidence: Evidence, subject: Subject) -> dict[str, str]:
    """Return what is known of `RUN_VALUES`; what is not is left out."""
    target, persona = evidence.target, evidence.persona
    server = evidence.tftp_server
    known = {
        "address": subject.address,
        "config_file": config_file_name(evidence) if persona.mac else None,
        "config_server": server.endpoint.host if server is not None and server.endpoint is not None else None,
        "device": persona.device,
        "gateway": str(target.gateway),
        "group_url": target.group_url.text if target.group_url is not None else None,
        "host": target.gateway.host,
        "mac": persona.mac,
        "path": target.group_url.path if target.group_url is not None else None,
        "port": str(target.gateway.port),
        "profile": persona.profile,
    }
    return {name: value for name, value in known.items() if value is not None}
