import asyncio
import socket
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from tests.wire.tls.judges import tlslite
from vpnprobe.lab.certificates import LabPki
from vpnprobe.lab.listening import STREAM, bound_sockets, tcp_server
from vpnprobe.lab.raw_tls import ScriptedTls, records
from vpnprobe.lab.scenario import Certificate

PKI = LabPki(datetime(2026, 11, 20, tzinfo=UTC))
LEAF, CA = PKI.gateway(Certificate()), PKI.authority("capf")
Fault = Literal["rc4-3des-only", "unoffered-suite", "breaks-off"]

RC4, TRIPLE_DES, AES128, AES256, ECDHE = 0x0005, 0x000A, 0x002F, 0x0035, 0xC030
SUITES = {"rc4-3des-only": (RC4, TRIPLE_DES), "unoffered-suite": (RC4,), "breaks-off": (AES256, AES128)}


def scripted(listens: Fault) -> tuple[int, AbstractAsyncContextManager[None]]:
    [sock] = bound_sockets((("127.0.0.1", STREAM),), 0)
    server = ScriptedTls(
        (LEAF.der,), [CA.certificate.subject.public_bytes()], SUITES[listens], insists=listens == "unoffered-suite"
    )
    return sock.getsockname()[1], tcp_server(sock, server.serve)


def hello(version: int, *suites: int) -> bytes:
    listed = b"".join(suite.to_bytes(2, "big") for suite in suites)
    body = version.to_bytes(2, "big") + bytes(32) + b"\0" + len(listed).to_bytes(2, "big") + listed + b"\1\0"
    return b"\1" + len(body).to_bytes(3, "big") + body


async def answer(listens: Fault, data: bytes) -> bytes:
    """Send `data`, end the stream, and return all that comes back."""
    port, serving = scripted(listens)
    async with serving:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        writer.write_eof()
        received = await reader.read()
        writer.close()
        await writer.wait_closed()
    return received


def as_tlslite_reads(flight: bytes) -> tuple[Any, Any]:
    """Return ServerHello and Certificate of a flight in one record, after a look at its CertificateRequest."""
    parser = tlslite("utils.codec").Parser(bytearray(flight[5:]))
    messages = tlslite("messages")
    assert parser.get(1) == 2
    server_hello = messages.ServerHello().parse(parser)
    assert parser.get(1) == 11
    certificate = messages.Certificate(tlslite("constants").CertificateType.x509).parse(parser)
    assert parser.get(1) == 13
    request = messages.CertificateRequest(server_hello.server_version).parse(parser)
    assert [bytes(name) for name in request.certificate_authorities] == [CA.certificate.subject.public_bytes()]
    assert bytes(parser.getFixBytes(parser.getRemainingLength())) == bytes.fromhex("0e000000")
    return server_hello, certificate


@pytest.mark.parametrize(
    ("listens", "offered", "chosen"),
    [
        ("rc4-3des-only", (AES256, TRIPLE_DES, RC4), RC4),
        ("rc4-3des-only", (AES256, TRIPLE_DES), TRIPLE_DES),
        ("unoffered-suite", (AES256, AES128), RC4),
        ("breaks-off", (AES128, AES256), AES256),
    ],
)
@pytest.mark.parametrize("version", [0x0301, 0x0303], ids=hex)
async def test_flight(listens: Fault, offered: tuple[int, ...], chosen: int, version: int) -> None:
    flight = await answer(listens, records(22, 0x0301, hello(version, *offered)))
    server_hello, certificate = as_tlslite_reads(flight)
    assert server_hello.cipher_suite == chosen
    assert server_hello.server_version == divmod(version, 256)
    assert [bytes(entry.bytes) for entry in certificate.cert_chain.x509List] == [LEAF.der]


@pytest.mark.parametrize(
    ("listens", "offered"),
    [("rc4-3des-only", (AES256, AES128)), ("breaks-off", (ECDHE, RC4))],
)
async def test_nothing_shared_is_answered_with_an_alert(listens: Fault, offered: tuple[int, ...]) -> None:
    assert await answer(listens, records(22, 0x0301, hello(0x0301, *offered))) == bytes.fromhex("15030100020228")


async def test_hello_in_three_records() -> None:
    whole = hello(0x0301, AES128)
    parts = b"".join(records(22, 0x0301, part) for part in (whole[:3], whole[3:20], whole[20:]))
    server_hello, _ = as_tlslite_reads(await answer("breaks-off", parts))
    assert server_hello.cipher_suite == AES128


@pytest.mark.parametrize(
    ("listens", "alert"),
    [("breaks-off", "handshake_failure"), ("unoffered-suite", "illegal_parameter")],
)
async def test_tlslite_cannot_complete_the_handshake(listens: Fault, alert: str) -> None:
    api = tlslite("api")
    settings = api.HandshakeSettings()
    settings.minVersion, settings.maxVersion = (3, 1), (3, 1)
    settings.cipherNames = ["aes256", "aes128"]
    settings.keyExchangeNames = ["rsa"]
    port, serving = scripted(listens)

    def handshake() -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
            api.TLSConnection(raw).handshakeClientCert(settings=settings)

    async with serving:
        with pytest.raises(tlslite("errors").TLSError, match=alert):
            await asyncio.to_thread(handshake)


@pytest.mark.parametrize(
    "junk", [b"GET / HTTP/1.1\r\n\r\n", bytes.fromhex("160301000402000000"), b"\x16\x03"], ids=repr
)
async def test_junk_ends_the_connection(junk: bytes) -> None:
    assert await answer("breaks-off", junk) == b""
