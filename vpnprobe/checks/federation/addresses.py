"""Checks of the targets' addresses: whether there are any, and whether a partner can mean them."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.federation import needs, subjects
from vpnprobe.checks.federation.srv import ASK as ASK_RECORD
from vpnprobe.checks.federation.srv import PROBE, advice, is_refused
from vpnprobe.checks.federation.zone import address_line, kind_of, public_lines
from vpnprobe.checks.wording import count, describe_failure, listing
from vpnprobe.federation.diagnostics import EXPRESSWAY_504, ms_diagnostics_1014
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.federation import AddressLookup, Federation
from vpnprobe.model.finding import Fact, Logs

ASK: Final = "nslookup {target}"

_ADDRESS_VARIANTS: Final = {
    FailureKind.NAME_NOT_FOUND: "no-record",
    FailureKind.NO_ADDRESS: "no-record",
    FailureKind.NO_RECORD: "no-record",
    FailureKind.SERVFAIL: "servfail",
}


def _judge_address(_case: Case, lookup: AddressLookup) -> Result:
    facts: dict[str, Fact] = {
        "addresses": list(lookup.addresses),
        "ttl": lookup.ttl,
        "servers": list(lookup.servers),
    }
    if lookup.addresses:
        found = count(len(lookup.addresses), "address", "addresses")
        half = f"; the other family is not known: {describe_failure(lookup.partial)}" if lookup.partial else ""
        more = f"; {lookup.left_out} more were not dialled" if lookup.left_out else ""
        return passed(f"{lookup.name} has {found}: {listing(lookup.addresses)}{more}{half}", **facts)
    if lookup.failure is None:
        return unclear(f"the addresses of {lookup.name} were not answered")
    words = describe_failure(lookup.failure)
    asked = listing(lookup.servers) or f"the view {lookup.view}"
    if lookup.failure.kind not in _ADDRESS_VARIANTS or is_refused(lookup):
        return unclear(f"the addresses of {lookup.name} are not known: {words}; asked {asked}{advice(lookup)}", **facts)
    return failed(
        f"{lookup.name} has no address: {words}; asked {asked}; an edge has nothing to dial",
        _ADDRESS_VARIANTS[lookup.failure.kind],
        **facts,
        failure=lookup.failure.kind.value,
        predicted=ms_diagnostics_1014(lookup.name),
        records=public_lines(lookup.name, ()),
    )


_SHOWN: Final = Logs(edge=("{predicted}",), expressway=(EXPRESSWAY_504,))

ADR001 = Check(
    id="ADR001",
    slug="target-address",
    title="The target has an address",
    stage="addresses",
    severity="critical",
    probes=("federation",),
    subjects=subjects.target_views,
    needs=needs.addresses,
    judge=_judge_address,
    covers=("F4-05",),
    rationale="The record names a host; without its A or AAAA record a partner has nothing to dial. The number 1014 is "
    "that of MS-OCER's table for earlier releases; no document prints the header.",
    variants={
        "no-record": Guide(
            fix=(fix("DNS", "Publish in the zone that the Internet sees:\n{records}"),),
            logs=_SHOWN,
            next=(ASK, PROBE),
        ),
        "servfail": Guide(
            fix=(
                fix(
                    "DNS",
                    """
                    The DNS server failed; that says nothing about the record, but a partner behind such a server \
                      finds none.
                    Check that the servers of the zone of {target} answer, by UDP and by TCP.
                    """,
                ),
            ),
            logs=_SHOWN,
            next=(ASK, f"{PROBE} --authoritative"),
        ),
    },
    references=("Cisco, DNS and certificate requirements of Microsoft federation over Expressway",),
)


def _without_address(lookup: AddressLookup) -> Result:
    words = f": {describe_failure(lookup.failure)}" if lookup.failure is not None else ""
    return unclear(f"there is no address to look at (ADR001){words}")


def _judge_mix(_case: Case, lookup: AddressLookup) -> Result:
    if not lookup.addresses:
        return _without_address(lookup)
    private = [address for address in lookup.addresses if kind_of(address) == "private"]
    others = [address for address in lookup.addresses if address not in private]
    if private and others:
        return failed(
            f"{lookup.name} has private and other addresses in one answer, and partners take either: "
            f"{listing(private)} beside {listing(others)}",
            private=private,
            others=others,
            records=[address_line(lookup.name, address) for address in private],
        )
    return passed("private" if private else "no private address", addresses=list(lookup.addresses))


ADR002 = Check(
    id="ADR002",
    slug="address-mix",
    title="Private and public addresses do not share the target's name",
    stage="addresses",
    severity="critical",
    probes=("federation",),
    subjects=subjects.target_views,
    needs=needs.addresses,
    judge=_judge_mix,
    covers=("F3-20",),
    rationale="Where the inner and the outer interface of an edge share one name with two A records, presence and "
    "messages work and are lost again, as each side takes now one address, now the other. A private address beside "
    "another is not dialled from here: it could be anybody's host.",
    guide=Guide(
        fix=(
            fix("DNS", "Delete, and leave the others:\n{records}"),
            fix(
                "Microsoft edge",
                """
                Give the inner interface a name of its own, in the topology and in the DNS inside.
                Delete the A record of {target} with {private}.
                Issue the certificate of the inner interface again, with the new name.
                Name the new inner host in the global and the front-end settings too.
                """,
            ),
        ),
        next=(ASK, PROBE),
    ),
    references=("Cisco, troubleshooting of federation between IM and Presence and OCS",),
)


def _judge_agreement(_case: Case, lookups: tuple[AddressLookup, ...]) -> Result:
    if len(lookups) < 2:
        return not_applicable("only one view names this target")
    answers = {lookup.view: frozenset(lookup.addresses) for lookup in lookups if lookup.addresses}
    views = [f"{view}: {listing(sorted(addresses))}" for view, addresses in answers.items()]
    if len(set(answers.values())) > 1:
        return failed(f"the views differ: {'; '.join(views)}", views=views)
    open_views = [one.view for one in lookups if not one.addresses or one.left_out or one.partial is not None]
    if open_views:
        return unclear(f"not every view can be compared: {listing(open_views)}", views=views)
    return passed(f"all {len(answers)} views give the same addresses", views=views)


ADR003 = Check(
    id="ADR003",
    slug="addresses-agree",
    title="Every view of the DNS gives the target the same addresses",
    stage="addresses",
    severity="warning",
    probes=("federation",),
    subjects=subjects.targets,
    needs=needs.address_lookups,
    judge=_judge_agreement,
    covers=("F3-20", "F3-21"),
    rationale="A name that means one interface inside and another outside sends each side's own servers elsewhere than "
    "its partners. That is how presence is lost after a while where two interfaces of an edge share a name. Where the "
    "addresses are translated on purpose, it is meant so.",
    guide=Guide(
        fix=(
            fix(
                "DNS",
                """
                Give {target} the same addresses inside and outside, or the inner interface a name of its own.
                What each view says: {views}.
                """,
            ),
            fix("Microsoft edge", "Name the inner host in the global and the front-end settings, with its A record."),
        ),
        next=(ASK, f"{PROBE} --authoritative"),
    ),
    references=("Cisco, troubleshooting of federation between IM and Presence and OCS",),
    yields_to=("ADR001", "ADR002"),
)


def _judge_siblings(case: Case, seen: Federation) -> Result:
    if not case.evidence.expectation.im_and_presence:
        return not_applicable("only for IM and Presence; give --imp")
    others = [sibling for sibling in seen.siblings if sibling.domain != seen.domain]
    if not others:
        return not_applicable("this is the only domain of the run; name the others too")
    own = _own_addresses(seen)
    if not any(own.values()):
        return unclear("this domain's own address is not known (ADR001)")
    differ = [one for one in others if one.addresses and frozenset(one.addresses) not in own.values()]
    domains = [f"{one.domain}: {listing(sorted(one.addresses)) or 'no address'}" for one in others]
    mine = listing(sorted(frozenset[str]().union(*own.values())))
    facts: dict[str, Fact] = {"addresses": mine, "domains": domains}
    if differ:
        elsewhere = "; ".join(f"{one.domain} leads to {listing(sorted(one.addresses))}" for one in differ)
        return failed(f"{seen.domain} leads to {mine}, {elsewhere}", **facts)
    silent = [one.domain for one in others if not one.addresses]
    if silent:
        return unclear(f"no address is known of {listing(silent)}", **facts)
    return passed(f"all {len(others) + 1} domains lead to {mine}", **facts)


def _own_addresses(seen: Federation) -> dict[str, frozenset[str]]:
    """Return for each view the addresses of all targets that it names."""
    own: dict[str, frozenset[str]] = {}
    hosts = {(target.host, view) for target in seen.targets for view in target.views}
    for lookup in seen.names:
        if (lookup.name, lookup.view) in hosts:
            own[lookup.view] = own.get(lookup.view, frozenset()) | frozenset(lookup.addresses)
    return own


ADR004 = Check(
    id="ADR004",
    slug="same-address-for-every-domain",
    title="Every domain of IM and Presence leads to the same public address",
    stage="addresses",
    severity="warning",
    probes=("federation",),
    subjects=subjects.domain,
    needs=needs.federation,
    judge=_judge_siblings,
    covers=("M-04",),
    rationale="IM and Presence stands behind one public address, and Cisco's guide wants the record of each of its "
    "domains to lead there. Judged only with --imp and with several domains in one call.",
    guide=Guide(
        fix=(
            fix(
                "DNS",
                """
                Let the target of each domain have the public address of IM and Presence (that of the ASA in front):
                {domain}: {addresses}
                {domains}
                """,
            ),
        ),
        next=(ASK_RECORD, PROBE),
    ),
    references=("Cisco, IM and Presence federation guide",),
)


def _judge_public(_case: Case, lookup: AddressLookup) -> Result:
    if not lookup.addresses:
        return _without_address(lookup)
    if all(kind_of(address) == "private" for address in lookup.addresses):
        return failed(
            f"{lookup.name} has private addresses only: {listing(lookup.addresses)}",
            addresses=list(lookup.addresses),
            records=public_lines(lookup.name, ()),
        )
    return passed("an address that is not private is there", addresses=list(lookup.addresses))


ADR005 = Check(
    id="ADR005",
    slug="public-address",
    title="The target has a public address",
    stage="addresses",
    severity="info",
    probes=("federation",),
    subjects=subjects.target_views,
    needs=needs.addresses,
    judge=_judge_public,
    rationale="A partner on the Internet cannot reach a private address. Between networks that are joined, or in the "
    "view from inside, it is meant so; therefore it is said and not called a fault.",
    guide=Guide(
        fix=(fix("DNS", "For partners on the Internet publish in the zone that it sees:\n{records}"),),
        next=(ASK, f"{PROBE} --resolver <server-that-the-internet-asks>"),
    ),
)

CHECKS: Final = (ADR001, ADR002, ADR003, ADR004, ADR005)
