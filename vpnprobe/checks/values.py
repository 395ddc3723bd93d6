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
    "tls_version",
)

# The option of `openssl s_client` for a version, by its wire number.
_OPENSSL_OPTIONS: Final = {0x0301: "-tls1", 0x0302: "-tls1_1", 0x0303: "-tls1_2"}


def run_values(evidence: Evidence, subject: Subject) -> dict[str, str]:
    """Return what is known of `RUN_VALUES`; what is not is left out."""
    target, persona = evidence.target, evidence.persona
    server = evidence.tftp_server
    own = next(iter(evidence.flights(persona.profile)), None)
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
        "tls_version": _OPENSSL_OPTIONS.get(own.offered_version) if own is not None else None,
    }
    return {name: value for name, value in known.items() if value is not None}
