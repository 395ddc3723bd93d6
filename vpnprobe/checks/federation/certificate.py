"""Checks of what the target's certificate and its issuers say: purposes and dates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Lack, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.federation import needs, subjects
from vpnprobe.checks.federation.edge import PROBE, S_CLIENT
from vpnprobe.checks.federation.needs import EdgeChain
from vpnprobe.checks.federation.request import NEW_CERTIFICATE, request_facts
from vpnprobe.checks.wording import count, day, listing
from vpnprobe.federation.diagnostics import EXPRESSWAY_504
from vpnprobe.model.federation import PathReading
from vpnprobe.model.finding import Fact, Logs
from vpnprobe.pki.certificate import CertificateFacts, CertificateProblem
from vpnprobe.pki.validity import decide_validity

# Assumption: the documents name no time; a public authority issues within days.
RENEWAL_DAYS: Final = 30

# F4-14's number and text; which ErrorType belongs to other faults of the certificate was found nowhere.
_UNTRUSTED: Final = (
    'ms-diagnostics: 1010; reason="Certificate trust with another server could not be established"; '
    'ErrorType="<not known>"; tls-target="{target}"; source="<partner-edge>"'
)
UNTRUSTED_LOGS: Final = Logs(edge=(_UNTRUSTED,), expressway=(EXPRESSWAY_504,))

_ANY_USAGE = "anyExtendedKeyUsage"


def _judge_usage(case: Case, chain: EdgeChain, wanted: str) -> Result:
    leaf = chain.leaf
    if leaf.extended_key_usage is None:
        if CertificateProblem.EXTENSION_UNREADABLE in leaf.problems:
            return unclear("the extensions of the certificate cannot all be read")
        return passed("names no purpose, so every purpose is allowed (RFC 5280 section 4.2.1.12)")
    usages = [usage.name or usage.oid for usage in leaf.extended_key_usage]
    if wanted in usages:
        return passed(f"its purposes are {listing(usages)}", usages=usages)
    if _ANY_USAGE in usages:
        return passed("allows any purpose by name", usages=usages)
    if CertificateProblem.LIST_CUT in leaf.problems:
        return unclear(f"{wanted} is not among the purposes that were read", usages=usages)
    return failed(
        f"{wanted} is not among its purposes: {listing(usages) or 'none'}", usages=usages, **request_facts(case, leaf)
    )


def _judge_server_auth(case: Case, chain: EdgeChain) -> Result:
    return _judge_usage(case, chain, "serverAuth")


def _judge_client_auth(case: Case, chain: EdgeChain) -> Result:
    return _judge_usage(case, chain, "clientAuth")


_BOTH_PURPOSES = fix(
    "CA",
    """
    The template must give both purposes: 1.3.6.1.5.5.7.3.1 (server) and 1.3.6.1.5.5.7.3.2 (client); with a Microsoft \
      CA, certificate type Other and both OIDs by commas.
    """,
)

FCR005 = Check(
    id="FCR005",
    slug="server-auth-usage",
    title="The certificate may be a server's",
    stage="certificate",
    severity="critical",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.readable_chain,
    judge=_judge_server_auth,
    covers=("F3-11",),
    rationale="Without the purpose serverAuth the partner's edge refuses the certificate of the server that it dials.",
    guide=Guide(fix=(_BOTH_PURPOSES, *NEW_CERTIFICATE), logs=UNTRUSTED_LOGS, next=(S_CLIENT, PROBE)),
)

FCR006 = Check(
    id="FCR006",
    slug="client-auth-usage",
    title="The certificate may be a client's too",
    stage="certificate",
    severity="warning",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.readable_chain,
    judge=_judge_client_auth,
    covers=("F3-11", "M-13"),
    rationale="With mutual TLS the same certificate dials the partner, so the document asks for both purposes. Public "
    "authorities are leaving clientAuth out; Cisco's notice gives June 2026 in one copy and March 2027 in another.",
    guide=Guide(
        fix=(
            _BOTH_PURPOSES,
            fix(
                "CA",
                """
                Where the public authority no longer gives clientAuth, ask it for another product, or the partner to \
                  trust a private authority.
                """,
            ),
            *NEW_CERTIFICATE,
        ),
        next=(S_CLIENT, PROBE),
    ),
    references=("Cisco FN74362",),
    yields_to=("FCR005",),
)


def _find_issuer(
    case: Case, chain: EdgeChain, path: PathReading, is_faulty: Callable[[CertificateFacts], bool]
) -> CertificateFacts | None:
    """Return an issuer on the path with this fault, where no other certificate of its name is there without it.

    A peer has public roots in its own store; what was sent under such a name may be an old cross-certificate.
    """
    seen = case.evidence.federation
    given = [case.evidence.certificates.get(name, b"") for name in seen.given_roots] if seen is not None else []
    held = [needs.certificate_facts(der) for der in (*chain.ders[1:], *given)]
    for name in path.subjects[1:-1] if path.end == "public-root" else path.subjects[1:]:
        of_name = [facts for facts in held if facts.subject == name]
        if of_name and all(map(is_faulty, of_name)):
            return of_name[0]
    return None


def _issuer_outside_its_dates(case: Case, chain: EdgeChain) -> CertificateFacts | None:
    visit = needs.visit.read(case)
    if isinstance(visit, Lack) or visit.path is None:
        return None
    return _find_issuer(case, chain, visit.path, lambda facts: decide_validity(facts, case.now).accepts is False)


def _judge_dates(case: Case, chain: EdgeChain) -> Result:
    leaf = chain.leaf
    if leaf.not_before is None or leaf.not_after is None:
        return unclear("the dates of the certificate cannot be read")
    facts: dict[str, Fact] = {
        "not_before": leaf.not_before.isoformat(),
        "not_after": leaf.not_after.isoformat(),
        "subject": leaf.subject,
    }
    by_clock = f"; this machine's clock says {day(case.now)}"
    match decide_validity(leaf, case.now).validity:
        case "not-yet-valid":
            return failed(f"not valid before {day(leaf.not_before)}{by_clock}", "not-yet", **facts)
        case "expired":
            return failed(f"expired on {day(leaf.not_after)}{by_clock}", **facts, **request_facts(case, leaf))
    issuer = _issuer_outside_its_dates(case, chain)
    if issuer is not None and issuer.not_before is not None and issuer.not_after is not None:
        facts |= {"issuer": issuer.subject}
        if case.now < issuer.not_before:
            words = f"its issuer {issuer.subject} is not valid before {day(issuer.not_before)}{by_clock}"
            return failed(words, "not-yet", **facts)
        return failed(f"its issuer {issuer.subject} expired on {day(issuer.not_after)}{by_clock}", "issuer", **facts)
    return passed(f"valid from {day(leaf.not_before)} to {day(leaf.not_after)}", **facts)


_CLOCKS = (
    fix("Expressway", "System > Time: NTP servers synchronised, time zone right."),
    fix(
        "ASA",
        """
        show clock detail
        show ntp status
        configure terminal
        clock timezone <zone> <offset>
        ntp server <address>
        """,
    ),
    fix("IM and Presence", "Look at the clock and the time zone there and on CUCM as well: utils ntp status."),
)

FCR007 = Check(
    id="FCR007",
    slug="certificate-dates",
    title="The certificate is valid today",
    stage="certificate",
    severity="critical",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.readable_chain,
    judge=_judge_dates,
    covers=("F3-01",),
    rationale="No edge takes a certificate outside of its dates. Where the clock of the server that made it was wrong, "
    "its first day may lie ahead. The clock is that of the machine that ran vpnprobe.",
    guide=Guide(fix=(*NEW_CERTIFICATE, *_CLOCKS), logs=UNTRUSTED_LOGS, next=(S_CLIENT, PROBE)),
    variants={
        "not-yet": Guide(
            fix=(
                *_CLOCKS,
                fix("CA", "If the clock was wrong when the certificate was made, make it again."),
            ),
            logs=UNTRUSTED_LOGS,
            next=(S_CLIENT, PROBE),
        ),
        "issuer": Guide(
            fix=(
                fix(
                    "CA",
                    """
                    Fetch the present certificate of {issuer} from the authority, and install it in place of the old \
                      one in the chain of the server.
                    """,
                ),
                fix(
                    "Expressway", "Maintenance > Security > Trusted CA certificate: append the new one, delete the old."
                ),
            ),
            logs=UNTRUSTED_LOGS,
            next=(S_CLIENT, PROBE),
        ),
    },
)


def _judge_expires_soon(case: Case, chain: EdgeChain) -> Result:
    end = chain.leaf.not_after
    if end is None:
        return unclear("the dates of the certificate cannot be read")
    left = end - case.now
    if left <= timedelta(0):
        return not_applicable(f"expired on {day(end)} (FCR007)")
    facts: dict[str, Fact] = {"not_after": end.isoformat(), "days_left": left.days}
    words = f"expires on {day(end)}, {count(left.days, 'day')} from the run"
    if left >= timedelta(days=RENEWAL_DAYS):
        return passed(words, **facts)
    return failed(words, **facts, **request_facts(case, chain.leaf))


FCR008 = Check(
    id="FCR008",
    slug="expires-soon",
    title=f"The certificate has {RENEWAL_DAYS} days or more to live",
    stage="certificate",
    severity="warning",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.readable_chain,
    judge=_judge_expires_soon,
    rationale="After its last day every federation of the domain fails at once. The limit is an assumption; the "
    "documents name none.",
    guide=Guide(fix=NEW_CERTIFICATE, next=(S_CLIENT, PROBE)),
)


def allows(facts: CertificateFacts, usage: str) -> bool:
    """Whether the certificate names this purpose, any purpose, none at all, or more than were read."""
    if facts.extended_key_usage is None or CertificateProblem.LIST_CUT in facts.problems:
        return True
    return any(one.name in (usage, _ANY_USAGE) for one in facts.extended_key_usage)


def _judge_issuers_usage(case: Case, known: tuple[EdgeChain, PathReading]) -> Result:
    chain, path = known
    wanted = [usage for usage in ("serverAuth", "clientAuth") if allows(chain.leaf, usage)]
    if not wanted:
        return not_applicable("the certificate itself allows neither purpose (FCR005)")
    issuer = _find_issuer(case, chain, path, lambda facts: not all(allows(facts, usage) for usage in wanted))
    if issuer is None:
        return passed("no issuer that is at hand is limited to other purposes")
    usages = [usage.name or usage.oid for usage in issuer.extended_key_usage or ()]
    lacking = [usage for usage in wanted if not allows(issuer, usage)]
    return failed(
        f"its issuer {issuer.subject} is limited to {listing(usages) or 'no purpose'}, without {listing(lacking)}; "
        "Windows takes that as a limit of all below it, RFC 5280 does not say so",
        issuer=issuer.subject,
        usages=usages,
        **request_facts(case, chain.leaf),
    )


FCR019 = Check(
    id="FCR019",
    slug="issuer-usage",
    title="No issuer is limited to other purposes",
    stage="certificate",
    severity="warning",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.readable_chain & needs.path,
    judge=_judge_issuers_usage,
    rationale="RFC 5280 gives the purposes of an authority's certificate no meaning for those below it. Microsoft "
    "documents that Windows wants a purpose in every certificate of the path that names any, and browsers do the same. "
    "What a Microsoft edge asks of the path, and what it shows then, was found nowhere.",
    guide=Guide(
        fix=(
            fix(
                "CA",
                """
                Have the certificate issued below an authority without such a limit, or the certificate of {issuer} \
                  made again: with no purpose at all, or with both, 1.3.6.1.5.5.7.3.1 and 1.3.6.1.5.5.7.3.2.
                """,
            ),
            *NEW_CERTIFICATE,
        ),
        next=(S_CLIENT, PROBE),
    ),
    references=("RFC 5280 section 4.2.1.12", "Microsoft, CERT_USAGE_MATCH structure"),
)

CHECKS: Final = (FCR005, FCR006, FCR019, FCR007, FCR008)
