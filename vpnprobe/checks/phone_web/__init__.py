"""Checks of what a phone's own pages and logs say."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import AnyCheck
from vpnprobe.checks.phone_web import configuration, identity, logs, messages, pages, tftp

CHECKS: Final[tuple[AnyCheck, ...]] = (
    *pages.CHECKS,
    *identity.CHECKS,
    *tftp.CHECKS,
    *messages.CHECKS,
    *logs.CHECKS,
    *configuration.CHECKS,
)
