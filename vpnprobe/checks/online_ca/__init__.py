"""Checks of the online CA that CAPF enrols at."""

from vpnprobe.checks.online_ca.certificate import OCA003, OCA004, OCA005
from vpnprobe.checks.online_ca.needs import NOT_ASKED
from vpnprobe.checks.online_ca.server import OCA001, OCA002, OCA006, OCA007, OCA008

__all__ = ["CHECKS", "NOT_ASKED"]

CHECKS = (OCA001, OCA002, OCA003, OCA004, OCA005, OCA006, OCA007, OCA008)
