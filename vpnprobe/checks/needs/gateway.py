"""Facts of the way to the gateway: its addresses, its answers to the hellos, the certificates that it shows."""

from __future__ import annotations

import msgspec

from vpnprobe.checks.base import Case, Lack, Need, Subject
from vpnprobe.checks.needs.stages import not_reached
from vpnprobe.checks.wording import describe_failure
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.observation import FirstFlight, Resolution
from vpnprobe.model.target import GroupUrl
from vpnprobe.pki.certificate import CertificateFacts, describe

# Without a connect time, these kinds say that there was no connection.
_BEFORE_CONNECTION = frozenset(
    {
        FailureKind.REFUSED,
        FailureKind.UNREACHABLE,
        FailureKind.TIMEOUT,
        FailureKind.LOCAL,
        FailureKind.DEADLINE,
        FailureKind.INTERRUPTED,
    }
)
# Kinds that say nothing about the gateway.
OURS = frozenset({FailureKind.LOCAL, FailureKind.TLS_LOCAL, FailureKind.DEADLINE, FailureKind.INTERRUPTED})


# Many checks ask for the same ones; `describe` remembers.
certificate_facts = describe


def _read_resolution(case: Case) -> Resolution | Lack:
    return case.evidence.resolution or not_reached(case.evidence, "resolve")


resolution = Need(("the answer of the DNS",), _read_resolution)


def is_connected(flight: FirstFlight) -> bool:
    """Whether there was a TCP connection at all."""
    if flight.failure is None or flight.connect_s > 0:
        return True
    return flight.failure.kind not in _BEFORE_CONNECTION


def speaks_tls(flight: FirstFlight) -> bool:
    """Whether the answer was TLS to its end: the whole flight, or an alert."""
    return flight.failure is None or flight.failure.kind is FailureKind.TLS_ALERT


def flights_at(evidence: Evidence, subject: Subject) -> tuple[FirstFlight, ...]:
    """Return every first flight at the subject's address."""
    return tuple(flight for flight in evidence.first_flights if flight.address == subject.address)


def _read_flights(case: Case) -> tuple[FirstFlight, ...] | Lack:
    return flights_at(case.evidence, case.subject) or not_reached(case.evidence, "first-flight")


flights = Need(("the first flights at the address",), _read_flights)


def _read_own_flights(case: Case) -> tuple[FirstFlight, ...] | Lack:
    return case.evidence.flights(case.evidence.persona.profile) or not_reached(case.evidence, "first-flight")


own_flights = Need(("the answers to this phone's hello at every address",), _read_own_flights)


def _read_connected(case: Case) -> tuple[FirstFlight, ...] | Lack:
    found = _read_flights(case)
    if isinstance(found, Lack) or any(map(is_connected, found)):
        return found
    failure = found[0].failure
    words = describe_failure(failure) if failure is not None else "no answer"
    if is_foreign_family(case.evidence, found[0]):
        return Lack(f"no connection to {case.subject.label}: {words}", "not-applicable")
    return Lack(f"no connection to {case.subject.label}: {words}")


def is_foreign_family(evidence: Evidence, flight: FirstFlight) -> bool:
    """Whether this machine cannot reach IPv6 at all, while an IPv4 address of the gateway answers.

    Then the IPv6 address says something about this machine only.
    """
    return (
        flight.address.count(":") > 1
        and flight.failure is not None
        and flight.failure.kind in (FailureKind.UNREACHABLE, FailureKind.LOCAL)
        and any(is_connected(other) and other.address.count(":") <= 1 for other in evidence.first_flights)
    )


connection = Need(("a TCP connection to the address",), _read_connected)


def _read_tls(case: Case) -> tuple[FirstFlight, ...] | Lack:
    found = _read_connected(case)
    if isinstance(found, Lack) or any(map(speaks_tls, found)):
        return found
    return Lack(f"{case.subject.label} gave no whole answer in TLS (TLS004)")


def _read_own_flight(case: Case) -> FirstFlight | Lack:
    found = _read_tls(case)
    if isinstance(found, Lack):
        return found
    hello = case.subject.hello or case.evidence.persona.profile
    own = next((flight for flight in found if flight.hello == hello), None)
    return own or Lack(f"the hello of {hello} was not sent to {case.subject.label}")


own_flight = Need(("the answer to this phone's hello",), _read_own_flight)


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """The certificates that one hello was shown, leaf first, as DER, and what the leaf says."""

    flight: FirstFlight
    ders: tuple[bytes, ...]
    leaf: CertificateFacts


def find_chain(evidence: Evidence, flight: FirstFlight) -> Chain | None:
    """Return the chain of a flight; None where it showed none, or the Evidence does not hold it."""
    ders = tuple(evidence.certificates[name] for name in flight.chain if name in evidence.certificates)
    if not ders or len(ders) != len(flight.chain):
        return None
    return Chain(flight=flight, ders=ders, leaf=certificate_facts(ders[0]))


def _read_chain(case: Case) -> Chain | Lack:
    found = _read_connected(case)
    if isinstance(found, Lack):
        return found
    hello = case.subject.hello or case.evidence.persona.profile
    own = next((flight for flight in found if flight.hello == hello), None)
    chain = find_chain(case.evidence, own) if own is not None else None
    if chain is not None:
        return chain
    if own is not None and own.failure is not None:
        return Lack(f"{case.subject.label} showed no certificate: {describe_failure(own.failure)}")
    return Lack(f"{case.subject.label} showed no certificate in clear text")


chain = Need(("the certificates shown to this phone",), _read_chain)


def _read_group_url(case: Case) -> GroupUrl | Lack:
    return case.evidence.target.group_url or Lack("no group-url was given")


group_url = Need(("the group-url",), _read_group_url)
