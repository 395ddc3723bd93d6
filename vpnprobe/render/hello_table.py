"""What each hello was given, and what an enumeration found: the outside view of `show ssl`. Shows Evidence only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from vpnprobe.model.evidence import Evidence
from vpnprobe.model.observation import AcceptedSuite, Enumeration, FirstFlight
from vpnprobe.pki.certificate import CertificateFacts, describe
from vpnprobe.render.escape import printable
from vpnprobe.render.failure_words import describe_failure
from vpnprobe.wire.tls.registry import group_name, version_name
from vpnprobe.wire.tls.suites import suite_name


class HelloRow(msgspec.Struct, frozen=True):
    """One hello at one address: what was negotiated, and the letter of the certificate that was shown."""

    address: str
    hello: str
    version: str
    suite: str
    letter: str


def hello_rows(evidence: Evidence) -> Iterator[HelloRow]:
    """Yield a row for each first flight."""
    letters = _letters(evidence)
    for place, flight in _flights(evidence):
        version, suite = _negotiated(flight)
        letter = letters[flight.chain[0]] if flight.chain else ""
        yield HelloRow(printable(place), printable(flight.hello), version, suite, letter)


def certificate_lines(evidence: Evidence) -> Iterator[str]:
    """Yield a line for each certificate that was shown as a leaf: letter, certHash, key, end of validity, subject."""
    for name, letter in _letters(evidence).items():
        facts = describe(evidence.certificates[name])
        until = f"{facts.not_after:%Y-%m-%d}" if facts.not_after else "unknown"
        yield f"{letter}  {facts.cert_hash}  {_key(facts)}, to {until}, {printable(facts.subject or 'unreadable', 120)}"


def suite_lines(enumeration: Enumeration) -> Iterator[str]:
    """Yield, for each version, whether it is accepted, in whose order, and its suites."""
    versions = dict.fromkeys([*(pair.version for pair in enumeration.accepted), *map(int, enumeration.refused)])
    for version in sorted(versions):
        pairs = [pair for pair in enumeration.accepted if pair.version == version]
        if not pairs:
            yield f"{version_name(version):8} no"
            continue
        order = enumeration.server_order.get(str(version))
        whose = "" if order is None else ", in the gateway's order" if order else ", in the client's order"
        yield f"{version_name(version):8} {len(pairs)} suite{'' if len(pairs) == 1 else 's'}{whose}"
        yield from (f"           {_suite(pair)}" for pair in pairs)


def _flights(evidence: Evidence) -> Sequence[tuple[str, FirstFlight]]:
    """Return every first flight with where it went; an edge of a federation also by its name."""
    visits = evidence.federation.visits if evidence.federation is not None else ()
    return [
        *((flight.address, flight) for flight in evidence.first_flights),
        *((f"{visit.target}, {visit.address}", flight) for visit in visits for flight in visit.flights),
    ]


def _letters(evidence: Evidence) -> dict[str, str]:
    leaves = dict.fromkeys(flight.chain[0] for _, flight in _flights(evidence) if flight.chain)
    return {name: chr(ord("A") + number) if number < 26 else f"#{number}" for number, name in enumerate(leaves)}


def _negotiated(flight: FirstFlight) -> tuple[str, str]:
    if flight.failure is not None:
        return "-", describe_failure(flight.failure)
    if flight.version is None or flight.suite is None:
        return "-", "no ServerHello"
    return version_name(flight.version), suite_name(flight.suite).partition(" ")[0]


def _key(facts: CertificateFacts) -> str:
    signed = ", self-signed" if facts.self_signed else ""
    return f"{facts.key_type or 'unknown key'} {facts.key_bits or ''}".strip() + signed


def _suite(pair: AcceptedSuite) -> str:
    exchange = pair.key_exchange
    if exchange is None:
        return suite_name(pair.suite)
    if exchange.group is not None:
        return f"{suite_name(pair.suite)}, {group_name(exchange.group)}"
    return f"{suite_name(pair.suite)}, DH {exchange.bits} bits" if exchange.bits else suite_name(pair.suite)
