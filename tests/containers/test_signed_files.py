"""Signed boot files from tftpd-hpa and nginx: vpnprobe and openssl say the same of their signatures."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.containers.podman import Container
from tests.containers.product import CRITICAL, OK, Outcome, vpnprobe
from tests.signed_files import openssl_verifies
from vpnprobe.lab.catalogue import find_any_scenario
from vpnprobe.lab.certificates import LabPki
from vpnprobe.lab.scenario import PHONE_MAC
from vpnprobe.lab.trust.files import phone_files
from vpnprobe.lab.trust.scenario import ConfigScenario
from vpnprobe.model.trust import SignatureReading

pytestmark = pytest.mark.container

SIGNED = f"SEP{PHONE_MAC}.cnf.xml.sgn"
SIGNATURE = 12
CONTAINERS = (3, 7, 9)


@pytest.fixture
def serve(boot_directory: Path) -> Iterator[None]:
    """Whatever a test puts there is gone after it."""
    before = set(boot_directory.iterdir())
    yield
    for path in set(boot_directory.iterdir()) - before:
        path.unlink()


def put(directory: Path, scenario: str) -> dict[str, bytes]:
    """Put the files of a lab scenario into the boot directory."""
    found = find_any_scenario(scenario)
    assert isinstance(found, ConfigScenario)
    now = datetime.now(UTC)
    served = phone_files(found, LabPki(now), now).served
    for name, data in served.items():
        (directory / name).write_bytes(data)
    return served


def cut(data: bytes) -> tuple[bytes, bytes]:
    """Take the signature item out of a signed file: what it covers, and the signature alone."""
    at = 0
    while data[at] != SIGNATURE:
        [length] = struct.unpack_from(">H", data, at + 1)
        at += 3 if data[at] in CONTAINERS else 3 + length
    [length] = struct.unpack_from(">H", data, at + 1)
    return data[:at] + data[at + 3 + length :], data[at + 3 : at + 3 + length]


def reading(outcome: Outcome) -> SignatureReading:
    """The signature of the configuration."""
    [signed] = [file.signed for file in outcome.report.evidence.boot_files if file.name == SIGNED]
    assert signed is not None
    assert signed.signature is not None
    return signed.signature


def openssl_says(outcome: Outcome, data: bytes, room: Path) -> bool:
    found = reading(outcome)
    assert found.signer is not None
    assert found.hash_algorithm is not None
    certificate = outcome.report.evidence.certificates[found.signer]
    return openssl_verifies(*cut(data), found.hash_algorithm, certificate, room)


@pytest.mark.parametrize(
    ("scenario", "status", "verdict"),
    [("config-healthy", "valid", OK), ("config-changed", "invalid", CRITICAL)],
)
def test_signature_by_tftp(
    tftp_server: Container, boot_directory: Path, serve: None, tmp_path: Path, scenario: str, status: str, verdict: int
) -> None:
    served = put(boot_directory, scenario)
    outcome = vpnprobe("config", PHONE_MAC, "--tftp", tftp_server.address)
    assert outcome.status == verdict
    assert outcome.boot_file(SIGNED) == ("tftp", "received")
    assert reading(outcome).status == status
    assert openssl_says(outcome, served[SIGNED], tmp_path) is (status == "valid")


def test_sha512_by_http(http_server: Container, boot_directory: Path, serve: None, tmp_path: Path) -> None:
    served = put(boot_directory, "config-healthy-8841")
    outcome = vpnprobe("config", PHONE_MAC, "--model", "8841", "--tftp", http_server.address)
    assert outcome.status == OK
    assert outcome.boot_file(SIGNED) == ("http", "received")
    assert (reading(outcome).status, reading(outcome).hash_algorithm) == ("valid", "sha512")
    assert openssl_says(outcome, served[SIGNED], tmp_path)


def test_list_of_another_cluster(tftp_server: Container, boot_directory: Path, serve: None, tmp_path: Path) -> None:
    put(boot_directory, "config-healthy")
    scenario = find_any_scenario("config-other-cluster")
    assert isinstance(scenario, ConfigScenario)
    now = datetime.now(UTC)
    held = phone_files(scenario, LabPki(now), now).held
    assert held is not None
    (tmp_path / "held.tlv").write_bytes(held)
    outcome = vpnprobe("config", PHONE_MAC, "--tftp", tftp_server.address, "--trust-list", str(tmp_path / "held.tlv"))
    assert outcome.status == CRITICAL
    assert [finding.id for finding in outcome.failed()] == ["SGN004"]
