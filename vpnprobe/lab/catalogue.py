"""Every scenario of the lab, of phones and of federations, and how to start one of either kind."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from vpnprobe.lab.federation.network import FederationLab, running_federation_lab
from vpnprobe.lab.federation.scenario import FederationScenario
from vpnprobe.lab.federation.scenarios import federation_scenarios
from vpnprobe.lab.naming import by_name
from vpnprobe.lab.network import Lab, running_lab
from vpnprobe.lab.scenario import Scenario
from vpnprobe.lab.scenarios import scenarios

# Both have `name`, `kind`, `title`, `covers`, `expect_fail` and `expect_verdict`.
AnyScenario = Scenario | FederationScenario


def all_scenarios() -> tuple[AnyScenario, ...]:
    """Return every scenario, the phones' first."""
    return (*scenarios(), *federation_scenarios())


def find_any_scenario(name: str) -> AnyScenario:
    """Return the scenario with this name; raises `UsageError` with the closest names where there is none."""
    return by_name(name, all_scenarios())


def running_any_lab(
    scenario: AnyScenario, *, port_base: int | None = None
) -> AbstractAsyncContextManager[Lab | FederationLab]:
    """Run the network of `scenario` until the body ends; `port_base` as its own lab takes it."""
    if isinstance(scenario, FederationScenario):
        return running_federation_lab(scenario, port_base=port_base)
    return running_lab(scenario, port_base=port_base)
