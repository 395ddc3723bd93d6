"""`vpnprobe lab`: scenarios listed, tried and kept running."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.driving import CommandLine, clean_environment, command, in_process
from vpnprobe.cli.exitcodes import CRITICAL, OK, UNKNOWN, WARNING
from vpnprobe.lab.catalogue import all_scenarios


def test_the_list(cli: CommandLine) -> None:
    text = cli("lab", "list")
    entries = cli("lab", "list", "--json")
    assert text.code == entries.code == OK
    names = [scenario.name for scenario in all_scenarios()]
    assert [entry["name"] for entry in entries.json] == names
    listed = [f"{scenario.name} ({scenario.kind})" for scenario in all_scenarios()]
    assert [line for line in text.out.splitlines() if line in listed] == listed
    for entry, scenario in zip(entries.json, all_scenarios(), strict=True):
        assert entry["kind"] == scenario.kind
        assert entry["covers"] == list(scenario.covers)
        assert entry["expect_fail"] == sorted(scenario.expect_fail)
    assert max(map(len, text.out.splitlines())) <= 80


def test_try_shows_the_command_and_the_report() -> None:
    ended = in_process("lab", "try", "healthy", "gateway-certificate-replaced")
    assert (ended.code, ended.err) == (OK, "")
    assert re.findall(r"^# (\S+):", ended.out, re.MULTILINE) == ["healthy", "gateway-certificate-replaced"]
    assert ended.out.count("$ vpnprobe phone --group-url https://vpn.lab.example:") == 2
    assert ended.out.index("OK: YES") < ended.out.index("CRITICAL: PIN001")


def test_try_of_a_federation() -> None:
    ended = in_process("lab", "try", "federation-healthy", "federation-example-1009")
    assert (ended.code, ended.err) == (OK, "")
    assert "$ vpnprobe federation cms.steven.lab --resolver 127." in ended.out
    assert ended.out.index("OK: ") < ended.out.index("CRITICAL: DOM001")
    assert 'ms-diagnostics: 1009; reason="No match for domain in DNS SRV results"' in ended.out


def test_try_is_not_disturbed_by_my_own_settings() -> None:
    ended = in_process("lab", "try", VPNPROBE_FORMAT="json", VPNPROBE_USER="me", VPNPROBE_OPTIONS="/dev/null")
    assert (ended.code, ended.err) == (OK, "")
    assert "OK: YES" in ended.out


def test_try_tells_of_a_surprise(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    async def surprise(*args: object, **kwargs: object) -> int:
        return CRITICAL

    monkeypatch.setattr("vpnprobe.cli.lab._probe", surprise)
    ended = cli("lab", "try", "healthy")
    assert ended.code == UNKNOWN
    assert ended.err == "vpnprobe: scenario healthy did not end as it is made to; please report this\n"


@contextmanager
def kept_up(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`lab up` in a process, and what it printed once it runs."""
    process = subprocess.Popen(
        command("lab", "up", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(),
        text=True,
    )
    try:
        assert process.stdout is not None
        printed = ""
        while "Running." not in printed:
            line = process.stdout.readline()
            assert line, process.communicate()
            printed += line
        yield process, printed
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["Ctrl-C", "SIGTERM", "SIGHUP"])
def test_up_until_it_is_stopped(cli: CommandLine, stop: signal.Signals) -> None:
    with kept_up("gateway-certificate-replaced") as (process, printed):
        [line] = [line for line in printed.splitlines() if line.startswith("  vpnprobe ")]
        ended = cli(*shlex.split(line)[1:], "--quiet")
        assert ended.code == CRITICAL
        assert "PIN001" in ended.out
        [directory] = re.findall(r"^  files +(.+)$", printed, re.MULTILINE)
        assert Path(directory).is_dir()
        process.send_signal(stop)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (OK, "", "")
    assert not Path(directory).exists()


def test_up_at_a_port_of_choice() -> None:
    # Below the ports that systems give away, and another one for each test process.
    port = 20_000 + 4 * (os.getpid() % 2_000)
    with kept_up("--port", str(port)) as (_, printed):
        assert f"https://vpn.lab.example:{port}/VPNPhone" in printed
        assert f"--tftp 127.0.0.1:{port + 1} --http-port {port + 2} --resolver 127.0.0.1:{port + 3}" in printed


def test_up_of_a_federation(cli: CommandLine) -> None:
    port = 20_000 + 4 * (os.getpid() % 2_000)
    with kept_up("federation-wildcard", "--port", str(port)) as (_, printed):
        [line] = [line for line in printed.splitlines() if line.startswith("  vpnprobe ")]
        assert f":{port} " in line
        ended = cli(*shlex.split(line)[1:], "--quiet")
    assert ended.code == WARNING
    assert "FCR002" in ended.out


def test_up_at_a_port_that_is_taken(cli: CommandLine) -> None:
    port = 28_000 + os.getpid() % 2_000
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", port))
        holder.listen()
        ended = cli("lab", "up", "--port", str(port))
    assert ended.code == UNKNOWN
    assert "choose another base port" in ended.complaint
