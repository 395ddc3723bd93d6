"""Every scenario of the lab, whatever is probed in it, and how to start one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, NamedTuple, Protocol

from vpnprobe.lab.capf.network import running_capf_lab
from vpnprobe.lab.capf.scenarios import capf_scenarios
from vpnprobe.lab.federation.network import running_federation_lab
from vpnprobe.lab.federation.scenarios import federation_scenarios
from vpnprobe.lab.given.network import running_certificate_lab
from vpnprobe.lab.given.scenarios import certificate_scenarios
from vpnprobe.lab.naming import by_name
from vpnprobe.lab.network import running_lab
from vpnprobe.lab.phone_web.network import running_phone_web_lab
from vpnprobe.lab.phone_web.scenarios import phone_web_scenarios
from vpnprobe.lab.scenarios import scenarios
from vpnprobe.lab.trust.network import running_config_lab
from vpnprobe.lab.trust.scenarios import config_scenarios
from vpnprobe.model.finding import Verdict


class AnyScenario(Protocol):
    """What the scenarios of every kind have in common."""

    @property
    def name(self) -> str:
        """Unique among all kinds."""

    @property
    def kind(self) -> str:
        """What is probed: a key of `KINDS`."""

    @property
    def title(self) -> str:
        """The fault in one line."""

    @property
    def covers(self) -> tuple[str, ...]:
        """The statements that it shows."""

    @property
    def expect_fail(self) -> frozenset[str]:
        """The ids of exactly those checks that must alarm."""

    @property
    def expect_verdict(self) -> Verdict:
        """How the probe must end."""


class AnyLab(Protocol):
    """A scenario's network while it runs."""

    @property
    def arguments(self) -> Sequence[str]:
        """The command line that probes it, without the program's name."""

    def describe(self, width: int) -> str:
        """Return what runs where, in lines of at most `width` characters where they can be broken."""


class Kind(NamedTuple):
    """The scenarios of one kind, and how to run one: `running(scenario, port_base=None)`."""

    scenarios: Callable[[], Sequence[AnyScenario]]
    running: Callable[..., AbstractAsyncContextManager[Any]]


KINDS: Final[dict[str, Kind]] = {
    "phone": Kind(scenarios, running_lab),
    "federation": Kind(federation_scenarios, running_federation_lab),
    "config": Kind(config_scenarios, running_config_lab),
    "capf": Kind(capf_scenarios, running_capf_lab),
    "certificate": Kind(certificate_scenarios, running_certificate_lab),
    "phone-web": Kind(phone_web_scenarios, running_phone_web_lab),
}


def all_scenarios() -> tuple[AnyScenario, ...]:
    """Return every scenario, the phones' first."""
    return tuple(scenario for kind in KINDS.values() for scenario in kind.scenarios())


def find_any_scenario(name: str) -> AnyScenario:
    """Return the scenario with this name; raises `UsageError` with the closest names where there is none."""
    return by_name(name, all_scenarios())


def running_any_lab(scenario: AnyScenario, *, port_base: int | None = None) -> AbstractAsyncContextManager[AnyLab]:
    """Run the network of `scenario` until the body ends; `port_base` as its own lab takes it."""
    return KINDS[scenario.kind].running(scenario, port_base=port_base)
