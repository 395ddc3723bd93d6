"""Every fault of the lab is found, and nothing else is alarmed about."""

import asyncio
import functools
import sys
from ipaddress import ip_address

import pytest

from tests.lab.accuracy import Outcome, probe, probe_all, table
from vpnprobe.checks.differential import CAUSES
from vpnprobe.lab.catalogue import AnyScenario, all_scenarios
from vpnprobe.lab.configuration import SSH_PASSWORD
from vpnprobe.lab.federation.scenario import FederationScenario
from vpnprobe.lab.federation.scenarios import federation_scenarios
from vpnprobe.lab.gateway import PASSWORD, SESSION_COOKIE
from vpnprobe.lab.listening import has_address
from vpnprobe.lab.phone_web.pages import PHONE_SECRET
from vpnprobe.lab.scenarios import find_scenario
from vpnprobe.model.target import parse_endpoint
from vpnprobe.render.json_report import render_json
from vpnprobe.render.terminal import render_terminal

# The lab's password, its session cookie, the SSH password in its configuration, the one in a phone's pages and logs.
SECRETS = (PASSWORD, SESSION_COOKIE, SSH_PASSWORD, PHONE_SECRET, "PRIVATE KEY")

every_scenario = pytest.mark.parametrize("scenario", all_scenarios(), ids=lambda scenario: scenario.name)


@functools.cache
def outcomes() -> dict[str, Outcome]:
    return {outcome.scenario.name: outcome for outcome in asyncio.run(probe_all(all_scenarios()))}


def test_accuracy(capsys: pytest.CaptureFixture[str]) -> None:
    results = list(outcomes().values())
    with capsys.disabled():
        sys.stdout.write(f"\n{table(results)}\n")
    assert all(outcome.is_right for outcome in results)


@every_scenario
def test_alarms_are_those_that_are_due(scenario: AnyScenario) -> None:
    outcome = outcomes()[scenario.name]
    assert outcome.alarms == scenario.expect_fail, str(outcome)
    assert not outcome.misplaced, str(outcome)
    assert outcome.verdict == scenario.expect_verdict


@every_scenario
def test_no_check_breaks(scenario: AnyScenario) -> None:
    broken = [finding for finding in outcomes()[scenario.name].findings if finding.status == "error"]
    assert not broken


@every_scenario
def test_report_is_fit_for_a_terminal(scenario: AnyScenario) -> None:
    text = "".join(render_terminal(report, verbose=True) for report in outcomes()[scenario.name].reports)
    assert all(character.isprintable() or character == "\n" for character in text)


@every_scenario
def test_no_secret_is_in_the_report(scenario: AnyScenario) -> None:
    text = render_json(outcomes()[scenario.name].reports)
    assert not [secret for secret in SECRETS if secret in text]


@pytest.mark.skipif(not has_address("::1"), reason="this machine has no IPv6 on loopback")
@pytest.mark.parametrize("name", ["healthy-8841", "host-id-off-ip-url", "host-id-ip-url"])
async def test_everything_in_ipv6(name: str) -> None:
    outcome = await probe(find_scenario(name), host="::1")
    assert outcome.is_right, str(outcome)


@every_scenario
def test_every_alarm_says_what_to_do(scenario: AnyScenario) -> None:
    for finding in outcomes()[scenario.name].findings:
        if finding.is_alarm:
            assert finding.summary
            assert finding.fix


@every_scenario
def test_statements_of_the_scenario_are_decided(scenario: AnyScenario) -> None:
    """By the check that alarms, or by one of the possible causes that it lists where only the ASA can tell.

    In a federation without an alarm by a check that passes, or by one that tells something.
    """
    outcome = outcomes()[scenario.name]
    if scenario.expect_fail:
        deciding = [finding for finding in outcome.findings if finding.is_alarm]
    elif scenario.kind == "federation" and scenario.expect_verdict == "pass":
        deciding = [finding for finding in outcome.findings if finding.status in ("pass", "fail")]
    else:
        return
    decided = {statement for finding in deciding for statement in finding.covers}
    lists = [finding.facts.get("possible_causes") for finding in deciding]
    listed = {cause for causes in lists if isinstance(causes, list) for cause in causes}
    possible = {statement for cause in CAUSES if cause.summary in listed for statement in cause.statements}
    assert set(scenario.covers) <= decided | possible


@pytest.mark.parametrize("scenario", federation_scenarios(), ids=lambda scenario: scenario.name)
def test_no_federation_dials_anything_but_loopback(scenario: FederationScenario) -> None:
    for report in outcomes()[scenario.name].reports:
        seen = report.evidence.federation
        assert seen is not None
        dialled = [visit for visit in seen.visits if visit.flights or visit.handshakes or not visit.not_dialled]
        assert all(ip_address(parse_endpoint(visit.address, 0).host).is_loopback for visit in dialled)


def test_private_address_beside_another_is_seen_and_not_dialled() -> None:
    seen = outcomes()["federation-addresses-mixed"].report.evidence.federation
    assert seen is not None
    assert [visit.address for visit in seen.visits if visit.not_dialled] == ["10.1.1.5:5061"]
