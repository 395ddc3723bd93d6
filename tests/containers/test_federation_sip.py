"""Kamailio as the edge of a partner: what a handshake and an OPTIONS find there."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.containers.podman import Container
from tests.containers.tls_servers import SERVERS, TlsServer
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.federation import SipExchange
from vpnprobe.model.target import SIP_TLS_PORT
from vpnprobe.transport.sip import ask_options
from vpnprobe.transport.tls import HandshakeFailed, TlsConnection, handshake, load_client_credential
from vpnprobe.transport.tls_settings import TlsSettings
from vpnprobe.wire.sip.diagnostics import parse_ms_diagnostics
from vpnprobe.wire.sip.headers import server_product, vias
from vpnprobe.wire.tls.registry import Version

pytestmark = pytest.mark.container

Edge = Callable[..., Container]

TIMEOUT_S = 5.0
SETTINGS = TlsSettings(
    minimum=Version.TLS1_0,
    maximum=Version.TLS1_2,
    suites=(0xC02F, 0xC013, 0x009C, 0x002F),
    server_name="sip.vpnprobe.test",
)
TLS13 = replace(SETTINGS, maximum=Version.TLS1_3, suites=(0x1301,))
TLS10 = replace(SETTINGS, maximum=Version.TLS1_0, suites=(0x0035, 0x002F))


def der(path: Path) -> list[bytes]:
    return [one.public_bytes(Encoding.DER) for one in x509.load_pem_x509_certificates(path.read_bytes())]


def as_partner(settings: TlsSettings, pki: Path, name: str = "partner") -> TlsSettings:
    """With the client certificate of this name, for the edge's own leaf."""
    leaf = hashlib.sha256(der(pki / "edge.crt")[0]).hexdigest()
    client = load_client_credential(pki / f"{name}.crt", pki / f"{name}.key")
    return replace(settings, client=client, expected_leaf=leaf)


@asynccontextmanager
async def connected(
    server: Container, settings: TlsSettings = SETTINGS, *, address: str = "", port: int = SIP_TLS_PORT
) -> AsyncIterator[TlsConnection]:
    connection = await handshake(address or server.address, port, settings, timeout=TIMEOUT_S)
    try:
        yield connection
    finally:
        await connection.close()


async def options(connection: TlsConnection, domain: str = "vpnprobe.test") -> SipExchange:
    return await ask_options(
        connection,
        uri=f"sip:{domain}",
        from_uri="sip:anonymous@anonymous.invalid",
        local="anonymous.invalid",
        timeout=TIMEOUT_S,
        token=lambda: secrets.token_hex(8),
    )


@pytest.mark.parametrize("family", ["address", "address6"])
async def test_an_edge_that_asks_for_no_certificate(sip_edge: Edge, sip_pki: Path, family: str) -> None:
    server = sip_edge()
    async with connected(server, address=getattr(server, family)) as connection:
        facts = connection.facts
        exchange = await options(connection)

    assert list(facts.chain) == der(sip_pki / "edge.crt")
    assert (facts.client_certificate_requested, facts.client_certificate_sent) == (False, False)
    assert (exchange.status, exchange.reason, exchange.failure) == (200, "OK", None)
    assert (exchange.breaches, exchange.ignored, exchange.provisional) == ((), 0, ())
    product = server_product(exchange.values("server")[0])
    assert product is not None
    assert (product.name, product.is_microsoft) == ("kamailio", False)


async def test_several_questions_over_one_session(sip_edge: Edge) -> None:
    async with connected(sip_edge()) as connection:
        exchanges = [await options(connection, domain) for domain in ("vpnprobe.test", "refused.test", "a.test")]

    assert [exchange.status for exchange in exchanges] == [200, 504, 200]


async def test_a_refusal_with_diagnostics(sip_edge: Edge) -> None:
    async with connected(sip_edge()) as connection:
        exchange = await options(connection, "refused.vpnprobe.test")

    assert (exchange.status, exchange.reason) == (504, "Server time-out")
    [value] = exchange.values("ms-diagnostics")
    header = parse_ms_diagnostics(value)
    assert (header.code, header.get("domain"), header.get("fqdn1"), header.get("source")) == (
        1009,
        "refused.vpnprobe.test",
        "sip.elsewhere.test:5061",
        "sip.refused.vpnprobe.test",
    )


async def test_forbidden(sip_edge: Edge) -> None:
    async with connected(sip_edge()) as connection:
        exchange = await options(connection, "forbidden.vpnprobe.test")

    assert (exchange.status, exchange.reason, exchange.failure) == (403, "Forbidden", None)


async def test_a_real_server_takes_our_request_as_we_mean_it(sip_edge: Edge) -> None:
    async with connected(sip_edge()) as connection:
        exchange = await options(connection)

    [via] = vias(exchange.values("via")[0])
    assert (via.transport, via.sent_by) == ("TLS", "anonymous.invalid")
    assert "rport=" in exchange.values("via")[0]
    assert exchange.values("cseq") == ("1 OPTIONS",)
    assert exchange.values("to")[0].startswith("<sip:vpnprobe.test>;tag=")


@pytest.mark.parametrize("settings", [SETTINGS, TLS13], ids=["TLS 1.2", "TLS 1.3"])
async def test_an_edge_that_can_do_without_a_certificate(sip_edge: Edge, sip_pki: Path, settings: TlsSettings) -> None:
    for chosen, sent in ((settings, False), (as_partner(settings, sip_pki), True)):
        async with connected(sip_edge("WANTS_CERTIFICATE"), chosen) as connection:
            assert (await options(connection)).status == 200
            facts = connection.facts
        assert (facts.client_certificate_requested, facts.client_certificate_sent) == (True, sent)


@pytest.mark.parametrize("settings", [SETTINGS, TLS13], ids=["TLS 1.2", "TLS 1.3"])
async def test_mutual_tls(sip_edge: Edge, sip_pki: Path, settings: TlsSettings) -> None:
    async with connected(sip_edge("NEEDS_CERTIFICATE"), as_partner(settings, sip_pki)) as connection:
        assert (await options(connection)).status == 200
        assert connection.facts.client_certificate_sent


async def test_mutual_tls_names_the_authorities(sip_edge: Edge, sip_pki: Path) -> None:
    async with connected(sip_edge("NEEDS_CERTIFICATE"), as_partner(SETTINGS, sip_pki)) as connection:
        named = connection.facts.authorities

    authorities = x509.load_pem_x509_certificates((sip_pki / "authorities.crt").read_bytes())
    assert sorted(named) == sorted(one.subject.public_bytes() for one in authorities)


@pytest.mark.parametrize(
    ("name", "alert"),
    [pytest.param(None, 40, id="no certificate"), pytest.param("stranger", 48, id="unknown authority")],
)
async def test_mutual_tls_without_the_right_certificate(
    sip_edge: Edge, sip_pki: Path, name: str | None, alert: int
) -> None:
    settings = SETTINGS if name is None else as_partner(SETTINGS, sip_pki, name)
    with pytest.raises(HandshakeFailed) as caught:
        async with connected(sip_edge("NEEDS_CERTIFICATE"), settings):
            pass

    assert (caught.value.failure.kind, caught.value.failure.alert) == (FailureKind.TLS_ALERT, alert)
    assert caught.value.facts.client_certificate_requested
    assert list(caught.value.facts.chain) == der(sip_pki / "edge.crt")


@pytest.mark.parametrize(
    ("name", "alert"),
    [pytest.param(None, 116, id="no certificate"), pytest.param("stranger", 48, id="unknown authority")],
)
async def test_in_tls_1_3_the_refusal_comes_with_the_first_answer(
    sip_edge: Edge, sip_pki: Path, name: str | None, alert: int
) -> None:
    settings = TLS13 if name is None else as_partner(TLS13, sip_pki, name)
    async with connected(sip_edge("NEEDS_CERTIFICATE"), settings) as connection:
        exchange = await options(connection)

    assert exchange.status is None
    assert exchange.failure is not None
    assert (exchange.failure.kind, exchange.failure.alert) == (FailureKind.TLS_ALERT, alert)


async def test_a_partners_certificate_stays_here_when_the_leaf_is_another(sip_edge: Edge, sip_pki: Path) -> None:
    other = sip_edge("NEEDS_CERTIFICATE", certificate="edge-other-name")
    with pytest.raises(HandshakeFailed) as caught:
        async with connected(other, as_partner(SETTINGS, sip_pki)):
            pass

    assert caught.value.facts.leaf_refused
    assert not caught.value.facts.client_certificate_sent
    assert list(caught.value.facts.chain) == der(sip_pki / "edge-other-name.crt")


async def test_kamailio_sends_no_empty_fragments(sip_edge: Edge) -> None:
    """Its library would, as the last test shows; Kamailio sets it otherwise."""
    async with connected(sip_edge("OLD_TLS"), TLS10) as connection:
        exchange = await options(connection)

    assert (connection.facts.version, exchange.status, exchange.empty_fragments) == (Version.TLS1_0, 200, False)


@pytest.mark.parametrize(
    ("name", "empty"), [pytest.param("openssl-rsa", True, id="OpenSSL"), pytest.param("gnutls-rsa", False, id="GnuTLS")]
)
async def test_empty_fragments_of_two_libraries(
    name: str, empty: bool, tls_server: Callable[[TlsServer], Container]
) -> None:
    [chosen] = [server for server in SERVERS if server.name == name]
    async with connected(tls_server(chosen), TLS10, port=443) as connection:
        await connection.send(b"GET / HTTP/1.0\r\n\r\n")
        assert (await connection.receive()).startswith(b"HTTP/1.")
        assert connection.facts.version == Version.TLS1_0
        assert connection.empty_fragments is empty
