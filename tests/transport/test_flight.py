"""One first flight against servers that answer, stop in the middle, or do not speak TLS."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from tests.transport.byte_server import (
    LOOPBACK,
    Peer,
    Script,
    byte_server,
    closed_port,
    unanswering_port,
)
from vpnprobe.model.failure import FailureKind
from vpnprobe.transport.flight import FlightCapture, first_flight
from vpnprobe.wire.tls.alert import build_alert
from vpnprobe.wire.tls.handshake import (
    CertificateRequest,
    ServerHello,
    build_certificate,
    build_certificate_request,
    build_server_hello,
)
from vpnprobe.wire.tls.hello import hello_template
from vpnprobe.wire.tls.outcome import Ended
from vpnprobe.wire.tls.record import build_message, build_records
from vpnprobe.wire.tls.registry import ContentType, HandshakeType, Version

TEMPLATE = hello_template(Version.TLS1_0, (0x0035, 0x002F), server_name=True)
RANDOM = bytes(range(32))
CHAIN = (b"leaf" * 300, b"issuer" * 200)
AUTHORITY = b"\x30\x00"


def _answer(suite: int = 0x0035) -> bytes:
    hello = ServerHello(legacy_version=Version.TLS1_0, random=bytes(32), session_id=b"", suite=suite)
    request = CertificateRequest(certificate_types=(1,), authorities=(AUTHORITY,))
    messages = (
        (HandshakeType.server_hello, build_server_hello(hello)),
        (HandshakeType.certificate, build_certificate(CHAIN)),
        (HandshakeType.certificate_request, build_certificate_request(request)),
        (HandshakeType.server_hello_done, b""),
    )
    return b"".join(
        build_records(ContentType.handshake, Version.TLS1_0, build_message(kind, body)) for kind, body in messages
    )


ANSWER = _answer()


def _say(data: bytes, *, then: str = "wait") -> Script:
    async def script(peer: Peer) -> None:
        await peer.hear()
        await peer.send(data)
        if then == "wait":
            await peer.gone()
        elif then == "reset":
            peer.reset()

    return script


async def _flight(port: int, timeout: float = 5.0, server_name: str | None = None) -> FlightCapture:
    return await first_flight(LOOPBACK, port, TEMPLATE, server_name=server_name, timeout=timeout, random=RANDOM)


async def test_a_whole_flight() -> None:
    async with byte_server(_say(ANSWER)) as server:
        capture = await _flight(server.port)
        await server.all_ended()
    assert capture.failure is None
    assert capture.flight is not None
    assert capture.flight.ended is Ended.SERVER_HELLO_DONE
    assert (capture.flight.suite, capture.flight.chain) == (0x0035, CHAIN)
    assert capture.flight.certificate_request is not None
    assert capture.flight.certificate_request.authorities == (AUTHORITY,)
    assert 0 < capture.connect_s <= capture.duration_s


@pytest.mark.parametrize("name", [None, "vpn.example.com"])
async def test_the_hello_is_the_templates_own(name: str | None) -> None:
    heard: list[bytes] = []

    async def listen(peer: Peer) -> None:
        heard.append(await peer.hear())

    async with byte_server(listen) as server:
        await _flight(server.port, server_name=name)
    assert heard == [TEMPLATE.build(RANDOM, name)]


async def test_a_breach_is_recorded_and_no_failure() -> None:
    async with byte_server(_say(_answer(suite=0x0005))) as server:
        capture = await _flight(server.port)
    assert capture.failure is None
    assert capture.flight is not None
    assert capture.flight.breaches


async def test_the_server_may_drip() -> None:
    async def drip(peer: Peer) -> None:
        await peer.hear()
        await peer.trickle(ANSWER[:200], 0)
        await peer.send(ANSWER[200:])
        await peer.gone()

    async with byte_server(drip) as server:
        assert (await _flight(server.port)).failure is None


ALERT_40 = build_alert(Version.TLS1_0, 2, 40)


@pytest.mark.parametrize(
    ("script", "kind", "seen"),
    [
        pytest.param(_say(b"", then="close"), FailureKind.CLOSED, False, id="closes at once"),
        pytest.param(_say(ANSWER[:-4], then="close"), FailureKind.CLOSED, True, id="closes in the middle"),
        pytest.param(_say(ANSWER[:7]), FailureKind.TIMEOUT, False, id="half a record, then silence"),
        pytest.param(_say(ANSWER[:-4]), FailureKind.TIMEOUT, True, id="all but the last message"),
        pytest.param(_say(b""), FailureKind.TIMEOUT, False, id="silence"),
        pytest.param(_say(b"", then="reset"), FailureKind.RESET, False, id="reset"),
        pytest.param(_say(ALERT_40), FailureKind.TLS_ALERT, False, id="alert 40"),
        pytest.param(_say(b"HTTP/1.0 400 Bad Request\r\n\r\n"), FailureKind.NOT_TLS, False, id="HTTP, whole line"),
        pytest.param(_say(b"HTTP/1.0 400"), FailureKind.NOT_TLS, False, id="HTTP, half a line, then silence"),
        pytest.param(_say(b"SSH-2.0-x", then="close"), FailureKind.NOT_TLS, False, id="SSH, then end"),
        pytest.param(
            _say(b"\x16\x03\x01\x00\x04\x02\x00\x00\x00"), FailureKind.MALFORMED, False, id="empty ServerHello"
        ),
        pytest.param(_say(b"\x16\x03\x01\x00\x00" * 2000), FailureKind.TOO_MUCH, False, id="endless records"),
    ],
)
async def test_a_flight_that_fails(script: Script, kind: FailureKind, seen: bool) -> None:
    async with byte_server(script) as server:
        capture = await _flight(server.port, timeout=0.3)
        await server.all_ended()
    assert capture.failure is not None
    assert capture.failure.kind is kind
    assert capture.flight is not None
    assert (capture.flight.hello is not None) == seen, "what came before the failure is kept"


async def test_one_byte_a_second_ends_in_time() -> None:
    async def drip(peer: Peer) -> None:
        await peer.hear()
        await peer.trickle(ANSWER, 1.0)

    async with byte_server(drip) as server:
        capture = await _flight(server.port, timeout=0.2)
        await server.someone_came()
    assert capture.failure is not None
    assert capture.failure.kind is FailureKind.TIMEOUT


async def test_the_alert_keeps_its_number() -> None:
    async with byte_server(_say(ALERT_40, then="close")) as server:
        capture = await _flight(server.port)
    assert capture.failure is not None
    assert (capture.failure.alert, capture.failure.who) == (40, "peer")


async def test_no_connection_gives_no_flight() -> None:
    refused = await _flight(closed_port())
    with unanswering_port() as port:
        dropped = await _flight(port, timeout=0.2)
    assert (refused.flight, dropped.flight) == (None, None)
    assert refused.failure is not None
    assert dropped.failure is not None
    assert (refused.failure.kind, dropped.failure.kind) == (FailureKind.REFUSED, FailureKind.TIMEOUT)
    assert dropped.connect_s == dropped.duration_s > 0


async def test_a_cancelled_flight_closes_its_connection() -> None:
    async with byte_server(_say(b"")) as server:
        task = asyncio.create_task(_flight(server.port, timeout=30))
        await server.someone_came()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.all_ended()


async def test_many_at_once() -> None:
    async with byte_server(_say(ANSWER)) as server:
        captures = await asyncio.gather(*(_flight(server.port, timeout=30) for _ in range(200)))
        await server.all_ended()
    assert [one.failure for one in captures] == [None] * 200


def test_it_is_light_to_import() -> None:
    code = (
        "import sys, vpnprobe.transport.flight\n"
        "print(*{'OpenSSL', 'cryptography', 'httpx', 'httpcore', 'dns'} & set(sys.modules))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.split() == []
