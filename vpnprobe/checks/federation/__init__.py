"""Checks of a SIP domain that federates with Microsoft: in the order in which an edge meets what they judge."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import AnyCheck

CHECKS: Final[tuple[AnyCheck, ...]] = ()
