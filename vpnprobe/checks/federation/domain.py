"""Checks of the targets' names: whether a Microsoft edge lets the record stand for the domain at all."""

from __future__ import annotations

import re
from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.federation import needs, subjects
from vpnprobe.checks.federation.srv import ASK, PROBE, offered
from vpnprobe.checks.federation.zone import public_lines, srv_line
from vpnprobe.checks.wording import describe_failure, listing
from vpnprobe.federation.diagnostics import EXPRESSWAY_504, edge_trace_1009, ms_diagnostics_1009
from vpnprobe.federation.domain import TargetPlace, place_of
from vpnprobe.model.federation import AddressLookup, EdgeTarget, Federation
from vpnprobe.model.finding import Fact, Fix, Logs
from vpnprobe.model.target import SIP_TLS_PORT

# What may stand in a command that somebody pastes; the name comes from a zone that may be anybody's.
_HOST_NAME: Final = re.compile(r"[a-z0-9.:_-]+")

_GOOD: Final = frozenset({TargetPlace.SAME_DOMAIN, TargetPlace.HOSTED})

# Added to the variant where another target of the same record lies in the domain.
_NOT_ALONE: Final = "-beside-another"


def _judge_place(_case: Case, known: tuple[Federation, EdgeTarget]) -> Result:
    seen, target = known
    place = place_of(seen.domain, target.host)
    facts: dict[str, Fact] = {"place": place.value, "domain": seen.domain, "target": target.host}
    if place is TargetPlace.HOSTED:
        return passed(
            f"{target.host} is Microsoft's own: the domain is hosted there, and partners reach it as a hosting "
            "provider (inference)",
            **facts,
        )
    if place is TargetPlace.SAME_DOMAIN:
        return passed(f"{target.host} is a host of {seen.domain}", **facts)
    named = _named_together(seen, target)
    rescuing = [host for host in named if place_of(seen.domain, host.rpartition(":")[0]) in _GOOD]
    better = name_in_domain(seen, target)
    port = target.port or SIP_TLS_PORT
    facts |= {
        "better": better,
        "record": srv_line(seen.domain, better, port=port, priority=target.priority, weight=target.weight),
        "address_records": public_lines(better, _addresses_of(seen, target)),
        "server": target.host if _HOST_NAME.fullmatch(target.host) else "<name-of-the-target>",
    }
    summary = f"{target.host} {_WORDS[place]} {seen.domain}"
    if rescuing:
        return failed(
            f"{summary}; {listing(rescuing)} is, but which of them an edge takes was found nowhere",
            _VARIANTS[place] + _NOT_ALONE,
            **facts,
        )
    whatever = "" if place is TargetPlace.ADDRESS else ", whatever its address"
    return failed(
        f"{summary}; an edge refuses it with 1009{whatever}",
        _VARIANTS[place],
        **facts,
        predicted=ms_diagnostics_1009(seen.domain, named),
        trace=edge_trace_1009(seen.domain, named),
    )


def _addresses_of(seen: Federation, target: EdgeTarget) -> list[str]:
    if place_of(seen.domain, target.host) is TargetPlace.ADDRESS:
        return [target.host.partition("%")[0]]
    return sorted({address for names in seen.names if names.name == target.host for address in names.addresses})


def _named_together(seen: Federation, target: EdgeTarget) -> list[str]:
    """Return as `host:port` what the views that name the target name with it, in the order of the records."""
    records = (record for srv in seen.srv if srv.view in target.views for record in offered(srv))
    named = [f"{record.target}:{record.port}" for record in sorted(records)]
    return list(dict.fromkeys(named)) or [f"{target.host}:{target.port}"]


def name_in_domain(seen: Federation, target: EdgeTarget) -> str:
    """Return the name that an edge takes the target by: its own, or else the one to rename it to.

    That is its first label in the domain, or "sip" where it has none, numbered where another target has it.
    """
    place = place_of(seen.domain, target.host)
    if place in _GOOD:
        return target.host
    taken = {host.rpartition(":")[0] for host in _named_together(seen, target)}
    is_nameless = place in (TargetPlace.DOMAIN_ITSELF, TargetPlace.ADDRESS)
    label = "sip" if is_nameless else target.host.partition(".")[0]
    names = (f"{label}{number}.{seen.domain}" for number in ("", *range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


_WORDS: Final = {
    TargetPlace.SUBDOMAIN: "is in a sub-domain, not directly in",
    TargetPlace.FOREIGN: "is in another domain, not in",
    TargetPlace.DOMAIN_ITSELF: "is the domain itself, not a host in",
    TargetPlace.ADDRESS: "is an address, which no SRV record may name (RFC 2782), not a host in",
}
_VARIANTS: Final = {
    TargetPlace.SUBDOMAIN: "sub-domain",
    TargetPlace.FOREIGN: "foreign-domain",
    TargetPlace.DOMAIN_ITSELF: "domain-itself",
    TargetPlace.ADDRESS: "address",
}

_RENAME: Final = fix(
    "DNS",
    """
    Publish, in the zone that the Internet sees, in place of the record that leads to {server}:
    {record}
    {address_records}
    """,
)
_CERTIFICATE: Final = fix(
    "Expressway",
    """
    The certificate must hold the new name too: Maintenance > Security > Server certificate > Generate CSR, with the \
      additional alternative name {better}.
    """,
)
_OWN_DOMAIN: Final = fix(
    "CMS",
    """
    A CMS with a domain of its own makes the Expressway-E's domain another one than that of the call. Give the \
      Expressway-E a name in {domain} ({better}), in DNS and in its certificate; its host name can stay.
    """,
)
_ALLOWED_SERVER: Final = fix(
    "Microsoft edge",
    """
    Only where the record cannot be changed, on the partner's side (inference: with a named server the edge does not \
      go by the record):
    Set-CsAllowedDomain -Identity "{domain}" -ProxyFqdn "{server}"
    """,
)
_HYBRID: Final = "Microsoft, DNS planning for edge servers; planning hybrid connectivity"

_FIXES: Final[dict[str, tuple[Fix, ...]]] = {
    "sub-domain": (_RENAME, _CERTIFICATE, _ALLOWED_SERVER),
    "foreign-domain": (_RENAME, _CERTIFICATE, _OWN_DOMAIN, _ALLOWED_SERVER),
    "domain-itself": (_RENAME, _CERTIFICATE),
    "address": (_RENAME, _CERTIFICATE),
}
_SHOWN: Final = Logs(edge=("{predicted}", "{trace}"), expressway=(EXPRESSWAY_504,))
_NEXT: Final = (ASK, PROBE)

DOM001 = Check(
    id="DOM001",
    slug="target-in-domain",
    title="The target's name lies directly in the domain",
    stage="target-names",
    severity="critical",
    probes=("federation",),
    subjects=subjects.targets,
    needs=needs.federation & needs.target,
    judge=_judge_place,
    covers=("F4-04", "F4-06", "F4-13", "F4-15", "F4-18", "M-02", "M-05"),
    rationale="A Microsoft edge trusts a target only where the name without its first label is the SIP domain to the "
    "letter; neither a sub-domain nor another domain will do, and a right address does not help. Calls to the domain "
    "end in 1009, calls from it in a bare 504. The edge compares with every name of the record before it says so; "
    "where one of several is right, what it does was found nowhere. The expected line has the form of the documents.",
    variants={
        f"{variant}{suffix}": Guide(fix=fixes, logs=logs, next=_NEXT)
        for variant, fixes in _FIXES.items()
        for suffix, logs in (("", _SHOWN), (_NOT_ALONE, Logs()))
    },
    references=("Cisco, DNS and certificate requirements of Microsoft federation over Expressway", _HYBRID, "RFC 2782"),
)


def _judge_alias(case: Case, lookups: tuple[AddressLookup, ...]) -> Result:
    name = lookups[0].name
    if place_of(case.evidence.target.label, name) is TargetPlace.HOSTED:
        return not_applicable(f"{name} is Microsoft's own")
    aliases = list(dict.fromkeys(alias for lookup in lookups for alias in lookup.aliases))
    addresses = sorted({address for lookup in lookups for address in lookup.addresses})
    if aliases:
        return failed(
            f"{name} is an alias of {listing(aliases)}, which RFC 2782 forbids",
            aliases=aliases,
            address_records=public_lines(name, addresses),
        )
    failure = next((lookup.failure for lookup in lookups if lookup.failure is not None), None)
    if failure is not None:
        return unclear(f"{name} has no address (ADR001): {describe_failure(failure)}")
    return passed(f"{name} is no alias")


DOM002 = Check(
    id="DOM002",
    slug="target-is-alias",
    title="The target's name is no alias",
    stage="target-names",
    severity="warning",
    probes=("federation",),
    subjects=subjects.targets,
    needs=needs.address_lookups,
    judge=_judge_alias,
    rationale="RFC 2782 forbids a target that is an alias; some software refuses it. Which of the names an edge then "
    "looks for in the certificate was found nowhere.",
    guide=Guide(
        fix=(fix("DNS", "Publish in place of the CNAME at {target}:\n{address_records}"),),
        next=("nslookup -type=CNAME {target}", PROBE),
    ),
    references=("RFC 2782",),
)

CHECKS: Final = (DOM001, DOM002)
