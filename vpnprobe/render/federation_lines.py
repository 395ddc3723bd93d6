"""One line for each stage of a federation run: what was seen of the domain and its edges. Describes, judges nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from vpnprobe.model.evidence import Evidence, StageName
from vpnprobe.model.federation import (
    FEDERATION_SERVICE,
    AddressLookup,
    EdgeVisit,
    Federation,
    PathEnd,
    PathReading,
    SipExchange,
    SrvLookup,
)
from vpnprobe.model.observation import Handshake
from vpnprobe.pki.certificate import describe
from vpnprobe.render.escape import printable
from vpnprobe.render.failure_words import describe_failure, describe_flight
from vpnprobe.wire.tls.registry import version_name

_MAX_SHOWN = 4  # of several things of one kind in one sentence


def describe_federation_stage(evidence: Evidence, stage: StageName) -> str:
    """Return one sentence about what this stage saw; empty where it saw nothing."""
    seen = evidence.federation
    return "" if seen is None else _DESCRIBE[stage](evidence, seen)


def _srv(_evidence: Evidence, seen: Federation) -> str:
    has_views = len(seen.srv) > 1
    return _joined(
        (f"{lookup.view}: " if has_views else "") + _records(lookup)
        for lookup in seen.srv
        if lookup.service == FEDERATION_SERVICE
    )


def _records(lookup: SrvLookup) -> str:
    if lookup.failure is not None:
        return f"{lookup.name}: {describe_failure(lookup.failure)}"
    targets = _listed(f"{record.target}:{record.port}" for record in lookup.records)
    more = f" and {lookup.left_out:,} more, not looked at" if lookup.left_out else ""
    return f"{targets or 'no record'}{more}"


def _target_names(_evidence: Evidence, seen: Federation) -> str:
    places = {target.host: target.host.partition(".")[2] or "the root" for target in seen.targets}
    return _listed(f"{host} lies in {place}" for host, place in places.items())


def _addresses(_evidence: Evidence, seen: Federation) -> str:
    """Say what each name is in the views that name it: once where they all say the same."""
    named = {(target.host, view) for target in seen.targets for view in target.views}
    wanted = [lookup for lookup in seen.names if (lookup.name, lookup.view) in named]
    views = {lookup.view for lookup in wanted}
    texts = []
    for name in dict.fromkeys(lookup.name for lookup in wanted):
        found = {lookup.view: _found(lookup) for lookup in wanted if lookup.name == name}
        is_the_same = len(found) == len(views) and len(set(found.values())) == 1
        texts += list(found.values())[:1] if is_the_same else [f"{view}: {text}" for view, text in found.items()]
    return _joined(texts)


def _found(lookup: AddressLookup) -> str:
    if lookup.failure is not None:
        return f"{lookup.name}: {describe_failure(lookup.failure)}"
    more = f" and {lookup.left_out} more" if lookup.left_out else ""
    return f"{lookup.name} is {_listed(lookup.addresses)}{more}"


def _first_flight(evidence: Evidence, seen: Federation) -> str:
    texts = []
    for visit in seen.visits:
        own = visit.flight(evidence.persona.profile)
        if visit.not_dialled is not None:
            texts.append(f"{visit.address} not dialled: {visit.not_dialled}")
        elif own is not None:
            texts.append(describe_flight(own))
    return _joined(texts)


def _mutual_tls(_evidence: Evidence, seen: Federation) -> str:
    return _joined(_handshake(visit.handshakes[-1]) for visit in seen.visits if visit.handshakes)


def _handshake(handshake: Handshake) -> str:
    if handshake.completed and handshake.version is not None:
        how = "with our certificate" if handshake.client_certificate else "without a certificate of ours"
        return f"{version_name(handshake.version)}, complete {how}"
    if handshake.client_certificate_requested and handshake.client_certificate is None:
        return "wants our certificate; none was given, so it was not tried further"
    return describe_failure(handshake.failure) if handshake.failure is not None else "not completed"


_ENDS: dict[PathEnd, str] = {
    "public-root": "ends at a public root",
    "given-root": "ends at a given root",
    "self-signed": "ends at a private root",
    "self-signed-leaf": "signed by itself",
    "issuer-missing": "the issuer's certificate is missing",
    "signature-wrong": "a signature in the chain is wrong",
    "unreadable": "cannot be read",
}


def _certificate(evidence: Evidence, seen: Federation) -> str:
    return _joined(_shown(evidence, visit) for visit in seen.visits if visit.path is not None)


def _shown(evidence: Evidence, visit: EdgeVisit) -> str:
    leaf = next((flight.chain[0] for flight in visit.flights if flight.chain), None)
    leaf = leaf or next((handshake.leaf for handshake in visit.handshakes if handshake.leaf), None)
    facts = describe(evidence.certificates[leaf]) if leaf in evidence.certificates else None
    names = _listed(facts.dns_names or facts.common_names) if facts is not None else ""
    return f"{names or 'no name'}, {_end(visit.path)}"


def _end(path: PathReading | None) -> str:
    return "" if path is None else _ENDS.get(path.end, path.end)


def _sip(_evidence: Evidence, seen: Federation) -> str:
    return _joined(_exchange(visit.sip) for visit in seen.visits if visit.sip is not None)


def _exchange(sip: SipExchange) -> str:
    if sip.status is None:
        return f"OPTIONS: {describe_failure(sip.failure)}" if sip.failure is not None else "OPTIONS: no answer"
    server = next(iter((*sip.values("server"), *sip.values("user-agent"))), "")
    who = f", {printable(server, 40)}" if server else ""
    return f"OPTIONS: {sip.status} {printable(sip.reason or '', 40)}{who}"


def _listed(texts: Iterable[str]) -> str:
    items = list(dict.fromkeys(texts))
    more = len(items) - _MAX_SHOWN
    return ", ".join(items[:_MAX_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _joined(texts: Iterable[str]) -> str:
    items = list(dict.fromkeys(texts))
    more = len(items) - _MAX_SHOWN
    return "; ".join(items[:_MAX_SHOWN]) + (f"; and {more} more" if more > 0 else "")


_DESCRIBE: dict[StageName, Callable[[Evidence, Federation], str]] = {
    "srv": _srv,
    "target-names": _target_names,
    "addresses": _addresses,
    "first-flight": _first_flight,
    "mutual-tls": _mutual_tls,
    "certificate": _certificate,
    "sip": _sip,
}
