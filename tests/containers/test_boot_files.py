"""Boot files from tftpd-hpa and nginx, and the server's address from ISC DHCP."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.containers import phone
from tests.containers.podman import Container
from tests.containers.product import host, probe_phone

pytestmark = pytest.mark.container

URL = "https://127.0.0.1:9/svc"
"""Nobody listens there: these tests are about what comes before the gateway."""


@pytest.fixture
def served(boot_directory: Path, pki: Path) -> bytes:
    """The phone's configuration, in the boot directory."""
    file = boot_directory / phone.CONFIG_FILE
    file.write_text(phone.config(URL, phone.cert_hash(pki / "gateway-rsa.crt")))
    return file.read_bytes()


@pytest.mark.parametrize("address", ["address", "address6"])
def test_configuration_arrives_by_tftp(address: str, tftp_server: Container, served: bytes) -> None:
    outcome = probe_phone(URL, "--tftp", host(getattr(tftp_server, address)))

    (received,) = [file for file in outcome.report.evidence.boot_files if file.outcome == "received"]
    assert (received.name, received.protocol) == (phone.CONFIG_FILE, "tftp")
    assert received.sha256 == hashlib.sha256(served).hexdigest()
    assert outcome.boot_file(f"CTLSEP{phone.MAC}.tlv") == ("tftp", "not-found")


def test_configuration_arrives_by_http(http_server: Container, served: bytes) -> None:
    outcome = probe_phone(URL, "--model", "8841", "--tftp", http_server.address)

    (received,) = [file for file in outcome.report.evidence.boot_files if file.outcome == "received"]
    assert (received.name, received.protocol) == (phone.CONFIG_FILE, "http")
    assert received.sha256 == hashlib.sha256(served).hexdigest()


def test_missing_configuration_is_told(tftp_server: Container, boot_directory: Path) -> None:
    (boot_directory / phone.CONFIG_FILE).unlink(missing_ok=True)

    outcome = probe_phone(URL, "--tftp", tftp_server.address)

    assert outcome.boot_file(phone.CONFIG_FILE) == ("tftp", "not-found")
    assert "TFT003" in [finding.id for finding in outcome.failed()]


def test_dhcp_names_the_tftp_server(bridge: str, dhcp_server: Container, tftp_server: Container, served: bytes) -> None:
    outcome = probe_phone(URL, "--tftp", f"dhcp:{bridge}")

    server = outcome.report.evidence.tftp_server
    assert server is not None
    assert server.origin == "dhcp-option-150"
    assert server.addresses == (tftp_server.address,)
    assert outcome.boot_file(phone.CONFIG_FILE) == ("tftp", "received")


def test_silent_tftp_server_is_a_timeout(dhcp_server: Container) -> None:
    outcome = probe_phone(URL, "--tftp", f"{dhcp_server.address}:67", "--timeout", "1")

    assert {file.outcome for file in outcome.report.evidence.boot_files} == {"timeout"}
    assert "TFT002" in [finding.id for finding in outcome.failed()]


def test_closed_tftp_port_is_unreachable(http_server: Container) -> None:
    outcome = probe_phone(URL, "--tftp", http_server.address, "--timeout", "1")

    assert {file.outcome for file in outcome.report.evidence.boot_files} == {"unreachable"}
    assert "TFT002" in [finding.id for finding in outcome.failed()]
