import base64
import hashlib
import re
import shutil
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

from vpnprobe.lab.certificates import LOOKALIKES, LabPki
from vpnprobe.lab.scenario import Authority, CertHash, Certificate, Client

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
THIRD_PARTY = Certificate(issuer="third-party", names=("vpn.lab.example",))


@pytest.fixture(scope="module")
def pki() -> LabPki:
    return LabPki(NOW)


def openssl(*arguments: str, given: bytes = b"") -> str:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl program")
    ran = subprocess.run([program, *arguments], input=given, capture_output=True, check=True)
    return ran.stdout.decode()


def test_self_signed_certificate_looks_like_an_asa_s(pki: LabPki) -> None:
    text = openssl("x509", "-noout", "-subject", "-issuer", given=pki.gateway(Certificate()).pem)
    assert text.splitlines() == [
        "subject=CN = vpn.lab.example, unstructuredName = vpn.lab.example",
        "issuer=CN = vpn.lab.example, unstructuredName = vpn.lab.example",
    ]


def test_equal_values_are_the_same_certificate(pki: LabPki) -> None:
    assert pki.gateway(Certificate()) is pki.gateway(Certificate())


def test_another_edition_differs_in_more_than_nothing(pki: LabPki) -> None:
    old, new = pki.gateway(Certificate()), pki.gateway(Certificate(edition=2))
    assert old.der != new.der
    assert old.certificate.subject == new.certificate.subject


def test_validity_counts_from_now(pki: LabPki) -> None:
    certificate = pki.gateway(Certificate(age_days=10, days_left=-3)).certificate
    assert certificate.not_valid_before_utc == NOW - timedelta(days=10)
    assert certificate.not_valid_after_utc == NOW - timedelta(days=3)


def test_third_party_chain_is_verified_by_openssl(pki: LabPki, tmp_path: Path) -> None:
    issued = pki.gateway(THIRD_PARTY)
    intermediate, root = issued.issuers
    for name, der in (("leaf", issued.der), ("intermediate", intermediate), ("root", root)):
        (tmp_path / name).write_text(ssl.DER_cert_to_PEM_cert(der))
    at = str(int(NOW.timestamp()))
    paths = [str(tmp_path / name) for name in ("root", "intermediate", "leaf")]
    said = openssl("verify", "-attime", at, "-CAfile", paths[0], "-untrusted", paths[1], paths[2])
    assert said.endswith(": OK\n")


@pytest.mark.parametrize(
    ("client", "model", "common_name", "issuer"),
    [
        (Client(), "CP-7962G", "CP-7962G-SEP8CB64F576113", "CAPF-2f7c1a9e"),
        (Client(kind="mic"), "CP-7962G", "CP-7962G-SEP8CB64F576113", "Cisco Manufacturing CA"),
        (Client(kind="mic"), "CP-8841", "CP-8841-SEP8CB64F576113", "Cisco Manufacturing CA SHA2"),
        (Client(mac="001AE2BC16CB"), "CP-8841", "CP-8841-SEP001AE2BC16CB", "CAPF-2f7c1a9e"),
    ],
    ids=["lsc", "mic", "mic of an 8841", "lsc of another phone"],
)
def test_client_certificates(pki: LabPki, client: Client, model: str, common_name: str, issuer: str) -> None:
    certificate = pki.client(client, model).certificate
    [name] = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    [issuer_name] = certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert (name.value, issuer_name.value) == (common_name, issuer)


@pytest.mark.parametrize("name", ["capf", "manufacturing", "manufacturing-sha2", "third-party"])
def test_no_ca_claims_to_be_cisco_s(pki: LabPki, name: Authority) -> None:
    [organization] = pki.authority(name).certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    assert organization.value == "vpnprobe lab (not Cisco)"


def test_cert_hash_is_what_openssl_says(pki: LabPki) -> None:
    said = openssl("x509", "-noout", "-fingerprint", "-sha1", given=pki.gateway(Certificate()).pem)
    digest = bytes.fromhex(said.partition("=")[2].strip().replace(":", ""))
    assert base64.b64decode(pki.cert_hash(CertHash()), validate=True) == digest
    assert bytes.fromhex(pki.cert_hash(CertHash(form="hex"))) == digest


def test_lookalike_differs_in_one_letter_and_in_the_bytes(pki: LabPki) -> None:
    for edition in range(5):
        certificate = Certificate(edition=edition)
        right = pki.cert_hash(CertHash(of=certificate))
        wrong = pki.cert_hash(CertHash(of=certificate, form="lookalike"))
        [(was, became)] = [(a, b) for a, b in zip(right, wrong, strict=True) if a != b]
        assert LOOKALIKES[was] == became
        assert len(base64.b64decode(wrong, validate=True)) == 20
        assert base64.b64encode(base64.b64decode(wrong)).decode() == wrong
        assert base64.b64decode(wrong) != base64.b64decode(right)


def test_non_canonical_text_means_the_same_bytes(pki: LabPki) -> None:
    right, odd = pki.cert_hash(CertHash()), pki.cert_hash(CertHash(form="non-canonical"))
    assert odd != right
    assert base64.b64decode(odd) == base64.b64decode(right)


def test_issuer_and_root_can_be_pinned(pki: LabPki) -> None:
    issued = pki.gateway(THIRD_PARTY)
    issuer, root = (hashlib.sha1(der, usedforsecurity=False).digest() for der in issued.issuers)
    assert base64.b64decode(pki.cert_hash(CertHash(of=THIRD_PARTY, at="issuer"))) == issuer
    assert base64.b64decode(pki.cert_hash(CertHash(of=THIRD_PARTY, at="root"))) == root


def test_negative_serial_is_read_as_such_by_openssl(pki: LabPki) -> None:
    issued = pki.gateway(Certificate(negative_serial=True))
    assert openssl("x509", "-noout", "-serial", given=issued.pem) == "serial=-3F\n"
    with pytest.warns(CryptographyDeprecationWarning, match="positive"):
        assert issued.certificate.serial_number == -63


@pytest.mark.parametrize(
    ("odd", "algorithm"),
    [
        (Certificate(negative_serial=True), "sha256WithRSAEncryption"),
        (Certificate(key="rsa-1024", digest="sha1"), "sha1WithRSAEncryption"),
        (Certificate(digest="md5"), "md5WithRSAEncryption"),
    ],
    ids=["negative serial", "SHA-1", "MD5"],
)
def test_odd_certificate_is_signed(pki: LabPki, tmp_path: Path, odd: Certificate, algorithm: str) -> None:
    path = tmp_path / "odd.pem"
    path.write_bytes(pki.gateway(odd).pem)
    text = openssl("x509", "-noout", "-text", "-in", str(path))
    assert text.count(f"Signature Algorithm: {algorithm}") == 2
    assert f"Public-Key: ({1024 if odd.key == 'rsa-1024' else 2048} bit)" in text
    at = str(int(NOW.timestamp()))
    said = openssl("verify", "-check_ss_sig", "-attime", at, "-CAfile", str(path), str(path))
    assert re.fullmatch(r".*: OK\n", said)
