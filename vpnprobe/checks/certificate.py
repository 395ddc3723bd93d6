"""Checks of the gateway's certificate itself: its dates, the chain it comes with, its bytes."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from vpnprobe.checks import needs, subjects
from vpnprobe.checks.base import BOTH_PROBES, Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.needs import Chain
from vpnprobe.checks.renewal import PHONES_OUTSIDE, RENEW
from vpnprobe.checks.wording import count, day, listing, listing_of_names
from vpnprobe.model.finding import Fact
from vpnprobe.pki.path import PathEnd, build_path
from vpnprobe.pki.validity import decide_validity

# Inference: the documents name no time. Two months leave room for a change window and for phones that are away.
RENEWAL_DAYS: Final = 60


def _judge_valid_now(case: Case, chain: Chain) -> Result:
    leaf = chain.leaf
    validity = decide_validity(leaf, case.now).validity
    if leaf.not_before is None or leaf.not_after is None:
        return unclear("the dates of the certificate cannot be read")
    facts: dict[str, Fact] = {
        "not_before": leaf.not_before.isoformat(),
        "not_after": leaf.not_after.isoformat(),
        "subject": leaf.subject,
        "cert_hash": leaf.cert_hash,
    }
    by_clock = f"; this machine's clock says {day(case.now)}"
    if validity == "not-yet-valid":
        return failed(f"not valid before {day(leaf.not_before)}{by_clock}", "not-yet", **facts)
    if validity == "expired":
        return failed(f"expired on {day(leaf.not_after)}{by_clock}", **facts)
    return passed(f"valid from {day(leaf.not_before)} to {day(leaf.not_after)}", **facts)


CRT001 = Check(
    id="CRT001",
    slug="certificate-valid-now",
    title="The gateway's certificate is valid today",
    stage="pin",
    severity="critical",
    probes=BOTH_PROBES,
    subjects=subjects.leaves,
    needs=needs.chain,
    judge=_judge_valid_now,
    covers=("VP-42",),
    rationale="The documents treat an expired certificate as an outage: phones outside no longer connect, and so "
    "cannot fetch the configuration that would help them. What a phone is known to compare is the hash (PIN001); that "
    "it reads the dates as well, or refuses a certificate before its time, was not observed and is an inference. "
    "Nothing secret is sent to such a gateway. The clock is that of the machine that ran vpnprobe, at the start.",
    guide=Guide(
        fix=(*RENEW, PHONES_OUTSIDE),
        next=("ASA# show crypto ca certificates", "ASA# show clock"),
    ),
    variants={
        "not-yet": Guide(
            fix=(
                fix(
                    "ASA",
                    """
                    show clock detail
                    show ntp status
                    configure terminal
                    ntp server <address>
                    If the clock was wrong when the certificate was made, make it again: crypto ca enroll \
                      <trustpoint>
                    """,
                ),
            ),
            next=("ASA# show clock detail", "ASA# show crypto ca certificates"),
        )
    },
    references=("Cisco document 116162, renewal of the ASA's certificate",),
)


def _judge_expires_soon(case: Case, chain: Chain) -> Result:
    end = chain.leaf.not_after
    if end is None:
        return unclear("the dates of the certificate cannot be read")
    left = end - case.now
    if left <= timedelta(0):
        return not_applicable(f"expired on {day(end)} (CRT001)")
    facts: dict[str, Fact] = {"not_after": end.isoformat(), "days_left": left.days, "cert_hash": chain.leaf.cert_hash}
    if left < timedelta(days=RENEWAL_DAYS):
        return failed(f"expires on {day(end)}, {count(left.days, 'day')} from the run", **facts)
    return passed(f"expires on {day(end)}, {count(left.days, 'day')} from the run", **facts)


CRT002 = Check(
    id="CRT002",
    slug="certificate-expires-soon",
    title=f"The gateway's certificate has {RENEWAL_DAYS} days or more to live",
    stage="pin",
    severity="warning",
    probes=BOTH_PROBES,
    subjects=subjects.leaves,
    needs=needs.chain,
    judge=_judge_expires_soon,
    covers=("VP-40",),
    rationale="The new hash must reach every phone before the certificate is swapped, and phones are not always "
    "connected. The limit is an inference; the documents name none.",
    guide=Guide(fix=RENEW, next=("ASA# show crypto ca certificates",)),
    references=("CSCuh19734", "Cisco document 116162, renewal of the ASA's certificate"),
)


def _judge_chain(case: Case, chain: Chain) -> Result:
    path = build_path(chain.ders, at=case.now)
    sent = [needs.certificate_facts(der).subject or "unreadable" for der in chain.ders]
    facts: dict[str, Fact] = {"sent": sent, "path_end": path.end.value, "missing_issuer": path.missing_issuer}
    if path.end is PathEnd.SELF_SIGNED_LEAF:
        return not_applicable("the certificate is self-signed; there is no chain", **facts)
    if path.end is PathEnd.UNREADABLE:
        return unclear("a certificate of the chain cannot be read", **facts)
    if path.end is PathEnd.SIGNATURE_WRONG:
        return failed("a certificate of the chain was not signed by the issuer sent with it", **facts)
    if not path.in_order or path.unused:
        return failed(f"the chain is out of order or holds strangers: {listing_of_names(sent)}", **facts)
    if path.end is PathEnd.ISSUER_MISSING and len(path.members) == 1:
        return failed(f"the leaf is sent without its issuer {path.missing_issuer}", **facts)
    return passed(f"{count(len(path.members), 'certificate')} in order", **facts)


CRT003 = Check(
    id="CRT003",
    slug="chain-complete",
    title="A third-party certificate comes with its intermediates, in order",
    stage="pin",
    severity="warning",
    probes=BOTH_PROBES,
    subjects=subjects.leaves,
    needs=needs.chain,
    judge=_judge_chain,
    covers=("VP-06",),
    rationale="The whole chain belongs on the ASA, root and intermediates. A certHash of an issuer only helps when the "
    "issuer is sent. A missing root alone is not called a fault: from outside it cannot be told from an intermediate.",
    guide=Guide(
        fix=(
            fix(
                "ASA",
                """
                show crypto ca certificates <trustpoint>
                configure terminal
                crypto ca authenticate <trustpoint>
                Paste the PEM of the issuer {missing_issuer}, then quit.
                crypto ca trustpoint <root-trustpoint>
                 enrollment terminal
                 exit
                crypto ca authenticate <root-trustpoint>
                """,
            ),
        ),
        next=("openssl s_client -connect {address} -showcerts", "ASA# show crypto ca certificates"),
    ),
)


def _judge_readable(_case: Case, chain: Chain) -> Result:
    leaf = chain.leaf
    if leaf.parse_error is not None:
        return failed(
            f"the certificate cannot be read ({leaf.parse_error}); the phone only hashes it",
            parse_error=leaf.parse_error,
            cert_hash=leaf.cert_hash,
        )
    if leaf.problems:
        names = [problem.value for problem in leaf.problems]
        return failed(f"strict software may refuse this certificate: {listing(names)}", problems=names)
    return passed(f"{leaf.subject} by {leaf.issuer}, {leaf.key_type} {leaf.key_bits}, {leaf.signature_algorithm}")


CRT004 = Check(
    id="CRT004",
    slug="certificate-readable",
    title="The certificate can be read without a problem",
    stage="pin",
    severity="info",
    probes=BOTH_PROBES,
    subjects=subjects.leaves,
    needs=needs.chain,
    judge=_judge_readable,
    rationale="A phone hashes the bytes and does not mind; other software, such as a browser or a monitoring tool, may "
    "refuse the certificate and hide the real state.",
    guide=Guide(
        fix=(fix("ASA", "At the next renewal make the certificate anew: crypto ca enroll <trustpoint>"),),
        next=("openssl s_client -connect {address} -showcerts",),
    ),
)

CHECKS = (CRT001, CRT002, CRT003, CRT004)
