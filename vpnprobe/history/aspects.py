"""What matters of Evidence over time, apart from what the checks make of it.

An aspect is one thing that a target shows the same way from run to run until somebody changes it. Durations, TTLs,
dates and the order of addresses are none. A definite answer is an aspect also where it says that there is nothing; a
failure to get an answer is not known, and says nothing about the aspect.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec

from vpnprobe.model.config import ConfigKind
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.federation import AddressLookup, Federation, SrvLookup
from vpnprobe.model.observation import ConfigReading, Enumeration, FirstFlight, Resolution

AspectKind = Literal["certificates", "session", "suites", "addresses", "records", "pins", "urls"]

# DNS says so itself: there is no such thing.
_NONE_THERE: Final = frozenset({FailureKind.NAME_NOT_FOUND, FailureKind.NO_ADDRESS, FailureKind.NO_RECORD})
# Answers of a gateway that end the search for the suites of one version; another failure leaves it unfinished.
_SEARCH_ENDS: Final = frozenset(
    {FailureKind.TLS_ALERT, FailureKind.CLOSED, FailureKind.RESET, FailureKind.SERVER_ERROR}
)


class AspectKey(msgspec.Struct, frozen=True, order=True):
    """Which aspect: of what (`subject`: a host, a name, a file's kind), at which address, given to which hello."""

    kind: AspectKind
    subject: str
    place: str = ""
    hello: str = ""


# Values by kind: "certificates" SHA-256 names, leaf first; "session" and "suites" `<version>:<suite>` or `alert:<n>`
# in decimal; "addresses" IP literals; "records" `<priority> <weight> <port> <target>`; "pins" raw certHash texts;
# "urls" `url<n> <text>`.
Aspects = dict[AspectKey, tuple[str, ...]]


def aspects_of(evidence: Evidence) -> Aspects:
    """Return every aspect that this run saw."""
    host = evidence.target.host
    found: Aspects = {}
    for flight in evidence.first_flights:
        found |= _flight(host, flight)
    for login in evidence.logins:
        if login.redirect_host is not None and login.redirect_flight is not None:
            found |= _flight(login.redirect_host, login.redirect_flight)
    for enumeration in evidence.enumerations:
        found |= _suites(host, enumeration)
    server = evidence.tftp_server
    for resolution in (evidence.resolution, server.resolution if server is not None else None):
        found |= _resolution(resolution)
    found |= _configuration(evidence.config)
    if evidence.federation is not None:
        for one in _federation(evidence.federation):
            found |= one
    return dict(sorted(found.items()))


def _flight(host: str, flight: FirstFlight) -> Aspects:
    found: Aspects = {}
    if flight.chain:
        found[AspectKey("certificates", host, flight.address, flight.hello)] = flight.chain
    session = AspectKey("session", host, flight.address, flight.hello)
    if flight.version is not None and flight.suite is not None:
        found[session] = (f"{flight.version}:{flight.suite}",)
    elif flight.failure is not None and flight.failure.kind is FailureKind.TLS_ALERT:
        found[session] = (f"alert:{flight.failure.alert}",)
    return found


def _suites(host: str, enumeration: Enumeration) -> Aspects:
    if not enumeration.refused or any(failure.kind not in _SEARCH_ENDS for failure in enumeration.refused.values()):
        return {}
    pairs = sorted({(pair.version, pair.suite) for pair in enumeration.accepted})
    texts = tuple(f"{version}:{suite}" for version, suite in pairs)
    return {AspectKey("suites", host, enumeration.address): texts}


def _resolution(resolution: Resolution | None) -> Aspects:
    if resolution is None or resolution.source == "literal":
        return {}
    return _addresses(resolution.name, "", resolution)


def _addresses(name: str, view: str, lookup: Resolution | AddressLookup) -> Aspects:
    if lookup.partial is not None:
        return {}
    return _answer(AspectKey("addresses", name, view), sorted(lookup.addresses), lookup.left_out, lookup.failure)


def _records(lookup: SrvLookup) -> Aspects:
    texts = [f"{one.priority} {one.weight} {one.port} {one.target}" for one in sorted(lookup.records)]
    return _answer(AspectKey("records", lookup.name, lookup.view), texts, lookup.left_out, lookup.failure)


def _answer(key: AspectKey, values: Sequence[str], left_out: int, failure: Failure | None) -> Aspects:
    # Of a list that was cut, which part was kept is chance.
    if left_out or (failure is not None and failure.kind not in _NONE_THERE):
        return {}
    return {key: tuple(values)}


def _configuration(reading: ConfigReading | None) -> Aspects:
    if reading is None or reading.config is None or reading.config.kind is not ConfigKind.FULL:
        return {}
    group = reading.config.vpn_group
    pins = {pin.text.strip() for pin in group.cert_hashes} if group is not None else set()
    urls = (f"url{url.index} {url.text}" for url in group.urls) if group is not None else ()
    return {AspectKey("pins", "vpnGroup"): tuple(sorted(pins)), AspectKey("urls", "vpnGroup"): tuple(urls)}


def _federation(seen: Federation) -> Iterator[Aspects]:
    for lookup in (*seen.srv, *seen.extras):
        yield _records(lookup)
    for name in seen.names:
        yield _addresses(name.name, name.view, name)
    for visit in seen.visits:
        for flight in visit.flights:
            yield _flight(visit.target, flight)
