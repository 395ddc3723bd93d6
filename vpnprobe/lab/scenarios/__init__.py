"""The catalogue of a phone's scenarios: pure data, one module for each part of a phone's way to the gateway."""

from __future__ import annotations

import functools

from vpnprobe.lab.naming import by_name
from vpnprobe.lab.scenario import Scenario
from vpnprobe.lab.scenarios import boot_files, certificates, client, configuration, healthy, login, names, tls


@functools.cache
def scenarios() -> tuple[Scenario, ...]:
    """Return every scenario: the healthy ones first, then faults in the order that a phone meets them."""
    return (
        *healthy.SCENARIOS,
        *names.SCENARIOS,
        *boot_files.SCENARIOS,
        *configuration.SCENARIOS,
        *tls.SCENARIOS,
        *certificates.SCENARIOS,
        *client.SCENARIOS,
        *login.SCENARIOS,
    )


def find_scenario(name: str) -> Scenario:
    """Return the scenario with this name; raises `UsageError` with the closest names where there is none."""
    return by_name(name, scenarios())
