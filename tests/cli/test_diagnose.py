"""`vpnprobe diagnose`: pasted logs from files and standard input."""

from __future__ import annotations

import codecs
import io
import sys
from pathlib import Path

import pytest

from tests.cli.driving import CommandLine
from tests.federation import logs
from vpnprobe.cli import diagnose as command
from vpnprobe.cli.exitcodes import CRITICAL, OK, UNKNOWN, WARNING
from vpnprobe.federation.trace import LOOKED_FOR


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "pasted.log"


@pytest.mark.parametrize("text", [logs.CLIENT_1009_AS_PASTED, logs.CLIENT_1009], ids=["as pasted", "as written"])
def test_what_the_partner_sees_of_a_target_in_a_sub_domain(cli: CommandLine, log: Path, text: str) -> None:
    log.write_text(text, encoding="utf-8")
    ended = cli("diagnose", log)
    assert (ended.code, ended.err) == (CRITICAL, "")
    lines = [line.strip() for line in ended.out.splitlines()]
    assert lines[0] == "CRITICAL: 1 fault named in the log."
    assert " ".join(lines[2:4]) == (
        "1. the federation record of cms.steven.lab leads to vcse.sub.cms.steven.lab, "
        "which is not in cms.steven.lab (1009)"
    )
    assert "next  vpnprobe federation cms.steven.lab" in lines
    assert "- the name that the SRV record leads to is not one label below cms.steven.lab (DOM001)" in " ".join(lines)
    assert "_sipfederationtls._tcp.cms.steven.lab. 3600 IN SRV 0 0 5061 vcse.cms.steven.lab." in lines


@pytest.mark.parametrize("text", [logs.CLIENT_1010_AS_PASTED, logs.CLIENT_1010], ids=["as pasted", "as written"])
def test_what_the_partner_sees_of_a_certificate_without_the_target(cli: CommandLine, log: Path, text: str) -> None:
    log.write_text(text, encoding="utf-8")
    ended = cli("diagnose", log)
    assert ended.code == CRITICAL
    assert "the certificate of vcse.cms.steven.lab does not hold that name (1010)" in ended.out
    assert "next  vpnprobe federation cms.steven.lab" in ended.out
    assert "(FCR001" in ended.out


@pytest.mark.parametrize(
    ("text", "code", "head"),
    [
        pytest.param(logs.ANSWERED, OK, "OK: the log shows answers, and nothing wrong.", id="answered"),
        pytest.param(logs.NOTIFY_408, WARNING, "WARNING: 1 fault named in the log.", id="warning"),
        pytest.param(logs.EXPRESSWAY_504, CRITICAL, "CRITICAL: 1 fault named in the log.", id="fault"),
        pytest.param(
            logs.EXPRESSWAY_504 + logs.CLIENT_1009 + logs.ANSWERED,
            CRITICAL,
            "CRITICAL: 2 faults named in the log.",
            id="two faults",
        ),
        pytest.param(
            "SIP/2.0 486 Busy Here\n",
            UNKNOWN,
            "UNKNOWN: the log shows a failure, but no cause that is known here.",
            id="not explained",
        ),
        pytest.param(
            "OPTIONS sip:a@b.example SIP/2.0\n",
            UNKNOWN,
            "UNKNOWN: the log shows SIP messages, but no answer that tells anything.",
            id="request only",
        ),
        pytest.param("hello\n", UNKNOWN, "UNKNOWN: nothing in the log was recognised.", id="nothing"),
        pytest.param("", UNKNOWN, "UNKNOWN: nothing in the log was recognised.", id="empty"),
    ],
)
def test_exit_codes_and_first_lines(cli: CommandLine, log: Path, text: str, code: int, head: str) -> None:
    log.write_text(text, encoding="utf-8")
    ended = cli("diagnose", log)
    assert (ended.code, ended.out.splitlines()[0]) == (code, head)


def test_of_a_text_with_nothing_in_it_is_said_what_was_looked_for(cli: CommandLine, log: Path) -> None:
    log.write_text("hello\n", encoding="utf-8")
    shown = cli("diagnose", log).out
    assert all(what in " ".join(shown.split()) for what in LOOKED_FOR)


def test_causes_that_nobody_sees_are_listed_once(cli: CommandLine, log: Path) -> None:
    other = logs.EXPRESSWAY_504.replace("acano.steven.lab", "cms.steven.lab")
    log.write_text(logs.EXPRESSWAY_504 + other, encoding="utf-8")
    shown = cli("diagnose", log).out
    assert "Also possible for 1, 2. Nothing of this shows from outside:" in shown
    assert shown.count("the front end of OCS does not run") == 1
    assert "Get-CsAllowedDomain -Identity <domain>" in shown


def test_a_cause_that_nobody_sees_is_about_the_domain(cli: CommandLine, log: Path) -> None:
    log.write_text(logs.SUBSCRIBE_403, encoding="utf-8")
    shown = cli("diagnose", log).out
    assert "nslookup -type=srv _sipfederationtls._tcp.imp.example.com" in shown


def test_standard_input(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(logs.CLIENT_1009.encode())))
    assert "line 7  SIP/2.0 504 Server time-out" in cli("diagnose", "-").out


def test_several_files_are_told_apart(cli: CommandLine, tmp_path: Path) -> None:
    first, second = tmp_path / "edge.log", tmp_path / "client.log"
    first.write_text(logs.EDGE_1009_AS_PASTED, encoding="utf-8")
    second.write_text(logs.EDGE_1010_AS_PASTED, encoding="utf-8")
    shown = cli("diagnose", first, second).out
    assert f"{first}:2  0xc3e93d6f" in shown
    assert f"{second}:2  0xc3e93d67" in shown


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(codecs.BOM_UTF16_LE + logs.CLIENT_1009.encode("utf-16-le"), id="UTF-16 with mark"),
        pytest.param(logs.CLIENT_1009.encode("utf-16-le"), id="UTF-16"),
        pytest.param(logs.CLIENT_1009.replace("Steven", "Stéven").encode("latin-1"), id="Latin-1"),
        pytest.param(b"\x00\xff\xfe\x80" * 100 + b"\n" + logs.CLIENT_1009.encode(), id="with bytes of no text"),
    ],
)
def test_logs_of_windows(cli: CommandLine, log: Path, data: bytes) -> None:
    log.write_bytes(data)
    assert cli("diagnose", log, "--json").json["diagnoses"][0]["name"] == "target-outside-domain"


def test_as_json(cli: CommandLine, log: Path) -> None:
    log.write_text(logs.CLIENT_1009 + logs.EXPRESSWAY_504, encoding="utf-8")
    ended = cli("diagnose", log, "--json")
    report = ended.json
    assert ended.code == CRITICAL
    assert (report["verdict"], report["recognised"], report["lines"]) == ("fail", 2, 23)
    named, bare = report["diagnoses"]
    assert (named["name"], named["domain"], named["count"]) == ("target-outside-domain", "cms.steven.lab", 1)
    assert named["places"][0]["line"] == 7
    assert named["causes"][0]["checks"] == ["DOM001"]
    assert named["causes"][0]["fix"][0]["platform"] == "DNS"
    assert bare["outcome"] == "refused"
    assert "front-end-stopped" in [cause["name"] for cause in report["possible"]["refused"]]
    assert report["looked_for"] == list(LOOKED_FOR)


def test_into_a_file(cli: CommandLine, log: Path, tmp_path: Path) -> None:
    log.write_text(logs.CLIENT_1009, encoding="utf-8")
    path = tmp_path / "report.txt"
    assert cli("diagnose", log, "--output", path).out == ""
    assert path.read_text(encoding="utf-8") == cli("diagnose", log).out


def test_a_log_that_is_too_long_is_refused_with_advice(
    cli: CommandLine, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_MAX_SIZE", 1 << 20)
    log.write_bytes(b"x" * ((1 << 20) + 1))
    ended = cli("diagnose", log)
    assert ended.code == UNKNOWN
    assert ended.complaint.endswith("larger than 1 MiB; cut out the minutes around the failure")


def test_a_file_that_is_not_there(cli: CommandLine) -> None:
    ended = cli("diagnose", "missing.log")
    assert ended.code == UNKNOWN
    assert ended.complaint.startswith("missing.log: No such file or directory; ")


@pytest.mark.parametrize("magic", command._NO_TEXT)
def test_a_file_that_is_no_text_is_refused_with_advice(cli: CommandLine, log: Path, magic: bytes) -> None:
    log.write_bytes(magic + bytes(100))
    ended = cli("diagnose", log)
    assert ended.code == UNKNOWN
    assert ended.complaint.endswith(command._NO_TEXT[magic])


def test_nothing_of_the_log_reaches_the_terminal_as_it_stands(cli: CommandLine, log: Path) -> None:
    escape = "\x1b]0;owned\x07"
    log.write_text(
        f'ms-diagnostics: 1999; reason="{escape}\u202e"; domain="{escape}"\n'
        f"ERROR: Specified ACL ({escape}) either does not exist\n"
        f"Authorization: Digest response=deadbeef\n{logs.CLIENT_1009}",
        encoding="utf-8",
    )
    ended = cli("diagnose", log)
    assert ended.code == CRITICAL
    for hidden in ("\x1b", "\x07", "\u202e", "deadbeef", "FA404B9C", "65d8d93b"):
        assert hidden not in ended.out
    assert "\\x1b]0;owned" in ended.out


def test_no_command_holds_what_a_shell_would_run(cli: CommandLine, log: Path) -> None:
    log.write_text('ms-diagnostics: 1008; domain="a.example;reboot"\n', encoding="utf-8")
    assert cli("diagnose", log, "--json").json["diagnoses"][0]["next"] == ["vpnprobe federation <domain>"]
