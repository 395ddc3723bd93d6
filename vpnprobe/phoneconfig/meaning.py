"""What the numbers of a phone configuration stand for.

Keys are the field names of `VpnGroup` and `PhoneConfig`. A number that is not listed has no documented
meaning. In particular hashAlg has none: every sample says 0 beside 20-byte (SHA-1) values, and no source
explains any other. Source, unless a line says otherwise: usecallmanager.nz, SEPMAC.cnf.xml.
"""

from __future__ import annotations

from collections.abc import Mapping

_OFF_ON = {0: "off", 1: "on"}
_ENABLED_DISABLED = {0: "enabled", 1: "disabled"}

MEANINGS: Mapping[str, Mapping[int, str]] = {
    "auth_method": {
        0: "user name and password",
        1: "password only",
        2: "certificate (LSC if installed, else MIC)",
    },
    "pswd_persistent": _OFF_ON,
    "auto_net_detect": _OFF_ON,
    "enable_host_id_check": _OFF_ON,
    "capf_auth_mode": {
        0: "none",
        1: "authentication string",
        2: "null string",
        3: "existing certificate (LSC, then MIC)",
        4: "existing certificate (MIC)",
    },
    "device_security_mode": {1: "non-secure", 2: "authenticated", 3: "encrypted"},
    "transport_layer_protocol": {1: "TCP", 2: "UDP", 3: "TLS"},
    "web_access": {0: "enabled", 1: "disabled", 2: "read-only"},
    "web_protocol": {0: "HTTP and HTTPS", 1: "HTTPS only"},
    "ssh_access": _ENABLED_DISABLED,
    "pc_port": _ENABLED_DISABLED,
    "span_to_pc_port": _ENABLED_DISABLED,
}


def meaning(field: str, value: int | None) -> str | None:
    """Return what `value` of this field stands for, None where no source says."""
    return None if value is None else MEANINGS.get(field, {}).get(value)
