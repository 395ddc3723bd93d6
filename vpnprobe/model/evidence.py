"""Evidence: everything one run saw. It is what is stored, exchanged and judged again later."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from vpnprobe.model.capf import Capf
from vpnprobe.model.certificates import GivenCertificate
from vpnprobe.model.federation import Federation
from vpnprobe.model.observation import (
    BootFile,
    ConfigReading,
    Enumeration,
    FirstFlight,
    Handshake,
    Login,
    PhoneDecision,
    Resolution,
    TftpServer,
)
from vpnprobe.model.phoneweb import PhoneWeb
from vpnprobe.model.target import Expectation, Persona, Target
from vpnprobe.model.trust import TrustList, TvsAnswer

# Of the form of a report and of the Evidence in it.
SCHEMA_VERSION = 1

MAX_DURATION_S = 10 * 366 * 86400  # no run is as long; beyond some size the moment of its end is no date

ProbeName = Literal["phone", "gateway", "federation", "capf", "config", "certificate", "phone-web"]
StageName = Literal[
    "resolve",
    "boot-files",
    "config",
    "first-flight",
    "pin",
    "host-id",
    "handshake",
    "login",
    "enumerate",
    "srv",
    "target-names",
    "addresses",
    "mutual-tls",
    "certificate",
    "sip",
    "connect",
    "greeting",
    "trust-list",
    "online-ca",
    "signature",
    "tvs",
    "read",
    "pages",
    "console-logs",
]

# The order in which a phone, or a federation peer, lives them; reports and the search for the one cause follow it.
STAGES: dict[str, tuple[StageName, ...]] = {
    "phone": ("resolve", "boot-files", "config", "first-flight", "pin", "host-id", "handshake", "login"),
    "gateway": ("resolve", "first-flight", "enumerate"),
    "federation": ("srv", "target-names", "addresses", "first-flight", "mutual-tls", "certificate", "sip"),
    "capf": ("resolve", "connect", "handshake", "greeting", "certificate", "trust-list", "online-ca"),
    "config": ("boot-files", "trust-list", "signature", "tvs", "config"),
    "certificate": ("read", "certificate"),
    "phone-web": ("resolve", "pages", "console-logs", "config"),
}


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """How one stage ended. `because` names the stage, option or event that stopped or skipped it, or the failure."""

    name: StageName
    status: Literal["done", "failed", "skipped"]
    because: str | None = None
    duration_s: float = 0.0


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """Which build measured or judged."""

    name: str
    version: str
    catalogue: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All observations of one run, in the order they were made. It is stored within a `Report`, which says the version.

    `started_at` is UTC. `interrupted` is "interrupt" (operator) or "deadline" when the run did not end by itself.
    `certificates` maps SHA-256 (hex) to DER. `credential` is what the operator gave, never the secret itself;
    `client_chain` names the operator's client certificate and its issuers (public parts), leaf first.
    """

    tool: Tool
    probe: ProbeName
    target: Target
    persona: Persona
    expectation: Expectation = Expectation()
    credential: Literal["none", "certificate", "password"] = "none"
    login_wanted: bool = True
    client_chain: tuple[str, ...] = ()
    started_at: Annotated[datetime, msgspec.Meta(tz=True)]
    duration_s: Annotated[float, msgspec.Meta(ge=0, le=MAX_DURATION_S)] = 0.0
    interrupted: Literal["interrupt", "deadline"] | None = None
    stages: tuple[Stage, ...] = ()
    resolution: Resolution | None = None
    tftp_server: TftpServer | None = None
    boot_files: tuple[BootFile, ...] = ()
    config: ConfigReading | None = None
    first_flights: tuple[FirstFlight, ...] = ()
    decisions: tuple[PhoneDecision, ...] = ()
    handshakes: tuple[Handshake, ...] = ()
    logins: tuple[Login, ...] = ()
    enumerations: tuple[Enumeration, ...] = ()
    federation: Federation | None = None
    trust_lists: tuple[TrustList, ...] = ()
    tvs: tuple[TvsAnswer, ...] = ()
    capf: Capf | None = None
    given_certificates: tuple[GivenCertificate, ...] = ()
    phone_web: PhoneWeb | None = None
    certificates: dict[str, bytes] = {}

    def chain(self, names: tuple[str, ...]) -> tuple[bytes, ...]:
        """Return the DER of each named certificate."""
        return tuple(self.certificates[name] for name in names)

    def flights(self, hello: str) -> tuple[FirstFlight, ...]:
        """Return the first flights that used this hello, one per address."""
        return tuple(flight for flight in self.first_flights if flight.hello == hello)
