"""Check of the client certificate that the operator gave: what any partner would refuse it for, whoever it is."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, passed, unclear
from vpnprobe.checks.federation import needs, subjects
from vpnprobe.checks.federation.certificate import allows
from vpnprobe.checks.federation.mutual import client_certificate
from vpnprobe.checks.federation.srv import PROBE
from vpnprobe.checks.wording import day, listing
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.finding import Fact
from vpnprobe.pki.certificate import CertificateFacts
from vpnprobe.pki.edgename import EdgeNameRule, decide_edge_name
from vpnprobe.pki.validity import decide_validity

LOOK_AT_OURS: Final = (
    "openssl x509 -in <client-cert> -noout -subject -issuer -dates -ext extendedKeyUsage,subjectAltName"
)


def own_leaf(evidence: Evidence) -> CertificateFacts | None:
    """Return what the client certificate says; None where none was given or it cannot be read."""
    ders = [evidence.certificates[name] for name in evidence.client_chain[:1] if name in evidence.certificates]
    leaf = needs.certificate_facts(ders[0]) if ders else None
    return leaf if leaf is not None and leaf.parse_error is None else None


def own_faults(leaf: CertificateFacts, now: datetime) -> list[str]:
    """Return a clause for each thing that a partner may refuse this certificate for."""
    faults = []
    validity = decide_validity(leaf, now).validity
    if validity == "expired" and leaf.not_after is not None:
        faults.append(f"it expired on {day(leaf.not_after)}")
    if validity == "not-yet-valid" and leaf.not_before is not None:
        faults.append(f"it is not valid before {day(leaf.not_before)}")
    if not allows(leaf, "clientAuth"):
        usages = [usage.name or usage.oid for usage in leaf.extended_key_usage or ()]
        faults.append(f"clientAuth is not among its purposes: {listing(usages) or 'none'}")
    if decide_edge_name("", leaf).rule is EdgeNameRule.NO_DOTTED_NAME:
        faults.append("it holds no DNS name with a dot")
    return faults


def _judge_own(case: Case, _chain: tuple[str, ...]) -> Result:
    leaf = own_leaf(case.evidence)
    if leaf is None:
        return unclear("the client certificate cannot be read")
    names = list(decide_edge_name("", leaf).names)
    facts: dict[str, Fact] = {"names": names, "subject": leaf.subject}
    faults = own_faults(leaf, case.now)
    if faults:
        return failed(f"the client certificate that was given is at fault itself: {'; '.join(faults)}", **facts)
    if leaf.not_before is None or leaf.not_after is None:
        return unclear("the dates of the client certificate cannot be read", **facts)
    return passed(f"the client certificate has its dates and its purpose, and names {listing(names)}", **facts)


EDG011 = Check(
    id="EDG011",
    slug="own-certificate",
    title="The given client certificate is fit to be shown",
    stage="mutual-tls",
    severity="warning",
    probes=("federation",),
    subjects=subjects.domain,
    needs=client_certificate,
    judge=_judge_own,
    covers=("F3-11", "M-13"),
    rationale="What --client-cert gave is judged by its dates, by its purpose clientAuth, and by whether it holds a "
    "host name at all. A partner looks for the target of your own record among its names; which domain is yours, the "
    "run does not know. The clock is that of the machine that ran vpnprobe.",
    guide=Guide(
        fix=(
            fix(
                "CA",
                """
                Have the client certificate issued anew: with the target of your own federation record in its \
                  alternative names, and with both purposes, 1.3.6.1.5.5.7.3.1 and 1.3.6.1.5.5.7.3.2.
                """,
            ),
            fix("vpnprobe", "Give the certificate that your server shows its partners: --client-cert <file>."),
        ),
        next=(LOOK_AT_OURS, PROBE),
    ),
    references=("Cisco FN74362",),
)

CHECKS: Final = (EDG011,)
