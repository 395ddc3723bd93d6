"""The catalogue of CAPF scenarios, and the commands that their labs name."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import msgspec
import pytest

from vpnprobe.checks.catalogue import CHECKS
from vpnprobe.lab.capf.network import running_capf_lab
from vpnprobe.lab.capf.scenario import CapfScenario
from vpnprobe.lab.capf.scenarios import capf_scenarios, find_capf_scenario
from vpnprobe.lab.catalogue import find_any_scenario
from vpnprobe.model.errors import UsageError
from vpnprobe.phones import load_profile

every_scenario = pytest.mark.parametrize("scenario", capf_scenarios(), ids=lambda scenario: scenario.name)


def test_names_and_titles_are_unique() -> None:
    assert len({scenario.name for scenario in capf_scenarios()}) == len(capf_scenarios())
    assert len({scenario.title for scenario in capf_scenarios()}) == len(capf_scenarios())


@every_scenario
def test_metadata(scenario: CapfScenario) -> None:
    assert scenario.name.startswith("capf-")
    assert not scenario.title.endswith(".")
    assert all(line.endswith(".") for line in scenario.story)
    assert all(statement.startswith("CA-") for statement in scenario.covers)
    assert load_profile(scenario.model).id
    healthy = scenario.name.startswith("capf-healthy")
    assert not healthy or (scenario.expect_verdict, scenario.expect_fail) == ("pass", frozenset())


@every_scenario
def test_scenario_survives_json(scenario: CapfScenario) -> None:
    assert msgspec.json.decode(msgspec.json.encode(scenario), type=CapfScenario) == scenario


def test_every_check_of_the_area_fails_somewhere() -> None:
    expected = {check for scenario in capf_scenarios() for check in scenario.expect_fail}
    alarming = {check.id for check in CHECKS if check.id.startswith("CPF") and check.severity != "info"}
    assert alarming <= expected


def test_a_name_nearly_right_is_answered_with_the_closest() -> None:
    with pytest.raises(UsageError, match="capf-port-closed"):
        find_any_scenario("capf-port-close")
    assert find_any_scenario("capf-healthy").kind == "capf"


@pytest.mark.parametrize("name", ["capf-healthy-string", "capf-other-certificate", "capf-idle-timeout-4"])
async def test_the_command_that_is_named_finds_the_fault(name: str) -> None:
    scenario = find_capf_scenario(name)
    async with running_capf_lab(scenario) as lab:
        command = [sys.executable, "-m", "vpnprobe", *lab.arguments, "--json"]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False)
        report = msgspec.json.decode(done.stdout)
    found = {one["id"] for one in report["findings"] if one["status"] == "fail" and one["severity"] != "info"}
    assert found == scenario.expect_fail
    assert report["verdict"] == scenario.expect_verdict


async def test_a_running_lab_says_how_to_probe_it() -> None:
    async with running_capf_lab(find_capf_scenario("capf-idle-timeout")) as lab:
        text = lab.describe(80)
        assert f"vpnprobe capf cucm-pub.lab.example:{lab.port}" in text
        assert "--idle-timeout 10" in text
        assert "CPF006" in text
        prose = [line for line in text.splitlines() if "vpnprobe capf" not in line and "files" not in line]
        assert all(len(line) <= 80 for line in prose)


async def test_ports_of_the_operator_s_choice() -> None:
    async with running_capf_lab(find_capf_scenario("capf-healthy")) as free:
        base = free.port
    async with running_capf_lab(find_capf_scenario("capf-healthy"), port_base=base) as lab:
        assert (lab.port, lab.resolver.port) == (base, base + 1)
        with pytest.raises(UsageError, match=f"port {base}"):
            async with running_capf_lab(find_capf_scenario("capf-healthy"), port_base=base):
                pass
