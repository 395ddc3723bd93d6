"""What becomes of a file whose signer no list of the phone names."""

from __future__ import annotations

from vpnprobe.checks.base import Case, Result, failed, unclear
from vpnprobe.checks.trust import needs
from vpnprobe.checks.wording import listing
from vpnprobe.model.trust import SignatureReading
from vpnprobe.pki.trust_decision import TVS, Signer, decide


def judge_unknown_signer(case: Case, whose: str, reading: SignatureReading, signer: Signer) -> Result:
    """Judge a signer that no list of the phone names: then a phone asks the TVS servers of its list.

    `whose` names what is signed, as in "the configuration's".
    """
    who = signer.subject
    holding = needs.held(case.evidence)
    answers = needs.answers_about(case.evidence, reading, signer.issuer, signer.serial)
    if not answers and not holding:
        nobody = f"{whose} signer is in no list of this server"
        if any(one.having(TVS) for one in needs.served_lists(case.evidence)):
            # Usual where several nodes serve files, each with its own certificate: TVS knows them all.
            return unclear(f"{nobody}; a phone asks a TVS then, as vpnprobe config --tvs does: {who}")
        return failed(f"{nobody}, which names no TVS either: {who}")
    is_askable = any(one.having(TVS) for one in holding)
    decision = decide("configuration", reading, holds_list=True, tvs=answers or (None if is_askable else ()))
    if decision.outcome == "refused":
        asked = listing(f"{one.server} (status {one.code})" for one in answers if one.status == "not-trusted")
        return failed(
            f"{whose} signer is in no list that the phone holds{f', nor known to {asked}' if asked else ''}: {who}"
        )
    if decision.source == "TVS":
        return unclear(f"a TVS vouches for {whose} signer, but its certificate did not come with the answer: {who}")
    if not answers:
        return unclear(f"{whose} signer is in no list that the phone holds; the phone asks a TVS then (--tvs): {who}")
    said = listing(f"{one.server} status {one.code}" for one in answers if one.status == "other-answer")
    return unclear(
        f"{whose} signer is in no list that the phone holds, and {said or 'no TVS'} "
        f"{'has no documented meaning' if said else 'answered'}: {who}"
    )
