"""What a run sees otherwise than it was last seen, as findings.

Each aspect is held against the last run that knew it, however long ago: a certificate that was replaced while the
gateway could not be reached is found all the same. An address that was never seen before is held against what the
other addresses of its host show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from vpnprobe.history.aspects import ONLINE_CA, AspectKey, AspectKind, Aspects
from vpnprobe.model.evidence import ProbeName, StageName
from vpnprobe.model.federation import SYSTEM_VIEW
from vpnprobe.model.finding import Fact, Finding, Severity
from vpnprobe.model.history import KnownCertificate
from vpnprobe.wire.tls.registry import alert_name, version_name
from vpnprobe.wire.tls.suites import suite_name
from vpnprobe.wire.trust_records import ROLE_NAMES

# A target that gives other addresses every day must not make what is remembered grow for years. The oldest go first.
MAX_REMEMBERED: Final = 2000

# Kinds of which a host has one value for each address.
_BY_PLACE: Final = frozenset({"certificates", "session", "suites"})

_NOTHING: Final = "nothing"

Values = tuple[str, ...]
Describe = Callable[[str], KnownCertificate | None]


class DriftKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of drift, as a check is: a stable id, what it says, why one wants to know."""

    id: str
    name: str
    title: str
    severity: Severity
    covers: tuple[str, ...] = ()
    rationale: str


DRIFTS: Final = (
    DriftKind(
        id="DRF001",
        name="certificate-changed",
        title="The gateway, edge, CAPF or file has the leaf certificate that it had before",
        severity="warning",
        covers=("VP-07", "VP-40"),
        rationale="A phone pins the certificate by its hash. A new one that is not in CUCM cuts off each phone, at "
        "its next reconnect. With another CAPF certificate the LSCs that the old one signed are of an unknown issuer.",
    ),
    DriftKind(
        id="DRF002",
        name="chain-changed",
        title="The leaf certificate comes with the same issuers as before",
        severity="warning",
        covers=("VP-06",),
        rationale="A phone may pin an issuer, and a federation peer needs the intermediate certificates.",
    ),
    DriftKind(
        id="DRF003",
        name="session-changed",
        title="Each hello gets the version and suite that it got before",
        severity="warning",
        rationale="An update of the gateway, or another `ssl` setting, changes what old phones can still use.",
    ),
    DriftKind(
        id="DRF004",
        name="suites-changed",
        title="The gateway accepts the versions and suites that it accepted before",
        severity="info",
        rationale="The set as a whole (`gateway --enumerate`) shows a changed setting before a phone is hit by it.",
    ),
    DriftKind(
        id="DRF005",
        name="addresses-changed",
        title="The name has the addresses that it had before",
        severity="warning",
        rationale="Another address is another gateway, with a certificate and a configuration of its own.",
    ),
    DriftKind(
        id="DRF006",
        name="records-changed",
        title="The SRV records are those of before",
        severity="warning",
        rationale="Federation peers go where these records lead.",
    ),
    DriftKind(
        id="DRF007",
        name="cert-hashes-changed",
        title="The phone's configuration has the certHash set that it had before",
        severity="warning",
        covers=("VP-40",),
        rationale="The set decides which certificates the phone takes; it changes with the VPN gateway in CUCM.",
    ),
    DriftKind(
        id="DRF008",
        name="group-urls-changed",
        title="The phone's configuration has the group-urls that it had before",
        severity="warning",
        rationale="The phone dials these, in this order.",
    ),
    DriftKind(
        id="DRF009",
        name="trust-list-changed",
        title="The trust list has the signer and the records that it had before",
        severity="warning",
        covers=("VP-39",),
        rationale="A phone believes only what this list, or a TVS in it, vouches for. It changes when a certificate of "
        "CUCM is regenerated, and phones that are away then may be locked out.",
    ),
    DriftKind(
        id="DRF010",
        name="trust-list-reissued",
        title="The trust list is the file that it was before",
        severity="info",
        rationale="CUCM signed the same records again, as it does when its TFTP service starts. Phones take the list "
        "anew.",
    ),
    DriftKind(
        id="DRF011",
        name="settings-changed",
        title="The phone's configuration has the settings that it had before",
        severity="info",
        rationale="Somebody changed the phone, or its device pool, in CUCM. The version stamp does not count: CUCM "
        "changes it also where all that is read here stays.",
    ),
)
_BY_ID: Final = {kind.id: kind for kind in DRIFTS}
_IDS: Final[Mapping[AspectKind, str]] = {
    "certificates": "DRF001",
    "session": "DRF003",
    "suites": "DRF004",
    "addresses": "DRF005",
    "records": "DRF006",
    "pins": "DRF007",
    "urls": "DRF008",
    "trust-list": "DRF009",
    "settings": "DRF011",
}


def remember(memory: Aspects, seen: Aspects) -> Aspects:
    """Return the memory after a run: what it saw is the newest, what it did not see stays as it was."""
    kept = {key: values for key, values in memory.items() if key not in seen} | seen
    return dict(list(kept.items())[-MAX_REMEMBERED:])


def find_drift(memory: Aspects, seen: Aspects, probe: ProbeName, describe: Describe) -> tuple[Finding, ...]:
    """Return a finding for each thing that is not as remembered, by id.

    The same change at several addresses, or for several hellos, is one finding. `describe` gives what is known of a
    certificate by its name.
    """
    events: dict[tuple[str, str, Values, Values], list[AspectKey]] = {}
    for key, values in seen.items():
        before = _last_known(memory, key)
        if before is not None and before != values:
            events.setdefault((_drift_id(key.kind, before, values), key.subject, before, values), []).append(key)
    return tuple(
        _finding(drift_id, probe, keys, before, after, describe)
        for (drift_id, _, before, after), keys in sorted(events.items())
    )


def _last_known(memory: Aspects, key: AspectKey) -> Values | None:
    """Return what the aspect was; None where nothing is known to hold it against."""
    known = memory.get(key)
    if known is not None or key.kind not in _BY_PLACE:
        return known
    siblings = [
        values
        for other, values in memory.items()
        if (other.kind, other.subject, other.hello) == (key.kind, key.subject, key.hello)
    ]
    return siblings[-1] if siblings else None


def _drift_id(kind: AspectKind, before: Values, after: Values) -> str:
    if kind == "certificates" and before[:1] == after[:1]:
        return "DRF002"
    if kind == "trust-list" and before[1:] == after[1:]:
        return "DRF010"
    return _IDS[kind]


def _finding(
    drift_id: str, probe: ProbeName, keys: list[AspectKey], before: Values, after: Values, describe: Describe
) -> Finding:
    kind = _BY_ID[drift_id]
    subject = keys[0].subject
    by_place = keys[0].kind in _BY_PLACE
    places = list(dict.fromkeys(key.place for key in keys if key.place))
    hellos = list(dict.fromkeys(key.hello for key in keys if key.hello not in ("", ONLINE_CA)))
    names = ""
    told = {side: _told(keys[0].kind, values, describe) for side, values in (("old", before), ("new", after))}
    facts: dict[str, Fact] = {side: list(texts) for side, texts in told.items()}
    if places:
        facts["addresses" if by_place else "views"] = list(places)
    if hellos:
        facts["hellos"] = list(hellos)
    if drift_id == "DRF001":
        facts |= _certificate_facts("old", before, describe) | _certificate_facts("new", after, describe)
        told = {"old": told["old"][:1], "new": told["new"][:1]}
        names = _names(describe(before[0]), describe(after[0]))
    elif drift_id == "DRF009":
        told = {side: texts[1:] for side, texts in told.items()}
    return Finding(
        id=kind.id,
        name=kind.name,
        stage=_stage(probe, keys[0]),
        status="fail",
        severity=kind.severity,
        subject=subject,
        address=places[0] if by_place and len(places) == 1 else None,
        covers=kind.covers,
        summary=f"{subject}{_where(places, by_place=by_place)}: "
        f"{_difference(drift_id, told['old'], told['new'])}{names}",
        facts=facts,
    )


def _where(places: list[str], *, by_place: bool) -> str:
    if by_place:
        return f" at {', '.join(places)}" if places else ""
    asked = [view for view in places if view != SYSTEM_VIEW]
    return f" (asked of {', '.join(asked)})" if asked else ""


# Where a probe sees an aspect, if not where others do.
_STAGES: Final[Mapping[tuple[ProbeName, AspectKind], StageName]] = {
    ("federation", "addresses"): "addresses",
    ("capf", "certificates"): "certificate",
    ("capf", "session"): "handshake",
    ("config", "addresses"): "boot-files",
    ("config", "trust-list"): "trust-list",
    ("certificate", "certificates"): "certificate",
}


def _stage(probe: ProbeName, key: AspectKey) -> StageName:
    if key.hello == ONLINE_CA:
        return "online-ca"
    if (probe, key.kind) in _STAGES:
        return _STAGES[probe, key.kind]
    match key.kind:
        case "certificates" | "session":
            return "first-flight"
        case "suites":
            return "enumerate"
        case "addresses":
            return "resolve"
        case "records":
            return "srv"
        case "trust-list":
            return "boot-files"
        case "pins" | "urls" | "settings":
            return "config"


def _told(kind: AspectKind, values: Values, describe: Describe) -> Values:
    """Return values in the words of the field."""
    match kind:
        case "certificates":
            return tuple(_certificate(name, describe(name)) for name in values)
        case "session" | "suites":
            return tuple(map(_session, values))
        case "trust-list":
            return _trust_list(values)
        case _:
            return values


def _session(text: str) -> str:
    version, _, suite = text.partition(":")
    if version == "alert":
        return f"refused with {alert_name(int(suite))}" if suite.isdecimal() else "refused"
    return f"{version_name(int(version))} {suite_name(int(suite))}"


def _trust_list(values: Values) -> Values:
    if not values:
        return ()
    file, signer, *records = values
    serial, _, name = signer.partition(" ")
    return (f"SHA-256 {file}", f"signed by {name}, serial {serial}", *map(_trust_record, records))


def _trust_record(text: str) -> str:
    role, serial, certificate, name = text.split(" ", 3)
    known = ROLE_NAMES.get(int(role), f"role {role}") if role.isdecimal() else "no role"
    # Some digits, to tell apart what has the same name and number.
    return f"{known} {name}, serial {serial}, SHA-256 {certificate[:16]}"


def _certificate(name: str, known: KnownCertificate | None) -> str:
    if known is None:
        return f"SHA-256 {name}"
    end = "an end that cannot be read" if known.not_after is None else f"{known.not_after:%Y-%m-%d}"
    return f"{known.subject or 'a certificate without a subject'}, certHash {known.cert_hash}, valid to {end}"


def _certificate_facts(side: str, values: Values, describe: Describe) -> dict[str, Fact]:
    leaf = describe(values[0])
    facts: dict[str, Fact] = {f"{side}_sha256": values[0]}
    if leaf is not None:
        end = None if leaf.not_after is None else leaf.not_after.isoformat()
        facts |= {f"{side}_cert_hash": leaf.cert_hash, f"{side}_subject": leaf.subject, f"{side}_not_after": end}
        if leaf.names is not None:
            facts[f"{side}_names"] = list(leaf.names)
    return facts


def _names(old: KnownCertificate | None, new: KnownCertificate | None) -> str:
    """Return which names of the subjectAltName came and went; nothing where that is not known, or none did."""
    if old is None or new is None or old.names is None or new.names is None:
        return ""
    changed = (("names gone", old.names, new.names), ("names new", new.names, old.names))
    parts = [
        f"{what}: {', '.join(lost)}"
        for what, having, lacking in changed
        if (lost := [name for name in having if name not in lacking])
    ]
    return "".join(f"; {part}" for part in parts)


def _difference(drift_id: str, old: Values, new: Values) -> str:
    """Return what came and what went; where only the order is another one, both orders."""
    gone = [text for text in old if text not in new]
    came = [text for text in new if text not in old]
    if drift_id in ("DRF001", "DRF003") or not (gone or came):
        return f"{_listed(old)} -> {_listed(new)}"
    parts = [f"new: {'; '.join(came)}"] if came else []
    parts += [f"gone: {'; '.join(gone)}"] if gone else []
    return ", ".join(parts) + ("" if new else ", so that there is none")


def _listed(texts: Values | list[str]) -> str:
    return "; ".join(texts) or _NOTHING
