"""One request to a TVS: what is asked, what the answers say, and what odd servers come to."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from OpenSSL import SSL

from tests.certificates import Identity, issue
from tests.transport.byte_server import LOOPBACK, Peer, byte_server
from tests.transport.tls_server import Gateway, TlsPeer
from vpnprobe.lab.issuing import Issued, certificate_builder, lab_name, rsa_key, signed
from vpnprobe.lab.listening import STREAM, bound_sockets, endpoint_of
from vpnprobe.lab.tvs import Listens, TvsService, tvs_server
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.target import Endpoint
from vpnprobe.model.trust import TvsAnswer
from vpnprobe.transport.tls_settings import ClientCredential, TlsSettings
from vpnprobe.transport.tvs import TvsReply, query_tvs
from vpnprobe.wire.tls.registry import Version
from vpnprobe.wire.tvs import MessageReader, SignerName, Tag

DEVICE = "CP-8861-SEPB000B4BA0AEE"
SETTINGS = TlsSettings(minimum=Version.TLS1_0, maximum=Version.TLS1_2, suites=(0x0035, 0x002F))
HEALTHY = TvsService()
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def named(name: str) -> Issued:
    key = rsa_key("tvs test")
    who = lab_name("Lab", name)
    return signed(certificate_builder(who, who, key, now=NOW, age_days=1, days_left=100), key)


OWN, KNOWN, UNKNOWN = named("tvs"), named("new-cluster"), named("stranger")


def sha256(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()


def signer(issued: Issued) -> SignerName:
    number = issued.certificate.serial_number
    serial = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return SignerName(subject="CN=new-cluster;O=Lab", issuer="CN=new-cluster;O=Lab", serial=serial)


@asynccontextmanager
async def service(service: TvsService) -> AsyncGenerator[Endpoint]:
    [sock] = bound_sockets([(LOOPBACK, STREAM)], 0)
    endpoint = endpoint_of(sock)
    async with tvs_server(sock, service, OWN, [KNOWN]):
        yield endpoint


async def ask(
    about: bytes | SignerName,
    behaves: TvsService | None = None,
    *,
    timeout: float = 5.0,
    settings: TlsSettings = SETTINGS,
) -> TvsReply:
    async with service(behaves or TvsService()) as endpoint:
        return await query_tvs(endpoint, about, device=DEVICE, settings=settings, timeout=timeout)


async def test_a_signer_that_is_known() -> None:
    reply = await ask(signer(KNOWN))
    assert reply.answer.status == "trusted"
    assert reply.answer.code == 0
    assert reply.answer.certificate == sha256(KNOWN.der)
    assert reply.answer.roles == (0, 3)
    assert reply.answer.ttl_s == 86400
    assert reply.answer.serial == signer(KNOWN).serial.hex()
    assert reply.answer.leaf == sha256(OWN.der)
    assert reply.answer.problem is None
    assert reply.signer == KNOWN.der
    assert reply.certificates == (OWN.der, KNOWN.der)


async def test_a_signer_that_is_not_known() -> None:
    reply = await ask(signer(UNKNOWN))
    assert (reply.answer.status, reply.answer.code) == ("not-trusted", 1)
    assert reply.answer.certificate is None
    assert reply.signer is None


@pytest.mark.parametrize(("issued", "status"), [(KNOWN, "trusted"), (UNKNOWN, "not-trusted")], ids=["known", "not"])
async def test_a_certificate(issued: Issued, status: str) -> None:
    answer = (await ask(issued.der)).answer
    assert answer.status == status
    assert answer.certificate == sha256(issued.der)
    assert answer.subject is answer.serial is None


async def test_a_status_that_nobody_knows() -> None:
    answer = (await ask(UNKNOWN.der, TvsService(refuses_with=9))).answer
    assert (answer.status, answer.code, answer.failure) == ("other-answer", 9, None)


@pytest.mark.parametrize(
    ("listens", "kind"),
    [
        ("refuses", FailureKind.REFUSED),
        ("filtered", FailureKind.TIMEOUT),
        ("silent", FailureKind.TIMEOUT),
        ("mute", FailureKind.TIMEOUT),
        ("closes", FailureKind.CLOSED),
        ("plain-http", FailureKind.NOT_TLS),
        ("garbage", FailureKind.MALFORMED),
        ("half", FailureKind.CLOSED),
        ("overrun", FailureKind.MALFORMED),
    ],
)
async def test_failures_are_values(listens: Listens, kind: FailureKind) -> None:
    answer = (await ask(signer(KNOWN), TvsService(listens=listens), timeout=0.5)).answer
    assert answer.status == "no-answer"
    assert answer.failure is not None
    assert answer.failure.kind is kind
    assert (answer.leaf is not None) == (listens in ("mute", "garbage", "half", "overrun"))


async def test_a_server_that_never_stops() -> None:
    answer = (await ask(signer(KNOWN), TvsService(listens="endless"))).answer
    assert answer.status == "no-answer"
    assert answer.failure == Failure(kind=FailureKind.TOO_MUCH, detail="more than 32 roles")


async def test_another_server_than_the_trust_list_has_is_not_asked() -> None:
    reply = await ask(signer(KNOWN), settings=replace(SETTINGS, expected_leaf="00" * 32))
    assert reply.answer.status == "no-answer"
    assert reply.answer.failure is not None
    assert reply.answer.failure.kind is FailureKind.LOCAL
    assert reply.answer.leaf == sha256(OWN.der)


async def test_a_question_that_has_no_room() -> None:
    reply = await ask(bytes(70_000))
    detail = "not asked: the question has more than 65535 bytes of elements"
    assert reply.answer.failure == Failure(kind=FailureKind.LOCAL, detail=detail)
    assert reply.certificates == ()


class Server:
    """Hears one request, and answers with bytes of the test's own."""

    def __init__(self, answer: Callable[[bytes], bytes], gateway: Gateway) -> None:
        self._answer = answer
        self._gateway = gateway
        self.heard = b""
        self.client_certificate: bytes | None = None

    async def __call__(self, peer: Peer) -> None:
        tls = TlsPeer(peer, self._gateway)
        try:
            await tls.handshake()
            self.client_certificate = tls.client_certificate
            self.heard = await tls.hear()
            await tls.send(self._answer(self.heard))
            await tls.hear()
        except SSL.Error:
            pass


TVS = issue(cn="tvs")
PHONE = issue(cn=DEVICE, issuer=issue(cn="CAPF-12345678", ca=True))


async def ask_server(
    answer: str, about: bytes | SignerName, *, settings: TlsSettings = SETTINGS, gateway: Gateway | None = None
) -> tuple[TvsAnswer, Server]:
    server = Server(lambda _: bytes.fromhex(answer), gateway or Gateway(identity=TVS))
    async with byte_server(server) as running:
        reply = await query_tvs(Endpoint(LOOPBACK, running.port), about, device=DEVICE, settings=settings, timeout=5.0)
        await running.all_ended()
    return reply.answer, server


@pytest.mark.parametrize(
    ("answer", "about", "detail"),
    [
        ("57 01 04 00 000003e9 0004 07 0001 00", b"der", "command at byte 2: 4 instead of 2"),
        ("57 01 02 00 000003e9 0004 07 0001 00", signer(KNOWN), "command at byte 2: 2 instead of 4"),
        ("57 01 02 00 00000001 0004 07 0001 00", b"der", "session at byte 4: 1 instead of 1001"),
        ("57 01 02 00 000003e9 0005 07 0002 0000", b"der", "status at byte 0: 2 bytes instead of 1"),
    ],
    ids=["an answer to a query", "an answer to verify", "another session", "a long status"],
)
async def test_an_answer_to_something_else(answer: str, about: bytes | SignerName, detail: str) -> None:
    found, _ = await ask_server(answer, about)
    assert found.failure == Failure(kind=FailureKind.MALFORMED, detail=detail)
    assert (found.status, found.code) == ("no-answer", None)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("57 01 04 00 000003e9 0004 07 0001 00", "the answer has no certificate"),
        ("57 01 04 00 000003e9 000b 07 0001 01 2a 0001 00 2b 0000", "the answer has unknown elements: 42, 43"),
    ],
    ids=["no certificate", "unknown elements"],
)
async def test_an_answer_that_lacks_something(answer: str, problem: str) -> None:
    found, _ = await ask_server(answer, signer(KNOWN))
    assert found.problem == problem


async def test_what_is_sent() -> None:
    _, server = await ask_server("57 01 02 00 000003e9 0004 07 0001 00", b"the certificate")
    request = MessageReader().feed(server.heard)
    assert request is not None
    assert request.command == 1
    assert request.value(Tag.DEVICE_NAME) == b"\x01" + DEVICE.encode()
    assert request.value(Tag.CERTIFICATE) == b"the certificate"
    assert len(request.elements) == 2


@pytest.mark.parametrize("leaf", [TVS, OWN], ids=["the one of the trust list", "another"])
async def test_a_phone_s_certificate_goes_to_the_right_server_alone(leaf: Identity | Issued) -> None:
    client = ClientCredential(PHONE.chain_der, PHONE.key_pem)
    settings = replace(SETTINGS, client=client, expected_leaf=sha256(leaf.der))
    asking = Gateway(identity=TVS, asks_for=[PHONE])
    answer, server = await ask_server("57 01 02 00 000003e9 0004 07 0001 00", b"der", settings=settings, gateway=asking)
    is_right = leaf is TVS
    assert (server.client_certificate is not None, answer.status == "trusted") == (is_right, is_right)
