"""`vpnprobe watch` as a process of its own: signals, restarts, what the service manager hears, what cannot be used."""

from __future__ import annotations

import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from tests.cli.driving import CommandLine, clean_environment, command, in_process
from tests.fleet.test_channels import Hook, web_hook
from vpnprobe.cli.exitcodes import OK, UNKNOWN
from vpnprobe.history.store import History
from vpnprobe.lab.network import Lab

PAIR = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^"\s]+)')

# What the end may take: the bound that the program itself has for its last words is a few seconds.
AT_ONCE_S = 20.0


@dataclass
class Watching:
    """A running watch, and its log."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    _read: int = 0

    def wait_for(self, event: str, **facts: str) -> dict[str, str]:
        """Read on until this event, with these facts, and return all its facts."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            told = {key: value.strip('"') for key, value in PAIR.findall(line)}
            if told.get("event") == event and facts.items() <= told.items():
                return told
        raise AssertionError("".join(self.lines))

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask for the end and return the exit code."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=AT_ONCE_S)
        assert out == ""
        self.lines += err.splitlines(keepends=True)
        return self.process.returncode

    def events(self) -> list[str]:
        return [dict(PAIR.findall(line))["event"] for line in self.lines]


@contextmanager
def watching(*arguments: str | Path, **environment: str) -> Iterator[Watching]:
    process = subprocess.Popen(
        command("watch", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(**environment),
    )
    # A test that waits for what never comes ends all the same.
    limit = threading.Timer(50, process.kill)
    limit.start()
    try:
        yield Watching(process)
    finally:
        limit.cancel()
        process.kill()
        process.communicate()


DEAD = """
[[probe]]
name = "dead"
interval = "1s"
[probe.gateway]
target = "127.0.0.1:9"
"""


def gateway(lab: Lab) -> str:
    return f"""
[[probe]]
name = "gateway"
interval = "1s"
[probe.gateway]
target = "{lab.group_url}"
resolver = ["{lab.resolver}"]
"""


def to(hook: Hook, directory: Path) -> str:
    (directory / "url").write_text(hook.url, encoding="utf-8")
    return f'[alert.ops]\nurl-file = "{directory}/url"\n'


@pytest.fixture
def plan(tmp_path: Path, healthy: Lab) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(gateway(healthy) + DEAD, encoding="utf-8")
    return path


@pytest.fixture
def places(tmp_path: Path) -> list[str]:
    """The options that keep everything in the test's own directory."""
    return ["--state", str(tmp_path / "state.json"), "--database", str(tmp_path / "history.db")]


def test_a_change_is_one_line_and_one_alert(plan: Path, places: list[str], tmp_path: Path) -> None:
    with web_hook() as hook:
        plan.write_text(to(hook, tmp_path) + plan.read_text(), encoding="utf-8")
        with watching(plan, *places) as watch:
            told = watch.wait_for("state-change", probe="dead")
            delivered = watch.wait_for("alert-delivered")
            assert watch.end() == OK
    assert (told["level"], told["to"], told["cause"]) == ("error", "critical", "NET002")
    assert told["text"].startswith("CRITICAL: NET002 ")
    [(_, _, body)] = hook.requests
    assert body["id"] == told["id"] == delivered["id"]
    assert (body["probe"], body["from"], body["to"], body["target"]) == ("dead", None, "critical", "127.0.0.1:9")
    assert watch.events().count("state-change") == 2
    assert "run" not in watch.events()
    assert "sesame" not in "".join(watch.lines)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_it_ends_when_asked(plan: Path, places: list[str], tmp_path: Path, number: signal.Signals) -> None:
    with watching(plan, *places, "--verbose") as watch:
        watch.wait_for("run", probe="gateway", result="ok")
        assert watch.end(number) == OK
    assert watch.events()[-1] == "ended"
    state = msgspec.json.decode((tmp_path / "state.json").read_bytes())
    assert state["probes"]["gateway"]["condition"]["level"] == "ok"
    assert not [line for line in watch.lines if "Traceback" in line]
    listed = in_process("history", "--database", tmp_path / "history.db")
    assert "(gateway)" in listed.out


def test_the_plan_is_read_again(plan: Path, places: list[str], healthy: Lab) -> None:
    with watching(plan, *places) as watch:
        watch.wait_for("state-change", probe="gateway", to="ok")
        plan.write_text("interval = 3\n[[probe]]\n", encoding="utf-8")
        watch.send(signal.SIGHUP)
        refused = watch.wait_for("plan-refused")
        assert "line 1: there is no 'interval' here" in refused["reason"]
        assert "line 2: a probe has a name" in refused["reason"]
        plan.write_text(gateway(healthy).replace('"gateway"', '"renamed"'), encoding="utf-8")
        watch.send(signal.SIGHUP)
        reloaded = watch.wait_for("plan-reloaded")
        assert [reloaded[key] for key in ("probes", "new", "gone", "changed")] == ["1", "1", "2", "0"]
        watch.wait_for("state-change", probe="renamed", to="ok")
        plan.unlink()
        watch.send(signal.SIGHUP)
        assert "No such file or directory" in watch.wait_for("plan-refused")["reason"]
        assert watch.end() == OK


def test_what_was_known_is_known_again(plan: Path, places: list[str], tmp_path: Path) -> None:
    """Neither a stop nor SIGKILL makes it tell again what it has told; what it could not tell, it tells then."""
    with web_hook() as hook:
        plan.write_text(to(hook, tmp_path) + plan.read_text(), encoding="utf-8")
        hook.codes = [500]
        with watching(plan, *places) as watch:
            refused = watch.wait_for("alert-not-delivered", probe="dead")
            assert refused["reason"] == "the service answered with code 500"
            assert watch.end(signal.SIGKILL) == -signal.SIGKILL
        with watching(plan, *places) as watch:
            assert watch.wait_for("alert-delivered", probe="dead")["id"] == refused["id"]
            assert watch.end() == OK
        with watching(plan, *places, "--verbose") as watch:
            for _ in range(3):
                watch.wait_for("run", probe="dead", result="critical")
            assert watch.end() == OK
            assert "state-change" not in watch.events()
    assert [body["id"] for _, _, body in hook.requests] == [refused["id"]] * 2


def test_two_on_one_state(plan: Path, places: list[str]) -> None:
    with watching(plan, *places) as watch:
        watch.wait_for("watching")
        second = in_process("watch", plan, *places)
        assert second.code == UNKNOWN
        assert "another vpnprobe watch uses it" in second.err
        assert watch.end() == OK


def test_the_service_manager_is_told(plan: Path, places: list[str], tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(30)
        with watching(plan, *places, NOTIFY_SOCKET=address, WATCHDOG_USEC="1000000") as watch:
            assert manager.recv(4096).startswith(b"READY=1\nSTATUS=2 probes: 2 undecided")
            while b"STATUS=2 probes: 1 critical, 1 ok" not in (told := manager.recv(4096)):
                assert told.startswith(b"WATCHDOG=1\n")
            watch.send(signal.SIGHUP)
            while (told := manager.recv(4096)).startswith(b"WATCHDOG=1\n"):
                pass
            assert told.startswith(b"RELOADING=1\nMONOTONIC_USEC=")
            assert manager.recv(4096).startswith(b"READY=1\n")
            assert watch.end() == OK
            while (told := manager.recv(4096)).startswith(b"WATCHDOG=1\n"):
                pass
            assert told == b"STOPPING=1"


def test_without_places_of_its_own_it_takes_the_services(plan: Path, tmp_path: Path) -> None:
    directory = tmp_path / "var"
    directory.mkdir()
    with watching(plan, STATE_DIRECTORY=str(directory)) as watch:
        watch.wait_for("state-change")
        assert watch.end() == OK
    assert {one.name for one in directory.iterdir()} >= {"watch-plan.json", "history.db"}


def test_nohup_is_respected(plan: Path, places: list[str]) -> None:
    words = ["nohup", *command("watch", plan, *places, "--verbose")]
    with subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    ) as process:
        watch = Watching(process)
        watch.wait_for("watching")
        process.send_signal(signal.SIGHUP)
        for _ in range(3):
            watch.wait_for("run", probe="dead")
        assert watch.end() == OK
    assert "plan-reloaded" not in watch.events()


# --- what cannot be used ---


def test_a_wrong_plan(cli: CommandLine, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('[[probe]]\nname = "x"\nintervall = "5m"\n[probe.gateway]\ntarget = ""\n', encoding="utf-8")
    ended = cli("watch", plan)
    assert (ended.code, ended.out) == (UNKNOWN, "")
    assert [line.partition(": ")[2].partition(": ")[0] for line in ended.err.splitlines()] == [
        f"{plan}, line 3",
        f"{plan}, line 5",
    ]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["-"], "cannot be standard input; name a file"),
        (["{tmp}/none.toml"], "none.toml: No such file or directory; name a plan"),
        (["{plan}", "--state", "{tmp}/none/state"], "--state {tmp}/none/state: No such file or directory"),
        (["{plan}", "--state", "{tmp}"], "Is a directory"),
        (["{plan}", "--no-history", "--state", "{plan}/state"], "Not a directory"),
        (["{plan}", "--database", "{tmp}/none/history.db"], "it cannot be opened; its directory must exist"),
        (["{plan}", "--database", "{plan}"], "it is no SQLite database"),
        (["{plan}", "--database", "mysql://x/y"], "keeps no history in mysql"),
    ],
    ids=["stdin", "no-plan", "no-directory", "directory", "under-a-file", "no-place", "no-database", "other-database"],
)
def test_what_cannot_be_used(
    cli: CommandLine, plan: Path, tmp_path: Path, arguments: list[str], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    ended = cli("watch", *(one.format(tmp=tmp_path, plan=plan) for one in arguments))
    assert ended.code == UNKNOWN
    assert complaint.format(tmp=tmp_path, plan=plan) in ended.complaint


def test_a_server_that_is_away_at_the_start(plan: Path, tmp_path: Path) -> None:
    """The watch is not worth less for that: it begins, and what it finds waits."""
    with ExitStack() as stack:
        closed = stack.enter_context(socket.socket())
        closed.bind(("127.0.0.1", 0))
        url = f"postgresql://nobody@127.0.0.1:{closed.getsockname()[1]}/none"
        with watching(plan, "--state", tmp_path / "state", "--database", url) as watch:
            watch.wait_for("history-not-opened")
            watch.wait_for("state-change", probe="gateway", to="ok")
            assert watch.end() == OK
    assert watch.events().count("history-not-written") <= 1
    assert "history-lost" in watch.events()


def test_a_history_that_is_locked_at_the_start(plan: Path, places: list[str], tmp_path: Path) -> None:
    """Such as by a backup when the machine starts."""
    file = tmp_path / "history.db"
    with History(str(file)):
        pass
    with closing(sqlite3.connect(file)) as backup:
        backup.execute("BEGIN EXCLUSIVE")
        with watching(plan, *places) as watch:
            opened = watch.wait_for("history-not-opened")
            assert "another program has it locked" in opened["reason"]
            watch.wait_for("state-change", probe="gateway", to="ok")
            backup.rollback()
            assert watch.end() == OK
    assert "(gateway)" in in_process("history", "--database", file).out


def test_a_history_that_is_damaged(plan: Path, places: list[str], tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    with History(str(file)):
        pass
    data = bytearray(file.read_bytes())
    data[100:4096] = bytes(4096 - 100)
    file.write_bytes(data)
    with watching(plan, *places) as watch:
        assert "it is damaged; move it away" in watch.wait_for("history-not-opened")["reason"]
        watch.wait_for("state-change", probe="gateway", to="ok")
        assert watch.end() == OK


def test_help_needs_no_database() -> None:
    """Start-up time is a feature."""
    program = "import sys, vpnprobe.cli.app\nassert not {'sqlalchemy', 'apprise'} & sys.modules.keys()\n"
    subprocess.run([sys.executable, "-c", program], check=True)
