import ipaddress
import re
from pathlib import Path

import msgspec
import pytest

from vpnprobe.checks.catalogue import CHECKS
from vpnprobe.lab.catalogue import all_scenarios
from vpnprobe.lab.configuration import fitting_load
from vpnprobe.lab.scenario import GATEWAY_NAME, MEMBER_NAME, Network, Scenario
from vpnprobe.lab.scenarios import find_scenario, scenarios
from vpnprobe.model.errors import UsageError
from vpnprobe.phones import guess_profile, load_profile

STATEMENT = re.compile(r"(?:VP|CA)-(0[1-9]|[123]\d|4[0-2])")
# Seen on the wire or in a file by a probe from outside (the others are console text, menus or advice).
OBSERVABLE = {
    f"VP-{number:02}"
    for number in (3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 23, 24, 25, 26, 28, 29, 30, 31, 32, 33, 34, 35, 37, 38, 39, 40, 42)
}
DIFFERENTIAL = {f"VP-{number:02}" for number in (1, 2, 14, 15, 17, 18, 20, 21)}
# Stands beside another address of a name in the DNS, which is what one scenario is about.
NEVER_DIALLED = "10.1.1.5"

every_scenario = pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.name)


def test_names_are_unique() -> None:
    names = [scenario.name for scenario in scenarios()]
    assert len(set(names)) == len(names)


def test_titles_are_unique() -> None:
    titles = [scenario.title for scenario in scenarios()]
    assert len(set(titles)) == len(titles)


@every_scenario
def test_words_are_fit_to_print(scenario: Scenario) -> None:
    assert re.fullmatch(r"[a-z0-9.]+(-[a-z0-9.]+)*", scenario.name)
    assert not scenario.title.endswith(".")
    assert len(scenario.story) == 2
    assert all(line.endswith((".", "?")) and line.isprintable() for line in scenario.story)


@every_scenario
def test_covers_and_expectations_are_ids(scenario: Scenario) -> None:
    assert all(STATEMENT.fullmatch(statement) for statement in scenario.covers)
    assert list(scenario.covers) == sorted(set(scenario.covers))
    assert scenario.expect_fail <= {check.id for check in CHECKS}


@every_scenario
def test_verdict_fits_the_alarms(scenario: Scenario) -> None:
    # What is open is no alarm, and an alarm may stand beside what is open.
    fitting = {"fail", "warn", "inconclusive"} if scenario.expect_fail else {"pass", "inconclusive"}
    assert scenario.expect_verdict in fitting


@every_scenario
def test_what_is_called_healthy_departs_in_no_alarm(scenario: Scenario) -> None:
    assert not (scenario.name.startswith("healthy") and scenario.expect_fail)


@every_scenario
def test_load_belongs_to_the_model(scenario: Scenario) -> None:
    assert guess_profile(fitting_load(scenario.model)) == load_profile(scenario.model).id


def test_healthy_has_no_faults() -> None:
    healthy = find_scenario("healthy")
    assert healthy.network == Network()
    assert healthy.faults == {}


def test_faults_are_plain_values() -> None:
    assert find_scenario("tftp-silent").faults == {"config_server": {"tftp": "silent"}}


@every_scenario
def test_scenario_survives_json(scenario: Scenario) -> None:
    assert msgspec.json.decode(msgspec.json.encode(scenario), type=Scenario) == scenario


def test_every_observable_statement_has_a_scenario() -> None:
    covered = {statement for scenario in scenarios() for statement in scenario.covers}
    assert covered >= OBSERVABLE | DIFFERENTIAL


def test_every_check_of_the_phone_probe_fails_somewhere() -> None:
    expected = {check for scenario in all_scenarios() for check in scenario.expect_fail}
    alarming = {check.id for check in CHECKS if "phone" in check.probes and check.severity != "info"}
    # A name of this machine's hosts file is nothing that a lab without root can have.
    assert expected & alarming == alarming - {"NET003"}


def test_names_are_reserved_ones() -> None:
    assert GATEWAY_NAME.endswith(".example")
    assert MEMBER_NAME.endswith(".example")


def test_unknown_name_is_answered_with_the_closest() -> None:
    with pytest.raises(UsageError, match=r"did you mean .*tftp-silent"):
        find_scenario("tftp-silence")


def test_part_of_a_name_is_answered_with_those_that_hold_it() -> None:
    with pytest.raises(UsageError, match="csd-enabled"):
        find_scenario("csd")


def test_strange_name_is_answered_with_the_list_command() -> None:
    with pytest.raises(UsageError, match=r"called '%%%'; `vpnprobe lab list`"):
        find_scenario("%%%")


def test_no_address_but_loopback_is_written_in_the_lab() -> None:
    # What a phone's pages show is text: the addresses of its own network, which nobody dials.
    pages = "phone_web"
    found = {
        match
        for path in Path(__file__).parents[2].joinpath("vpnprobe", "lab").rglob("*.py")
        if path.parent.name != pages
        for match in re.findall(r"\b\d{1,3}(?:\.\d{1,3}){3}\b", path.read_text(encoding="utf-8"))
    }
    assert found
    assert {address for address in found if not ipaddress.ip_address(address).is_loopback} == {NEVER_DIALLED}
