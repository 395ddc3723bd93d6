"""Every verdict has its exit code, those of the monitoring plug-ins."""

from __future__ import annotations

import itertools

import pytest

from tests.cli.driving import CERT_HASH, MAC, CommandLine, in_process
from tests.stand_ins import lab_in_background
from vpnprobe.cli.exitcodes import CRITICAL, OK, UNKNOWN, WARNING, exit_code
from vpnprobe.lab.network import Lab
from vpnprobe.model.finding import Verdict

WORDS = {OK: "OK", WARNING: "WARNING", CRITICAL: "CRITICAL", UNKNOWN: "UNKNOWN"}


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ((), UNKNOWN),
        (("pass",), OK),
        (("warn",), WARNING),
        (("fail",), CRITICAL),
        (("inconclusive",), UNKNOWN),
        (("pass", "warn"), WARNING),
        (("warn", "inconclusive"), UNKNOWN),
        (("inconclusive", "fail", "pass"), CRITICAL),
    ],
)
def test_the_worst_verdict_counts(verdicts: tuple[Verdict, ...], code: int) -> None:
    for order in itertools.permutations(verdicts):
        assert exit_code(order) == code


@pytest.mark.parametrize(
    ("scenario", "verdict", "code"),
    [
        ("healthy", "pass", OK),
        ("expires-soon", "warn", WARNING),
        ("gateway-certificate-replaced", "fail", CRITICAL),
        ("tftp-unknown", "inconclusive", UNKNOWN),
    ],
)
def test_phone(cli: CommandLine, scenario: str, verdict: str, code: int) -> None:
    with lab_in_background(scenario) as lab:
        text = cli(*lab.arguments)
        report = cli(*lab.arguments, "--json")
        line = cli(*lab.arguments, "--quiet")
    assert {text.code, report.code, line.code} == {code}
    assert report.json["verdict"] == verdict
    assert line.out.startswith(f"{WORDS[code]}: ")
    assert line.out.count("\n") == 1
    assert text.out.splitlines()[-1] == line.out.rstrip("\n")
    assert text.err == report.err == line.err == ""


def test_in_a_process_of_its_own(healthy: Lab) -> None:
    ended = in_process(*healthy.arguments)
    assert (ended.code, ended.err) == (OK, "")
    assert ended.out.startswith("vpnprobe phone  SEP8CB64F576113 (7962G)\n")


def test_the_worst_of_several_gateways(cli: CommandLine, healthy: Lab) -> None:
    good = ("gateway", healthy.group_url, "--resolver", healthy.resolver)
    assert cli(*good).code == OK
    ended = cli(*good, "127.0.0.1:9", "--json")
    assert ended.code == CRITICAL
    assert [report["verdict"] for report in ended.json] == ["pass", "fail"]


def test_a_model_that_was_asked_for_is_the_only_one_that_counts(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lab_in_background("tls12-only-8841") as lab:
        probe = ("gateway", lab.group_url, "--resolver", lab.resolver, "--quiet")
        assert cli(*probe).code == CRITICAL
        assert cli(*probe, "--model", "8841").code == OK
        assert cli(*probe, "--model", "7962G").code == CRITICAL
        monkeypatch.setenv("VPNPROBE_MODEL", "8841")
        assert cli(*probe).code == OK


def test_a_gateway_that_nobody_listens_at(cli: CommandLine) -> None:
    ended = cli("phone", "--group-url", "https://127.0.0.1:9/x", "--mac", MAC, "--cert-hash", CERT_HASH, "--quiet")
    assert ended.code == CRITICAL
    assert "connection refused" in ended.out


def test_a_bug_of_ours_is_unknown_and_says_so(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(name: str) -> None:
        raise RuntimeError("\x1b[31mwhat no one thought of")

    monkeypatch.setattr("vpnprobe.checks.catalogue.find", break_down)
    ended = cli("explain", "PIN001")
    assert (ended.code, ended.out) == (UNKNOWN, "")
    assert ended.err.endswith("Please report it with the lines above.\n")
    assert "\\x1b[31mwhat no one thought of" in ended.err
    assert "\x1b" not in ended.err


def test_interrupted_before_anything_ran(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vpnprobe.checks.catalogue.find", interrupt)
    ended = cli("explain", "PIN001")
    assert ended.code == UNKNOWN
    assert ended.complaint == "interrupted"
