"""ocserv as the gateway: vpnprobe logs in as the phone would, and tells its secrets to nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.containers import phone
from tests.containers.capture import Capture, capture
from tests.containers.podman import Container
from tests.containers.product import CRITICAL, OK, credential, host, probe_phone

pytestmark = pytest.mark.container

NO_HASH_OF_ANYTHING = "AAAAAAAAAAAAAAAAAAAAAAAAAAA="


def config_file(directory: Path, url: str, cert_hash: str, auth_method: int = 2) -> str:
    """Write the phone's configuration; return its path."""
    file = directory / phone.CONFIG_FILE
    file.write_text(phone.config(url, cert_hash, auth_method))
    return str(file)


def certificates_sent(wire: Capture) -> list[list[str]]:
    """The client certificates that went to the gateway, one row for each message, in hex."""
    return wire.rows("tls.handshake.type == 11 && tcp.dstport == 443", "tls.handshake.certificate")


@pytest.mark.parametrize("address", ["address", "address6"])
def test_certificate_login_is_accepted(address: str, certificate_gateway: Container, pki: Path, tmp_path: Path) -> None:
    url = f"https://{host(getattr(certificate_gateway, address))}/svc"
    config = config_file(tmp_path, url, phone.cert_hash(pki / "gateway-rsa.crt"))

    with capture(certificate_gateway, tmp_path) as wire:
        outcome = probe_phone(url, "--config", config, *credential(pki, "lsc"))

        assert certificates_sent(wire) == [[phone.leaf(pki / "lsc.crt").hex()]]

    assert [login.answer for login in outcome.report.evidence.logins] == ["accepted"]
    assert outcome.failed() == []
    assert outcome.status == OK
    assert f"'{phone.USER}'" in certificate_gateway.log()


def test_nothing_secret_goes_to_a_gateway_with_another_certificate(
    certificate_gateway: Container, pki: Path, tmp_path: Path
) -> None:
    url = f"https://{certificate_gateway.address}/svc"
    config = config_file(tmp_path, url, NO_HASH_OF_ANYTHING)

    with capture(certificate_gateway, tmp_path) as wire:
        outcome = probe_phone(url, "--config", config, *credential(pki, "lsc"))

        hellos = wire.rows("tls.handshake.type == 1", "ip.src")
        sent = certificates_sent(wire)

    assert hellos
    assert phone.leaf(pki / "lsc.crt").hex() not in "".join(row[0] for row in sent)
    pins = [decision for decision in outcome.report.evidence.decisions if decision.rule == "pin"]
    assert [decision.goes_on for decision in pins] == [False]
    assert outcome.report.cause == "PIN001"
    assert outcome.status == CRITICAL


def test_the_missing_authority_is_named(certificate_gateway: Container, pki: Path, tmp_path: Path) -> None:
    url = f"https://{certificate_gateway.address}/svc"
    config = config_file(tmp_path, url, phone.cert_hash(pki / "gateway-rsa.crt"))

    outcome = probe_phone(url, "--config", config, *credential(pki, "foreign"))

    (alarm,) = outcome.failed()
    assert alarm.id == "HSK004"
    assert "CAPF-0badcafe" in alarm.summary
    assert outcome.status == CRITICAL


def test_a_path_that_the_gateway_does_not_know(certificate_gateway: Container, pki: Path, tmp_path: Path) -> None:
    url = f"https://{certificate_gateway.address}/VPNPhone"
    config = config_file(tmp_path, url, phone.cert_hash(pki / "gateway-rsa.crt"))

    outcome = probe_phone(url, "--config", config, *credential(pki, "lsc"))

    assert [finding.id for finding in outcome.failed()] == ["LOG002"]
    assert outcome.status == CRITICAL


def test_without_a_certificate_nothing_is_said_of_the_login(
    certificate_gateway: Container, pki: Path, tmp_path: Path
) -> None:
    url = f"https://{certificate_gateway.address}/svc"
    config = config_file(tmp_path, url, phone.cert_hash(pki / "gateway-rsa.crt"))

    outcome = probe_phone(url, "--config", config)

    assert outcome.failed() == []
    assert outcome.stages()["pin"] == "done"
    assert outcome.stages()["login"] == "skipped"


@pytest.mark.parametrize(
    ("password", "answer", "alarms", "status"),
    [
        pytest.param(phone.PASSWORD, "accepted", [], OK, id="right password"),
        pytest.param("wrong", "refused", ["LOG005"], CRITICAL, id="wrong password"),
    ],
)
def test_password_login(
    password: str,
    answer: str,
    alarms: list[str],
    status: int,
    password_gateway: Container,
    pki: Path,
    tmp_path: Path,
) -> None:
    url = f"https://{password_gateway.address}/svc"
    config = config_file(tmp_path, url, phone.cert_hash(pki / "gateway-rsa.crt"), auth_method=0)
    secret = tmp_path / "password"
    secret.write_text(f"{password}\n")

    outcome = probe_phone(url, "--config", config, "--user", phone.USER, "--password-file", str(secret))

    assert [login.answer for login in outcome.report.evidence.logins] == [answer]
    assert [finding.id for finding in outcome.failed()] == alarms
    assert outcome.status == status


@pytest.mark.parametrize(
    ("pinned", "attempts"),
    [
        pytest.param(True, 1, id="trusted gateway: once, though refused"),
        pytest.param(False, 0, id="another certificate: never"),
    ],
)
def test_how_often_a_password_is_sent(
    pinned: bool, attempts: int, password_gateway: Container, pki: Path, tmp_path: Path
) -> None:
    url = f"https://{password_gateway.address}/svc"
    cert_hash = phone.cert_hash(pki / "gateway-rsa.crt") if pinned else NO_HASH_OF_ANYTHING
    config = config_file(tmp_path, url, cert_hash, auth_method=0)
    secret = tmp_path / "password"
    secret.write_text("wrong again\n")
    attempt = f"auth init for user '{phone.USER}'"
    before = password_gateway.log().count(attempt)

    probe_phone(url, "--config", config, "--user", phone.USER, "--password-file", str(secret))

    assert password_gateway.log().count(attempt) == before + attempts
