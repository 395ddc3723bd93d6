"""What matters of Evidence over time, apart from what the checks make of it.

An aspect is one thing that a target shows the same way from run to run until somebody changes it. Durations, TTLs,
dates and the order of addresses are none. A definite answer is an aspect also where it says that there is nothing; a
failure to get an answer is not known, and says nothing about the aspect.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal, get_args

import msgspec

from vpnprobe.model.capf import OnlineCa
from vpnprobe.model.certificates import GivenCertificate
from vpnprobe.model.config import ConfigKind, PhoneConfig
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.federation import AddressLookup, Federation, SrvLookup
from vpnprobe.model.observation import ConfigReading, Enumeration, FirstFlight, Resolution
from vpnprobe.model.trust import TrustList, TrustListKind, TrustRecord
from vpnprobe.phoneconfig.settings import describe_settings

AspectKind = Literal[
    "certificates", "session", "suites", "addresses", "records", "pins", "urls", "settings", "trust-list"
]

# DNS says so itself: there is no such thing.
_NONE_THERE: Final = frozenset({FailureKind.NAME_NOT_FOUND, FailureKind.NO_ADDRESS, FailureKind.NO_RECORD})
# CUCM writes another one with every change, also of what is not read here.
_STAMP: Final = "Device: Version stamp"
# They are aspects of their own.
_OF_VPN: Final = ("VPN: url", "VPN: certHash")

# In place of a hello: what the online CA behind a CAPF shows.
ONLINE_CA: Final = "online-ca"

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
# "urls" `url<n> <text>`; "settings" `<section>: <name> <value>`; "trust-list" the SHA-256 of the file, its signer
# `<serial> <name>`, and then of each record `<role> <serial> <SHA-256 of the certificate> <name>`, `-` for none.
Aspects = dict[AspectKey, tuple[str, ...]]


def aspects_of(evidence: Evidence) -> Aspects:
    """Return every aspect that this run saw."""
    if evidence.probe == "certificate":
        return _given(evidence.given_certificates)
    host = evidence.target.host
    found: Aspects = _trust_lists(evidence)
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
    if evidence.probe == "config" and evidence.config is not None:
        found |= _settings(evidence.config.config)
    if evidence.capf is not None and evidence.capf.online_ca is not None:
        found |= _online_ca(evidence.capf.online_ca)
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


def _settings(config: PhoneConfig | None) -> Aspects:
    if config is None or config.kind is not ConfigKind.FULL:
        return {}
    settings = [setting for setting in describe_settings(config) if setting.key != _STAMP]
    texts = (f"{one.key} {one.value}" for one in settings if not one.key.startswith(_OF_VPN))
    return {AspectKey("settings", "configuration"): tuple(texts)}


def _trust_lists(evidence: Evidence) -> Aspects:
    found: Aspects = {}
    for kind in get_args(TrustListKind):
        key = AspectKey("trust-list", kind)
        lists = [one for one in evidence.trust_lists if one.kind == kind and one.origin == "fetched"]
        files = [file for file in evidence.boot_files if file.name.startswith(kind)]
        if lists and lists[0].problem is None:
            found[key] = _trust_list(lists[0])
        elif files and all(file.outcome == "not-found" for file in files):
            found[key] = ()
    return found


def _trust_list(one: TrustList) -> tuple[str, ...]:
    signer = f"{one.serial or '-'} {one.signer or '-'}"
    return (one.sha256, signer, *sorted(set(map(_trust_record, one.records))))


def _trust_record(one: TrustRecord) -> str:
    role = "-" if one.role is None else str(one.role)
    certificate = one.certificate or one.certificate_hash or "-"
    return f"{role} {one.serial or '-'} {certificate} {one.subject or one.name or '-'}"


def _online_ca(seen: OnlineCa) -> Aspects:
    found = _resolution(seen.resolution)
    if seen.address is not None and seen.chain:
        found[AspectKey("certificates", seen.endpoint.host, seen.address, ONLINE_CA)] = seen.chain
    return found


def _given(items: Sequence[GivenCertificate]) -> Aspects:
    """Return what each source has: its first certificate, and the others behind it."""
    return {
        AspectKey("certificates", item.source): (item.certificate, *item.chain) for item in items if item.place == 1
    }


def _federation(seen: Federation) -> Iterator[Aspects]:
    for lookup in (*seen.srv, *seen.extras):
        yield _records(lookup)
    for name in seen.names:
        yield _addresses(name.name, name.view, name)
    for visit in seen.visits:
        for flight in visit.flights:
            yield _flight(visit.target, flight)
