"""One OPTIONS and its answer, from servers that are healthy, odd or hostile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

import pytest
from OpenSSL import SSL

from tests.certificates import chain
from tests.transport.byte_server import LOOPBACK, Peer, byte_server
from tests.transport.tls_server import Gateway, TlsPeer
from vpnprobe.model.errors import UsageError
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.federation import SipExchange
from vpnprobe.transport.sip import MAX_VALUE, ask_options
from vpnprobe.transport.tls import handshake
from vpnprobe.transport.tls_settings import TlsSettings
from vpnprobe.wire.sip.message import MAX_HEADERS, MAX_MESSAGES, Breach
from vpnprobe.wire.tls.registry import Version

EDGE = Gateway(identity=chain("sip.example.com"), ciphers="ALL")
SETTINGS = TlsSettings(
    minimum=Version.TLS1_0, maximum=Version.TLS1_2, suites=(0xC02F, 0x0035, 0x002F), server_name="sip.example.com"
)
URI = "sip:example.com"


def tokens() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"token{number}"


BRANCH, CALL_ID, TAG = "z9hG4bKtoken1", "token2", "token3"


def answer(status: str, *headers: str, call_id: str = CALL_ID, cseq: str = "1 OPTIONS") -> bytes:
    lines = [
        f"SIP/2.0 {status}",
        f"Via: SIP/2.0/TLS probe.invalid;branch={BRANCH};rport",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq}",
        *headers,
        "Content-Length: 0",
    ]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


class SipServer:
    """Completes a handshake, hears the request and then does what the script says."""

    def __init__(self, script: Callable[[TlsPeer, Peer], Awaitable[None]], edge: Gateway = EDGE) -> None:
        self._script = script
        self._edge = edge
        self.heard = b""

    async def __call__(self, peer: Peer) -> None:
        tls = TlsPeer(peer, self._edge)
        await tls.handshake()
        self.heard = await tls.hear()
        try:
            await self._script(tls, peer)
            await tls.hear()
        except SSL.Error:
            pass


def saying(*parts: bytes) -> Callable[[TlsPeer, Peer], Awaitable[None]]:
    async def script(tls: TlsPeer, _peer: Peer) -> None:
        for part in parts:
            await tls.send(part)

    return script


async def ask(server: SipServer, *, timeout: float = 5.0, settings: TlsSettings = SETTINGS) -> SipExchange:
    give = tokens()
    async with byte_server(server) as running:
        connection = await handshake(LOOPBACK, running.port, settings, timeout=5.0)
        try:
            return await ask_options(
                connection,
                uri=URI,
                from_uri="sip:anonymous@anonymous.invalid",
                local="probe.invalid",
                timeout=timeout,
                token=lambda: next(give),
            )
        finally:
            await connection.close()
            await running.all_ended()


def kind(exchange: SipExchange) -> FailureKind | None:
    return None if exchange.failure is None else exchange.failure.kind


async def test_a_healthy_exchange() -> None:
    server = SipServer(saying(answer("200 OK", "Server: RTC/6.0")))
    exchange = await ask(server)
    assert server.heard.startswith(b"OPTIONS sip:example.com SIP/2.0\r\nVia: SIP/2.0/TLS probe.invalid;branch=")
    assert f"branch={BRANCH};rport\r\n".encode() in server.heard
    assert b"From: <sip:anonymous@anonymous.invalid>;tag=token3\r\nTo: <sip:example.com>\r\n" in server.heard
    assert (exchange.uri, exchange.status, exchange.reason, exchange.failure) == (URI, 200, "OK", None)
    assert exchange.values("server") == ("RTC/6.0",)
    assert (exchange.breaches, exchange.ignored, exchange.provisional) == ((), 0, ())
    assert exchange.duration_s > 0


@pytest.mark.parametrize(
    ("parts", "status", "provisional", "ignored"),
    [
        pytest.param([answer("504 Server time-out")], 504, (), 0, id="refused"),
        pytest.param([answer("100 Trying") + answer("180 Ringing"), answer("200 OK")], 200, (100, 180), 0, id="1xx"),
        pytest.param([bytes((one,)) for one in answer("403 Forbidden")], 403, (), 0, id="byte by byte"),
        pytest.param([b"\r\n", b"\r\n\r\n" + answer("200 OK")], 200, (), 0, id="keep-alives before"),
        pytest.param(
            [b"OPTIONS sip:you SIP/2.0\r\nContent-Length: 3\r\n\r\nabc" + answer("200 OK")],
            200,
            (),
            1,
            id="a request of its own",
        ),
        pytest.param(
            [answer("486 Busy Here", call_id="other"), answer("200 OK")], 200, (), 1, id="another call's answer"
        ),
        pytest.param(
            [answer("481 No", cseq="2 OPTIONS") + answer("481 No", cseq="1 BYE") + answer("200 OK")],
            200,
            (),
            2,
            id="another request's answer",
        ),
        pytest.param(
            [b"SIP/2.0 481 No\r\nv: SIP/2.0/TLS h;branch=z9hG4bKother\r\nl: 0\r\n\r\n", answer("200 OK")],
            200,
            (),
            1,
            id="another branch",
        ),
        pytest.param([answer("200 OK") + answer("500 Late")], 200, (), 1, id="two final answers"),
        pytest.param([answer("200 OK") + b"\x00garbage"], 200, (), 0, id="garbage behind"),
        pytest.param([b"SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n"], 400, (), 0, id="bare answer"),
    ],
)
async def test_the_final_answer_is_found(
    parts: list[bytes], status: int, provisional: tuple[int, ...], ignored: int
) -> None:
    exchange = await ask(SipServer(saying(*parts)))
    assert (exchange.status, exchange.failure) == (status, None)
    assert (exchange.provisional, exchange.ignored) == (provisional, ignored)


async def test_what_an_answer_says_is_kept_within_bounds() -> None:
    body = b"v=0\r\n" + b"\xff" * 4000
    head = answer("200 OK", f"Warning: {'y' * 5000}").replace(b"Content-Length: 0", b"Content-Length: %d" % len(body))
    exchange = await ask(SipServer(saying(head + body)))
    assert exchange.values("warning") == ("y" * MAX_VALUE,)
    assert exchange.body_length == len(body)
    assert exchange.body_excerpt.startswith("v=0\r\n\N{REPLACEMENT CHARACTER}")


@pytest.mark.parametrize(
    ("reply", "breach"),
    [
        pytest.param(answer("200 OK").replace(b"\r\n", b"\n"), Breach.BARE_LF, id="bare LF"),
        pytest.param(answer("200 OK", "Server: R").replace(b": R", b": \xe9\xff"), Breach.NOT_UTF8, id="not UTF-8"),
        pytest.param(answer("200 OK").replace(b"Content-Length: 0\r\n", b""), Breach.NO_CONTENT_LENGTH, id="no length"),
    ],
)
async def test_broken_rules_are_noted(reply: bytes, breach: Breach) -> None:
    exchange = await ask(SipServer(saying(reply)))
    assert (exchange.status, exchange.failure) == (200, None)
    assert exchange.breaches == (breach.value,)


async def forever(tls: TlsPeer, *parts: bytes) -> None:
    """Repeat the last part until the client has gone."""
    *first, last = parts
    for part in first:
        await tls.send(part)
    while True:
        await tls.send(last)
        await asyncio.sleep(0)


HEAD = b"SIP/2.0 200 OK\r\nCall-ID: token2\r\n"


@pytest.mark.parametrize(
    ("parts", "failure", "status"),
    [
        pytest.param([b"SIP/2.0 200 ", b"O" * 1000], FailureKind.TOO_MUCH, None, id="endless start line"),
        pytest.param([HEAD + b"X: ", b"y" * 1000], FailureKind.TOO_MUCH, None, id="endless header line"),
        pytest.param([HEAD, b"X: y\r\n" * (MAX_HEADERS // 4)], FailureKind.TOO_MUCH, None, id="header bomb"),
        pytest.param([HEAD + b"X: y\r\n", b" folded\r\n" * 500], FailureKind.TOO_MUCH, None, id="endless folding"),
        pytest.param(
            [HEAD + b"Content-Length: 99999999\r\n\r\n", b"x" * 1000], FailureKind.TOO_MUCH, 200, id="endless body"
        ),
        pytest.param([answer("100 Trying")], FailureKind.TOO_MUCH, None, id="provisional only"),
        pytest.param([answer("200 OK", call_id="other")], FailureKind.TOO_MUCH, None, id="never ours"),
        pytest.param([b"\r\n" * 8000], FailureKind.TOO_MUCH, None, id="endless empty lines"),
        pytest.param(
            [b"OPTIONS sip:you SIP/2.0\r\nl: 0\r\n\r\n" * MAX_MESSAGES], FailureKind.TOO_MUCH, None, id="only asks"
        ),
        pytest.param([b"HTTP/1.1 400 Bad Request\r\n\r\n"], FailureKind.MALFORMED, None, id="HTTP"),
        pytest.param([b"\x16\x03\x01\x02\x00"], FailureKind.MALFORMED, None, id="TLS in TLS"),
        pytest.param([b"\x00" * 50], FailureKind.MALFORMED, None, id="garbage"),
    ],
)
async def test_what_never_ends_or_is_no_sip_ends_early(
    parts: list[bytes], failure: FailureKind, status: int | None
) -> None:
    """The time limit is far away: it is a cap that ends the exchange."""
    exchange = await ask(SipServer(lambda tls, _peer: forever(tls, *parts)), timeout=120.0)
    assert (kind(exchange), exchange.status) == (failure, status)


async def test_a_server_that_is_silent_or_drips_meets_the_time_limit() -> None:
    async def drip(tls: TlsPeer, _peer: Peer) -> None:
        for byte in HEAD + b"X: " + b"y" * 10_000:
            await tls.send(bytes((byte,)))
            await asyncio.sleep(0.02)

    async def provisional(tls: TlsPeer, _peer: Peer) -> None:
        await tls.send(answer("100 Trying"))

    for script in (drip, saying()):
        exchange = await ask(SipServer(script), timeout=0.2)
        assert (kind(exchange), exchange.status) == (FailureKind.TIMEOUT, None)
    exchange = await ask(SipServer(provisional), timeout=0.2)
    assert (kind(exchange), exchange.provisional) == (FailureKind.TIMEOUT, (100,))


async def test_a_server_that_floods_meets_the_time_limit() -> None:
    async def flood(tls: TlsPeer, _peer: Peer) -> None:
        await tls.send(HEAD + b"Content-Length: 1000000\r\n\r\n")
        while True:
            await tls.send(b"x")
            await asyncio.sleep(0)

    exchange = await ask(SipServer(flood), timeout=0.5)
    assert (kind(exchange), exchange.status) == (FailureKind.TIMEOUT, 200)
    assert 0 < exchange.body_length < 1_000_000


async def test_a_server_that_leaves() -> None:
    async def goodbye(tls: TlsPeer, _peer: Peer) -> None:
        await tls.goodbye()

    async def cut(tls: TlsPeer, peer: Peer) -> None:
        await tls.send(HEAD)
        peer.writer.close()

    async def cut_in_the_body(tls: TlsPeer, peer: Peer) -> None:
        await tls.send(HEAD + b"Content-Length: 10\r\n\r\nabc")
        peer.writer.close()

    async def reset(tls: TlsPeer, peer: Peer) -> None:
        await tls.send(HEAD)
        await asyncio.sleep(0.05)
        peer.reset()

    for script in (goodbye, cut):
        exchange = await ask(SipServer(script))
        assert (kind(exchange), exchange.status) == (FailureKind.CLOSED, None)
    exchange = await ask(SipServer(cut_in_the_body))
    assert (kind(exchange), exchange.status, exchange.body_excerpt) == (FailureKind.CLOSED, 200, "abc")
    exchange = await ask(SipServer(reset))
    assert kind(exchange) is FailureKind.RESET


async def test_an_alert_in_place_of_an_answer() -> None:
    """In TLS 1.3 a server can only refuse the client's certificate when the handshake is over for us."""
    edge = replace(EDGE, maximum=Version.TLS1_3, asks_for=[], requires=True)

    async def script(tls: TlsPeer, _peer: Peer) -> None:
        raise AssertionError("the handshake fails first")

    class Refusing(SipServer):
        async def __call__(self, peer: Peer) -> None:
            with pytest.raises(SSL.Error):
                await TlsPeer(peer, edge).handshake()
            await peer.gone()

    modern = replace(SETTINGS, maximum=Version.TLS1_3, suites=(0x1301,))
    exchange = await ask(Refusing(script), settings=modern)
    assert exchange.failure is not None
    assert (exchange.failure.kind, exchange.failure.alert) == (FailureKind.TLS_ALERT, 116)


async def test_a_uri_that_is_none_is_the_operators_error() -> None:
    async with byte_server(SipServer(saying())) as running:
        connection = await handshake(LOOPBACK, running.port, SETTINGS, timeout=5.0)
        with pytest.raises(UsageError):
            await ask_options(connection, uri="sip:a\r\nX: y", from_uri=URI, local="h", timeout=1.0, token=lambda: "t")
        await connection.close()
        await running.all_ended()


OLD = replace(SETTINGS, maximum=Version.TLS1_0, suites=(0xC014, 0x0035, 0x002F))


@pytest.mark.parametrize(
    ("edge", "settings", "empty"),
    [
        pytest.param(replace(EDGE, ciphers="AES128-SHA"), OLD, True, id="AES128"),
        pytest.param(replace(EDGE, ciphers="ECDHE-RSA-AES256-SHA"), OLD, True, id="AES256"),
        pytest.param(
            replace(EDGE, ciphers="AES128-SHA", options=SSL.OP_DONT_INSERT_EMPTY_FRAGMENTS), OLD, False, id="option"
        ),
        pytest.param(
            EDGE, replace(SETTINGS, maximum=Version.TLS1_1, suites=(0x0035,)), None, id="TLS 1.1 has no need of it"
        ),
        pytest.param(EDGE, SETTINGS, None, id="TLS 1.2"),
    ],
)
async def test_empty_fragments(edge: Gateway, settings: TlsSettings, empty: bool | None) -> None:
    exchange = await ask(SipServer(saying(answer("100 Trying"), answer("200 OK")), edge), settings=settings)
    assert (exchange.status, exchange.empty_fragments) == (200, empty)


async def test_a_first_byte_by_itself_is_no_empty_fragment() -> None:
    """What other stacks do in place of empty records has the same length on the wire."""
    edge = replace(EDGE, ciphers="AES128-SHA", options=SSL.OP_DONT_INSERT_EMPTY_FRAGMENTS)
    reply = answer("200 OK")
    exchange = await ask(SipServer(saying(reply[:1], reply[1:]), edge), settings=OLD)
    assert (exchange.status, exchange.empty_fragments) == (200, False)
