"""Runs the command line, in this process or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from vpnprobe.cli.app import run

URL = "https://vpn.example.com/VPNPhone"
MAC = "8CB64F576113"
# Any certHash: with one given, no configuration server is looked for.
CERT_HASH = "5X6B6plUwUSXZnjQ4kGM33mpMXY="
NOWHERE = "https://127.0.0.1:9/VPNPhone"


@dataclass(frozen=True)
class Ended:
    """How one run of the command line ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON; fails where it is anything else."""
        return msgspec.json.decode(self.out)

    @property
    def complaint(self) -> str:
        """The one line on standard error; fails where there is more, or anything on standard output."""
        assert self.out == ""
        assert self.err.count("\n") == 1, self.err
        assert self.err.startswith("vpnprobe: ")
        return self.err.removeprefix("vpnprobe: ").rstrip("\n")


class CommandLine:
    """The command line in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> Ended:
        """Run it."""
        self._capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = self._capsys.readouterr()
        return Ended(code, captured.out, captured.err)


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without what the command line would read."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VPNPROBE_")}
    kept.pop("NO_COLOR", None)
    return kept | more


def command(*arguments: str | Path) -> list[str]:
    """The command line of a process of its own."""
    return [sys.executable, "-W", "error", "-m", "vpnprobe", *map(str, arguments)]


def in_process(*arguments: str | Path, stdin: str = "", **environment: str) -> Ended:
    """Run it in a process of its own, where every warning is an error."""
    done = subprocess.run(
        command(*arguments),
        input=stdin,
        capture_output=True,
        text=True,
        env=clean_environment(**environment),
        timeout=50,
    )
    return Ended(done.returncode, done.stdout, done.stderr)
