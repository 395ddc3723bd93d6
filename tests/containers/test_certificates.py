"""ocserv as the judge of `vpnprobe cert`: it logs a phone in with what is called good, and with nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.containers import phone
from tests.containers.podman import Container
from tests.containers.product import CRITICAL, OK, Outcome, credential, probe_phone, vpnprobe
from tests.containers.test_login import config_file

pytestmark = pytest.mark.container

DAY = timedelta(days=1)


def judged(certificate: Path, gateway: Container) -> Outcome:
    """What `vpnprobe cert` says of an LSC that is to be used at this gateway."""
    return vpnprobe("cert", str(certificate), "--mac", phone.MAC, "--gateway", gateway.address)


def logged_in(directory: Path, name: str, gateway: Container, pki: Path) -> tuple[list[str], str]:
    """Log in as the phone with this certificate; return the answers, and what the server wrote meanwhile."""
    url = f"https://{gateway.address}/svc"
    config = config_file(directory, url, phone.cert_hash(pki / "gateway-rsa.crt"))
    before = len(gateway.log())
    outcome = probe_phone(url, "--config", config, *credential(directory, name))
    return [login.answer for login in outcome.report.evidence.logins], gateway.log()[before:]


def issue(directory: Path, name: str, pki: Path, *, first: datetime, last: datetime) -> None:
    """Write an LSC of the suite's CAPF with these dates, and its key."""
    capf = x509.load_pem_x509_certificate((pki / "capf.crt").read_bytes())
    signer = serialization.load_pem_private_key((pki / "capf.key").read_bytes(), None)
    assert isinstance(signer, rsa.RSAPrivateKey)
    key = rsa.generate_private_key(65537, 2048)
    usage = x509.KeyUsage(True, False, True, False, False, False, False, False, False)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, phone.USER)]))
        .issuer_name(capf.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(last)
        .add_extension(usage, critical=True)
        .sign(signer, hashes.SHA256())
    )
    (directory / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (directory / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def copied(directory: Path, name: str, pki: Path) -> None:
    for suffix in ("crt", "key"):
        (directory / f"{name}.{suffix}").write_bytes((pki / f"{name}.{suffix}").read_bytes())


def test_what_is_called_good_is_let_in(certificate_gateway: Container, pki: Path, tmp_path: Path) -> None:
    copied(tmp_path, "lsc", pki)

    verdict = judged(tmp_path / "lsc.crt", certificate_gateway)
    answers, log = logged_in(tmp_path, "lsc", certificate_gateway, pki)

    assert (verdict.status, verdict.failed()) == (OK, [])
    named = next(finding for finding in verdict.report.findings if finding.id == "LSC014")
    assert named.status == "pass"
    assert "CAPF-1a2b3c4d" in named.summary
    assert answers == ["accepted"]
    assert f"'{phone.USER}'" in log


def test_an_issuer_that_the_gateway_does_not_name_is_not_let_in(
    certificate_gateway: Container, pki: Path, tmp_path: Path
) -> None:
    copied(tmp_path, "foreign", pki)

    verdict = judged(tmp_path / "foreign.crt", certificate_gateway)
    answers, log = logged_in(tmp_path, "foreign", certificate_gateway, pki)

    (alarm,) = verdict.failed()
    assert (verdict.status, alarm.id) == (CRITICAL, "LSC014")
    assert "CAPF-0badcafe" in alarm.summary
    assert "accepted" not in answers
    assert "client certificate verification failed" in log
    assert "The certificate issuer is unknown" in log


def test_an_lsc_that_has_expired_is_not_let_in(certificate_gateway: Container, pki: Path, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    issue(tmp_path, "expired", pki, first=now - 300 * DAY, last=now - DAY)

    verdict = judged(tmp_path / "expired.crt", certificate_gateway)
    answers, log = logged_in(tmp_path, "expired", certificate_gateway, pki)

    (alarm,) = verdict.failed()
    assert (verdict.status, alarm.id) == (CRITICAL, "LSC007")
    assert "accepted" not in answers
    assert "client certificate verification failed" in log
    assert "uses expired certificate" in log


def test_the_same_lsc_in_its_time_is_let_in(certificate_gateway: Container, pki: Path, tmp_path: Path) -> None:
    """So that it is the date, and nothing else of the way it is made, that the server minds."""
    now = datetime.now(UTC)
    issue(tmp_path, "current", pki, first=now - 300 * DAY, last=now + 300 * DAY)

    verdict = judged(tmp_path / "current.crt", certificate_gateway)
    answers, _ = logged_in(tmp_path, "current", certificate_gateway, pki)

    assert (verdict.status, verdict.failed(), answers) == (OK, [], ["accepted"])
