"""Certificates of a CAPF, a CA and a gateway."""

from __future__ import annotations

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.lsc import needs
from vpnprobe.checks.lsc.guides import LOOK_AT_IT
from vpnprobe.checks.lsc.needs import Given
from vpnprobe.checks.wording import count, listing_of_names
from vpnprobe.pki.capfcert import broken_capf_rules
from vpnprobe.pki.certificate import CertificateProblem, describe
from vpnprobe.pki.path import PathEnd, build_path


def _judge_authority(_case: Case, given: Given) -> Result:
    facts = given.facts
    fields = {
        "is_ca": facts.is_ca,
        "path_length": facts.path_length,
        "key_usage": None if facts.key_usage is None else list(facts.key_usage),
    }
    if CertificateProblem.EXTENSION_UNREADABLE in facts.problems:
        return unclear("the extensions cannot all be read (LSC002)", **fields)
    if given.use == "capf":
        faults = broken_capf_rules(facts)
        if faults:
            return failed("; ".join(faults), **fields)
        return passed("a CA of path length 0 for signatures and certificates", **fields)
    if not facts.is_ca:
        return failed(
            "its basic constraints do not make it a CA, so nothing that it signed is accepted", "ca", **fields
        )
    if facts.key_usage is not None and "keyCertSign" not in facts.key_usage:
        return failed("its key usage lacks keyCertSign, so nothing that it signed is accepted", "ca", **fields)
    return passed("a CA that may sign certificates", **fields)


LSC018 = Check(
    id="LSC018",
    slug="authority-certificate-form",
    title="The certificate of a CAPF or CA makes it one",
    stage="certificate",
    severity="critical",
    probes=("certificate",),
    subjects=needs.subjects,
    needs=needs.used_as("capf", "ca"),
    judge=_judge_authority,
    rationale="From CUCM 14SU2 on CAPF's certificate needs basic constraints CA:TRUE, pathlen:0 and key usage digital "
    "signature and certificate sign, else the TLS connection of the phone fails. Any CA needs the first part of both "
    "(RFC 5280 section 6.1.4).",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                Cisco Unified OS Administration > Security > Certificate Management: Regenerate CAPF; where a CA signs \
                  it, that CA has to keep the basic constraints and key usages of the request.
                """,
            ),
        ),
        next=("admin: show cert own CAPF", LOOK_AT_IT),
    ),
    variants={
        "ca": Guide(
            fix=(
                fix("CA", "Issue the CA's certificate again with basic constraints CA:TRUE and certificate signing."),
            ),
            next=(LOOK_AT_IT,),
        )
    },
    references=("Security Guide for CUCM 15, CAPF service certificate",),
)


def _judge_chain(case: Case, given: Given) -> Result:
    if given.facts.self_signed:
        return not_applicable("self-signed; there is no chain")
    others = needs.held(case.evidence, given.item.chain)
    if not others and "://" not in given.item.source:
        return not_applicable("a file of one certificate says nothing of the chain that the gateway sends")
    path = build_path((given.der, *others), at=case.now)
    came = [describe(der).subject or "unreadable" for der in (given.der, *others)]
    fields = {"came": came, "path_end": path.end.value, "missing_issuer": path.missing_issuer}
    if path.end is PathEnd.UNREADABLE:
        return unclear("a certificate of the chain cannot be read", **fields)
    if path.end is PathEnd.SIGNATURE_WRONG:
        return not_applicable("the issuer beside it did not sign it (LSC017)", **fields)
    if not path.in_order or path.unused:
        return failed(f"the chain is out of order or holds strangers: {listing_of_names(came)}", **fields)
    if path.end is PathEnd.ISSUER_MISSING and len(path.members) == 1:
        return failed(f"its issuer {path.missing_issuer} does not come with it", **fields)
    return passed(f"{count(len(path.members), 'certificate')} in order", **fields)


LSC019 = Check(
    id="LSC019",
    slug="gateway-chain",
    title="A gateway's certificate comes with its intermediates, in order",
    stage="certificate",
    severity="warning",
    probes=("certificate",),
    subjects=needs.subjects,
    needs=needs.used_as("gateway"),
    judge=_judge_chain,
    covers=("VP-06",),
    rationale="The whole chain belongs on the ASA, root and intermediates. A phone pins by hash and builds no path; a "
    "certHash of an issuer only helps when the issuer is sent.",
    guide=Guide(
        fix=(
            fix(
                "ASA",
                """
                configure terminal
                crypto ca authenticate <trustpoint>
                Paste the PEM of the issuer, then quit.
                write memory
                """,
            ),
        ),
        next=("ASA# show crypto ca certificates", "vpnprobe hash <certificate>"),
    ),
)

CHECKS = (LSC018, LSC019)
