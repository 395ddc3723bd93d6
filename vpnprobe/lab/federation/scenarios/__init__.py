"""The catalogue of federation scenarios: pure data, one module for each part of a partner's way to the edge."""

from __future__ import annotations

import functools

from vpnprobe.lab.federation.scenario import FederationScenario
from vpnprobe.lab.federation.scenarios import certificates, healthy, names, records, sip, tls
from vpnprobe.lab.naming import by_name


@functools.cache
def federation_scenarios() -> tuple[FederationScenario, ...]:
    """Return every scenario: the healthy ones first, then faults in the order that a partner meets them."""
    return (
        *healthy.SCENARIOS,
        *records.SCENARIOS,
        *names.SCENARIOS,
        *tls.SCENARIOS,
        *certificates.SCENARIOS,
        *sip.SCENARIOS,
    )


def find_federation_scenario(name: str) -> FederationScenario:
    """Return the scenario with this name; raises `UsageError` with the closest names where there is none."""
    return by_name(name, federation_scenarios())
