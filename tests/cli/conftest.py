from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.cli.driving import CommandLine
from tests.stand_ins import lab_in_background
from vpnprobe.lab.network import Lab


@pytest.fixture(autouse=True)
def no_settings_of_mine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the environment that it is started in."""
    for name in tuple(os.environ):
        if name.startswith("VPNPROBE_") or name == "NO_COLOR":
            monkeypatch.delenv(name)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture(scope="session")
def healthy() -> Iterator[Lab]:
    """The healthy lab, for tests that only look at it."""
    with lab_in_background("healthy") as lab:
        yield lab
