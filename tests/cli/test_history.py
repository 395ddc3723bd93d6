"""`vpnprobe history`: the time line of every target, from a history that a watch has kept."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.checks.evidence_builder import MAC, RENEWED, URL, cert_hash, gateway_run
from tests.checks.federation import builder as federation
from tests.cli.driving import CommandLine, in_process
from tests.history.postgresql import Server, running_server
from tests.history.reports import GONE, REPLACED, bad_week, report
from vpnprobe.checks.evaluate import judge
from vpnprobe.cli.exitcodes import CRITICAL, OK, UNKNOWN
from vpnprobe.history.database import Database
from vpnprobe.history.schema import STATE
from vpnprobe.history.store import History


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A bad week of a phone, and one run each of a gateway and of a domain."""
    file = tmp_path / "history.db"
    with History(str(file)) as history:
        for one in bad_week():
            history.record(one, "plant 7")
        history.record(judge(gateway_run()))
        history.record(judge(federation.run()))
    return file


def test_every_target(cli: CommandLine, database: Path) -> None:
    ended = cli("history", "--database", database)
    assert (ended.code, ended.err) == (OK, "")
    lines = ended.out.splitlines()
    assert lines[0] == f"  1  phone {URL} as 7962G SEP{MAC} (plant 7)"
    assert [line.split()[:2] for line in lines if line.strip()[:1].isdigit()] == [
        ["1", "phone"], ["2", "gateway"], ["3", "federation"]
    ]  # fmt: skip


def test_every_target_as_json(cli: CommandLine, database: Path) -> None:
    series = cli("history", "--database", database, "--json").json
    assert [one["series"]["probe"] for one in series] == ["phone", "gateway", "federation"]
    assert series[0]["series"] == {
        "number": 1, "probe": "phone", "label": URL, "profile": "7962G", "name": "plant 7", "mac": MAC
    }  # fmt: skip
    assert series[0]["last"]["standing"]["verdict"] == "pass"
    assert series[0]["changed_at"] == "2026-11-21T12:45:00Z"


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("1", [1]),
        ("plant 7", [1]),
        ("PLANT", [1]),
        (MAC.lower(), [1]),
        (f"SEP{MAC}", [1]),
        (URL, [1, 2]),
        ("vpn.example.com", [1, 2]),
        (federation.DOMAIN, [3]),
        ("steven", [3]),
    ],
)
def test_a_target_by_any_of_its_names(cli: CommandLine, database: Path, words: str, numbers: list[int]) -> None:
    ended = cli("history", words, "--database", database, "--json")
    assert [one["series"]["number"] for one in ended.json] == numbers


def test_the_time_line(cli: CommandLine, database: Path) -> None:
    ended = cli("history", "plant", "--database", database)
    assert (ended.code, ended.err) == (OK, "")
    lines = ended.out.splitlines()
    assert lines[1] == "10 runs are kept, the last of 2026-11-21 12:45:00 UTC: OK"
    told = [line for line in lines if line.startswith("2026-11-21")]
    assert told == [
        "2026-11-21 12:00:00 UTC  first run: OK",
        "2026-11-21 12:10:00 UTC  OK -> CRITICAL (NET001)",
        "2026-11-21 12:20:00 UTC  CRITICAL (NET001) -> CRITICAL (PIN001)",
        "2026-11-21 12:30:00 UTC  CRITICAL (PIN001) -> OK",
        "2026-11-21 12:35:00 UTC  OK -> WARNING",
        "2026-11-21 12:40:00 UTC  WARNING -> OK",
        "2026-11-21 12:45:00 UTC  still OK",
    ]
    assert "    DRF001 certificate-changed: vpn.example.com at 192.0.2.7:443:" in lines
    assert cert_hash(RENEWED) in ended.out
    assert max(map(len, lines)) <= 80


def test_the_time_line_as_json(cli: CommandLine, database: Path) -> None:
    [line] = cli("history", "1", "--database", database, "--json", "--runs", "2").json
    assert (line["runs_kept"], len(line["changes"])) == (10, 7)
    assert [run["id"]["started_at"] for run in line["runs"]] == ["2026-11-21T12:45:00Z", "2026-11-21T12:40:00Z"]
    [replaced] = [change for change in line["changes"] if change["run"]["started_at"] == "2026-11-21T12:20:00Z"]
    assert (replaced["before"]["cause"], replaced["after"]["cause"]) == ("NET001", "PIN001")
    assert [finding["id"] for finding in replaced["drift"]] == ["DRF001", "DRF005"]
    assert replaced["drift"][0]["facts"]["new_cert_hash"] == cert_hash(RENEWED)


@pytest.mark.parametrize(
    ("since", "count"),
    [("2026-11-21", 7), ("2026-11-21T12:20", 5), ("2026-11-21T13:20+01:00", 5), ("2026-11-21 12:45:00", 1)],
)
def test_since(cli: CommandLine, database: Path, since: str, count: int) -> None:
    [line] = cli("history", "1", "--database", database, "--json", "--since", since).json
    assert len(line["changes"]) == count


@pytest.mark.parametrize(("since", "count"), [("30m", 1), ("2h", 2), ("10d", 3), ("now", 0)])
def test_since_a_while_ago(cli: CommandLine, tmp_path: Path, since: str, count: int) -> None:
    now = datetime.now(UTC)
    with History(str(tmp_path / "history.db")) as history:
        for number, ago in enumerate([timedelta(days=5), timedelta(hours=1), timedelta(minutes=10)]):
            history.record(report(**(GONE if number % 2 else {}), started_at=now - ago))
    [line] = cli("history", "1", "--database", tmp_path / "history.db", "--json", "--since", since).json
    assert len(line["changes"]) == count


def test_runs(cli: CommandLine, database: Path) -> None:
    lines = cli("history", "1", "--database", database, "--runs", "3").out.splitlines()
    assert lines[-4:] == [
        "Runs, the newest first",
        "2026-11-21 12:45:00 UTC  OK, 0.40 s",
        "2026-11-21 12:40:00 UTC  OK, 0.40 s",
        "2026-11-21 12:35:00 UTC  WARNING, 0.40 s",
    ]


def test_what_two_runs_differ_in(cli: CommandLine, database: Path) -> None:
    arguments = ("history", "plant 7", "--database", database, "--between", "2026-11-21T12:04", "2026-11-21T12:31")
    lines = cli(*arguments).out.splitlines()
    assert lines[1:3] == ["2026-11-21 12:00:00 UTC  OK", "2026-11-21 12:30:00 UTC  OK"]
    assert [line.split()[0] for line in lines if "DRF" in line] == ["DRF001", "DRF007"]
    [pair] = cli(*arguments, "--json").json
    assert [finding["id"] for finding in pair["drift"]] == ["DRF001", "DRF007"]
    same = cli("history", "plant 7", "--database", database, "--between", "2026-11-21T12:00", "2026-11-21T12:05")
    assert same.out.splitlines()[-1] == "Nothing that matters is different."


def test_stored_evidence_can_be_judged_again(cli: CommandLine, database: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    ended = cli("history", "plant", "--database", database, "--evidence", "2026-11-21T12:26", "-o", path)
    assert (ended.code, ended.out) == (OK, "")
    again = cli("recheck", path, "--json")
    assert (again.code, again.json["cause"]) == (CRITICAL, "PIN001")
    # That of the first run that was alike.
    assert again.json["started_at"] == "2026-11-21T12:20:00Z"
    assert json.loads(path.read_text())["evidence"] == json.loads(msgspec.json.encode(bad_week()[4].evidence))


def test_stored_evidence_through_a_pipe(database: Path) -> None:
    stored = in_process("history", URL, "--database", database, "--evidence", "2026-12-31")
    assert stored.err == ""
    judged = in_process("recheck", "-", "--quiet", stdin=stored.out)
    assert (judged.code, len(judged.out.splitlines())) == (OK, 2)


def test_forget(cli: CommandLine, tmp_path: Path) -> None:
    """What changed is still told, and the last run of each target is still there."""
    file = tmp_path / "history.db"
    now = datetime.now(UTC)
    with History(str(file)) as history:
        for ago in (9, 8, 3, 2):
            history.record(report(started_at=now - timedelta(days=ago), **(GONE if ago % 2 else {})))
    [before] = cli("history", "1", "--database", file, "--json").json
    ended = cli("history", "--database", file, "--keep-days", "5")
    assert (ended.code, ended.out) == (OK, "2 runs forgotten\n")
    [after] = cli("history", "1", "--database", file, "--json").json
    assert (before["runs_kept"], after["runs_kept"]) == (4, 2)
    assert after["changes"] == before["changes"]
    assert cli("history", "--database", file, "--keep-days", "0", "--json").json == {"forgotten": 1}


def test_now_is_the_last_run(cli: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    last = datetime.now(UTC) - timedelta(seconds=1)
    with History(str(file)) as history:
        history.record(report(started_at=last - timedelta(days=1)))
        history.record(report(started_at=last, **GONE))
    [pair] = cli("history", "1", "--database", file, "--between", "12h", "now", "--json").json
    assert (pair["before"]["standing"]["verdict"], pair["after"]["standing"]["verdict"]) == ("pass", "fail")
    stored = cli("history", "1", "--database", file, "--evidence", "now").json
    assert datetime.fromisoformat(stored["started_at"]) == last


def test_a_series_that_began_later_has_no_part_in_it(cli: CommandLine, tmp_path: Path) -> None:
    """As after a change of a probe's target in the plan: it has two series of its name."""
    file = tmp_path / "history.db"
    early = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    with History(str(file)) as history:
        history.record(report(started_at=early), "plant")
        history.record(judge(msgspec.structs.replace(gateway_run(), started_at=early + timedelta(days=9))), "plant")
    pairs = cli("history", "plant", "--database", file, "--between", "2026-11-21T12:01", "2026-11-21T12:02", "--json")
    assert [pair["series"]["probe"] for pair in pairs.json] == ["phone"]
    assert cli("history", "plant", "--database", file, "--evidence", "2026-11-22").json["probe"] == "phone"
    assert len(cli("history", "plant", "--database", file, "--evidence", "2026-12-31").json) == 2


# --- what cannot be ---


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("nobody",), "nothing of 'nobody' is kept; vpnprobe history lists what is"),
        (("1", "--since", "yesterday"), "'yesterday' is no time; write now, 30m, 12h, 7d, 2026-11-21 or"),
        (("1", "--since", "2026-13-01"), "'2026-13-01' is no time"),
        (("1", "--since", "999999d"), "'999999d' is no time"),
        (("1", "--since", "0001-01-01T00:00+14:00", "--evidence", "1999-01-01"), "no run of https://vpn.example.com"),
        (
            ("1", "--between", "2026-12-31", "1999-01-01"),
            "no run of https://vpn.example.com/VPNPhone is kept that began by 1999",
        ),
        (("--between", "now", "now"), "name the target whose runs are meant"),
        (("--evidence", "now"), "name the target whose runs are meant"),
        (("1", "--evidence", "now", "--between", "now", "now"), "--between, --evidence and --keep-days exclude each"),
        (("1", "--keep-days", "3"), "--keep-days is for the whole history; leave the target out"),
    ],
)
def test_bad_usage(cli: CommandLine, database: Path, arguments: tuple[str, ...], complaint: str) -> None:
    ended = cli("history", *arguments, "--database", database)
    assert ended.code == UNKNOWN
    assert ended.complaint.startswith(complaint)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("", "--database is empty"),
        ("missing.db", "there is no history at "),
        ("mysql://host/x", "--database: vpnprobe keeps no history in mysql"),
        ("postgresql://user:password@host/x", "--database: a password does not belong in the URL"),
        ("postgresql://user@/x?host=/nonexistent", "history postgresql://user@/x"),
        ("garbage.db", "history "),
    ],
)
def test_no_history(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("garbage.db").write_bytes(b"garbage" * 1000)
    ended = cli("history", "--database", name)
    assert ended.code == UNKNOWN
    assert ended.complaint.startswith(complaint)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["garbage.db"]


def test_evidence_of_another_version(cli: CommandLine, database: Path) -> None:
    with closing(Database(str(database))) as opened, opened.writing() as connection:
        connection.execute(STATE.update().values(schema_version=99))
    ended = cli("history", "1", "--database", database, "--evidence", "2026-12-31")
    assert ended.complaint.startswith("this run is stored with schema version 99, and this vpnprobe reads 1")
    # All else is still there.
    assert cli("history", "1", "--database", database).code == OK


# --- where it is, and what it costs ---


@pytest.mark.parametrize("variable", ["VPNPROBE_DATABASE", "STATE_DIRECTORY", "XDG_STATE_HOME"])
def test_where_it_is_looked_for(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    for name in ("STATE_DIRECTORY", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / ("vpnprobe" if variable == "XDG_STATE_HOME" else "") / "history.db"
    file.parent.mkdir(exist_ok=True)
    monkeypatch.setenv(variable, str(file if variable == "VPNPROBE_DATABASE" else tmp_path))
    with History(str(file)) as history:
        history.record(report(0, **REPLACED))
    ended = cli("history")
    assert (ended.code, ended.out.count("CRITICAL")) == (OK, 1)


@pytest.mark.parametrize("arguments", [["--version"], ["explain", "DRF001"], ["history", "--help"], ["lab", "list"]])
def test_nobody_else_waits_for_the_database_library(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom vpnprobe.cli.app import run\n"
        "assert run(sys.argv[1:]) == 0\n"
        "sys.exit('sqlalchemy' in sys.modules or 'psycopg' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stderr) == (0, "")


def test_sqlite_needs_no_driver_of_postgresql(database: Path) -> None:
    program = "import sys\nfrom vpnprobe.cli.app import run\nsys.exit(run(sys.argv[1:]) or 'psycopg' in sys.modules)"
    arguments = ["history", "--database", str(database)]
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.mark.container
def test_the_same_from_postgresql(cli: CommandLine, database: Path, postgresql: Server) -> None:
    url = postgresql.new_database()
    with History(url) as history:
        for one in bad_week():
            history.record(one, "plant 7")
        history.record(judge(gateway_run()))
        history.record(judge(federation.run()))
    for arguments in (
        (),
        ("plant",),
        ("plant", "--runs", "5"),
        ("plant", "--between", "2026-11-21T12:04", "2026-12-31"),
    ):
        there, here = (cli("history", *arguments, "--database", place) for place in (url, database))
        assert (there.code, there.err) == (OK, "")
        assert there.out == here.out
