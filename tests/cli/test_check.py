"""`vpnprobe check`: what a monitoring system reads, whatever becomes of the probes."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.driving import CommandLine, clean_environment, command
from tests.cli.test_watch import DEAD, gateway
from tests.stand_ins import lab_in_background
from vpnprobe.cli import planned
from vpnprobe.cli.exitcodes import CRITICAL, OK, UNKNOWN
from vpnprobe.history.store import History
from vpnprobe.lab.network import Lab

# STATUS: text | label=seconds;warn;crit;min ...
FIRST = re.compile(r"(OK|WARNING|CRITICAL|UNKNOWN): [^|]+( \| [\w.-]+=\d+\.\d{3}s;;;0( [\w.-]+=\d+\.\d{3}s;;;0)*)?")

MISSING = """
[[probe]]
name = "pinned"
[probe.phone]
group-url = "https://127.0.0.1:9/x"
mac = "8CB64F576113"
client-cert = "{file}"
no-login = true
"""


@pytest.fixture
def plan(tmp_path: Path, healthy: Lab) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(gateway(healthy) + DEAD, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def silent() -> Iterator[Lab]:
    with lab_in_background("port-silent") as lab:
        yield lab


def test_the_worst_is_the_status_of_all(cli: CommandLine, plan: Path) -> None:
    ended = cli("check", plan)
    first, *others = ended.out.splitlines()
    assert FIRST.fullmatch(first)
    assert first.startswith("CRITICAL: 2 probes: 1 CRITICAL (dead), 1 OK | gateway=")
    assert [line.partition(": ")[2].partition(": ")[0] for line in others] == ["dead", "gateway"]
    assert others[0].startswith("CRITICAL: dead: NET002 ")
    assert others[1].startswith("OK: gateway: ")
    assert (ended.code, ended.err) == (CRITICAL, "")


@pytest.mark.parametrize(
    ("only", "code", "begins"),
    [
        (["gateway"], OK, "OK: TLS is good"),
        (["dead"], CRITICAL, "CRITICAL: NET002 "),
        (["dead", "gateway", "dead"], CRITICAL, "CRITICAL: 2 probes: "),
    ],
)
def test_some_of_the_probes(cli: CommandLine, plan: Path, only: list[str], code: int, begins: str) -> None:
    ended = cli("check", plan, *(word for name in only for word in ("--probe", name)))
    first, *others = ended.out.splitlines()
    assert FIRST.fullmatch(first)
    assert first.startswith(begins)
    assert (len(others), ended.code) == (0 if len(only) == 1 else 2, code)
    if len(only) == 1:
        assert " | time=" in first


def test_one_that_cannot_be_made_is_unknown(cli: CommandLine, plan: Path, tmp_path: Path, healthy: Lab) -> None:
    """Its file was there when the plan was read, and is gone when the probe is made."""
    file = tmp_path / "lsc.pem"
    file.write_bytes(healthy.client_certificate.read_bytes() + healthy.client_key.read_bytes())
    plan.write_text(gateway(healthy) + MISSING.format(file=file), encoding="utf-8")
    read = planned.read_plan(str(plan))
    file.unlink()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(planned, "read_plan", lambda _: read)
        ended = cli("check", plan)
    first, *others = ended.out.splitlines()
    assert first.startswith("UNKNOWN: 2 probes: 1 UNKNOWN (pinned), 1 OK | gateway=")
    assert "pinned=" not in first
    assert others[0].startswith("UNKNOWN: pinned: ")
    assert "lsc.pem" in others[0]
    assert ended.code == UNKNOWN


def test_a_wrong_plan_is_unknown_on_standard_output(cli: CommandLine, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('[[probe]]\nname = "x"\nintervall = "5m"\n[probe.gateway]\ntarget = ""\n', encoding="utf-8")
    ended = cli("check", plan)
    first, second = ended.out.splitlines()
    assert first.startswith(f"UNKNOWN: {plan}, line 3: there is no 'intervall' here")
    assert second.startswith(f"{plan}, line 5: ")
    assert (ended.code, ended.err) == (UNKNOWN, "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["none.toml"], "UNKNOWN: none.toml: No such file or directory; name a plan"),
        (["{plan}", "--probe", "gatewy"], "UNKNOWN: the plan has no probe 'gatewy'; did you mean 'gateway'?"),
    ],
    ids=["no-plan", "no-probe"],
)
def test_what_cannot_be_checked(cli: CommandLine, plan: Path, arguments: list[str], told: str) -> None:
    ended = cli("check", *(one.format(plan=plan) for one in arguments))
    assert ended.out.startswith(told)
    assert ended.out.count("\n") == 1
    assert ended.code == UNKNOWN


def test_the_deadline_of_the_whole(cli: CommandLine, plan: Path, silent: Lab, healthy: Lab) -> None:
    slow = gateway(silent).replace('"gateway"', '"slow"') + "timeout = 100\ndeadline = 100\n"
    plan.write_text(gateway(healthy) + slow, encoding="utf-8")
    ended = cli("check", plan, "--deadline", "2")
    first, *others = ended.out.splitlines()
    assert first.startswith("UNKNOWN: 2 probes: 1 UNKNOWN (slow), 1 OK | gateway=")
    assert others[0] == "UNKNOWN: slow: not finished by the deadline of the check"
    assert ended.code == UNKNOWN


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_who_stops_it_is_told_what_is_known(plan: Path, silent: Lab, tmp_path: Path, number: signal.Signals) -> None:
    plan.write_text(
        DEAD + gateway(silent).replace('"gateway"', '"slow"') + "timeout = 100\ndeadline = 100\n", encoding="utf-8"
    )
    process = subprocess.Popen(
        command("check", plan),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(),
        text=True,
    )
    with pytest.raises(subprocess.TimeoutExpired):
        process.communicate(timeout=3)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    first, *others = out.splitlines()
    assert FIRST.fullmatch(first)
    assert others == [others[0], "UNKNOWN: slow: interrupted"]
    assert others[0].startswith("CRITICAL: dead: NET002 ")
    assert (process.returncode, err) == (CRITICAL, "")


@pytest.mark.parametrize("where", ["option", "plan"])
def test_the_runs_are_kept_where_a_history_is_named(cli: CommandLine, plan: Path, tmp_path: Path, where: str) -> None:
    database = tmp_path / "history.db"
    if where == "plan":
        plan.write_text(f'{plan.read_text()}\n[history]\ndatabase = "{database}"\n', encoding="utf-8")
    arguments = ["--database", str(database)] if where == "option" else []
    for _ in range(2):
        cli("check", plan, *arguments)
    with History(str(database), create=False) as history:
        kept = {one.series.name: history.count_runs(one.series.number) for one in history.overviews()}
    assert kept == {"gateway": 2, "dead": 2}


def test_a_history_that_cannot_be_written_changes_no_status(cli: CommandLine, plan: Path, tmp_path: Path) -> None:
    ended = cli("check", plan, "--database", tmp_path / "none" / "history.db")
    assert ended.out.startswith("CRITICAL: 2 probes: ")
    assert ended.code == CRITICAL
    assert ended.err.startswith(f"vpnprobe: history {tmp_path}/none/history.db: it cannot be opened")
