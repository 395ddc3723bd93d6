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


def test_the_hash_of_the_issuer_is_not_that_of_the_leaf(cli: CommandLine, tmp_path: Path) -> None:
    path = file(tmp_path, "chain.pem", CHAINED.chain_pem)
    ended = cli("hash", cert_hash(CHAINED.chain_der[1]), path)
    assert ended.code == CRITICAL
    assert f"the certHash of another certificate that was seen. ({path}, issuer)" in ended.out


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
    assert live["kind"] == "live"
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
