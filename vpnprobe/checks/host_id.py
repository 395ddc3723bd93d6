"""Checks of the phone's host-ID check: does the certificate name the host of the group-url?"""

from __future__ import annotations

from vpnprobe.checks import needs, subjects
from vpnprobe.checks.base import Case, Check, Guide, Lack, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.needs import Chain
from vpnprobe.checks.wording import listing
from vpnprobe.model.config import VpnGroup
from vpnprobe.model.finding import Fact, Logs
from vpnprobe.model.target import GroupUrl
from vpnprobe.pki.hostid import HOST_ID_OFF, HOST_ID_ON, HostIdDecision, HostIdRule, decide_host_id, passes_host_id

_RULE_WORDS = {
    HostIdRule.SAN_MATCHES: "its subjectAltName names the host",
    HostIdRule.SUBJECT_MATCHES: "its common name is the host",
    HostIdRule.SUBJECT_MATCHES_SAN_DIFFERS: (
        "its common name is the host, its subjectAltName names others; the documents point both ways"
    ),
    HostIdRule.ADDRESS_MATCHES: "it names the address of the URL; the documents call URLs with an address a failure",
    HostIdRule.WILDCARD_THIRD_LEVEL: "a wildcard of the third level, which phones refuse",
    HostIdRule.WILDCARD_OTHER: "a wildcard that covers the host; what the phone does with it is not documented",
    HostIdRule.NO_MATCH: "no name of it is the host",
    HostIdRule.UNREADABLE: "not all of its names can be read",
}


def _decide(chain: Chain, url: GroupUrl) -> tuple[HostIdDecision, str, dict[str, Fact]]:
    decision = decide_host_id(url.host, chain.leaf)
    named = listing(decision.names) or "no name"
    summary = f"{decision.host} against {named}: {_RULE_WORDS[decision.rule]}"
    facts: dict[str, Fact] = {
        "host": decision.host,
        "names": list(decision.names),
        "rule": decision.rule.value,
        "basis": decision.basis.value,
        "wildcard": decision.wildcard,
    }
    return decision, summary, facts


def _judge_host_id(_case: Case, known: tuple[tuple[Chain, GroupUrl], VpnGroup]) -> Result:
    (chain, url), group = known
    value = group.enable_host_id_check
    if value == HOST_ID_OFF:
        return not_applicable("enableHostIDCheck is 0; the phone looks at no name")
    decision, summary, facts = _decide(chain, url)
    goes_on = passes_host_id(value, decision.accepts)
    if goes_on:
        return passed(summary, **facts)
    if value != HOST_ID_ON:
        written = "absent or no number" if value is None else str(value)
        return unclear(
            f"enableHostIDCheck is {written}; what the phone then does is not documented: {summary}", **facts
        )
    if goes_on is None:
        return unclear(summary, **facts)
    return failed(summary, "wildcard" if decision.wildcard else "", **facts)


_FIX = (
    fix(
        "CUCM",
        """
        Advanced Features > VPN > VPN Profile: untick Enable Host ID Check.
        Save, then Apply Config to the phones.
        """,
    ),
    fix(
        "ASA",
        """
        Or make a certificate whose common name is the host of the URL; it must be uploaded to CUCM before it is \
          shown:
        configure terminal
        crypto ca trustpoint <new-trustpoint>
         fqdn {host}
         subject-name CN={host}
        """,
    ),
)
# VP-32, from the process name on.
_FAILED_LINES = (
    "VPNC: hostID not found in subjectAltNames",
    "VPNC: hostID not found in subject name",
    "VPNC: hostIDCheck failed!!",
)
_WILDCARD_LINES = (
    "VPNC: DNS has wildcard, starting checks...",
    "VPNC: Generic third level wildcards are not allowed, stopping checks on host=({host}) and dns=({wildcard})",
)

HID001 = Check(
    id="HID001",
    slug="host-id",
    title="With the host-ID check on, the certificate names the host of the URL",
    stage="host-id",
    severity="critical",
    probes=("phone",),
    subjects=subjects.own_hellos,
    needs=needs.chain & needs.group_url & needs.vpn_group,
    judge=_judge_host_id,
    covers=("VP-31", "VP-32"),
    rationale=(
        "The phone tries wildcards, then the subjectAltName, then the subject. Wildcard certificates, other "
        "names and URLs with an address make it fail, also where the hash matches."
    ),
    guide=Guide(fix=_FIX, logs=Logs(phone=_FAILED_LINES), next=("ASA# show run ssl", "vpnprobe gateway {gateway}")),
    variants={
        "wildcard": Guide(
            fix=_FIX,
            logs=Logs(phone=_WILDCARD_LINES + _FAILED_LINES),
            next=("ASA# show run ssl", "vpnprobe gateway {gateway}"),
        )
    },
    references=("Cisco document 116162, host ID check",),
)


def _judge_if_enabled(case: Case, known: tuple[Chain, GroupUrl]) -> Result:
    group = needs.vpn_group.read(case)
    value = None if isinstance(group, Lack) else group.enable_host_id_check
    if value == HOST_ID_ON:
        return not_applicable("the check is on (HID001)")
    decision, summary, facts = _decide(*known)
    is_off = value == HOST_ID_OFF
    condition = f"if Host ID Check {'were turned on' if is_off else 'is on'} in CUCM{'' if is_off else ' (not known)'}"
    if decision.accepts:
        return passed(f"would pass {condition}: {summary}", **facts)
    if decision.accepts is None:
        return unclear(f"not known what would happen {condition}: {summary}", **facts)
    return failed(f"would fail {condition}: {summary}", **facts)


HID002 = Check(
    id="HID002",
    slug="host-id-if-enabled",
    title="The certificate would stand the host-ID check if it were turned on",
    stage="host-id",
    severity="info",
    probes=("phone",),
    subjects=subjects.own_hellos,
    needs=needs.chain & needs.group_url,
    judge=_judge_if_enabled,
    covers=("VP-31", "VP-32"),
    rationale="CUCM ticks Enable Host ID Check in every new VPN profile, so a change of profile can turn it on.",
    guide=Guide(
        fix=(fix("CUCM", "Advanced Features > VPN > VPN Profile: leave Enable Host ID Check unticked."),),
        next=("vpnprobe explain HID001",),
    ),
)

CHECKS = (HID001, HID002)
