"""`vpnprobe cert`: where certificates come from, how many are told of, and what is said of files that hold none."""

from __future__ import annotations

import os
import subprocess
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID

from tests.certificates import Identity, rsa_key, to_pem
from tests.checks.lsc.builder import LSC, MIC, lsc
from tests.cli.driving import CommandLine, clean_environment, command, in_process
from vpnprobe.cli.exitcodes import CRITICAL, OK, UNKNOWN, WARNING
from vpnprobe.lab.certificates import LabPki
from vpnprobe.lab.cluster import Cluster
from vpnprobe.lab.network import Lab
from vpnprobe.lab.signed_files import trust_list
from vpnprobe.model.finding import Report
from vpnprobe.wire.sgn_items import START

GOOD = lsc()
NO_USAGE = lsc(mac="001122334455", key_usage=["digitalSignature"], serial=2)
SECRET = "export me"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Six files: a good LSC, a bad one, a MIC, a key, a note, and a chain in a directory below."""
    (tmp_path / "a.pem").write_bytes(GOOD.pem)
    (tmp_path / "b.der").write_bytes(NO_USAGE.der)
    (tmp_path / "c.CRT").write_bytes(MIC.pem)
    (tmp_path / "d-key.pem").write_bytes(GOOD.key_pem)
    (tmp_path / "notes.txt").write_text("our phones\n")
    (tmp_path / ".hidden.pem").write_bytes(b"junk")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "chain.pem").write_bytes(LSC.chain_pem)
    return tmp_path


def pkcs12_file(path: Path, identity: Identity = GOOD) -> Path:
    certificate = x509.load_der_x509_certificate(identity.der)
    encryption = BestAvailableEncryption(SECRET.encode())
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"phone", identity.key, certificate, None, encryption))
    return path


def request_file(path: Path, slot: int) -> Path:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CP-7962G-SEP8CB64F576113")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(rsa_key(slot=slot), hashes.SHA256())
    path.write_bytes(request.public_bytes(Encoding.PEM))
    return path


def reports(out: str) -> list[Report]:
    return [msgspec.json.decode(line, type=Report) for line in out.splitlines()]


# --- one certificate ---


def test_one_certificate_is_told_of_on_a_page(cli: CommandLine, directory: Path) -> None:
    ended = cli("cert", directory / "a.pem")
    assert (ended.code, ended.err) == (OK, "")
    assert "YES, this LSC of SEP8CB64F576113 is good" in ended.out
    assert "RSA 2048, SHA-256" in ended.out


def test_a_bad_one_says_why_and_what_to_do(cli: CommandLine, directory: Path) -> None:
    ended = cli("cert", directory / "b.der")
    assert ended.code == CRITICAL
    assert "NO, this LSC of SEP001122334455 is not good: LSC010." in ended.out
    assert "Mend it" in ended.out


def test_what_it_is_can_be_said(cli: CommandLine, directory: Path) -> None:
    ended = cli("cert", directory / "c.CRT", "--use", "lsc", "--quiet")
    assert (ended.code, ended.out.split()[1]) == (CRITICAL, "LSC003")


def test_the_phone_that_it_is_to_belong_to(cli: CommandLine, directory: Path) -> None:
    assert cli("cert", directory / "a.pem", "--mac", "8c:b6:4f:57:61:13", "--model", "7962").code == OK
    other = cli("cert", directory / "a.pem", "--mac", "001122334455", "--quiet")
    assert "LSC006 it belongs to SEP8CB64F576113, not to SEP001122334455" in other.out
    assert "LSC006 it belongs to a 7962G" in cli("cert", directory / "a.pem", "--model", "8841", "--quiet").out


@pytest.mark.parametrize(("slot", "code"), [(22, OK), (29, WARNING)])
def test_a_newer_request_makes_it_stale(
    cli: CommandLine, tmp_path: Path, directory: Path, slot: int, code: int
) -> None:
    csr = request_file(tmp_path / "phone.csr", slot)
    assert cli("cert", directory / "a.pem", "--csr", csr).code == code


def test_a_request_of_another_phone_says_nothing(cli: CommandLine, tmp_path: Path, directory: Path) -> None:
    csr = request_file(tmp_path / "phone.csr", 29)
    ended = cli("cert", directory / "b.der", "--csr", csr, "--json")
    found = {one["id"]: one["status"] for one in ended.json["findings"]}
    assert found["LSC016"] == "not-applicable"


# --- where they come from ---


def test_a_directory_is_gone_through(cli: CommandLine, directory: Path) -> None:
    ended = cli("cert", directory)
    lines = ended.out.splitlines()
    assert [line.split()[0] for line in lines[:5]] == ["OK", "CRITICAL", "WARNING", "OK", "OK"]
    assert [Path(line.split()[1].strip(":,")).name for line in lines[:4]] == ["a.pem", "b.der", "c.CRT", "chain.pem"]
    assert lines[-1] == "CRITICAL: 5 certificates: 1 CRITICAL, 1 WARNING, 3 OK"
    assert "LSC010 lsc-key-usage" in ended.out
    assert ended.code == CRITICAL
    assert (
        ended.err == f"vpnprobe: no certificates, not looked at: {directory / 'd-key.pem'}, {directory / 'notes.txt'}\n"
    )


def test_of_many_quiet_says_one_line(cli: CommandLine, directory: Path) -> None:
    ended = cli("cert", directory, "--quiet")
    assert (ended.out, ended.err) == ("CRITICAL: 5 certificates: 1 CRITICAL, 1 WARNING, 3 OK\n", "")


def test_of_many_verbose_shows_each_in_full(cli: CommandLine, directory: Path) -> None:
    assert cli("cert", directory, "--verbose").out.count("Every check") == 5


@pytest.mark.parametrize("form", ["jsonl", "json", "junit", "nagios"])
def test_every_form_tells_of_all(cli: CommandLine, directory: Path, form: str) -> None:
    ended = cli("cert", directory, "--format", form)
    assert ended.code == CRITICAL
    if form == "jsonl":
        assert [report.verdict for report in reports(ended.out)] == ["pass", "fail", "warn", "pass", "pass"]
    elif form == "json":
        assert len(ended.json) == 5
    else:
        assert "chain.pem, certificate 2" in ended.out


def test_a_list_is_written_to_a_file_as_a_whole(cli: CommandLine, directory: Path, tmp_path: Path) -> None:
    to = tmp_path / "list.txt"
    ended = cli("cert", directory, "--output", to)
    assert ended.out == ""
    assert to.read_text().splitlines()[-1].startswith("CRITICAL: 5 certificates")


def test_members_of_a_chain_are_held_against_each_other(cli: CommandLine, directory: Path) -> None:
    ended = cli("cert", directory / "more" / "chain.pem", "--format", "jsonl")
    leaf, issuer = reports(ended.out)
    signed = next(one for one in leaf.findings if one.id == "LSC017")
    assert (signed.status, issuer.target.source) == ("pass", f"{directory / 'more' / 'chain.pem'}, certificate 2")


def test_standard_input(directory: Path) -> None:
    ended = in_process("cert", "-", "--format", "jsonl", stdin=LSC.chain_pem.decode())
    assert [report.target.label for report in reports(ended.out)] == ["standard input", "standard input, certificate 2"]


def test_a_heap_in_one_file_is_read_as_it_comes(tmp_path: Path) -> None:
    """More than a chain, and more than is read at once: each is judged by itself, before the file has ended."""
    # What is read at once, and as much as a pipe holds without a reader.
    count = ((1 << 20) + 30_000) // len(GOOD.pem)
    with subprocess.Popen(
        command("cert", "-", "--format", "jsonl"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=clean_environment(),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(GOOD.pem * count)
        process.stdin.flush()
        # The pipe is still open, and there is an answer.
        assert msgspec.json.decode(process.stdout.readline(), type=Report).verdict == "pass"
        process.stdin.close()
        assert sum(1 for _ in process.stdout) == count - 1
        assert process.wait() == OK


def test_a_pkcs12_file_and_its_password(tmp_path: Path) -> None:
    file = pkcs12_file(tmp_path / "phone.p12")
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    assert in_process("cert", file, "--password-file", secret, "--quiet").out.startswith("OK: ")
    assert in_process("cert", file, "--quiet", VPNPROBE_PASSWORD=SECRET).out.startswith("OK: ")
    wrong = in_process("cert", file, "--quiet", VPNPROBE_PASSWORD="wrong")
    assert wrong.code == UNKNOWN
    assert "is this its password?" in wrong.out
    asked = in_process("cert", file)
    assert asked.code == UNKNOWN
    assert "no password for the PKCS#12 file: give --password-file" in asked.out + asked.err


def test_a_file_without_certificates_is_not_known(cli: CommandLine, directory: Path) -> None:
    ended = cli("cert", directory / "d-key.pem")
    assert ended.code == UNKNOWN
    assert "NOT KNOWN. No certificate could be read." in ended.out
    assert "only: RSA PRIVATE KEY; give the certificate itself" in " ".join(ended.out.split())


def test_a_trust_list_is_sent_to_the_command_that_reads_it(cli: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "ITLFile.tlv"
    file.write_bytes(START + bytes(200))
    ended = cli("cert", file, "--quiet")
    assert ended.code == UNKNOWN
    assert "vpnprobe config reads it" in ended.out


def test_what_follows_a_good_certificate_may_be_broken(cli: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "half.pem"
    file.write_bytes(GOOD.pem + GOOD.pem[:400])
    ended = cli("cert", file)
    assert ended.code == UNKNOWN
    assert [line.split()[0] for line in ended.out.splitlines()[:2]] == ["OK", "UNKNOWN"]
    assert "a PEM block has no END line" in ended.out


def test_one_broken_file_does_not_stop_the_others(cli: CommandLine, directory: Path) -> None:
    (directory / "aa.pem").write_bytes(GOOD.pem[:400])
    (directory / "ab.der").write_bytes(GOOD.der[:100])
    (directory / "ac.pem").write_bytes(to_pem(b"\x30\x84\xff\xff\xff\xff"))
    ended = cli("cert", directory, "--quiet")
    assert ended.out == "CRITICAL: 8 certificates: 3 CRITICAL, 1 UNKNOWN, 1 WARNING, 3 OK\n"


def test_what_may_not_be_read(cli: CommandLine, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modes do not keep root from reading, so the system's answer is given here."""
    opened, scanned = Path.open, os.scandir

    def refuse(path: Path, *rest: Any) -> Any:
        if path.name == "a.pem":
            raise PermissionError(13, "Permission denied")
        return opened(path, *rest)

    def refuse_directory(path: Path) -> Any:
        if path.name == "more":
            raise PermissionError(13, "Permission denied")
        return scanned(path)

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(os, "scandir", refuse_directory)
    assert cli("cert", directory).out.count("Permission denied; is it readable for you?") == 2


def test_a_file_that_went_away_does_not_stop_the_others(
    cli: CommandLine, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root sees it what may not be read is what is not there when its turn comes."""
    (directory / "zz").mkdir()
    scandir = os.scandir

    def without_one(path: Path) -> object:
        if path.name == "zz":
            raise PermissionError(13, "Permission denied")
        listed = list(scandir(path))
        gone = [entry for entry in listed if entry.name == "c.CRT"]
        for entry in gone:
            Path(entry.path).unlink()
        return nullcontext(listed)

    monkeypatch.setattr(os, "scandir", without_one)
    ended = cli("cert", directory, "--quiet")
    assert ended.out == "CRITICAL: 6 certificates: 1 CRITICAL, 2 UNKNOWN, 3 OK\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(
            ("nowhere.pem",), "no such file or directory; for a server's certificate write https://", id="no-file"
        ),
        pytest.param(("x" * 300,), "no such file or directory", id="pasted-text"),
        pytest.param(("",), "'': no such file or directory", id="no-name"),
        pytest.param(("-", "-"), "can be read once only", id="standard-input-twice"),
        pytest.param(("ftp://x",), "does not begin with https://", id="other-scheme"),
        pytest.param((".", "--mac", "zz"), "is not a MAC address", id="mac"),
        pytest.param((".", "--trust-list", "nowhere"), "--trust-list nowhere: No such file", id="no-trust-list"),
        pytest.param((".", "--csr", "nowhere"), "--csr nowhere: No such file", id="no-request"),
    ],
)
def test_bad_usage(
    cli: CommandLine, words: tuple[str, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = cli("cert", *words)
    assert ended.code == UNKNOWN
    assert told in ended.complaint


def test_a_directory_without_certificates(cli: CommandLine, tmp_path: Path) -> None:
    ended = cli("cert", tmp_path)
    assert (ended.code, ended.complaint) == (UNKNOWN, f"no certificate in {tmp_path}; name files with certificates")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        pytest.param(b"junk", "not a trust list", id="junk"),
        pytest.param(LSC.pem, "not a trust list", id="certificate"),
    ],
)
def test_a_trust_list_that_is_none(cli: CommandLine, directory: Path, data: bytes, told: str) -> None:
    (directory / "list").write_bytes(data)
    assert told in cli("cert", directory / "a.pem", "--trust-list", directory / "list").complaint


def test_an_itl_that_has_the_hash_of_its_capf(cli: CommandLine, directory: Path) -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    capf = LabPki(now).authority("capf")
    cluster = Cluster("cucm.lab.example", now, capf)
    itl, ctl = directory / "ITLFile.tlv", directory / "CTLFile.tlv"
    itl.write_bytes(cluster.trust_list("ITLFile.tlv"))
    ctl.write_bytes(trust_list([(0, cluster.call_manager), (4, capf)], "CTLFile.tlv", cluster.call_manager, now))
    lsc_file = directory / "a.pem"
    assert "only the hash of the CAPF's certificate" in cli("cert", lsc_file, "--trust-list", itl).complaint
    assert "LSC013" in cli("cert", lsc_file, "--trust-list", itl, "--trust-list", ctl, "--verbose").out


def test_a_request_that_is_none(cli: CommandLine, directory: Path) -> None:
    assert "no certificate request in it" in cli("cert", directory / "a.pem", "--csr", directory / "a.pem").complaint


def test_hostile_names_are_made_harmless(cli: CommandLine, tmp_path: Path) -> None:
    for number, cn in enumerate(("\x1b[31mred", "right\u202eleft")):
        (tmp_path / f"{number}.pem").write_bytes(lsc(cn=cn, serial=number + 1).pem)
    for words in ((), ("--verbose",), ("--format", "jsonl")):
        out = cli("cert", tmp_path, *words).out
        assert "\x1b" not in out
        assert "\u202e" not in out


def test_a_name_that_is_no_text(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"old\xff.pem")).write_bytes(lsc().pem)
    (tmp_path / os.fsdecode(b"note\xff.txt")).write_bytes(b"")
    for words in ((), ("--format", "jsonl"), ("--json",)):
        ended = cli("cert", tmp_path, *words)
        assert "old\ufffd.pem" in ended.out
        assert "note\ufffd.txt" in ended.err


def test_directories_may_be_deep_and_links_lead_to_themselves(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "a.pem").symlink_to("a.pem")
    (tmp_path / "up").symlink_to("..")
    (tmp_path / "b.pem").write_bytes(lsc().pem)
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    ended = cli("cert", tmp_path, "--quiet")
    # Whoever removes the directory does so by recursion.
    top, next_one = tmp_path / "d", tmp_path / "e"
    while (top / "d").exists():
        (top / "d").rename(next_one)
        top.rmdir()
        next_one.rename(top)
    assert ended.code == OK, ended


def test_an_old_run_is_judged_again(cli: CommandLine, directory: Path, tmp_path: Path) -> None:
    run = tmp_path / "run.jsonl"
    cli("cert", directory, "--format", "jsonl", "--output", run)
    again = cli("recheck", run, "--format", "jsonl")
    assert [report.verdict for report in reports(again.out)] == ["pass", "fail", "warn", "pass", "pass"]


# --- servers ---


def test_the_chain_of_a_server(cli: CommandLine, healthy: Lab) -> None:
    url = f"https://{healthy.addresses[0]}:{healthy.port}"
    ended = cli("cert", url, "--resolver", healthy.resolver, "--format", "jsonl")
    leaf, *_ = reports(ended.out)
    assert leaf.target.label == url
    assert next(one.summary for one in leaf.findings if one.id == "LSC003").endswith("a gateway's certificate")


def test_a_server_that_nobody_is_at(cli: CommandLine) -> None:
    ended = cli("cert", "https://127.0.0.1:9", "--quiet")
    assert ended.code == UNKNOWN
    assert "connection refused" in ended.out


def test_an_lsc_that_the_gateway_knows(cli: CommandLine, healthy: Lab) -> None:
    ended = cli("cert", healthy.client_certificate, "--gateway", f"127.0.0.1:{healthy.port}", "--format", "jsonl")
    lsc_report, capf_report = reports(ended.out)
    found = {one.id: one for one in lsc_report.findings}
    assert found["LSC014"].status == "pass"
    assert f"127.0.0.1:{healthy.port} names" in found["LSC014"].summary
    assert [flight.hello for flight in lsc_report.evidence.first_flights] == ["7962G"]
    assert {one.id: one.status for one in capf_report.findings}["LSC014"] == "not-applicable"


def test_an_lsc_that_the_gateway_does_not_know(cli: CommandLine, healthy: Lab, directory: Path) -> None:
    ended = cli("cert", directory / "a.pem", "--gateway", f"127.0.0.1:{healthy.port}", "--quiet")
    assert ended.code == CRITICAL
    assert "LSC014 its issuer CN=CAPF-18cf046e" in ended.out


def test_a_gateway_that_is_not_there_leaves_it_open(cli: CommandLine, directory: Path) -> None:
    ended = cli("cert", directory / "a.pem", "--gateway", "127.0.0.1:9", "--quiet")
    assert ended.code == UNKNOWN
    assert "LSC014 the gateway gave no whole answer: connection refused" in ended.out
