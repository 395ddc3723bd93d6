from __future__ import annotations

import msgspec
import pytest

from tests.checks.evidence_builder import run
from tests.render.reports import RAW
from vpnprobe.model.evidence import STAGES, Evidence, StageName
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.federation import (
    FEDERATION_SERVICE,
    AddressLookup,
    EdgeTarget,
    EdgeVisit,
    Federation,
    PathReading,
    SipExchange,
    SrvLookup,
    SrvRecord,
)
from vpnprobe.model.observation import CertificateRequest, FirstFlight, Handshake
from vpnprobe.model.target import MICROSOFT_EDGE, Persona, Target
from vpnprobe.render.stage_lines import describe_stage

DOMAIN, HOST, ADDRESS = "cms.example.com", "sip.cms.example.com", "198.51.100.7:5061"
NOT_FOUND = Failure(kind=FailureKind.NAME_NOT_FOUND, detail="NXDOMAIN")
ENGINE = "pyOpenSSL"

FLIGHT = FirstFlight(
    address=ADDRESS,
    hello=MICROSOFT_EDGE,
    server_name=HOST,
    version=0x0303,
    suite=0xC030,
    certificate_request=CertificateRequest(),
    connect_s=0.01,
)


def srv(*targets: str, view: str = "system", **more: object) -> SrvLookup:
    records = tuple(SrvRecord(0, 0, 5061, target) for target in targets)
    lookup = SrvLookup(service=FEDERATION_SERVICE, domain=DOMAIN, view=view, records=records)
    return msgspec.structs.replace(lookup, **more)


def visit(**more: object) -> EdgeVisit:
    return msgspec.structs.replace(
        EdgeVisit(target=HOST, address=ADDRESS, views=("system",), flights=(FLIGHT,)), **more
    )


def seen(**more: object) -> Evidence:
    federation = msgspec.structs.replace(Federation(domain=DOMAIN), **more)
    return msgspec.structs.replace(
        run(certificates={}),
        probe="federation",
        target=Target(domain=DOMAIN),
        persona=Persona(profile=MICROSOFT_EDGE),
        federation=federation,
    )


def handshake(**more: object) -> EdgeVisit:
    made = Handshake(address=ADDRESS, engine=ENGINE, completed=True, version=0x0303, suite_name="AES256-SHA")
    return visit(handshakes=(msgspec.structs.replace(made, **more),))


IP, OTHER = "198.51.100.7", "192.0.2.53:53"


def target(host: str, *views: str) -> EdgeTarget:
    return EdgeTarget(host=host, port=5061, priority=0, weight=0, views=views)


TARGETS = (target(HOST, "system"),)

TABLE: dict[str, tuple[StageName, dict[str, object], str]] = {
    "record": ("srv", {"srv": (srv(HOST),)}, f"{HOST}:5061"),
    "no record": (
        "srv",
        {"srv": (srv(failure=NOT_FOUND),)},
        f"{FEDERATION_SERVICE}.{DOMAIN}: no such name (NXDOMAIN)",
    ),
    "two views": (
        "srv",
        {"srv": (srv(HOST, view="192.0.2.53:53"), srv(failure=NOT_FOUND, view="authoritative"))},
        f"192.0.2.53:53: {HOST}:5061; authoritative: {FEDERATION_SERVICE}.{DOMAIN}: no such name (NXDOMAIN)",
    ),
    "many records": (
        "srv",
        {"srv": (srv("a", "b", "c", "d", "e", "f", left_out=9_936),)},
        "a:5061, b:5061, c:5061, d:5061 and 2 more and 9,936 more, not looked at",
    ),
    "target": (
        "target-names",
        {"targets": (EdgeTarget(host=HOST, port=5061, priority=0, weight=0, views=("system",)),)},
        f"{HOST} lies in {DOMAIN}",
    ),
    "address": (
        "addresses",
        {"targets": TARGETS, "names": (AddressLookup(name=HOST, view="system", addresses=("198.51.100.7",)),)},
        f"{HOST} is 198.51.100.7",
    ),
    "no address": (
        "addresses",
        {"targets": TARGETS, "names": (AddressLookup(name=HOST, view="system", failure=NOT_FOUND),)},
        f"{HOST}: no such name (NXDOMAIN)",
    ),
    "two views that agree": (
        "addresses",
        {
            "targets": (target(HOST, "system", OTHER),),
            "names": tuple(AddressLookup(name=HOST, view=view, addresses=(IP,)) for view in ("system", OTHER)),
        },
        f"{HOST} is {IP}",
    ),
    "two views with names of their own": (
        "addresses",
        {
            "targets": (target(HOST, "system"), target("old.example.com", OTHER)),
            "names": (
                AddressLookup(name=HOST, view="system", addresses=(IP,)),
                AddressLookup(name=HOST, view=OTHER, failure=NOT_FOUND),
                AddressLookup(name="old.example.com", view="system", failure=NOT_FOUND),
                AddressLookup(name="old.example.com", view=OTHER, addresses=("198.51.100.8",)),
            ),
        },
        f"system: {HOST} is {IP}; {OTHER}: old.example.com is 198.51.100.8",
    ),
    "flight": (
        "first-flight",
        {"visits": (visit(),)},
        "TLS 1.2 ECDHE-RSA-AES256-GCM-SHA384, client certificate asked",
    ),
    "not dialled": (
        "first-flight",
        {"visits": (visit(flights=(), not_dialled="private address beside a public one"),)},
        f"{ADDRESS} not dialled: private address beside a public one",
    ),
    "without ours": ("mutual-tls", {"visits": (handshake(),)}, "TLS 1.2, complete without a certificate of ours"),
    "with ours": (
        "mutual-tls",
        {"visits": (handshake(client_certificate="ab"),)},
        "TLS 1.2, complete with our certificate",
    ),
    "wants ours": (
        "mutual-tls",
        {
            "visits": (
                handshake(
                    completed=False,
                    client_certificate_requested=True,
                    failure=Failure(kind=FailureKind.TLS_ALERT, alert=40),
                ),
            )
        },
        "wants our certificate; none was given, so it was not tried further",
    ),
    "path": (
        "certificate",
        {"visits": (visit(path=PathReading(engine="cryptography", end="public-root")),)},
        "no name, ends at a public root",
    ),
    "answered": (
        "sip",
        {"visits": (visit(sip=SipExchange(uri="sip:x", status=200, reason="OK", headers=(("server", "RTC/6.0"),))),)},
        "OPTIONS: 200 OK, RTC/6.0",
    ),
    "not answered": (
        "sip",
        {"visits": (visit(sip=SipExchange(uri="sip:x", failure=Failure(kind=FailureKind.TIMEOUT))),)},
        "OPTIONS: no answer in time",
    ),
}


@pytest.mark.parametrize(("stage", "fields", "expected"), TABLE.values(), ids=TABLE)
def test_what_was_seen(stage: StageName, fields: dict[str, object], expected: str) -> None:
    assert describe_stage(seen(**fields), stage) == expected


def test_nothing_of_a_peer_reaches_the_line_raw() -> None:
    raw = seen(
        srv=(srv(RAW),),
        targets=(EdgeTarget(host=RAW, port=5061, priority=0, weight=0, views=("system",)),),
        names=(AddressLookup(name=RAW, view="system", addresses=("198.51.100.7",)),),
        visits=(
            visit(
                target=RAW,
                path=PathReading(engine="x", end="issuer-missing"),
                sip=SipExchange(uri="sip:x", status=200, reason=RAW, headers=(("server", RAW),)),
            ),
        ),
    )
    for stage in STAGES["federation"]:
        assert describe_stage(raw, stage).isprintable()
