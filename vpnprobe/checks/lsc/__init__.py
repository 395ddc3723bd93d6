"""Checks of certificates that the operator gives: LSCs and MICs above all, and those of CAPF, CAs and gateways."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import AnyCheck
from vpnprobe.checks.lsc import authority, dates, form, issuer, phone, strength

CHECKS: Final[tuple[AnyCheck, ...]] = (
    *form.CHECKS,
    *phone.CHECKS,
    *dates.CHECKS,
    *strength.CHECKS,
    *issuer.CHECKS,
    phone.LSC016,
    issuer.LSC017,
    *authority.CHECKS,
)
