"""What a CAPF, and the online CA behind it, show from outside. Facts only.

Certificates are named by the SHA-256 of their DER; the first flights and handshakes of these servers stand in Evidence
beside all others, by their address.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from vpnprobe.model.failure import Failure
from vpnprobe.model.observation import CertificateRequest, Resolution
from vpnprobe.model.target import Endpoint

Family = Literal["IPv4", "IPv6"]
PhoneStack = Literal["v4", "v6", "dual"]

# What came before any word of ours: CAPF's server speaks first. "capf" is a whole greeting; "silent" nothing within
# the time of a step, "plain" bytes that are no TLS record, "other" TLS but not a greeting of CAPF, "tls-failed" TLS
# that did not complete, "closed" the end of the connection in its place.
Spoke = Literal["capf", "silent", "plain", "other", "tls-failed", "closed", "no-connection"]


class GreetingElement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One element of a greeting: its tag, its length in bytes, its number where it is at most eight bytes long."""

    tag: int
    length: int
    number: int | None = None


class Greeting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The first message of a CAPF (usecallmanagernz/daemons, reverse-engineered).

    `version` is element 7 (3 is CAPFv3), `auth_type` element 8: the authentication that the server asks for.
    """

    command: int
    session: int
    length: int
    version: int | None = None
    auth_type: int | None = None
    elements: tuple[GreetingElement, ...] = ()


class CapfVisit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One address of the CAPF, visited once. Both families are visited, whichever the phone would take.

    `address` is `address:port`; `attempt` counts from 1 where retries were asked for. `leaf` is the certificate of the
    session that carried the greeting, `chain` all that were sent. `excerpt` is the start of what a stranger said.
    """

    address: str
    family: Family
    spoke: Spoke
    attempt: int = 1
    chain: tuple[str, ...] = ()
    certificate_request: CertificateRequest | None = None
    greeting: Greeting | None = None
    excerpt: str | None = None
    failure: Failure | None = None
    problem: str | None = None
    connect_s: float = 0.0
    duration_s: float = 0.0


class ConnectionRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which row of the connection table (CA-42) holds: the families that a phone tries, in order; none: it cannot.

    `note` carries what the source says against itself (row 3).
    """

    row: int
    order: tuple[Family, ...] = ()
    note: str | None = None


class OnlineCa(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The HTTPS side of a Microsoft CA that CAPF enrols at.

    `endpoint` is the name that CUCM is configured with. `chain` is what the server sent, leaf first, `given` the CA
    certificates of the operator. `status`, `server`, `language`, `title` and `excerpt` are of the answer to one GET.
    """

    endpoint: Endpoint
    resolution: Resolution | None = None
    address: str | None = None
    failure: Failure | None = None
    version: int | None = None
    suite_name: str | None = None
    chain: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    certificate_request: CertificateRequest | None = None
    asks_client_certificate: bool | None = None
    path: str | None = None
    status: int | None = None
    server: str | None = None
    language: str | None = None
    title: str | None = None
    excerpt: str | None = None
    http_failure: Failure | None = None
    duration_s: float = 0.0


class Capf(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything about one CAPF. `phone_addresses` are the families that the phone has an address of.

    `ipv6_enabled` is CUCM's enterprise parameter as the operator says it (None: not said), `keep_alive_min` CAPF's
    keep-alive timer, `idle_timeout_min` the firewall's. `retries` is how many more tries were asked for. `not_dialled`
    are the families of CAPF's addresses that the operator left out. `ca_certificates` are what trust lists, or the
    operator, say the CAPF's certificate is.
    """

    server: Endpoint
    stack: PhoneStack = "dual"
    phone_addresses: tuple[Family, ...] = ()
    ipv6_enabled: bool | None = None
    keep_alive_min: float | None = None
    idle_timeout_min: float | None = None
    retries: int = 0
    not_dialled: tuple[Family, ...] = ()
    row: ConnectionRow | None = None
    visits: tuple[CapfVisit, ...] = ()
    ca_certificates: tuple[str, ...] = ()
    online_ca: OnlineCa | None = None
