"""What the federation probe saw of one SIP domain, from outside. Facts only, as in `vpnprobe.model.observation`.

A view is one place that DNS is asked at: "system" (this machine's own servers), a resolver as `address:port`, or
"authoritative" (the zone's own servers). Names are in lower case and without the final dot; "." is the root.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from vpnprobe.model.failure import Failure
from vpnprobe.model.observation import FirstFlight, Handshake

# Microsoft, Cisco Expressway and IM and Presence all mean this record by "federation" (F4-01).
FEDERATION_SERVICE = "_sipfederationtls._tcp"

# The views that are no resolver's address.
SYSTEM_VIEW = "system"
AUTHORITATIVE_VIEW = "authoritative"

# What is known of the DNSSEC state of an answer: the resolver vouches for it (AD), it carries signatures that this
# resolver does not vouch for, it carries none, or it is only given where checking is disabled (CD).
Dnssec = Literal["validated", "signed", "unsigned", "bogus", "unknown"]


class SrvRecord(msgspec.Struct, frozen=True, order=True):
    """One SRV record (RFC 2782). Target "." says that the service is decidedly not available."""

    priority: int
    weight: int
    port: int
    target: str


class SrvLookup(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`<service>.<domain>` asked of one view.

    `records` are by priority, then by falling weight, then by target; `left_out` counts those beyond the cap.
    `aliases` is the CNAME chain that led to them, without the name asked for. `ttl` is in seconds. `failure` is set
    when there is no record: NAME_NOT_FOUND, NO_RECORD, SERVFAIL, DNS_TIMEOUT, TOO_MUCH, MALFORMED or LOCAL.
    """

    service: str
    domain: str
    view: str
    records: tuple[SrvRecord, ...] = ()
    left_out: int = 0
    aliases: tuple[str, ...] = ()
    ttl: int | None = None
    dnssec: Dnssec = "unknown"
    servers: tuple[str, ...] = ()
    failure: Failure | None = None
    duration_s: float = 0.0

    @property
    def name(self) -> str:
        """The name that was asked for."""
        return f"{self.service}.{self.domain}"


class AddressLookup(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A and AAAA of one name asked of one view.

    `failure` is set when there is no address; `partial` when one family answered and the other failed for another
    reason than having no record. `left_out` counts addresses beyond the cap.
    """

    name: str
    view: str
    addresses: tuple[str, ...] = ()
    left_out: int = 0
    aliases: tuple[str, ...] = ()
    ttl: int | None = None
    dnssec: Dnssec = "unknown"
    servers: tuple[str, ...] = ()
    failure: Failure | None = None
    partial: Failure | None = None
    duration_s: float = 0.0


class EdgeTarget(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A host and port that the domain's SRV records name, and the views that said so."""

    host: str
    port: int
    priority: int
    weight: int
    views: tuple[str, ...]


class SipExchange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One OPTIONS over an established session and its final answer.

    `sender` is the `user@domain` that it was from, None for the anonymous one.
    `headers` are (name in lower case, value) in order of the message, capped; `provisional` the 1xx status codes
    before. `empty_fragments`: the peer sent empty records before its data, as OpenSSL does in TLS 1.0 with CBC
    suites; None where the session's suite does not allow to tell. `breaches` are the rules of RFC 3261 that the answer
    breaks; `ignored` counts messages that were not answers to it. `failure` is set when no final answer was read whole:
    `status` is there where its head was.
    """

    uri: str
    sender: str | None = None
    status: int | None = None
    reason: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    provisional: tuple[int, ...] = ()
    body_length: int = 0
    body_excerpt: str = ""
    breaches: tuple[str, ...] = ()
    ignored: int = 0
    empty_fragments: bool | None = None
    client_certificate: str | None = None
    failure: Failure | None = None
    duration_s: float = 0.0

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values of every header of this name (lower case), in order."""
        return tuple(value for one, value in self.headers if one == name)


PathEnd = Literal[
    "public-root",  # at a root of the public list
    "given-root",  # at a root that the operator gave
    "self-signed",  # at a self-signed authority that was sent and is not among the roots
    "self-signed-leaf",
    "issuer-missing",
    "issuer-not-ca",  # the path reaches a top, but a certificate on it may not issue: no authority, or too long a path
    "signature-wrong",  # certificates of the issuer's name are there, but none signed this
    "signature-unchecked",  # the path reaches a top, but the engine could not check a signature on it
    "unreadable",
]


class PathReading(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The certification path of one chain, and which engines judged it.

    `engine` verified the signatures one by one. `subjects` are the path's names, leaf first (RFC 4514);
    `missing_issuer` the name of the certificate that is not there; `obstacle` one clause on the certificate in the way
    where the end is "issuer-not-ca" or "signature-unchecked". `in_order`, `duplicates` and `unused` are about the
    certificates as sent. `roots` names the public list that was used. `store_engine` is OpenSSL's store and
    `store_refusal` its reason to refuse the same path, None where it accepts; `strict_engine` and `strict_refusal` are
    the same for cryptography's verifier. Where an engine was not asked, its name is None.
    """

    engine: str
    end: PathEnd
    subjects: tuple[str, ...] = ()
    missing_issuer: str | None = None
    obstacle: str | None = None
    in_order: bool = True
    root_sent: bool = False
    duplicates: int = 0
    unused: int = 0
    roots: str = ""
    store_engine: str | None = None
    store_refusal: str | None = None
    strict_engine: str | None = None
    strict_refusal: str | None = None


class EdgeVisit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One address of one target: everything that was tried there.

    `address` is `address:port`. `not_dialled` says why nothing was tried. `flights` are one per hello, the edge's own
    hello first. `handshakes` are one without and, where the operator gave a client certificate, one with it.
    `path` is that of the chain shown to the edge's own hello (of the handshake where that hello was shown none).
    """

    target: str
    address: str
    views: tuple[str, ...]
    not_dialled: str | None = None
    flights: tuple[FirstFlight, ...] = ()
    handshakes: tuple[Handshake, ...] = ()
    path: PathReading | None = None
    sip: SipExchange | None = None

    def flight(self, hello: str) -> FirstFlight | None:
        """Return the first flight of this hello, None where it was not sent."""
        return next((flight for flight in self.flights if flight.hello == hello), None)


class RevocationSource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One CRL or OCSP address of a certificate (`certificate` is its SHA-256), asked from this machine.

    `status` is what it says of the certificate, None where it said nothing that can be read.
    """

    certificate: str
    kind: Literal["crl", "ocsp"]
    url: str
    status: Literal["good", "revoked", "unknown"] | None = None
    next_update: str | None = None
    failure: Failure | None = None
    duration_s: float = 0.0


class Sibling(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Another domain of the same run: the addresses that its own federation records lead to (M-04)."""

    domain: str
    addresses: tuple[str, ...] = ()
    failure: Failure | None = None


class Federation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that was seen of one domain. `srv` has one entry per view; `extras` other services, one per view and service.

    `targets` are those of all views in RFC 2782 order, the root left out; `targets_left_out` counts those not looked
    at. `given_roots` names the operator's CA certificates (`Evidence.certificates`).
    """

    domain: str
    srv: tuple[SrvLookup, ...] = ()
    extras: tuple[SrvLookup, ...] = ()
    targets: tuple[EdgeTarget, ...] = ()
    targets_left_out: int = 0
    names: tuple[AddressLookup, ...] = ()
    visits: tuple[EdgeVisit, ...] = ()
    revocations: tuple[RevocationSource, ...] = ()
    siblings: tuple[Sibling, ...] = ()
    given_roots: tuple[str, ...] = ()
