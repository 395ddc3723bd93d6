"""The first flight against TLS servers of two code bases, and the hello itself as tshark reads it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.containers import phone
from tests.containers.capture import capture
from tests.containers.podman import Container
from tests.containers.product import CRITICAL, OK, host, probe_phone, vpnprobe
from tests.containers.tls_servers import SERVERS, TlsServer
from vpnprobe.model.failure import FailureKind
from vpnprobe.wire.tls.suites import all_suites

pytestmark = pytest.mark.container

HELLOS = {"7962G": "to_7962g", "rsa-only": "to_rsa_only", "ec-only": "to_ec_only", "both": "to_both"}
NMAP_VERSIONS = {0x0300: "SSLv3", 0x0301: "TLSv1.0", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2"}


def fingerprint(pem: Path) -> str:
    """The name of a leaf in Evidence."""
    return hashlib.sha256(phone.leaf(pem)).hexdigest()


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_gateway_probe_finds_the_row_of_the_server(
    server: TlsServer, tls_server: Callable[[TlsServer], Container], pki: Path
) -> None:
    outcome = vpnprobe("gateway", f"{tls_server(server).address}:443")

    seen: dict[str, object] = {}
    leaves = {fingerprint(pki / f"gateway-{key}.crt"): key for key in ("rsa", "ec")}
    for hello in HELLOS:
        flight = outcome.flight(hello)
        if flight.failure is None:
            seen[hello] = leaves[flight.chain[0]]
        else:
            assert flight.failure.kind is FailureKind.TLS_ALERT
            seen[hello] = flight.failure.alert
    assert seen == {hello: getattr(server, answer) for hello, answer in HELLOS.items()}
    old_phones_refused = isinstance(server.to_7962g, int)
    assert {finding.id for finding in outcome.failed()} == ({"TLS001"} if old_phones_refused else set())
    assert outcome.status == (CRITICAL if old_phones_refused else OK)


@pytest.mark.parametrize("name", ["openssl-both", "gnutls-both"])
def test_newer_phone_is_given_another_certificate(
    name: str, tls_server: Callable[[TlsServer], Container], pki: Path
) -> None:
    server = tls_server(next(server for server in SERVERS if server.name == name))
    hashes = ("--cert-hash", phone.cert_hash(pki / "gateway-rsa.crt"), "--tftp", "127.0.0.1:9", "--no-login")

    old = probe_phone(f"https://{server.address}/svc", "--model", "7962G", *hashes)
    new = probe_phone(f"https://{server.address}/svc", "--model", "8841", *hashes)

    assert {finding.id for finding in old.failed()} == {"TFT002", "TLS003"}
    assert {finding.id for finding in new.failed()} == {"TFT002", "PIN001"}


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_enumeration_agrees_with_nmap(
    server: TlsServer, tls_server: Callable[[TlsServer], Container], nmap: Container
) -> None:
    address = tls_server(server).address

    (enumeration,) = vpnprobe("gateway", f"{address}:443", "--enumerate").report.evidence.enumerations

    names = {suite.code: suite.name for suite in all_suites()}
    ours = {
        (NMAP_VERSIONS[accepted.version], names[accepted.suite])
        for accepted in enumeration.accepted
        if accepted.version in NMAP_VERSIONS
    }
    assert ours == accepted_by_nmap(nmap, address)


def accepted_by_nmap(nmap: Container, address: str) -> set[tuple[str, str]]:
    """The pairs of version and suite, up to TLS 1.2, that nmap finds."""
    seen = nmap.run("nmap", "-Pn", "-n", "-p", "443", "--script", "ssl-enum-ciphers", "-oX", "-", address)
    return {
        (version, name.text or "")
        for table in ElementTree.fromstring(seen).iterfind(".//script/table")
        for name in table.iterfind("table[@key='ciphers']/table/elem[@key='name']")
        if (version := table.get("key", "")) in NMAP_VERSIONS.values()
    }


@pytest.mark.parametrize("address", ["address", "address6"])
def test_hello_of_a_7962g_as_tshark_reads_it(
    address: str, tls_server: Callable[[TlsServer], Container], tmp_path: Path
) -> None:
    server = tls_server(SERVERS[0])

    with capture(server, tmp_path) as wire:
        probe_phone(
            f"https://{host(getattr(server, address))}/svc", "--model", "7962G", "--tftp", "127.0.0.1:9", "--no-login"
        )
        rows = wire.rows(
            "tls.handshake.type == 1",
            "tls.record.version", "tls.handshake.version", "tls.handshake.ciphersuite",
            "tls.handshake.extensions_length",
        )  # fmt: skip

    assert ["0x0301", "0x0301", "0x0035,0x002f", ""] in rows
