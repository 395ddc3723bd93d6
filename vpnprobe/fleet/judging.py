"""The verdict of one phone, by the same checks as those of `vpnprobe phone`.

Thousands of phones of a fleet differ in their names only. So a phone is judged under a name that stands for all, and
the judgement is remembered by everything that it depends on: a fleet costs a few dozen of them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from vpnprobe.checks.evaluate import judge
from vpnprobe.fleet.collect import Collected
from vpnprobe.fleet.gateways import GatewayLook
from vpnprobe.model.config import PhoneConfig
from vpnprobe.model.evidence import Evidence, Stage, StageName
from vpnprobe.model.finding import Finding, Report, Verdict
from vpnprobe.model.fleet import Phone, SweptPhone
from vpnprobe.model.observation import BootFile, ConfigReading, PhoneDecision
from vpnprobe.model.target import GroupUrl, Persona, Target, device_name
from vpnprobe.phones.profile import PhoneProfile
from vpnprobe.probes.decisions import expected_hashes, host_id_decisions, pin_decisions
from vpnprobe.probes.recorder import TOOL

# Stands for every phone while it is judged; a locally administered address that no phone has.
_ANY_MAC: Final = "FEFFFFFFFFFF"
_ANY_DEVICE: Final = device_name(_ANY_MAC)

# Judgements that are remembered. A fleet needs dozens; where each phone differs, memory stays bounded.
_REMEMBERED: Final = 2048

# Of several gateways the phone takes the first that lets it in.
_BEST_FIRST: Final[tuple[Verdict, ...]] = ("pass", "warn", "inconclusive", "fail")

_UNKNOWN: Final = ("inconclusive", "error")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is said of a phone at one gateway, with `_ANY_DEVICE` in the place of its name."""

    verdict: Verdict
    cause: str | None
    summary: str
    alarms: tuple[str, ...]


class PhoneJudge:
    """Judges phones, all for the same moment (`at`, with a time zone)."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._known: OrderedDict[object, Judgement] = OrderedDict()

    def judge(
        self,
        phone: Phone,
        profile: PhoneProfile,
        collected: Collected,
        looks: Sequence[tuple[GroupUrl, GatewayLook | None]],
        finished_at: datetime,
    ) -> SweptPhone:
        """Return the line of a phone that would dial these URLs in this order; without a look none was possible."""
        judgements = [self._at_gateway(phone, profile, collected, url, look) for url, look in looks] or [
            self._at_gateway(phone, profile, collected, None, None)
        ]
        verdict, told = _together(judgements)
        device = device_name(phone.mac)
        return SweptPhone(
            mac=phone.mac,
            device=device,
            model=phone.model,
            profile=profile.id,
            labels=phone.labels,
            verdict=verdict,
            cause=told.cause,
            summary=told.summary.replace(_ANY_DEVICE, device).replace(_ANY_MAC, phone.mac),
            alarms=tuple(dict.fromkeys(alarm for judgement in judgements for alarm in judgement.alarms)),
            config=collected.sight,
            gateways=tuple(dict.fromkeys(look.sight.key for _, look in looks if look is not None)),
            finished_at=finished_at,
        )

    def _at_gateway(
        self,
        phone: Phone,
        profile: PhoneProfile,
        collected: Collected,
        url: GroupUrl | None,
        look: GatewayLook | None,
    ) -> Judgement:
        device = device_name(phone.mac)
        files = tuple(_anonymous(file, device) for file in collected.boot_files)
        reading = _reading(collected, device)
        key = (
            profile.id,
            profile.model,
            url,
            None if look is None else look.sight.key,
            collected.server.endpoint,
            msgspec.msgpack.encode(files),
            msgspec.msgpack.encode(reading),
        )
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _judgement(judge(self._evidence(profile, url, look, collected, files, reading)))
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        return known

    def _evidence(
        self,
        profile: PhoneProfile,
        url: GroupUrl | None,
        look: GatewayLook | None,
        collected: Collected,
        files: tuple[BootFile, ...],
        reading: ConfigReading,
    ) -> Evidence:
        seen = look.evidence if look is not None else None
        flights = seen.first_flights if seen is not None else ()
        group = reading.config.vpn_group if reading.config else None
        decisions: list[PhoneDecision] = []
        if seen is not None and url is not None and group is not None:
            own = seen.flights(profile.id)
            expected = expected_hashes((), group)
            decisions += pin_decisions(own, seen.chain, expected, group.hash_alg, self._at)
            decisions += host_id_decisions(own, seen.chain, url.host, group.enable_host_id_check)
        return Evidence(
            tool=TOOL,
            probe="phone",
            target=Target(
                gateway=url.endpoint if url else None,
                group_url=url,
                resolvers=seen.target.resolvers if seen is not None else (),
            ),
            persona=Persona(profile=profile.id, model=profile.model, mac=_ANY_MAC),
            login_wanted=False,
            started_at=self._at,
            stages=_stages(seen, url, files, reading),
            resolution=seen.resolution if seen is not None else None,
            tftp_server=collected.server,
            boot_files=files,
            config=reading,
            first_flights=flights,
            decisions=tuple(decisions),
            handshakes=seen.handshakes if seen is not None else (),
            certificates=seen.certificates if seen is not None else {},
        )


def _together(judgements: Sequence[Judgement]) -> tuple[Verdict, Judgement]:
    """Return the verdict over all gateways of a phone, and the judgement that explains it.

    A phone that one gateway lets in connects. Where another one would not, that is a warning, and the thing to tell.
    """
    ranked = sorted(judgements, key=lambda one: _BEST_FIRST.index(one.verdict))
    best, worst = ranked[0], ranked[-1]
    if best.verdict in ("pass", "warn"):
        return ("warn" if worst.verdict != "pass" else "pass"), worst
    return best.verdict, next(one for one in judgements if one.verdict == best.verdict)


def _judgement(report: Report) -> Judgement:
    told = _telling(report)
    return Judgement(
        verdict=report.verdict,
        cause=report.cause,
        summary="" if told is None else told.summary,
        alarms=tuple(dict.fromkeys(finding.id for finding in report.findings if finding.is_alarm)),
    )


def _telling(report: Report) -> Finding | None:
    """Return the finding that says most about the verdict: the cause, else an alarm, else what is not known."""
    if report.cause is not None:
        return next(one for one in report.findings if one.id == report.cause and one.status == "fail")
    alarms = [one for one in report.findings if one.is_alarm]
    unknown = [one for one in report.findings if one.severity == "critical" and one.status in _UNKNOWN]
    return next(iter(alarms or unknown), None)


def _anonymous(file: BootFile, device: str) -> BootFile:
    """Return the observation without what differs from phone to phone and no check asks for.

    A sweep comes back to a port of this machine within seconds, and what another port of the same server sends there
    is its late repetition of an earlier phone's file: nobody intrudes. Datagrams of other hosts stay.
    """
    signed, failure = file.signed, file.failure
    if signed is not None:
        signed = msgspec.structs.replace(signed, timestamp=None, file_name=_without(device, signed.file_name))
    if failure is not None:
        failure = msgspec.structs.replace(failure, detail=_without(device, failure.detail) or "")
    return msgspec.structs.replace(
        file,
        name=file.name.replace(device, _ANY_DEVICE),
        message=_without(device, file.message),
        failure=failure,
        size=0 if file.outcome == "received" else file.size,
        sha256=None,
        options={},
        foreign=file.foreign - file.foreign_same_host,
        foreign_same_host=0,
        retransmissions=0,
        signed=signed,
        duration_s=0.0,
    )


def _without(device: str, text: str | None) -> str | None:
    """Return a text of the server with the name that stands for all."""
    return None if text is None else text.replace(device, _ANY_DEVICE)


def _reading(collected: Collected, device: str) -> ConfigReading:
    content = collected.content
    if content is None:
        return ConfigReading(origin="none")
    config = content.config
    return ConfigReading(
        origin=content.origin,
        file=content.name.replace(device, _ANY_DEVICE),
        server=content.server,
        config=None if config is None else _same_for_all(config),
        problem=_without(device, content.problem),
    )


def _same_for_all(config: PhoneConfig) -> PhoneConfig:
    return msgspec.structs.replace(config, version_stamp=None)


def _stages(
    seen: Evidence | None, url: GroupUrl | None, files: tuple[BootFile, ...], reading: ConfigReading
) -> tuple[Stage, ...]:
    looked = {stage.name: stage for stage in seen.stages} if seen is not None else {}
    group = reading.config.vpn_group if reading.config else None
    fetched: list[Stage] = [
        _stage("boot-files", None if reading.origin != "none" else "no configuration file" if files else "no answer"),
        _stage("config", reading.problem if reading.origin != "none" else "no configuration"),
    ]
    shown = seen is not None and any(flight.chain for flight in seen.flights(seen.persona.profile))
    decided = [
        _stage("pin", "first-flight" if not shown else None if group and group.cert_hashes else "no certHash known"),
        _stage("host-id", "first-flight" if not shown else None if group else "config"),
    ]
    why = "no group-url is known" if url is None or not url.text else f"{url.text!r} is no URL that a phone dials"
    none = [_stage(name, why) for name in ("resolve", "first-flight", "handshake", "login")]
    return tuple({stage.name: stage for stage in (*none, *looked.values(), *fetched, *decided)}.values())


def _stage(name: StageName, because: str | None) -> Stage:
    return Stage(name=name, status="done" if because is None else "skipped", because=because)
