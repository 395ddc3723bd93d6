"""The cut-over of a whole fleet: a sweep's run, with the renewal procedure as its judgement."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from vpnprobe.fleet.collect import Collected
from vpnprobe.fleet.cutover import CutoverDecision, decide_cutover
from vpnprobe.fleet.cutover_plan import CutoverPlan
from vpnprobe.fleet.gateways import GatewayLook
from vpnprobe.fleet.objections import Objection, ShownGateway
from vpnprobe.fleet.options import RunOptions
from vpnprobe.fleet.profiles import Doubt, Profiles
from vpnprobe.fleet.sweep import FleetRun, Looks
from vpnprobe.model.fleet import CutoverPhone, FleetLine, Phone, PhoneConfigSight
from vpnprobe.model.target import GroupUrl, device_name
from vpnprobe.phones.profile import PhoneProfile
from vpnprobe.wire.sgn import file_name_matches

# Decisions that are remembered. A fleet needs dozens; where each phone differs, memory stays bounded.
_REMEMBERED: Final = 2048


def cutover(options: RunOptions, plan: CutoverPlan, take: Callable[[FleetLine], None]) -> FleetRun:
    """Return the run that judges each phone of a fleet by this plan."""
    judge = CutoverJudge(plan)
    profiles = Profiles(options.profile, chosen=options.chosen)

    def line_of(phone: Phone, profile: PhoneProfile, collected: Collected, looks: Looks) -> CutoverPhone:
        load = collected.sight.load
        doubt = profiles.doubt(phone, load)
        doubts = [] if doubt is None else [_model_doubt(doubt, phone.model, load, profile)]
        if _is_of_another_phone(collected):
            doubts.append(_NOT_ITS_OWN)
        return judge.judge(phone, profile, collected.sight, looks, datetime.now(UTC), tuple(doubts))

    return FleetRun(options, line_of, take)


_NOT_ITS_OWN: Final = Objection(
    "cut-off",
    "Its signed file is that of another phone: it refuses that one, and goes on with the configuration that it has.",
    "apply-config",
)


def _is_of_another_phone(collected: Collected) -> bool:
    content = collected.content
    signed = next(
        (one.signed for one in collected.boot_files if content is not None and one.name == content.name), None
    )
    return (
        content is not None
        and signed is not None
        and signed.file_name is not None
        and not file_name_matches(signed.file_name, content.name)
    )


def _model_doubt(doubt: Doubt, model: str | None, load: str | None, profile: PhoneProfile) -> Objection:
    """Return what is to be said of a phone that is judged as a model which may not be its own."""
    match doubt:
        case "unknown-model":
            return Objection(
                "unknown",
                f"No profile is known for its model ({model}), so whether it takes the new certificate is not known: "
                "where it is like another one, take the model out of the inventory and name that one with --model.",
            )
        case "other-load":
            return Objection(
                "unknown",
                f"The inventory calls it {model}, and its firmware load ({load}) is that of another model: mend the "
                "inventory.",
            )
        case "assumed":
            return Objection(
                "reservation",
                f"Neither the inventory nor its firmware load tells its model; it was judged as a {profile.model}: "
                "name the model in the inventory, or with --model.",
            )


class CutoverJudge:
    """Judges phones by one plan; those that are alike, once. What a gateway shows does not change in between."""

    def __init__(self, plan: CutoverPlan) -> None:
        self._plan = plan
        self._known: OrderedDict[object, CutoverDecision] = OrderedDict()
        self._gateways: dict[str, ShownGateway] = {}

    def judge(
        self,
        phone: Phone,
        profile: PhoneProfile,
        config: PhoneConfigSight,
        looks: Looks,
        finished_at: datetime,
        doubts: tuple[Objection, ...] = (),
    ) -> CutoverPhone:
        """Return the line of a phone that would dial these URLs in this order; without a look none was possible.

        `doubts` are what stands against its being of this profile, or having this configuration.
        """
        decision = self._decision(profile, config, looks, doubts)
        return CutoverPhone(
            mac=phone.mac,
            device=device_name(phone.mac),
            model=phone.model,
            profile=profile.id,
            labels=phone.labels,
            readiness=decision.readiness,
            reasons=decision.reasons,
            missing=decision.missing,
            has_new_hash=decision.has_new_hash,
            has_old_hash=decision.has_old_hash,
            config=config,
            gateways=tuple(dict.fromkeys(look.sight.key for _, look in looks if look is not None)),
            finished_at=finished_at,
        )

    def _decision(
        self, profile: PhoneProfile, config: PhoneConfigSight, looks: Looks, doubts: tuple[Objection, ...]
    ) -> CutoverDecision:
        key = (
            profile.id,
            profile.model,
            config.outcome,
            config.problem,
            tuple(config.cert_hashes.items()),
            config.hash_alg,
            config.host_id_check,
            doubts,
            tuple(url.text if look is None else look.sight.key for url, look in looks),
        )
        known = self._known.get(key)
        if known is None:
            gateways = [self._shown(url, look) for url, look in looks]
            known = self._known[key] = decide_cutover(config, profile, gateways, self._plan, doubts)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        return known

    def _shown(self, url: GroupUrl, look: GatewayLook | None) -> ShownGateway:
        if look is None:
            return ShownGateway(url, {})
        shown = self._gateways.get(look.sight.key)
        if shown is None:
            evidence = look.evidence
            flights = sorted(evidence.flights(evidence.persona.profile), key=lambda flight: flight.address)
            shown = ShownGateway(url, {flight.address: evidence.chain(flight.chain) for flight in flights})
            self._gateways[look.sight.key] = shown
        return shown
