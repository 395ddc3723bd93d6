"""`vpnprobe hash`: one certificate hash in all its forms, several compared."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import load_der_x509_certificate

from tests.certificates import asa_self_signed, chain
from tests.cli.driving import CommandLine
from tests.probes.networks import two_gateways
from tests.stand_ins import SECOND, RecordingGateway, in_background
from vpnprobe.cli.exitcodes import CRITICAL, OK, UNKNOWN
from vpnprobe.lab.listening import has_address
from vpnprobe.lab.network import Lab
from vpnprobe.lab.scenario import Certificate

# The pair of the vendor's document (VP-10).
HEX = "E5:7E:81:EA:99:54:C1:44:97:66:78:D0:E2:41:8C:DF:79:A9:31:76"
BASE64 = "5X6B6plUwUSXZnjQ4kGM33mpMXY="

LEAF = asa_self_signed("vpn.example.com")
OTHER = asa_self_signed("another.example.com")
CHAINED = chain("vpn.example.com")


def cert_hash(der: bytes) -> str:
    return base64.b64encode(hashlib.sha1(der, usedforsecurity=False).digest()).decode()


def file(directory: Path, name: str, data: bytes) -> Path:
    path = directory / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "given",
    [
        HEX,
        HEX.replace(":", ""),
        HEX.replace(":", "").lower(),
        HEX.replace(":", " "),
        BASE64,
        f"<certHash1>{BASE64}</certHash1>",
        f"SHA1 Fingerprint={HEX}",
        f"\u200e{HEX.lower()}",
        BASE64.rstrip("="),
    ],
    ids=["colons", "bare", "lower", "blanks", "base64", "element", "openssl", "windows", "no padding"],
)
def test_both_forms_of_a_hash(cli: CommandLine, given: str) -> None:
    ended = cli("hash", given)
    assert (ended.code, ended.err) == (OK, "")
    assert f"  certHash  {BASE64}\n  SHA-1     {HEX}\n" in ended.out
    [item] = cli("hash", given, "--json").json["items"]
    assert (item["cert_hash"], item["sha1"]) == (BASE64, HEX)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("gateway.pem", LEAF.pem),
        ("gateway.crt", b"Bag Attributes\n" + LEAF.pem),
        ("gateway.der", LEAF.der),
        ("gateway.txt", base64.encodebytes(LEAF.der)),
        ("gateway.p7b", pkcs7.serialize_certificates([load_der_x509_certificate(LEAF.der)], Encoding.DER)),
    ],
)
def test_a_certificate_file(cli: CommandLine, tmp_path: Path, name: str, data: bytes) -> None:
    [item] = cli("hash", file(tmp_path, name, data), "--json").json["items"]
    assert item["cert_hash"] == cert_hash(LEAF.der)
    assert item["kind"] == "file"
    assert "CN=vpn.example.com" in item["subject"]


@pytest.mark.parametrize(
    ("name", "data", "hint"),
    [
        ("empty.pem", b"", "is empty"),
        ("notes.txt", b"see the wiki", "neither PEM nor DER"),
        ("key.pem", LEAF.key_pem, "holds no certificate"),
    ],
)
def test_a_file_without_a_certificate(cli: CommandLine, tmp_path: Path, name: str, data: bytes, hint: str) -> None:
    path = file(tmp_path, name, data)
    ended = cli("hash", path)
    assert ended.code == UNKNOWN
    assert ended.complaint.startswith(f"{path}: ")
    assert hint in ended.complaint


@pytest.mark.parametrize(
    ("value", "note"),
    [
        ("", "empty"),
        ("nonsense!", "invalid-character"),
        ("d41d8cd98f00b204e9800998ecf8427e", "md5-length"),
        ("0" * 64, "sha256-length"),
        (BASE64[:-8], "wrong-length"),
        ("A" * 5000, "too-long"),
        ("-----BEGIN CERTIFICATE-----\nMIIB", "is-certificate"),
    ],
)
def test_a_value_that_is_no_sha1(cli: CommandLine, value: str, note: str) -> None:
    ended = cli("hash", "--", value)
    assert (ended.code, ended.err) == (UNKNOWN, "")
    assert "not a SHA-1 of a certificate" in ended.out
    assert note in ended.out
    assert cli("hash", "--json", "--", value).json["items"][0].get("sha1") is None


def test_control_characters_in_a_value_are_shown_as_such(cli: CommandLine) -> None:
    shown = cli("hash", "\x1b[31mred\u202e").out
    assert shown.startswith("\\x1b[31mred\\u202e\n")


# --- several ---


def test_the_same_twice(cli: CommandLine, tmp_path: Path) -> None:
    path = file(tmp_path, "gateway.pem", LEAF.pem)
    ended = cli("hash", cert_hash(LEAF.der), path)
    assert ended.code == OK
    assert ended.out.endswith("SAME: all name one certificate\n")
    assert cli("hash", HEX, BASE64).code == OK


def test_two_that_differ(cli: CommandLine, tmp_path: Path) -> None:
    ended = cli("hash", BASE64, file(tmp_path, "gateway.pem", LEAF.pem))
    assert ended.code == CRITICAL
    assert ended.out.endswith("DIFFERENT: these are not one certificate\n")


def test_one_that_cannot_be_compared(cli: CommandLine) -> None:
    ended = cli("hash", BASE64, "nonsense!")
    assert ended.code == UNKNOWN
    assert "SAME" not in ended.out
    assert "DIFFERENT" not in ended.out


def test_of_a_chain_the_first_counts_and_all_are_shown(cli: CommandLine, tmp_path: Path) -> None:
    path = file(tmp_path, "chain.pem", CHAINED.chain_pem)
    report = cli("hash", cert_hash(CHAINED.der), path, "--json")
    assert report.code == OK
    kinds = [item["kind"] for item in report.json["items"]]
    assert kinds == ["base64", "file", *["issuer"] * (len(CHAINED.chain_der) - 1)]
    assert len(kinds) > 2


def test_the_hash_of_a_later_certificate_is_told_as_such(cli: CommandLine, tmp_path: Path) -> None:
    path = file(tmp_path, "chain.pem", CHAINED.chain_pem)
    ended = cli("hash", cert_hash(CHAINED.chain_der[1]), path)
    assert ended.code == OK
    assert ended.out.endswith(f"\nSAME as {path}, certificate 2, which issued the first one\n")
    assert "role      issued the first certificate of the file" in ended.out
    report = cli("hash", cert_hash(CHAINED.chain_der[1]), path, "--json").json
    assert (report["same"], report["same_as"]) == (True, f"{path}, certificate 2")


def test_an_unrelated_second_certificate_is_no_issuer(cli: CommandLine, tmp_path: Path) -> None:
    path = file(tmp_path, "two.pem", LEAF.pem + OTHER.pem)
    ended = cli("hash", cert_hash(OTHER.der), path)
    assert ended.code == OK
    assert ended.out.endswith(f"\nSAME as {path}, certificate 2, which did not issue the first one\n")
    assert "role" not in ended.out
    kinds = [item["kind"] for item in cli("hash", path, "--json").json["items"]]
    assert kinds == ["file", "other"]


def test_files_are_compared_by_their_first_certificates(cli: CommandLine, tmp_path: Path) -> None:
    chained = file(tmp_path, "chain.pem", CHAINED.chain_pem)
    issuer = file(tmp_path, "issuer.der", CHAINED.chain_der[1])
    assert cli("hash", chained, issuer).code == CRITICAL
    # The value is in the first file, but it is not what the other one is about.
    other = file(tmp_path, "other.der", OTHER.der)
    assert cli("hash", cert_hash(CHAINED.chain_der[1]), chained, other).code == CRITICAL


@pytest.mark.parametrize(
    ("typo", "code", "explanation"),
    [
        (BASE64.replace("pl", "p1"), CRITICAL, "character 7 is `1` and should be `l`."),
        (BASE64.replace("XY", "X"), UNKNOWN, "before character 27, `Y` is missing."),
        (HEX.replace("99", "90"), CRITICAL, "character 10 is `0` and should be `9`."),
    ],
)
def test_a_near_miss_of_another_value_is_explained(cli: CommandLine, typo: str, code: int, explanation: str) -> None:
    ended = cli("hash", typo, BASE64)
    assert ended.code == code
    assert f"{typo}: It was copied wrongly: {explanation} (if {BASE64} is right)\n" in ended.out
    assert ended.out.count("copied wrongly") == 1


def test_two_values_that_are_nothing_alike(cli: CommandLine) -> None:
    ended = cli("hash", "0" * 40, BASE64)
    assert ended.code == CRITICAL
    assert "copied wrongly" not in ended.out


@pytest.mark.parametrize(
    ("value", "told"),
    [("abc", "2 bytes"), ("ab", "1 byte"), (BASE64[:-5], "17 bytes"), ("nonsense!", "neither base64 nor hex")],
)
def test_how_far_from_a_hash_it_is(cli: CommandLine, value: str, told: str) -> None:
    assert f": {told}; a certHash is 20 bytes (28 characters, 40 hex digits)\n" in cli("hash", value).out


def test_quiet_is_one_line(cli: CommandLine, tmp_path: Path) -> None:
    chained = file(tmp_path, "chain.pem", CHAINED.chain_pem)
    assert cli("hash", "-q", HEX).out == f"{BASE64}\n"
    assert cli("hash", "-q", chained).out == f"{cert_hash(CHAINED.der)}\n"
    assert cli("hash", "-q", HEX, BASE64).out == "SAME: all name one certificate\n"
    assert cli("hash", "-q", HEX, "0" * 40).out == "DIFFERENT: these are not one certificate\n"
    assert cli("hash", "-q", HEX, "abc").out.startswith("NOT COMPARED: ")
    assert cli("hash", "-q", "abc").out.startswith("not a SHA-1 of a certificate: 2 bytes;")
    assert cli("hash", "-q", "--json", HEX).json["items"][0]["cert_hash"] == BASE64


@pytest.mark.parametrize(
    ("miss", "explanation"),
    [
        (lambda der: cert_hash(der)[:-2] + "?=", "It was copied wrongly: character 27"),
        (lambda der: cert_hash(der).swapcase(), "It was copied wrongly"),
        (lambda der: base64.b64encode(hashlib.sha256(der).digest()).decode(), "the SHA256 of the certificate"),
        (lambda der: hashlib.md5(der, usedforsecurity=False).hexdigest(), "the MD5 of the certificate"),
        (lambda der: cert_hash(der)[::-1], "in reverse order"),
    ],
    ids=["letter", "case", "sha256", "md5", "reversed"],
)
def test_a_near_miss_is_explained(
    cli: CommandLine, tmp_path: Path, miss: Callable[[bytes], str], explanation: str
) -> None:
    given = miss(LEAF.der)
    ended = cli("hash", given, file(tmp_path, "gateway.pem", LEAF.pem))
    assert ended.code in (CRITICAL, UNKNOWN)
    assert f"{given}: It" in ended.out
    assert explanation in ended.out


# --- live ---


def test_a_live_gateway(cli: CommandLine, healthy: Lab) -> None:
    ended = cli("hash", *healthy.cert_hashes, healthy.group_url, "--resolver", healthy.resolver, "--json")
    assert ended.code == OK
    given, live = ended.json["items"]
    assert (live["kind"], live["shown_to"]) == ("live", "7962G")
    assert live["given"] == f"{healthy.group_url} at 127.0.0.1:{healthy.port}"
    assert live["sha1"] == given["sha1"]
    assert ended.json["same"] is True


def test_a_live_gateway_with_another_certificate(cli: CommandLine, healthy: Lab) -> None:
    ended = cli("hash", BASE64, healthy.group_url, "--resolver", healthy.resolver)
    assert ended.code == CRITICAL


@pytest.mark.skipif(not has_address(SECOND), reason="this system has one loopback address")
def test_addresses_that_show_different_certificates(cli: CommandLine) -> None:
    with in_background(two_gateways(RecordingGateway(), RecordingGateway(certificate=Certificate(edition=2)))) as two:
        ended = cli("hash", two.url, "--resolver", two.resolver)
    assert ended.code == CRITICAL
    assert ended.out.count("certHash") == 2


@pytest.mark.parametrize("where", ["https://127.0.0.1:9/x", "https://nowhere.lab.example/x"])
def test_a_gateway_that_is_not_there(cli: CommandLine, healthy: Lab, where: str) -> None:
    ended = cli("hash", where, "--resolver", healthy.resolver)
    assert ended.code == UNKNOWN
    assert f"try: vpnprobe gateway {where}" in ended.complaint
