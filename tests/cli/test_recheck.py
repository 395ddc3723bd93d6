"""`vpnprobe recheck`: old Evidence under today's catalogue, from any file, without a network."""

from __future__ import annotations

import asyncio
import json
import random
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.checks.evidence_builder import RENEWED, gateway_run, pinned, run, unresolved
from tests.checks.phone_web.builder import web_run
from tests.checks.trust_evidence import config_run
from tests.cli.driving import CommandLine, Ended, in_process
from tests.stand_ins import lab_in_background
from vpnprobe.checks.evaluate import judge
from vpnprobe.cli.exitcodes import CRITICAL, OK, UNKNOWN
from vpnprobe.lab.network import Lab
from vpnprobe.model.evidence import Evidence
from vpnprobe.render.json_report import render_json, render_jsonl

HEALTHY = run()
MISMATCH = run(**pinned(RENEWED))
GATEWAY = gateway_run()


Recheck = Callable[..., Ended]


def refuse(*args: object, **kwargs: object) -> NoReturn:
    raise AssertionError("recheck touched the network")


@pytest.fixture
def recheck(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Recheck:
    """The command; while it runs there is no socket, no name and no event loop to be had."""

    def run_closed(*arguments: str | Path) -> Ended:
        with monkeypatch.context() as closed:
            closed.setattr(socket, "socket", refuse)
            closed.setattr(socket, "getaddrinfo", refuse)
            closed.setattr(asyncio, "run", refuse)
            return cli("recheck", *arguments)

    return run_closed


def saved(directory: Path, *evidence: Evidence, lines: bool = False) -> Path:
    reports = [judge(one) for one in evidence]
    path = directory / "run.json"
    path.write_text("".join(map(render_jsonl, reports)) if lines else render_json(reports), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("evidence", "headings"),
    [
        (config_run(), ["The phone's status messages would say", "Trust lists"]),
        (web_run(), ["The phone", "Its last status messages"]),
    ],
    ids=["config", "phone-web"],
)
def test_the_page_is_that_of_the_command(
    recheck: Recheck, tmp_path: Path, evidence: Evidence, headings: list[str]
) -> None:
    lines = recheck(saved(tmp_path, evidence)).out.splitlines()
    assert all(any(line.startswith(heading) for line in lines) for heading in headings)


@pytest.mark.parametrize("evidence", [HEALTHY, MISMATCH, GATEWAY, run(**unresolved())])
def test_the_same_evidence_gives_the_same_report(recheck: Recheck, tmp_path: Path, evidence: Evidence) -> None:
    path = saved(tmp_path, evidence)
    assert recheck(path, "--json").out == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("scenario", ["healthy", "load-balancing", "ec-pinned-8841", "one-address-closed"])
def test_a_run_survives_the_file(cli: CommandLine, recheck: Recheck, tmp_path: Path, scenario: str) -> None:
    path = tmp_path / "run.json"
    with lab_in_background(scenario) as lab:
        first = cli(*lab.arguments, "--output", path, "--json")
    again = recheck(path, "--json")
    assert (again.code, again.out) == (first.code, path.read_text(encoding="utf-8"))
    assert len(again.json["findings"]) > 40


def test_judged_anew_and_not_repeated(recheck: Recheck, tmp_path: Path) -> None:
    """Findings and verdict of the file are not believed: only its Evidence counts."""
    path = saved(tmp_path, MISMATCH)
    report = json.loads(path.read_text(encoding="utf-8"))
    report |= {"verdict": "pass", "cause": None, "findings": []}
    path.write_text(json.dumps(report), encoding="utf-8")
    ended = recheck(path, "--json")
    assert ended.code == CRITICAL
    assert ended.json["cause"] == "PIN001"


def test_an_array_and_lines(recheck: Recheck, tmp_path: Path) -> None:
    whole = recheck(saved(tmp_path, HEALTHY, MISMATCH), "--json")
    assert whole.code == CRITICAL
    assert [report["verdict"] for report in whole.json] == ["pass", "fail"]
    lines = saved(tmp_path, HEALTHY, MISMATCH, lines=True)
    assert recheck(lines, "--json").json == whole.json
    assert len(recheck(lines, "--format", "jsonl").out.splitlines()) == 2
    one = saved(tmp_path, HEALTHY, lines=True)
    assert recheck(one).code == OK


def test_standard_input(tmp_path: Path) -> None:
    text = saved(tmp_path, HEALTHY).read_text(encoding="utf-8")
    ended = in_process("recheck", "-", "--quiet", stdin=text)
    assert (ended.code, ended.err) == (OK, "")
    assert ended.out.startswith("OK: ")
    garbage = in_process("recheck", "-", stdin="garbage")
    assert (garbage.code, "standard input is not a vpnprobe report" in garbage.complaint) == (UNKNOWN, True)


@pytest.mark.parametrize("form", ["text", "junit", "nagios"])
def test_other_formats(recheck: Recheck, tmp_path: Path, form: str) -> None:
    ended = recheck(saved(tmp_path, MISMATCH), "--format", form)
    assert (ended.code, ended.err) == (CRITICAL, "")
    assert "PIN001" in ended.out


# --- files that are no report ---


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        b"{}",
        b"[]",
        b"[{}]",
        b"null",
        b"3",
        b'"text"',
        b'{"schema_version": 1}',
        b'{"schema_version": 1, "evidence": 3}',
        b'{"schema_version": "1", "evidence": {}}',
        b"\xff\xfe{\x00}\x00",
        b"\x00" * 100,
        b'{"x": ' + b"[" * 200_000,
        b'{"schema_version": 1, "evidence": {"x": ' + b"[" * 5_000 + b"]" * 5_000 + b"}}",
        b"{}\n{}\n",
        b"<html></html>",
    ],
    ids=lambda content: repr(content[:24]),
)
def test_garbage(recheck: Recheck, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content)
    ended = recheck(path)
    assert ended.code == UNKNOWN
    assert ended.complaint.startswith(f"{path} is not a vpnprobe report: ")
    assert ended.complaint.endswith("make one with --json")


def test_a_value_over_several_lines_is_judged_as_one(recheck: Recheck, tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_text('{\n  "$schema": "x"\n}\n')
    assert "missing required field `schema_version`" in recheck(path).complaint


@pytest.mark.parametrize("lines", [False, True], ids=["json", "json lines"])
def test_a_file_that_was_cut_off(recheck: Recheck, tmp_path: Path, lines: bool) -> None:
    """All or nothing: of a cut-off file not even the whole reports in it are judged."""
    path = saved(tmp_path, HEALTHY, MISMATCH, lines=lines)
    whole = path.read_bytes()
    for size in (1, len(whole) // 4, len(whole) // 2, len(whole) - 10):
        path.write_bytes(whole[:size])
        ended = recheck(path)
        assert ended.code == UNKNOWN
        assert "is not a vpnprobe report" in ended.complaint


def edited(directory: Path, evidence: Evidence, edit: Callable[[Any], object]) -> Path:
    path = saved(directory, evidence)
    report = json.loads(path.read_text(encoding="utf-8"))
    edit(report)
    path.write_text(json.dumps(report), encoding="utf-8")
    return path


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_a_report_says_its_version(tmp_path: Path, form: str) -> None:
    text = saved(tmp_path, HEALTHY, lines=form == "jsonl").read_text(encoding="utf-8")
    assert json.loads(text)["schema_version"] == 1


def test_evidence_that_says_a_version_of_its_own_is_read(recheck: Recheck, tmp_path: Path) -> None:
    """A former form said it twice; the report's counts."""
    path = edited(tmp_path, HEALTHY, lambda report: report["evidence"].update(schema_version=1))
    assert recheck(path, "--json").json["verdict"] == "pass"


@pytest.mark.parametrize("version", [0, 2, 99])
def test_another_schema_version(recheck: Recheck, tmp_path: Path, version: int) -> None:
    """It is told before anything of the Evidence is read, which may have another form there."""
    path = edited(tmp_path, HEALTHY, lambda report: report.update(schema_version=version, evidence={"new": "form"}))
    ended = recheck(path)
    assert ended.code == UNKNOWN
    assert f"has schema version {version}, and this vpnprobe reads 1" in ended.complaint


@pytest.mark.parametrize(
    ("evidence", "edit"),
    [
        (HEALTHY, lambda report: report["evidence"]["certificates"].clear()),
        (HEALTHY, lambda report: report["evidence"]["first_flights"][0].update(chain=[""])),
        (HEALTHY, lambda report: report["evidence"]["handshakes"][0].update(leaf="00" * 32)),
        (HEALTHY, lambda report: report["evidence"].update(client_chain=["00" * 32])),
        (GATEWAY, lambda report: report["evidence"]["certificates"].clear()),
    ],
)
def test_a_certificate_that_is_named_but_not_there(
    recheck: Recheck, tmp_path: Path, evidence: Evidence, edit: Callable[[Any], object]
) -> None:
    ended = recheck(edited(tmp_path, evidence, edit))
    assert ended.code == UNKNOWN
    assert "is damaged: certificate" in ended.complaint


# --- files of another hand ---

ODD_VALUES: tuple[Any, ...] = (
    None, "", "\u202e\x1b[31m", 0, -1, 2**31, 2**63 - 1, 1e308, True, [], {}, "9" * 50, "https://[::1", "127.0.0.1",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
)  # fmt: skip


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where something could be changed."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in below:
        yield (*path, key)
        yield from places(item, (*path, key))


@pytest.mark.parametrize("seed", range(60))
def test_any_value_may_be_another(recheck: Recheck, tmp_path: Path, seed: int) -> None:
    """A tampered file is refused or judged; it breaks nothing and writes nothing raw to the terminal."""
    chance = random.Random(seed)
    report = json.loads(render_json([judge(chance.choice((HEALTHY, MISMATCH, GATEWAY)))]))
    *way, last = chance.choice(list(places(report["evidence"])))
    holder = report["evidence"]
    for step in way:
        holder = holder[step]
    if chance.random() < 0.3:
        del holder[last]
    else:
        holder[last] = chance.choice(ODD_VALUES)
    path = tmp_path / "run.json"
    path.write_text(json.dumps(report), encoding="utf-8")
    for form in ("text", "junit", "nagios"):
        ended = recheck(path, "--verbose", "--format", form)
        assert "bug in vpnprobe" not in ended.err
        assert not {"\x1b", "\u202e"} & set(ended.out + ended.err)


def test_the_command_of_the_help_works(cli: CommandLine, recheck: Recheck, healthy: Lab, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    assert cli(*healthy.arguments, "--json", "-o", path).code == OK
    assert recheck(path).code == OK
