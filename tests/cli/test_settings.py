"""Options from the environment and from the options file, and who named the configuration server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.driving import CERT_HASH, MAC, NOWHERE, CommandLine
from tests.stand_ins import in_background, name_server
from vpnprobe.cli.exitcodes import CRITICAL, OK, UNKNOWN
from vpnprobe.lab.network import Lab

REFUSED = ("phone", "--group-url", NOWHERE, "--mac", MAC)


def toml(directory: Path, text: str) -> Path:
    path = directory / "site.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_whole_run_from_the_file(cli: CommandLine, healthy: Lab, tmp_path: Path) -> None:
    site = toml(
        tmp_path,
        f"""
        [phone]
        group-url = "{healthy.group_url}"
        mac = "{healthy.mac}"
        tftp = "{healthy.tftp}"
        http-port = {healthy.http_endpoint.port}
        resolver = ["{healthy.resolver}"]
        ipv4 = true
        timeout = 4
        no-login = true
        format = "json"
        """,
    )
    ended = cli("--options", site, "phone")
    assert (ended.code, ended.err) == (OK, "")
    assert ended.json["evidence"]["tftp_server"]["origin"] == "options-file"
    assert ended.json["evidence"]["login_wanted"] is False


def test_the_file_can_be_named_in_the_environment(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VPNPROBE_OPTIONS", str(toml(tmp_path, "[explain]\njson = true\n")))
    assert cli("explain", "PIN001").json["id"] == "PIN001"


def test_a_table_for_a_command_of_a_group(cli: CommandLine, tmp_path: Path) -> None:
    site = toml(tmp_path, "[lab.list]\njson = true\n")
    assert cli("--options", site, "lab", "list").json[0]["name"] == "healthy"


def told_of(cli: CommandLine, site: Path) -> str:
    ended = cli("--options", site, *REFUSED)
    assert ended.code == UNKNOWN
    return ended.complaint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[phone\n", "is not TOML"),
        ('[phone]\ntfpt = "10.1.1.5"\n', "did you mean 'tftp'?"),
        ('[phnoe]\ntftp = "10.1.1.5"\n', "did you mean 'phone'?"),
        ('tftp = "10.1.1.5"\n', "there are phone, gateway"),
        ("phone = 3\n", "write its options in a table [phone]"),
        ("[lab]\nlist = true\n", "write its options in a table [list]"),
        ('[phone]\npassword = "secret words"\n', "a password does not belong here; use password-file"),
        ('[phone.tftp]\nhost = "10.1.1.5"\n', "tftp takes a text"),
        ("[phone]\ntimeout = 2026-11-21\n", "timeout takes a text"),
        ('[phone]\ntimeout = "soon"\n', "--timeout"),
        ("[phone]\ntimeout = 0\n", "--timeout"),
        ('[phone]\nno-login = "perhaps"\n', "--no-login"),
        ('[phone]\nformat = "xml"\n', "--format"),
        ('[phone]\nresolver = "10.1.1.53"\n', "--resolver"),
    ],
)
def test_what_is_wrong_in_the_file(cli: CommandLine, tmp_path: Path, text: str, hint: str) -> None:
    told = told_of(cli, toml(tmp_path, text))
    assert hint in told
    assert "secret words" not in told


def test_a_file_in_another_encoding(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_bytes("# Zürich\n".encode("latin-1"))
    assert "is not TOML" in told_of(cli, path)


def test_the_byte_order_mark_of_an_editor_is_ignored(cli: CommandLine, tmp_path: Path) -> None:
    site = toml(tmp_path, "\ufeff[explain]\njson = true\n")
    assert cli("--options", site, "explain", "PIN001").json["id"] == "PIN001"


# --- who comes first ---


def test_command_line_before_environment_before_file(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = toml(tmp_path, '[phone]\ntftp = "127.0.0.3:9"\ndeadline = 5\ntimeout = 0.3\n')

    def server(*more: str) -> Any:
        return cli("--options", site, *REFUSED, *more, "--json").json["evidence"]["tftp_server"]

    assert (server()["origin"], server()["endpoint"]["host"]) == ("options-file", "127.0.0.3")
    monkeypatch.setenv("VPNPROBE_TFTP", "127.0.0.2:9")
    assert (server()["origin"], server()["endpoint"]["host"]) == ("environment", "127.0.0.2")
    given = server("--tftp", "127.0.0.1:9")
    assert (given["origin"], given["endpoint"]["host"]) == ("option", "127.0.0.1")


def test_without_any_the_well_known_name_is_asked_for(cli: CommandLine) -> None:
    with in_background(name_server({"CiscoCM1": ["127.0.0.1"]})) as port:
        ended = cli(*REFUSED, "--resolver", f"127.0.0.1:{port}", "--timeout", "0.3", "--json")
    server = ended.json["evidence"]["tftp_server"]
    assert server["origin"] == "dns-ciscocm1"
    assert server["endpoint"] == {"host": "CiscoCM1", "port": 69}
    assert server["addresses"] == ["127.0.0.1"]


def test_a_given_configuration_needs_no_server(cli: CommandLine, healthy: Lab) -> None:
    file = healthy.directory / "files" / f"SEP{healthy.mac}.cnf.xml"
    ended = cli(
        "phone", "--group-url", healthy.group_url, "--mac", healthy.mac, "--resolver", healthy.resolver,
        "--config", file, "--json",
    )  # fmt: skip
    evidence = ended.json["evidence"]
    assert ended.code == OK
    assert evidence["tftp_server"]["origin"] == "config-file"
    assert (evidence["config"]["origin"], evidence["config"]["file"]) == ("file", file.name)
    assert "boot_files" not in evidence


# --- the environment ---


@pytest.mark.parametrize(
    ("variable", "value", "seen"),
    [
        ("VPNPROBE_MODEL", "8841", lambda report: report["persona"]["profile"] == "8811"),
        ("VPNPROBE_NO_LOGIN", "1", lambda report: report["evidence"]["login_wanted"] is False),
        (
            "VPNPROBE_CERT_HASH",
            f"{CERT_HASH} {'0' * 40}",
            lambda report: report["evidence"]["expectation"]["cert_hashes"] == [CERT_HASH, "0" * 40],
        ),
        (
            "VPNPROBE_RESOLVER",
            "127.0.0.1:9 127.0.0.2",
            lambda report: [one["port"] for one in report["target"]["resolvers"]] == [9, 53],
        ),
        (
            "VPNPROBE_RESOLVER",
            "127.0.0.1:9,127.0.0.2, 127.0.0.3:8",
            lambda report: [one["port"] for one in report["target"]["resolvers"]] == [9, 53, 8],
        ),
    ],
)
def test_every_option_has_a_variable(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, seen: Any
) -> None:
    monkeypatch.setenv(variable, value)
    ended = cli(*REFUSED, *(() if variable == "VPNPROBE_CERT_HASH" else ("--cert-hash", CERT_HASH)), "--json")
    assert ended.code == CRITICAL
    assert seen(ended.json)


def test_a_typo_in_the_environment_is_bad_usage(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPNPROBE_FORMAT", "xml")
    ended = cli(*REFUSED)
    assert ended.code == UNKNOWN
    assert "VPNPROBE_FORMAT (--format) takes one of text, json" in ended.complaint


def test_who_gave_a_bad_value_is_named(cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = toml(tmp_path, '[phone]\ntimeout = "soon"\n')
    assert told_of(cli, site).startswith("--timeout in the options file takes a number from 0.05 to 600; try: ")
    assert cli(*REFUSED, "--timeout", "soon").complaint.startswith("--timeout takes a number from 0.05 to 600; try: ")
    monkeypatch.setenv("VPNPROBE_PARALLEL", "1.5")
    assert cli(*REFUSED).complaint.startswith("VPNPROBE_PARALLEL (--parallel) takes a whole number from 1 to 64; try: ")


def test_a_text_where_a_list_belongs(cli: CommandLine, tmp_path: Path) -> None:
    told = told_of(cli, toml(tmp_path, '[phone]\nresolver = "10.1.1.53"\n'))
    assert told.startswith("--resolver in the options file takes a list of texts; try: ")


def test_a_required_option_from_the_file_is_not_missing(cli: CommandLine, tmp_path: Path) -> None:
    site = toml(tmp_path, f'[phone]\nmac = "{MAC}"\n')
    told = cli("--options", site, "phone").complaint
    assert "--group-url must be given" in told
    assert "--mac" not in told
