"""What a phone makes of a signed file: whose certificate may have signed it, and whether the file is taken.

Sources, by the marks used below:
* [SBD] Cisco 116232, CUCM Security By Default and ITL Operation and Troubleshooting; the chapter Security by Default of
  the Cisco Unified Communications Manager Security Guide.
* [ADM] Cisco Unified IP Phone 7906G and 7911G Administration Guide (OL-21033-01), Table 9-1.
* [CU] usecallmanagernz/certutils, which makes lists and files that phones take.
What stands under "inference" is ours, from these; what nobody says comes out as "unknown".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from vpnprobe.model.trust import SignatureReading, SignerSource, TrustList, TrustListKind, TrustRecord, TvsAnswer

SAST: Final = 0
CCM: Final = 1
CCM_TFTP: Final = 2
TFTP: Final = 3
CAPF: Final = 4
TVS: Final = 21

# [ADM]: a CTL is signed by a security token (SAST) that the phone's list has. [SBD]: an ITL is signed by ITLRecovery
# (SAST) since CUCM 12.0, before that by the CallManager certificate, the one of the TFTP server.
LIST_SIGNER_ROLES: Final = (SAST, CCM_TFTP, TFTP)
# [SBD]: configurations are signed with the key of the TFTP server. [ADM]: an invalid TFTP record, no configuration.
CONFIGURATION_SIGNER_ROLES: Final = (CCM_TFTP, TFTP)

SignedThing = Literal["trust-list", "configuration"]
SIGNER_ROLES: Final[dict[SignedThing, tuple[int, ...]]] = {
    "trust-list": LIST_SIGNER_ROLES,
    "configuration": CONFIGURATION_SIGNER_ROLES,
}

_NAME_SEPARATORS = re.compile(r"[;,]")


class Signer(msgspec.Struct, frozen=True):
    """Who a header says signed the file: names as text, `serial` in hex."""

    subject: str | None
    issuer: str | None
    serial: str | None


class SignerMatch(msgspec.Struct, frozen=True):
    """A record that is the signer's, and the list it stands in. `fits` says whether its role may sign such a file."""

    trust_list: TrustList
    record: TrustRecord
    fits: bool


def same_name(one: str, other: str) -> bool:
    """Whether two texts are the same distinguished name.

    Order of the attributes, letter case, blanks, and `;` or `,` between them do not count: CUCM and certutils differ in
    these, and the key decides in the end.
    """
    return _attributes(one) == _attributes(other)


def find_signer(signer: Signer, lists: Sequence[TrustList], thing: SignedThing) -> tuple[SignerMatch, ...]:
    """Return the records of `lists` that are the signer's: those whose role may sign first, then in order.

    Issuer and serial number name a certificate (RFC 5280 section 4.1.2.2); header and record have both. A serial number
    alone is enough where one side has no issuer ([CU] compares nothing else); a record without a serial number is never
    the signer's.
    """
    roles = SIGNER_ROLES[thing]
    found = [
        SignerMatch(one, record, record.role in roles)
        for one in lists
        for record in one.records
        if _is_signer(signer, record)
    ]
    return tuple(sorted(found, key=lambda match: not match.fits))


def asks_signed(lists: Sequence[TrustList]) -> bool:
    """Whether a phone with these lists asks for `.sgn` files: one has a TFTP record with a certificate [ADM]."""
    return any(
        record.certificate or record.certificate_hash
        for one in lists
        for record in one.having(*CONFIGURATION_SIGNER_ROLES)
    )


# "depends-on-tvs": no list has the signer, and no TVS was asked or answered, so it is the TVS that decides.
Outcome = Literal["accepted", "refused", "depends-on-tvs", "unknown"]

Reason = Literal[
    "first-boot",  # nothing to judge it by: taken as it comes [SBD]
    "unchanged",  # the very file that the phone holds
    "signed-by-list",  # by a certificate that a held list has, in a role that may
    "signed-by-tvs",  # by a certificate that a TVS vouches for
    "bad-signature",  # the signer is known, the bytes are not what he signed
    "wrong-role",  # the signer is known, but not as one who may sign this
    "unknown-signer",  # in no list, and no TVS vouches for him
    "unsigned",
    "cannot-check",  # an algorithm that this machine does not know, or a file that does not parse
]


class TrustDecision(msgspec.Struct, frozen=True, kw_only=True):
    """What the phone does with the file. `source` is what made it trust the signer."""

    outcome: Outcome
    reason: Reason
    source: SignerSource | None = None


def decide(
    thing: SignedThing,
    reading: SignatureReading | None,
    *,
    holds_list: bool,
    unchanged: bool = False,
    tvs: Sequence[TvsAnswer] | None = None,
) -> TrustDecision:
    """Return what a phone does with a trust list or a configuration.

    `reading` is the file's signature, checked with the certificate of a list that the phone holds by then, or with the
    one that a TVS vouched for (`source` "TVS"); None is a file that nobody signed. `holds_list` is whether the phone
    holds any list when the file comes. `tvs` are the answers about the signer: None where nobody was asked, empty where
    there is nobody to ask.

    Sources: without any list the first one is taken as it comes [SBD]; a signer that the lists do not have is asked
    after at a TVS, and what cannot be verified is refused and the old file kept [SBD]. Inference: an unsigned file is
    refused like one with a bad signature; a TVS is not asked where the signer is known and the signature does not fit;
    of several TVS servers one that trusts is enough.
    """
    if unchanged:
        return TrustDecision(outcome="accepted", reason="unchanged")
    if not holds_list:
        return _decide_first(thing, reading)
    if reading is None or reading.status == "unsigned":
        return TrustDecision(outcome="refused", reason="unsigned")
    if reading.status == "valid":
        return _decide_valid(thing, reading)
    if reading.status == "invalid":
        return TrustDecision(outcome="refused", reason="bad-signature", source=reading.source)
    if reading.status == "unknown-signer":
        return _decide_unknown(tvs)
    return TrustDecision(outcome="unknown", reason="cannot-check")


def lists_after(held: Sequence[TrustList], fetched: Sequence[tuple[TrustList, TrustDecision]]) -> tuple[TrustList, ...]:
    """Return the lists that the phone holds once it has taken or refused what came, CTL before ITL.

    A list that is taken replaces the one of its kind; a refused one leaves the old in place [SBD]. Where nobody knows
    whether it is taken, the old one stays too.
    """
    holds: dict[TrustListKind, TrustList] = {one.kind: one for one in held}
    holds |= {one.kind: one for one, decision in fetched if decision.outcome == "accepted"}
    return tuple(sorted(holds.values(), key=lambda one: one.kind))


def _decide_first(thing: SignedThing, reading: SignatureReading | None) -> TrustDecision:
    """Without a list: whether a phone looks at the signature that a first list has over itself no source says."""
    damaged = reading is not None and reading.status in ("invalid", "unreadable")
    if damaged and thing == "trust-list":
        return TrustDecision(outcome="unknown", reason="bad-signature")
    return TrustDecision(outcome="accepted", reason="first-boot")


def _decide_valid(thing: SignedThing, reading: SignatureReading) -> TrustDecision:
    if reading.source == "TVS":
        return TrustDecision(outcome="accepted", reason="signed-by-tvs", source="TVS")
    if not set(reading.roles) & set(SIGNER_ROLES[thing]):
        # Whether the phone then goes on to a TVS, as with a signer it does not know, no source says.
        return TrustDecision(outcome="refused", reason="wrong-role", source=reading.source)
    return TrustDecision(outcome="accepted", reason="signed-by-list", source=reading.source)


def _decide_unknown(tvs: Sequence[TvsAnswer] | None) -> TrustDecision:
    statuses = {answer.status for answer in tvs} if tvs is not None else {"no-answer"}
    if "trusted" in statuses:
        # Vouched for, but the certificate is not at hand to check the bytes with.
        return TrustDecision(outcome="unknown", reason="cannot-check", source="TVS")
    if statuses & {"no-answer", "other-answer"} and "not-trusted" not in statuses:
        return TrustDecision(outcome="depends-on-tvs", reason="unknown-signer")
    return TrustDecision(outcome="refused", reason="unknown-signer")


def _attributes(name: str) -> tuple[str, ...]:
    parts = (" ".join(part.casefold().split()) for part in _NAME_SEPARATORS.split(name))
    return tuple(sorted(part for part in parts if part))


def _is_signer(signer: Signer, record: TrustRecord) -> bool:
    if signer.serial is None or record.serial is None:
        return False
    if signer.serial.lower().lstrip("0") != record.serial.lower().lstrip("0"):
        return False
    return signer.issuer is None or record.issuer is None or same_name(signer.issuer, record.issuer)
