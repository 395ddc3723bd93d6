"""The command that a running lab prints is one that works, in a process of its own."""

import asyncio
import json
import sys

import pytest

from vpnprobe.lab.network import running_lab
from vpnprobe.lab.scenarios import find_scenario

EXIT_CODES = {"pass": 0, "warn": 1, "fail": 2, "inconclusive": 3}


@pytest.mark.parametrize(
    "name",
    ["healthy", "healthy-password", "healthy-given-hash", "mic-instead-of-lsc", "each-asa-its-own-certificate"],
)
async def test_printed_command(name: str) -> None:
    scenario = find_scenario(name)
    async with running_lab(scenario) as lab:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "vpnprobe", *lab.arguments, "--json", stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await process.communicate()
    report = json.loads(printed)
    alarms = {
        finding["id"] for finding in report["findings"] if finding["status"] == "fail" and finding["severity"] != "info"
    }
    assert alarms == scenario.expect_fail
    assert report["verdict"] == scenario.expect_verdict
    assert process.returncode == EXIT_CODES[scenario.expect_verdict]
