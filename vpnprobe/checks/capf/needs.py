"""What a CAPF's checks are applied to, the facts that they ask for, and the words for why one is not there.

A phone takes one way to CAPF: the first IP version in its row of the connection table at which CAPF takes a connection.
Checks of an address judge those of that version; the others are reported, and not judged (but see CPF010).
"""

from __future__ import annotations

from typing import Final

import msgspec

from vpnprobe.checks.base import Case, Lack, Need, Subject
from vpnprobe.checks.needs import OURS, certificate_facts, not_reached
from vpnprobe.checks.wording import describe_failure
from vpnprobe.model.capf import Capf, CapfVisit, ConnectionRow, Family
from vpnprobe.model.errors import UsageError
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.observation import FirstFlight, Handshake
from vpnprobe.phones.profile import PhoneProfile, load_profile
from vpnprobe.pki.certificate import CertificateFacts

__all__ = [
    "OURS",
    "CapfCertificate",
    "capf",
    "certificate",
    "deciding_family",
    "dialled",
    "established",
    "flight",
    "greeting",
    "handshake",
    "is_local",
    "last_visits",
    "profile_of",
    "row",
    "server",
    "taken",
    "visited",
]


def server(evidence: Evidence) -> tuple[Subject, ...]:
    """The CAPF as a whole."""
    return (Subject(label=evidence.target.label),)


def dialled(evidence: Evidence) -> tuple[Subject, ...]:
    """Each address of the CAPF that was visited; without any, the CAPF."""
    found = tuple(Subject(label=visit.address, address=visit.address) for visit in last_visits(evidence.capf))
    return found or server(evidence)


def leaves(evidence: Evidence) -> tuple[Subject, ...]:
    """The first address at which each certificate is shown; without any, the addresses."""
    shown: dict[str, Subject] = {}
    for visit in last_visits(evidence.capf):
        if visit.chain and _is_taken(evidence.capf, visit):
            shown.setdefault(visit.chain[0], Subject(label=visit.address, address=visit.address))
    return tuple(shown.values()) or dialled(evidence)


def last_visits(seen: Capf | None) -> tuple[CapfVisit, ...]:
    """Return the last attempt at each address."""
    return tuple({visit.address: visit for visit in seen.visits}.values()) if seen is not None else ()


def is_local(visit: CapfVisit) -> bool:
    """Whether a missing connection may be this machine's fault; one without IPv6 finds no way to it."""
    if visit.failure is None:
        return False
    kinds = OURS | {FailureKind.UNREACHABLE} if visit.family == "IPv6" else OURS
    return visit.failure.kind in kinds


def deciding_family(seen: Capf) -> Family | None:
    """Return the IP version by which a phone gets to CAPF: the first of its row with a connection."""
    order = seen.row.order if seen.row is not None else ()
    connected = {visit.family for visit in last_visits(seen) if visit.connect_s > 0}
    return next((family for family in order if family in connected), None)


def established(visit: CapfVisit) -> bool:
    """Whether there was a session: with a certificate, and without a failure of TLS."""
    return bool(visit.chain) and visit.spoke != "tls-failed"


def _read_capf(case: Case) -> Capf | Lack:
    return case.evidence.capf or not_reached(case.evidence, "resolve")


capf = Need(("what was seen of the CAPF",), _read_capf)


def _read_row(case: Case) -> ConnectionRow | Lack:
    seen = case.evidence.capf
    return (seen.row if seen is not None else None) or not_reached(case.evidence, "resolve")


row = Need(("the IP versions of the phone and of the CAPF",), _read_row)


def _read_visited(case: Case) -> CapfVisit | Lack:
    found = (visit for visit in last_visits(case.evidence.capf) if visit.address == case.subject.address)
    return next(found, None) or not_reached(case.evidence, "connect")


visited = Need(("a visit to the address",), _read_visited)


def _is_taken(seen: Capf | None, visit: CapfVisit) -> bool:
    return seen is not None and visit.family == deciding_family(seen)


def _read_taken(case: Case) -> CapfVisit | Lack:
    """Find the visit of an address that the phone would take, with a connection."""
    visit, seen = _read_visited(case), case.evidence.capf
    if isinstance(visit, Lack) or seen is None:
        return visit
    order = seen.row.order if seen.row is not None else ()
    if visit.family not in order:
        return Lack(f"the phone does not take {visit.family} to this CAPF ({_number(seen)})", "not-applicable")
    family = deciding_family(seen)
    if family is not None and family != visit.family:
        return Lack(f"the phone gets there by {family} ({_number(seen)}); for this way see CPF010", "not-applicable")
    if visit.connect_s > 0:
        return visit
    words = describe_failure(visit.failure) if visit.failure is not None else "no answer"
    # Beside an address that answers, one that does not is what CPF003 tells.
    return Lack(f"no connection: {words}")


def _number(seen: Capf) -> str:
    return f"row {seen.row.row} of the connection table" if seen.row is not None else "the connection table"


taken = Need(("a connection by the IP version that the phone takes",), _read_taken)


def _read_flight(case: Case) -> FirstFlight | Lack:
    visit = _read_taken(case)
    if isinstance(visit, Lack):
        return visit
    own = [flight for flight in case.evidence.flights(case.evidence.persona.profile) if flight.address == visit.address]
    return own[-1] if own else not_reached(case.evidence, "connect")


flight = Need(("the answer to the model's hello",), _read_flight)


def _read_handshake(case: Case) -> Handshake | Lack:
    visit = _read_taken(case)
    if isinstance(visit, Lack):
        return visit
    found = [one for one in case.evidence.handshakes if one.address == visit.address]
    return found[-1] if found else not_reached(case.evidence, "handshake")


handshake = Need(("a handshake with the model's version and suites",), _read_handshake)


def _read_session(case: Case) -> CapfVisit | Lack:
    visit = _read_taken(case)
    if isinstance(visit, Lack) or established(visit):
        return visit
    return Lack("there was no session to read a greeting from (CPF005, CPF007, CPF008)")


session = Need(("a session with the server",), _read_session)


def _read_greeting(case: Case) -> CapfVisit | Lack:
    visit = _read_session(case)
    if isinstance(visit, Lack) or visit.greeting is not None:
        return visit
    return Lack("the server gave no greeting of CAPF (CPF009)")


greeting = Need(("a greeting of CAPF",), _read_greeting)


class CapfCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """The certificates that CAPF shows, leaf first, as DER, and what the leaf says."""

    ders: tuple[bytes, ...]
    leaf: CertificateFacts


def _read_certificate(case: Case) -> CapfCertificate | Lack:
    visit = _read_taken(case)
    if isinstance(visit, Lack):
        return visit
    held = case.evidence.certificates
    ders = tuple(held[name] for name in visit.chain if name in held)
    if not ders or len(ders) != len(visit.chain):
        return Lack("no certificate was shown")
    leaf = certificate_facts(ders[0])
    if leaf.parse_error is not None:
        return Lack(f"the certificate cannot be read: {leaf.parse_error}")
    return CapfCertificate(ders=ders, leaf=leaf)


certificate = Need(("the certificate that CAPF shows",), _read_certificate)

_UNKNOWN_PROFILE: Final = "the phone's model is not known to this version"


def profile_of(case: Case) -> PhoneProfile | Lack:
    """Return the profile of the run; Evidence of another time may name one that is not there."""
    try:
        return load_profile(case.evidence.persona.model or case.evidence.persona.profile)
    except UsageError:
        return Lack(_UNKNOWN_PROFILE)
