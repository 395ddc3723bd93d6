"""The command that a running lab prints is one that works, in a process of its own."""

import asyncio
import sys

import msgspec
import pytest

from tests.lab.accuracy import Outcome
from vpnprobe.lab.catalogue import find_any_scenario, running_any_lab
from vpnprobe.model.finding import Report

EXIT_CODES = {"pass": 0, "warn": 1, "fail": 2, "inconclusive": 3}


@pytest.mark.parametrize(
    "name",
    [
        "healthy",
        "healthy-password",
        "healthy-given-hash",
        "mic-instead-of-lsc",
        "each-asa-its-own-certificate",
        "federation-healthy-client-certificate",
        "federation-healthy-cms-domain",
        "federation-healthy-expected",
        "federation-cms-domain-missing",
        "federation-imp-two-addresses",
        "federation-revoked-by-ocsp",
        "federation-private-root-office-365",
        "federation-views-differ",
        "federation-internal-record-public",
    ],
)
async def test_printed_command(name: str) -> None:
    scenario = find_any_scenario(name)
    async with running_any_lab(scenario) as lab:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "vpnprobe", *lab.arguments, "--format", "jsonl", stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await process.communicate()
    reports = tuple(msgspec.json.decode(line, type=Report) for line in printed.splitlines())
    assert Outcome(scenario, reports).is_right
    assert process.returncode == EXIT_CODES[scenario.expect_verdict]
