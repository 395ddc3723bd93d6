"""BIND as the resolver: each way to have no address is a different fact."""

from __future__ import annotations

import pytest

from tests.containers.podman import Container
from tests.containers.product import CRITICAL, probe_phone
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.observation import Resolution

pytestmark = pytest.mark.container


def resolve(name: str, resolver: str, *options: str) -> Resolution:
    """What a phone probe of this gateway name sees of DNS."""
    outcome = probe_phone(
        f"https://{name}/svc", "--resolver", resolver, "--tftp", "127.0.0.1:9", "--timeout", "2", *options
    )
    resolution = outcome.report.evidence.resolution
    assert resolution is not None
    if resolution.failure is not None:
        assert outcome.status == CRITICAL
        assert "NET001" in [finding.id for finding in outcome.failed()]
    return resolution


@pytest.mark.parametrize("transport", ["address", "address6"])
@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        pytest.param("one", ["address"], id="one address"),
        pytest.param("two", ["address", "other"], id="two addresses"),
        pytest.param("six", ["address6"], id="IPv6 only"),
    ],
)
def test_every_address_is_found(
    name: str,
    addresses: list[str],
    transport: str,
    dns_server: Container,
    certificate_gateway: Container,
    password_gateway: Container,
) -> None:
    there = {
        "address": certificate_gateway.address,
        "address6": certificate_gateway.address6,
        "other": password_gateway.address,
    }

    resolution = resolve(f"{name}.vpnprobe.test", getattr(dns_server, transport))

    assert sorted(resolution.addresses) == sorted(there[address] for address in addresses)
    assert resolution.source == "dns"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param("missing.vpnprobe.test", FailureKind.NAME_NOT_FOUND, id="no such name"),
        pytest.param("text.vpnprobe.test", FailureKind.NO_ADDRESS, id="no address"),
        pytest.param("gateway.broken.test", FailureKind.SERVFAIL, id="zone not loaded"),
        pytest.param("elsewhere.example", FailureKind.SERVFAIL, id="question refused"),
    ],
)
def test_each_failure_has_its_name(name: str, kind: FailureKind, dns_server: Container) -> None:
    failure = resolve(name, dns_server.address).failure

    assert failure is not None
    assert failure.kind is kind


def test_a_silent_server_is_a_timeout(silent_dns_server: Container) -> None:
    failure = resolve("one.vpnprobe.test", silent_dns_server.address).failure

    assert failure is not None
    assert failure.kind is FailureKind.DNS_TIMEOUT


def test_both_addresses_of_a_name_are_dialled(
    dns_server: Container, certificate_gateway: Container, password_gateway: Container
) -> None:
    outcome = probe_phone(
        "https://two.vpnprobe.test/svc",
        "--resolver",
        dns_server.address,
        "--tftp",
        "127.0.0.1:9",
        "--no-login",
    )

    dialled = {flight.address for flight in outcome.report.evidence.flights("7962G") if flight.chain}
    assert dialled == {f"{certificate_gateway.address}:443", f"{password_gateway.address}:443"}
