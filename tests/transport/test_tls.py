"""Complete handshakes: what they prove, what they give away, and whose fault a failure is."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from OpenSSL import SSL

from tests.certificates import (
    Identity,
    asa_self_signed,
    capf,
    chain,
    ec_key,
    issue,
    manufacturing_ca,
    phone_certificate,
    rsa_key,
)
from tests.transport.byte_server import (
    LOOPBACK,
    Peer,
    Script,
    byte_server,
    closed_port,
    unanswering_port,
)
from tests.transport.tls_server import Gateway, TlsPeer
from vpnprobe.model.errors import TransportError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.transport.tls import HandshakeFailed, TlsConnection, handshake
from vpnprobe.transport.tls_settings import ClientCredential, TlsSettings
from vpnprobe.wire.tls.alert import build_alert
from vpnprobe.wire.tls.handshake import ServerHello, build_certificate, build_server_hello
from vpnprobe.wire.tls.record import build_message, build_records
from vpnprobe.wire.tls.registry import HandshakeType, Version

PHONE = TlsSettings(minimum=Version.TLS1_0, maximum=Version.TLS1_0, suites=(0x0035, 0x002F))
MODERN = TlsSettings(
    minimum=Version.TLS1_0, maximum=Version.TLS1_2, suites=(0xC02F, 0xC02B, 0xC030, 0xC02C, 0x0035, 0x002F)
)


def sha256(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()


def credential(identity: Identity) -> ClientCredential:
    return ClientCredential(identity.chain_der, identity.key_pem)


class GatewayServer:
    """What the server saw on its last connection."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.client_certificate: bytes | None = None
        self.alerts: list[int] = []
        self.error: SSL.Error | None = None
        self.heard = b""

    async def __call__(self, peer: Peer) -> None:
        tls = TlsPeer(peer, self.gateway)
        try:
            await tls.handshake()
            self.heard = await tls.hear()
            await tls.send(self.heard)
            await tls.hear()
        except SSL.Error as error:
            self.error = error
        self.client_certificate = tls.client_certificate
        self.alerts = tls.alerts
        await peer.gone()


async def connect(script: Script, settings: TlsSettings, timeout: float = 5.0) -> TlsConnection:
    """Make a handshake, send something and read it back, close, and wait for the server."""
    async with byte_server(script) as server:
        try:
            connection = await handshake(LOOPBACK, server.port, settings, timeout=timeout)
            await connection.send(b"are you there")
            assert await connection.receive() == b"are you there"
            await connection.close()
        finally:
            await server.all_ended()
    return connection


async def failure_of(script: Script, settings: TlsSettings = PHONE, timeout: float = 5.0) -> HandshakeFailed:
    async with byte_server(script) as server:
        with pytest.raises(HandshakeFailed) as caught:
            await handshake(LOOPBACK, server.port, settings, timeout=timeout)
        await server.all_ended()
    return caught.value


RSA = chain("vpn.example.com")
EC = issue(cn="vpn.example.com", key=ec_key())


@pytest.mark.parametrize(
    ("gateway", "settings", "version", "suite"),
    [
        pytest.param(Gateway(identity=RSA), PHONE, Version.TLS1_0, "AES256-SHA", id="TLS 1.0, 7962G"),
        pytest.param(
            Gateway(identity=RSA, ciphers="AES128-SHA"), PHONE, Version.TLS1_0, "AES128-SHA", id="second suite"
        ),
        pytest.param(
            Gateway(identity=RSA, ciphers="ALL"), MODERN, Version.TLS1_2, "ECDHE-RSA-AES128-GCM-SHA256", id="TLS 1.2"
        ),
        pytest.param(
            Gateway(identity=EC, ciphers="ALL"), MODERN, Version.TLS1_2, "ECDHE-ECDSA-AES128-GCM-SHA256", id="EC leaf"
        ),
        pytest.param(
            Gateway(identity=RSA, minimum=Version.TLS1_1, maximum=Version.TLS1_1),
            MODERN,
            Version.TLS1_1,
            "AES256-SHA",
            id="TLS 1.1",
        ),
        pytest.param(
            Gateway(identity=RSA, maximum=Version.TLS1_3, ciphers="ALL"),
            replace(MODERN, maximum=Version.TLS1_3, suites=(0x1301, 0x0035)),
            Version.TLS1_3,
            "TLS_AES_128_GCM_SHA256",
            id="TLS 1.3",
        ),
        pytest.param(
            Gateway(identity=RSA, maximum=Version.TLS1_3, ciphers="ALL"),
            replace(MODERN, maximum=Version.TLS1_3, suites=(0x1301,)),
            Version.TLS1_3,
            "TLS_AES_128_GCM_SHA256",
            id="TLS 1.3 alone",
        ),
        pytest.param(
            Gateway(identity=issue(cn="old", key=rsa_key(1024), hash_name="md5")),
            PHONE,
            Version.TLS1_0,
            "AES256-SHA",
            id="RSA-1024 and MD5",
        ),
        pytest.param(Gateway(identity=asa_self_signed()), PHONE, Version.TLS1_0, "AES256-SHA", id="ASA's own"),
    ],
)
async def test_a_session_carries_data(gateway: Gateway, settings: TlsSettings, version: int, suite: str) -> None:
    server = GatewayServer(gateway)
    facts = (await connect(server, settings)).facts
    assert server.heard == b"are you there"
    assert (facts.version, facts.suite_name) == (version, suite)
    assert facts.chain == gateway.identity.chain_der
    assert facts.engine.startswith("pyOpenSSL ")
    assert " / OpenSSL " in facts.engine
    assert (facts.client_certificate_requested, facts.client_certificate_sent) == (False, False)
    assert 0 in server.alerts, "the session is closed with close_notify"


PHONE_CERTIFICATE = phone_certificate()
WITH_CERTIFICATE = replace(PHONE, client=credential(PHONE_CERTIFICATE), expected_leaf=sha256(RSA.der))


@pytest.mark.parametrize("version", [Version.TLS1_0, Version.TLS1_2, Version.TLS1_3])
async def test_the_client_certificate_is_sent_when_asked_for(version: Version) -> None:
    authorities = [capf(), manufacturing_ca()]
    server = GatewayServer(Gateway(identity=RSA, maximum=version, asks_for=authorities, ciphers="ALL"))
    suites = (0x1301,) if version == Version.TLS1_3 else (0x0035,)
    facts = (await connect(server, replace(WITH_CERTIFICATE, maximum=version, suites=suites))).facts
    assert server.client_certificate == PHONE_CERTIFICATE.der
    assert (facts.client_certificate_requested, facts.client_certificate_sent) == (True, True)
    if version < Version.TLS1_3:
        assert facts.authorities == tuple(one.subject for one in authorities)


async def test_the_client_certificate_is_kept_when_not_asked_for() -> None:
    server = GatewayServer(Gateway(identity=RSA))
    facts = (await connect(server, WITH_CERTIFICATE)).facts
    assert server.client_certificate is None
    assert (facts.client_certificate_requested, facts.client_certificate_sent) == (False, False)


async def test_a_request_without_a_certificate_to_send() -> None:
    server = GatewayServer(Gateway(identity=RSA, asks_for=[]))
    facts = (await connect(server, PHONE)).facts
    assert (facts.client_certificate_requested, facts.client_certificate_sent) == (True, False)
    assert facts.authorities == ()


@pytest.mark.parametrize("version", [Version.TLS1_0, Version.TLS1_2, Version.TLS1_3])
async def test_after_another_leaf_nothing_is_given_away(version: Version) -> None:
    """The gateway shows one leaf in the first flight and another one in the handshake."""
    swapped = asa_self_signed()
    server = GatewayServer(Gateway(identity=swapped, maximum=version, ciphers="ALL", asks_for=[capf()], requires=True))
    suites = (0x1301,) if version == Version.TLS1_3 else (0x0035,)
    failed = await failure_of(server, replace(WITH_CERTIFICATE, maximum=version, suites=suites))
    assert server.client_certificate is None
    assert server.error is not None
    assert server.alerts, "the gateway is told"
    assert failed.facts.leaf_refused
    assert failed.failure.kind is FailureKind.LOCAL
    assert not failed.facts.client_certificate_sent
    if version < Version.TLS1_3:
        assert failed.facts.client_certificate_requested
        assert failed.facts.chain == swapped.chain_der


async def test_an_issuer_in_the_chain_does_not_stand_for_the_leaf() -> None:
    root = issue(cn="root", ca=True)
    server = GatewayServer(Gateway(identity=issue(cn="leaf", issuer=root), asks_for=[]))
    failed = await failure_of(server, replace(WITH_CERTIFICATE, expected_leaf=sha256(root.der)))
    assert failed.facts.leaf_refused
    assert server.client_certificate is None


def test_a_credential_needs_an_accepted_leaf() -> None:
    with pytest.raises(ValueError, match="accepted"):
        replace(PHONE, client=credential(PHONE_CERTIFICATE))


def test_a_credential_does_not_show_its_key() -> None:
    assert "PRIVATE" not in repr(WITH_CERTIFICATE)


@pytest.mark.parametrize(
    ("gateway", "number"),
    [
        pytest.param(
            Gateway(identity=RSA, asks_for=[capf()], accepts=lambda der: False), None, id="certificate refused"
        ),
        pytest.param(Gateway(identity=RSA, ciphers="AES256-SHA256"), 40, id="no common suite"),
        pytest.param(Gateway(identity=RSA, minimum=Version.TLS1_2), 70, id="version too old"),
    ],
)
async def test_an_alert_keeps_its_number(gateway: Gateway, number: int | None) -> None:
    failed = await failure_of(GatewayServer(gateway), WITH_CERTIFICATE)
    assert (failed.failure.kind, failed.failure.who) == (FailureKind.TLS_ALERT, "peer")
    assert failed.failure.alert in ({number} if number else {42, 46, 48, 80})
    if number is None:
        assert failed.facts.client_certificate_sent
        assert failed.facts.chain == RSA.chain_der, "what was seen before the failure is kept"


@pytest.mark.parametrize("number", [40, 42, 48, 49, 70, 71, 80])
async def test_any_alert_in_answer_to_the_hello(number: int) -> None:
    async def refuse(peer: Peer) -> None:
        await peer.hear()
        await peer.send(build_alert(Version.TLS1_0, 2, number))

    failed = await failure_of(refuse)
    assert (failed.failure.kind, failed.failure.alert) == (FailureKind.TLS_ALERT, number)
    assert failed.facts.chain == ()


async def test_an_alert_of_a_gateway_that_is_gone_already() -> None:
    """It sends its first flight and an alert and does not wait for ours, which then cannot be sent."""

    async def refuse(peer: Peer) -> None:
        tls = TlsPeer(peer, Gateway(identity=RSA))
        tls.connection.bio_write(await peer.hear())
        with pytest.raises(SSL.WantReadError):
            tls.connection.do_handshake()
        await tls.flush()
        await peer.send(build_alert(Version.TLS1_0, 2, 49))

    failed = await failure_of(refuse)
    assert (failed.failure.kind, failed.failure.alert) == (FailureKind.TLS_ALERT, 49)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        pytest.param(replace(PHONE, suites=(0x0005, 0x000A)), "no cipher match", id="RC4 and 3DES"),
        pytest.param(replace(PHONE, minimum=Version.SSL3, maximum=Version.SSL3), "there is no SSL 3.0", id="SSL 3.0"),
        pytest.param(replace(PHONE, minimum=Version.TLS1_2, maximum=Version.TLS1_0), "no protocols", id="empty range"),
    ],
)
async def test_what_our_library_cannot_offer_is_ours(settings: TlsSettings, words: str) -> None:
    with pytest.raises(HandshakeFailed, match=words) as caught:
        await handshake(LOOPBACK, closed_port(), settings, timeout=5)
    assert (caught.value.failure.kind, caught.value.failure.who) == (FailureKind.TLS_LOCAL, "local")
    assert caught.value.facts.engine


async def test_a_suite_that_our_library_leaves_out_may_be_why() -> None:
    server = GatewayServer(Gateway(identity=RSA, ciphers="AES256-SHA256"))
    failed = await failure_of(server, replace(PHONE, suites=(0x000A, 0x0035)))
    assert failed.facts.left_out == (0x000A,)
    assert (failed.failure.kind, failed.failure.alert) == (FailureKind.TLS_LOCAL, 40)
    assert "DES-CBC3-SHA" in failed.failure.detail


async def test_a_minimum_below_what_openssl_has_is_no_failure() -> None:
    facts = (await connect(GatewayServer(Gateway(identity=RSA)), replace(PHONE, minimum=Version.SSL3))).facts
    assert facts.version == Version.TLS1_0


def say(data: bytes, *, then: str = "wait") -> Script:
    async def script(peer: Peer) -> None:
        await peer.hear()
        await peer.send(data)
        if then == "wait":
            await peer.gone()
        elif then == "reset":
            peer.reset()

    return script


async def drip(peer: Peer) -> None:
    await peer.hear()
    await peer.trickle(b"\x16\x03\x01\x00\xff" + bytes(255), 1.0)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        pytest.param(say(b""), FailureKind.TIMEOUT, id="silence"),
        pytest.param(drip, FailureKind.TIMEOUT, id="one byte a second"),
        pytest.param(say(b"\x16\x03\x01\x02"), FailureKind.TIMEOUT, id="half a record header"),
        pytest.param(say(b"", then="close"), FailureKind.CLOSED, id="close"),
        pytest.param(say(build_alert(0x0301, 1, 0)), FailureKind.CLOSED, id="close_notify"),
        pytest.param(say(b"", then="reset"), FailureKind.RESET, id="reset"),
        pytest.param(say(b"HTTP/1.1 400 Bad Request\r\n\r\n", then="close"), FailureKind.NOT_TLS, id="plain HTTP"),
        pytest.param(say(b"SSH-2.0-OpenSSH_9.6\r\n"), FailureKind.NOT_TLS, id="SSH"),
        pytest.param(say(b"\x16\x03\x01\x00\x04\x0b\x00\x00\x00"), FailureKind.MALFORMED, id="wrong message"),
        pytest.param(say(b"\x16\x03\x01\x00\x04\x02\x00\x00\x00"), FailureKind.MALFORMED, id="empty hello"),
    ],
)
async def test_a_handshake_that_fails(script: Script, kind: FailureKind) -> None:
    failed = await failure_of(script, timeout=0.4)
    assert failed.failure.kind is kind
    assert failed.facts.version is None


def flight(*, version: int = Version.TLS1_0, suite: int = 0x0035, chain: tuple[bytes, ...] = RSA.chain_der) -> bytes:
    hello = ServerHello(legacy_version=version, random=bytes(32), session_id=b"", suite=suite)
    messages = (
        (HandshakeType.server_hello, build_server_hello(hello)),
        (HandshakeType.certificate, build_certificate(chain)),
        (HandshakeType.server_hello_done, b""),
    )
    return b"".join(build_records(22, Version.TLS1_0, build_message(kind, body)) for kind, body in messages)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(flight(suite=0x0005), FailureKind.MALFORMED, id="a suite that was not offered"),
        pytest.param(flight(version=Version.TLS1_2), FailureKind.MALFORMED, id="a version that was not offered"),
        pytest.param(flight(version=Version.SSL3), FailureKind.TLS_LOCAL, id="a version that OpenSSL lacks"),
        pytest.param(flight(chain=(b"no certificate",)), FailureKind.TLS_LOCAL, id="a leaf that OpenSSL cannot read"),
        pytest.param(flight(chain=()), FailureKind.MALFORMED, id="no leaf"),
    ],
)
async def test_a_first_flight_that_openssl_does_not_take(answer: bytes, kind: FailureKind) -> None:
    failed = await failure_of(say(answer))
    assert failed.failure.kind is kind
    assert failed.failure.detail.startswith("OpenSSL ")
    assert failed.facts.suite_name in {"AES256-SHA", "RC4-SHA"}, "our own codec reads it all the same"


async def test_no_connection() -> None:
    with pytest.raises(HandshakeFailed) as refused:
        await handshake(LOOPBACK, closed_port(), PHONE, timeout=5)
    with unanswering_port() as port, pytest.raises(HandshakeFailed) as dropped:
        await handshake(LOOPBACK, port, PHONE, timeout=0.2)
    kinds = (refused.value.failure.kind, dropped.value.failure.kind)
    assert kinds == (FailureKind.REFUSED, FailureKind.TIMEOUT)


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("vpn.example.com", b"vpn.example.com"),
        ("vpn.example.com.", b"vpn.example.com"),
        ("192.0.2.7", None),
        (None, None),
    ],
)
async def test_server_name(name: str | None, sent: bytes | None) -> None:
    seen: list[bytes | None] = []

    async def look(peer: Peer) -> None:
        tls = TlsPeer(peer, Gateway(identity=RSA))
        await tls.handshake()
        seen.append(tls.connection.get_servername())
        await tls.send(await tls.hear())
        await tls.hear()

    await connect(look, replace(PHONE, server_name=name))
    assert seen == [sent]


class Renegotiating:
    """Asks for a client certificate after the first bytes; `leaf` is another certificate of its own to show then."""

    def __init__(self, leaf: Identity | None = None) -> None:
        self.leaf = leaf
        self.client_certificate: bytes | None = None

    async def __call__(self, peer: Peer) -> None:
        tls = TlsPeer(peer, Gateway(identity=RSA, asks_for=[capf()], asks_later=True))
        await tls.handshake()
        heard = await tls.hear()
        with contextlib.suppress(SSL.Error):
            await tls.renegotiate(self.leaf)
            self.client_certificate = tls.client_certificate
            await tls.send(heard)
        await peer.gone()


async def after_renegotiation(script: Renegotiating, settings: TlsSettings) -> tuple[TlsConnection, Failure | None]:
    async with byte_server(script) as server:
        connection = await handshake(LOOPBACK, server.port, settings, timeout=5)
        failure = None
        try:
            await connection.send(b"GET")
            assert await connection.receive() == b"GET"
        except TransportError as error:
            failure = error.failure
        await connection.close()
        await server.all_ended()
    return connection, failure


async def test_a_certificate_asked_for_in_a_second_handshake_is_told() -> None:
    phone = phone_certificate()
    server = Renegotiating()
    settings = replace(PHONE, client=credential(phone), expected_leaf=sha256(RSA.der))
    connection, failure = await after_renegotiation(server, settings)
    assert failure is None
    assert server.client_certificate == phone.der
    facts = connection.facts
    assert (facts.client_certificate_requested, facts.client_certificate_sent) == (True, True)
    assert facts.authorities == (capf().subject,)
    assert facts.chain[0] == RSA.der


async def test_another_leaf_in_a_second_handshake_gets_nothing() -> None:
    server = Renegotiating(chain("other.example.com"))
    settings = replace(PHONE, client=credential(phone_certificate()), expected_leaf=sha256(RSA.der))
    connection, failure = await after_renegotiation(server, settings)
    assert failure is not None
    assert "another leaf" in failure.detail
    assert connection.facts.leaf_refused
    assert not connection.facts.client_certificate_sent
    assert server.client_certificate is None


async def test_a_cancelled_handshake_closes_its_connection() -> None:
    async with byte_server(say(b"")) as server:
        task = asyncio.create_task(handshake(LOOPBACK, server.port, PHONE, timeout=30))
        await server.someone_came()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.all_ended()


@pytest.mark.parametrize("polite", [True, False], ids=["close_notify", "end of stream"])
async def test_the_end_of_a_session(polite: bool) -> None:
    async def leave(peer: Peer) -> None:
        tls = TlsPeer(peer, Gateway(identity=RSA))
        await tls.handshake()
        if polite:
            await tls.goodbye()

    async with byte_server(leave) as server:
        connection = await handshake(LOOPBACK, server.port, PHONE, timeout=5)
        assert await connection.receive() == b""
        await connection.close()
        await connection.close()


async def test_an_alert_after_the_handshake() -> None:
    """TLS 1.3 tells only then that the client certificate was refused."""
    gateway = Gateway(identity=RSA, maximum=Version.TLS1_3, ciphers="ALL", asks_for=[capf()], accepts=lambda der: False)
    server = GatewayServer(gateway)
    settings = replace(WITH_CERTIFICATE, maximum=Version.TLS1_3, suites=(0x1301,))
    async with byte_server(server) as running:
        connection = await handshake(LOOPBACK, running.port, settings, timeout=5)
        with pytest.raises(TransportError) as caught:
            await connection.receive()
        await connection.close()
    assert caught.value.failure.kind is FailureKind.TLS_ALERT
    assert caught.value.failure.alert is not None


HOSTILE_OPENSSL_CONF = """
openssl_conf = start
[start]
ssl_conf = ssl
[ssl]
system_default = everything
[everything]
MinProtocol = TLSv1.3
MaxProtocol = TLSv1.3
CipherString = RC4-SHA:@SECLEVEL=5
Ciphersuites = TLS_CHACHA20_POLY1305_SHA256
Groups = X448
SignatureAlgorithms = ed448
Options = NoRenegotiation,-UnsafeLegacyServerConnect
"""
CHILD = """
import asyncio, sys
from vpnprobe.transport.tls import handshake
from vpnprobe.transport.tls_settings import TlsSettings
async def main():
    for maximum, suites in ((0x0301, (0x0035,)), (0x0303, (0xC02F,))):
        settings = TlsSettings(minimum=0x0301, maximum=maximum, suites=suites)
        connection = await handshake("127.0.0.1", int(sys.argv[1]), settings, timeout=10)
        print(hex(connection.facts.version), connection.facts.suite_name)
        await connection.close()
asyncio.run(main())
"""


async def test_the_machines_openssl_configuration_does_not_matter(tmp_path: Path) -> None:
    conf = tmp_path / "openssl.cnf"
    conf.write_text(HOSTILE_OPENSSL_CONF)
    async with byte_server(GatewayServer(Gateway(identity=RSA, ciphers="ALL"))) as server:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            CHILD,
            str(server.port),
            env={"OPENSSL_CONF": str(conf)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = await child.communicate()
    assert out.decode().split() == ["0x301", "AES256-SHA", "0x303", "ECDHE-RSA-AES128-GCM-SHA256"], err.decode()


def test_it_is_light_to_import() -> None:
    code = (
        "import sys, vpnprobe.transport.tls\n"
        "print(*{'OpenSSL', 'cryptography', 'httpx', 'httpcore', 'dns'} & set(sys.modules))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.split() == []
