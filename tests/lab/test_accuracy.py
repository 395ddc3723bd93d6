"""Every fault of the lab is found, and nothing else is alarmed about."""

import asyncio
import functools
import sys

import pytest

from tests.lab.accuracy import Outcome, probe_all, table
from vpnprobe.checks.differential import CAUSES
from vpnprobe.lab.scenario import Scenario
from vpnprobe.lab.scenarios import scenarios

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
