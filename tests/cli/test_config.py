"""`vpnprobe config`: what is fetched or given, what is shown, what is refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.driving import CommandLine
from tests.stand_ins import in_background
from vpnprobe.cli.exitcodes import CRITICAL, OK, UNKNOWN, WARNING
from vpnprobe.lab.catalogue import find_any_scenario
from vpnprobe.lab.configuration import SSH_PASSWORD
from vpnprobe.lab.trust.network import ConfigLab, running_config_lab
from vpnprobe.lab.trust.scenario import ConfigScenario

DEVICE = "SEP8CB64F576113"
OTHER = "SEP001AE2BC16CB"


@contextmanager
def serving(name: str) -> Iterator[ConfigLab]:
    scenario = find_any_scenario(name)
    assert isinstance(scenario, ConfigScenario)
    with in_background(running_config_lab(scenario)) as lab:
        yield lab


@pytest.fixture(scope="module")
def healthy() -> Iterator[ConfigLab]:
    with serving("config-healthy") as lab:
        yield lab


@pytest.fixture
def files(healthy: ConfigLab, tmp_path: Path) -> Path:
    """The files of the healthy phone, as somebody downloaded them."""
    return Path(shutil.copytree(healthy.directory / "files", tmp_path / "files"))


def test_healthy_phone(cli: CommandLine, healthy: ConfigLab) -> None:
    ended = cli(*healthy.arguments)
    assert (ended.code, ended.err) == (OK, "")
    assert "YES, a phone that holds this server's list, or none, would take these files." in ended.out
    assert "ITL installed" in ended.out
    assert f"{DEVICE}.cnf.xml.sgn" in ended.out
    assert ended.out.splitlines()[-1].startswith("OK: YES")
    assert "Authentication mode" not in ended.out


def test_show_shows_every_record_and_the_configuration_without_secrets(cli: CommandLine, healthy: ConfigLab) -> None:
    ended = cli(*healthy.arguments, "--show")
    assert ended.code == OK
    assert ended.out.count("CCM+TFTP    cucm.lab.example") == 2
    assert "Device security mode     1 = non-secure" in ended.out
    assert "sshPassword  present, not shown" in ended.out
    assert SSH_PASSWORD not in ended.out


def test_json_has_lists_signature_and_certificates(cli: CommandLine, healthy: ConfigLab) -> None:
    evidence = cli(*healthy.arguments, "--json").json["evidence"]
    assert [(one["kind"], one["origin"], len(one["records"])) for one in evidence["trust_lists"]] == [
        ("ITL", "fetched", 5)
    ] * 2
    signed = evidence["boot_files"][-1]["signed"]
    assert signed["signature"]["status"] == "valid"
    assert signed["signature"]["signer"] in evidence["certificates"]
    assert SSH_PASSWORD not in str(evidence)


def test_quiet_is_one_line(cli: CommandLine, healthy: ConfigLab) -> None:
    assert cli(*healthy.arguments, "--quiet").out.count("\n") == 1


def test_two_phones_are_two_reports(cli: CommandLine, healthy: ConfigLab) -> None:
    ended = cli(*healthy.arguments, OTHER, "--quiet")
    assert ended.code == CRITICAL
    first, second = ended.out.splitlines()
    assert first.startswith("OK")
    assert "TFT003" in second


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("config-other-cluster", CRITICAL, "NO. The phone belongs to another cluster and is locked out of this one."),
        ("config-changed", CRITICAL, "NO. The phone would refuse the configuration, which was changed."),
        ("config-only-tvs", WARNING, "but something needs attention."),
        ("config-tvs-closed", UNKNOWN, "NOT KNOWN. Whether the phone trusts the signature of the configuration could"),
        ("config-server-silent", CRITICAL, "NO. The phone would get no files from this server."),
    ],
)
def test_answers(cli: CommandLine, name: str, code: int, words: str) -> None:
    with serving(name) as lab:
        ended = cli(*lab.arguments, "--timeout", "1")
    assert (ended.code, ended.err) == (code, "")
    assert words in " ".join(ended.out.split())


def test_recheck_says_the_same(cli: CommandLine, healthy: ConfigLab, tmp_path: Path) -> None:
    report = tmp_path / "run.json"
    cli(*healthy.arguments, "--json", "-o", report)
    ended = cli("recheck", report, "--quiet")
    assert (ended.code, ended.out) == (OK, cli(*healthy.arguments, "--quiet").out)


# --- files ---


def test_files_of_a_phone_are_judged_without_a_server(cli: CommandLine, files: Path) -> None:
    ended = cli("config", files / f"{DEVICE}.cnf.xml.sgn", files / f"ITL{DEVICE}.tlv")
    assert ended.code == OK
    assert f"{DEVICE} (7962G)" in ended.out
    assert "YES" in ended.out


def test_a_signed_file_alone_cannot_be_checked(cli: CommandLine, files: Path) -> None:
    ended = cli("config", files / f"{DEVICE}.cnf.xml.sgn")
    assert ended.code == UNKNOWN
    assert "--trust-list FILE" in " ".join(ended.out.split())


def test_a_held_list_checks_a_given_file(cli: CommandLine, files: Path) -> None:
    ended = cli("config", files / f"{DEVICE}.cnf.xml.sgn", "--trust-list", files / "ITLFile.tlv")
    assert ended.code == OK
    assert "the phone that holds the given list would take these files" in ended.out


def test_a_plain_file_is_shown(cli: CommandLine, files: Path) -> None:
    plain = (files / f"{DEVICE}.cnf.xml").rename(files / "phone.xml")
    ended = cli("config", plain, "--show")
    assert ended.code == OK
    assert "cucm.lab.example:3804" in ended.out


def test_a_list_alone_is_shown(cli: CommandLine, files: Path) -> None:
    renamed = (files / "ITLFile.tlv").rename(files / "list.bin")
    ended = cli("config", renamed, "--show", "--json")
    assert [one["name"] for one in ended.json["evidence"]["trust_lists"]] == ["ITLFile.tlv"]
    assert cli("config", renamed, "--quiet").out == (
        "OK: YES, a phone that holds this server's list, or none, would take this list; no configuration is given\n"
    )


def test_an_encrypted_file_is_opened_with_the_key_only(cli: CommandLine, tmp_path: Path) -> None:
    with serving("config-healthy-encrypted") as lab:
        shutil.copytree(lab.directory, tmp_path / "lab")
    encrypted = tmp_path / "lab" / "files" / f"{DEVICE}.cnf.xml.enc.sgn"
    itl, key = tmp_path / "lab" / "files" / "ITLFile.tlv", tmp_path / "lab" / "phone-key.pem"
    closed = cli("config", encrypted, itl, "--json").json["evidence"]
    opened = cli("config", encrypted, itl, "--key", key, "--json")
    assert closed["config"]["config"]["kind"] == "encrypted"
    assert opened.json["evidence"]["config"]["config"]["kind"] == "full"
    assert "PRIVATE" not in opened.out
    assert str(key) not in opened.out


# --- differences ---


def test_differences_of_a_file(cli: CommandLine, healthy: ConfigLab, files: Path) -> None:
    plain = files / f"{DEVICE}.cnf.xml"
    plain.write_bytes(plain.read_bytes().replace(b"<webAccess>0", b"<webAccess>1"))
    ended = cli(*healthy.arguments, "--diff", plain)
    assert ended.code == OK
    assert "- 1 = disabled" in ended.out
    assert "+ 0 = enabled" in ended.out


def test_differences_of_then_and_now(cli: CommandLine, healthy: ConfigLab, tmp_path: Path) -> None:
    before = tmp_path / "before.json"
    cli(*healthy.arguments, "--json", "-o", before)
    ended = cli(*healthy.arguments, "--diff", before)
    assert ended.code == OK
    assert ended.out.partition("Differences")[2].splitlines()[1] == "  none"


def test_differences_of_another_phone(cli: CommandLine, healthy: ConfigLab) -> None:
    assert "  none" in cli(*healthy.arguments, "--diff", DEVICE).out
    refused = cli(*healthy.arguments, "--diff", OTHER)
    assert refused.code == UNKNOWN
    assert "cannot be had" in refused.complaint


def test_an_encrypted_configuration_is_not_compared_without_the_key(cli: CommandLine, files: Path) -> None:
    with serving("config-healthy-encrypted") as lab:
        encrypted = lab.directory / "files" / f"{DEVICE}.cnf.xml.enc.sgn"
        theirs = cli("config", files / f"{DEVICE}.cnf.xml", "--diff", encrypted)
        mine = cli("config", encrypted, "--diff", files / f"{DEVICE}.cnf.xml")
    assert "is encrypted; open it with --key FILE" in theirs.complaint
    assert "  not compared: the configuration is encrypted; --key FILE opens it\n" in mine.out


# --- bad usage ---


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["nonsense"], "name an existing file, or a MAC"),
        (["8CB64F57611", "--tftp", "127.0.0.1"], "name an existing file, or a MAC"),
        ([DEVICE, "8CB64F57611"], "name an existing file, or a MAC"),
        ([DEVICE, "{files}/ITLFile.tlv"], "exclude each other"),
        (["{files}/ITLFile.tlv", "--tftp", "127.0.0.1"], "not fetched"),
        ([DEVICE, "--tvs-port", "2445"], "needs --tvs"),
        ([DEVICE, "--trust-list", "missing.tlv"], "--trust-list missing.tlv"),
        ([DEVICE, "--trust-list", "{files}/text"], "is no CTL or ITL"),
        ([DEVICE, "--trust-list", "{files}/cut.tlv"], "is no CTL or ITL"),
        ([DEVICE, "--key", "missing.pem"], "PEM file with the phone's private key"),
        ([DEVICE, "--key", "{files}/ITLFile.tlv"], "no PEM private key"),
        ([DEVICE, "--model", "7940G"], "7940"),
        ([DEVICE, "--model", "modern"], "choose a phone"),
        (["{files}/empty"], "is empty"),
        (["{files}/cert.pem"], "no phone configuration; vpnprobe cert reads certificates"),
        (["{files}/document.pdf"], "is no phone configuration; name the phone's"),
        (["{files}/ITLFile.tlv", "--diff", "{files}/document.pdf"], "--diff {files}/document.pdf is no phone"),
        (["{files}/ITLFile.tlv", "--diff", "{files}/ITLFile.tlv"], "is no phone configuration"),
        (["{files}/ITLFile.tlv", "--diff", "{files}/page.html"], "is no phone configuration, but <html>"),
        (["{files}/ITLFile.tlv", "--diff", DEVICE, "--json"], "--diff is shown in text only"),
        (["{files}/ITLFile.tlv", "--diff", "{files}/text"], "this report holds no configuration|not a vpnprobe report"),
    ],
)
def test_bad_usage_says_what_to_do(cli: CommandLine, files: Path, words: list[str], hint: str) -> None:
    (files / "empty").touch()
    (files / "text").write_text("{}")
    (files / "document.pdf").write_bytes(b"%PDF-1.7\n1 0 obj << >> endobj\n")
    (files / "page.html").write_text("<html><body>Sign in</body></html>")
    (files / "cert.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    (files / "cut.tlv").write_bytes((files / "ITLFile.tlv").read_bytes()[:-9])
    ended = cli("config", *(word.format(files=files) for word in words))
    assert ended.code == UNKNOWN
    assert any(part.format(files=files) in ended.complaint for part in hint.split("|"))
