"""Whoever stops a run gets what was seen until then, marked as partial, at once."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.cli.driving import MAC, NOWHERE, CommandLine, Ended, clean_environment, command
from tests.stand_ins import lab_in_background
from vpnprobe.cli.exitcodes import CRITICAL, UNKNOWN
from vpnprobe.lab.network import Lab

# Far longer than any of these tests may take.
PATIENCE = ("--timeout", "100", "--deadline", "100")
AT_ONCE_S = 5.0

signals = pytest.mark.parametrize(
    "stop", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["Ctrl-C", "SIGTERM", "SIGHUP"]
)


@dataclass
class Running:
    """A run whose progress can be watched, as a person at a terminal does."""

    process: subprocess.Popen[str]
    terminal: int
    shown: str = ""

    def wait_for(self, stage: str) -> None:
        """Wait until the progress line names this stage."""
        while f"{stage} …" not in self.shown:
            self.shown += os.read(self.terminal, 4096).decode("utf-8", "replace")

    def stop(self, how: signal.Signals) -> Ended:
        """Send the signal; fails where the run does not end at once."""
        began = time.monotonic()
        self.process.send_signal(how)
        out, _ = self.process.communicate(timeout=30)
        assert time.monotonic() - began < AT_ONCE_S
        return Ended(self.process.returncode, out, "")


@contextmanager
def running(*arguments: str) -> Iterator[Running]:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=theirs, env=clean_environment(), text=True
    )
    os.close(theirs)
    try:
        yield Running(process, ours)
    finally:
        process.kill()
        process.communicate()
        os.close(ours)


@pytest.fixture(scope="module")
def silent_gateway() -> Iterator[Lab]:
    with lab_in_background("port-silent") as lab:
        yield lab


@pytest.fixture(scope="module")
def silent_tftp() -> Iterator[Lab]:
    with lab_in_background("tftp-silent") as lab:
        yield lab


def stages(report: Any) -> dict[str, tuple[str, str | None]]:
    return {stage["name"]: (stage["status"], stage["because"]) for stage in report["stages"]}


@signals
def test_while_the_gateway_is_silent(silent_gateway: Lab, stop: signal.Signals) -> None:
    with running(*silent_gateway.arguments, *PATIENCE, "--json") as run:
        run.wait_for("config")
        run.wait_for("first flight")
        time.sleep(0.3)
        ended = run.stop(stop)
    report = ended.json
    assert ended.code == UNKNOWN
    assert (report["interrupted"], report["verdict"]) == ("interrupt", "inconclusive")
    told = stages(report)
    assert told["resolve"] == told["boot-files"] == told["config"] == ("done", None)
    assert told["first-flight"] == ("failed", "interrupt")
    assert told["pin"] == told["login"] == ("skipped", "interrupt")
    # What was seen is judged: the configuration is whole.
    assert report["evidence"]["config"]["config"]["vpn_group"]["cert_hashes"]
    assert {finding["status"] for finding in report["findings"]} >= {"pass", "inconclusive"}


@signals
def test_in_the_middle_of_tftp(silent_tftp: Lab, stop: signal.Signals) -> None:
    with running(*silent_tftp.arguments, *PATIENCE, "--json") as run:
        run.wait_for("first flight")
        time.sleep(0.5)
        ended = run.stop(stop)
    told = stages(ended.json)
    assert ended.code == UNKNOWN
    assert told["boot-files"] == ("failed", "interrupt")
    assert told["config"] == ("skipped", "interrupt")
    assert told["first-flight"] == ("done", None)
    assert ended.json["evidence"]["first_flights"][0]["chain"]


def test_the_text_says_that_it_is_partial(silent_gateway: Lab) -> None:
    with running(*silent_gateway.arguments, *PATIENCE) as run:
        run.wait_for("first flight")
        ended = run.stop(signal.SIGINT)
    assert ended.code == UNKNOWN
    assert "STOPPED. What follows is partial." in ended.out
    assert ended.out.endswith("UNKNOWN: interrupted, partial report\n")
    assert not re.search(r"YES|NO\.", ended.out)


def test_of_several_gateways_the_rest_is_left_out(silent_gateway: Lab) -> None:
    where = f"127.0.0.1:{silent_gateway.port}"
    with running("gateway", where, where, *PATIENCE, "--json") as run:
        run.wait_for("first flight")
        ended = run.stop(signal.SIGINT)
    assert ended.code == UNKNOWN
    assert ended.json["interrupted"] == "interrupt"


def test_a_live_hash(silent_gateway: Lab) -> None:
    where = f"https://127.0.0.1:{silent_gateway.port}/x"
    process = subprocess.Popen(
        command("hash", where, *PATIENCE),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(),
        text=True,
    )
    time.sleep(0.8)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=AT_ONCE_S)
    assert (process.returncode, out, err) == (UNKNOWN, "", "vpnprobe: interrupted\n")


def test_a_scenario_that_is_tried() -> None:
    process = subprocess.Popen(
        command("lab", "try", "port-silent", "healthy"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(),
        text=True,
    )
    assert process.stdout is not None
    while not process.stdout.readline().startswith("$ vpnprobe phone"):
        pass
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=AT_ONCE_S)
    assert process.returncode == UNKNOWN
    assert err.endswith("vpnprobe: interrupted\n")
    assert "healthy" not in out


@pytest.mark.parametrize(
    ("key", "told"),
    [(b"\x03", "vpnprobe: interrupted"), (b"\x04", "vpnprobe: no password for bob was typed")],
    ids=["Ctrl-C", "Ctrl-D"],
)
def test_at_the_prompt_for_a_password(key: bytes, told: str) -> None:
    child, terminal = pty.fork()
    if child == 0:
        words = command("phone", "--group-url", NOWHERE, "--mac", MAC, "--user", "bob")
        os.execve(words[0], words, clean_environment())
    shown = b""
    try:
        while b"Password of bob: " not in shown:
            shown += os.read(terminal, 4096)
        # The prompt is there before the line may be read; a key pressed too early is not lost.
        time.sleep(0.2)
        os.write(terminal, key)
        while told.encode() not in shown:
            shown += os.read(terminal, 4096)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == UNKNOWN
    finally:
        os.close(terminal)
    assert f"\r\n{told}".encode() in shown


def test_nohup_is_respected(silent_gateway: Lab) -> None:
    words = command(*silent_gateway.arguments, "--timeout", "100", "--deadline", "2", "--json")
    process = subprocess.Popen(["nohup", *words], stdout=subprocess.PIPE, env=clean_environment(), text=True)
    time.sleep(1)
    process.send_signal(signal.SIGHUP)
    out, _ = process.communicate(timeout=30)
    assert msgspec.json.decode(out)["interrupted"] == "deadline"


# --- the deadline ---


def test_deadline_before_anything_is_known(cli: CommandLine, silent_gateway: Lab) -> None:
    ended = cli(*silent_gateway.arguments, "--timeout", "100", "--deadline", "0.5", "--json")
    report = ended.json
    assert ended.code == UNKNOWN
    assert (report["interrupted"], report["verdict"]) == ("deadline", "inconclusive")
    assert stages(report)["first-flight"] == ("failed", "deadline")
    assert stages(report)["login"] == ("skipped", "deadline")
    assert 0.5 <= report["duration_s"] < 0.5 + AT_ONCE_S


def test_deadline_after_a_fault_was_seen(cli: CommandLine) -> None:
    """A known failure stays one: what more there might have been does not make it better."""
    with lab_in_background("no-vpn-group") as lab:
        silent = cli(*lab.arguments, "--json")
        assert silent.code == CRITICAL
        words = [*lab.arguments, "--group-url", "https://127.0.0.1:{}/VPNPhone"]
        with lab_in_background("port-silent") as other:
            words[-1] = words[-1].format(other.port)
            ended = cli(*words, "--timeout", "100", "--deadline", "1", "--json")
    assert ended.code == CRITICAL
    assert ended.json["interrupted"] == "deadline"
    assert ended.json["verdict"] == "fail"


def test_the_status_line_tells_of_the_deadline(cli: CommandLine, silent_gateway: Lab) -> None:
    ended = cli(*silent_gateway.arguments, "--timeout", "100", "--deadline", "0.5", "--format", "nagios")
    assert ended.code == UNKNOWN
    assert "(deadline reached) | time=" in ended.out


def test_partial_reports_can_be_judged_again(cli: CommandLine, silent_gateway: Lab, tmp_path: Path) -> None:
    path = tmp_path / "partial.json"
    first = cli(*silent_gateway.arguments, "--timeout", "100", "--deadline", "0.5", "--json", "--output", path)
    again = cli("recheck", path, "--json")
    assert (again.code, again.out) == (first.code, path.read_text(encoding="utf-8"))
    assert msgspec.json.decode(again.out)["interrupted"] == "deadline"
