"""Checks of a CAPF, in the order in which a phone meets what they judge."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import AnyCheck
from vpnprobe.checks.capf.certificate import CPF014, CPF015, CPF016, CPF017, CPF018, CPF019, CPF020
from vpnprobe.checks.capf.greeting import CPF009, CPF010, CPF011, CPF012, CPF013
from vpnprobe.checks.capf.reaching import CPF001, CPF002, CPF003, CPF004, CPF006
from vpnprobe.checks.capf.session import CPF005, CPF007, CPF008
from vpnprobe.checks.capf.trust_list import CPF021

CHECKS: Final[tuple[AnyCheck, ...]] = (
    CPF001,
    CPF002,
    CPF003,
    CPF004,
    CPF005,
    CPF006,
    CPF007,
    CPF008,
    CPF009,
    CPF010,
    CPF011,
    CPF012,
    CPF013,
    CPF014,
    CPF015,
    CPF016,
    CPF017,
    CPF018,
    CPF019,
    CPF020,
    CPF021,
)
