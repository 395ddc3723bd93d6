"""Checks of the trust lists (CTL and ITL): there, readable, whole, of this cluster, and taken by the phone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from vpnprobe.checks import needs as common
from vpnprobe.checks import subjects
from vpnprobe.checks.base import Case, Check, Guide, Lack, Need, Result, failed, fix, passed, unclear
from vpnprobe.checks.trust import guides, needs
from vpnprobe.checks.trust.signers import judge_unknown_signer
from vpnprobe.checks.trust.wording import algorithm_words, role_words
from vpnprobe.checks.wording import count, day, listing, listing_of_names
from vpnprobe.model.config import PhoneConfig
from vpnprobe.model.observation import BootFile
from vpnprobe.model.trust import TrustList, TrustRecord
from vpnprobe.pki.certificate import describe
from vpnprobe.pki.trust_decision import CAPF, CONFIGURATION_SIGNER_ROLES, TVS, Signer, asks_signed, decide
from vpnprobe.pki.validity import decide_validity

_SECURITY_BY_DEFAULT = (
    'Cisco document "Communications Manager Security By Default and ITL Operation and Troubleshooting"'
)
_MOVING = 'Cisco document "Migrating IP Phones Between Clusters with CUCM 8 and ITL Files"'


def _judge_served(case: Case, asked: tuple[BootFile, ...]) -> Result:
    lists = [file for file in asked if file.name.endswith(".tlv")]
    received = [file.name for file in lists if file.outcome == "received"]
    if not lists:
        return unclear("no trust list was asked for")
    if not received:
        if any(file.outcome != "not-found" for file in lists):
            return unclear(f"whether there is a trust list is not known: {listing(f.outcome for f in lists)}")
        return failed("the server has no trust list: a phone that holds none takes unsigned files, from anybody")
    read = [one for one in needs.served(case.evidence) if one.problem is None]
    blank = [one.name for one in read if not one.having(*CONFIGURATION_SIGNER_ROLES, TVS)]
    if read and len(blank) == len(read):
        return failed(
            f"{listing(blank)} names no TFTP server and no TVS: a phone that takes it accepts any file from then on",
            "blank",
        )
    return passed(f"{listing(received)} served")


SGN001 = Check(
    id="SGN001",
    slug="trust-list-served",
    title="The server has a trust list",
    stage="boot-files",
    stages={"config": "trust-list"},
    severity="info",
    probes=("phone", "config"),
    subjects=subjects.config_server,
    needs=common.asked,
    judge=_judge_served,
    rationale="Since CUCM 8.0 every cluster serves an ITL, and phones that hold a list take signed files only. Without "
    "one, a phone takes what it is given; one that holds a list of before keeps it, and asks for signed files.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                show itl
                System > Enterprise Parameters: Prepare Cluster for Rollback to pre 8.0 must be False.
                utils service restart Cisco Trust Verification Service
                utils service restart Cisco Tftp
                """,
            ),
        ),
        next=guides.LOOK,
    ),
    variants={
        "blank": Guide(
            fix=(
                fix(
                    "CUCM",
                    """
                    Prepare Cluster for Rollback to pre 8.0 is True. That is right while phones leave for another \
                      cluster; afterwards set it to False, and restart TVS and TFTP on every node.
                    """,
                ),
            ),
            next=("vpnprobe config {device} --show",),
        )
    },
    references=(_SECURITY_BY_DEFAULT, "CUCM security guide, rollback to a release before 8.0"),
)


def _judge_readable(_case: Case, trust_list: TrustList) -> Result:
    if trust_list.problem is not None:
        return failed(f"the {trust_list.kind} cannot be read: {trust_list.problem}", problem=trust_list.problem)
    odd = [f"record {place}: {one.problem}" for place, one in enumerate(trust_list.records, 1) if one.problem]
    if odd:
        return failed(
            f"{count(len(odd), 'record')} of the {trust_list.kind} cannot be read: {listing(odd)}", problem=listing(odd)
        )
    roles = role_words(one.role for one in trust_list.records if one.role is not None)
    return passed(f"{trust_list.kind} of {count(len(trust_list.records), 'record')}: {roles or 'no role'}")


SGN002 = Check(
    id="SGN002",
    slug="trust-list-readable",
    title="The trust list can be read",
    stage="boot-files",
    stages={"config": "trust-list"},
    severity="critical",
    probes=("phone", "config"),
    subjects=needs.trust_lists,
    needs=needs.trust_list,
    judge=_judge_readable,
    covers=("VP-39",),
    rationale="A phone keeps the list that it has when the new one cannot be read. Which odd records a phone forgives "
    "is not documented.",
    guide=Guide(
        fix=(
            guides.REBUILD,
            fix("TFTP", "A file made by hand or by a proxy? Have CUCM's own served."),
        ),
        logs=guides.REFUSED_LIST,
        next=guides.LOOK,
    ),
    references=("File format: usecallmanagernz/certutils",),
)


def _judge_own(_case: Case, trust_list: TrustList) -> Result:
    reading = trust_list.own_signature
    if reading is None:
        return unclear("its signature was not looked at")
    match reading.status:
        case "valid":
            return passed(f"whole: signed with {algorithm_words(reading)} by {trust_list.signer}")
        case "invalid":
            return failed(f"its signature does not fit its content: {reading.problem or 'changed after it was signed'}")
        case "unsigned":
            return failed("it carries no signature")
        case "unknown-signer":
            return unclear(f"its signer is not among its records: {trust_list.signer}")
        case _:
            return unclear(f"its signature cannot be checked: {reading.problem or reading.status}")


SGN003 = Check(
    id="SGN003",
    slug="trust-list-whole",
    title="The trust list is as it was signed",
    stage="boot-files",
    stages={"config": "trust-list"},
    severity="critical",
    probes=("phone", "config"),
    subjects=needs.phones_lists,
    needs=needs.readable_list,
    judge=_judge_own,
    covers=("VP-39",),
    rationale="A list names its own signer. With that certificate one sees whether the list was changed since; whether "
    "the phone trusts that signer is another question (SGN005).",
    guide=Guide(
        fix=(
            guides.REBUILD,
            fix(
                "TFTP",
                """
                A copy on another server, or a proxy in between? Compare its bytes with those that CUCM itself serves.
                """,
            ),
        ),
        logs=guides.REFUSED_LIST,
        next=guides.LOOK,
    ),
    references=(_SECURITY_BY_DEFAULT,),
)


# Of the records that have only a hash, what show itl calls the hash algorithm.
_HASHES: Final = ("sha1", "sha256", "sha512")


def _names(record: TrustRecord, certificates: Mapping[str, bytes]) -> frozenset[str]:
    """The digests by which a list may name the certificate of a record: one has it whole, another its hash only."""
    der = certificates.get(record.certificate or "")
    digests = () if der is None else (hashlib.new(name, der, usedforsecurity=False).hexdigest() for name in _HASHES)
    return frozenset(name for name in (record.certificate, record.certificate_hash, *digests) if name is not None)


def _judge_cluster(case: Case, facts: needs.Judged) -> Result:
    kept = case.evidence.certificates
    theirs = {names for record in facts.served.records if (names := _names(record, kept))}
    ours = frozenset[str]().union(*(_names(record, kept) for one in facts.held for record in one.records))
    if not theirs or not ours:
        return unclear("one of the two lists names no certificate, so they cannot be compared")
    shared = [names for names in theirs if names & ours]
    if shared:
        return passed(f"of one cluster: {count(len(shared), 'certificate')} in common", shared=len(shared))
    vouched = facts.served.signature
    if vouched is not None and vouched.source == "TVS" and vouched.status == "valid":
        return passed("of another cluster, and a TVS of the old one vouches for its signer")
    capf = "" if facts.served.having(CAPF) else "; it names no CAPF"
    return failed(
        f"no certificate in common with {facts.held[0].name}, which the phone holds: that one is of another cluster, "
        f"and the phone takes nothing that this one signs{capf}",
        held=facts.held[0].name,
        signer=facts.served.signer,
    )


SGN004 = Check(
    id="SGN004",
    slug="trust-list-same-cluster",
    title="The phone holds a list of the cluster that serves it",
    stage="trust-list",
    severity="critical",
    probes=("config",),
    subjects=needs.phones_served_lists,
    needs=needs.judged,
    judge=_judge_cluster,
    covers=("CA-31",),
    rationale="A phone that was moved holds the list of its old cluster: it refuses the new one's lists and "
    "configurations and keeps its old settings. Its LSC is of the old CAPF, which the new cluster does not know. "
    "That two lists without a common certificate are of two clusters is an inference.",
    guide=Guide(fix=guides.MOVE_PHONES, logs=guides.REFUSED_FILE, next=guides.ASK_TVS),
    references=(_MOVING, "CUCM security guide, CAPF interactions: moving a secure phone"),
)


def _judge_accepted(case: Case, facts: needs.Judged) -> Result:
    served, reading = facts.served, facts.served.signature
    if any(one.sha256 == served.sha256 for one in facts.held):
        return passed("the very list that the phone holds")
    if reading is None:
        return unclear("its signature was not checked with what the phone holds")
    if reading.status == "unknown-signer":
        return judge_unknown_signer(
            case, "the new list's", reading, Signer(served.signer, served.issuer, served.serial)
        )
    decision = decide("trust-list", reading, holds_list=True)
    match decision.reason:
        case "signed-by-tvs":
            return passed("the phone would take it: a TVS vouches for its signer")
        case "signed-by-list":
            return passed(f"the phone would take it: its signer stands in {reading.taken_from}")
        case "wrong-role":
            roles = role_words(reading.roles) or "no role"
            return failed(f"its signer stands in {reading.taken_from} as {roles}, which may not sign lists", "damaged")
        case "bad-signature":
            return failed("the signer is one that the phone trusts, but the signature is not its", "damaged")
        case "unsigned":
            return failed("it carries no signature", "damaged")
        case _:
            return unclear(f"its signature cannot be checked: {reading.problem or reading.status}")


SGN005 = Check(
    id="SGN005",
    slug="trust-list-accepted",
    title="The phone takes the trust list in place of the one it holds",
    stage="trust-list",
    severity="critical",
    probes=("config",),
    subjects=needs.phones_served_lists,
    needs=needs.judged,
    judge=_judge_accepted,
    covers=("VP-39",),
    rationale="A phone takes a new list when its signer stands in the list that it holds, or when a TVS of that list "
    "knows the signer.",
    yields_to=("SGN004",),
    guide=Guide(
        fix=(guides.RESET_ITL, guides.REBUILD, guides.ERASE_LIST),
        logs=guides.REFUSED_LIST,
        next=guides.ASK_TVS,
    ),
    variants={"damaged": Guide(fix=(guides.REBUILD,), logs=guides.REFUSED_LIST, next=guides.LOOK)},
    references=(_SECURITY_BY_DEFAULT, "Cisco document 117598, bulk reset of ITL files"),
)


def _judge_dates(case: Case, trust_list: TrustList) -> Result:
    wrong, unread = [], 0
    names = dict.fromkeys(one.certificate for one in trust_list.records if one.certificate is not None)
    for name in names:
        der = case.evidence.certificates.get(name)
        if der is None:
            unread += 1
            continue
        facts = describe(der)
        validity = decide_validity(facts, case.now).validity
        if validity == "expired" and facts.not_after is not None:
            wrong.append(f"{facts.subject} expired on {day(facts.not_after)}")
        elif validity == "not-yet-valid" and facts.not_before is not None:
            wrong.append(f"{facts.subject} is valid from {day(facts.not_before)} only")
        elif validity == "unreadable":
            unread += 1
    if wrong:
        return failed(f"{count(len(wrong), 'certificate')} outside of its dates: {listing_of_names(wrong)}")
    if unread or not names:
        return unclear(f"the dates of {count(unread, 'certificate')} cannot be read" if names else "no certificates")
    return passed(f"{count(len(names), 'certificate')}, all within their dates")


SGN006 = Check(
    id="SGN006",
    slug="trust-list-certificates-valid",
    title="The certificates of the trust list are within their dates",
    stage="boot-files",
    stages={"config": "trust-list"},
    severity="warning",
    probes=("phone", "config"),
    subjects=needs.phones_lists,
    needs=needs.readable_list,
    judge=_judge_dates,
    rationale="Certificates of CUCM are regenerated before they end, one kind at a time: a change of CallManager.pem "
    "and of TVS.pem at once leaves phones nobody to ask. What a phone makes of an expired one is not documented.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                show cert list own
                OS Administration > Security > Certificate Management: regenerate one kind at a time, first TVS.pem, \
                  then CallManager.pem; after each, restart TVS and TFTP and let every phone fetch the new list.
                Never regenerate both before the phones have the list of the first.
                """,
            ),
        ),
        next=guides.LOOK,
    ),
    references=(_SECURITY_BY_DEFAULT,),
)


def _read_readable(case: Case) -> tuple[TrustList, ...] | Lack:
    found = needs.lists.read(case)
    if isinstance(found, Lack):
        return found
    readable = tuple(one for one in found if one.problem is None)
    if readable and not asks_signed(readable):
        return Lack("the trust list is blank (SGN001)", "not-applicable")
    return readable or Lack(f"{found[0].name} cannot be read (SGN002)")


def _judge_capf(_case: Case, facts: tuple[PhoneConfig, tuple[TrustList, ...]]) -> Result:
    config, lists = facts
    if not (config.capf or config.capf_auth_mode):
        return unclear("the configuration names no CAPF")
    having = [one.name for one in lists if one.having(CAPF)]
    if having:
        return passed(f"{listing(having)} names the CAPF")
    servers = listing(one.host or "?" for one in config.capf)
    return failed(f"the configuration names the CAPF {servers}, but no trust list does", capf=servers)


SGN015 = Check(
    id="SGN015",
    slug="capf-in-trust-list",
    title="The trust list names the CAPF",
    stage="config",
    severity="warning",
    probes=("phone", "config"),
    subjects=subjects.config_file,
    needs=common.config & Need(("a trust list that can be read",), _read_readable),
    judge=_judge_capf,
    covers=("CA-03",),
    rationale="The phone knows the CAPF by its certificate in the CTL or ITL. That a phone without that record refuses "
    "the CAPF is an inference from CA-03.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                show cert own CAPF
                Regenerate CAPF.pem if it is missing; in mixed mode also: utils ctl update CTLFile
                utils service restart Cisco Trust Verification Service
                utils service restart Cisco Tftp
                Then reset the phones.
                """,
            ),
        ),
        next=("vpnprobe capf {config_server}",),
    ),
)

LISTS = (SGN001, SGN002, SGN003, SGN004, SGN005, SGN006)
