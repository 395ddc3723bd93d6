"""Scenarios of given certificates: fit to print, and their commands work in a process of their own."""

from __future__ import annotations

import asyncio
import re
import sys

import msgspec
import pytest

from tests.lab.accuracy import Outcome
from vpnprobe.checks.catalogue import CHECKS
from vpnprobe.lab.catalogue import all_scenarios
from vpnprobe.lab.given.network import running_certificate_lab
from vpnprobe.lab.given.scenario import CertificateScenario, GivenCertificate
from vpnprobe.lab.given.scenarios import certificate_scenarios
from vpnprobe.model.finding import Report

EXIT_CODES = {"pass": 0, "warn": 1, "fail": 2, "inconclusive": 3}

every_scenario = pytest.mark.parametrize("scenario", certificate_scenarios(), ids=lambda scenario: scenario.name)


def test_names_and_titles_are_unique_among_all_kinds() -> None:
    names = [scenario.name for scenario in all_scenarios()]
    assert len(set(names)) == len(names)
    titles = [scenario.title for scenario in certificate_scenarios()]
    assert len(set(titles)) == len(titles)


@every_scenario
def test_words_are_fit_to_print(scenario: CertificateScenario) -> None:
    assert re.fullmatch(r"certificate(-[a-z0-9]+)+", scenario.name)
    assert not scenario.title.endswith(".")
    assert all(line.endswith(".") and line.isprintable() for line in scenario.story)
    assert list(scenario.covers) == sorted(set(scenario.covers))
    assert scenario.expect_fail <= {check.id for check in CHECKS}


@every_scenario
def test_what_is_healthy_raises_no_alarm(scenario: CertificateScenario) -> None:
    assert scenario.name.startswith("certificate-healthy") == (not scenario.expect_fail)


def test_every_check_alarms_in_some_scenario_but_one() -> None:
    """LSC019 is about what a server sends, which `vpnprobe gateway` and its scenarios have as CRT003."""
    found = {check for scenario in certificate_scenarios() for check in scenario.expect_fail}
    assert {check.id for check in CHECKS if "certificate" in check.probes} - found == {"LSC019"}


def test_faults_are_plain_values() -> None:
    healthy, *_ = certificate_scenarios()
    assert healthy.certificate == GivenCertificate()
    assert healthy.faults == {}


@pytest.mark.parametrize(
    "name",
    [
        "certificate-healthy-lsc",
        "certificate-healthy-gateway",
        "certificate-healthy-online-ca",
        "certificate-foreign-cluster",
        "certificate-mic-sha2-unknown-to-gateway",
        "certificate-stale",
        "certificate-cut",
    ],
)
async def test_printed_command(name: str) -> None:
    [scenario] = [one for one in certificate_scenarios() if one.name == name]
    async with running_certificate_lab(scenario) as lab:
        assert name in lab.describe()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "vpnprobe", *lab.arguments, "--format", "jsonl", stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await process.communicate()
    reports = tuple(msgspec.json.decode(line, type=Report) for line in printed.splitlines())
    assert Outcome(scenario, reports).is_right
    assert process.returncode == EXIT_CODES[scenario.expect_verdict]
