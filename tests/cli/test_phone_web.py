"""`vpnprobe phone-web`: its arguments, its exit codes, and nothing raw on the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.driving import CommandLine
from tests.phone_site import DEVICE, SITE, served
from tests.transport.byte_server import closed_port
from tests.wire.phone_web import samples
from vpnprobe.cli.exitcodes import CRITICAL, UNKNOWN


def test_a_phone(cli: CommandLine, tmp_path: Path) -> None:
    config = tmp_path / "SEP8CB64F576113.cnf.xml"
    config.write_bytes(b"<device><loadInformation>SCCP42.9-1-1SR1S</loadInformation></device>")
    with served() as site:
        ended = cli("phone-web", f"127.0.0.1:{site.port}", "--config", config, "--json")
    report = ended.json
    assert ended.code == CRITICAL
    assert report["probe"] == "phone-web"
    assert report["evidence"]["phone_web"]["device"]["model"] == "CP-7962G"
    assert report["evidence"]["config"]["file"] == "SEP8CB64F576113.cnf.xml"


def test_text(cli: CommandLine) -> None:
    with served() as site:
        ended = cli("phone-web", f"127.0.0.1:{site.port}")
    assert "  version         SCCP42.9-1-1SR1S\n" in ended.out
    assert "  TFTP server 1   10.1.1.5\n" in ended.out
    assert "  vpn status      Connected\n" in ended.out
    assert "  11:54:10 TFTP Timeout : SEP8CB64F578B2C.cnf.xml.sgn\n" in ended.out
    assert "VPNC: vpnc_send_notify: notify code: 37 [SslAlertSrvrCert]\n" in ended.out


def test_a_page_with_scripts_and_controls_reaches_no_terminal(cli: CommandLine) -> None:
    evil = samples.DEVICE_7962G.replace(
        b"CP-7962G<", b"\x1b[2J\xe2\x80\xaeCP-7962G&#27;[31m&lt;script&gt;<script>alert(1)</script><"
    )
    with served(SITE | {DEVICE: evil}) as site:
        ended = cli("phone-web", f"127.0.0.1:{site.port}", "--verbose")
    assert all(character.isprintable() or character == "\n" for character in ended.out)
    assert "alert(1)" not in ended.out


def test_nobody_there(cli: CommandLine) -> None:
    ended = cli("phone-web", f"127.0.0.1:{closed_port()}", "--quiet")
    assert ended.code == CRITICAL
    assert ended.out.startswith("CRITICAL: WEB001 connection refused")


def test_a_comparison_that_was_asked_for_and_failed_is_told(cli: CommandLine) -> None:
    server = f"127.0.0.1:{closed_port()}"
    with served(SITE) as site:
        report = cli("phone-web", f"127.0.0.1:{site.port}", "--tftp", server, "--timeout", "1", "--json").json
    [finding] = [one for one in report["findings"] if one["id"] == "WEB010"]
    assert finding["status"] == "fail"
    assert "nothing was compared" in finding["summary"]
    assert f"--tftp {server}" in finding["next"][0]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("http://192.0.2.40/",), "vpnprobe phone-web 192.0.2.40\n"),
        (("https://192.0.2.40/CGI",), "vpnprobe phone-web 192.0.2.40 --https"),
        (("192.0.2.40/x",), "vpnprobe phone-web 192.0.2.40"),
        (("192.0.2.40", "--tftp", "10.1.1.5", "--config", "x"), "--tftp and --config exclude each other"),
        (("192.0.2.40", "--tftp", "dhcp"), "--tftp dhcp is for vpnprobe phone"),
        (("192.0.2.40", "--mac", "nonsense"), "MAC"),
        (("192.0.2.40", "--config", "/nonexistent/x"), "name an existing file"),
        (("192.0.2.40", "--config", "/dev/null"), "--config /dev/null is empty"),
        (("192.0.2.40", "--config", __file__), "is no phone configuration; name the phone's SEP<MAC>.cnf.xml"),
        (("SEP8CB64F576113",), "vpnprobe phone-web <address> --mac 8CB64F576113"),
        (("192.0.2.40", "--model", "7940"), "cannot be a VPN phone"),
        ((), "HOST"),
    ],
    ids=[
        "URL",
        "https URL",
        "path",
        "both",
        "dhcp",
        "MAC",
        "no file",
        "empty file",
        "other file",
        "device name",
        "model",
        "nothing",
    ],
)
def test_usage_errors(cli: CommandLine, words: tuple[str, ...], told: str) -> None:
    ended = cli("phone-web", *words)
    assert ended.code == UNKNOWN
    assert told in ended.err
