"""The CAPF probe: every row of the connection table with real sockets, what peers say, and that we say nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.certificates import issue, rsa_key
from tests.checks.evidence_builder import NOW, finding
from tests.lab.accuracy import capf_options
from tests.stand_ins import listening
from tests.transport.byte_server import closed_port
from vpnprobe.lab import hostile, raw_tls
from vpnprobe.lab.capf.certificates import CapfPki
from vpnprobe.lab.capf.network import running_capf_lab
from vpnprobe.lab.capf.scenario import CapfScenario, CapfServer, Network, Options
from vpnprobe.lab.capf.scenarios import find_capf_scenario
from vpnprobe.lab.listening import has_address
from vpnprobe.lab.tls import TlsStream, plain_context
from vpnprobe.model.capf import Capf, CapfVisit, Family
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.target import Endpoint
from vpnprobe.phones.profile import load_profile
from vpnprobe.probes.capf import CapfProbe
from vpnprobe.probes.options import CapfOptions, GivenConfig, GivenFile, NetworkOptions

NETWORK = NetworkOptions(timeout=1.0)
V4: tuple[Family, ...] = ("IPv4",)
V6: tuple[Family, ...] = ("IPv6",)
BOTH: tuple[Family, ...] = ("IPv6", "IPv4")
# By hand from the written format: AUTH_REQUEST of session 7, version 3, no authentication.
GREETING = bytes.fromhex("5501000000070008 07000103 08000100")

needs_ipv6 = pytest.mark.skipif(not has_address("::1"), reason="this machine has no IPv6 on loopback")

# The vendor's table (CA-42), row by row: stack, the phone's addresses, CAPF's addresses, the phone's order.
ROWS = [
    (1, "dual", BOTH, BOTH, BOTH),
    (2, "dual", V4, BOTH, V4),
    (3, "dual", V6, BOTH, V6),
    (4, "dual", V4, V4, V4),
    (5, "dual", BOTH, V6, V6),
    (6, "dual", BOTH, V4, V4),
    (7, "dual", V4, V6, ()),
    (8, "dual", V6, V4, ()),
    (9, "dual", V6, V6, V6),
    (10, "v4", V4, BOTH, V4),
    (11, "v6", V6, BOTH, V6),
    (12, "v4", V4, V4, V4),
    (13, "v4", V4, V6, ()),
    (14, "v6", V6, V6, V6),
    (15, "v6", V6, V4, ()),
]


def network(families: tuple[Family, ...], *, closed: tuple[Family, ...] = ()) -> Network:
    def server(family: Family) -> CapfServer | None:
        if family not in families:
            return None
        return CapfServer(listens="refuses") if family in closed else CapfServer()

    return Network(ipv4=server("IPv4"), ipv6=server("IPv6"))


def scenario(wanted: Network | CapfServer, **options: Any) -> CapfScenario:
    return CapfScenario(
        name="capf-test",
        title="A test",
        story=("It is run.", "It ends."),
        network=Network(ipv4=wanted) if isinstance(wanted, CapfServer) else wanted,
        options=Options(**options),
    )


async def probe(wanted: CapfScenario, **changes: Any) -> Evidence:
    async with running_capf_lab(wanted) as lab:
        evidence = await CapfProbe(replace(capf_options(lab), **changes)).run()
        assert not lab.heard
    return evidence


def seen(evidence: Evidence) -> Capf:
    assert evidence.capf is not None
    return evidence.capf


def visit(evidence: Evidence) -> CapfVisit:
    [only] = seen(evidence).visits
    return only


async def at(port: int, host: str = "127.0.0.1", model: str = "7962G", **options: Any) -> Evidence:
    wanted: dict[str, Any] = {"server": Endpoint(host, port), "profile": load_profile(model), "network": NETWORK}
    return await CapfProbe(CapfOptions(**wanted | options)).run()


def statuses(evidence: Evidence) -> dict[str, str]:
    return {stage.name: stage.status for stage in evidence.stages}


# --- the connection table ---


@needs_ipv6
@pytest.mark.parametrize(
    ("row", "stack", "phone", "capf", "order"), [pytest.param(*row, id=f"row {row[0]}") for row in ROWS]
)
async def test_every_row_with_real_sockets(
    row: int, stack: Any, phone: tuple[Family, ...], capf: tuple[Family, ...], order: tuple[Family, ...]
) -> None:
    evidence = await probe(scenario(network(capf), stack=stack), phone_addresses=phone)
    found = seen(evidence)
    assert found.row is not None
    assert (found.row.row, found.row.order) == (row, order)
    # Both versions are visited and reported, whichever the phone takes.
    assert {one.family: one.spoke for one in found.visits} == dict.fromkeys(capf, "capf")
    assert (found.row.note is not None) == (row == 3)
    assert finding(evidence, "CPF002").status == ("pass" if order else "fail")
    assert finding(evidence, "CPF003").status == ("pass" if order else "not-applicable")


@needs_ipv6
@pytest.mark.parametrize(
    ("row", "stack", "phone", "capf", "order"), [pytest.param(*row, id=f"row {row[0]}") for row in ROWS if row[4]]
)
async def test_every_row_where_the_phone_s_way_is_closed(
    row: int, stack: Any, phone: tuple[Family, ...], capf: tuple[Family, ...], order: tuple[Family, ...]
) -> None:
    """Only row 1 has a second way; everywhere else a closed port of the phone's version is the end."""
    evidence = await probe(scenario(network(capf, closed=order[:1]), stack=stack), phone_addresses=phone)
    assert finding(evidence, "CPF003").status == ("pass" if row == 1 else "fail")
    second = [finding(evidence, "CPF010", one.address).status for one in seen(evidence).visits]
    assert second.count("fail") == (1 if row == 1 else 0)


@needs_ipv6
async def test_a_literal_is_all_that_capf_has() -> None:
    async with running_capf_lab(scenario(network(BOTH))) as lab:
        by_v6 = await at(lab.port, "::1")
        by_v4 = await at(lab.port)
    assert [one.spoke for one in (visit(by_v6), visit(by_v4))] == ["capf", "capf"]
    rows = [seen(evidence).row for evidence in (by_v6, by_v4)]
    assert [row.row for row in rows if row is not None] == [5, 6]


@needs_ipv6
@pytest.mark.parametrize("family", [4, 6])
async def test_a_version_that_is_left_out_still_counts_in_the_table(family: int) -> None:
    async with running_capf_lab(scenario(network(BOTH))) as lab:
        options = capf_options(lab)
        restricted = NetworkOptions(resolvers=(lab.resolver,), families=frozenset({family}))
        evidence = await CapfProbe(replace(options, network=restricted)).run()
    found = seen(evidence)
    assert found.row is not None
    assert found.row.row == 1
    assert [one.family for one in found.visits] == [f"IPv{family}"]
    assert found.not_dialled == (("IPv6",) if family == 4 else ("IPv4",))


@needs_ipv6
async def test_where_nothing_of_the_version_is_there_nothing_is_dialled() -> None:
    async with running_capf_lab(scenario(network(V4))) as lab:
        restricted = NetworkOptions(resolvers=(lab.resolver,), families=frozenset({6}))
        evidence = await CapfProbe(replace(capf_options(lab), network=restricted)).run()
    assert not seen(evidence).visits
    assert finding(evidence, "CPF003").status == "inconclusive"


# --- what peers say ---


async def test_a_greeting() -> None:
    evidence = await probe(find_capf_scenario("capf-healthy"))
    only = visit(evidence)
    assert only.spoke == "capf"
    assert only.greeting is not None
    assert (only.greeting.command, only.greeting.version, only.greeting.auth_type) == (1, 3, 0)
    assert (only.problem, only.failure, only.attempt) == (None, None, 1)
    assert only.connect_s > 0
    assert statuses(evidence) == {
        "resolve": "done",
        "connect": "done",
        "handshake": "done",
        "greeting": "done",
        "certificate": "done",
        "trust-list": "done",
        "online-ca": "skipped",
    }
    [flight] = evidence.first_flights
    assert (flight.hello, flight.offered_version) == ("7962G", 0x0301)
    [handshake] = evidence.handshakes
    assert handshake.completed
    assert handshake.client_certificate is None


@pytest.mark.parametrize(
    ("name", "spoke", "kind", "is_session"),
    [
        ("capf-port-closed", "no-connection", FailureKind.REFUSED, False),
        ("capf-port-filtered", "no-connection", FailureKind.TIMEOUT, False),
        ("capf-silent", "silent", FailureKind.TIMEOUT, False),
        ("capf-hangs-up", "closed", FailureKind.CLOSED, False),
        ("capf-half-record", "silent", FailureKind.TIMEOUT, False),
        ("capf-plain-smtp", "plain", FailureKind.NOT_TLS, False),
        ("capf-plain-greeting", "plain", FailureKind.NOT_TLS, False),
        ("capf-tls12-only", "tls-failed", FailureKind.TLS_ALERT, False),
        ("capf-insists", "tls-failed", FailureKind.TLS_ALERT, True),
        ("capf-silent-in-tls", "silent", FailureKind.TIMEOUT, True),
        ("capf-closes-in-tls", "closed", FailureKind.CLOSED, True),
        ("capf-smtp-in-tls", "other", None, True),
        ("capf-garbage", "other", None, True),
        ("capf-endless-greeting", "other", None, True),
        ("capf-half-greeting", "other", FailureKind.CLOSED, True),
    ],
)
async def test_peers_are_told_apart(name: str, spoke: str, kind: FailureKind | None, is_session: bool) -> None:
    only = visit(await probe(find_capf_scenario(name)))
    assert only.spoke == spoke
    assert (only.failure.kind if only.failure else None) == kind
    assert bool(only.chain) == is_session


async def test_what_a_stranger_said_is_kept() -> None:
    in_tls = visit(await probe(find_capf_scenario("capf-smtp-in-tls")))
    plain = visit(await probe(find_capf_scenario("capf-plain-smtp")))
    assert [one.excerpt and one.excerpt.strip() for one in (in_tls, plain)] == ["220 mail.lab.example ESMTP"] * 2
    assert in_tls.problem == "protocol at byte 0: 0x32 instead of 0x55"
    unwrapped = visit(await probe(find_capf_scenario("capf-plain-greeting")))
    assert unwrapped.problem == "the greeting of CAPF, but without TLS"


async def test_a_server_that_leaves_behind_its_certificate_had_no_session() -> None:
    chain = (CapfPki(NOW).certificate(CapfServer().certificate).der,)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = await raw_tls.read_hello(reader)
        hello_back = raw_tls.server_hello(hello.version, raw_tls.RSA_AES_256_CBC_SHA)
        for message in (hello_back, raw_tls.certificate_message(chain)):
            writer.write(raw_tls.records(HANDSHAKE, hello.version, message))
        await writer.drain()

    async with listening(serve) as port:
        evidence = await at(port)
    assert evidence.first_flights[0].chain
    only = visit(evidence)
    assert (only.spoke, only.chain) == ("closed", ())
    assert finding(evidence, "CPF009").status == "inconclusive"


async def test_bytes_after_the_greeting_are_told() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream = TlsStream(context, reader, writer)
        await stream.handshake()
        await stream.write(GREETING + b"more")
        await stream.read()

    certificate = CapfPki(NOW).certificate(CapfServer().certificate)
    context = plain_context(("AES256-SHA",), (certificate,), minimum="TLS 1.0", maximum="TLS 1.2")
    async with listening(serve) as port:
        only = visit(await at(port))
    assert only.spoke == "capf"
    assert only.problem == "4 bytes follow the greeting, though nothing was answered"


async def test_a_modern_hello_shows_what_else_is_taken() -> None:
    evidence = await probe(find_capf_scenario("capf-tls12-only"))
    own, modern = evidence.first_flights
    assert (own.hello, modern.hello) == ("7962G", "modern")
    assert own.failure is not None
    assert modern.version == 0x0303
    assert not evidence.handshakes


async def test_a_client_certificate_that_is_asked_for_is_recorded_and_not_sent() -> None:
    evidence = await probe(find_capf_scenario("capf-healthy-asks"))
    assert visit(evidence).certificate_request is not None
    assert evidence.handshakes[0].client_certificate_requested
    assert evidence.handshakes[0].client_certificate is None


async def test_a_name_that_nobody_knows() -> None:
    evidence = await probe(find_capf_scenario("capf-name-unknown"))
    found = seen(evidence)
    assert (found.visits, found.row) == ((), None)
    assert statuses(evidence)["resolve"] == "failed"
    assert statuses(evidence)["connect"] == "skipped"


# --- what we say ---


class Recording:
    """A way to a CAPF that keeps what the client sent, as it was on the wire."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.sent: list[bytearray] = []
        self.all_ended = asyncio.Event()
        self._open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent = bytearray()
        self.sent.append(sent)
        self._open += 1
        self.all_ended.clear()
        theirs, ours = await asyncio.open_connection("127.0.0.1", self._port)
        back = asyncio.create_task(self._carry(theirs, writer))
        try:
            while data := await reader.read(65536):
                sent += data
                ours.write(data)
        finally:
            back.cancel()
            ours.close()
            await ours.wait_closed()
            self._open -= 1
            if not self._open:
                self.all_ended.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)


def record_types(data: bytes) -> list[int]:
    found = []
    while data:
        found.append(data[0])
        data = data[5 + int.from_bytes(data[3:5], "big") :]
    return found


HANDSHAKE, CHANGE_CIPHER, ALERT, APPLICATION = 22, 20, 21, 23


@pytest.mark.parametrize(
    "name",
    ["capf-healthy", "capf-silent-in-tls", "capf-garbage", "capf-busy", "capf-healthy-asks", "capf-healthy-8841"],
)
async def test_no_application_byte_ever_leaves_us(name: str) -> None:
    """Not one record of application data is on the wire, and the server decrypts nothing."""
    wanted = find_capf_scenario(name)
    async with running_capf_lab(wanted) as lab:
        between = Recording(lab.port)
        async with listening(between.serve) as port:
            evidence = await at(port, model=wanted.model)
            await between.all_ended.wait()
        assert not lab.heard
    assert evidence.handshakes[0].completed
    types = [record_types(bytes(sent)) for sent in between.sent]
    assert len(types) == 2
    # The first flight is one hello; the handshake goes to its end and says goodbye.
    assert types[0] == [HANDSHAKE]
    assert types[1][-1] == ALERT
    assert all(one in (HANDSHAKE, CHANGE_CIPHER, ALERT) for one in types[1])


# --- retries ---


class Awakening:
    """A CAPF that hangs up on its first connections, then is what it ought to be."""

    def __init__(self, port: int, deaf: int) -> None:
        self._port = port
        self._deaf = deaf
        self.opened: list[float] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened.append(time.monotonic())
        if len(self.opened) <= self._deaf:
            return
        await Recording(self._port).serve(reader, writer)


@asynccontextmanager
async def awakening(deaf: int) -> AsyncIterator[tuple[int, Awakening]]:
    async with running_capf_lab(find_capf_scenario("capf-healthy")) as lab:
        server = Awakening(lab.port, deaf)
        async with listening(server.serve) as port:
            yield port, server


async def test_no_retry_without_being_asked() -> None:
    async with awakening(deaf=2) as (port, server):
        evidence = await at(port)
    assert visit(evidence).spoke == "closed"
    assert len(server.opened) == 2  # the model's hello, and a modern one


async def test_retries_as_a_phone_makes_them() -> None:
    async with awakening(deaf=4) as (port, _):
        evidence = await at(port, retries=3, retry_interval=0.05)
    assert [(one.attempt, one.spoke) for one in seen(evidence).visits] == [(1, "closed"), (2, "closed"), (3, "capf")]
    assert statuses(evidence)["greeting"] == "done"
    retried = finding(evidence, "CPF011")
    assert (retried.status, retried.facts["tries"]) == ("pass", 3)
    assert finding(evidence, "CPF009").status == "pass"


async def test_retries_end_with_the_fourth_try() -> None:
    evidence = await at(closed_port(), retries=3, retry_interval=0.02)
    assert [one.attempt for one in seen(evidence).visits] == [1, 2, 3, 4]
    assert finding(evidence, "CPF011").status == "fail"


async def test_what_answers_at_once_is_not_asked_again() -> None:
    async with awakening(deaf=0) as (port, server):
        evidence = await at(port, retries=3, retry_interval=0.02)
    assert visit(evidence).spoke == "capf"
    assert len(server.opened) == 2


@needs_ipv6
@pytest.mark.parametrize(
    ("stack", "tries", "status"), [("dual", (1, 1), "pass"), ("v6", (1, 3), "fail"), ("v4", (1, 1), "pass")]
)
async def test_only_a_phone_that_nobody_greeted_tries_again(stack: Any, tries: tuple[int, int], status: str) -> None:
    """IPv4 greets, IPv6 is closed: a phone that takes IPv4 is content, one that does not is not helped by it."""
    wanted = scenario(network(BOTH, closed=V6), stack=stack)
    evidence = await probe(wanted, retries=2, retry_interval=0.02)
    visits = seen(evidence).visits
    made = tuple(max(one.attempt for one in visits if one.family == family) for family in ("IPv4", "IPv6"))
    assert made == tries
    assert finding(evidence, "CPF011").status == status


# --- the end of a run ---


async def test_the_deadline_leaves_what_was_seen() -> None:
    async with listening(hostile.silent) as port:
        evidence = await at(port, network=NetworkOptions(timeout=30, deadline=0.3))
    assert evidence.interrupted == "deadline"
    assert statuses(evidence)["connect"] == "failed"
    assert not seen(evidence).visits


async def test_waits_between_retries_are_no_part_of_the_deadline() -> None:
    evidence = await at(closed_port(), retries=2, retry_interval=0.3, network=NetworkOptions(timeout=1, deadline=0.2))
    assert evidence.interrupted is None
    assert len(seen(evidence).visits) == 3


# --- trust lists and configuration ---


async def test_the_trust_list_s_capf_is_known() -> None:
    evidence = await probe(find_capf_scenario("capf-healthy"))
    [held] = evidence.trust_lists
    assert (held.kind, held.origin, held.problem) == ("ITL", "held", None)
    assert [record.role for record in held.records] == [2, 4]
    assert seen(evidence).ca_certificates == visit(evidence).chain


@pytest.mark.parametrize(
    "data", [b"", b"\x01", b"<html>", b"\x01\x00\x02\x01\x02\x02\x00\x02\xff\xff"], ids=["empty", "one", "page", "cut"]
)
async def test_a_list_that_cannot_be_read_is_a_fact(data: bytes) -> None:
    evidence = await at(closed_port(), trust_lists=(GivenFile(name="CTLFile.tlv", data=data),))
    [held] = evidence.trust_lists
    assert held.kind == "CTL"
    assert held.problem
    assert statuses(evidence)["trust-list"] == "failed"


async def test_a_given_certificate_is_enough() -> None:
    der = issue(cn="CAPF-00000000", ca=True, key=rsa_key(slot=3)).der
    evidence = await at(closed_port(), certificates=(der,))
    [name] = seen(evidence).ca_certificates
    assert evidence.certificates[name] == der
    assert statuses(evidence)["trust-list"] == "done"


async def test_a_configuration_that_cannot_be_read_is_told() -> None:
    config = GivenConfig(name="SEP.cnf.xml", data=b"<!DOCTYPE x [<!ENTITY a 'b'>]><device/>")
    evidence = await at(closed_port(), config=config)
    assert evidence.config is not None
    assert evidence.config.config is None
    assert evidence.config.problem
