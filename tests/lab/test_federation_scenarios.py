import ipaddress
import re

import msgspec
import pytest

from vpnprobe.checks.catalogue import CHECKS
from vpnprobe.lab.catalogue import all_scenarios, find_any_scenario
from vpnprobe.lab.federation.scenario import FederationScenario, Network
from vpnprobe.lab.federation.scenarios import federation_scenarios, find_federation_scenario
from vpnprobe.model.errors import UsageError

STATEMENT = re.compile(r"F4-(0[1-9]|1\d)|F3-(0[1-9]|[12]\d|3[01])|M-(0[1-9]|1[0-6])")
# Rows of the two documents that DNS, a handshake, a certificate or a SIP message shows, and M-01 to M-13.
OBSERVABLE = {
    *(f"F4-{number:02}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 18)),
    *(f"F3-{number:02}" for number in (1, 3, 4, 6, 8, 11, 15, 16, 20, 21, 22, 23, 24, 25, 26, 28)),
    *(f"M-{number:02}" for number in range(1, 14)),
}
NOT_IN_THE_LAB = {
    "F3-16": "DNS of one Jabber PC: it is seen from that PC only, by the system's own resolver",
    "M-07": "settings of the partner's own servers, which show nothing to the outside",
}

every_scenario = pytest.mark.parametrize("scenario", federation_scenarios(), ids=lambda scenario: scenario.name)


def federation_checks() -> set[str]:
    return {check.id for check in CHECKS if "federation" in check.probes}


def test_names_and_titles_are_unique_among_all_scenarios() -> None:
    for texts in ([one.name for one in all_scenarios()], [one.title for one in all_scenarios()]):
        assert len(set(texts)) == len(texts)


@every_scenario
def test_words_are_fit_to_print(scenario: FederationScenario) -> None:
    assert re.fullmatch(r"federation(-[a-z0-9]+)+", scenario.name)
    assert not scenario.title.endswith(".")
    assert all(line.endswith((".", "?")) and line.isprintable() for line in scenario.story)


@every_scenario
def test_covers_and_expectations_are_ids(scenario: FederationScenario) -> None:
    assert all(STATEMENT.fullmatch(statement) for statement in scenario.covers)
    assert len(set(scenario.covers)) == len(scenario.covers)
    assert scenario.expect_fail <= federation_checks()


@every_scenario
def test_verdict_and_places_fit_the_alarms(scenario: FederationScenario) -> None:
    severities = {check.severity for check in CHECKS if check.id in scenario.expect_fail}
    fitting = {"fail"} if "critical" in severities else {"warn"} if severities else {"pass", "inconclusive"}
    assert scenario.expect_verdict in fitting
    assert bool(scenario.expect_at) == bool(scenario.expect_fail)


@every_scenario
def test_what_is_called_healthy_departs_in_no_alarm(scenario: FederationScenario) -> None:
    assert not (scenario.name.startswith("federation-healthy") and (scenario.expect_verdict != "pass"))


def test_healthy_has_no_faults() -> None:
    healthy = find_federation_scenario("federation-healthy")
    assert healthy.network == Network()
    assert healthy.faults == {}


def test_faults_are_plain_values() -> None:
    assert find_federation_scenario("federation-port-silent").faults == {"edges": ({"listens": "silent"},)}


@every_scenario
def test_scenario_survives_json(scenario: FederationScenario) -> None:
    assert msgspec.json.decode(msgspec.json.encode(scenario), type=FederationScenario) == scenario


def test_every_observable_statement_has_a_scenario_or_a_reason() -> None:
    covered = {statement for scenario in federation_scenarios() for statement in scenario.covers}
    assert OBSERVABLE - covered == set(NOT_IN_THE_LAB)


def test_every_check_of_the_federation_probe_fails_somewhere() -> None:
    expected = {check for scenario in federation_scenarios() for check in scenario.expect_fail}
    alarming = {check.id for check in CHECKS if "federation" in check.probes and check.severity != "info"}
    assert expected == alarming


@every_scenario
def test_every_address_is_loopback_or_never_dialled(scenario: FederationScenario) -> None:
    resolvers = filter(None, (scenario.network.resolver, scenario.network.other_resolver))
    written = {record.data for one in resolvers for record in one.records if record.kind in ("A", "AAAA")}
    edges = {f"edge{number}" for number in range(1, len(scenario.network.edges) + 1)}
    others = {ipaddress.ip_address(data) for data in written - edges}
    assert all(address.is_loopback for address in others) or scenario.expect_fail == {"ADR002"}


def test_names_are_nobody_s_but_one_that_is_not_looked_up_outside() -> None:
    found = {
        record.name.rpartition(".")[2]
        for scenario in federation_scenarios()
        for record in scenario.network.resolver.records
        if record.name != "sipfed.online.lync.com"
    }
    assert found == {"example", "lab"}


def test_a_name_nearly_right_is_answered_with_the_closest_of_both_kinds() -> None:
    with pytest.raises(UsageError, match="federation-healthy-imp"):
        find_any_scenario("federation-healthy-im")
    assert find_any_scenario("healthy").kind == "phone"
    assert find_any_scenario("federation-healthy").kind == "federation"
