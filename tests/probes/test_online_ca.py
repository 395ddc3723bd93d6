"""The online CA: one handshake, one page without a login, whatever answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from tests.probes.networks import QUICK
from tests.stand_ins import LOOPBACK, listening, name_server
from vpnprobe.lab.hostile import silent
from vpnprobe.lab.listening import STREAM, bound_sockets
from vpnprobe.lab.online_ca import ONLINE_CA_NAME, OnlineCaPki, OnlineCaServer, online_ca_server
from vpnprobe.model.capf import OnlineCa
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.target import Endpoint, Persona, Target
from vpnprobe.probes.online_ca import PAGE_BYTES, look_at_online_ca
from vpnprobe.probes.options import NetworkOptions
from vpnprobe.probes.recorder import Recorder
from vpnprobe.transport.names import Resolver


async def look(
    port: int,
    *,
    host: str = LOOPBACK,
    given: tuple[bytes, ...] = (),
    resolver: int | None = None,
    families: frozenset[int] = frozenset({4, 6}),
) -> OnlineCa:
    servers = () if resolver is None else (Endpoint(LOOPBACK, resolver),)
    network = NetworkOptions(resolvers=servers, timeout=QUICK.timeout, deadline=QUICK.deadline, families=families)
    recorder = Recorder("capf", Target(server=Endpoint(host, 3804)), Persona(profile="7962G"))
    names = Resolver(servers, timeout=network.timeout)
    seen = await look_at_online_ca(Endpoint(host, port), given, names, network, recorder)
    assert set(seen.chain) | set(seen.given) <= recorder.evidence().certificates.keys()
    return seen


@asynccontextmanager
async def running(wanted: OnlineCaServer | None = None) -> AsyncIterator[tuple[int, OnlineCaPki]]:
    wanted = wanted or OnlineCaServer()
    pki = OnlineCaPki(wanted, datetime.now(UTC))
    [sock] = bound_sockets([(LOOPBACK, STREAM)], 0)
    port = sock.getsockname()[1]
    async with online_ca_server(sock, wanted, pki):
        yield port, pki


async def test_a_healthy_one_by_its_name() -> None:
    async with running() as (port, pki), name_server({ONLINE_CA_NAME: (LOOPBACK,)}) as resolver:
        seen = await look(port, host=ONLINE_CA_NAME, given=(pki.root.der,), resolver=resolver)
    assert seen.failure is None
    assert seen.address == f"{LOOPBACK}:{port}"
    assert (seen.status, seen.server, seen.path) == (401, "Microsoft-IIS/8.5", "/certsrv/")
    assert seen.title == "401 - Unauthorized: Access is denied due to invalid credentials."
    assert seen.asks_client_certificate is False
    assert len(seen.chain) == 2
    assert len(seen.given) == 1


async def test_a_name_is_known_though_its_ip_version_is_not_to_be_dialled() -> None:
    async with name_server({ONLINE_CA_NAME: (LOOPBACK,)}) as resolver:
        seen = await look(443, host=ONLINE_CA_NAME, resolver=resolver, families=frozenset({6}))
    assert seen.resolution is not None
    assert seen.resolution.addresses == (LOOPBACK,)
    assert seen.address is None


@pytest.mark.parametrize("asks", ["asks", "insists"])
async def test_one_that_asks_for_a_certificate(asks: str) -> None:
    async with running(OnlineCaServer(asks="asks" if asks == "asks" else "insists")) as (port, pki):
        seen = await look(port)
    assert seen.asks_client_certificate is True
    assert seen.certificate_request is not None
    assert seen.certificate_request.authorities == (pki.root.certificate.subject.public_bytes(),)
    assert (seen.failure is None) is (asks == "asks")


async def test_a_name_that_nobody_knows() -> None:
    async with name_server({}) as resolver:
        seen = await look(443, host=ONLINE_CA_NAME, resolver=resolver)
    assert seen.resolution is not None
    assert seen.resolution.failure is not None
    assert seen.address is None


async def test_a_closed_port() -> None:
    async with running(OnlineCaServer(listens="refuses")) as (port, _):
        seen = await look(port)
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.REFUSED
    assert seen.chain == ()
    assert seen.asks_client_certificate is None


async def test_a_plain_http_server() -> None:
    async with running(OnlineCaServer(listens="plain")) as (port, _):
        seen = await look(port)
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.NOT_TLS


async def test_a_silent_one_ends_at_the_time_of_a_step() -> None:
    async with listening(silent) as port:
        seen = await look(port)
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.TIMEOUT


async def test_the_second_address_where_the_first_one_is_closed() -> None:
    async with running() as (port, _), name_server({ONLINE_CA_NAME: ("127.0.0.2", LOOPBACK)}) as resolver:
        seen = await look(port, host=ONLINE_CA_NAME, resolver=resolver)
    assert seen.failure is None
    assert seen.address == f"{LOOPBACK}:{port}"


HOSTILE = {
    "endless": b"HTTP/1.1 200 OK\r\n\r\n" + b"<" * (PAGE_BYTES + 1),
    "open-tags": b"HTTP/1.1 200 OK\r\nContent-Length: 120000\r\n\r\n" + b"<html " * 20000,
    "scripts": b"HTTP/1.1 200 OK\r\nContent-Length: 120000\r\n\r\n" + b"<script>" * 15000,
    "no-http": b"\xff" * 100,
    "controls": b"HTTP/1.1 200 \x1b[31m\r\nServer: \x1b[2J\r\nContent-Length: 9\r\n\r\n\x1b]0;x\x07abc",
}


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE)
async def test_hostile_pages_are_capped(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vpnprobe.lab.online_ca._answer", lambda _wanted: answer)
    async with running() as (port, _):
        seen = await asyncio.wait_for(look(port), 5)
    assert all(len(text) <= 400 for text in (seen.title, seen.excerpt, seen.server, seen.language) if text)
