"""Checks of the federation record: whether the domain can be found, alike by everybody who asks."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.federation import needs, subjects
from vpnprobe.checks.federation.zone import srv_line
from vpnprobe.checks.wording import describe_failure, listing
from vpnprobe.federation.diagnostics import EXPRESSWAY_504, ms_diagnostics_1008
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.federation import AUTHORITATIVE_VIEW, AddressLookup, Federation, SrvLookup, SrvRecord
from vpnprobe.model.finding import Fact, Logs

# RFC 2782: the service is decidedly not available at this domain.
NOT_OFFERED: Final = "."

# The DNS answered, and there is no such record.
ABSENT: Final = frozenset({FailureKind.NAME_NOT_FOUND, FailureKind.NO_RECORD})

# No server was there to be heard, or none that makes sense: that may be the fault of whoever named it.
_UNHEARD: Final = frozenset({FailureKind.DNS_TIMEOUT, FailureKind.MALFORMED, FailureKind.UNREACHABLE})

ASK: Final = "nslookup -type=SRV _sipfederationtls._tcp.{domain}"
PROBE: Final = "vpnprobe federation {domain}"

_SRV_VARIANTS: Final = {
    FailureKind.NAME_NOT_FOUND: "nxdomain",
    FailureKind.NO_RECORD: "no-record",
    FailureKind.SERVFAIL: "servfail",
}


def offered(srv: SrvLookup) -> tuple[SrvRecord, ...]:
    """Return the records that name a host."""
    return tuple(record for record in srv.records if record.target != NOT_OFFERED)


def _written(record: SrvRecord) -> str:
    return f"{record.target}:{record.port} (priority {record.priority}, weight {record.weight})"


def _asked(srv: SrvLookup) -> str:
    return f"asked {listing(srv.servers)}" if srv.servers else f"asked the view {srv.view}"


def is_refused(lookup: SrvLookup | AddressLookup) -> bool:
    """Whether the resolver does not serve this machine; a zone's own servers that refuse their zone fail."""
    return lookup.failure is not None and lookup.failure.is_dns_refusal and lookup.view != AUTHORITATIVE_VIEW


def advice(lookup: SrvLookup | AddressLookup) -> str:
    """Return what to try where nobody was heard; the servers of a zone are nobody's to choose."""
    is_unheard = lookup.failure is not None and lookup.failure.kind in _UNHEARD and lookup.view != AUTHORITATIVE_VIEW
    return "; name another DNS server with --resolver" if is_unheard or is_refused(lookup) else ""


def _was_asked(srv: SrvLookup) -> bool:
    """Whether a server was asked at all; those of a zone may not be known."""
    return srv.view != AUTHORITATIVE_VIEW or bool(srv.servers)


def _judge_record(_case: Case, srv: SrvLookup) -> Result:
    found = offered(srv)
    facts: dict[str, Fact] = {
        "view": srv.view,
        "servers": list(srv.servers),
        "targets": [_written(record) for record in found],
        "ttl": srv.ttl,
        "dnssec": srv.dnssec,
    }
    missing = facts | {
        "record": srv_line(srv.domain, f"sip.{srv.domain}"),
        "predicted": ms_diagnostics_1008(srv.domain),
    }
    if srv.dnssec == "bogus":
        return failed(f"the records of {srv.name} fail DNSSEC validation; {_asked(srv)}", "bogus", **missing)
    if found:
        more = f"; {srv.left_out} more were not read" if srv.left_out else ""
        return passed(f"{srv.name} names {listing(map(_written, found))}{more}", **facts)
    if srv.records:
        return failed(f'{srv.name} names ".": the domain says that it does not federate', "not-offered", **missing)
    if srv.failure is None:
        return unclear(f"{srv.name} was not answered")
    words = describe_failure(srv.failure)
    if not _was_asked(srv):
        return unclear(f"the zone's own servers could not be asked: {words}", **facts)
    if srv.failure.kind not in _SRV_VARIANTS or is_refused(srv):
        return unclear(f"{srv.name} is not known: {words}; {_asked(srv)}{advice(srv)}", **facts)
    return failed(
        f"{srv.name} is not found: {words}; {_asked(srv)}; no edge finds the domain",
        "alias" if srv.aliases else _SRV_VARIANTS[srv.failure.kind],
        **missing,
        aliases=listing(srv.aliases) or None,
        failure=srv.failure.kind.value,
    )


_SHOWN: Final = Logs(edge=("{predicted}",), expressway=(EXPRESSWAY_504,))

_PUBLISH: Final = fix(
    "DNS",
    """
    Publish in the zone that the Internet sees. The name sip is an example; any host directly in {domain} will do.
    {record}
    sip.{domain}. 3600 IN A <public-address-of-the-edge>
    """,
)

SRV001 = Check(
    id="SRV001",
    slug="federation-record",
    title="The domain has a federation record",
    stage="srv",
    severity="critical",
    probes=("federation",),
    subjects=subjects.views,
    needs=needs.srv,
    judge=_judge_record,
    covers=("F4-01", "F4-02", "F4-03", "F3-15"),
    rationale="A Microsoft edge finds its partner by this record only, and looks it up again for the domain in the "
    "From or P-Asserted-Identity of each INVITE that comes in. So every domain that users call from needs its own, in "
    "the public DNS. Cisco's side finds the partner by the same record. The text of the header after MS-OCER; no "
    "document prints one.",
    variants={
        "nxdomain": Guide(fix=(_PUBLISH,), logs=_SHOWN, next=(ASK, f"{PROBE} --authoritative")),
        "no-record": Guide(
            fix=(
                _PUBLISH,
                fix("DNS", "The name is there with records of another type: look whether an SRV was meant."),
            ),
            logs=_SHOWN,
            next=(ASK, f"{PROBE} --authoritative"),
        ),
        "not-offered": Guide(
            fix=(
                fix(
                    "DNS",
                    """
                    Delete the record with the target ".", and publish in its place:
                    {record}
                    sip.{domain}. 3600 IN A <public-address-of-the-edge>
                    """,
                ),
            ),
            logs=_SHOWN,
            next=(ASK,),
        ),
        "alias": Guide(
            fix=(
                fix(
                    "DNS",
                    """
                    The name is an alias of {aliases}, and behind it there is no record. Delete the CNAME and publish:
                    {record}
                    sip.{domain}. 3600 IN A <public-address-of-the-edge>
                    """,
                ),
            ),
            logs=_SHOWN,
            next=(ASK, "nslookup -type=CNAME _sipfederationtls._tcp.{domain}"),
        ),
        "servfail": Guide(
            fix=(
                fix(
                    "DNS",
                    """
                    The DNS server failed; that says nothing about the record, but a partner behind such a server \
                      finds none.
                    Check that the zone's own servers answer, by UDP and by TCP, and that the delegation names them.
                    """,
                ),
            ),
            logs=_SHOWN,
            next=(ASK, f"{PROBE} --authoritative"),
        ),
        "bogus": Guide(
            fix=(
                fix(
                    "DNS",
                    """
                    Sign the zone again, and compare the DS record at the parent with the zone's keys.
                    Until then a partner whose resolver validates finds no record.
                    """,
                ),
            ),
            logs=_SHOWN,
            next=(ASK, "delv _sipfederationtls._tcp.{domain} SRV"),
        ),
    },
    references=("Cisco, DNS and certificate requirements of Microsoft federation over Expressway", "RFC 2782"),
)


def _judge_alias(_case: Case, srv: SrvLookup) -> Result:
    if srv.aliases:
        return failed(f"{srv.name} is an alias of {listing(srv.aliases)}", aliases=list(srv.aliases))
    if srv.failure is not None:
        return unclear(f"there is no record to look at (SRV001): {describe_failure(srv.failure)}")
    return passed("the record stands at the name itself")


SRV003 = Check(
    id="SRV003",
    slug="record-alias",
    title="The federation record is no alias",
    stage="srv",
    severity="info",
    probes=("federation",),
    subjects=subjects.views,
    needs=needs.srv,
    judge=_judge_alias,
    rationale="A resolver follows a CNAME to the record, so this works wherever the alias does. It makes the domain "
    "hang on another zone, and the target must still lie in the domain itself.",
    guide=Guide(
        fix=(
            fix("DNS", "Delete the CNAME at _sipfederationtls._tcp.{domain} and publish the SRV record itself there."),
        ),
        next=(ASK,),
    ),
)


def _judge_views(_case: Case, seen: Federation) -> Result:
    if len(seen.srv) < 2:
        return not_applicable("there is only one view; name another DNS server with --resolver")
    silent = [
        srv.view
        for srv in seen.srv
        if srv.failure is not None and (srv.failure.kind not in ABSENT or not _was_asked(srv))
    ]
    answers = {srv.view: frozenset(srv.records) for srv in seen.srv if srv.view not in silent}
    cut = [srv.view for srv in seen.srv if srv.left_out]
    views = [f"{view}: {listing(map(_written, sorted(records))) or 'no record'}" for view, records in answers.items()]
    if len(set(answers.values())) > 1:
        return failed(f"the views differ, so partners may see another answer: {'; '.join(views)}", views=views)
    if silent or cut:
        return unclear(f"not every view can be compared: {listing((*silent, *cut))}", views=views)
    return passed(f"all {len(answers)} views give the same records", views=views)


SRV004 = Check(
    id="SRV004",
    slug="views-agree",
    title="Every view of the DNS gives the same federation records",
    stage="srv",
    severity="warning",
    probes=("federation",),
    subjects=subjects.domain,
    needs=needs.federation,
    judge=_judge_views,
    covers=("F4-03", "F3-15"),
    rationale="Partners ask the public DNS, this side's own servers often another. A record that is right in one view "
    "only works for those who ask there.",
    guide=Guide(
        fix=(
            fix(
                "DNS",
                """
                Make the zones inside and outside hold the same federation records, those that partners need.
                Where a change was made not long ago, wait for the TTL and look again.
                """,
            ),
        ),
        next=(ASK, f"{PROBE} --authoritative"),
    ),
    yields_to=("SRV001",),
)


def _judge_single(case: Case, srv: SrvLookup) -> Result:
    found = offered(srv)
    seen = case.evidence.federation
    tested = {(target.host, target.port) for target in seen.targets} if seen else set()
    untested = [_written(record) for record in found if (record.target, record.port) not in tested]
    number = len(found) + srv.left_out
    if not number:
        return unclear("there is no record to count (SRV001)")
    facts: dict[str, Fact] = {
        "targets": [_written(record) for record in found],
        "listed": listing(map(_written, found)),
        "left_out": srv.left_out,
        "untested": untested,
    }
    if number == 1:
        return passed("there is one record", **facts)
    unread = f", {srv.left_out} of them not read" if srv.left_out else ""
    beyond = f"; {len(untested)} of them were not tested" if untested else ""
    return failed(
        f"there are {number} records{unread}; which one an edge takes was found nowhere, so each must be right{beyond}",
        **facts,
    )


SRV006 = Check(
    id="SRV006",
    slug="single-record",
    title="The domain has one federation record",
    stage="srv",
    severity="info",
    probes=("federation",),
    subjects=subjects.views,
    needs=needs.srv,
    judge=_judge_single,
    covers=("M-01", "M-03"),
    rationale="Microsoft describes one record for each SIP domain and no rule for choosing among several. So every "
    "target is tested here, in the order of RFC 2782; beyond 16 it is said how many are not.",
    guide=Guide(
        fix=(
            fix(
                "DNS",
                """
                Keep one record, or make every target right: name in the domain, address, certificate.
                Those that are there: {listed}
                """,
            ),
        ),
        next=(ASK,),
    ),
)

CHECKS: Final = (SRV001, SRV003, SRV004, SRV006)
