"""Every fault of the lab is found, and nothing else is alarmed about."""

import asyncio
import functools
import sys

import pytest

from tests.lab.accuracy import Outcome, probe, probe_all, table
from vpnprobe.checks.differential import CAUSES
from vpnprobe.lab.configuration import SSH_PASSWORD
from vpnprobe.lab.gateway import PASSWORD, SESSION_COOKIE
from vpnprobe.lab.listening import has_address
from vpnprobe.lab.scenario import Scenario
from vpnprobe.lab.scenarios import find_scenario, scenarios
from vpnprobe.render.json_report import render_json
from vpnprobe.render.terminal import render_terminal

# The lab's password, its session cookie and the SSH password in its configuration.
SECRETS = (PASSWORD, SESSION_COOKIE, SSH_PASSWORD, "PRIVATE KEY")

every_scenario = pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.name)


@functools.cache
def outcomes() -> dict[str, Outcome]:
    return {outcome.scenario.name: outcome for outcome in asyncio.run(probe_all(scenarios()))}


def test_accuracy(capsys: pytest.CaptureFixture[str]) -> None:
    results = list(outcomes().values())
    with capsys.disabled():
        sys.stdout.write(f"\n{table(results)}\n")
    assert all(outcome.is_right for outcome in results)


@every_scenario
def test_alarms_are_those_that_are_due(scenario: Scenario) -> None:
    outcome = outcomes()[scenario.name]
    assert outcome.alarms == scenario.expect_fail, str(outcome)
    assert outcome.report.verdict == scenario.expect_verdict


@every_scenario
def test_no_check_breaks(scenario: Scenario) -> None:
    broken = [finding for finding in outcomes()[scenario.name].report.findings if finding.status == "error"]
    assert not broken


@every_scenario
def test_report_is_fit_for_a_terminal(scenario: Scenario) -> None:
    text = render_terminal(outcomes()[scenario.name].report, verbose=True)
    assert all(character.isprintable() or character == "\n" for character in text)


@every_scenario
def test_no_secret_is_in_the_report(scenario: Scenario) -> None:
    text = render_json([outcomes()[scenario.name].report])
    assert not [secret for secret in SECRETS if secret in text]


@pytest.mark.skipif(not has_address("::1"), reason="this machine has no IPv6 on loopback")
@pytest.mark.parametrize("name", ["healthy-8841", "host-id-off-ip-url", "host-id-ip-url"])
async def test_everything_in_ipv6(name: str) -> None:
    outcome = await probe(find_scenario(name), host="::1")
    assert outcome.is_right, str(outcome)


@every_scenario
def test_every_alarm_says_what_to_do(scenario: Scenario) -> None:
    for finding in outcomes()[scenario.name].report.findings:
        if finding.is_alarm:
            assert finding.summary
            assert finding.fix


@every_scenario
def test_statements_of_the_fault_are_named(scenario: Scenario) -> None:
    """By the check that alarms, or by one of the possible causes that it lists where only the ASA can tell."""
    outcome = outcomes()[scenario.name]
    if not scenario.expect_fail:
        return
    alarms = [finding for finding in outcome.report.findings if finding.is_alarm]
    decided = {statement for finding in alarms for statement in finding.covers}
    lists = [finding.facts.get("possible_causes") for finding in alarms]
    listed = {cause for causes in lists if isinstance(causes, list) for cause in causes}
    possible = {statement for cause in CAUSES if cause.summary in listed for statement in cause.statements}
    assert set(scenario.covers) <= decided | possible
