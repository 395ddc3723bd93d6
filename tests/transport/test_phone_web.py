"""A phone's web server: redirects, caps, and connections that it ends when it likes."""

from __future__ import annotations

import pytest

from tests.certificates import issue
from tests.transport.byte_server import LOOPBACK, Peer, byte_server, closed_port, unanswering_port
from tests.transport.tls_server import Gateway, TlsPeer
from vpnprobe.lab.listening import has_address
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.target import Endpoint
from vpnprobe.transport.phone_web import MAX_REDIRECTS, Fetched, PhoneServer
from vpnprobe.transport.tls_settings import TlsSettings
from vpnprobe.wire.tls.registry import Version


class Answers:
    """Gives an answer for each request, over one connection or, with `closes`, one for each."""

    def __init__(self, *answers: bytes, closes: bool = False) -> None:
        self._answers = list(answers)
        self._closes = closes
        self.asked: list[str] = []

    async def __call__(self, peer: Peer) -> None:
        while self._answers and (request := await peer.hear()):
            self.asked.append(request.partition(b"\r\n")[0].decode())
            await peer.send(
                self._answers.pop(0).replace(b"PORT", str(peer.writer.get_extra_info("sockname")[1]).encode())
            )
            if self._closes:
                return


def ok(body: bytes = b"page") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def leading(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


async def fetch(
    answers: Answers, *paths: str, cap: int = 1000, budget: int = 10_000, timeout: float = 5.0
) -> list[Fetched]:
    async with byte_server(answers) as running:
        server = PhoneServer(Endpoint(LOOPBACK, running.port), LOOPBACK, tls=None, timeout=timeout, budget=budget)
        found = [await server.get(path, cap=cap) for path in paths or ("/",)]
        await server.close()
        await running.all_ended()
    return found


async def test_pages_come_over_one_connection() -> None:
    answers = Answers(ok(), ok(b"two"))
    first, second = await fetch(answers, "/a?b=c.d", "/e")
    assert (first.status, first.content_type, first.body) == (200, "text/html", b"page")
    assert second.body == b"two"
    assert answers.asked == ["GET /a?b=c.d HTTP/1.1", "GET /e HTTP/1.1"]


async def test_a_connection_that_the_phone_ended_in_between_is_made_again() -> None:
    _, second = await fetch(Answers(ok(), ok(b"two"), closes=True), "/a", "/b")
    assert (second.status, second.body) == (200, b"two")


@pytest.mark.parametrize(
    "location",
    ["/there", "there", "http://127.0.0.1:PORT/there", "//127.0.0.1:PORT/there"],
    ids=["path", "relative", "url", "host"],
)
async def test_a_redirect_within_the_phone_is_followed(location: str) -> None:
    answers = Answers(leading(location), ok())
    [fetched] = await fetch(answers)
    assert (fetched.status, fetched.path) == (200, "/there")


@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.1:PORT/",
        "http://192.0.2.1/",
        "http://127.0.0.1:1/",
        "//evil.example/",
        "ftp://127.0.0.1/",
        "http://[::1/",
        "",
    ],
    ids=["https", "host", "port", "scheme-less", "scheme", "broken", "empty"],
)
async def test_a_redirect_to_elsewhere_is_told_and_not_followed(location: str) -> None:
    answers = Answers(leading(location), ok())
    [fetched] = await fetch(answers)
    assert fetched.status == 302
    assert fetched.failure is not None
    assert "not followed" in fetched.failure.detail
    assert len(answers.asked) == 1


async def test_redirects_end() -> None:
    answers = Answers(*[leading(f"/{number}", 301) for number in range(10)])
    [fetched] = await fetch(answers)
    assert fetched.failure is not None
    assert fetched.failure.detail == f"more than {MAX_REDIRECTS} redirects"
    assert len(answers.asked) == MAX_REDIRECTS + 1


async def test_a_page_is_cut_at_its_cap() -> None:
    [fetched] = await fetch(Answers(ok(b"a" * 2000)), cap=500)
    assert (fetched.status, len(fetched.body)) == (200, 500)
    assert fetched.failure is not None
    assert fetched.failure.kind is FailureKind.TOO_MUCH


async def test_all_pages_together_have_a_limit() -> None:
    found = await fetch(Answers(ok(b"a" * 600), ok(b"b" * 600), closes=True), "/a", "/b", "/c", budget=1000)
    assert [len(one.body) for one in found] == [600, 400, 0]
    assert [one.failure is not None for one in found] == [False, True, True]
    assert found[2].status is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"SSH-2.0-dropbear\r\n\r\n", FailureKind.MALFORMED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", FailureKind.CLOSED),
        (b"", FailureKind.CLOSED),
    ],
    ids=["SSH", "half", "nothing"],
)
async def test_answers_that_are_none(answer: bytes, kind: FailureKind) -> None:
    [fetched] = await fetch(Answers(answer, closes=True))
    assert fetched.failure is not None
    assert fetched.failure.kind is kind


@pytest.mark.skipif(not has_address("::1"), reason="this machine has no IPv6 on loopback")
async def test_over_ipv6() -> None:
    answers = Answers(leading("http://[::1]:PORT/there"), ok())
    async with byte_server(answers, "::1") as running:
        server = PhoneServer(Endpoint("::1", running.port), "::1", tls=None, timeout=5.0, budget=1000)
        fetched = await server.get("/", cap=100)
        await server.close()
        await running.all_ended()
    assert (fetched.status, fetched.path) == (200, "/there")


@pytest.mark.parametrize("version", [Version.TLS1_0, Version.TLS1_2], ids=["TLS 1.0", "TLS 1.2"])
async def test_old_and_new_tls(version: int) -> None:
    gateway = Gateway(identity=issue(cn="CP-7962G-SEP8CB64F576113"), minimum=version, maximum=version)

    async def serve(peer: Peer) -> None:
        tls = TlsPeer(peer, gateway)
        await tls.handshake()
        await tls.hear()
        await tls.send(ok())
        await tls.hear()

    settings = TlsSettings(minimum=Version.TLS1_0, maximum=Version.TLS1_3, suites=(0x1301, 0xC02F, 0x0035, 0x002F))
    async with byte_server(serve) as running:
        server = PhoneServer(Endpoint(LOOPBACK, running.port), LOOPBACK, tls=settings, timeout=5.0, budget=1000)
        fetched = await server.get("/", cap=100)
        await server.close()
        await running.all_ended()
    assert fetched.body == b"page"
    assert server.leaf == gateway.identity.der


async def test_nobody_there() -> None:
    server = PhoneServer(Endpoint(LOOPBACK, closed_port()), LOOPBACK, tls=None, timeout=5.0, budget=100)
    fetched = await server.get("/", cap=10)
    assert fetched.failure is not None
    assert fetched.failure.kind is FailureKind.REFUSED


async def test_no_answer_to_the_connection() -> None:
    with unanswering_port() as port:
        server = PhoneServer(Endpoint(LOOPBACK, port), LOOPBACK, tls=None, timeout=0.2, budget=100)
        fetched = await server.get("/", cap=10)
    assert fetched.failure is not None
    assert fetched.failure.kind is FailureKind.TIMEOUT
