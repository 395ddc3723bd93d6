"""Passwords, keys and cookies are nowhere in what is printed or written, and never arguments."""

from __future__ import annotations

import logging
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.cli.driving import CommandLine, clean_environment, command
from tests.stand_ins import SESSION_COOKIE, RecordingGateway, in_background, lab_in_background, log_in
from vpnprobe.cli.exitcodes import CRITICAL, OK
from vpnprobe.lab.gateway import PASSWORD, USER
from vpnprobe.lab.http import Request, response
from vpnprobe.lab.network import Lab
from vpnprobe.lab.scenario import Gateway

FORMATS = ("text", "json", "jsonl", "junit", "nagios")
LAB_SESSION = "bGFiIHNlc3Npb24="
BY_PASSWORD = Gateway(asks_for=None, wants="password")


def everything_shown(cli: CommandLine, caplog: pytest.LogCaptureFixture, *arguments: str) -> str:
    """Whatever one may read after runs in every format: standard output and error, and the log at its loudest."""
    caplog.set_level(logging.DEBUG)
    shown = []
    for form in FORMATS:
        ended = cli(*arguments, "--verbose", "--format", form)
        assert ended.code == OK
        shown += [ended.out, ended.err]
    return "".join((*shown, caplog.text))


def test_password_and_session(cli: CommandLine, caplog: pytest.LogCaptureFixture) -> None:
    with lab_in_background("healthy-password") as lab:
        assert PASSWORD not in " ".join(lab.arguments)
        shown = everything_shown(cli, caplog, *lab.arguments)
    assert "accepted" in shown
    for secret in (PASSWORD, LAB_SESSION):
        assert secret not in shown


def test_private_key_and_session(cli: CommandLine, healthy: Lab, caplog: pytest.LogCaptureFixture) -> None:
    shown = everything_shown(cli, caplog, *healthy.arguments)
    assert "accepted" in shown
    assert LAB_SESSION not in shown
    assert "PRIVATE KEY" not in shown
    key_pem = healthy.client_key.read_bytes()
    for line in key_pem.decode().splitlines()[1:-1]:
        assert line not in shown
    key = load_pem_private_key(key_pem, None)
    numbers = key.private_numbers()  # type: ignore[union-attr]  # the lab's phone has an RSA key
    for number in (numbers.d, numbers.p, numbers.q):  # type: ignore[union-attr]  # as above
        assert str(number) not in shown
        assert f"{number:x}" not in shown.lower()


def gossip(request: Request) -> bytes:
    """Log in, and repeat in headers and body whatever the client said."""
    form = request.body.decode("latin-1")
    headers = [("Set-Cookie", f"webvpn={SESSION_COOKIE}; secure"), ("X-You-Said", form), ("X-Session", SESSION_COOKIE)]
    return response(200, "OK", headers, f"<p>{form}</p><p>{SESSION_COOKIE}</p>".encode()) if form else log_in(request)


def test_a_gateway_that_repeats_what_it_is_told(
    cli: CommandLine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "pass&wörd+<7>"
    path = tmp_path / "password"
    path.write_text(f"{secret}\nthe second line counts for nothing\n", encoding="utf-8")
    gateway = RecordingGateway(gossip, settings=BY_PASSWORD)
    with in_background(gateway.at("127.0.0.1")) as port:
        shown = everything_shown(
            cli, caplog, "phone", "--group-url", f"https://127.0.0.1:{port}/VPNPhone", "--mac", "8CB64F576113",
            "--cert-hash", gateway.cert_hash, "--user", "anna", "--password-file", str(path),
        )  # fmt: skip
    assert b"username=anna&password=pass%26w%C3%B6rd%2B%3C7%3E" in [request.body for request in gateway.requests]
    assert "x-you-said" in shown
    for form in (secret, "pass%26w%C3%B6rd%2B%3C7%3E", "pass&amp;w", "wörd", SESSION_COOKIE):
        assert form not in shown


def test_password_from_the_environment(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPNPROBE_PASSWORD", PASSWORD)
    with lab_in_background("healthy-password") as lab:
        words = lab.arguments
        del words[words.index("--password-file") :]
        ended = cli(*words, "--json")
    assert ended.json["evidence"]["logins"][0]["answer"] == "accepted"
    assert PASSWORD not in ended.out


def test_password_at_a_prompt() -> None:
    """It is asked for on the terminal, not shown there, and standard output stays pure."""
    ours, theirs = pty.openpty()
    with lab_in_background("healthy-password") as lab:
        words = lab.arguments
        del words[words.index("--password-file") :]
        process = subprocess.Popen(
            command(*words, "--format", "nagios"),
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            env=clean_environment(),
            text=True,
            start_new_session=True,
        )
        os.close(theirs)
        asked = os.read(ours, 1000)
        while b": " not in asked:
            asked += os.read(ours, 1000)
        os.write(ours, PASSWORD.encode() + b"\n")
        printed, _ = process.communicate(timeout=30)
        asked += _rest(ours)
    assert process.returncode == OK
    assert printed.startswith("OK: ")
    assert f"Password of {USER}: " in asked.decode()
    assert PASSWORD not in printed + asked.decode()


def _rest(descriptor: int) -> bytes:
    received = b""
    try:
        while data := os.read(descriptor, 1000):
            received += data
    except OSError:
        # How Linux says that the other end is closed.
        pass
    finally:
        os.close(descriptor)
    return received


def test_secrets_of_the_phone_configuration(cli: CommandLine, healthy: Lab) -> None:
    """The file itself holds some; Evidence names them and leaves the values behind."""
    file = healthy.directory / "files" / f"SEP{healthy.mac}.cnf.xml"
    [password] = re.findall("<sshPassword>(.+)</sshPassword>", file.read_text(encoding="utf-8"))
    ended = cli(*healthy.arguments, "--json")
    assert "sshPassword" in ended.json["evidence"]["config"]["config"]["secrets"]
    assert password not in ended.out


def test_options_do_not_show_what_they_carry(healthy: Lab) -> None:
    """A debugger or a log that prints the options shows no secret."""
    from vpnprobe.probes.options import Password
    from vpnprobe.transport.tls import load_client_credential

    credential = load_client_credential(healthy.client_certificate, healthy.client_key)
    assert "PRIVATE KEY" not in repr(credential)
    assert PASSWORD not in repr(Password(user=USER, password=PASSWORD))


def test_nothing_secret_goes_to_a_gateway_that_is_not_trusted(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text(PASSWORD, encoding="utf-8")
    gateway = RecordingGateway(settings=BY_PASSWORD)
    with in_background(gateway.at("127.0.0.1")) as port:
        ended = cli(
            "phone", "--group-url", f"https://127.0.0.1:{port}/VPNPhone", "--mac", "8CB64F576113",
            "--cert-hash", "0" * 40, "--user", USER, "--password-file", path,
        )  # fmt: skip
    assert ended.code == CRITICAL
    assert [request.method for request in gateway.requests] == ["GET"]
