"""BIND as the name server of federated domains: every way for the record to be there or not is a fact of its own."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from tests.containers import podman
from tests.containers.conftest import Start
from tests.containers.podman import Container
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.federation import AUTHORITATIVE_VIEW, FEDERATION_SERVICE, AddressLookup, SrvLookup, SrvRecord
from vpnprobe.model.target import DNS_PORT, Endpoint
from vpnprobe.transport.names import BOTH_FAMILIES
from vpnprobe.transport.records import MAX_RECORDS, RecordResolver, authoritative_servers

pytestmark = pytest.mark.container

ZONE = "federation.test"
SIGNED = "signed.test"
TIMEOUT_S = 5.0
RIGHT = SrvRecord(0, 0, 5061, f"sip.right.{ZONE}")

# For names below test the resolver asks BIND's other container, and of those it trusts one key.
UPSTREAM = """\
zone "test" {{ type static-stub; server-addresses {{ {address}; }}; }};
trust-anchors {{ {zone} static-key {flags} {protocol} {algorithm} "{key}"; }};
"""


@pytest.fixture(scope="module")
def zones(start: Start) -> Container:
    """BIND with the zones of federated domains, once it has signed the one that is."""
    server = start("bind", listens=("udp", 53))
    podman.wait_until(lambda: "RRSIG" in server.run("dig", "+dnssec", "@127.0.0.1", SIGNED, "DNSKEY"), server)
    return server


def _resolver(start: Start, directory: Path, upstream: str) -> Container:
    path = directory / "upstream"
    path.write_text(upstream)
    command = ("named", "-g", "-c", "/etc/vpnprobe/resolver.conf")
    return start("bind", *command, listens=("udp", 53), options=("--volume", f"{path}:/etc/vpnprobe/upstream:ro"))


@functools.cache
def _anchor(zones: Container) -> dict[str, str]:
    flags, protocol, algorithm, *key = zones.run("dig", "+short", "@127.0.0.1", SIGNED, "DNSKEY").split()
    return {"address": zones.address, "flags": flags, "protocol": protocol, "algorithm": algorithm, "key": "".join(key)}


@pytest.fixture(scope="module")
def resolver(start: Start, zones: Container, tmp_path_factory: pytest.TempPathFactory) -> Container:
    """BIND as a resolver that trusts the key of the signed zone."""
    return _resolver(start, tmp_path_factory.mktemp("resolver"), UPSTREAM.format(zone=SIGNED, **_anchor(zones)))


@pytest.fixture(scope="module")
def deceived(start: Start, zones: Container, tmp_path_factory: pytest.TempPathFactory) -> Container:
    """BIND as a resolver that believes federation.test to be signed, by the key of another zone."""
    return _resolver(start, tmp_path_factory.mktemp("deceived"), UPSTREAM.format(zone=ZONE, **_anchor(zones)))


@pytest.fixture(params=["resolver", AUTHORITATIVE_VIEW])
def view(request: pytest.FixtureRequest, zones: Container, resolver: Container) -> RecordResolver:
    """The same names by way of a resolver and at the zone's own server."""
    return asking(resolver if request.param == "resolver" else zones, request.param)


def asking(server: Container, view: str = "here") -> RecordResolver:
    return RecordResolver(view, [Endpoint(server.address, DNS_PORT)], timeout=TIMEOUT_S)


async def srv(view: RecordResolver, name: str) -> SrvLookup:
    return await view.srv(FEDERATION_SERVICE, f"{name}.{ZONE}")


async def addresses(view: RecordResolver, name: str) -> AddressLookup:
    return await view.addresses(f"{name}.{ZONE}", BOTH_FAMILIES)


async def test_the_record_that_is_right(view: RecordResolver) -> None:
    found = await srv(view, "right")
    assert (found.records, found.aliases, found.ttl, found.failure) == ((RIGHT,), (), 60, None)
    assert found.dnssec == "unsigned"

    target = await view.addresses(RIGHT.target, BOTH_FAMILIES)
    assert (target.addresses, target.failure, target.partial) == (("192.0.2.10", "2001:db8::10"), None, None)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param("unpublished", FailureKind.NAME_NOT_FOUND, id="domain without the name"),
        pytest.param("nowhere", FailureKind.NAME_NOT_FOUND, id="no such domain"),
        pytest.param("other-type", FailureKind.NO_RECORD, id="records of another type"),
        pytest.param("loop", FailureKind.SERVFAIL, id="aliases in a circle"),
        pytest.param("delegated", FailureKind.SERVFAIL, id="delegated to nobody"),
        pytest.param("outside-alias", FailureKind.SERVFAIL, id="alias to where nobody answers"),
        pytest.param("too-many", None, id="more than a message holds"),
        pytest.param("long-way", FailureKind.TOO_MUCH, id="eleven aliases"),
    ],
)
async def test_domains_without_a_usable_record(view: RecordResolver, name: str, kind: FailureKind | None) -> None:
    found = await srv(view, name)
    assert found.records == ()
    assert found.failure is not None
    # BIND as a resolver cannot take such an answer in; its own server says that it is cut short.
    too_much = FailureKind.TOO_MUCH if view.view == AUTHORITATIVE_VIEW else FailureKind.SERVFAIL
    assert found.failure.kind is (kind or too_much)


async def test_a_zone_that_is_not_loaded(zones: Container, resolver: Container) -> None:
    for server in (zones, resolver):
        found = await asking(server).srv(FEDERATION_SERVICE, "broken.test")
        assert found.failure is not None
        assert found.failure.kind is FailureKind.SERVFAIL
        assert str(Endpoint(server.address, DNS_PORT)) in found.failure.detail
        assert found.dnssec == "unknown"


async def test_a_service_that_is_decidedly_not_offered(view: RecordResolver) -> None:
    assert (await srv(view, "not-offered")).records == (SrvRecord(0, 0, 0, "."),)


async def test_the_record_behind_an_alias(view: RecordResolver) -> None:
    found = await srv(view, "record-alias")
    assert (found.records, found.aliases) == ((RIGHT,), (f"{FEDERATION_SERVICE}.right.{ZONE}",))


async def test_the_record_behind_an_alias_to_another_zone(view: RecordResolver) -> None:
    found = await srv(view, "zone-alias")
    assert found.records == (SrvRecord(0, 0, 5061, f"sip.{SIGNED}"),)
    assert found.aliases == (f"{FEDERATION_SERVICE}.{SIGNED}",)


async def test_a_target_that_is_an_alias(view: RecordResolver) -> None:
    [record] = (await srv(view, "target-alias")).records
    target = await view.addresses(record.target, BOTH_FAMILIES)
    assert (target.addresses, target.aliases) == (("192.0.2.11",), (f"edge.target-alias.{ZONE}",))


@pytest.mark.parametrize(
    ("name", "kind"), [("no-address", FailureKind.NO_ADDRESS), ("no-target", FailureKind.NAME_NOT_FOUND)]
)
async def test_a_target_without_an_address(view: RecordResolver, name: str, kind: FailureKind) -> None:
    [record] = (await srv(view, name)).records
    target = await view.addresses(record.target, BOTH_FAMILIES)
    assert target.failure is not None
    assert (target.failure.kind, target.addresses) == (kind, ())


async def test_several_records_are_in_the_order_in_which_they_are_tried(view: RecordResolver) -> None:
    assert [(one.priority, one.weight, one.target) for one in (await srv(view, "several")).records] == [
        (10, 60, f"first.several.{ZONE}"),
        (10, 5, f"also-second.several.{ZONE}"),
        (10, 5, f"second.several.{ZONE}"),
        (20, 0, f"last.several.{ZONE}"),
    ]


async def test_another_port(view: RecordResolver) -> None:
    [record] = (await srv(view, "web-port")).records
    assert record.port == 443


async def test_a_target_that_no_host_can_have(view: RecordResolver) -> None:
    [record] = (await srv(view, "odd")).records
    assert record.target == rf"s\255p\032edge\.one.odd.{ZONE}"
    assert (await view.addresses(record.target, BOTH_FAMILIES)).failure == Failure(
        kind=FailureKind.NAME_NOT_FOUND, detail="NXDOMAIN"
    )


async def test_60000_bytes_beside_the_record(view: RecordResolver, zones: Container) -> None:
    name = f"{FEDERATION_SERVICE}.bulky.{ZONE}"
    assert "rcvd: 6" in zones.run("dig", "+tcp", "+noall", "+stats", "@127.0.0.1", name, "TXT")
    assert (await srv(view, "bulky")).records == (RIGHT,)


async def test_more_records_than_a_datagram_holds(view: RecordResolver) -> None:
    found = await srv(view, "many")
    assert [one.priority for one in found.records] == list(range(MAX_RECORDS))
    assert found.left_out == 300 - MAX_RECORDS


async def test_what_is_known_of_signatures(zones: Container, resolver: Container) -> None:
    for server, view, dnssec in ((resolver, "here", "validated"), (zones, AUTHORITATIVE_VIEW, "signed")):
        found = await asking(server, view).srv(FEDERATION_SERVICE, SIGNED)
        assert (found.records, found.dnssec) == ((SrvRecord(0, 0, 5061, f"sip.{SIGNED}"),), dnssec)
        missing = await asking(server, view).srv("_sip._tls", SIGNED)
        assert missing.failure is not None
        assert (missing.failure.kind, missing.dnssec) == (FailureKind.NAME_NOT_FOUND, dnssec)


async def test_a_resolver_that_finds_the_signatures_wrong(deceived: Container) -> None:
    found = await srv(asking(deceived), "right")
    assert found.failure is not None
    assert (found.failure.kind, found.records, found.dnssec) == (FailureKind.SERVFAIL, (), "bogus")


@pytest.mark.parametrize("domain", [f"right.{ZONE}", f"a.b.c.right.{ZONE}", ZONE])
async def test_the_servers_of_the_zone(zones: Container, resolver: Container, domain: str) -> None:
    assert await authoritative_servers(domain, asking(resolver)) == (
        Endpoint(zones.address, DNS_PORT),
        Endpoint(zones.address6, DNS_PORT),
    )


async def test_a_zone_without_servers(resolver: Container) -> None:
    found = await authoritative_servers("sip.nowhere.test", asking(resolver))
    assert isinstance(found, Failure)


async def test_a_target_in_a_zone_of_another_server(zones: Container, resolver: Container, deceived: Container) -> None:
    """A server that refuses is asked for nothing more, and the one that holds the name is found."""
    own = RecordResolver(
        AUTHORITATIVE_VIEW, [Endpoint(deceived.address, DNS_PORT)], timeout=TIMEOUT_S, finder=asking(resolver)
    )
    found = await own.addresses(f"sip.{SIGNED}", BOTH_FAMILIES)
    assert found.addresses == ("192.0.2.10",)
    assert str(Endpoint(zones.address, DNS_PORT)) in found.servers


async def test_a_silent_server_is_a_timeout(silent_dns_server: Container) -> None:
    server = Endpoint(silent_dns_server.address, DNS_PORT)
    found = await RecordResolver("here", [server], timeout=0.5).srv(FEDERATION_SERVICE, ZONE)
    assert found.failure == Failure(kind=FailureKind.DNS_TIMEOUT, detail=f"no answer from {server}")
