"""Lines of fleet runs for tests of their renderers: as many phones as wanted, at sites of each kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from vpnprobe.fleet.summary import SummaryCounter
from vpnprobe.model.evidence import Tool
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.finding import Verdict
from vpnprobe.model.fleet import (
    CutoverPhone,
    FleetLine,
    FleetStart,
    GatewaySight,
    PhoneConfigSight,
    Readiness,
    RenewalStep,
    SweptPhone,
)

AT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
TOOL = Tool(name="vpnprobe", version="0.1.0", catalogue="2026.11")
OLD_LEAF, NEW_LEAF = "0a" * 32, "0b" * 32
OLD_HASH, NEW_HASH = "p9Xkc2VjcmV0b2xkaGFzaHZhbHU=", "q1Zlbm90aGVybmV3aGFzaHZhbHU="
SITES = ("Amsterdam", "Berlin", "Bruxelles", "Zürich", "Oslo", "Παρίσι", "תל אביב", "東京", "Site 2", "Site 10")
MODELS = ("7962G", "7945G", "8811", "8845")
GATEWAYS = ("vpn.example.com:443", "vpn2.example.com:443")

# What every text of a peer or an inventory may hold.
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "<img src=x onerror=alert(1)>",
    "\"quoted\" 'single' & &amp; $title ${policy} {device}",
    "\u202edesrever\u2066\u200b",
    "nul\x00bell\x07esc\x1b[31m\x7f\x9b",
    "line\nfeed\r\ttab\u2028\u2029",
    '=HYPERLINK("http://192.0.2.1/","x")',
    "+1",
    "-1",
    "@SUM(A1)",
    "😀 👩‍🔧 電話",
    "lone \ud800 surrogate",
    "__proto__",
)


def start(command: str, **settings: str) -> FleetStart:
    return msgspec.convert(
        {"kind": "start", "tool": TOOL, "command": command, "started_at": AT, "settings": settings},
        FleetStart,
        from_attributes=True,
    )


def config(site: int, **changes: object) -> PhoneConfigSight:
    template = PhoneConfigSight(
        outcome="received",
        protocol="tftp",
        server="10.1.1.5:69",
        urls={"url1": "https://vpn.example.com/VPNPhone", "url2": "https://vpn2.example.com/VPNPhone"},
        cert_hashes={"certHash1": OLD_HASH, "certHash2": NEW_HASH},
        hash_alg="0",
        auth_method=2,
        host_id_check=1,
        load=f"SCCP45.9-4-2SR{site % 4}S",
        duration_s=0.02,
    )
    return msgspec.structs.replace(template, **changes)


def cutover_phone(number: int, **changes: object) -> CutoverPhone:
    """One phone of a fleet in the middle of the procedure: most are ready, by site and number some are not."""
    mac = f"{0x8CB64F000000 + number * 7919 % 0xFFFFFF:012X}"
    site = number % len(SITES)
    readiness: Readiness = "ready"
    missing: tuple[RenewalStep, ...] = ()
    reasons: tuple[str, ...] = ()
    sight = config(site, file=f"SEP{mac}.cnf.xml.sgn", sha256=f"{number:064x}")
    new: bool | None = True
    if site == 1:
        readiness, missing, new = "cut-off", ("import-phone-vpn-trust",), False
        reasons = (
            "Its configuration names the old certificate only, and so does that of every phone at this gateway.",
        )
        sight = msgspec.structs.replace(sight, cert_hashes={"certHash1": OLD_HASH})
    elif number % 97 == 3:
        readiness, missing, new = "cut-off", ("apply-config", "keep-old-hash"), False
        reasons = (f"SEP{mac}.cnf.xml.sgn lacks the new hash, which other phones of this gateway have.",)
        sight = msgspec.structs.replace(sight, cert_hashes={"certHash1": OLD_HASH})
    elif number % 89 == 5:
        readiness, missing, new = "unknown", ("fetch-config",), None
        reasons = (f"The server has no SEP{mac}.cnf.xml.sgn and no SEP{mac}.cnf.xml.",)
        sight = config(site, outcome="not-found", file=f"SEP{mac}.cnf.xml", urls={}, cert_hashes={})
    template = CutoverPhone(
        mac=mac,
        device=f"SEP{mac}",
        model=MODELS[number % 4],
        profile=MODELS[number % 4],
        labels={"Site": SITES[site], "Device Pool": f"DP-{site}", "Description": f"Desk {number} of {SITES[site]}"},
        readiness=readiness,
        reasons=reasons,
        missing=missing,
        has_new_hash=new,
        has_old_hash=None if new is None else True,
        config=sight,
        gateways=(f"{GATEWAYS[number % 2]} {MODELS[number % 4]}",) if new is not None else (),
        finished_at=AT + timedelta(seconds=number / 100),
    )
    return msgspec.structs.replace(template, **changes)


_ENDS: tuple[tuple[Verdict, str | None, str, tuple[str, ...]], ...] = (
    ("fail", "PIN001", "no certHash of the configuration names the certificate that is shown", ("PIN001", "CRT002")),
    ("inconclusive", None, "the gateway did not answer this phone's hello in time", ()),
    ("warn", None, "the certificate has 21 days to live", ("CRT002",)),
    ("pass", None, "", ()),
)


def swept_phone(number: int, **changes: object) -> SweptPhone:
    """One phone of a swept fleet; of ten one each does not connect, is not known, or needs attention."""
    like = cutover_phone(number)
    verdict, cause, summary, alarms = _ENDS[min(number % 10, 3)]
    template = SweptPhone(
        mac=like.mac,
        device=like.device,
        model=like.model,
        profile=like.profile,
        labels=like.labels,
        verdict=verdict,
        cause=cause,
        summary=summary,
        alarms=alarms,
        config=config(number),
        gateways=(f"{GATEWAYS[number % 2]} {like.profile}",),
        finished_at=like.finished_at,
    )
    return msgspec.structs.replace(template, **changes)


def gateway_sights() -> Iterator[GatewaySight]:
    """Each gateway as each model sees it: the first one at two addresses, the second one closed."""
    for model in MODELS:
        yield GatewaySight(
            key=f"{GATEWAYS[0]} {model}",
            profile=model,
            addresses=("192.0.2.7:443", "192.0.2.8:443", "[2001:db8::7]:443"),
            leaves={"192.0.2.7:443": OLD_LEAF, "192.0.2.8:443": NEW_LEAF, "[2001:db8::7]:443": None},
            cert_hashes={OLD_LEAF: OLD_HASH, NEW_LEAF: NEW_HASH},
            subjects={OLD_LEAF: "CN=vpn.example.com", NEW_LEAF: "CN=vpn.example.com,O=Example"},
            not_after={OLD_LEAF: datetime(2026, 12, 11, tzinfo=UTC), NEW_LEAF: None},
            failure=Failure(kind=FailureKind.TIMEOUT),
        )
        yield GatewaySight(
            key=f"{GATEWAYS[1]} {model}", profile=model, failure=Failure(kind=FailureKind.REFUSED, detail="")
        )


def run(
    command: str, phones: Iterable[SweptPhone | CutoverPhone], *, group_by: tuple[str, ...] = ("Site",), **end: object
) -> Iterator[FleetLine]:
    """A whole run over these phones, from its start to its summary."""
    counter = SummaryCounter(group_by)
    first = start(command, **{"--tftp": "10.1.1.5", "--at": "2026-12-01"})
    yield first
    yield from gateway_sights()
    for phone in phones:
        counter.add(phone)
        yield phone
    yield msgspec.structs.replace(counter.summary(first, 421.7), **end)


def cutover(count: int, **end: object) -> Iterator[FleetLine]:
    return run("cutover", map(cutover_phone, range(count)), **end)  # type: ignore[arg-type]


def swept(count: int, **end: object) -> Iterator[FleetLine]:
    return run("sweep", map(swept_phone, range(count)), **end)  # type: ignore[arg-type]
