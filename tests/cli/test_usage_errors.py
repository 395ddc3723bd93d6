"""Bad usage ends with code 3 and one line that says what to do; a scheduler must never read a typo as an outage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.certificates import issue, rsa_key
from tests.cli.driving import CERT_HASH, MAC, NOWHERE, URL, CommandLine, in_process
from vpnprobe.cli.exitcodes import CRITICAL, UNKNOWN

PHONE = ("phone", "--group-url", URL, "--mac", MAC)
KEY = rsa_key(slot=1)
CERTIFICATE = issue(cn="CP-7962G-SEP8CB64F576113", key=KEY)
OTHER = issue(cn="another", key=rsa_key(slot=2))


def replaced(option: str, value: str) -> tuple[str, ...]:
    """A phone's command line with another value for this option."""
    words = {"--group-url": URL, "--mac": MAC} | {option: value}
    return ("phone", *(word for pair in words.items() for word in pair))


BAD_USAGE = {
    "unknown command": (["phnoe"], "Did you mean 'phone'"),
    "unknown command of the lab": (["lab", "tyr"], "Did you mean 'try'"),
    "typo in an option": ([*PHONE, "--tfpt", "10.1.1.5"], "--tftp"),
    "option without its value": (["phone", "--mac"], "--mac"),
    "flag with a value": ([*PHONE, "--no-login=3"], "--no-login"),
    "no group-url": (["phone", "--mac", MAC], "--group-url"),
    "no MAC": (["phone", "--group-url", URL], "--mac"),
    "neither": (["phone"], "--group-url and --mac must be given (or set VPNPROBE_GROUP_URL and VPNPROBE_MAC)"),
    "no gateway": (["gateway"], "URL|HOST[:PORT] must be given"),
    "gateway with a path": (["gateway", "127.0.0.1:20000/VPNPhone"], "write https://127.0.0.1:20000/VPNPhone"),
    "gateway to hash, without a scheme": (["hash", "127.0.0.1:20000"], "write https://127.0.0.1:20000"),
    "gateway to hash, with a path": (["hash", "vpn.example.com/VPNPhone"], "write https://vpn.example.com/VPNPhone"),
    "options after the command": (["phone", "--options", "site.toml"], "vpnprobe --options FILE phone ..."),
    "options after a command of a group": (["lab", "up", "--options=x"], "vpnprobe --options FILE lab up ..."),
    "interface that is not there": (
        [*replaced("--tftp", "dhcp:nowhere0"), "--resolver", "127.0.0.1:9"],
        "no network interface 'nowhere0'",
    ),
    "password file without a user": ([*PHONE, "--password-file", "missing"], "--password-file needs --user"),
    "empty user": (replaced("--user", ""), "--user is empty"),
    "empty user without a login": ([*PHONE, "--no-login", "--user", " "], "--user is empty"),
    "too many arguments": (["explain", "PIN001", "PIN002"], "PIN002"),
    "MAC too short": (replaced("--mac", "8CB64F5761"), "12 hex digits"),
    "MAC with a letter": (replaced("--mac", "8CB64F57611G"), "12 hex digits"),
    "http": (replaced("--group-url", "http://vpn.example.com/VPNPhone"), "https://vpn.example.com/VPNPhone"),
    "no scheme": (replaced("--group-url", "vpn.example.com/VPNPhone"), "https://vpn.example.com/VPNPhone"),
    "blank in the URL": (replaced("--group-url", "https://vpn.example.com/VPN Phone"), "white space"),
    "no host": (replaced("--group-url", "https:///VPNPhone"), "host name or an IP address"),
    "port beyond the last": (replaced("--group-url", "https://vpn.example.com:70000/x"), "Port out of range"),
    "port 0": (replaced("--group-url", "https://vpn.example.com:0/x"), "port 0"),
    "port that is a word": (replaced("--tftp", "10.1.1.5:tftp"), "number from 1 to 65535"),
    "resolver that is a name": (replaced("--resolver", "dns.example.com"), "by its IP address"),
    "IPv6 address with a port, bare": (replaced("--tftp", "fe80::1::69"), "[address]:port"),
    "empty configuration server": (replaced("--tftp", ""), "host name or an IP address"),
    "gateway with a bad port": (["gateway", "vpn.example.com:99999"], "number from 1 to 65535"),
    "http port": (replaced("--http-port", "0"), "--http-port"),
    "unknown model": (replaced("--model", "7692G"), "did you mean 7962G?"),
    "a phone without VPN": (replaced("--model", "7940"), "cannot be a VPN phone"),
    "no phone at all": (replaced("--model", "modern"), "use: vpnprobe gateway"),
    "both families": ([*PHONE, "-4", "-6"], "-4 and -6 exclude each other"),
    "timeout of no time": (replaced("--timeout", "0"), "--timeout"),
    "timeout that is a word": (replaced("--timeout", "soon"), "--timeout"),
    "deadline below zero": (replaced("--deadline", "-1"), "--deadline"),
    "no connection at all": (replaced("--parallel", "0"), "--parallel"),
    "unknown format": (replaced("--format", "xml"), "takes one of text, json, jsonl, junit, nagios, prometheus; try: "),
    "certHash that is too short": (replaced("--cert-hash", "abc"), "2 bytes; a certHash is 20 bytes"),
    "certHash that is no hash": (replaced("--cert-hash", "5X6B6pl?"), "neither base64 nor hex"),
    "key without certificate": (replaced("--client-key", "key.pem"), "--client-key needs --client-cert"),
    "two ways to log in": ([*PHONE, "--client-cert", "a.pem", "--user", "me"], "exclude each other"),
    "password that cannot be asked for": (replaced("--user", "me"), "--password-file"),
    "no such configuration": (replaced("--config", "missing.xml"), "missing.xml: No such file"),
    "no such certificate": (replaced("--client-cert", "missing.pem"), "missing.pem: No such file"),
    "no such password file": ([*PHONE, "--user", "me", "--password-file", "missing"], "missing: No such file"),
    "no such options file": (["--options", "missing.toml", *PHONE], "missing.toml: No such file"),
    "no such report": (["recheck", "missing.json"], "missing.json: No such file"),
    "no such certificate to hash": (["hash", "missing.pem"], "missing.pem: no such file"),
    "URL to hash without TLS": (["hash", "http://vpn.example.com"], "does not begin with https://"),
    "a directory as configuration": (replaced("--config", "."), "Is a directory"),
    "a directory as certificate": (replaced("--client-cert", "."), "Is a directory"),
    "a directory as report": (["recheck", "."], "Is a directory"),
    "a directory as output": (replaced("--output", "."), "name a file in it"),
    "output in no directory": (replaced("--output", "nowhere/report.json"), "does not exist; make it first"),
    "output of the catalogue in no directory": (["explain", "-o", "nowhere/x"], "does not exist; make it first"),
    "unknown check": (["explain", "PIN999"], "did you mean PIN"),
    "a word that no check has": (["explain", "nonsense"], "no check is called 'nonsense'; `vpnprobe explain` lists"),
    "unobservable of one check": (["explain", "PIN001", "--unobservable"], "leave the check's name out"),
    "unknown scenario": (["lab", "try", "helthy"], "did you mean healthy"),
    "unknown scenario to keep up": (["lab", "up", "helthy"], "did you mean healthy"),
    "port of the lab": (["lab", "up", "--port", "80"], "--port"),
    "text that is none": (["explain", "\udcff"], "not UTF-8"),
}


@pytest.mark.parametrize(("arguments", "hint"), BAD_USAGE.values(), ids=BAD_USAGE)
def test_bad_usage_is_unknown_and_one_line(
    cli: CommandLine, arguments: list[str], hint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = cli(*arguments)
    assert ended.code == UNKNOWN
    assert hint in ended.complaint
    assert not list(tmp_path.iterdir())


def test_in_a_process_of_its_own() -> None:
    ended = in_process("phone", "--tfpt", "x")
    assert ended.code == UNKNOWN
    assert "--tftp" in ended.complaint


@pytest.mark.parametrize("group", [(), ("lab",)], ids=["vpnprobe", "vpnprobe lab"])
def test_no_command_shows_the_help_and_is_no_success(cli: CommandLine, group: tuple[str, ...]) -> None:
    ended = cli(*group)
    assert ended.code == UNKNOWN
    assert ended.out == ""
    assert ended.err == cli(*group, "--help").out


def test_dhcp_at_an_interface_that_is_not_there(cli: CommandLine) -> None:
    ended = cli("phone", "--group-url", NOWHERE, "--mac", MAC, "--tftp", "dhcp:nowhere0")
    assert ended.code == UNKNOWN
    assert "no network interface 'nowhere0'" in ended.complaint


# --- credentials that cannot be used ---


def pem(directory: Path, name: str, *parts: bytes) -> Path:
    path = directory / name
    path.write_bytes(b"".join(parts))
    return path


def complaint_about(cli: CommandLine, certificate: Path, key: Path | None = None) -> str:
    ended = cli(
        "phone", "--group-url", NOWHERE, "--mac", MAC, "--cert-hash", CERT_HASH, "--client-cert", certificate,
        *(("--client-key", key) if key else ()),
    )  # fmt: skip
    assert ended.code == UNKNOWN
    return ended.complaint


def test_certificate_without_a_key(cli: CommandLine, tmp_path: Path) -> None:
    alone = pem(tmp_path, "cert.pem", CERTIFICATE.pem)
    assert "no private key can be read from it" in complaint_about(cli, alone)


def test_key_of_another_certificate(cli: CommandLine, tmp_path: Path) -> None:
    certificate, key = pem(tmp_path, "cert.pem", CERTIFICATE.pem), pem(tmp_path, "key.pem", OTHER.key_pem)
    told = complaint_about(cli, certificate, key)
    assert "does not belong to the first certificate" in told
    assert "give its own key" in told


def test_encrypted_key(cli: CommandLine, tmp_path: Path) -> None:
    encrypted = KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret words"),
    )
    told = complaint_about(cli, pem(tmp_path, "cert.pem", CERTIFICATE.pem), pem(tmp_path, "key.pem", encrypted))
    assert "openssl pkey -in" in told


def test_pkcs12(cli: CommandLine, tmp_path: Path) -> None:
    bundle = pkcs12.serialize_key_and_certificates(
        b"phone", KEY, None, None, serialization.BestAvailableEncryption(b"secret words")
    )
    assert "openssl pkcs12 -in" in complaint_about(cli, pem(tmp_path, "phone.p12", bundle))


def test_der(cli: CommandLine, tmp_path: Path) -> None:
    assert "openssl x509 -inform der" in complaint_about(cli, pem(tmp_path, "phone.der", CERTIFICATE.der))


def test_text_that_is_no_certificate(cli: CommandLine, tmp_path: Path) -> None:
    assert "not PEM" in complaint_about(cli, pem(tmp_path, "notes.txt", b"see the wiki\n"))


def test_damaged_certificate(cli: CommandLine, tmp_path: Path) -> None:
    damaged = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    told = complaint_about(cli, pem(tmp_path, "cert.pem", damaged, CERTIFICATE.key_pem))
    assert told.endswith(
        "no certificate can be read from it; give the PEM file that holds '-----BEGIN CERTIFICATE-----'"
    )


# --- passwords ---


def login_with(cli: CommandLine, *more: str | Path) -> str:
    ended = cli("phone", "--group-url", NOWHERE, "--mac", MAC, "--cert-hash", CERT_HASH, "--user", "me", *more)
    assert ended.code == UNKNOWN
    return ended.complaint


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\nsecond line\n", b"x" * 1025])
def test_password_file_without_a_password(cli: CommandLine, tmp_path: Path, content: bytes) -> None:
    path = pem(tmp_path, "password", content)
    assert "first line must hold the password" in login_with(cli, "--password-file", path)


def test_password_file_in_another_encoding(cli: CommandLine, tmp_path: Path) -> None:
    path = pem(tmp_path, "password", "Zürich".encode("latin-1"))
    told = login_with(cli, "--password-file", path)
    assert "not UTF-8 text" in told
    assert "rich" not in told


def test_empty_password_in_the_environment(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPNPROBE_PASSWORD", "")
    assert "VPNPROBE_PASSWORD is empty" in login_with(cli)


def test_a_password_without_a_user_is_told_of(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPNPROBE_PASSWORD", "secret words")
    words = ("phone", "--group-url", NOWHERE, "--mac", MAC, "--cert-hash", CERT_HASH)
    assert cli(*words).err == "vpnprobe: VPNPROBE_PASSWORD is set but not used, because no --user is given\n"
    assert cli(*words, "--no-login").err == ""
    assert cli(*words, "--quiet").err == ""


def test_no_password_is_asked_for_without_a_login(cli: CommandLine) -> None:
    ended = cli("phone", "--group-url", NOWHERE, "--mac", MAC, "--cert-hash", CERT_HASH, "--no-login", "--user", "bob")
    assert (ended.code, ended.err) == (CRITICAL, "")


def test_password_is_no_option(cli: CommandLine) -> None:
    told = login_with(cli, "--password", "secret words")
    assert "--password-file" in told
    assert "secret words" not in told


# --- files of an impossible size ---


def test_configuration_without_end(cli: CommandLine) -> None:
    ended = cli(*PHONE, "--config", "/dev/zero")
    assert ended.code == UNKNOWN
    assert "over 4 MiB" in ended.complaint


def test_options_without_end(cli: CommandLine) -> None:
    ended = cli("--options", "/dev/zero", *PHONE)
    assert ended.code == UNKNOWN
    assert "over 1 MiB" in ended.complaint


# --- permissions ---


@pytest.fixture
def unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that cannot be opened, not even by root, whom modes do not hold back."""
    path = pem(tmp_path, "secret", b"x")
    honest = Path.open

    def refuse(self: Path, *args: Any, **kwargs: Any) -> Any:
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return honest(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        (*PHONE, "--config"),
        (*PHONE, "--cert-hash", CERT_HASH, "--client-cert"),
        (*PHONE, "--cert-hash", CERT_HASH, "--user", "me", "--password-file"),
        ("recheck",),
        ("hash",),
    ],
    ids=lambda words: words[-1],
)
def test_unreadable_file(cli: CommandLine, unreadable: Path, arguments: tuple[str, ...]) -> None:
    ended = cli(*arguments, unreadable)
    assert ended.code == UNKNOWN
    assert f"{unreadable}: Permission denied" in ended.complaint


def test_directory_that_cannot_be_written(cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    ended = cli(*PHONE, "--output", tmp_path / "report.txt")
    assert ended.code == UNKNOWN
    assert "no permission to write in" in ended.complaint
