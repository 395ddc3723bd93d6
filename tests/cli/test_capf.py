"""`vpnprobe capf`: its options, its exit codes, and what it prints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import issue, rsa_key
from tests.cli.driving import CommandLine
from tests.stand_ins import in_background
from vpnprobe.cli.capf import Addresses, Parameter, Stack, capf_options
from vpnprobe.cli.exitcodes import CRITICAL, OK, UNKNOWN, WARNING
from vpnprobe.lab.capf.network import CapfLab, running_capf_lab
from vpnprobe.lab.capf.scenarios import find_capf_scenario
from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import Endpoint
from vpnprobe.probes.options import DEFAULT_NETWORK, CapfOptions

NOWHERE = ("capf", "127.0.0.1:9")


@contextmanager
def lab(name: str) -> Iterator[CapfLab]:
    with in_background(running_capf_lab(find_capf_scenario(name))) as running:
        yield running


@pytest.mark.parametrize(
    ("name", "code", "last"),
    [
        ("capf-healthy", OK, "OK: YES, a phone reaches this CAPF and is greeted; no operation was started"),
        ("capf-idle-timeout", WARNING, "WARNING: CPF006 the firewall forgets an idle connection after 10 minutes"),
        ("capf-port-closed", CRITICAL, "CRITICAL: CPF003 no TCP connection"),
        ("capf-itl-damaged", UNKNOWN, "UNKNOWN: CPF021 ITLFile.tlv cannot be read"),
    ],
)
def test_exit_codes(cli: CommandLine, name: str, code: int, last: str) -> None:
    with lab(name) as running:
        ended = cli(*running.arguments)
        quiet = cli(*running.arguments, "--quiet")
    assert (ended.code, quiet.code) == (code, code)
    assert ended.out.splitlines()[0] == "vpnprobe capf  as a 7962G would reach it"
    assert ended.out.splitlines()[-1].startswith(last)
    assert quiet.out == ended.out.splitlines()[-1] + "\n"


def test_a_report_can_be_judged_again(cli: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    with lab("capf-version-2") as running:
        first = cli(*running.arguments, "--json", "--output", file)
    again = cli("recheck", file, "--json")
    assert (first.code, again.code) == (WARNING, WARNING)
    [finding] = [one for one in again.json["findings"] if one["id"] == "CPF012"]
    assert finding["summary"] == "CAPF version 2 instead of 3"


@pytest.mark.parametrize("form", ["json", "jsonl", "junit", "nagios", "prometheus"])
def test_every_form(cli: CommandLine, form: str) -> None:
    ended = cli(*NOWHERE, "--format", form)
    assert ended.code == CRITICAL
    assert ended.out


def test_options_from_the_environment(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPNPROBE_PHONE_STACK", "v6")
    monkeypatch.setenv("VPNPROBE_IDLE_TIMEOUT", "10")
    seen = cli(*NOWHERE, "--json").json["evidence"]["capf"]
    assert (seen["stack"], seen["phone_addresses"], seen["idle_timeout_min"]) == ("v6", ["IPv6"], 10)
    assert seen["row"] == {"row": 15}


def options(server: str = "cucm.example.com", **changes: Any) -> CapfOptions:
    usual: dict[str, Any] = {
        "stack": Stack.DUAL,
        "addresses": None,
        "ipv6_parameter": Parameter.UNKNOWN,
        "idle_timeout": None,
        "keep_alive": None,
        "retries": False,
        "trust_list": None,
        "capf_cert": None,
        "config": None,
        "online_ca": None,
        "authority": None,
        "model": "7962G",
        "network": DEFAULT_NETWORK,
    }
    return capf_options(server, **usual | changes)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("cucm.example.com", Endpoint("cucm.example.com", 3804)),
        ("10.1.1.5:13804", Endpoint("10.1.1.5", 13804)),
        ("[2001:db8::5]", Endpoint("2001:db8::5", 3804)),
        ("2001:db8::5", Endpoint("2001:db8::5", 3804)),
    ],
)
def test_servers(text: str, endpoint: Endpoint) -> None:
    assert options(text).server == endpoint


@pytest.mark.parametrize(
    ("stack", "addresses", "families"),
    [
        (Stack.DUAL, None, {"IPv4", "IPv6"}),
        (Stack.DUAL, Addresses.V6, {"IPv6"}),
        (Stack.V4, None, {"IPv4"}),
        (Stack.V6, Addresses.V6, {"IPv6"}),
    ],
)
def test_families(stack: Stack, addresses: Addresses | None, families: set[str]) -> None:
    assert set(options(stack=stack, addresses=addresses).phone_addresses) == families


def test_retries_are_the_phone_s() -> None:
    assert (options().retries, options(retries=True).retries) == (0, 3)
    assert options(retries=True).retry_interval == 30


def test_files(tmp_path: Path) -> None:
    certificate, other = issue(cn="CAPF-1a2b3c4d", key=rsa_key(slot=4)), issue(cn="other", key=rsa_key(slot=5))
    pem, tlv = tmp_path / "capf.pem", tmp_path / "CTLFile.tlv"
    pem.write_bytes(certificate.pem + other.pem)
    tlv.write_bytes(b"\1\0\2 a list")
    found = options(capf_cert=[str(pem)], trust_list=[str(tlv)], online_ca="ca.example.com", authority=[str(pem)])
    # CAPF's own is the first of a file; a CA's file may hold its whole chain.
    assert found.certificates == (certificate.der,)
    assert found.roots == (certificate.der, other.der)
    assert found.online_ca == Endpoint("ca.example.com", 443)
    [held] = found.trust_lists
    assert (held.name, held.data) == ("CTLFile.tlv", b"\1\0\2 a list")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stack": Stack.V4, "addresses": Addresses.V6}, "contradict each other"),
        ({"stack": Stack.V6, "addresses": Addresses.BOTH}, "--phone-stack dual"),
        ({"authority": ["x.pem"]}, "--ca needs --online-ca"),
        ({"trust_list": ["missing.tlv"]}, "--trust-list missing.tlv: No such file"),
        ({"capf_cert": ["missing.pem"]}, "--capf-cert missing.pem: No such file"),
        ({"model": "7940"}, "choose one of"),
    ],
)
def test_what_cannot_be_used(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        options(**changes)


def test_a_huge_trust_list_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "CTLFile.tlv"
    file.write_bytes(bytes((4 << 20) + 1))
    with pytest.raises(UsageError, match="over 4 MiB"):
        options(trust_list=[str(file)])


@pytest.mark.parametrize("data", [b"", b"root:x:0:0", b"<device/>"], ids=["empty", "text", "configuration"])
def test_what_is_no_trust_list_is_refused(tmp_path: Path, data: bytes) -> None:
    """A wrong path is the operator's slip, and no fault of the phone's list."""
    file = tmp_path / "ITLFile.tlv"
    file.write_bytes(data)
    with pytest.raises(UsageError, match="no CTL or ITL file"):
        options(trust_list=[str(file)])


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("capf",), "HOST[:PORT]"),
        (("capf", "cucm:port"), "number from 1 to 65535"),
        ((*NOWHERE, "--phone-stack", "v5"), "--phone-stack"),
        ((*NOWHERE, "--enable-ipv6", "yes"), "--enable-ipv6"),
        ((*NOWHERE, "--keep-alive", "4"), "--keep-alive"),
        ((*NOWHERE, "--keep-alive", "61"), "--keep-alive"),
        ((*NOWHERE, "--idle-timeout", "0"), "--idle-timeout"),
        ((*NOWHERE, "-4", "-6"), "-4 and -6"),
    ],
)
def test_bad_usage_is_unknown_and_says_why(cli: CommandLine, words: tuple[str, ...], complaint: str) -> None:
    ended = cli(*words)
    assert ended.code == UNKNOWN
    assert complaint in ended.complaint
