"""Whether a phone takes a gateway's new certificate, and is let in until then: the renewal procedure, judged (VP-40).

Nothing is measured here. What cannot be judged is unknown, and unknown is never ready. Of several gateways one is
enough for a phone; what stands against the others is a reservation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from vpnprobe.fleet.cutover_new import against, coming, has_hash
from vpnprobe.fleet.cutover_plan import CutoverPlan
from vpnprobe.fleet.cutover_today import Today
from vpnprobe.fleet.objections import Objection, Pins, ShownGateway, Weight
from vpnprobe.model.fleet import PhoneConfigSight, Readiness, RenewalStep
from vpnprobe.phoneconfig.vpngroup import MAX_CERT_HASHES
from vpnprobe.phones.profile import PhoneProfile
from vpnprobe.pki.fingerprint import parse_cert_hash

_STEP_ORDER: Final[tuple[RenewalStep, ...]] = get_args(RenewalStep)
_WEIGHTS: Final[tuple[Weight, ...]] = get_args(Weight)
_SHOWN_URL: Final = 100  # characters

_UNREAD: Final[Mapping[str, str]] = {
    "not-found": "The configuration server has no file for this phone",
    "refused": "The configuration server refuses the phone's file",
    "busy": "The configuration server is busy with the phone's file",
    "server-error": "The configuration server answers with an error",
    "timeout": "The configuration server does not answer for this phone",
    "truncated": "The phone's file stopped in the middle",
    "too-large": "The phone's file is larger than any configuration",
    "unreachable": "The configuration server cannot be reached",
    "malformed": "The configuration server's answer breaks the protocol",
    "skipped": "The phone's file was not asked for",
    "malformed-config": "The phone's file cannot be read",
    "encrypted": "The phone's file is encrypted, so that only the phone can read it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CutoverDecision:
    """The judgement of one phone, in the words of `CutoverPhone`. No text of it names the phone."""

    readiness: Readiness
    reasons: tuple[str, ...] = ()
    missing: tuple[RenewalStep, ...] = ()
    has_new_hash: bool | None = None
    has_old_hash: bool | None = None


@dataclass(frozen=True, slots=True)
class _AtGateway:
    """What stands against the swap at one gateway, and whether the phone has the hashes of its certificates."""

    objections: tuple[Objection, ...]
    has_new: tuple[bool | None, ...] = ()
    has_old: tuple[bool | None, ...] = ()

    @property
    def readiness(self) -> Readiness:
        weights = {objection.weight for objection in self.objections}
        return "cut-off" if "cut-off" in weights else "unknown" if "unknown" in weights else "ready"


def decide_cutover(
    config: PhoneConfigSight,
    profile: PhoneProfile,
    gateways: Sequence[ShownGateway],
    plan: CutoverPlan,
    doubts: Sequence[Objection] = (),
) -> CutoverDecision:
    """Decide for a phone of this profile with this configuration, which dials these gateways, url1 first.

    `doubts` are what stands against its being of this profile, or having this configuration, at all.

    Where nobody is known to have the new hash, the missing step is the import; that others have it, which makes it the
    applying, is not seen from one phone.
    """
    if config.outcome == "no-vpn-group":
        return _undecided(
            "Its configuration has no vpnGroup: in the office nothing changes for it, outside it dials no gateway once "
            "it has this file.",
            "assign-vpn-profile",
        )
    if config.outcome != "received":
        problem = (config.problem or "").removeprefix(f"{config.file} cannot be read: ")
        return _undecided(f"{_UNREAD[config.outcome]}{f' ({problem})' if problem else ''}.", "fetch-config")
    if not gateways:
        nowhere = Objection("cut-off", "Its vpnGroup names no URL, so it dials no gateway.", "assign-vpn-profile")
        return _decision([_AtGateway((nowhere,))])
    return _decision([_at(gateway, config, profile, plan, doubts) for gateway in gateways])


def _at(
    gateway: ShownGateway,
    config: PhoneConfigSight,
    profile: PhoneProfile,
    plan: CutoverPlan,
    doubts: Sequence[Objection],
) -> _AtGateway:
    if not gateway.url.host:
        return _AtGateway((Objection("cut-off", f"{gateway.url.text[:_SHOWN_URL]} cannot be dialled."),))
    # Whether a phone reads further ones nobody knows; one that is only there makes no phone ready.
    read = [f"certHash{number}" for number in range(1, MAX_CERT_HASHES + 1)]
    hashes = tuple(parse_cert_hash(config.cert_hashes[name]) for name in read if name in config.cert_hashes)
    pins = Pins(hashes, config.hash_alg)
    new = coming(gateway, profile, plan)
    found = [has_hash(one, pins, gateway, plan) for one in new]
    has_new = tuple(answer for answer, _ in found)
    today = Today(gateway, pins, new, _all(has_new), config.host_id_check, plan)
    objections = (
        *(objection for _, objection in found if objection is not None),
        *(objection for one in new for objection in against(one, gateway, profile, config.host_id_check, plan)),
        *today.objections(),
        *(doubts if new else ()),
    )
    return _AtGateway(objections, has_new, today.has_old)


def _undecided(reason: str, step: RenewalStep) -> CutoverDecision:
    return CutoverDecision(readiness="unknown", reasons=(reason,), missing=(step,))


def _decision(judged: Sequence[_AtGateway]) -> CutoverDecision:
    ends = {one.readiness for one in judged}
    readiness: Readiness = "ready" if "ready" in ends else "unknown" if "unknown" in ends else "cut-off"
    objections = sorted(
        (objection for one in judged for objection in one.objections),
        key=lambda objection: _WEIGHTS.index(objection.weight),
    )
    steps = {objection.step for objection in objections}
    return CutoverDecision(
        readiness=readiness,
        reasons=tuple(dict.fromkeys(objection.text for objection in objections)),
        missing=tuple(step for step in _STEP_ORDER if step in steps),
        has_new_hash=_all([has for one in judged for has in one.has_new]),
        has_old_hash=_all([has for one in judged for has in one.has_old]),
    )


def _all(answers: Sequence[bool | None]) -> bool | None:
    """Whether all hold; None where that is not known, or there is nothing to hold."""
    if False in answers:
        return False
    return None if None in answers or not answers else True
