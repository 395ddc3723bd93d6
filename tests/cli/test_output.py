"""Data on standard output or in a file that is replaced in one step; colours and progress only for a terminal."""

from __future__ import annotations

import os
import pty
import re
import stat
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest

from tests.cli.driving import CERT_HASH, MAC, NOWHERE, CommandLine, clean_environment, command, in_process
from vpnprobe.cli.exitcodes import CRITICAL, OK, UNKNOWN
from vpnprobe.cli.output import write_text
from vpnprobe.lab.network import Lab

ESCAPE = "\x1b"
# Ends at once: nobody listens there.
REFUSED = ("phone", "--group-url", NOWHERE, "--mac", MAC, "--cert-hash", CERT_HASH)

FULL = Path("/dev/full")
needs_full_device = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


# --- a file ---


def test_output_is_the_same_as_standard_output(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "catalogue.txt"
    printed = cli("explain")
    assert cli("explain", "--output", path) == type(printed)(OK, "", "")
    assert path.read_text(encoding="utf-8") == printed.out
    assert [one.name for one in tmp_path.iterdir()] == ["catalogue.txt"]


def test_text_in_a_file_has_no_colours(cli: CommandLine, tmp_path: Path) -> None:
    cli(*REFUSED, "--output", tmp_path / "report.txt")
    assert ESCAPE not in (tmp_path / "report.txt").read_text(encoding="utf-8")


def test_a_new_file_has_the_mode_that_the_umask_gives(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text("x", str(tmp_path / "report"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "report").stat().st_mode) == 0o640


def test_a_file_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o600)
    write_text("new", str(path))
    assert path.read_text(encoding="utf-8") == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_whoever_reads_sees_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    """The file is replaced, never written into: one who has it open keeps the old one."""
    path = tmp_path / "report"
    path.write_text("old", encoding="utf-8")
    with path.open(encoding="utf-8") as reader:
        write_text("new and longer", str(path))
        assert reader.read() == "old"
    assert path.read_text(encoding="utf-8") == "new and longer"


def test_the_old_file_stays_when_writing_fails(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.json"
    path.write_text("old", encoding="utf-8")

    def disk_full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", disk_full)
    ended = cli("explain", "--output", path)
    assert ended.code == UNKNOWN
    assert "No space left on device" in ended.complaint
    assert path.read_text(encoding="utf-8") == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["report.json"]


def test_the_old_file_stays_when_the_run_fails(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old", encoding="utf-8")
    assert cli("recheck", "missing.json", "--output", path).code == UNKNOWN
    assert path.read_text(encoding="utf-8") == "old"


def test_the_target_of_a_link_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    target = tmp_path / "2026" / "report"
    target.parent.mkdir()
    link = tmp_path / "latest"
    link.symlink_to(target)
    for text in ("first", "second"):
        write_text(text, str(link))
        assert link.is_symlink()
        assert target.read_text(encoding="utf-8") == text


def test_a_device_is_written_to_and_stays_one(cli: CommandLine) -> None:
    """A terminal of our own stands for /dev/null: as root, a fault here would cost the machine the real one."""
    ours, theirs = pty.openpty()
    try:
        device = Path(os.ttyname(theirs))
        assert cli("explain", "PIN001", "--output", device).code == OK
        assert os.read(ours, 6) == b"PIN001"
        assert stat.S_ISCHR(device.stat().st_mode)
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    received: list[str] = []
    reader = threading.Thread(target=lambda: received.append(path.read_text(encoding="utf-8")))
    reader.start()
    write_text("through the pipe", str(path))
    reader.join()
    assert received == ["through the pipe"]
    assert path.is_fifo()


def test_a_link_to_standard_output(tmp_path: Path) -> None:
    """As /dev/stdout is one; it is not named here, so that no fault can replace it."""
    link = tmp_path / "stdout"
    link.symlink_to("/proc/self/fd/1" if Path("/proc/self/fd").exists() else "/dev/fd/1")
    assert in_process("explain", "PIN001", "--output", link) == in_process("explain", "PIN001")
    assert link.is_symlink()


# --- standard output ---


@pytest.mark.parametrize("form", ["json", "jsonl", "junit", "nagios", "text"])
def test_nothing_but_the_report_is_printed(cli: CommandLine, form: str) -> None:
    ended = cli(*REFUSED, "--format", form)
    assert ended.code == CRITICAL
    assert ended.err == ""
    assert ended.out.endswith("\n")
    assert ESCAPE not in ended.out
    starts = {"json": "{\n", "jsonl": '{"schema_version":1,', "junit": "<?xml ", "nagios": "CRITICAL: ", "text": "vpn"}
    assert ended.out.startswith(starts[form])


def test_several_reports_are_an_array_or_a_line_each(cli: CommandLine) -> None:
    two = ("gateway", "127.0.0.1:9", "127.0.0.2:9")
    lines = cli(*two, "--format", "jsonl").out.splitlines()
    for reports in (cli(*two, "--json").json, [msgspec.json.decode(line) for line in lines]):
        assert [report["target"]["gateway"]["host"] for report in reports] == ["127.0.0.1", "127.0.0.2"]
    summed_up, *lines = cli(*two, "--format", "nagios").out.splitlines()
    assert summed_up.startswith("CRITICAL: 2 targets: 2 CRITICAL | ")
    for told in (lines, cli(*two, "--quiet").out.splitlines()):
        assert [line.split(": ")[:2] for line in told] == [["CRITICAL", "127.0.0.1:9"], ["CRITICAL", "127.0.0.2:9"]]


def test_a_reader_that_is_gone() -> None:
    """As with `| head`: no traceback, and no second one when Python closes standard output."""
    with subprocess.Popen(
        command("schema"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment(), text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == UNKNOWN


@needs_full_device
def test_standard_output_without_room() -> None:
    with FULL.open("w", encoding="utf-8") as full:
        done = subprocess.run(
            command("explain"), stdout=full, stderr=subprocess.PIPE, env=clean_environment(), text=True, check=False
        )
    assert (done.returncode, done.stderr) == (UNKNOWN, "vpnprobe: output: No space left on device\n")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams(closed: str) -> None:
    """As some schedulers start their jobs."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$@" {closed}', "sh", *command("explain", "PIN001")],
        capture_output=True,
        env=clean_environment(),
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (OK, "")
    assert done.stdout.startswith("PIN001") == (">&-" not in closed.split())


def test_an_encoding_that_lacks_letters() -> None:
    """A certificate's name may hold any letter, and a terminal of another time cannot show it."""
    ended = in_process("hash", "schlüssel", PYTHONIOENCODING="ascii")
    assert ended.code == UNKNOWN
    assert ended.out.startswith("schl\\xfcssel\n")


# --- terminals ---


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """Run it with standard output and error on a terminal; return what the terminal got."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        process = subprocess.Popen(
            command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            env=clean_environment(**{"TERM": "xterm", "COLUMNS": "80"} | environment),
        )
        os.close(theirs)
        shown = b""
        try:
            while data := terminal.read(65536):
                shown += data
        except OSError:
            # How Linux says that the other end is closed.
            pass
        assert process.wait() == CRITICAL
    return shown.decode()


COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def test_colours_and_progress_on_a_terminal() -> None:
    shown = on_a_terminal(*REFUSED)
    assert COLOUR.search(shown)
    assert "\r\x1b[Kresolve …" in shown
    # The progress line is taken away before the report comes.
    assert re.search(r"…(\r\x1b\[K)+(\x1b\[\d+m)?vpnprobe phone", shown)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "dumb"])
def test_no_colours_where_none_are_wanted(environment: dict[str, str]) -> None:
    shown = on_a_terminal(*REFUSED, **environment)
    assert re.search(r"^NO\. This phone ", shown, re.MULTILINE)
    assert not COLOUR.search(shown)


def test_plain_text_says_the_same(cli: CommandLine) -> None:
    """Colour only repeats what the words say."""
    shown = on_a_terminal(*REFUSED)
    report = shown[shown.index("vpnprobe phone") :].replace("\r\n", "\n")
    assert without_times(COLOUR.sub("", report)) == without_times(cli(*REFUSED).out)


def without_times(text: str) -> list[str]:
    return [re.sub(r" +\d+ ms", " ms", line).rstrip() for line in text.splitlines()]


def test_output_to_a_file_keeps_the_terminal_quiet(tmp_path: Path) -> None:
    shown = on_a_terminal(*REFUSED, "--output", str(tmp_path / "report.txt"))
    assert "NO." not in shown
    assert (tmp_path / "report.txt").is_file()


def test_standard_error_is_quiet_without_a_terminal(healthy: Lab) -> None:
    assert in_process(*healthy.arguments, "--json").err == ""


def test_quiet_json_is_nothing_but_json_also_on_a_terminal() -> None:
    assert msgspec.json.decode(on_a_terminal(*REFUSED, "--json", "--quiet"))["verdict"] == "fail"


def test_no_command_waits_for_what_only_some_need() -> None:
    program = "import sys, vpnprobe.cli.app; print(*[name for name in sys.modules if name.startswith('vpnprobe.pki')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


START_UP = """
import sys
sys.argv[1:] = ["--version"]
from vpnprobe.__main__ import main
try:
    main()
finally:
    assert "typer" not in sys.modules
"""


def test_the_version_is_told_without_loading_a_library() -> None:
    done = subprocess.run([sys.executable, "-c", START_UP], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (OK, "")
    assert done.stdout == in_process("-V", "phone").out
