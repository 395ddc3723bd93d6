"""Which CRL and OCSP addresses are asked, once each, and which are not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.certificates import extension, issue, sequence, tlv
from tests.probes.federations import SERVICE, TARGET, ScriptedZone, federated, named, resolving
from tests.probes.networks import needs_second_address
from tests.stand_ins import LOOPBACK, SECOND, listening
from vpnprobe.lab.federation.scenario import Edge
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.federation import Federation, RevocationSource
from vpnprobe.probes.rations import Rations
from vpnprobe.probes.revocation import MAX_CERTIFICATES, Inquiry, ask_all, inquiries
from vpnprobe.transport.records import RecordResolver

PUBLIC_EDGE = "192.0.2.1"


async def seen(edge: Edge, *, revocation: bool = True) -> Federation:
    async with federated(edge) as lab:
        evidence = await lab.probe(revocation=revocation)
    assert evidence.federation is not None
    return evidence.federation


@pytest.mark.parametrize("status", ["good", "revoked"])
async def test_both_kinds_of_the_leaf(status: str) -> None:
    edge = Edge(certificate=named(TARGET, crl=status, ocsp=status))
    found = await seen(edge)
    assert [(one.kind, one.status, one.failure) for one in found.revocations] == [
        ("crl", status, None),
        ("ocsp", status, None),
    ]
    [visit] = found.visits
    assert {one.certificate for one in found.revocations} == {visit.flights[0].chain[0]}


async def test_only_where_it_is_asked_for() -> None:
    edge = Edge(certificate=named(TARGET, crl="good"))
    assert (await seen(edge, revocation=False)).revocations == ()


async def test_an_address_where_nobody_is() -> None:
    [source] = (await seen(Edge(certificate=named(TARGET, crl="unreachable")))).revocations
    assert source.failure is not None
    assert source.failure.kind is FailureKind.REFUSED


async def test_without_the_issuer_s_certificate_nothing_can_be_asked() -> None:
    [source] = (await seen(Edge(certificate=named(TARGET, crl="good"), sends="leaf-only"))).revocations
    assert source.failure is not None
    assert (source.failure.kind, source.failure.detail) == (
        FailureKind.LOCAL,
        "not asked: the issuer's certificate is missing",
    )


@needs_second_address
async def test_a_certificate_at_two_addresses_is_asked_about_once() -> None:
    edge = Edge(certificate=named(TARGET, crl="good"))
    records = {(SERVICE, "SRV"): ["0 0 {port} " + f"{TARGET}."], (TARGET, "A"): [LOOPBACK, SECOND]}
    async with federated(edge, edge, records=records, hosts=(LOOPBACK, SECOND)) as lab:
        evidence = await lab.probe(revocation=True)
    assert evidence.federation is not None
    assert len(evidence.federation.visits) == 2
    assert len(evidence.federation.revocations) == 1


# --- what there is to ask ---


def crl(url: str) -> bytes:
    """The extension that names this CRL (RFC 5280 section 4.2.1.13)."""
    return extension("2.5.29.31", sequence(sequence(tlv(0xA0, tlv(0xA0, tlv(0x86, url.encode()))))))


ROOT = issue(cn="Root", ca=True, extensions=[crl("http://root.example/own.crl")])
ISSUING = issue(cn="Issuing", ca=True, issuer=ROOT, extensions=[crl("http://root.example/root.crl")])
LEAF = issue(cn=TARGET, issuer=ISSUING, extensions=[crl("http://ca.example/issuing.crl")])


@pytest.mark.parametrize(
    "sent", [(LEAF, ISSUING), (LEAF, ROOT, ISSUING), (LEAF, ISSUING, ROOT)], ids=["as due", "out of order", "root sent"]
)
def test_from_the_leaf_up_but_not_the_root(sent: tuple[object, ...]) -> None:
    ders = [one.der for one in (LEAF, ISSUING, ROOT) if one in sent]
    found = list(inquiries(ders, (ROOT.der,), PUBLIC_EDGE))
    assert [(one.url, one.certificate, one.issuer) for one in found] == [
        ("http://ca.example/issuing.crl", LEAF.der, ISSUING.der),
        ("http://root.example/root.crl", ISSUING.der, ROOT.der),
    ]


def test_a_long_chain_is_cut() -> None:
    authority = ROOT
    for number in range(MAX_CERTIFICATES + 3):
        authority = issue(
            cn=f"Authority {number}", ca=True, issuer=authority, extensions=[crl(f"http://ca.example/{number}")]
        )
    assert len(list(inquiries(authority.chain_der, (), PUBLIC_EDGE))) == MAX_CERTIFICATES


@pytest.mark.parametrize("junk", [b"", b"\x30\x03abc", bytes(100)])
def test_an_unreadable_certificate_names_nothing(junk: bytes) -> None:
    assert list(inquiries((junk,), (), PUBLIC_EDGE)) == []


def test_no_chain_names_nothing() -> None:
    assert list(inquiries((), (), PUBLIC_EDGE)) == []


# --- what is not asked ---


@asynccontextmanager
async def asked(url: str, edge: str) -> AsyncIterator[tuple[RevocationSource, int]]:
    """Ask one address whose host `ca.example` is at 127.0.0.1; give the answer and the number of connections."""
    connections = 0

    async def count(reader: object, writer: object) -> None:
        nonlocal connections
        connections += 1

    async with listening(count) as port, resolving(ScriptedZone({("ca.example", "A"): [LOOPBACK]})) as server:
        inquiry = Inquiry("crl", url.format(port=port), LEAF.der, ISSUING.der, edge)
        found: list[RevocationSource] = []
        resolver = RecordResolver("here", (server,), timeout=2)
        await ask_all([inquiry], resolver, Rations(1, 0), 2, found)
        [source] = found
        yield source, connections


@pytest.mark.parametrize("host", [LOOPBACK, f"{LOOPBACK}.", "ca.example"])
@pytest.mark.parametrize(("edge", "connections"), [(PUBLIC_EDGE, 0), ("10.1.1.1", 0), ("127.0.0.9", 1)])
async def test_a_certificate_cannot_send_us_further_inside_than_its_edge_is(
    host: str, edge: str, connections: int
) -> None:
    async with asked(f"http://{host}:{{port}}/x.crl", edge) as (source, made):
        assert made == connections
        assert source.failure is not None
        assert (source.failure.kind is FailureKind.LOCAL) is (connections == 0)


@pytest.mark.parametrize(
    "url",
    ["", "http://[::1", "ldap:///CN=x", "https://ca.example/x", "http://ca.example:99999/", "\x00", "http://\u00e9/"],
)
async def test_an_address_that_is_none_is_a_fact(url: str) -> None:
    async with asked(url.replace("{", "{{"), "127.0.0.9") as (source, made):
        assert made == 0
        assert source.failure is not None


async def test_answers_are_in_the_order_of_the_questions() -> None:
    async with resolving(ScriptedZone({})) as server:
        wanted = [Inquiry("crl", f"http://h{n}.example/", LEAF.der, ISSUING.der, PUBLIC_EDGE) for n in range(9)]
        found: list[RevocationSource] = []
        await ask_all(wanted, RecordResolver("here", (server,), timeout=2), Rations(2, 0), 2, found)
    assert [one.url for one in found] == [one.url for one in wanted]
    assert {one.failure.kind for one in found if one.failure} == {FailureKind.NAME_NOT_FOUND}
