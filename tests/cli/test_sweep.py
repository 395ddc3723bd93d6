"""`vpnprobe sweep`: a whole fleet on the command line, interrupted anywhere and gone on with."""

from __future__ import annotations

import errno
import io
import os
import pty
import re
import signal
import socket
import subprocess
import tempfile
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from tests.cli.driving import CommandLine, Ended, clean_environment, command, in_process
from tests.stand_ins import in_background
from vpnprobe.cli.exitcodes import CRITICAL, OK, UNKNOWN, WARNING
from vpnprobe.lab.fleet import Fleet, FleetLab, FleetPhone, PhoneKind, phones_of, running_fleet

MIX: dict[PhoneKind, int] = {
    "ready": 30,
    "old-hash": 6,
    "no-vpn-group": 4,
    "missing": 5,
    "encrypted": 3,
    "malformed": 2,
    "silent": 2,
}
PHONES = phones_of(MIX)
QUICK = ("--rate", "0", "--timeout", "0.4", "--retries", "0")
AT_ONCE_S = 5.0
# The last line about all of them.
ALL = (
    "CRITICAL: 52 phones: 19 CRITICAL, 3 UNKNOWN, 30 OK; not passed: 6 PIN001 cert-hash-match, "
    "5 TFT003 config-file-served, 4 CFG003 vpn-group-present and 3 more\n"
)


@dataclass(frozen=True)
class Place:
    """A running fleet with its inventory."""

    lab: FleetLab
    inventory: Path

    @property
    def servers(self) -> tuple[str, ...]:
        return tuple(self.lab.arguments)

    @property
    def words(self) -> tuple[str, ...]:
        return ("sweep", str(self.inventory), *self.servers, *QUICK)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with in_background(running_fleet(Fleet(phones=tuple(phone for phone, _ in PHONES.values())))) as lab:
        inventory = tmp_path_factory.mktemp("fleet") / "phones.csv"
        rows = [f"SEP{mac},Cisco 7962,{'Bern' if number % 3 else 'Chur'}" for number, mac in enumerate(PHONES)]
        inventory.write_text("\n".join(("Device Name,Device Type,Site", *rows, "")))
        yield Place(lab, inventory)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A fleet without a fault."""
    phones = [FleetPhone(mac=mac, configuration=PHONES[mac][0].configuration) for mac in ready()[:8]]
    with in_background(running_fleet(Fleet(phones=tuple(phones)))) as lab:
        inventory = tmp_path_factory.mktemp("good") / "macs.txt"
        inventory.write_text("".join(f"{phone.mac}\n" for phone in phones))
        yield Place(lab, inventory)


def ready() -> list[str]:
    return [mac for mac, (_, kind) in PHONES.items() if kind == "ready"]


def lines(data: str | bytes) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in data.splitlines()]


# What no two runs share: times, and where the lab's ports come from does not change within one.
_TIMES = {"finished_at", "started_at", "duration_s", "attempts"}


def timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: timeless(one) for key, one in value.items() if key not in _TIMES}
    return [timeless(one) for one in value] if isinstance(value, list) else value


def by_phone(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Every phone's line without times; fails where one comes twice."""
    phones = [line for line in found if line["kind"] == "phone"]
    assert len({line["mac"] for line in phones}) == len(phones)
    return {line["mac"]: timeless(line) for line in phones}


# --- what is said ---


def test_json_lines(cli: CommandLine, place: Place) -> None:
    ended = cli(*place.words, "--format", "jsonl")
    found = lines(ended.out)
    assert (ended.code, ended.err) == (CRITICAL, "")
    assert (found[0]["kind"], found[0]["schema_version"], found[0]["command"]) == ("start", 1, "sweep")
    assert found[-1]["kind"] == "summary"
    assert by_phone(found).keys() == PHONES.keys()
    summary = found[-1]
    assert summary["counts"]["total"] == len(PHONES)
    assert summary["counts"]["by_result"] == {"pass": 30, "fail": 19, "inconclusive": 3}
    assert summary["counts"]["causes"] == {
        "PIN001": 6,
        "TFT003": 5,
        "CFG003": 4,
        "CFG002": 3,
        "CFG001": 2,
        "TFT002": 2,
    }
    assert (summary["verdict"], summary["interrupted"], summary["not_reached"]) == ("fail", None, 0)


def test_every_line_is_as_the_schema_says(cli: CommandLine, place: Place) -> None:
    schema = cli("schema", "--fleet").json
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    found = lines(cli(*place.words, "--group-by", "Site", "--format", "jsonl").out)
    for line in found:
        validator.validate(line)
    assert {line["kind"] for line in found} == {"start", "gateway", "phone", "summary"}
    assert not validator.is_valid(found[1] | {"kind": "start"})


def test_json_lines_come_as_soon_as_they_are_known(place: Place) -> None:
    """Whoever reads a pipe does not wait for a buffer to fill, nor for the end."""
    process = subprocess.Popen(
        command(*place.words, "--rate", "2", "-f", "jsonl"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=clean_environment(),
    )
    try:
        assert process.stdout is not None
        kinds = [msgspec.json.decode(process.stdout.readline())["kind"] for _ in range(2)]
        assert kinds[0] == "start"
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_text(cli: CommandLine, place: Place) -> None:
    ended = cli(*place.words, "--group-by", "Site")
    assert (ended.code, ended.err) == (CRITICAL, "")
    assert re.match(r"52 phones in [0-9.]+ s\n {9}30  would connect, as far as tested", ended.out)
    assert "  PIN001  A certHash of the phone names the certificate that the gateway shows to it\n" in ended.out
    assert re.search(r"SEP[0-9A-F]{12}(, SEP[0-9A-F]{12}){4} and 1 more\n", ended.out)
    assert f"certHash {place.lab.cert_hash(PHONES[ready()[0]][0].configuration.cert_hashes[0].of)}" in ended.out
    assert re.search(r"\nSite\n +\d+  (Bern|Chur): ", ended.out)
    assert ended.out.endswith(f"\n{ALL}")


def test_every_phone_with_verbose_and_one_line_with_quiet(cli: CommandLine, place: Place) -> None:
    told = cli(*place.words, "--verbose").out
    assert len(re.findall(r"^(?:OK|WARNING|CRITICAL|UNKNOWN) +SEP", told, re.MULTILINE)) == len(PHONES)
    assert cli(*place.words, "--quiet").out == ALL


def test_a_good_fleet(cli: CommandLine, good: Place) -> None:
    ended = cli(*good.words)
    assert (ended.code, ended.err) == (OK, "")
    assert ended.out.endswith("\nOK: 8 phones: 8 OK\n")
    assert "did not pass" not in ended.out


def test_rows_that_cannot_be_used_are_told_and_stop_nobody(cli: CommandLine, good: Place, tmp_path: Path) -> None:
    path = tmp_path / "phones.csv"
    path.write_text(f"Device Name\nSEP{ready()[0]}\nSEPxx\nsep{ready()[0].lower()}\n")
    ended = cli("sweep", path, *good.servers, *QUICK)
    assert ended.code == WARNING
    assert f"{path}, line 3: 'SEPxx' is not a MAC address" in ended.err
    assert ended.out.endswith("\nWARNING: 1 phone: 1 OK; rows that cannot be used: 1\n")
    assert "1  rows of phones that came before, merged" in ended.out


def test_models_without_a_profile_are_told_of_the_whole_inventory(
    cli: CommandLine, good: Place, tmp_path: Path
) -> None:
    path = tmp_path / "phones.csv"
    path.write_text("Device Name,Device Type\n" + "".join(f"SEP{mac},Cisco 9999\n" for mac in ready()[:4]))
    words: tuple[str | Path, ...] = ("sweep", path, *good.servers, *QUICK, "--resume", tmp_path / "sweep.jsonl")
    told = "  no profile is known for the model 'Cisco 9999'; 4 of them judged as 7962G\n"
    assert told in cli(*words).out
    assert told in cli(*words).out


def test_an_inventory_from_standard_input(good: Place) -> None:
    ended = in_process("sweep", "-", *good.servers, *QUICK, "-q", stdin=good.inventory.read_text())
    assert (ended.code, ended.out, ended.err) == (OK, "OK: 8 phones: 8 OK\n", "")


@pytest.mark.parametrize("form", ["text", "jsonl", "csv", "html"])
def test_to_a_file(cli: CommandLine, good: Place, tmp_path: Path, form: str) -> None:
    path = tmp_path / "result"
    ended = cli(*good.words, "--format", form, "--output", path)
    assert (ended.code, ended.out, ended.err) == (OK, "", "")
    data = path.read_text(encoding="utf-8")
    assert all(f"SEP{mac}" in data for mac in ready()[:8]) is (form in ("jsonl", "csv"))
    assert "8" in data
    assert [one.name for one in tmp_path.iterdir()] == ["result"]


# --- interrupted, and gone on with ---


@dataclass
class Running:
    """A sweep in a process of its own."""

    process: subprocess.Popen[str]
    journal: Path

    def wait_for(self, count: int) -> None:
        """Wait until so many lines stand in the journal."""
        while not self.journal.exists() or self.journal.read_bytes().count(b"\n") < count:
            assert self.process.poll() is None
            time.sleep(0.01)

    def stop(self, how: signal.Signals) -> Ended:
        began = time.monotonic()
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=30)
        assert time.monotonic() - began < AT_ONCE_S
        return Ended(self.process.returncode, out, err)


def slow(place: Place, journal: Path, *more: str) -> Running:
    words = (*place.words, "--rate", "40", "--resume", str(journal), *more)
    process = subprocess.Popen(
        command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment(), text=True
    )
    return Running(process, journal)


@pytest.fixture(scope="module")
def uninterrupted(place: Place, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The lines of a run that nobody stopped."""
    path = tmp_path_factory.mktemp("whole") / "sweep.jsonl"
    assert in_process(*place.words, "--resume", path, "-q").code == CRITICAL
    return lines(path.read_bytes())


def same(found: list[dict[str, Any]], whole: list[dict[str, Any]]) -> None:
    assert by_phone(found) == by_phone(whole)
    for kind in ("start", "gateway", "summary"):
        assert [timeless(line) for line in found if line["kind"] == kind] == [
            timeless(line) for line in whole if line["kind"] == kind
        ]
    assert found[-1]["kind"] == "summary"


@pytest.mark.parametrize("after", [1, 5, 20, 45])
def test_killed_and_resumed(
    cli: CommandLine, place: Place, uninterrupted: list[dict[str, Any]], tmp_path: Path, after: int
) -> None:
    journal = tmp_path / "sweep.jsonl"
    run = slow(place, journal)
    run.wait_for(after)
    assert run.stop(signal.SIGKILL).code == -signal.SIGKILL
    part = lines(journal.read_bytes())
    assert after <= len(part) < len(PHONES)
    # As when the machine goes down in the middle of a line.
    with journal.open("ab") as stream:
        stream.write(b'{"kind":"phone","mac":"001AE2')
    ended = cli(*place.words, "--resume", journal, "--format", "jsonl")
    assert ended.code == CRITICAL
    same(lines(journal.read_bytes()), uninterrupted)
    # What is shown is the whole run, too.
    same(lines(ended.out), uninterrupted)
    # What was there stayed as it was, times and all.
    assert lines(journal.read_bytes())[: len(part)] == part


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["Ctrl-C", "SIGTERM", "SIGHUP"])
def test_stopped_and_resumed(
    cli: CommandLine, place: Place, uninterrupted: list[dict[str, Any]], tmp_path: Path, stop: signal.Signals
) -> None:
    journal = tmp_path / "sweep.jsonl"
    run = slow(place, journal)
    run.wait_for(15)
    ended = run.stop(stop)
    assert ended.code == UNKNOWN
    found = lines(journal.read_bytes())
    assert (found[-1]["interrupted"], found[-1]["verdict"]) == ("interrupt", "inconclusive")
    assert found[-1]["not_reached"] == len(PHONES) - len(by_phone(found))
    assert re.search(r"UNKNOWN: \d+ phones: .*; interrupted, \d+ phones not reached\n$", ended.out)
    assert f"go on with --resume {journal}" in ended.err
    again = cli(*place.words, "--resume", journal, "-q")
    assert (again.code, again.out) == (CRITICAL, ALL)
    same(lines(journal.read_bytes()), uninterrupted)


def test_killed_again_and_again(place: Place, uninterrupted: list[dict[str, Any]], tmp_path: Path) -> None:
    journal = tmp_path / "sweep.jsonl"
    for count in (5, 12, 25, 40):
        run = slow(place, journal)
        run.wait_for(count)
        run.stop(signal.SIGKILL)
    assert in_process(*place.words, "--resume", journal, "-q").code == CRITICAL
    same(lines(journal.read_bytes()), uninterrupted)


def test_a_run_that_is_at_its_end_asks_nobody_again(
    cli: CommandLine, place: Place, uninterrupted: list[dict[str, Any]], tmp_path: Path
) -> None:
    journal = tmp_path / "sweep.jsonl"
    cli(*place.words, "--resume", journal)
    before = lines(journal.read_bytes())
    again = cli(*place.words, "--resume", journal)
    assert again.code == CRITICAL
    assert re.search(
        rf"phones that are finished already: 52, of the run begun 20.* UTC; .* another file than {journal}\n", again.err
    )
    after = lines(journal.read_bytes())
    assert after[:-1] == before[:-1]
    same(after, uninterrupted)


def test_the_deadline(cli: CommandLine, place: Place, tmp_path: Path) -> None:
    journal = tmp_path / "sweep.jsonl"
    ended = cli(*place.words, "--rate", "20", "--deadline", "1", "--resume", journal)
    assert ended.code in (CRITICAL, UNKNOWN)
    assert lines(journal.read_bytes())[-1]["interrupted"] == "deadline"
    assert "the deadline came first" in ended.out
    assert cli(*place.words, "--resume", journal, "-q").out == ALL


def test_other_options_need_another_file(cli: CommandLine, place: Place, tmp_path: Path) -> None:
    journal = tmp_path / "sweep.jsonl"
    cli(*place.words, "--resume", journal)
    before = journal.read_bytes()
    ended = cli(*place.words, "--resume", journal, "--model", "8841")
    assert (ended.code, ended.out) == (UNKNOWN, "")
    assert "was begun with --model not given; go on with the same, or name another file" in ended.err
    assert journal.read_bytes() == before
    for more, told in ((["-4"], "--ipv4 not given"), (["--resolver", "127.0.0.1:1"], "--resolver 127.0.0.1:")):
        ended = cli(*place.words, *more, "--resume", journal)
        assert (ended.code, ended.out) == (UNKNOWN, "")
        assert f"was begun with {told}" in ended.err


def test_the_inventory_may_be_another_one_when_the_run_goes_on(cli: CommandLine, good: Place, tmp_path: Path) -> None:
    """What counts is the inventory of now: phones taken out are not counted, labels and models are the new ones."""
    journal, inventory = tmp_path / "sweep.jsonl", tmp_path / "phones.csv"
    macs = [phone.mac for phone in good.lab.fleet.phones]
    words: tuple[str | Path, ...] = (
        "sweep",
        inventory,
        *good.words[2:],
        "--resume",
        journal,
        "--group-by",
        "Site",
        "-f",
        "jsonl",
    )
    inventory.write_text("\n".join(["MAC,Site", *(f"{mac},Bern" for mac in macs)]))
    assert cli(*words).code == OK
    inventory.write_text("\n".join(["MAC,Site", *(f"{mac},Chur" for mac in macs[1:])]))
    after = lines(cli(*words).out.encode())
    assert {line["mac"] for line in after if line["kind"] == "phone"} == set(macs[1:])
    assert after[-1]["counts"]["total"] == len(macs) - 1
    assert list(after[-1]["by_label"]["Site"]) == ["Chur"]
    assert "results of phones that are not in the inventory any more: 1; they do not count" in after[-1]["notes"]
    inventory.write_text("\n".join(["MAC,Site,Model", f"{macs[0]},Bern,8841"]))
    [line] = [one for one in lines(cli(*words).out.encode()) if one["kind"] == "phone"]
    assert line["profile"] == "8811"


def test_no_room_where_a_report_waits_to_be_whole(
    cli: CommandLine, good: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda *_, **__: Full())
    report = tmp_path / "report.csv"
    ended = cli(*good.words, "--format", "csv", "--output", report)
    assert ended.code == UNKNOWN
    assert f"{tempfile.gettempdir()}, where the report waits to be whole: No space left on device; make" in ended.err
    assert not report.exists()


def limited(place: Place, limit: str, *more: str) -> subprocess.CompletedProcess[str]:
    words = command(*place.words, "-q", *more)
    return subprocess.run(
        ["/bin/sh", "-c", f'ulimit {limit}; exec "$@"', "sh", *words],
        capture_output=True,
        text=True,
        env=clean_environment(),
        check=False,
    )


def test_a_want_of_open_files_is_not_told_of_the_server(place: Place) -> None:
    """The usual limit of a shell is a soft one; where a hard one is too low, no phone is judged by that."""
    assert limited(place, "-Sn 24", "--parallel", "64").stdout == ALL
    refused = limited(place, "-n 200", "--parallel", "64")
    assert (refused.returncode, refused.stdout) == (UNKNOWN, "")
    assert "--parallel 64 may need 228 open files, and 200 are allowed here; give a smaller one" in refused.stderr
    assert limited(place, "-n 200", "--parallel", "40").stdout == ALL


# --- progress ---


def test_progress_on_a_terminal(place: Place, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command(*place.words, "--rate", "30", "-q", "-f", "jsonl", "-o", str(tmp_path / "out")),
        stderr=theirs,
        env=clean_environment(),
    )
    loud = subprocess.Popen(
        command(*place.words, "--rate", "30", "-f", "jsonl", "-o", str(tmp_path / "loud")),
        stderr=theirs,
        env=clean_environment(),
    )
    os.close(theirs)
    shown = ""
    try:
        while not re.search(r"[0-9]+ of 52 phones, [0-9]+/s, [0-9]+ s left …", shown):
            shown += os.read(ours, 4096).decode()
    finally:
        for one in (process, loud):
            one.kill()
            one.wait()
        os.close(ours)


def test_progress_in_a_narrow_terminal_while_nobody_answers(place: Place) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (5, 12))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            command("sweep", str(place.inventory), "--tftp", server), stderr=theirs, env=clean_environment()
        )
        os.close(theirs)
        try:
            # Nothing is behind it, so there is no second line.
            assert os.read(ours, 4096).decode() == "\r\x1b[K0 of 52 p …"
        finally:
            process.kill()
            process.wait()
            os.close(ours)


# --- what is refused before anything is asked ---


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--tftp", "dhcp"), "--tftp dhcp is for a single phone; name the configuration server"),
        (("--tftp", "[::1"), "write an IPv6 address with a port as"),
        (("--group-url", "http://x/"), "does not begin with https://"),
        (("--model", "9999"), "no phone profile for '9999'"),
        (("--group-by", "Siet"), "has no label 'Siet'; did you mean 'Site'?"),
        (("--output", "/nowhere/x"), "--output /nowhere/x: /nowhere does not exist"),
        (("--resume", "/nowhere/x"), "--resume /nowhere/x: No such file or directory; name a file that can be written"),
        (("--resume", "/"), "--resume /: Is a directory"),
        (("--parallel", "0"), "--parallel"),
        (("-4", "-6"), "-4 and -6 exclude each other"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_refused(cli: CommandLine, place: Place, more: tuple[str, ...], told: str) -> None:
    ended = cli("sweep", place.inventory, "--tftp", "127.0.0.1:9", *QUICK, *more)
    assert (ended.code, ended.out) == (UNKNOWN, "")
    assert told in ended.err


def test_results_and_journal_are_two_files(cli: CommandLine, place: Place, tmp_path: Path) -> None:
    path = tmp_path / "one"
    ended = cli(*place.words, "--resume", path, "--output", path)
    assert ended.code == UNKNOWN
    assert "--resume and --output name the same file" in ended.err
    assert not path.exists()


def test_no_inventory(cli: CommandLine, tmp_path: Path) -> None:
    ended = cli("sweep", tmp_path / "none.csv", "--tftp", "127.0.0.1:9")
    assert (ended.code, ended.out) == (UNKNOWN, "")
    assert "name a file with the phones" in ended.err


def test_a_server_that_is_not_there(cli: CommandLine, place: Place, tmp_path: Path) -> None:
    journal = tmp_path / "sweep.jsonl"
    words = ("sweep", place.inventory, "--tftp", "127.0.0.1:9", *QUICK, "--parallel", "4", "--resume", journal)
    ended = cli(*words)
    assert ended.code == UNKNOWN
    assert "the configuration server answers nobody any more, 52 phones not reached" in ended.out
    assert "phones that were not reached: 52;" in ended.err
    assert [line["kind"] for line in lines(journal.read_bytes())] == ["start", "summary"]
