"""Checks of the other SIP services of the domain: those that belong inside, and those beside federation."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Lack, Need, Result, failed, fix, passed, unclear
from vpnprobe.checks.federation import subjects
from vpnprobe.checks.federation.srv import ABSENT, offered
from vpnprobe.checks.federation.zone import srv_line
from vpnprobe.checks.wording import count, describe_failure, listing
from vpnprobe.model.federation import SYSTEM_VIEW, SrvLookup
from vpnprobe.model.finding import Fact


def _read_extras(case: Case) -> tuple[SrvLookup, ...] | Lack:
    seen = case.evidence.federation
    extras = seen.extras if seen is not None else ()
    if not extras:
        return Lack("other services were not asked for; give --extras", "not-applicable")
    return tuple(srv for srv in extras if case.subject.view in (None, srv.view)) or Lack(
        "other services were not asked for in this view"
    )


_extras: Final = Need(("the answers for other services",), _read_extras)

# Cisco's DNS guide for Jabber publishes these inside only; what they tell a client is only true there.
INTERNAL_SERVICES: Final = ("_cisco-uds._tcp", "_cuplogin._tcp")


def _unanswered(extras: tuple[SrvLookup, ...]) -> list[str]:
    return [
        f"{srv.name} ({describe_failure(srv.failure)})"
        for srv in extras
        if srv.failure and srv.failure.kind not in ABSENT
    ]


def _lines(extras: tuple[SrvLookup, ...]) -> list[str]:
    return [
        srv_line(srv.domain, one.target, service=srv.service, port=one.port, priority=one.priority, weight=one.weight)
        for srv in extras
        for one in srv.records
    ]


def _judge_internal(_case: Case, extras: tuple[SrvLookup, ...]) -> Result:
    internal = tuple(srv for srv in extras if srv.service in INTERNAL_SERVICES)
    found = tuple(srv for srv in internal if offered(srv))
    if found:
        names = listing(srv.name for srv in found)
        if found[0].view == SYSTEM_VIEW:
            return unclear(
                f"{names}: there for this machine; whether the Internet sees it too takes --resolver with a public one",
                records=_lines(found),
            )
        return failed(f"{names}: there for everybody who asks {found[0].view}", records=_lines(found))
    silent = _unanswered(internal)
    if silent or not internal:
        return unclear(f"not known: {listing(silent) or 'the internal services were not asked for'}")
    return passed(f"none of {listing(srv.name for srv in internal)} is there")


SRV005 = Check(
    id="SRV005",
    slug="internal-record-public",
    title="Records for clients inside are not public",
    stage="srv",
    severity="warning",
    probes=("federation",),
    subjects=subjects.views,
    needs=_extras,
    judge=_judge_internal,
    rationale="They lead a client outside to servers that are there inside only. Cisco's guide publishes them inside; "
    "that public ones are a fault is an inference from it. "
    "Whether a server named with --resolver is one that the Internet asks, only the operator knows.",
    guide=Guide(
        fix=(fix("DNS", "Delete from the zone that the Internet sees, and keep inside:\n{records}"),),
        next=("nslookup -type=SRV _cisco-uds._tcp.{domain}", "nslookup -type=SRV _cuplogin._tcp.{domain}"),
    ),
    references=("Cisco Jabber DNS configuration guide",),
)


# The ports that Cisco's DNS guide gives; for the other services it leaves the port to the site.
DOCUMENTED_PORTS: Final = {"_collab-edge._tls": 8443}


def _judge_others(_case: Case, extras: tuple[SrvLookup, ...]) -> Result:
    others = tuple(srv for srv in extras if srv.service not in INTERNAL_SERVICES)
    odd = [
        f"{srv.name} names port {record.port}, documented is {DOCUMENTED_PORTS[srv.service]}"
        for srv in others
        for record in offered(srv)
        if record.port != DOCUMENTED_PORTS.get(srv.service, record.port)
    ]
    facts: dict[str, Fact] = {"records": _lines(others), "odd": odd}
    if odd:
        return failed(listing(odd), **facts)
    silent = _unanswered(others)
    if silent:
        return unclear(f"not known: {listing(silent)}", **facts)
    there = [srv.name for srv in others if offered(srv)]
    return passed(f"{count(len(there), 'other service')}{': ' if there else ''}{listing(there)}", **facts)


SRV007 = Check(
    id="SRV007",
    slug="other-services",
    title="Other SIP services of the domain stand at their documented ports",
    stage="srv",
    severity="info",
    probes=("federation",),
    subjects=subjects.views,
    needs=_extras,
    judge=_judge_others,
    rationale="Records for Mobile and Remote Access, for business-to-business SIP and for clients stand beside the "
    "federation record and are easily taken for it. They play no part in federation; here they are named.",
    guide=Guide(
        fix=(fix("DNS", "Compare with the port that the Expressway listens on: {odd}."),),
        next=("nslookup -type=SRV _collab-edge._tls.{domain}",),
    ),
    references=("Cisco Jabber DNS configuration guide",),
)

CHECKS: Final = (SRV005, SRV007)
