"""What a check is applied to: the run, an address, a hello at an address, a file, a certificate.

Where the run did not get far enough to know them, one subject that stands for all is given, so that the check is
never absent from the report.
"""

from __future__ import annotations

from collections.abc import Iterable

from vpnprobe.checks.base import Subject
from vpnprobe.model.errors import UsageError
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.target import parse_endpoint
from vpnprobe.phones import profiles

# Hellos that ask which certificate a kind of client is given; every other hello is that of a phone profile.
MATRIX_HELLOS = ("rsa-only", "ec-only", "both")


def endpoint_label(evidence: Evidence, address: str) -> str:
    """Return `address:port` for an address as an observation writes it, with or without the port."""
    try:
        return str(parse_endpoint(address, evidence.target.port))
    except UsageError:
        return address


def gateway_label(evidence: Evidence) -> str:
    """Return the gateway as it was named to the run, with its port."""
    return str(evidence.target.gateway or evidence.target.label)


def gateway(evidence: Evidence) -> tuple[Subject, ...]:
    """The gateway as a whole."""
    return (Subject(label=gateway_label(evidence)),)


def gateway_name(evidence: Evidence) -> tuple[Subject, ...]:
    """The host name of the group-url."""
    return (Subject(label=evidence.target.host),)


def addresses(evidence: Evidence) -> tuple[Subject, ...]:
    """Each address of the gateway."""
    return tuple(
        Subject(label=endpoint_label(evidence, address), address=address) for address in known_addresses(evidence)
    ) or gateway(evidence)


def hello_label(evidence: Evidence, hello: str) -> str:
    """Return whose hello it is: the imitated model, where that is another one of the profile's family."""
    persona = evidence.persona
    return persona.model if evidence.probe == "phone" and hello == persona.profile and persona.model else hello


def own_hellos(evidence: Evidence) -> tuple[Subject, ...]:
    """The imitated phone's hello at each address; in a gateway probe every profile's hello at each address."""
    if evidence.probe == "phone":
        return tuple(
            Subject(label=subject.label, address=subject.address, hello=evidence.persona.profile)
            for subject in addresses(evidence)
        )
    return tuple(
        Subject(
            label=f"{flight.hello} at {endpoint_label(evidence, flight.address)}",
            address=flight.address,
            hello=flight.hello,
        )
        for flight in evidence.first_flights
        if flight.hello not in MATRIX_HELLOS
        and (flight.hello == evidence.persona.profile or flight.hello not in _no_phones())
    ) or addresses(evidence)


def _no_phones() -> frozenset[str]:
    """Return the profiles that stand for no phone; they are there to compare with."""
    return frozenset(summary.id for summary in profiles() if not summary.models)


def leaves(evidence: Evidence) -> tuple[Subject, ...]:
    """The leaf shown to the imitated phone at each address; in a gateway probe every leaf shown at each address."""
    if evidence.probe == "phone":
        return own_hellos(evidence)
    shown_to: dict[tuple[str, str], str] = {}
    for flight in evidence.first_flights:
        for leaf in flight.chain[:1]:
            if flight.hello == evidence.persona.profile or (flight.address, leaf) not in shown_to:
                shown_to[flight.address, leaf] = flight.hello
    return tuple(
        Subject(label=f"leaf shown to {hello} at {endpoint_label(evidence, address)}", address=address, hello=hello)
        for (address, _), hello in shown_to.items()
    ) or addresses(evidence)


def handshakes(evidence: Evidence) -> tuple[Subject, ...]:
    """Each address that a handshake was tried at."""
    return _distinct_addresses(evidence, (handshake.address for handshake in evidence.handshakes))


def logins(evidence: Evidence) -> tuple[Subject, ...]:
    """Each address that was asked for a login."""
    return _distinct_addresses(evidence, (login.address for login in evidence.logins))


def config_server(evidence: Evidence) -> tuple[Subject, ...]:
    """The configuration server."""
    server = evidence.tftp_server
    if server is None or server.endpoint is None:
        return (Subject(label="configuration server"),)
    return (Subject(label=str(server.endpoint)),)


def config_file(evidence: Evidence) -> tuple[Subject, ...]:
    """The phone's configuration file, by the name it was served or given under."""
    if evidence.config is not None and evidence.config.file:
        return (Subject(label=evidence.config.file),)
    return (Subject(label=config_file_name(evidence)),)


def config_file_name(evidence: Evidence) -> str:
    """Return the name of the phone's plain configuration file."""
    return f"{evidence.persona.device or 'SEP<MAC>'}.cnf.xml"


def known_addresses(evidence: Evidence) -> tuple[str, ...]:
    """Return the gateway's addresses as the flights write them, then those that were resolved but never dialled."""
    dialled = dict.fromkeys(flight.address for flight in evidence.first_flights)
    labels = {endpoint_label(evidence, address) for address in dialled}
    resolved = evidence.resolution.addresses if evidence.resolution is not None else ()
    return (*dialled, *(address for address in resolved if endpoint_label(evidence, address) not in labels))


def _distinct_addresses(evidence: Evidence, found: Iterable[str]) -> tuple[Subject, ...]:
    return tuple(
        Subject(label=endpoint_label(evidence, address), address=address) for address in dict.fromkeys(found)
    ) or gateway(evidence)
