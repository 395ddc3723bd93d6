"""The catalogue of CAPF scenarios: pure data, one module for each part of a phone's way to its certificate."""

from __future__ import annotations

import functools

from vpnprobe.lab.capf.scenario import CapfScenario
from vpnprobe.lab.capf.scenarios import certificates, healthy, online_ca, reaching, session
from vpnprobe.lab.naming import by_name


@functools.cache
def capf_scenarios() -> tuple[CapfScenario, ...]:
    """Return every scenario: the healthy ones first, then faults in the order that a phone meets them."""
    return (
        *healthy.SCENARIOS,
        *reaching.SCENARIOS,
        *session.SCENARIOS,
        *certificates.SCENARIOS,
        *online_ca.SCENARIOS,
    )


def find_capf_scenario(name: str) -> CapfScenario:
    """Return the scenario with this name; raises `UsageError` with the closest names where there is none."""
    return by_name(name, capf_scenarios())
