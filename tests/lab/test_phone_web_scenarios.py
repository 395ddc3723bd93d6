"""The lab's phones: what the scenarios are, and that the stand-in is a web server like any."""

from __future__ import annotations

import http.client
import re

import pytest

from tests.stand_ins import in_background
from vpnprobe.lab.catalogue import find_any_scenario
from vpnprobe.lab.phone_web.network import running_phone_web_lab
from vpnprobe.lab.phone_web.pages import CONSOLE, DEVICE, LOGS, NETWORK, PHONE_SECRET, STATUS
from vpnprobe.lab.phone_web.scenario import PhoneWebScenario
from vpnprobe.lab.phone_web.scenarios import phone_web_scenarios

each_scenario = pytest.mark.parametrize("scenario", phone_web_scenarios(), ids=lambda scenario: scenario.name)


@each_scenario
def test_names_and_words(scenario: PhoneWebScenario) -> None:
    assert re.fullmatch(r"phone-web(-[a-z0-9]+)+", scenario.name)
    assert find_any_scenario(scenario.name) is scenario
    assert not scenario.title.endswith(".")
    assert all(line.endswith(".") for line in scenario.story)


@each_scenario
def test_an_alarm_is_due_where_a_fault_is(scenario: PhoneWebScenario) -> None:
    assert bool(scenario.expect_fail) == (scenario.expect_verdict in ("fail", "warn")) or (
        scenario.expect_verdict == "inconclusive"
    )


@pytest.mark.parametrize("path", [DEVICE, NETWORK, STATUS, CONSOLE, *LOGS])
def test_a_page_as_another_client_gets_it(path: str) -> None:
    [healthy] = [one for one in phone_web_scenarios() if one.name == "phone-web-healthy"]
    with in_background(running_phone_web_lab(healthy)) as lab:
        connection = http.client.HTTPConnection(lab.phone.host, lab.phone.port, timeout=5)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
    assert answer.status == 200
    assert body.startswith(b"<HTML>") == (path not in LOGS)
    assert (PHONE_SECRET.encode() in body) == (path == NETWORK or path in LOGS)


def test_the_command_line_that_it_names() -> None:
    [newer] = [one for one in phone_web_scenarios() if one.name == "phone-web-healthy-8845"]
    with in_background(running_phone_web_lab(newer)) as lab:
        words = lab.arguments
        text = lab.describe(60)
    assert words[:2] == ["phone-web", str(lab.phone)]
    assert "--https" in words
    assert "vpnprobe phone-web" in text
