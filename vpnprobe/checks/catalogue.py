"""All checks, in the order in which a phone, or a federation peer, lives what they judge."""

from __future__ import annotations

import difflib
from typing import Final

from vpnprobe.checks import (
    boot_files,
    capf,
    certificate,
    client_certificate,
    config,
    config_server,
    device_security,
    federation,
    handshake,
    host_id,
    login,
    lsc,
    net,
    online_ca,
    phone_web,
    pin,
    shown_certificate,
    tls,
    trust,
    vpn_group,
)
from vpnprobe.checks.base import AnyCheck
from vpnprobe.model.errors import UsageError

CHECKS: Final[tuple[AnyCheck, ...]] = (
    net.NET001,
    net.NET003,
    *config_server.CHECKS,
    *boot_files.CHECKS,
    *trust.FILE_CHECKS,
    *config.CHECKS,
    *trust.CONFIG_CHECKS,
    *device_security.CHECKS,
    *vpn_group.CHECKS,
    net.NET002,
    *tls.CHECKS,
    *shown_certificate.CHECKS,
    net.NET004,
    *pin.CHECKS,
    *certificate.CHECKS,
    *host_id.CHECKS,
    *handshake.CHECKS,
    *client_certificate.CHECKS,
    *login.CHECKS,
    *federation.CHECKS,
    *lsc.CHECKS,
    *capf.CHECKS,
    *online_ca.CHECKS,
    *phone_web.CHECKS,
)

# Ids of checks that no longer exist. They are never given to another check.
RETIRED: Final[frozenset[str]] = frozenset()


def find(name: str) -> AnyCheck:
    """Return the check with this id or slug; raises `UsageError` that names the closest ones."""
    wanted = name.strip().lower()
    known = {key: check for check in CHECKS for key in (check.id.lower(), check.slug)}
    if wanted in known:
        return known[wanted]
    closest = [known[key].id for key in difflib.get_close_matches(wanted, known, n=3, cutoff=0.6)]
    closest = closest or [check.id for check in CHECKS if check.id.lower().startswith(wanted[:3] or " ")][:3]
    hint = f"did you mean {', '.join(closest)}? " if closest else ""
    raise UsageError(f"no check is called {name!r}; {hint}`vpnprobe explain` lists all")
