"""`vpnprobe plan`: nothing here is dialled."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.core import TyperOption

from tests.cli.driving import CommandLine, in_process
from vpnprobe.cli.app import app
from vpnprobe.cli.exitcodes import OK, UNKNOWN
from vpnprobe.cli.planned import planned_commands, read_plan
from vpnprobe.fleet.plan import KINDS, Kind, example_plan
from vpnprobe.model.errors import UsageError

# The command of a kind, where that has another name.
COMMANDS = {"certificate": "cert"}

BAD = """\
[[probe]]
name = "phone"
intervall = "5m"
[probe.phone]
mac = "12"
"""


@pytest.fixture
def example(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(example_plan(), encoding="utf-8")
    return path


def test_the_example_is_in_order(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    assert cli("plan", "example", "--output", path).code == OK
    ended = cli("plan", "check", path)
    assert (ended.code, ended.err) == (OK, "")
    assert ended.out.splitlines() == [
        "berlin-reception: phone https://vpn.example.com/VPNPhone every 300 s",
        "gateway-berlin: gateway https://vpn.example.com/VPNPhone every 900 s",
        "federation-example: federation example.com every 3600 s",
        "capf: capf cucm-pub.example.com every 3600 s",
        "files-berlin: config 10.1.1.5 every 3600 s",
        "5 probes; alerts go to nobody; the plan is in order",
    ]


def test_quiet_says_it_in_one_line(cli: CommandLine, example: Path) -> None:
    ended = cli("plan", "check", example, "--quiet")
    assert ended.out == "5 probes; alerts go to nobody; the plan is in order\n"


def test_directories_that_are_not_there_yet_are_told(cli: CommandLine, example: Path, tmp_path: Path) -> None:
    example.write_text(
        f'[watch]\nstate = "{tmp_path}/state.json"\n[metrics]\ntextfile = "{tmp_path}/none/x.prom"\n'
        f'[history]\ndatabase = "postgresql://me@db/x"\n{example.read_text()}'
    )
    ended = cli("plan", "check", example, "--quiet")
    assert (ended.code, ended.err) == (
        OK,
        f"vpnprobe: textfile: there is no {tmp_path}/none yet; make it before the start\n",
    )


def test_from_standard_input() -> None:
    ended = in_process("plan", "check", "-", "--quiet", stdin=in_process("plan", "example").out)
    assert (ended.code, ended.out, ended.err) == (OK, "5 probes; alerts go to nobody; the plan is in order\n", "")


def test_all_that_is_wrong_is_told_line_by_line(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(BAD)
    ended = cli("plan", "check", path)
    assert (ended.code, ended.out) == (UNKNOWN, "")
    first, second = ended.err.splitlines()
    assert first == f"vpnprobe: {path}, line 3: there is no 'intervall' here; did you mean 'interval'?"
    assert second.startswith(f"vpnprobe: {path}, line 5: mac: '12' is not a MAC address; write the 12 hex digits")


def test_a_program_is_told_all_of_it_at_once(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(BAD)
    with pytest.raises(UsageError, match=r"line 3: .*; .*line 5: "):
        read_plan(str(path))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[[probe]\n", "is not TOML: Expected"),
        (b"# ok\n# Z\xfcrich\n", "line 2: this is no text in UTF-8; save the plan as such"),
        (b"", "line 1: there is no probe; write [[probe]]"),
        (b"#" * (5 << 20), "is over 4 MiB; that is no plan"),
        (b'[[probe]]\nname = "\x1b[2J"\n', "is not TOML"),
        (b'[[probe]]\nname = "\\u202E"\n', "\\u202e"),
    ],
    ids=["not TOML", "Latin-1", "empty", "large", "escape sequence", "bidirectional override"],
)
def test_a_file_that_is_no_plan(cli: CommandLine, tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes(data)
    ended = cli("plan", "check", path)
    assert (ended.code, ended.out) == (UNKNOWN, "")
    assert said in ended.err
    assert ended.err.rstrip("\n").replace("\n", "").isprintable()


def test_a_plan_that_is_not_there(cli: CommandLine, tmp_path: Path) -> None:
    ended = cli("plan", "check", tmp_path / "missing.toml")
    assert ended.code == UNKNOWN
    assert (
        "missing.toml: No such file or directory; name a plan, such as vpnprobe plan example prints" in ended.complaint
    )


def test_the_byte_order_mark_of_an_editor_is_ignored(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(example_plan(), encoding="utf-8-sig")
    assert cli("plan", "check", path).code == OK


def test_alerts_are_named(cli: CommandLine, tmp_path: Path, example: Path) -> None:
    path = tmp_path / "plan.toml"
    text = f'[alert.a]\ncommand = ["{sys.executable}"]\n[alert.b]\ncommand = ["{sys.executable}"]\n'
    path.write_text(text + example_plan())
    assert "alerts go to a, b;" in cli("plan", "check", path).out


# --- options ---


@pytest.mark.parametrize("kind", KINDS)
def test_every_option_of_the_command_can_be_planned_or_is_for_the_command_line(kind: Kind) -> None:
    group: Any = typer.main.get_command(app)
    refused = set()
    for parameter in group.commands[COMMANDS.get(kind, kind)].params:
        if isinstance(parameter, TyperOption):
            option = max(parameter.opts, key=len).lstrip("-")
            with pytest.raises(UsageError) as caught:
                planned_commands()[kind].read(option, {})
            said = str(caught.value)
            assert f"{option} takes " in said or "is for the command line" in said
            if "takes" not in said:
                refused.add(option)
    assert refused <= {
        "format",
        "json",
        "output",
        "quiet",
        "verbose",
        "from-file",
        "at-once",
        "show",
        "diff",
        "retries",
    }


# --- systemd ---


def test_units_are_printed(cli: CommandLine, example: Path) -> None:
    ended = cli("plan", "systemd", example)
    assert (ended.code, ended.err) == (OK, "")
    for name in (
        "vpnprobe-watch.service",
        "vpnprobe-check.service",
        "vpnprobe-check.timer",
        "vpnprobe-exporter.service",
    ):
        assert f"# /etc/systemd/system/{name}\n[Unit]\n" in ended.out
    assert f" watch {example}\n" in ended.out


def test_units_are_written(cli: CommandLine, example: Path, tmp_path: Path) -> None:
    folder = tmp_path / "units"
    folder.mkdir()
    ended = cli("plan", "systemd", example, "--into", folder, "--user", "monitoring")
    assert (ended.code, ended.out) == (OK, "")
    assert "next: systemctl daemon-reload" in ended.err
    assert {path.name for path in folder.iterdir()} == {
        "vpnprobe-watch.service",
        "vpnprobe-check.service",
        "vpnprobe-check.timer",
        "vpnprobe-exporter.service",
    }
    assert "User=monitoring\n" in (folder / "vpnprobe-watch.service").read_text()


def test_units_start_this_very_program(example: Path) -> None:
    unit = in_process("plan", "systemd", example).out
    [line] = [line for line in unit.splitlines() if line.startswith("ExecStart=") and " watch " in line]
    words = shlex.split(line.removeprefix("ExecStart="))
    assert words[-2:] == ["watch", str(example)]
    done = subprocess.run([*words[:-2], "--version"], capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stdout.split()[0]) == (OK, "vpnprobe")


def test_the_installed_program_is_named_with_its_whole_path(
    cli: CommandLine, example: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "bin" / "vpnprobe"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "argv", ["vpnprobe"])
    monkeypatch.setenv("PATH", str(program.parent))
    assert f"ExecStart={program} watch {example}\n" in cli("plan", "systemd", example).out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-"], "a service cannot read its plan from standard input; name a file"),
        (["missing.toml"], "missing.toml: No such file"),
    ],
    ids=["standard input", "missing"],
)
def test_no_units_without_a_plan(cli: CommandLine, arguments: list[str], said: str) -> None:
    ended = cli("plan", "systemd", *arguments)
    assert ended.code == UNKNOWN
    assert said in ended.complaint


def test_no_units_into_nowhere(cli: CommandLine, example: Path, tmp_path: Path) -> None:
    ended = cli("plan", "systemd", example, "--into", tmp_path / "nowhere")
    assert ended.code == UNKNOWN
    assert f"--into {tmp_path}/nowhere: there is no such directory; make it first" in ended.complaint
