"""Checks of the names in the target's certificate, by the rules of a Microsoft edge and of an old Access Edge."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.federation import needs, subjects
from vpnprobe.checks.federation.edge import PROBE, S_CLIENT
from vpnprobe.checks.federation.needs import EdgeChain
from vpnprobe.checks.federation.request import NEW_CERTIFICATE, request_facts
from vpnprobe.checks.wording import listing
from vpnprobe.federation.diagnostics import EXPRESSWAY_504, edge_trace_1010, ms_diagnostics_1010
from vpnprobe.model.finding import Fact, Logs
from vpnprobe.pki.certificate import CertificateFacts
from vpnprobe.pki.edgename import EdgeNameDecision, EdgeNameRule, decide_edge_name

NO_NAME: Final = "<no name>"

_UNDECIDED = (EdgeNameRule.SAN_WILDCARD, EdgeNameRule.COMMON_NAME_WILDCARD)

# What both sides show for a target that its certificate does not name.
_HEADER: Final = ms_diagnostics_1010("{target}", "{certificate_name}")
_TRACE: Final = edge_trace_1010("{target}", "{certificate_name}")
_MISMATCH_LOGS: Final = Logs(edge=(_HEADER, _TRACE), expressway=(EXPRESSWAY_504,))


def certificate_name(leaf: CertificateFacts) -> str:
    """Return the name that an edge shows for the certificate: its common name (F4-14, F4-16).

    That it is the first host name where there is no common name is an assumption.
    """
    return next(iter((*leaf.common_names, *(leaf.dns_names or ()))), NO_NAME)


def _decide(case: Case, chain: EdgeChain) -> EdgeNameDecision:
    return decide_edge_name(case.subject.target or "", chain.leaf)


def _facts(case: Case, chain: EdgeChain, decision: EdgeNameDecision) -> dict[str, Fact]:
    name = certificate_name(chain.leaf)
    target = case.subject.target or ""
    return {
        "rule": decision.rule.value,
        "names": list(decision.names),
        "certificate_name": name,
        "predicted": ms_diagnostics_1010(target, name),
        **request_facts(case, chain.leaf),
    }


def _judge_named(case: Case, chain: EdgeChain) -> Result:
    target = case.subject.target
    decision = _decide(case, chain)
    plain: dict[str, Fact] = {"rule": decision.rule.value, "names": list(decision.names)}
    if decision.accepts:
        where = "the common name, and there is no SAN" if decision.rule is EdgeNameRule.COMMON_NAME else "the SAN"
        return passed(f"{target} is in {where}", **plain)
    if decision.rule in _UNDECIDED:
        return not_applicable(f"only {decision.matched} covers {target} (FCR002)", **plain)
    if decision.rule is EdgeNameRule.UNREADABLE:
        return unclear("the names of the certificate cannot all be read", **plain)
    facts = _facts(case, chain, decision)
    if decision.rule is EdgeNameRule.COMMON_NAME_IGNORED:
        san = listing(chain.leaf.dns_names or ()) or "no host name"
        return failed(f"{target} is the common name only, which does not count beside a SAN: {san}", **facts)
    return failed(f"the certificate does not name {target}, but {listing(decision.names) or 'nobody'}", **facts)


FCR001 = Check(
    id="FCR001",
    slug="names-target",
    title="The certificate names the target of the SRV record",
    stage="certificate",
    severity="critical",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.readable_chain,
    judge=_judge_named,
    covers=("F4-07", "F4-08", "F4-09", "F4-14", "F4-16"),
    rationale="A Microsoft edge looks for the SRV target in the SAN; the common name counts only where there is no "
    "SAN. The bare SIP domain is not asked for.",
    guide=Guide(fix=NEW_CERTIFICATE, logs=_MISMATCH_LOGS, next=(S_CLIENT, PROBE)),
    references=("Cisco document on DNS and certificates for federation through Expressway", "MS-OCER 1010"),
    yields_to=("FCR003",),
)


def _judge_wildcard(case: Case, chain: EdgeChain) -> Result:
    decision = _decide(case, chain)
    wildcard = next((name for name in chain.leaf.common_names if name.startswith("*.")), None)
    if decision.rule in _UNDECIDED:
        words = f"only {decision.matched} covers {case.subject.target}; whether a peer takes it was found nowhere"
        return failed(words, **_facts(case, chain, decision))
    if wildcard is not None:
        return failed(
            f"the common name {wildcard} is a wildcard, which Microsoft supports in no role",
            **_facts(case, chain, decision),
        )
    if decision.rule is EdgeNameRule.UNREADABLE:
        return unclear("the names of the certificate cannot all be read")
    return passed("no wildcard has to cover the target")


FCR002 = Check(
    id="FCR002",
    slug="no-wildcard",
    title="The certificate names the target without a wildcard",
    stage="certificate",
    severity="warning",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.readable_chain,
    judge=_judge_wildcard,
    covers=("M-06",),
    rationale="Microsoft supports a wildcard as common name in no role, and leaves the external edge out where it "
    "lists those that may have one in the SAN. What an edge does with a peer's wildcard was found nowhere.",
    guide=Guide(fix=NEW_CERTIFICATE, logs=Logs(edge=(_HEADER,)), next=(S_CLIENT, PROBE)),
    references=("Microsoft, wildcard certificates in Lync Server 2013",),
    yields_to=("FCR001", "FCR003", "FCR004"),
)


def _judge_dotted(case: Case, chain: EdgeChain) -> Result:
    decision = _decide(case, chain)
    if decision.rule is EdgeNameRule.NO_DOTTED_NAME:
        facts = _facts(case, chain, decision)
        shown = listing(decision.names) or "it has none"
        return failed(f"no name of the certificate is a DNS name with a dot: {shown}", **facts)
    if decision.rule is EdgeNameRule.UNREADABLE and not decision.names:
        return unclear("the names of the certificate cannot be read")
    return passed(f"names {listing(decision.names)}", names=list(decision.names))


FCR003 = Check(
    id="FCR003",
    slug="dotted-name",
    title="The certificate holds a fully qualified name",
    stage="certificate",
    severity="critical",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.readable_chain,
    judge=_judge_dotted,
    covers=("F3-03",),
    rationale="A certificate that IM and Presence made before its domain was set holds the bare host name; the "
    "handshake with it fails.",
    guide=Guide(
        fix=(
            fix(
                "IM and Presence",
                """
                Set the domain of IM and Presence by its CLI, which makes the certificate anew; restart Cisco SIP Proxy.
                Where an ASA stands before it, delete the old copy there and import the new one.
                """,
            ),
            *NEW_CERTIFICATE,
        ),
        logs=_MISMATCH_LOGS,
        next=(S_CLIENT, PROBE),
    ),
)


def _judge_common_name(case: Case, chain: EdgeChain) -> Result:
    if not case.evidence.expectation.im_and_presence:
        return not_applicable("not asked: --imp says that IM and Presence serves the domain")
    target = (case.subject.target or "").lower()
    names = [name.strip().lower().removesuffix(".") for name in chain.leaf.common_names]
    if target in names:
        return passed(f"the common name is {target}")
    if chain.leaf.subject is None:
        return unclear("the subject of the certificate cannot be read")
    facts = _facts(case, chain, _decide(case, chain))
    return failed(f"the common name is {listing(chain.leaf.common_names) or 'absent'}, not {target}", **facts)


FCR004 = Check(
    id="FCR004",
    slug="common-name-is-target",
    title="The common name of IM and Presence is the target of the SRV record",
    stage="certificate",
    severity="critical",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.readable_chain,
    judge=_judge_common_name,
    covers=("F3-25",),
    rationale="Where the partner's Access Edge does not have the host in its Allow list, it takes IM and Presence only "
    "by the common name of the certificate.",
    guide=Guide(
        fix=(
            # The request of an Expressway takes its own host name as common name.
            *(one for one in NEW_CERTIFICATE if one.platform in ("IM and Presence", "ASA", "CA")),
            fix("Microsoft edge", "At the partner's: the entry under IM Provider must be that common name, {fqdn}."),
        ),
        logs=Logs(expressway=(EXPRESSWAY_504,)),
        next=(S_CLIENT, PROBE),
    ),
    yields_to=("FCR001", "FCR003"),
)

CHECKS: Final = (FCR001, FCR002, FCR003, FCR004)
