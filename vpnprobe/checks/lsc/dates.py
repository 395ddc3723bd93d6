"""Dates of a given certificate: today, soon, and how long it lives in all."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.certificate import RENEWAL_DAYS
from vpnprobe.checks.lsc import needs
from vpnprobe.checks.lsc.guides import LOOK_AT_IT, NEW_LSC
from vpnprobe.checks.lsc.needs import Given
from vpnprobe.checks.renewal import RENEW
from vpnprobe.checks.wording import count, day
from vpnprobe.model.finding import Fix
from vpnprobe.pki.validity import decide_validity

# "Duration Of Certificate Validity" of CAPF (CA-15).
MIN_DAYS: Final = 1
MAX_DAYS: Final = 1825

_UNREADABLE: Final = "the dates of the certificate cannot be read (LSC002)"

_NEW_CAPF: Final[Fix] = fix(
    "CUCM",
    """
    Cisco Unified OS Administration > Security > Certificate Management: Regenerate CAPF.
    Make the CTL anew where there is one (utils ctl update CTLFile), reset the phones, then Install/Upgrade their LSCs.
    The ASA needs the new CAPF certificate beside the old one, until every phone has its new LSC.
    """,
)

_NEW_CA: Final[Fix] = fix(
    "CA",
    "Renew the CA's certificate, and import it wherever the old one is trusted: ASA, CAPF-trust, CallManager-trust.",
)

_MENDED: Final = {
    "phone": Guide(fix=(NEW_LSC, fix("ASA", "show clock detail")), next=(LOOK_AT_IT, "ASA# show clock detail")),
    "gateway": Guide(fix=RENEW, next=("ASA# show crypto ca certificates", "ASA# show clock")),
    "capf": Guide(fix=(_NEW_CAPF,), next=("admin: show cert own CAPF", LOOK_AT_IT)),
    "ca": Guide(fix=(_NEW_CA,), next=("admin: show cert list trust", LOOK_AT_IT)),
}
_VARIANTS: Final = {"lsc": "phone", "mic": "phone", "unknown": "phone"}


def _variant(given: Given) -> str:
    return _VARIANTS.get(given.use, given.use)


def _judge_valid_now(case: Case, given: Given) -> Result:
    start, end = given.facts.not_before, given.facts.not_after
    if start is None or end is None:
        return unclear(_UNREADABLE)
    fields = {"not_before": start.isoformat(), "not_after": end.isoformat()}
    validity = decide_validity(given.facts, case.now).validity
    if validity == "not-yet-valid":
        return failed(f"not valid before {day(start)}; it is {day(case.now)} here", _variant(given), **fields)
    if validity == "expired":
        return failed(f"expired on {day(end)}; it is {day(case.now)} here", _variant(given), **fields)
    return passed(f"valid from {day(start)} to {day(end)}", **fields)


LSC007 = Check(
    id="LSC007",
    slug="given-certificate-valid-now",
    title="The certificate is valid today",
    stage="certificate",
    severity="critical",
    probes=("certificate",),
    subjects=needs.subjects,
    needs=needs.readable,
    judge=_judge_valid_now,
    covers=("CA-26",),
    rationale="CUCM revokes an LSC that has expired, and a gateway does not accept it. A wrong clock on a side has "
    "the same effect. The clock here is that of the machine that ran vpnprobe.",
    variants=_MENDED,
)


def _judge_expires_soon(case: Case, given: Given) -> Result:
    end = given.facts.not_after
    if end is None:
        return unclear(_UNREADABLE)
    left = end - case.now
    if left <= timedelta(0):
        return not_applicable(f"expired on {day(end)} (LSC007)")
    said = f"expires on {day(end)}, {count(left.days, 'day')} from the run"
    if left < timedelta(days=RENEWAL_DAYS):
        return failed(said, _variant(given), not_after=end.isoformat(), days_left=left.days)
    return passed(said, not_after=end.isoformat(), days_left=left.days)


LSC008 = Check(
    id="LSC008",
    slug="given-certificate-expires-soon",
    title=f"The certificate has {RENEWAL_DAYS} days or more to live",
    stage="certificate",
    severity="warning",
    probes=("certificate",),
    subjects=needs.subjects,
    needs=needs.readable,
    judge=_judge_expires_soon,
    covers=("CA-26",),
    rationale="CUCM's certificate monitor mails before the end. A phone that is away at that time cannot fetch a "
    "new LSC without the VPN that the old one opens. The limit is an inference; the documents name none.",
    variants=_MENDED,
)


def _judge_lifetime(_case: Case, given: Given) -> Result:
    start, end = given.facts.not_before, given.facts.not_after
    if given.item.online_ca:
        return not_applicable("an online CA sets the lifetime itself (--online-ca)")
    if start is None or end is None:
        return unclear(_UNREADABLE)
    days = (end - start).days
    said = f"valid for {count(days, 'day')} in all"
    if MIN_DAYS <= days <= MAX_DAYS:
        return passed(said, days=days)
    if given.phone.issued_by is None:
        return unclear(
            f"{said}, where CAPF gives {MIN_DAYS} to {MAX_DAYS}; an online CA (--online-ca) may give more, whether "
            "another one may is not known",
            days=days,
            issuer=given.facts.issuer,
        )
    return failed(f"{said}, where CAPF gives {MIN_DAYS} to {MAX_DAYS}", days=days, issuer=given.facts.issuer)


LSC009 = Check(
    id="LSC009",
    slug="lsc-lifetime",
    title=f"The LSC lives {MIN_DAYS} to {MAX_DAYS} days, unless an online CA sets that",
    stage="certificate",
    severity="critical",
    probes=("certificate",),
    subjects=needs.subjects,
    needs=needs.lsc,
    judge=_judge_lifetime,
    covers=("CA-04", "CA-15"),
    rationale="Duration Of Certificate Validity of CAPF takes no other values, so such an LSC is none of this CAPF's "
    "making. An online CA sets the lifetime itself: say so by --online-ca. Whether an offline CA has to keep to it the "
    "documents do not say.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                System > Service Parameters > Cisco Certificate Authority Proxy Function: Duration Of Certificate \
                  Validity (in days) = 1 to 1825; restart the service.
                """,
            ),
            NEW_LSC,
            fix("vpnprobe", "If an online CA signed it: run again with --online-ca."),
        ),
        next=(LOOK_AT_IT,),
    ),
)

CHECKS = (LSC007, LSC008, LSC009)
