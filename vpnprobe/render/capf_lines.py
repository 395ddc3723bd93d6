"""One line for each stage of a run over a CAPF and its online CA, and the answer. Describes, judges nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from vpnprobe.model.capf import Capf, CapfVisit
from vpnprobe.model.evidence import Evidence, StageName
from vpnprobe.model.finding import Finding, Report
from vpnprobe.pki.certificate import describe
from vpnprobe.render.escape import printable
from vpnprobe.render.failure_words import describe_failure
from vpnprobe.wire.capf import AuthType
from vpnprobe.wire.tls.registry import version_name

_MAX_SHOWN = 4  # of several things of one kind in one sentence


def describe_capf_stage(evidence: Evidence, stage: StageName) -> str:
    """Return one sentence about what this stage saw; empty where it saw nothing."""
    seen = evidence.capf
    describe_one = _DESCRIBE.get(stage)
    return "" if seen is None or describe_one is None else describe_one(evidence, seen)


def capf_answer(report: Report, first: Finding | None) -> str:
    """Return the answer in one sentence; `first` is the finding to act on."""
    if report.verdict == "inconclusive":
        return "NOT KNOWN whether a phone would get its certificate here."
    if report.verdict == "fail":
        stops = _STOPS.get(first.stage) if first is not None else None
        return f"NO. A phone {stops or 'would not get its certificate here'}."
    good = "YES, a phone reaches this CAPF and is greeted; no operation was started"
    return f"{good}, but something needs attention." if report.verdict == "warn" else f"{good}."


# Where a phone stops, by the stage of the cause.
_STOPS: dict[StageName, str] = {
    "resolve": "would not find the way to this CAPF",
    "connect": "would not reach this CAPF",
    "handshake": "and this CAPF would not come to terms",
    "greeting": "would not be greeted as CAPF does",
    "certificate": "could not rely on this CAPF's certificate",
    "trust-list": "would not trust this CAPF",
    "online-ca": "would get no certificate from the online CA",
}


def _resolve(evidence: Evidence, seen: Capf) -> str:
    found = evidence.resolution
    if found is None:
        return ""
    name = printable(found.name, 60)
    if found.failure is not None and not found.addresses:
        return f"{name}: {describe_failure(found.failure)}"
    where = "" if found.source == "literal" else f"{name} is {', '.join(found.addresses)}; "
    if seen.row is None:
        return where
    way = f"the phone takes {', then '.join(seen.row.order)}" if seen.row.order else "the phone has no way"
    return f"{where}{way} (row {seen.row.row})"


def _connect(_evidence: Evidence, seen: Capf) -> str:
    return _joined(
        f"{visit.address} in {visit.connect_s * 1000:.0f} ms" if visit.connect_s > 0 else _ended(visit)
        for visit in _last(seen)
    )


def _handshake(evidence: Evidence, seen: Capf) -> str:
    texts = []
    for visit in _last(seen):
        done = [one for one in evidence.handshakes if one.address == visit.address]
        if done and done[-1].completed and done[-1].version is not None:
            texts.append(f"{version_name(done[-1].version)} {done[-1].suite_name}")
        elif visit.connect_s > 0:
            texts.append(_ended(visit))
    return _joined(texts)


def _greeting(_evidence: Evidence, seen: Capf) -> str:
    return _joined(_said(visit) for visit in _last(seen) if visit.chain)


def _said(visit: CapfVisit) -> str:
    greeting = visit.greeting
    if greeting is None:
        return f"{visit.address}: {_SPOKE[visit.spoke]}"
    version = "no version" if greeting.version is None else f"version {greeting.version}"
    tries = f", at try {visit.attempt}" if visit.attempt > 1 else ""
    return f"CAPF, {version}, {_asked(greeting.auth_type)}; hung up without an answer{tries}"


def _asked(auth_type: int | None) -> str:
    if auth_type is None:
        return "does not say what it asks for"
    if auth_type == AuthType.NONE:
        return "asks for no authentication string"
    return "asks for an authentication string" if auth_type == AuthType.PASSWORD else f"asks for {auth_type}"


def _certificate(evidence: Evidence, seen: Capf) -> str:
    leaves = dict.fromkeys(visit.chain[0] for visit in _last(seen) if visit.chain)
    return _joined(_shown(evidence.certificates[name]) for name in leaves if name in evidence.certificates)


def _shown(der: bytes) -> str:
    facts = describe(der)
    if facts.parse_error is not None:
        return "a certificate that cannot be read"
    name = f"CN={', '.join(facts.common_names)}" if facts.common_names else facts.subject or "no name"
    until = f", to {facts.not_after:%Y-%m-%d}" if facts.not_after is not None else ""
    key = f"{facts.key_type or 'unreadable key'} {facts.key_bits or ''}".strip()
    return f"{printable(name, 60)}, {key}{until}"


def _trust_list(evidence: Evidence, seen: Capf) -> str:
    if not seen.ca_certificates and not evidence.trust_lists:
        return ""
    shown = {visit.chain[0] for visit in _last(seen) if visit.chain}
    count = len(seen.ca_certificates)
    same = " the one that is shown among them" if shown & set(seen.ca_certificates) else ""
    names = ", ".join(printable(one.name, 40) for one in evidence.trust_lists)
    certificates = f"{count} certificate{'' if count == 1 else 's'} of a CAPF"
    return f"{names + ': ' if names else ''}{certificates}{',' + same if same else ''}"


def _online_ca(evidence: Evidence, seen: Capf) -> str:
    ca = seen.online_ca
    if ca is None:
        return ""
    name = printable(str(ca.endpoint), 60)
    if ca.address is None:
        found = ca.resolution.failure if ca.resolution is not None else None
        return f"{name}: {describe_failure(found)}" if found is not None else name
    if ca.failure is not None:
        return f"{name}: {describe_failure(ca.failure)}"
    shown = _shown(evidence.certificates[ca.chain[0]]) if ca.chain and ca.chain[0] in evidence.certificates else ""
    answer = f"{ca.path} answered {ca.status}" if ca.status is not None else "no page"
    return _joined(text for text in (name, ca.suite_name or "", shown, answer) if text)


def _ended(visit: CapfVisit) -> str:
    words = describe_failure(visit.failure) if visit.failure is not None else _SPOKE[visit.spoke]
    return f"{visit.address}: {words}"


_SPOKE = {
    "capf": "greets as CAPF does",
    "silent": "says nothing",
    "plain": "speaks without TLS",
    "other": "speaks, but not as CAPF does",
    "tls-failed": "TLS did not complete",
    "closed": "hangs up without a word",
    "no-connection": "no connection",
}


def _last(seen: Capf) -> tuple[CapfVisit, ...]:
    return tuple({visit.address: visit for visit in seen.visits}.values())


def _joined(texts: Iterable[str]) -> str:
    items = list(dict.fromkeys(texts))
    more = len(items) - _MAX_SHOWN
    return "; ".join(items[:_MAX_SHOWN]) + (f"; and {more} more" if more > 0 else "")


_DESCRIBE: dict[StageName, Callable[[Evidence, Capf], str]] = {
    "resolve": _resolve,
    "connect": _connect,
    "handshake": _handshake,
    "greeting": _greeting,
    "certificate": _certificate,
    "trust-list": _trust_list,
    "online-ca": _online_ca,
}
