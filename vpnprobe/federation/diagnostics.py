"""What a Microsoft edge shows when it refuses a domain: the numbers of `ms-diagnostics`, and the lines themselves.

The numbers are those of MS-OCER sections 8.2 and of headers printed in the documents; the texts that servers send
differ from release to release, so only the number is compared. Where a line is predicted, form and field names are
those of the documents (F4-11 to F4-16); what only the partner knows stands in angle brackets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

_OCER: Final = "MS-OCER, SipStack errors"
_OCER_OLD: Final = "MS-OCER, SipStack errors of earlier releases"


class DiagnosticCode(msgspec.Struct, frozen=True, kw_only=True):
    """One error number of `ms-diagnostics`.

    `checks` are the checks that decide it from outside, likeliest first, empty where none can; `unknown` says what is
    not known of the number.
    """

    number: int
    meaning: str
    source: str
    checks: tuple[str, ...] = ()
    unknown: str = ""


CODES: Final = (
    DiagnosticCode(
        number=1000,
        meaning="the last step of a handshake failed",
        source=_OCER,
        unknown="which handshake; the name does not say whether TLS or the login of a client is meant",
    ),
    DiagnosticCode(
        number=1001,
        meaning="the sender may not talk to public instant messaging providers",
        source=_OCER,
    ),
    DiagnosticCode(
        number=1002,
        meaning="the sender may not talk to federated partners",
        source=_OCER,
    ),
    DiagnosticCode(number=1003, meaning="the user does not exist", source=_OCER),
    DiagnosticCode(number=1004, meaning="the route of the dialog is no longer valid", source=_OCER),
    DiagnosticCode(
        number=1005,
        meaning="no route to the destination's domain",
        source=_OCER,
        checks=("SRV001",),
        unknown="whether a missing record or the partner's own configuration is meant",
    ),
    DiagnosticCode(number=1006, meaning="routing failed on the connection to a client", source=_OCER),
    DiagnosticCode(number=1007, meaning="no route at the moment", source=_OCER),
    DiagnosticCode(
        number=1008,
        meaning="the domain's SRV record was not found",
        source=_OCER,
        checks=("SRV001",),
    ),
    DiagnosticCode(
        number=1009,
        meaning="the domain's SRV record names a host that is not in the domain",
        source=_OCER,
        checks=("DOM001",),
    ),
    DiagnosticCode(
        number=1010,
        meaning="the next server's certificate is not trusted or does not hold its name",
        source=_OCER,
        checks=("FCR001", "FCR009", "FCR010", "FCR011", "FCR007"),
    ),
    DiagnosticCode(
        number=1011,
        meaning="the server before sent no ms-diagnostics of its own",
        source=_OCER,
        unknown="the cause: only the log of the server before tells it",
    ),
    DiagnosticCode(
        number=1012,
        meaning="the sender may not talk to users outside of the enterprise",
        source=_OCER,
    ),
    DiagnosticCode(
        number=1013,
        meaning="the clocks differ too much",
        source=_OCER_OLD,
        checks=("SIP002", "FCR007"),
        unknown="how much is too much",
    ),
    DiagnosticCode(
        number=1014,
        meaning="the target of the SRV record has no address",
        source=_OCER_OLD,
        checks=("ADR001",),
    ),
    DiagnosticCode(
        number=1017,
        meaning="sender's and receiver's domains cannot be routed in this combination",
        source="headers seen in the field",
    ),
    DiagnosticCode(
        number=1027,
        meaning="this type of request is not routed to or from federated partners",
        source="headers seen in the field",
    ),
    DiagnosticCode(
        number=1034,
        meaning="the federated peer before gave no reason",
        source="headers seen in the field",
        checks=("DOM001", "FCR001"),
        unknown="the cause: only the log of that peer tells it",
    ),
    DiagnosticCode(
        number=1047,
        meaning="the TLS handshake with the federated peer was not completed",
        source="a header seen in the field (Lync 2010: the peer did not trust the CA of the edge's certificate)",
        checks=("EDG010", "EDG003", "EDG008", "FCR010"),
        unknown="which side ended the handshake, where no WinsockFailureCode stands beside it",
    ),
)

_BY_NUMBER: Final = {code.number: code for code in CODES}


def find_code(number: int) -> DiagnosticCode | None:
    """Return what is known of this number, None where nothing is."""
    return _BY_NUMBER.get(number)


def meaning(code: int) -> str | None:
    """Return what the number means, in words of ours; None where it is not known."""
    known = _BY_NUMBER.get(code)
    return None if known is None else known.meaning


# The whole of what an Expressway-E is answered, for a fault of DNS and of the certificate alike (F4-11).
EXPRESSWAY_504: Final = "SIP/2.0 504 Server time-out (Server: RTC/6.0, no reason)"


def ms_diagnostics_1008(domain: str) -> str:
    """Return the header for a domain without a record.

    The text after MS-OCER. No document prints the header; `domain` is taken over from 1009.
    """
    return _header(1008, "Unable to resolve DNS SRV record", domain=domain)


def ms_diagnostics_1009(domain: str, targets: Sequence[str]) -> str:
    """Return the header for targets (`host:port`) outside of the domain (F4-13)."""
    return _header(1009, "No match for domain in DNS SRV results", domain=domain, **_numbered(targets))


def ms_diagnostics_1010(target: str, certificate_name: str) -> str:
    """Return the header for a target that its certificate does not name (F4-14)."""
    return _header(
        1010,
        "Certificate trust with another server could not be established",
        ErrorType="The peer certificate does not contain a matching FQDN",
        **{"tls-target": target},
        PeerServer=certificate_name,
        HRESULT="0x80090322(SEC_E_WRONG_PRINCIPAL)",
    )


def ms_diagnostics_1014(target: str) -> str:
    """Return the header for a target without an address.

    The text after MS-OCER. No document prints the header, so the name of the attribute with the target is left open.
    """
    return _header(1014, "Unable to resolve DNS A record", **{"<attribute>": target})


def edge_trace_1009(domain: str, targets: Sequence[str]) -> str:
    """Return the record that the edge traces for targets (`host:port`) outside of the domain (F4-15)."""
    return (
        "$$begin_record Severity: warning Text: The domain of the message resolved by DNS SRV but none of the FQDNs "
        "is in the same domain Result-Code: 0xc3e93d6f SIPPROXY_E_EPROUTING_MSG_ALLOWED_DOMAIN_NO_SRV_MATCH Data: "
        f"{_attributes(domain=domain, **_numbered(targets))} $$end_record"
    )


def edge_trace_1010(target: str, certificate_name: str) -> str:
    """Return the record that the edge traces for a target that its certificate does not name (F4-16)."""
    data = {
        "expected-fqdn": target,
        "certName": certificate_name,
        "info": "The peer certificate does not contain a matching FQDN",
    }
    return (
        "$$begin_record Severity: error Text: Message cannot be routed because the peer's certificate does not contain "
        "a matching FQDN Result-Code: 0xc3e93d67 SIPPROXY_E_ROUTING_MSG_CERT_MISMATCH Data: "
        f"{_attributes(**data)} $$end_record"
    )


def _header(code: int, reason: str, **attributes: str) -> str:
    pairs = {"reason": reason, **attributes, "source": "<partner-edge>"}
    return "; ".join([f"ms-diagnostics: {code}", *(f'{name}="{value}"' for name, value in pairs.items())])


def _attributes(**attributes: str) -> str:
    return ";".join(f'{name}="{value}"' for name, value in attributes.items())


def _numbered(targets: Sequence[str]) -> dict[str, str]:
    # Only fqdn1 is printed in the documents; that the next one is fqdn2 is an assumption.
    return {f"fqdn{number}": target for number, target in enumerate(targets, 1)}
