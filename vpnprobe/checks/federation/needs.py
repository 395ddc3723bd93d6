"""The facts that a federation's checks ask for, and the words for why one is not there."""

from __future__ import annotations

from typing import Final

import msgspec

from vpnprobe.checks.base import Case, Lack, Need
from vpnprobe.checks.federation.subjects import target_label
from vpnprobe.checks.needs import OURS, certificate_facts, is_connected, not_reached, speaks_tls
from vpnprobe.checks.wording import describe_failure
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.federation import (
    AddressLookup,
    EdgeTarget,
    EdgeVisit,
    Federation,
    PathReading,
    SipExchange,
    SrvLookup,
)
from vpnprobe.model.observation import FirstFlight, Handshake
from vpnprobe.model.target import MICROSOFT_EDGE, is_address
from vpnprobe.pki.certificate import CertificateFacts

__all__ = [
    "OURS",
    "EdgeChain",
    "address_lookups",
    "addresses",
    "certificate_facts",
    "connection",
    "edge_chain",
    "federation",
    "find_edge_chain",
    "flights",
    "handshakes",
    "is_connected",
    "is_foreign_family",
    "is_without_ipv6",
    "own_flight",
    "path",
    "readable_chain",
    "sip",
    "speaks_tls",
    "srv",
    "target",
    "visit",
]

# Why the stage was skipped where the operator did not ask for SIP.
NO_SIP: Final = "--sip not given"


def _read_federation(case: Case) -> Federation | Lack:
    return case.evidence.federation or not_reached(case.evidence, "srv")


federation = Need(("what was seen of the domain",), _read_federation)


def _read_srv(case: Case) -> SrvLookup | Lack:
    seen = case.evidence.federation
    found = next((one for one in seen.srv if one.view == case.subject.view), None) if seen is not None else None
    return found or not_reached(case.evidence, "srv")


srv = Need(("the answer of the DNS for the federation records",), _read_srv)


def _read_target(case: Case) -> EdgeTarget | Lack:
    seen = case.evidence.federation
    same_host = [one for one in seen.targets if one.host == case.subject.target] if seen is not None else []
    named = (one for one in same_host if target_label(one) == case.subject.label)
    return next(named, same_host[0]) if same_host else not_reached(case.evidence, "target-names")


target = Need(("a target of the federation records",), _read_target)


def _read_address_lookups(case: Case) -> tuple[AddressLookup, ...] | Lack:
    named = _read_target(case)
    if isinstance(named, Lack):
        return named
    if is_address(named.host):
        return Lack("the record names an address and no host (DOM001)", "not-applicable")
    names = case.evidence.federation.names if case.evidence.federation is not None else ()
    found = tuple(
        one
        for one in names
        if one.name == named.host and one.view in named.views and case.subject.view in (None, one.view)
    )
    return found or not_reached(case.evidence, "addresses")


address_lookups = Need(("the addresses of the target in every view that names it",), _read_address_lookups)


def _read_addresses(case: Case) -> AddressLookup | Lack:
    found = _read_address_lookups(case)
    return found if isinstance(found, Lack) else found[0]


addresses = Need(("the addresses of the target",), _read_addresses)


def _read_visit(case: Case) -> EdgeVisit | Lack:
    seen = case.evidence.federation
    visits = seen.visits if seen is not None else ()
    for one in visits:
        if (one.target, one.address) != (case.subject.target, case.subject.address):
            continue
        if one.not_dialled is None:
            return one
        # Where nothing of the target was dialled, nothing speaks for it, whatever another target does.
        is_beside = any(other.target == one.target and other.not_dialled is None for other in visits)
        return Lack(f"not dialled: {one.not_dialled}", "not-applicable" if is_beside else "inconclusive")
    return not_reached(case.evidence, "first-flight")


visit = Need(("a visit to the address",), _read_visit)


def _read_flights(case: Case) -> tuple[FirstFlight, ...] | Lack:
    found = _read_visit(case)
    return found if isinstance(found, Lack) else found.flights or not_reached(case.evidence, "first-flight")


flights = Need(("the first flights at the address",), _read_flights)


def is_without_ipv6(seen: Federation | None, flight: FirstFlight) -> bool:
    """Whether there was no way to this IPv6 address nor to another one: this machine may have no IPv6 at all."""
    return (
        seen is not None
        and _is_ipv6(flight)
        and flight.failure is not None
        and flight.failure.kind in (FailureKind.UNREACHABLE, FailureKind.LOCAL)
        and not any(map(_is_ipv6, _connected(seen)))
    )


def is_foreign_family(seen: Federation | None, flight: FirstFlight) -> bool:
    """Whether this machine cannot reach IPv6 at all, while an IPv4 address of some target answers."""
    return seen is not None and is_without_ipv6(seen, flight) and bool(_connected(seen))


def _connected(seen: Federation) -> list[FirstFlight]:
    return [flight for visit in seen.visits for flight in visit.flights if is_connected(flight)]


def _is_ipv6(flight: FirstFlight) -> bool:
    return flight.address.count(":") > 1


def _read_connection(case: Case) -> tuple[FirstFlight, ...] | Lack:
    found = _read_flights(case)
    if isinstance(found, Lack) or any(map(is_connected, found)):
        return found
    failure = found[0].failure
    words = describe_failure(failure) if failure is not None else "no answer"
    is_foreign = is_foreign_family(case.evidence.federation, found[0])
    return Lack(f"no connection to {case.subject.label}: {words}", "not-applicable" if is_foreign else "inconclusive")


connection = Need(("a TCP connection to the address",), _read_connection)


def _read_own_flight(case: Case) -> FirstFlight | Lack:
    found = _read_connection(case)
    if isinstance(found, Lack):
        return found
    own = next((flight for flight in found if flight.hello == MICROSOFT_EDGE), None)
    return own or Lack(f"the hello of a Microsoft edge was not sent to {case.subject.label}")


own_flight = Need(("the answer to the hello of a Microsoft edge",), _read_own_flight)


def _read_handshakes(case: Case) -> tuple[Handshake, ...] | Lack:
    found = _read_visit(case)
    if isinstance(found, Lack):
        return found
    connected = _read_connection(case)
    if isinstance(connected, Lack) and (connected.status == "not-applicable" or not found.handshakes):
        return connected
    return found.handshakes or not_reached(case.evidence, "mutual-tls")


handshakes = Need(("a handshake",), _read_handshakes)


class EdgeChain(msgspec.Struct, frozen=True, kw_only=True):
    """The certificates that an address shows, leaf first, as DER, and what the leaf says.

    `shown_to` is the hello that got them, or "handshake", where only the leaf is known.
    """

    shown_to: str
    ders: tuple[bytes, ...]
    leaf: CertificateFacts


def find_edge_chain(case: Case, visit: EdgeVisit) -> EdgeChain | None:
    """Return the chain shown to the hello of a Microsoft edge, else to any hello, else the leaf of the handshake."""
    own = [flight for flight in visit.flights if flight.hello == MICROSOFT_EDGE]
    others = [flight for flight in visit.flights if flight.hello != MICROSOFT_EDGE]
    sources = [(flight.hello, flight.chain) for flight in (*own, *others)]
    sources += [("handshake", (one.leaf,)) for one in visit.handshakes if one.leaf is not None]
    held = case.evidence.certificates
    for shown_to, names in sources:
        if names and all(name in held for name in names):
            ders = tuple(held[name] for name in names)
            return EdgeChain(shown_to=shown_to, ders=ders, leaf=certificate_facts(ders[0]))
    return None


def _read_edge_chain(case: Case) -> EdgeChain | Lack:
    found = _read_visit(case)
    if isinstance(found, Lack):
        return found
    chain = find_edge_chain(case, found)
    if chain is not None:
        return chain
    connected = _read_connection(case)
    if isinstance(connected, Lack):
        return connected
    failure = next((flight.failure for flight in connected if flight.failure is not None), None)
    words = f": {describe_failure(failure)}" if failure is not None else ""
    return Lack(f"{case.subject.label} showed no certificate{words}")


edge_chain = Need(("the certificates of the edge",), _read_edge_chain)


def _read_readable_chain(case: Case) -> EdgeChain | Lack:
    found = _read_edge_chain(case)
    if isinstance(found, Lack) or found.leaf.parse_error is None:
        return found
    return Lack(f"the certificate cannot be read: {found.leaf.parse_error} (FCR014)")


readable_chain = Need(("a readable certificate of the edge",), _read_readable_chain)


def _read_path(case: Case) -> PathReading | Lack:
    chain = _read_edge_chain(case)
    if isinstance(chain, Lack):
        return chain
    found = _read_visit(case)
    return found if isinstance(found, Lack) else found.path or not_reached(case.evidence, "certificate")


path = Need(("the certification path",), _read_path)


def _read_sip(case: Case) -> SipExchange | Lack:
    if any(one.name == "sip" and one.because == NO_SIP for one in case.evidence.stages):
        return Lack("no SIP was spoken; give --sip", "not-applicable")
    found = _read_visit(case)
    if isinstance(found, Lack):
        return found
    if found.sip is not None:
        return found.sip
    if found.handshakes and not any(one.completed for one in found.handshakes):
        return Lack(f"no session with {case.subject.label}, so no SIP was spoken: no handshake completed")
    return not_reached(case.evidence, "sip")


sip = Need(("an answer to OPTIONS",), _read_sip)
