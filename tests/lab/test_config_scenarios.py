"""The config scenarios: what their values promise, and the same files asked by an 8841 over HTTP."""

from __future__ import annotations

import re

import pytest

from tests.lab.accuracy import probe_config
from vpnprobe.checks.catalogue import CHECKS
from vpnprobe.lab.listening import has_address
from vpnprobe.lab.scenarios import scenarios
from vpnprobe.lab.trust.network import running_config_lab
from vpnprobe.lab.trust.scenario import ConfigScenario
from vpnprobe.lab.trust.scenarios import config_scenarios
from vpnprobe.model.errors import UsageError
from vpnprobe.phones import load_profile

STATEMENT = re.compile(r"VP-39|CA-\d\d")
# About one model, and so not about another.
OF_ONE_MODEL = ("config-sha512-7962", "config-existing-certificate-7962")

every_scenario = pytest.mark.parametrize("scenario", config_scenarios(), ids=lambda scenario: scenario.name)


def test_names_and_titles_are_unique() -> None:
    scenarios = config_scenarios()
    assert len({one.name for one in scenarios}) == len({one.title for one in scenarios}) == len(scenarios)


@every_scenario
def test_words_are_fit_to_print(scenario: ConfigScenario) -> None:
    assert re.fullmatch(r"config-[a-z0-9]+(-[a-z0-9]+)*", scenario.name)
    assert not scenario.title.endswith(".")
    assert all(line.endswith(".") and line.isprintable() for line in scenario.story)


@every_scenario
def test_covers_and_expectations_are_ids(scenario: ConfigScenario) -> None:
    assert all(STATEMENT.fullmatch(statement) for statement in scenario.covers)
    assert scenario.expect_fail <= {check.id for check in CHECKS}


def test_every_check_of_the_config_probe_fails_somewhere() -> None:
    # Whether a phone has an LSC is only known where its certificate is given, to `vpnprobe phone`.
    expected = {check for scenario in config_scenarios() for check in scenario.expect_fail}
    expected |= {check for scenario in scenarios() for check in scenario.expect_fail}
    own = {check.id for check in CHECKS if check.id[:3] in ("SGN", "SEC") and check.severity != "info"}
    assert expected >= own


@pytest.mark.parametrize(
    "scenario",
    [scenario for scenario in config_scenarios() if scenario.name not in OF_ONE_MODEL],
    ids=lambda scenario: scenario.name,
)
async def test_an_8841_is_told_the_same_over_http(scenario: ConfigScenario) -> None:
    outcome = await probe_config(scenario, profile=load_profile("8841"))
    assert outcome.is_right, str(outcome)
    asked = {file.protocol for file in outcome.report.evidence.boot_files}
    assert asked == ({"http", "tftp"} if scenario.server.http == "silent" else {"http"})


async def test_only_loopback() -> None:
    with pytest.raises(UsageError, match="loopback"):
        async with running_config_lab(config_scenarios()[0], host="192.0.2.1"):
            pass


@pytest.mark.skipif(not has_address("::1"), reason="this machine has no IPv6 on loopback")
async def test_everything_in_ipv6() -> None:
    outcome = await probe_config(config_scenarios()[0], host="::1")
    assert outcome.is_right, str(outcome)
