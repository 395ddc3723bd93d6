"""Evidence of given certificates: what is kept with each, and what a server is asked."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import asa_self_signed, issue
from tests.checks.lsc.builder import CAPF, LSC, OTHER_CAPF
from tests.stand_ins import listening, name_server
from vpnprobe.lab.given.certificates import GivenPki
from vpnprobe.lab.given.network import running_certificate_lab
from vpnprobe.lab.given.scenario import CertificateOptions as LabOptions
from vpnprobe.lab.given.scenario import CertificateScenario
from vpnprobe.lab.listening import STREAM, Handler, bound_sockets, endpoint_of, tcp_server
from vpnprobe.lab.tls import TlsStream, ask_for_certificate, plain_context
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.target import Endpoint
from vpnprobe.phones import load_profile
from vpnprobe.pki.request import KeyRequest
from vpnprobe.probes.certificate import CertificateOptions, CertificateProbe, CertificateRun
from vpnprobe.probes.options import NetworkOptions

PROFILE = load_profile("7962G")
FAST = NetworkOptions(timeout=1.0)
ASKING = CertificateScenario(
    name="asking",
    title="A server that names two CAs",
    story=("It asks.", "It names."),
    options=LabOptions(gateway_names=("capf", "manufacturing")),
)


def sha256(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()


def test_a_certificate_is_kept_with_all_that_it_is_held_against() -> None:
    run = CertificateRun(
        CertificateOptions(profile=PROFILE, online_ca=True, capf=(CAPF.der, OTHER_CAPF.der), use="lsc")
    )
    evidence = run.evidence("a.pem", LSC.der, place=2, chain=(CAPF.der,))
    [item] = evidence.given_certificates
    assert (item.certificate, item.chain) == (sha256(LSC.der), (sha256(CAPF.der),))
    assert item.capf == (sha256(CAPF.der), sha256(OTHER_CAPF.der))
    assert (item.place, item.use_given, item.online_ca, item.authorities) == (2, "lsc", True, None)
    assert evidence.target.label == "a.pem, certificate 2"
    assert set(evidence.certificates.values()) == {LSC.der, CAPF.der, OTHER_CAPF.der}
    assert [(stage.name, stage.status) for stage in evidence.stages] == [("read", "done"), ("certificate", "done")]


def test_a_certificate_that_comes_twice_in_a_file_is_not_its_own_chain() -> None:
    [item] = (
        CertificateRun(CertificateOptions(profile=PROFILE)).evidence("a", LSC.der, chain=(LSC.der,)).given_certificates
    )
    assert item.chain == ()


def test_requests_are_those_of_the_same_phone() -> None:
    mine = KeyRequest(("CP-7962G-SEP8CB64F576113",), "aa")
    run = CertificateRun(CertificateOptions(profile=PROFILE, requests=(mine, KeyRequest(("CP-7962G-SEP0",), "bb"))))
    assert run.evidence("a", LSC.der).given_certificates[0].request_keys == ("aa",)
    assert run.evidence("a", CAPF.der).given_certificates[0].request_keys == ()


@pytest.mark.parametrize(
    ("der", "use"),
    [
        pytest.param(issue(cn="vpn.example.com").der, "gateway", id="plain-name"),
        pytest.param(issue(cn="vpn.example.com", ca=True).der, "gateway", id="self-signed-authority"),
        pytest.param(asa_self_signed().der, None, id="told-by-itself"),
    ],
)
def test_what_a_server_shows_as_its_own_is_a_gateways(der: bytes, use: str | None) -> None:
    run = CertificateRun(CertificateOptions(profile=PROFILE))
    assert run.evidence("https://x", der, is_shown=True).given_certificates[0].use_given == use
    assert run.evidence("a.pem", der).given_certificates[0].use_given is None


def test_a_source_without_a_certificate() -> None:
    evidence = CertificateRun(CertificateOptions(profile=PROFILE)).nothing("a.key", "no certificate in it")
    assert evidence.given_certificates == ()
    assert [(stage.status, stage.because) for stage in evidence.stages] == [
        ("failed", "no certificate in it"),
        ("skipped", "read"),
    ]


async def test_a_gateway_is_asked_once_for_all() -> None:
    async with running_certificate_lab(ASKING) as lab:
        run = CertificateRun(CertificateOptions(profile=PROFILE, gateway=lab.gateway, network=FAST))
        await run.ask_gateway()
    # The server is gone by now.
    for der in (LSC.der, CAPF.der):
        evidence = run.evidence("a", der)
        [item] = evidence.given_certificates
        assert item.authorities is not None
        assert len(item.authorities) == 2
        assert [(flight.hello, flight.failure) for flight in evidence.first_flights] == [("7962G", None)]
        assert set(evidence.first_flights[0].chain) <= set(evidence.certificates)


async def test_a_server_that_refuses_the_phones_hello_is_asked_with_another() -> None:
    pki = GivenPki(datetime.now(UTC))
    context = plain_context(("AES256-SHA",), (pki.signer("company"),), minimum="TLS 1.2", maximum="TLS 1.2")
    ask_for_certificate(context, [pki.signer("capf").certificate], insist=False, accept=True)
    [sock] = bound_sockets((("127.0.0.1", STREAM),), 0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await TlsStream(context, reader, writer).handshake()

    async with tcp_server(sock, serve):
        run = CertificateRun(CertificateOptions(profile=PROFILE, gateway=endpoint_of(sock), network=FAST))
        await run.ask_gateway()
    evidence = run.evidence("a", LSC.der)
    assert [(flight.hello, flight.failure is None) for flight in evidence.first_flights] == [
        ("7962G", False),
        ("both", True),
    ]
    [item] = evidence.given_certificates
    assert item.authorities is not None
    assert len(item.authorities) == 1


async def test_what_fails_is_in_the_evidence() -> None:
    run = CertificateRun(CertificateOptions(profile=PROFILE, gateway=Endpoint("127.0.0.1", 9), network=FAST))
    await run.ask_gateway()
    evidence = run.evidence("a", LSC.der)
    assert evidence.given_certificates[0].authorities is None
    assert [flight.failure.kind for flight in evidence.first_flights if flight.failure] == [FailureKind.REFUSED]


async def test_the_deadline_of_a_server() -> None:
    hurry = NetworkOptions(deadline=0.0)
    run = CertificateRun(CertificateOptions(profile=PROFILE, gateway=Endpoint("127.0.0.1", 9), network=hurry))
    await run.ask_gateway()
    resolution = run.evidence("a", LSC.der).resolution
    assert resolution is not None
    assert resolution.failure is not None
    assert resolution.failure.kind is FailureKind.DEADLINE


async def test_the_chain_of_a_server_comes_once(tmp_path: Path) -> None:
    async with running_certificate_lab(ASKING) as lab:
        assert lab.gateway is not None
        visited = await CertificateRun(CertificateOptions(profile=PROFILE, network=FAST)).visit(lab.gateway)
    [(address, chain)] = visited.chains()
    assert address == str(lab.gateway)
    assert len(chain) == 1


# --- all of one source ---


async def test_a_file_and_the_gateway_that_it_is_held_against_are_one_run() -> None:
    async with running_certificate_lab(ASKING) as lab:
        options = CertificateOptions(profile=PROFILE, gateway=lab.gateway, network=FAST)
        probe = CertificateProbe(options, "a.pem", certificates=(LSC.der, CAPF.der))
        evidence = await probe.run()
    first, second = evidence.given_certificates
    assert (first.certificate, first.chain, first.place) == (sha256(LSC.der), (sha256(CAPF.der),), 1)
    assert (second.certificate, second.chain, second.place) == (sha256(CAPF.der), (sha256(LSC.der),), 2)
    assert first.authorities is not None
    assert evidence.target.label == "a.pem"
    assert evidence.duration_s > 0


@pytest.mark.parametrize("second", ["company", "capf"], ids=["the same certificate", "another one"])
async def test_a_server_at_two_addresses_is_one_run(second: str) -> None:
    pki = GivenPki(datetime.now(UTC))
    hosts = ("127.0.0.1", "127.0.0.2")

    def showing(name: Any) -> Handler:
        context = plain_context(("AES256-SHA",), (pki.signer(name),), minimum="TLS 1.0", maximum="TLS 1.2")

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await TlsStream(context, reader, writer).handshake()

        return serve

    one, two = bound_sockets([(host, STREAM) for host in hosts], 0)
    port = endpoint_of(one).port
    async with (
        name_server({"x.test": hosts}) as dns,
        tcp_server(one, showing("company")),
        tcp_server(two, showing(second)),
    ):
        network = NetworkOptions(timeout=1.0, resolvers=(Endpoint("127.0.0.1", dns),))
        options = CertificateOptions(profile=PROFILE, network=network)
        evidence = await CertificateProbe(options, "https://x", server=Endpoint("x.test", port)).run()
    sources = ["https://x"] if second == "company" else [f"https://x at {host}:{port}" for host in hosts]
    assert sorted(item.source for item in evidence.given_certificates) == sources
    assert {item.certificate for item in evidence.given_certificates} <= set(evidence.certificates)
    assert (evidence.target.label, {item.place for item in evidence.given_certificates}) == ("https://x", {1})


async def test_a_server_that_shows_nothing() -> None:
    options = CertificateOptions(profile=PROFILE, network=FAST)
    evidence = await CertificateProbe(options, "https://x", server=Endpoint("127.0.0.1", 9)).run()
    assert evidence.given_certificates == ()
    assert evidence.stages[0].because == "no certificate: refused"


async def test_a_source_at_its_deadline() -> None:
    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(silent) as port:
        network = NetworkOptions(timeout=5.0, deadline=0.2)
        options = CertificateOptions(profile=PROFILE, gateway=Endpoint("127.0.0.1", port), network=network)
        probe = CertificateProbe(options, "a.pem", certificates=(LSC.der,))
        assert probe.evidence().stages[0].because == "not read yet"
        evidence = await probe.run()
        server = CertificateProbe(options, "https://x", server=Endpoint("127.0.0.1", port))
        shown = await server.run()
    # A gateway that says nothing takes no certificate away.
    [item] = evidence.given_certificates
    assert (item.certificate, item.authorities) == (sha256(LSC.der), None)
    assert shown.stages[0].because == "no certificate: deadline"
    assert (probe.evidence("deadline").interrupted, probe.evidence("deadline").given_certificates) == ("deadline", ())
