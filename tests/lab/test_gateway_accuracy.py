"""The gateway probe raises the alarms that can be seen without a configuration, and no other."""

import asyncio
import functools

import pytest

from vpnprobe.checks.catalogue import CHECKS
from vpnprobe.checks.evaluate import judge
from vpnprobe.lab.network import running_lab
from vpnprobe.lab.scenario import Scenario
from vpnprobe.lab.scenarios import scenarios
from vpnprobe.model.finding import Report
from vpnprobe.model.target import parse_group_url
from vpnprobe.phones import load_profile
from vpnprobe.probes.gateway import GatewayProbe
from vpnprobe.probes.options import GatewayOptions, NetworkOptions

SEEN_FROM_OUTSIDE = {check.id for check in CHECKS if "gateway" in check.probes}

# Here every phone counts, not only the scenario's: what is healthy for it may be none for another.
# And no certHash is known, so an EC certificate beside the RSA one cannot be excused by its pin.
EVERY_PHONE = {
    "tls12-only-8841": {"TLS001"},
    "ec-self-signed-7962": {"TLS002"},
    "ec-self-signed-pre12.5": {"TLS002"},
    "ec-pinned-8841": {"TLS002"},
}


def distinct() -> list[Scenario]:
    """The first scenario of each gateway and DNS server."""
    found: dict[object, Scenario] = {}
    for scenario in scenarios():
        found.setdefault((scenario.network.dns, scenario.network.gateways, scenario.options.by_address), scenario)
    return list(found.values())


@functools.cache
def reports() -> dict[str, Report]:
    return asyncio.run(probe_all())


async def probe_all() -> dict[str, Report]:
    places = asyncio.Semaphore(8)

    async def one(scenario: Scenario) -> Report:
        async with places, running_lab(scenario) as lab:
            url = parse_group_url(lab.group_url)
            options = GatewayOptions(
                gateway=url.endpoint,
                profile=load_profile(scenario.model),
                group_url=url,
                network=NetworkOptions(resolvers=(lab.dns_endpoint,), timeout=1.0),
            )
            return judge(await GatewayProbe(options).run())

    async with asyncio.TaskGroup() as group:
        tasks = {scenario.name: group.create_task(one(scenario)) for scenario in distinct()}
    return {name: task.result() for name, task in tasks.items()}


@pytest.mark.parametrize("scenario", distinct(), ids=lambda scenario: scenario.name)
def test_alarms(scenario: Scenario) -> None:
    report = reports()[scenario.name]
    due = EVERY_PHONE.get(scenario.name, scenario.expect_fail & SEEN_FROM_OUTSIDE)
    assert {finding.id for finding in report.findings if finding.is_alarm} == due
    assert not [finding for finding in report.findings if finding.status == "error"]
