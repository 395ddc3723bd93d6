"""`vpnprobe exporter` as a service: it starts, reads its plan again, and ends cleanly."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.cli.driving import CommandLine, Ended, clean_environment, command
from vpnprobe.cli.exitcodes import OK, UNKNOWN
from vpnprobe.fleet.metrics import alert_rules, dashboard

PLAN = """\
[[probe]]
name = "{name}"
[probe.gateway]
target = "127.0.0.1:9"
timeout = 1
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN.format(name="one"))
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
    return port


@contextmanager
def serving(plan: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """The exporter in a process of its own; given once it listens."""
    process = subprocess.Popen(
        command("exporter", plan, "--listen", f"127.0.0.1:{port}"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=30)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return process.stderr.readline()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_and_ends_cleanly(plan: Path, number: signal.Signals) -> None:
    port = free_port()
    with serving(plan, port) as process:
        assert said(process) == f"vpnprobe: 1 modules at http://127.0.0.1:{port}/\n"
        answer = httpx.get(f"http://127.0.0.1:{port}/probe?module=one", timeout=30)
        assert answer.status_code == 200
        assert 'vpnprobe_probe_success{kind="gateway",probe="one",target="127.0.0.1:9"} 0.0' in answer.text
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (OK, "", "")


def test_a_probe_that_runs_does_not_hold_up_the_end(plan: Path) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        plan.write_text(
            PLAN.format(name="one").replace(":9", f":{silent.getsockname()[1]}").replace("timeout = 1", "timeout = 50")
        )
        with serving(plan, port) as process:
            said(process)
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(b"GET /probe?module=one HTTP/1.1\r\nHost: localhost\r\n\r\n")
                # The probe runs once it has dialled.
                silent.accept()[0].close()
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=30)
    assert process.returncode == OK


def test_a_reload_takes_the_new_plan_and_keeps_the_old_one_where_it_is_wrong(plan: Path) -> None:
    port = free_port()
    with serving(plan, port) as process:
        said(process)
        plan.write_text(PLAN.format(name="two") + "x = 1\n")
        process.send_signal(signal.SIGHUP)
        assert said(process).startswith(f"vpnprobe: the new plan is refused, the old one stays: {plan}, line 6: ")
        assert "module=one" in httpx.get(f"http://127.0.0.1:{port}/").text
        plan.write_text(PLAN.format(name="two"))
        process.send_signal(signal.SIGHUP)
        assert said(process) == f"vpnprobe: 1 modules from {plan}\n"
        assert "module=two" in httpx.get(f"http://127.0.0.1:{port}/").text


def test_a_port_that_is_taken(cli: CommandLine, plan: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = cli("exporter", plan, "--listen", address)
    assert ended.code == UNKNOWN
    assert ended.complaint == f"--listen {address}: Address already in use; choose another address or port"


@pytest.mark.parametrize(
    ("listen", "complaint"),
    [
        ("localhost:9877", "--listen localhost:9877: name an IP address of this machine, such as 127.0.0.1"),
        ("192.0.2.1", "--listen 192.0.2.1:9877: Cannot assign requested address; choose another address or port"),
        ("127.0.0.1:0", "'127.0.0.1:0': the port is a number from 1 to 65535"),
    ],
    ids=["name", "not ours", "no port"],
)
def test_where_nothing_can_listen(cli: CommandLine, plan: Path, listen: str, complaint: str) -> None:
    ended = cli("exporter", plan, "--listen", listen)
    assert ended.code == UNKNOWN
    assert ended.complaint.startswith(complaint)


def test_a_plan_with_faults(cli: CommandLine, plan: Path) -> None:
    plan.write_text("[[probe]]\n")
    ended = cli("exporter", plan)
    assert ended.code == UNKNOWN
    assert "line 1: a probe has a name" in ended.err


@pytest.mark.parametrize("missing", ["prometheus_client", "starlette", "uvicorn"])
def test_what_to_install(cli: CommandLine, plan: Path, missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    ended = cli("exporter", plan)
    assert ended.code == UNKNOWN
    assert "vpnprobe[metrics]" in ended.complaint


def test_a_report_as_metrics_needs_the_library_before_anything_is_dialled(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    ended = cli("gateway", "192.0.2.1", "--format", "prometheus")
    assert ended.code == UNKNOWN
    assert "vpnprobe[metrics]" in ended.complaint


def test_a_report_as_metrics(cli: CommandLine, tmp_path: Path) -> None:
    output = tmp_path / "vpnprobe.prom"
    cli("gateway", "127.0.0.1:9", "127.0.0.2:9", "--timeout", "1", "--format", "prometheus", "--output", output)
    text = output.read_text()
    for target in ("127.0.0.1:9", "127.0.0.2:9"):
        assert f'vpnprobe_probe_success{{kind="gateway",target="{target}"}} 0.0\n' in text


@pytest.mark.parametrize(("name", "text"), [("rules", alert_rules()), ("dashboard", dashboard())])
def test_the_files_that_go_with_it(cli: CommandLine, tmp_path: Path, name: str, text: str) -> None:
    assert cli("plan", name) == Ended(OK, text, "")
    assert cli("plan", name, "--output", tmp_path / name) == Ended(OK, "", "")
    assert (tmp_path / name).read_text() == text
