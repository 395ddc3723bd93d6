"""The catalogue of lab scenarios: pure data, one module for each part of a phone's way to the gateway."""

from __future__ import annotations

import difflib
import functools

from vpnprobe.lab.scenario import Scenario
from vpnprobe.lab.scenarios import boot_files, certificates, client, configuration, healthy, login, names, tls
from vpnprobe.model.errors import UsageError

_CLOSEST = 3


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
    known = {scenario.name: scenario for scenario in scenarios()}
    if name in known:
        return known[name]
    closest = difflib.get_close_matches(name, known, n=_CLOSEST, cutoff=0.4)
    closest = closest or [other for other in known if name and name in other][:_CLOSEST]
    hint = f"did you mean {', '.join(closest)}? " if closest else ""
    raise UsageError(f"no lab scenario is called {name!r}; {hint}`vpnprobe lab list` shows all")
