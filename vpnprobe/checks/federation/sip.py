"""Checks of the answer to one OPTIONS over the session. What an edge answers to an unknown peer was found nowhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.federation import differential, needs, subjects
from vpnprobe.checks.federation.srv import PROBE
from vpnprobe.checks.wording import describe_failure, listing
from vpnprobe.federation.diagnostics import EXPRESSWAY_504, find_code
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.federation import SipExchange
from vpnprobe.model.finding import Fact, Logs
from vpnprobe.wire.sip.diagnostics import parse_ms_diagnostics
from vpnprobe.wire.sip.headers import Product, parse_date, record_routes, server_product

SIP_AGAIN: Final = f"{PROBE} --sip"

_NOT_SIP: Final = frozenset({FailureKind.MALFORMED, FailureKind.TOO_MUCH})


def _status(exchange: SipExchange) -> str:
    return " ".join(str(part) for part in (exchange.status, exchange.reason) if part)


def _unanswered(exchange: SipExchange) -> Result:
    words = f": {describe_failure(exchange.failure)}" if exchange.failure is not None else ""
    return unclear(f"no answer to OPTIONS (SIP001){words}")


def _judge_answered(_case: Case, exchange: SipExchange) -> Result:
    facts: dict[str, Fact] = {
        "status": exchange.status,
        "provisional": [str(status) for status in exchange.provisional],
        "uri": exchange.uri,
    }
    if exchange.status is not None:
        return passed(f"OPTIONS was answered {_status(exchange)}; any answer is a sign of life", **facts)
    failure = exchange.failure
    if failure is None:
        return unclear("the run does not say how the wait for an answer ended", **facts)
    words = describe_failure(failure)
    if failure.kind in needs.OURS:
        return unclear(f"OPTIONS was not asked to the end: {words}", **facts)
    if failure.kind in _NOT_SIP:
        return failed(f"what came back is no SIP that can be read: {words}", "not-sip", **facts)
    heard = f" after {listing(map(str, exchange.provisional))}" if exchange.provisional else ""
    return failed(f"OPTIONS was not answered{heard}: {words}", **facts)


SIP001 = Check(
    id="SIP001",
    slug="options-answered",
    title="The edge answers an OPTIONS",
    stage="sip",
    severity="warning",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.sip,
    judge=_judge_answered,
    covers=("M-14",),
    rationale="Any answer shows that a SIP server is behind the TLS. Silence shows little: what an edge does with the "
    "OPTIONS of a peer that it does not know was found nowhere.",
    guide=Guide(
        fix=(
            fix(
                "Expressway",
                """
                Status > Search history and the diagnostic log, network.sip at level DEBUG: did the OPTIONS arrive?
                A zone that authenticates or drops unknown senders may be the reason.
                """,
            ),
            fix("vpnprobe", "Name a sender that the other side knows: --sip-from <user>@<its-domain>."),
        ),
        next=(f"{SIP_AGAIN} --sip-from <user>@<domain-that-it-knows>",),
    ),
    variants={
        "not-sip": Guide(
            fix=(fix("path", "No SIP server answers at {address}, or a broken one: compare port and translation."),),
            next=("openssl s_client -connect {address} -servername {target} -quiet",),
        )
    },
)

# Assumption: the limit that many systems allow for clocks. How much an edge allows was found nowhere.
CLOCK_LIMIT: Final = timedelta(seconds=300)
# A run takes minutes. Evidence of another hand may name any time, and within a long one any clock would be right.
LONGEST_RUN: Final = timedelta(days=1)


def _judge_clock(case: Case, exchange: SipExchange) -> Result:
    if exchange.status is None:
        return _unanswered(exchange)
    written = next(iter(exchange.values("date")), None)
    if written is None:
        return not_applicable("the answer holds no Date")
    theirs = parse_date(written)
    if theirs is None:
        return unclear(f"the Date of the answer cannot be read: {written!r}", date=written)
    begin, lasted = case.evidence.started_at, case.evidence.duration_s
    if not 0 <= lasted <= LONGEST_RUN.total_seconds():
        return unclear(f"a run of {lasted:g} s says nothing of clocks", date=written)
    ahead, behind = theirs - begin - timedelta(seconds=lasted), begin - theirs
    away = max(ahead, behind)
    ours = begin.isoformat(timespec="seconds")
    if away > CLOCK_LIMIT:
        side = "ahead of" if ahead > behind else "behind"
        seconds = round(away.total_seconds())
        return failed(f"its clock is {seconds} s {side} this machine's", date=written, ours=ours, seconds=seconds)
    return passed("its clock agrees with this machine's", date=written, ours=ours)


SIP002 = Check(
    id="SIP002",
    slug="sip-clock",
    title="The edge's clock is right",
    stage="sip",
    severity="warning",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.sip,
    judge=_judge_clock,
    covers=("F3-01",),
    rationale="A wrong clock or time zone breaks certificates; an edge answers 1013 where clocks are far apart. "
    "Compared with the clock of the machine that ran vpnprobe; the limit of five minutes is an assumption.",
    guide=Guide(
        fix=(
            fix("vpnprobe", "First look at this machine's own clock: it said {ours}."),
            fix("Expressway", "System > Time: NTP servers and time zone; the state must be Synchronized."),
            fix(
                "ASA",
                """
                show clock detail
                show ntp status
                configure terminal
                ntp server <address>
                """,
            ),
            fix("IM and Presence", "utils ntp status\nshow timezone config"),
        ),
        logs=Logs(edge=('ms-diagnostics: 1013; reason="Significant time skew"',)),
        next=(SIP_AGAIN, "date --utc"),
    ),
)


def _judge_refusal(case: Case, exchange: SipExchange) -> Result:
    if exchange.status is None:
        return _unanswered(exchange)
    headers = exchange.values("ms-diagnostics")
    said = _status(exchange)
    facts: dict[str, Fact] = {"status": exchange.status, "ms_diagnostics": list(headers)}
    if headers:
        told = parse_ms_diagnostics(headers[0])
        known = find_code(told.code) if told.code is not None else None
        about = told.get("domain")
        own = case.evidence.target.label
        foreign = f"; it speaks of {about}, not of {own}" if about is not None and about.lower() != own.lower() else ""
        checks = known.checks if known is not None else ()
        facts |= {"code": told.code, "domain_spoken_of": about}
        facts |= {"checks": list(checks), "first": next(iter(checks), None)}
        if known is None:
            return failed(f"{said}; not in the catalogue: {headers[0]}", "unknown-code", **facts)
        unknown = f" (not known: {known.unknown})" if known.unknown else ""
        words = f"{said}; ms-diagnostics {told.code}: {known.meaning}{unknown}{foreign}"
        return failed(words, "checks" if known.checks else "partner", **facts)
    if exchange.status == 403:
        return failed(f"{said}: the other side does not let this sender in", "forbidden", **facts)
    if exchange.status == 504:
        return failed(f"{said} without a reason, as an edge answers faults of DNS and of certificates", "bare", **facts)
    return passed(f"{said} is no refusal of federation", **facts)


SIP003 = Check(
    id="SIP003",
    slug="sip-refusal",
    title="The answer names no refusal of federation",
    stage="sip",
    severity="info",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.sip,
    judge=_judge_refusal,
    covers=("F4-11", "F4-13", "F4-14", "F3-23", "M-16"),
    rationale="ms-diagnostics carries the reason as a number; its text differs from release to release, so the number "
    "counts. The answer is to the sender that vpnprobe named, by default one of no domain at all: it may speak of that "
    "sender and not of the domain, so this is told and not counted as a fault.",
    variants={
        "checks": Guide(
            fix=(fix("vpnprobe", "These checks decide it, for {domain_spoken_of}: {checks}."),),
            next=("vpnprobe federation {domain_spoken_of}", "vpnprobe explain {first}"),
        ),
        "partner": differential.guide("refused"),
        "unknown-code": Guide(
            fix=(
                fix(
                    "Microsoft edge",
                    """
                    The number is not in the catalogue; the other side's trace names the reason.
                    It said: {ms_diagnostics}
                    """,
                ),
            ),
            next=(SIP_AGAIN,),
        ),
        "forbidden": differential.guide("forbidden"),
        "bare": Guide(
            fix=(
                fix(
                    "vpnprobe",
                    """
                    The sender's domain is looked up and its certificate compared: check that domain too.
                    vpnprobe federation <domain-of-the-sender>
                    """,
                ),
            ),
            logs=Logs(expressway=(EXPRESSWAY_504,)),
            next=("vpnprobe federation <domain-of-the-sender>",),
        ),
    },
    references=("MS-OCER, MS-SIPRE (ms-diagnostics)",),
)


def _product(exchange: SipExchange) -> Product | None:
    written = next(iter((*exchange.values("server"), *exchange.values("user-agent"))), None)
    return None if written is None else server_product(written)


def _judge_software(case: Case, exchange: SipExchange) -> Result:
    if exchange.status is None:
        return _unanswered(exchange)
    product = _product(exchange)
    if product is None:
        return not_applicable("the answer names no software")
    name = "/".join(part for part in (product.name, product.version) if part)
    facts: dict[str, Fact] = {"software": name, "microsoft": product.is_microsoft}
    if not product.is_microsoft:
        return passed(f"{name} answers", **facts)
    if case.evidence.expectation.im_and_presence:
        return failed(f"{name} answers, a server of Microsoft; --imp was given", **facts)
    return passed(f"{name} answers, a server of Microsoft", **facts)


SIP004 = Check(
    id="SIP004",
    slug="server-software",
    title="The software that answers is that which was named",
    stage="sip",
    severity="info",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.sip,
    judge=_judge_software,
    covers=("M-14",),
    rationale="Microsoft's servers call themselves RTC. With --imp the rules of IM and Presence are held against the "
    "domain, which are not those of a Microsoft server.",
    guide=Guide(
        fix=(
            fix("vpnprobe", "Leave --imp out where a Microsoft edge serves the domain."),
            fix("DNS", "Where IM and Presence ought to serve it, let {target} have its public address."),
        ),
        next=("nslookup {target}",),
    ),
)


def _judge_routes(_case: Case, exchange: SipExchange) -> Result:
    if exchange.status is None:
        return _unanswered(exchange)
    routes = [route for value in exchange.values("record-route") for route in record_routes(value)]
    if not routes:
        return not_applicable("the answer holds no Record-Route")
    facts: dict[str, Fact] = {"record_route": [route.uri for route in routes]}
    bare = [route.uri for route in routes if route.transport is None]
    if bare:
        return failed(f"Record-Route without a transport: {listing(bare)}; NOTIFY may time out", **facts, bare=bare)
    return passed("every Record-Route names its transport", **facts)


SIP005 = Check(
    id="SIP005",
    slug="record-route-transport",
    title="Record-Route names the transport",
    stage="sip",
    severity="warning",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.sip,
    judge=_judge_routes,
    covers=("F3-24",),
    rationale="Without it the other side sends later requests of the dialog, such as NOTIFY, by another transport, and "
    "they time out. An answer to OPTIONS often holds no Record-Route; then nothing is said.",
    guide=Guide(
        fix=(
            fix(
                "IM and Presence",
                "System > Service Parameters, Cisco SIP Proxy: Use Transport in Record-Route Header = On.",
            ),
        ),
        next=(SIP_AGAIN,),
    ),
    references=("Cisco, troubleshooting of federation between IM and Presence and OCS",),
)


def _judge_fragments(_case: Case, exchange: SipExchange) -> Result:
    if exchange.empty_fragments is None:
        if exchange.status is None:
            return _unanswered(exchange)
        return not_applicable("the suite of this session needs no empty fragments")
    if exchange.empty_fragments:
        return failed("the edge sends empty TLS fragments before its data; presence and messages may come late")
    return passed("the edge sends no empty TLS fragments")


SIP006 = Check(
    id="SIP006",
    slug="empty-fragments",
    title="The edge sends no empty TLS fragments",
    stage="sip",
    severity="warning",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.sip,
    judge=_judge_fragments,
    covers=("F3-22",),
    rationale="Old Microsoft servers stumble over them, and presence and messages come late. They are sent in TLS 1.0 "
    "with CBC suites only; that their absence on the wire shows the setting is an inference.",
    guide=Guide(
        fix=(
            fix(
                "IM and Presence",
                """
                System > Security > TLS Context Configuration > Default_Cisco_UPS_SIP_Proxy_Peer_Auth_TLS_Context:
                tick Disable Empty TLS Fragments.
                """,
            ),
        ),
        next=(SIP_AGAIN,),
    ),
    references=("Cisco, troubleshooting of federation between IM and Presence and OCS",),
)

CHECKS: Final = (SIP001, SIP002, SIP003, SIP004, SIP005, SIP006)
