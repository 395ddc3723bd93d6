"""Checks of trust lists and of the signatures of phone files."""

from __future__ import annotations

from vpnprobe.checks.base import AnyCheck
from vpnprobe.checks.trust.encryption import SGN014
from vpnprobe.checks.trust.files import FILES
from vpnprobe.checks.trust.lists import LISTS, SGN015
from vpnprobe.checks.trust.tvs import TVS

# In the order of the stages: what is decided about the files, then what hangs on the configuration.
FILE_CHECKS: tuple[AnyCheck, ...] = (*LISTS, *FILES, *TVS)
CONFIG_CHECKS: tuple[AnyCheck, ...] = (SGN014, SGN015)
