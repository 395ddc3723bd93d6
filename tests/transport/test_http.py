"""The login over its own TLS session and the fetch of files, against answers that are healthy, odd and hostile."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from tests.certificates import chain
from tests.transport.byte_server import (
    LOOPBACK,
    ByteServer,
    Peer,
    Script,
    byte_server,
    closed_port,
    unanswering_port,
)
from tests.transport.tls_server import Gateway, TlsPeer
from vpnprobe.model.errors import UsageError
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.observation import BootFileOutcome, HttpExchange
from vpnprobe.transport.http import PAGE_BYTES, GatewayHttp, HttpFile, fetch_config_file
from vpnprobe.transport.tcp import TcpStream, open_tcp
from vpnprobe.transport.tls import handshake
from vpnprobe.transport.tls_settings import TlsSettings
from vpnprobe.wire.tls.alert import build_alert
from vpnprobe.wire.tls.registry import Version

AUTHORITY = "vpn.example.com"
PATH = "/VPNPhone"
USER_AGENT = "Cisco SVC IPPhone Client v1.0 (1.0)"
PHONE = TlsSettings(minimum=Version.TLS1_0, maximum=Version.TLS1_0, suites=(0x0035, 0x002F))
GATEWAY = Gateway(identity=chain(AUTHORITY))

ASKS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
    b"Set-Cookie: webvpn=; expires=Thu, 01 Jan 1970 22:00:00 GMT; path=/; secure\r\n"
    b"Set-Cookie: webvpnlogin=1; secure\r\nX-Transcend-Version: 1\r\n\r\n"
)
SESSION = "3@40960@5D1C@0123456789ABCDEF0123456789ABCDEF01234567"
ACCEPTS = (
    b"HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n"
    b"Set-Cookie: webvpn=" + SESSION.encode() + b"; secure\r\nX-Transcend-Version: 1\r\n\r\n"
)

TlsScript = Callable[[TlsPeer], Awaitable[None]]


def over_tls(script: TlsScript) -> Script:
    async def run(peer: Peer) -> None:
        tls = TlsPeer(peer, GATEWAY)
        await tls.handshake()
        with contextlib.suppress(SSL.Error):
            await script(tls)
        await peer.gone()

    return run


class Replies:
    """Answers each request in turn and keeps what was asked."""

    def __init__(self, *answers: bytes, close: bool = False) -> None:
        self._answers = answers
        self._close = close
        self.requests: list[bytes] = []

    async def __call__(self, tls: TlsPeer) -> None:
        for answer in self._answers:
            request = await self._request(tls)
            if not request:
                return
            self.requests.append(request)
            await tls.send(answer)
        if self._close:
            await tls.goodbye()
        else:
            await tls.hear()

    async def _request(self, tls: TlsPeer) -> bytes:
        """Return one request, b"" when the client is gone."""
        request, wanted = b"", 1
        while len(request) < wanted:
            if not (data := await tls.hear()):
                return b""
            request += data
            head, end, _ = request.partition(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", head)
            wanted = len(head + end) + int(length[1] if length else 0) if end else len(request) + 1
        return request


async def connect(server: ByteServer, authority: str = AUTHORITY) -> GatewayHttp:
    return GatewayHttp(await handshake(LOOPBACK, server.port, PHONE, timeout=5), authority, USER_AGENT)


async def ask(script: TlsScript, timeout: float = 5.0) -> HttpExchange:
    async with byte_server(over_tls(script)) as server:
        http = await connect(server)
        exchange = await http.exchange("GET", PATH, timeout=timeout)
        await http.close()
        await server.all_ended()
    return exchange


def json_of(exchange: HttpExchange) -> str:
    return msgspec.json.encode(exchange).decode()


async def test_a_login_with_a_certificate() -> None:
    """GET, then POST with an empty body, over one session, with the cookie that GET set."""
    replies = Replies(ASKS, ACCEPTS)
    async with byte_server(over_tls(replies)) as server:
        http = await connect(server)
        first = await http.exchange("GET", PATH, timeout=5)
        second = await http.exchange("POST", PATH, form={}, timeout=5)
        await http.close()
        assert server.opened == 1
    assert replies.requests == [
        b"GET /VPNPhone HTTP/1.1\r\nHost: vpn.example.com\r\nUser-Agent: %s\r\n\r\n" % USER_AGENT.encode(),
        b"POST /VPNPhone HTTP/1.1\r\nHost: vpn.example.com\r\nContent-Length: 0\r\nUser-Agent: %s\r\n"
        b"Cookie: webvpnlogin=1\r\n\r\n" % USER_AGENT.encode(),
    ]
    assert (first.answer, second.answer) == ("wants-login", "accepted")
    assert [(one.name, one.empty, one.expires) for one in first.cookies] == [
        ("webvpn", True, True),
        ("webvpnlogin", False, False),
    ]
    assert first.headers == (("content-length", "0"), ("x-transcend-version", "1"))
    assert (second.status, second.reason, second.failure) == (200, "OK", None)


PASSWORD = "p&ss wörd<1>"


async def test_a_login_with_a_password_that_is_refused() -> None:
    replies = Replies(ASKS, b"HTTP/1.1 401 Authentication failed\r\nContent-Length: 0\r\n\r\n")
    async with byte_server(over_tls(replies)) as server:
        http = await connect(server)
        await http.exchange("GET", PATH, timeout=5)
        refused = await http.exchange("POST", PATH, form={"username": "phone", "password": PASSWORD}, timeout=5)
        await http.close()
    body = replies.requests[1].partition(b"\r\n\r\n")[2]
    assert body == b"username=phone&password=p%26ss+w%C3%B6rd%3C1%3E"
    assert b"Content-Type: application/x-www-form-urlencoded\r\n" in replies.requests[1]
    assert (refused.status, refused.reason, refused.answer) == (401, "Authentication failed", "refused")


@pytest.mark.parametrize(
    "path", ["/a/../b//c", "/x?y=%7e&z=1", "/%41", "//other.example.com/", "/{id}|'\"", "/VPNPhone/"]
)
async def test_the_path_is_sent_to_the_letter(path: str) -> None:
    replies = Replies(ASKS)
    async with byte_server(over_tls(replies)) as server:
        http = await connect(server)
        await http.exchange("GET", path, timeout=5)
        await http.close()
    assert replies.requests[0].startswith(b"GET " + path.encode() + b" HTTP/1.1\r\nHost: vpn.example.com\r\n")


async def test_a_path_cannot_smuggle_a_header() -> None:
    replies = Replies(ASKS)
    async with byte_server(over_tls(replies)) as server:
        http = await connect(server)
        await http.exchange("GET", "/a b\r\nX: ü", timeout=5)
        await http.close()
    assert replies.requests[0].startswith(b"GET /a%20b%0D%0AX:%20%C3%BC HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("vpn.example.com:8443", b"vpn.example.com:8443"),
        ("[2001:db8::1]:8443", b"[2001:db8::1]:8443"),
        ("192.0.2.7", b"192.0.2.7"),
    ],
)
async def test_the_host_header(authority: str, host: bytes) -> None:
    replies = Replies(ASKS, ASKS)
    async with byte_server(over_tls(replies)) as server:
        http = await connect(server, authority)
        await http.exchange("GET", PATH, timeout=5)
        await http.exchange("POST", PATH, timeout=5)
        await http.close()
    assert [b"\r\nHost: " + host + b"\r\n" in one for one in replies.requests] == [True, True]
    assert b"Cookie: webvpnlogin=1" in replies.requests[1]


async def test_an_impossible_authority_is_the_operators() -> None:
    async with byte_server(over_tls(Replies())) as server:
        connection = await handshake(LOOPBACK, server.port, PHONE, timeout=5)
        with pytest.raises(UsageError, match="host name"):
            GatewayHttp(connection, "a:b:c", USER_AGENT)
        await connection.close()


REFLECTED = (
    "username=phone password={p} {p_url} {p_plus} {p_html} session={s} <session-token>OTHERTOKEN</session-token>"
)


async def test_no_secret_is_in_the_record() -> None:
    """Not even when the gateway sends back what it was sent."""
    page = REFLECTED.format(
        p=PASSWORD,
        p_url="p%26ss%20w%C3%B6rd%3C1%3E",
        p_plus="p%26ss+w%C3%B6rd%3C1%3E",
        p_html="p&amp;ss wörd&lt;1&gt;",
        s=SESSION,
    ).encode()
    answer = (
        b"HTTP/1.1 200 " + SESSION.encode() + b"\r\nLocation: /x?session=" + SESSION.encode() + b"\r\n"
        b"Set-Cookie: webvpn=" + SESSION.encode() + b"\r\nset-cookie2: a=SECRETTWO\r\nCookie: b=SECRETTHREE\r\n"
        b"Authorization: Basic SECRETFOUR\r\nX-CSTP-Post-Auth-XML: SECRETFIVE\r\nX-DTLS-Session-ID: SECRETSIX\r\n"
        b"Content-Length: %d\r\n\r\n" % len(page)
    ) + page
    async with byte_server(over_tls(Replies(answer, ASKS + b"", close=False))) as server:
        http = await connect(server)
        first = await http.exchange("POST", PATH, form={"username": "phone", "password": PASSWORD}, timeout=5)
        second = await http.exchange("GET", PATH, timeout=5)
        await http.close()
    record = json_of(first) + json_of(second) + repr(first)
    assert "phone" in first.body_excerpt, "the user name is no secret"
    for secret in (SESSION, PASSWORD, "p%26ss", "p&amp;ss", "OTHERTOKEN", "SECRET"):
        assert secret not in record
    assert first.answer == "accepted"
    assert first.cookies[0].name == "webvpn"


async def test_a_session_given_earlier_is_no_less_secret() -> None:
    echo = SESSION.encode()
    later = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(echo) + echo
    async with byte_server(over_tls(Replies(ACCEPTS, later))) as server:
        http = await connect(server)
        await http.exchange("GET", PATH, timeout=5)
        second = await http.exchange("GET", PATH, timeout=5)
        await http.close()
    assert second.body_excerpt == "[removed]"


@pytest.mark.parametrize("value", [f'"{SESSION} "', f'" {SESSION}"', f'"{SESSION}"'])
async def test_a_quoted_session_is_given_back_to_the_letter_and_kept_secret(value: str) -> None:
    given = b"HTTP/1.1 200 " + SESSION.encode() + b"\r\nContent-Length: 0\r\nSet-Cookie: webvpn=" + value.encode()
    replies = Replies(given + b"\r\n\r\n", ASKS)
    async with byte_server(over_tls(replies)) as server:
        http = await connect(server)
        exchanges = [await http.exchange("GET", PATH, timeout=5), await http.exchange("POST", PATH, timeout=5)]
        await http.close()
    assert f"Cookie: webvpn={value}\r\n".encode() in replies.requests[1]
    assert SESSION not in "".join(map(json_of, exchanges))


async def test_names_of_headers_and_cookies_carry_no_secret_either() -> None:
    secret = "s3cret-of-the-user"
    answer = f"HTTP/1.1 200 OK\r\nX-{secret}: 1\r\nSet-Cookie: {secret}=1\r\nSet-Cookie: {secret}\r\n"
    async with byte_server(over_tls(Replies(answer.encode() + b"Content-Length: 0\r\n\r\n"))) as server:
        http = await connect(server)
        exchange = await http.exchange("POST", PATH, form={"username": "u", "password": secret}, timeout=5)
        await http.close()
    assert secret not in json_of(exchange)
    assert [cookie.name for cookie in exchange.cookies] == ["[removed]", ""]


async def test_a_cookie_that_cannot_be_sent_back_is_kept_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vpnprobe.transport.http.cookie_value", lambda header: f"{SESSION}\n")
    async with byte_server(over_tls(Replies(ACCEPTS, ASKS))) as server:
        http = await connect(server)
        await http.exchange("GET", PATH, timeout=5)
        second = await http.exchange("POST", PATH, timeout=5)
        await http.close()
    assert second.failure is not None
    assert second.failure.kind is FailureKind.LOCAL
    assert SESSION not in json_of(second)


async def test_a_malformed_answer_does_not_carry_a_secret_into_the_failure() -> None:
    async with byte_server(over_tls(Replies(b"HTTP/1.1 2OO " + PASSWORD.encode() + b"\r\n\r\n"))) as server:
        http = await connect(server)
        exchange = await http.exchange("POST", PATH, form={"password": PASSWORD}, timeout=5)
        await http.close()
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.MALFORMED
    assert "ss w" not in json_of(exchange)


async def test_debug_logging_does_not_show_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with byte_server(over_tls(Replies(ACCEPTS, ASKS))) as server:
        http = await connect(server)
        await http.exchange("POST", PATH, form={"password": "hunter22"}, timeout=5)
        await http.exchange("POST", PATH, form={"password": "hunter22"}, timeout=5)
        await http.close()
    assert SESSION not in caplog.text
    assert "hunter22" not in caplog.text


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(
            b"HTTP/1.1 302 Found\r\nLocation: https://vpn-2.example.com/VPNPhone\r\nContent-Length: 0\r\n\r\n",
            (302, "redirect-other-host"),
            id="load balancing",
        ),
        pytest.param(
            b"HTTP/1.0 302 Object Moved\r\nLocation: /+webvpn+/index.html\r\n\r\n",
            (302, "redirect-same-host"),
            id="HTTP/1.0 without length, ended by close",
        ),
        pytest.param(
            b"HTTP/1.1 503 Service Unavailable\r\nX-Reason: Server configuration error\r\nContent-Length: 0\r\n\r\n",
            (503, "unavailable"),
            id="503",
        ),
        pytest.param(b"HTTP/1.1 404 Not found\r\nContent-Length: 3\r\n\r\nno!", (404, "unknown-group-url"), id="404"),
        pytest.param(
            b"HTTP/1.1 200 OK\nSet-Cookie: webvpnlogin=1\nContent-Length: 0\n\n", (200, "wants-login"), id="bare LF"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nServer: \xfc\xff\r\nContent-Length: 2\r\n\r\n\xff\xfe",
            (200, "not-an-asa"),
            id="no UTF-8",
        ),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + ASKS, (200, "wants-login"), id="interim answers"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: webvpnlogin=1\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            (200, "wants-login"),
            id="chunked",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nnogzi",
            (200, "not-an-asa"),
            id="gzip",
        ),
    ],
)
async def test_an_answer(answer: bytes, expected: tuple[int, str]) -> None:
    exchange = await ask(Replies(answer, close=True))
    assert (exchange.status, exchange.answer) == expected
    assert exchange.failure is None


async def test_the_reason_of_a_503_is_kept() -> None:
    answer = b"HTTP/1.1 503 Service Unavailable\r\nX-Reason: Server configuration error\r\nContent-Length: 0\r\n\r\n"
    assert ("x-reason", "Server configuration error") in (await ask(Replies(answer))).headers


async def test_a_redirect_is_not_followed() -> None:
    redirect = b"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n"
    replies = Replies(*[redirect] * 1000)
    exchange = await ask(replies)
    assert len(replies.requests) == 1
    assert exchange.answer == "redirect-same-host"


def then(answer: bytes, *, repeat: bytes = b"", pause: float = 0.0, end: str = "wait") -> TlsScript:
    async def script(tls: TlsPeer) -> None:
        await tls.hear()
        await tls.send(answer)
        while repeat:
            await tls.send(repeat)
            await asyncio.sleep(pause)
        if end == "close":
            await tls.goodbye()
        elif end != "cut":
            await tls.hear()

    return script


async def cut(peer: Peer) -> None:
    tls = TlsPeer(peer, GATEWAY)
    await tls.handshake()
    await tls.hear()
    await tls.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
    peer.reset()


HEAD = b"HTTP/1.1 200 OK\r\nSet-Cookie: webvpnlogin=1\r\n"


@pytest.mark.parametrize(
    ("script", "kind", "status"),
    [
        pytest.param(then(b""), FailureKind.TIMEOUT, None, id="silence"),
        pytest.param(then(b"", end="close"), FailureKind.CLOSED, None, id="close"),
        pytest.param(then(HEAD, end="close"), FailureKind.CLOSED, None, id="close within the head"),
        pytest.param(
            then(HEAD + b"Content-Length: 9\r\n\r\nhalf", end="close"), FailureKind.CLOSED, 200, id="close in the body"
        ),
        pytest.param(then(HEAD + b"Content-Length: 9\r\n\r\nhalf"), FailureKind.TIMEOUT, 200, id="silence in the body"),
        pytest.param(then(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), FailureKind.MALFORMED, None, id="not HTTP"),
        pytest.param(then(b"\x00\x01\x02\r\n\r\n"), FailureKind.MALFORMED, None, id="binary"),
        pytest.param(
            then(HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n"),
            FailureKind.MALFORMED,
            None,
            id="two lengths",
        ),
        pytest.param(
            then(HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n"), FailureKind.MALFORMED, 200, id="bad chunk"
        ),
        pytest.param(then(HEAD + b"X: " + b"a" * 2**20), FailureKind.TOO_MUCH, None, id="one endless header"),
        pytest.param(
            then(HEAD, repeat=b"X: aaaaaaaaaaaaaaaa\r\n" * 500), FailureKind.TOO_MUCH, None, id="endless headers"
        ),
        pytest.param(
            then(b"", repeat=b"HTTP/1.1 100 Continue\r\n\r\n" * 500), FailureKind.TOO_MUCH, None, id="endless 100"
        ),
        pytest.param(then(HEAD + b"\r\n", repeat=b"a" * 9999), FailureKind.TOO_MUCH, 200, id="endless body"),
        pytest.param(
            then(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", repeat=b"1\r\na\r\n" * 999),
            FailureKind.TOO_MUCH,
            200,
            id="endless tiny chunks",
        ),
        pytest.param(
            then(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", repeat=b"1\r\na\r\n", pause=0.05),
            FailureKind.TIMEOUT,
            200,
            id="chunks that trickle",
        ),
        pytest.param(then(b"", repeat=b"H", pause=0.05), FailureKind.TIMEOUT, None, id="a head that trickles"),
    ],
)
async def test_an_exchange_that_fails(script: TlsScript, kind: FailureKind, status: int | None) -> None:
    exchange = await ask(script, timeout=10 if kind is FailureKind.TOO_MUCH else 0.4)
    assert exchange.failure is not None
    assert (exchange.failure.kind, exchange.status) == (kind, status)
    assert exchange.answer == ("no-answer" if status is None else "wants-login"), "what came before is still read"
    assert len(json_of(exchange)) < 200_000


async def test_a_reset_within_the_body() -> None:
    async with byte_server(cut) as server:
        http = await connect(server)
        exchange = await http.exchange("GET", PATH, timeout=5)
        await http.close()
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.RESET


async def test_an_alert_instead_of_an_answer() -> None:
    async def refuse(peer: Peer) -> None:
        tls = TlsPeer(peer, GATEWAY)
        await tls.handshake()
        await tls.hear()
        await peer.send(build_alert(Version.TLS1_0, 2, 49))
        await peer.gone()

    async with byte_server(refuse) as server:
        http = await connect(server)
        exchange = await http.exchange("GET", PATH, timeout=5)
        await http.close()
    # In clear text after the handshake it does not authenticate, so it is the peer's bytes that are wrong.
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.MALFORMED


async def test_the_page_may_be_as_large_as_the_cap() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % PAGE_BYTES + b"x" * PAGE_BYTES
    exchange = await ask(Replies(answer))
    assert (exchange.failure, exchange.body_length) == (None, PAGE_BYTES)
    assert len(exchange.body_excerpt) < 5000


async def test_the_record_of_many_headers_is_capped() -> None:
    answer = b"HTTP/1.1 200 OK\r\n" + b"X: yyyyyyyyyy\r\nSet-Cookie: a=b\r\n" * 2000 + b"Content-Length: 0\r\n\r\n"
    exchange = await ask(Replies(answer))
    assert exchange.failure is None
    assert (len(exchange.headers), len(exchange.cookies)) == (64, 64)


async def test_a_second_request_after_the_gateway_closed() -> None:
    closing = ASKS.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    async with byte_server(over_tls(Replies(closing, close=True))) as server:
        http = await connect(server)
        first = await http.exchange("GET", PATH, timeout=5)
        second = await http.exchange("POST", PATH, timeout=5)
        await http.close()
    assert first.answer == "wants-login"
    assert second.failure is not None
    assert second.failure.kind is FailureKind.CLOSED


async def test_a_cancelled_exchange_closes_the_session() -> None:
    started = asyncio.Event()

    async def wait(tls: TlsPeer) -> None:
        await tls.hear()
        started.set()
        await tls.hear()

    async with byte_server(over_tls(wait)) as server:
        http = await connect(server)
        task = asyncio.create_task(http.exchange("GET", PATH, timeout=30))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.all_ended()
        await http.close()


FILE = "SEP8CB64F576113.cnf.xml"
CONTENT = b"<device>\xff</device>" * 999
CAP = 100_000


async def fetch(script: Script, timeout: float = 5.0, cap: int = CAP, name: str = FILE) -> HttpFile:
    async with byte_server(script) as server:
        file = await fetch_config_file(LOOPBACK, server.port, name, timeout=timeout, cap=cap)
        await server.all_ended()
    return file


def serve(answer: bytes, *, repeat: bytes = b"", pause: float = 0.0, end: str = "wait") -> Script:
    async def script(peer: Peer) -> None:
        await peer.hear()
        await peer.send(answer)
        while repeat:
            await peer.send(repeat)
            await asyncio.sleep(pause)
        if end == "reset":
            peer.reset()
        elif end == "wait":
            await peer.gone()

    return script


def ok(body: bytes, length: int | None = None) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(body) if length is None else length) + body


@pytest.mark.parametrize(
    ("name", "target"), [(FILE, FILE.encode()), ("a b%2f?.xml", b"a%20b%252f%3F.xml"), ("\xfc", b"%C3%BC")]
)
async def test_a_file_is_asked_for_as_a_phone_does(name: str, target: bytes) -> None:
    heard: list[bytes] = []
    hosts: list[str] = []

    async def listen(peer: Peer) -> None:
        hosts.append("{}:{}".format(*peer.writer.get_extra_info("sockname")))
        heard.append(await peer.hear())
        await peer.send(ok(CONTENT))
        await peer.gone()

    file = await fetch(listen, name=name)
    assert heard == [b"GET /" + target + f" HTTP/1.1\r\nHost: {hosts[0]}\r\n\r\n".encode()]
    assert (file.outcome, file.data, file.code, file.failure) == ("received", CONTENT, 200, None)
    assert file.size == len(CONTENT)


@pytest.mark.parametrize(
    ("script", "outcome", "kind"),
    [
        pytest.param(serve(b"HTTP/1.0 200 OK\r\n\r\nall", end="close"), "received", None, id="ended by close"),
        pytest.param(serve(ok(b"x" * CAP)), "received", None, id="as large as the cap"),
        pytest.param(serve(ok(b"x" * (CAP + 1))), "too-large", FailureKind.TOO_MUCH, id="larger by one"),
        pytest.param(
            serve(b"HTTP/1.0 200 OK\r\n\r\n", repeat=b"x" * 999), "too-large", FailureKind.TOO_MUCH, id="endless"
        ),
        pytest.param(
            serve(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
            "not-found",
            FailureKind.SERVER_ERROR,
            id="404",
        ),
        pytest.param(
            serve(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"), "refused", FailureKind.SERVER_ERROR, id="403"
        ),
        pytest.param(
            serve(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"), "refused", FailureKind.SERVER_ERROR, id="401"
        ),
        pytest.param(
            serve(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"), "busy", FailureKind.SERVER_ERROR, id="503"
        ),
        pytest.param(
            serve(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), "server-error", FailureKind.SERVER_ERROR, id="500"
        ),
        pytest.param(
            serve(b"HTTP/1.1 302 No\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"),
            "server-error",
            FailureKind.SERVER_ERROR,
            id="redirect",
        ),
        pytest.param(serve(ok(b"half", 9), end="close"), "truncated", FailureKind.CLOSED, id="shorter than announced"),
        pytest.param(serve(ok(b"half", 9)), "truncated", FailureKind.TIMEOUT, id="stops in the middle"),
        pytest.param(serve(ok(b"", 99), repeat=b"x", pause=0.05), "truncated", FailureKind.TIMEOUT, id="trickles"),
        pytest.param(serve(b"", end="close"), "malformed", FailureKind.CLOSED, id="closes"),
        pytest.param(serve(b"", end="reset"), "unreachable", FailureKind.RESET, id="resets"),
        pytest.param(serve(b""), "timeout", FailureKind.TIMEOUT, id="silent"),
        pytest.param(serve(b"garbage\r\n\r\n"), "malformed", FailureKind.MALFORMED, id="no HTTP"),
        pytest.param(
            serve(b"HTTP/1.1 200 OK\r\n", repeat=b"X: a\r\n" * 999),
            "malformed",
            FailureKind.TOO_MUCH,
            id="endless head",
        ),
        pytest.param(
            serve(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
            "malformed",
            FailureKind.MALFORMED,
            id="bad chunk",
        ),
    ],
)
async def test_how_a_fetch_ends(script: Script, outcome: BootFileOutcome, kind: FailureKind | None) -> None:
    file = await fetch(script, timeout=10 if kind is FailureKind.TOO_MUCH else 0.4)
    assert (file.outcome, file.failure and file.failure.kind) == (outcome, kind)
    assert (file.data is not None) == (outcome == "received")


async def test_the_servers_words_are_kept() -> None:
    file = await fetch(serve(b"HTTP/1.1 503 Busy: try later\r\nContent-Length: 2\r\n\r\nno"))
    assert (file.code, file.message, file.size) == (503, "Busy: try later", 2)
    assert file.failure is not None
    assert (file.failure.code, file.failure.who) == (503, "peer")


async def test_a_scope_is_for_the_socket_and_not_for_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []
    opened: list[str] = []

    async def listen(peer: Peer) -> None:
        heard.append(await peer.hear())
        await peer.send(ok(b""))
        await peer.gone()

    async def link_local(address: str, port: int, *, timeout: float) -> TcpStream:
        opened.append(address)
        return await open_tcp(LOOPBACK, port, timeout=timeout)

    monkeypatch.setattr("vpnprobe.transport.http.open_tcp", link_local)
    async with byte_server(listen) as server:
        file = await fetch_config_file("fe80::7%eth0", server.port, FILE, timeout=5, cap=CAP)
    assert (file.outcome, opened) == ("received", ["fe80::7%eth0"])
    assert f"Host: [fe80::7]:{server.port}\r\n".encode() in heard[0]


async def test_no_server() -> None:
    refused = await fetch_config_file(LOOPBACK, closed_port(), FILE, timeout=5, cap=CAP)
    with unanswering_port() as port:
        dropped = await fetch_config_file(LOOPBACK, port, FILE, timeout=0.2, cap=CAP)
    assert (refused.outcome, dropped.outcome) == ("unreachable", "timeout")
    assert (refused.code, refused.data) == (None, None)


async def test_a_cancelled_fetch_closes_its_connection() -> None:
    async with byte_server(serve(b"")) as server:
        task = asyncio.create_task(fetch_config_file(LOOPBACK, server.port, FILE, timeout=30, cap=CAP))
        await server.someone_came()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.all_ended()


class Canned:
    """A stream that has everything to say at once."""

    def __init__(self, data: bytes) -> None:
        self._left = [data]

    async def receive(self) -> bytes:
        return self._left.pop() if self._left else b""

    async def send(self, data: bytes) -> None:
        pass

    async def close(self) -> None:
        pass


HEADERS = st.sampled_from(["Set-Cookie", "Location", "Content-Length", "Transfer-Encoding", "Connection", "X-Reason"])
NOT_IN_A_VALUE = b"\r\n\x00"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    start=st.one_of(st.binary(max_size=30), st.just(b"HTTP/1.1 200 OK")),
    headers=st.lists(st.tuples(HEADERS, st.binary(max_size=60).filter(lambda b: not set(b) & set(NOT_IN_A_VALUE)))),
    body=st.binary(max_size=100),
)
def test_no_answer_makes_it_raise(start: bytes, headers: list[tuple[str, bytes]], body: bytes) -> None:
    head = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in headers)

    async def login() -> HttpExchange:
        http = GatewayHttp(Canned(start + b"\r\n" + head + b"\r\n" + body), AUTHORITY, USER_AGENT)
        exchange = await http.exchange("GET", PATH, timeout=5)
        await http.exchange("POST", PATH, timeout=5)
        await http.close()
        return exchange

    exchange = asyncio.run(login())
    msgspec.json.decode(msgspec.json.encode(exchange), type=HttpExchange)


async def test_the_same_protocol_runs_over_plain_tcp() -> None:
    async with byte_server(serve(ASKS)) as server:
        http = GatewayHttp(await open_tcp(LOOPBACK, server.port, timeout=5), AUTHORITY, USER_AGENT)
        assert (await http.exchange("GET", PATH, timeout=5)).answer == "wants-login"
        await http.close()


def test_it_is_light_to_import() -> None:
    # Where click is installed, httpx loads its own command line with it.
    code = (
        "import sys; sys.modules['click'] = None; import vpnprobe.transport.http\n"
        "print(*{'OpenSSL', 'cryptography', 'dns', 'trio', 'rich'} & set(sys.modules))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.split() == []
