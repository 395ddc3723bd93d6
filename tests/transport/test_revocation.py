"""CRL and OCSP addresses against servers that are healthy, odd and hostile."""

from __future__ import annotations

import asyncio
import hashlib
import re
import threading
from collections.abc import Awaitable, Callable

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transport.byte_server import LOOPBACK, Peer, Script, byte_server, closed_port, unanswering_port
from tests.wire.test_revocation import LEAF, NEXT_UPDATE, ROOT, SERIAL, STRANGER, crl, response
from vpnprobe.model.errors import TransportError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.federation import RevocationSource
from vpnprobe.model.observation import Resolution
from vpnprobe.model.target import is_address
from vpnprobe.transport import revocation
from vpnprobe.transport.names import Resolver
from vpnprobe.transport.revocation import Resolve, ask_crl, ask_ocsp
from vpnprobe.wire.revocation import Issued, RevocationReading, read_crl

Ask = Callable[..., Awaitable[RevocationSource]]
DER_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"


async def nobody(host: str) -> Resolution:
    raise AssertionError(f"{host} was looked up")


async def itself(host: str) -> Resolution:
    assert is_address(host)
    return Resolution(name=host, source="literal", addresses=(host,))


def at(*addresses: str, failure: Failure | None = None) -> Callable[[str], Awaitable[Resolution]]:
    async def resolve(host: str) -> Resolution:
        return Resolution(name=host, source="dns", addresses=addresses, failure=failure)

    return resolve


class Web:
    """Answers one request with these bytes and closes; `request` is what was asked."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self.request = b""

    async def __call__(self, peer: Peer) -> None:
        wanted = 1
        while len(self.request) < wanted:
            data = await peer.hear()
            if not data:
                return
            self.request += data
            head, end, _ = self.request.partition(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", head)
            wanted = len(head + end) + int(length[1] if length else 0) if end else len(self.request) + 1
        await peer.send(self._answer)


def whole(body: bytes) -> bytes:
    return DER_HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


async def ask_at(
    script: Script,
    ask: Ask = ask_crl,
    *,
    host: str = LOOPBACK,
    path: str = "/ca.crl",
    resolve: Resolve = itself,
    timeout: float = 5.0,
) -> RevocationSource:
    async with byte_server(script) as server:
        source = await ask(f"http://{host}:{server.port}{path}", LEAF.der, ROOT.der, resolve, timeout)
        await server.all_ended()
    return source


@pytest.mark.parametrize(
    ("ask", "body", "kind", "status"),
    [
        pytest.param(ask_crl, crl(), "crl", "good", id="CRL, not listed"),
        pytest.param(ask_crl, crl(SERIAL), "crl", "revoked", id="CRL, listed"),
        pytest.param(ask_ocsp, response(), "ocsp", "good", id="OCSP, good"),
        pytest.param(ask_ocsp, response(ocsp.OCSPCertStatus.REVOKED), "ocsp", "revoked", id="OCSP, revoked"),
        pytest.param(ask_ocsp, response(ocsp.OCSPCertStatus.UNKNOWN), "ocsp", "unknown", id="OCSP, unknown"),
    ],
)
def test_a_status(ask: Ask, body: bytes, kind: str, status: str) -> None:
    source = asyncio.run(ask_at(Web(whole(body)), ask))
    assert (source.kind, source.status, source.failure) == (kind, status, None)
    assert source.next_update == NEXT_UPDATE.isoformat()
    assert source.certificate == hashlib.sha256(LEAF.der).hexdigest()
    assert source.url.endswith("/ca.crl")
    assert source.duration_s > 0


def test_nobody_waits_while_a_crl_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, goes_on = threading.Event(), threading.Event()

    def read(data: bytes, issued: Issued) -> RevocationReading | Failure:
        reading.set()
        assert goes_on.wait(2), "the loop stands still"
        return read_crl(data, issued)

    async def run() -> RevocationSource:
        asking = asyncio.create_task(ask_at(Web(whole(crl()))))
        assert await asyncio.to_thread(reading.wait, 5)
        goes_on.set()
        return await asking

    monkeypatch.setattr(revocation, "read_crl", read)
    assert asyncio.run(run()).status == "good"


def test_a_chunked_answer() -> None:
    body = crl()
    chunked = DER_HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    assert asyncio.run(ask_at(Web(chunked))).status == "good"


def test_the_request_for_a_crl() -> None:
    web = Web(whole(crl()))
    asyncio.run(ask_at(web, host="crl.example.com.", path="/a%20b?x=1&y", resolve=at(LOOPBACK)))
    lines = web.request.decode().split("\r\n")
    assert lines[0] == "GET /a%20b?x=1&y HTTP/1.1"
    assert re.fullmatch(r"Host: crl\.example\.com:\d+", lines[1])
    assert "Authorization" not in web.request.decode()


def test_the_request_to_a_responder() -> None:
    web = Web(whole(response()))
    asyncio.run(ask_at(web, ask_ocsp, path=""))
    head, _, body = web.request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST / HTTP/1.1\r\n")
    assert b"\r\nContent-Type: application/ocsp-request" in head
    assert ocsp.load_der_ocsp_request(body).serial_number == SERIAL


@pytest.mark.parametrize(
    ("ask", "answer", "kind", "code", "detail"),
    [
        pytest.param(
            ask_crl, whole(crl(signer=STRANGER)), FailureKind.MALFORMED, None, "not signed", id="CRL, wrong signature"
        ),
        pytest.param(
            ask_ocsp,
            whole(response(signer=STRANGER)),
            FailureKind.MALFORMED,
            None,
            "signed by nobody",
            id="OCSP, wrong signature",
        ),
        pytest.param(
            ask_crl,
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            FailureKind.SERVER_ERROR,
            404,
            "HTTP 404 Not Found",
            id="not found",
        ),
        pytest.param(
            ask_crl,
            b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n",
            FailureKind.SERVER_ERROR,
            302,
            "HTTP 302 Found",
            id="redirect",
        ),
        pytest.param(
            ask_ocsp,
            whole(
                ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED).public_bytes(
                    Encoding.DER
                )
            ),
            FailureKind.SERVER_ERROR,
            6,
            "OCSP unauthorized",
            id="OCSP, unauthorized",
        ),
        pytest.param(ask_crl, whole(b"<html>"), FailureKind.MALFORMED, None, "it is no CRL", id="a page"),
        pytest.param(
            ask_ocsp, whole(b"\x30\x00"), FailureKind.MALFORMED, None, "it is no OCSP response", id="OCSP, broken DER"
        ),
        pytest.param(ask_crl, b"220 ftp ready\r\n", FailureKind.CLOSED, None, "", id="not HTTP, then closed"),
        pytest.param(ask_crl, b"", FailureKind.CLOSED, None, "", id="closed"),
        pytest.param(
            ask_crl,
            DER_HEAD + b"Content-Length: 999999\r\n\r\n" + crl(),
            FailureKind.CLOSED,
            None,
            "",
            id="less than announced",
        ),
        pytest.param(
            ask_ocsp, whole(bytes(revocation.MAX_OCSP_BYTES + 1)), FailureKind.TOO_MUCH, None, "", id="OCSP, huge"
        ),
    ],
)
def test_no_status(ask: Ask, answer: bytes, kind: FailureKind, code: int | None, detail: str) -> None:
    source = asyncio.run(ask_at(Web(answer), ask))
    assert source.failure is not None
    assert (source.status, source.failure.kind, source.failure.code) == (None, kind, code)
    assert detail in source.failure.detail


def test_a_crl_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocation, "MAX_CRL_BYTES", 300_000)

    async def flood(peer: Peer) -> None:
        await peer.hear()
        await peer.send(DER_HEAD + b"\r\n")
        while True:
            await peer.send(bytes(65536))

    source = asyncio.run(ask_at(flood))
    assert source.failure == Failure(kind=FailureKind.TOO_MUCH, detail="more than 300000 bytes of body")


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 ", b"HTTP/1.1 200 OK\r\n", DER_HEAD + b"Content-Length: 600\r\n\r\n"])
def test_a_slow_server_ends_at_the_limit(head: bytes) -> None:
    async def slow(peer: Peer) -> None:
        await peer.hear()
        await peer.send(head)
        await peer.trickle(b"a" * 600, pause=0.02)

    source = asyncio.run(ask_at(slow, timeout=0.2))
    assert source.failure is not None
    assert source.failure.kind is FailureKind.TIMEOUT
    assert source.duration_s < 5


async def ask_url(url: str, resolve: Resolve = nobody, timeout: float = 5.0, **ders: bytes) -> RevocationSource:
    return await ask_crl(
        url,
        ders.get("certificate", LEAF.der),
        ders.get("issuer", ROOT.der),
        resolve,
        timeout,
    )


@pytest.mark.parametrize(
    ("url", "detail"),
    [
        pytest.param("ldap:///CN=Example?certificateRevocationList?base", "ldap", id="ldap"),
        pytest.param("https://crl.example.com/ca.crl", "https", id="https"),
        pytest.param("file:///etc/passwd", "file", id="file"),
        pytest.param("ftp://crl.example.com/ca.crl", "ftp", id="ftp"),
        pytest.param("", "a URL with characters that belong in none", id="empty"),
        pytest.param("crl.example.com/ca.crl", "not a URL", id="no scheme"),
        pytest.param("http://user:secret@127.0.0.1/", "a URL with credentials", id="credentials"),
        pytest.param("http://@127.0.0.1/", "a URL with credentials", id="empty credentials"),
        pytest.param("http://127.0.0.1/\r\nX: y", "a URL with characters that belong in none", id="line end"),
        pytest.param("http://127.0.0.1/\x1b[2J", "a URL with characters that belong in none", id="escape"),
        pytest.param("http://crl.ex\u00e4mple.com/", "a URL with characters that belong in none", id="no ASCII"),
        pytest.param("http://127.0.0.1/ a", "a URL with characters that belong in none", id="blank"),
        pytest.param("http://" + "a" * 3000, "a URL that is too long", id="long"),
        pytest.param("http:///ca.crl", "a URL without a usable host and port", id="no host"),
        pytest.param("http://127.0.0.1:0/", "a URL without a usable host and port", id="port 0"),
        pytest.param("http://[fe80::1%25eth0]/", "a URL without a usable host and port", id="scope"),
        pytest.param("http://a\\b/", "a URL without a usable host and port", id="backslash"),
        pytest.param("http://127.0.0.1:99999/", "not a URL", id="port above all"),
        pytest.param("http://127.0.0.1:x/", "not a URL", id="port is no number"),
        pytest.param("http://[::1/", "not a URL", id="open bracket"),
    ],
)
def test_urls_that_are_not_asked(url: str, detail: str) -> None:
    source = asyncio.run(ask_url(url))
    assert source.url == url
    assert source.failure == Failure(kind=FailureKind.LOCAL, detail=f"not asked: {detail}")


def test_a_certificate_that_the_library_refuses_is_not_asked_about() -> None:
    source = asyncio.run(ask_url("http://crl.example.com/", certificate=b"\x30\x00"))
    assert source.failure is not None
    assert source.failure.kind is FailureKind.LOCAL
    assert source.certificate == hashlib.sha256(b"\x30\x00").hexdigest()


def test_a_name_without_an_address() -> None:
    missing = Failure(kind=FailureKind.NAME_NOT_FOUND)
    assert asyncio.run(ask_url("http://crl.example.com/", at(failure=missing))).failure == missing


def test_a_port_that_refuses() -> None:
    source = asyncio.run(ask_url(f"http://{LOOPBACK}:{closed_port()}/", itself))
    assert source.failure is not None
    assert source.failure.kind is FailureKind.REFUSED


def test_a_server_that_never_answers() -> None:
    with unanswering_port() as port:
        source = asyncio.run(ask_url(f"http://{LOOPBACK}:{port}/", itself, timeout=0.1))
    assert source.failure is not None
    assert source.failure.kind is FailureKind.TIMEOUT


def test_the_second_address_answers() -> None:
    source = asyncio.run(ask_at(Web(whole(crl())), host="crl.example.com", resolve=at("127.0.0.2", LOOPBACK)))
    assert source.status == "good"


def test_with_the_resolver_of_this_machine() -> None:
    source = asyncio.run(ask_at(Web(whole(crl())), host="localhost", resolve=Resolver(timeout=5).resolve))
    assert source.status == "good"


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=300))
def test_any_answer(answer: bytes) -> None:
    source = asyncio.run(ask_at(Web(answer)))
    assert (source.status, source.failure is None) == (None, False)


@given(st.text(max_size=60) | st.from_regex(r"http://[ -~]{0,20}", fullmatch=True))
def test_any_url(url: str) -> None:
    """Nothing is raised, and only names and addresses that can be dialled are."""

    async def one(host: str) -> Resolution:
        assert is_address(host) or re.fullmatch(r"[A-Za-z0-9_.-]+", host)
        return Resolution(name=host, source="dns", addresses=(LOOPBACK,))

    async def refused(address: str, port: int, timeout: float) -> None:
        assert is_address(address)
        assert 0 < port < 65536
        raise TransportError(Failure(kind=FailureKind.REFUSED))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(revocation, "open_tcp", refused)
        source = asyncio.run(ask_url(url, one))
    assert source.failure is not None
    assert source.failure.kind in (FailureKind.REFUSED, FailureKind.LOCAL)
