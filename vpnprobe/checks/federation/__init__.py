"""Checks of a SIP domain that federates with Microsoft: in the order in which an edge meets what they judge."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import AnyCheck
from vpnprobe.checks.federation import (
    addresses,
    certificate,
    domain,
    edge,
    handshake,
    mutual,
    names,
    own_certificate,
    port,
    revocation,
    services,
    sip,
    srv,
    strength,
    suites,
    trust,
)

CHECKS: Final[tuple[AnyCheck, ...]] = (
    *srv.CHECKS,
    *port.CHECKS,
    *services.CHECKS,
    *domain.CHECKS,
    *addresses.CHECKS,
    *edge.CHECKS,
    *suites.CHECKS,
    *mutual.CHECKS,
    *own_certificate.CHECKS,
    *handshake.CHECKS,
    *names.CHECKS,
    *certificate.CHECKS,
    *trust.CHECKS,
    *strength.CHECKS,
    *revocation.CHECKS,
    *sip.CHECKS,
)
