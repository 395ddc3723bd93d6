"""A phone and the new certificate of one gateway: has it the hash, and can it take the certificate at all?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from vpnprobe.checks.wording import day
from vpnprobe.fleet.acceptance import obstacles, takes_key_type
from vpnprobe.fleet.cutover_plan import CutoverPlan, GivenCertificate
from vpnprobe.fleet.objections import Objection, Pins, ShownGateway
from vpnprobe.phones.profile import PhoneProfile
from vpnprobe.pki.certificate import CertificateFacts, describe
from vpnprobe.pki.fingerprint import sha1
from vpnprobe.pki.hostid import HOST_ID_OFF, HOST_ID_ON, decide_host_id, passes_host_id
from vpnprobe.pki.path import build_path
from vpnprobe.pki.pin import PinReason
from vpnprobe.pki.validity import decide_validity

_UNDECIDED: Final[Mapping[PinReason, str]] = {
    PinReason.UNKNOWN_HASH_ALG: "hashAlg has a value of unknown meaning",
    PinReason.DOUBTFUL_FORM: "the certHash that fits is written in a form that not every decoder reads",
}
_SHOWN_NAMES: Final = 3


def coming(gateway: ShownGateway, profile: PhoneProfile, plan: CutoverPlan) -> tuple[GivenCertificate, ...]:
    """Return the new certificates that this model may be shown by this gateway, as whole as they are known.

    A gateway with certificates of two kinds of key picks by the hello (VP-08). After the swap only those count that are
    shown, if any is.
    """
    live = {sha1(chain[0]): chain for chain in gateway.chains}
    new = plan.new_for(gateway.url.host)
    if plan.after:
        new = tuple(one for one in new if one.leaf_sha1 in live) or new
    whole = tuple(
        one if one.chain else GivenCertificate(leaf_sha1=one.leaf_sha1, chain=live.get(one.leaf_sha1, ()))
        for one in new
    )
    fitting = tuple(one for one in whole if one.facts is None or takes_key_type(profile, one.facts.key_type))
    return fitting or whole


def has_hash(
    new: GivenCertificate, pins: Pins, gateway: ShownGateway, plan: CutoverPlan
) -> tuple[bool | None, Objection | None]:
    """Return whether the phone has the hash of this certificate or of its issuer, and what stands against that."""
    decision = pins.on(new)
    if decision.accepts:
        return True, None
    if decision.reason in _UNDECIDED:
        why = _UNDECIDED[decision.reason]
        return None, Objection("unknown", f"Whether it has the new hash is not known: {why}.", "import-phone-vpn-trust")
    if _is_by_issuer_of_today(new, pins, gateway, plan):
        return True, Objection(
            "reservation",
            "It has the hash of an issuer, which must be sent with the new certificate: give the whole chain as the "
            "gateway will show it.",
        )
    if not new.chain and any(pins.at(chain).reason is PinReason.ISSUER_MATCHES for chain in gateway.chains):
        return None, Objection(
            "unknown",
            "It has the hash of an issuer; whether that issued the new certificate cannot be seen from a hash.",
        )
    count = len(pins.hashes)
    text = f"None of its {count} certHashes names" if count > 1 else "Its certHash does not name"
    if decision.reason is PinReason.NO_EXPECTATION:
        text = "It has no certHash at all, so none for"
    return False, Objection("cut-off", f"{text} the new certificate ({new.cert_hash}).", "import-phone-vpn-trust")


def _is_by_issuer_of_today(new: GivenCertificate, pins: Pins, gateway: ShownGateway, plan: CutoverPlan) -> bool:
    """Whether the phone has the hash of an issuer that is sent today and missing in the chain that is given.

    A leaf of today is none, also where the new certificate is self-signed with its key.
    """
    if not new.chain or build_path(new.chain, at=plan.at).is_complete:
        return False
    issuers = tuple(der for chain in gateway.chains for der in chain[1:])
    return pins.at((*new.chain, *issuers)).reason is PinReason.ISSUER_MATCHES


def against(
    new: GivenCertificate,
    gateway: ShownGateway,
    profile: PhoneProfile,
    host_id_check: int | None,
    plan: CutoverPlan,
) -> Iterator[Objection]:
    """Yield what stands against the certificate itself, whatever hash the phone has."""
    facts = new.facts
    if facts is None:
        names = "" if host_id_check == HOST_ID_OFF else ", names"
        yield Objection(
            "unknown",
            f"Of the new certificate only the hash is given ({new.cert_hash}): key{names}, signature and dates cannot "
            "be judged.",
        )
        return
    for obstacle in obstacles(profile, facts, [describe(chain[0]) for chain in gateway.chains]):
        text = f"{obstacle.text[0].upper()}{obstacle.text[1:]}."
        yield Objection("cut-off" if obstacle.certain else "unknown", text, "mend-certificate")
    yield from _against_names(facts, gateway.url.host, host_id_check)
    yield from _against_dates(facts, plan)


def _against_names(facts: CertificateFacts, host: str, setting: int | None) -> Iterator[Objection]:
    """Yield what the host-ID check says for the host of this URL (VP-31)."""
    decision = decide_host_id(host, facts)
    if passes_host_id(setting, decision.accepts):
        return
    names = ", ".join(decision.names[:_SHOWN_NAMES]) or "nothing"
    if setting != HOST_ID_ON:
        written = "absent" if setting is None else str(setting)
        text = f"enableHostIDCheck is {written}, and the new certificate names {names} where the URL says {host}."
        yield Objection("unknown", text, "mend-certificate")
    elif decision.accepts is None:
        text = f"The host-ID check is on, and no source says whether {names} stands for {host}."
        yield Objection("unknown", text, "mend-certificate")
    else:
        text = f"The host-ID check is on, and the new certificate names {names} where the URL says {host}."
        yield Objection("cut-off", text, "mend-certificate")


def _against_dates(facts: CertificateFacts, plan: CutoverPlan) -> Iterator[Objection]:
    validity = decide_validity(facts, plan.at).validity
    moment = "now" if plan.at <= plan.now else f"at the swap ({day(plan.at)})"
    if facts.not_before is None or facts.not_after is None:
        yield Objection("unknown", "The dates of the new certificate cannot be read.", "mend-certificate")
    elif validity == "not-yet-valid":
        text = f"The new certificate is not valid {moment}: it begins on {day(facts.not_before)}."
        yield Objection("cut-off", text, "mend-certificate")
    elif validity == "expired":
        text = f"The new certificate is not valid {moment}: it ends on {day(facts.not_after)}."
        yield Objection("cut-off", text, "mend-certificate")
