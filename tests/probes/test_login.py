"""Handshake and login, seen from the gateway: what is sent, how often, and to whom."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from OpenSSL import SSL

from tests.certificates import capf, chain
from tests.lab.accuracy import options_for
from tests.probes.networks import boot_server, needs_second_address, probe, two_gateways
from tests.stand_ins import LOOPBACK, SECOND, SESSION_COOKIE, RecordingGateway, log_in, wants_login
from tests.transport import tls_server
from tests.transport.byte_server import Peer, byte_server
from tests.transport.tls_server import TlsPeer
from vpnprobe.lab.configuration import configuration_file
from vpnprobe.lab.http import Request, response
from vpnprobe.lab.network import running_lab
from vpnprobe.lab.scenario import Certificate, Configuration, Gateway
from vpnprobe.lab.scenarios import find_scenario
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.pki.fingerprint import format_cert_hash, sha1
from vpnprobe.probes.options import Password
from vpnprobe.probes.phone import PhoneProbe
from vpnprobe.transport.tls_settings import ClientCredential

WRONG = "0" * 40
BY_PASSWORD = Gateway(asks_for=None, wants="password")
PASSWORD = Password(user="anna", password="not to be seen")


async def run(gateway: RecordingGateway, cert_hash: str | None = None, **changes: object) -> Evidence:
    async with gateway.at(LOOPBACK) as port:
        hashes = (cert_hash or gateway.cert_hash,)
        return await probe(f"https://127.0.0.1:{port}/VPNPhone", cert_hashes=hashes, **changes)


def methods(gateway: RecordingGateway) -> list[str]:
    return [request.method for request in gateway.requests]


# --- what a phone sends ---


async def test_the_login_of_a_phone_with_a_certificate(credential: ClientCredential) -> None:
    gateway = RecordingGateway()
    evidence = await run(gateway, client=credential)
    [session] = gateway.sessions
    assert session.client == credential.chain[0]
    assert [(request.method, request.target, request.body) for request in session.requests] == [
        ("GET", "/VPNPhone", b""),
        ("POST", "/VPNPhone", b""),
    ]
    get, post = session.requests
    assert get.headers["user-agent"] == "Cisco SVC IPPhone Client v1.0 (1.0)"
    assert get.headers["host"].startswith("127.0.0.1:")
    assert "cookie" not in get.headers
    assert post.headers["cookie"] == "webvpnlogin=1"
    [login] = evidence.logins
    assert (login.credential, login.answer) == ("certificate", "accepted")
    assert evidence.handshakes[0].client_certificate == evidence.client_chain[0]


async def test_a_certificate_that_is_asked_for_after_the_get_is_recorded(credential: ClientCredential) -> None:
    leaf = chain("127.0.0.1")

    async def serve(peer: Peer) -> None:
        tls = TlsPeer(peer, tls_server.Gateway(identity=leaf, asks_for=[capf()], asks_later=True))
        with contextlib.suppress(SSL.Error):
            await tls.handshake()
            await tls.hear()
            await tls.renegotiate()
            await tls.send(response(200, "OK", [("Set-Cookie", f"webvpn={SESSION_COOKIE}; secure")]))
        await peer.gone()

    async with byte_server(serve) as server:
        url = f"https://127.0.0.1:{server.port}/VPNPhone"
        evidence = await probe(url, cert_hashes=(format_cert_hash(sha1(leaf.der)),), client=credential)
    [handshake] = evidence.handshakes
    assert evidence.logins[0].answer == "accepted"
    assert handshake.client_certificate_requested
    assert handshake.client_certificate == evidence.client_chain[0]
    assert handshake.authorities == (capf().subject,)


async def test_the_login_of_a_phone_with_a_password() -> None:
    gateway = RecordingGateway(settings=BY_PASSWORD)
    evidence = await run(gateway, password=PASSWORD)
    assert methods(gateway) == ["GET", "POST"]
    assert gateway.requests[1].body == b"username=anna&password=not+to+be+seen"
    assert evidence.logins[0].credential == "password"
    assert evidence.handshakes[0].client_certificate is None


async def test_without_credentials_the_page_is_only_looked_at() -> None:
    gateway = RecordingGateway()
    evidence = await run(gateway)
    assert methods(gateway) == ["GET"]
    assert (evidence.logins[0].credential, evidence.logins[0].answer) == ("none", "wants-login")


@pytest.mark.parametrize(
    "status", [200, 302, 401, 404, 503], ids=["session at once", "redirect", "refused", "unknown", "unavailable"]
)
async def test_nothing_is_posted_where_no_login_is_asked_for(status: int, credential: ClientCredential) -> None:
    def answer(_request: Request) -> bytes:
        return response(status, "X", [("Location", "/elsewhere"), ("Set-Cookie", f"webvpn={SESSION_COOKIE}")])

    gateway = RecordingGateway(answer)
    await run(gateway, client=credential)
    assert methods(gateway) == ["GET"]


@pytest.mark.parametrize("answer", [response(401, "Authentication failed"), wants_login(Request("GET", "/"))])
async def test_no_second_attempt_after_a_refusal(answer: bytes) -> None:
    gateway = RecordingGateway(
        lambda request: wants_login(request) if request.method == "GET" else answer, settings=BY_PASSWORD
    )
    evidence = await run(gateway, password=PASSWORD)
    assert methods(gateway) == ["GET", "POST"]
    assert evidence.logins[0].answer == "refused"


@needs_second_address
async def test_one_attempt_in_all_with_two_addresses(credential: ClientCredential) -> None:
    """Accounts lock: the second address is looked at, and not logged in to."""
    first = RecordingGateway()
    second = first.twin()
    async with two_gateways(first, second) as two:
        evidence = await probe(two.url, resolver=two.resolver, cert_hashes=(first.cert_hash,), client=credential)
    # DNS servers give the addresses in any order.
    assert sorted((methods(first), methods(second))) == [["GET"], ["GET", "POST"]]
    assert [login.answer for login in evidence.logins] == ["accepted", "wants-login"]
    assert {login.address for login in evidence.logins} == set(two.addresses)


# --- to whom ---


async def test_nothing_secret_is_sent_when_the_pin_fails(credential: ClientCredential) -> None:
    gateway = RecordingGateway()
    evidence = await run(gateway, WRONG, client=credential)
    [session] = gateway.sessions
    assert session.client is None
    assert methods(gateway) == ["GET"]
    assert evidence.handshakes[0].client_certificate_requested
    assert evidence.handshakes[0].client_certificate is None
    assert evidence.logins[0].credential == "none"


async def test_no_password_is_sent_when_the_pin_fails() -> None:
    gateway = RecordingGateway(settings=BY_PASSWORD)
    await run(gateway, WRONG, password=PASSWORD)
    assert methods(gateway) == ["GET"]


async def test_nothing_secret_is_sent_when_no_hash_is_known(credential: ClientCredential) -> None:
    gateway = RecordingGateway()
    async with gateway.at(LOOPBACK) as port, boot_server({}) as boot:
        await probe(f"https://127.0.0.1:{port}/VPNPhone", client=credential, **boot.options)
    [session] = gateway.sessions
    assert session.client is None
    assert methods(gateway) == ["GET"]


async def test_nothing_secret_is_sent_when_the_host_id_check_fails(credential: ClientCredential) -> None:
    gateway = RecordingGateway(certificate=Certificate(common_name="another.example.com"))
    async with gateway.at(LOOPBACK) as port:
        url = f"https://127.0.0.1:{port}/VPNPhone"
        config = configuration_file(
            Configuration(host_id_check="1"), model="7962G", group_url=url, cert_hashes=(gateway.cert_hash,)
        )
        async with boot_server({"SEP8CB64F576113.cnf.xml": config}) as boot:
            evidence = await probe(url, client=credential, **boot.options)
    stops = [decision.rule for decision in evidence.decisions if decision.goes_on is not True]
    assert stops == ["host-id"]
    [session] = gateway.sessions
    assert session.client is None
    assert methods(gateway) == ["GET"]


@needs_second_address
async def test_only_the_address_that_is_trusted_gets_the_certificate(credential: ClientCredential) -> None:
    other, good = RecordingGateway(certificate=Certificate(edition=2)), RecordingGateway()
    async with two_gateways(other, good) as two:
        await probe(two.url, resolver=two.resolver, cert_hashes=(good.cert_hash,), client=credential)
    assert [session.client for session in other.sessions] == [None]
    assert methods(other) == ["GET"]
    assert [session.client for session in good.sessions] == [credential.chain[0]]
    assert methods(good) == ["GET", "POST"]


async def test_a_certificate_that_changes_between_two_connections() -> None:
    """The decision was about another certificate: the handshake stops before anything is sent."""
    async with running_lab(find_scenario("leaf-changes-between")) as lab:
        evidence = await PhoneProbe(options_for(lab)).run()
    [handshake] = evidence.handshakes
    assert not handshake.completed
    assert handshake.client_certificate is None
    assert handshake.leaf not in evidence.flights("7962G")[0].chain
    assert evidence.logins == ()


# --- redirects ---


def to(location: str) -> RecordingGateway:
    return RecordingGateway(lambda request: response(302, "Found", [("Location", location)]))


@needs_second_address
async def test_the_other_host_of_a_redirect_is_looked_at_and_asked_nothing(credential: ClientCredential) -> None:
    member = RecordingGateway(certificate=Certificate(edition=2))
    async with member.at(SECOND) as port:
        director = to(f"https://{SECOND}:{port}/VPNPhone")
        evidence = await run(director, client=credential)
    assert methods(director) == ["GET"]
    assert member.sessions == []
    [login] = evidence.logins
    assert (login.answer, login.redirect_host) == ("redirect-other-host", f"{SECOND}:{port}")
    assert login.redirect_flight
    assert login.redirect_flight.address == f"{SECOND}:{port}"
    assert login.redirect_flight.chain
    assert login.redirect_flight.chain[0] != evidence.first_flights[0].chain[0]
    assert set(login.redirect_flight.chain) <= set(evidence.certificates)


@pytest.mark.parametrize("location", ["https://127.0.0.2:9/VPNPhone", "//127.0.0.2:9/x", "http://127.0.0.2:9"])
async def test_a_redirect_to_a_host_that_is_not_there(location: str) -> None:
    evidence = await run(to(location))
    [login] = evidence.logins
    assert login.redirect_host == "127.0.0.2:9"
    assert login.redirect_flight
    assert login.redirect_flight.failure
    assert login.redirect_flight.failure.kind is FailureKind.REFUSED


@pytest.mark.parametrize(
    ("location", "answer"),
    [
        ("/other/path", "redirect-same-host"),
        ("https://127.0.0.1:1/x", "redirect-same-host"),
        ("", "not-an-asa"),
        ("https://[::1/x", "not-an-asa"),
    ],
)
async def test_redirects_that_lead_to_no_other_host(location: str, answer: str) -> None:
    [login] = (await run(to(location))).logins
    assert (login.answer, login.redirect_host, login.redirect_flight) == (answer, None, None)


# --- gateways that end the conversation ---


async def test_a_gateway_that_ends_the_session_with_its_answer(credential: ClientCredential) -> None:
    """The form is then sent over a second session, to the same certificate."""

    def closing(request: Request) -> bytes:
        return log_in(request).replace(b"\r\n", b"\r\nConnection: close\r\n", 1)

    gateway = RecordingGateway(closing)
    evidence = await run(gateway, client=credential)
    assert [[request.method for request in session.requests] for session in gateway.sessions] == [["GET"], ["POST"]]
    assert {session.client for session in gateway.sessions} == {credential.chain[0]}
    assert evidence.logins[0].answer == "accepted"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(b"", FailureKind.TIMEOUT), (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", FailureKind.TIMEOUT)],
    ids=["silence", "half a page"],
)
async def test_an_answer_that_does_not_come(answer: bytes, kind: FailureKind) -> None:
    def parts(_request: Request) -> Iterator[bytes]:
        yield answer

    [login] = (await run(RecordingGateway(parts))).logins
    [exchange] = login.exchanges
    assert exchange.failure
    assert exchange.failure.kind is kind
