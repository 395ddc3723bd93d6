"""What a probe is run with. Values only; reading files, the environment and prompts is the caller's business."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from vpnprobe.model.capf import Family, PhoneStack
from vpnprobe.model.observation import TftpOrigin
from vpnprobe.model.target import DNS_PORT, Endpoint, GroupUrl, Partner

if TYPE_CHECKING:
    from vpnprobe.phones.profile import PhoneProfile
    from vpnprobe.transport.tls_settings import ClientCredential

DEFAULT_TIMEOUT_S = 5.0
DEFAULT_DEADLINE_S = 60.0

# Connections to one gateway at once, and the pause between two of them: a gateway in production must not notice us.
DEFAULT_PARALLEL = 2
DEFAULT_PAUSE_S = 0.005


class NetworkOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the network is used. `families` holds 4 and/or 6; times are seconds, `deadline` for the whole run."""

    resolvers: tuple[Endpoint, ...] = ()
    families: frozenset[int] = frozenset({4, 6})
    timeout: float = DEFAULT_TIMEOUT_S
    deadline: float = DEFAULT_DEADLINE_S
    parallel: int = DEFAULT_PARALLEL
    pause: float = DEFAULT_PAUSE_S


DEFAULT_NETWORK = NetworkOptions()


class GivenServer(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration server that the operator named, and where (`origin`)."""

    endpoint: Endpoint
    origin: TftpOrigin = "option"


class AskDhcp(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for options 150 and 66 by DHCP INFORM on this interface (None: that of the default route)."""

    interface: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenConfig:
    """A configuration file that the operator has at hand, instead of a fetch."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFile:
    """A file that the operator has at hand, such as a trust list of the phone."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """User name and password for authMethod 0 and 1. Never shown, never stored."""

    user: str
    password: str = field(repr=False)


# A struct's signature needs the types of all fields at run time, and `help` fails without; these would cost an import.
@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneOptions:
    """Everything `PhoneProbe` needs.

    `server` None means: look for the DNS name CiscoCM1 as phones do. `cert_hashes` (raw texts) replace the
    configuration's; `config` replaces the fetch. `http_port` None means the model's own (6970). `follow_phone` stops
    exactly where the phone would stop, instead of going on to diagnose.
    """

    group_url: GroupUrl
    mac: str
    profile: PhoneProfile
    server: GivenServer | AskDhcp | None = None
    http_port: int | None = None
    config: GivenConfig | None = None
    cert_hashes: tuple[str, ...] = ()
    client: ClientCredential | None = None
    password: Password | None = None
    login: bool = True
    follow_phone: bool = False
    network: NetworkOptions = DEFAULT_NETWORK


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayOptions:
    """Everything `GatewayProbe` needs.

    `profile` is the phone that the report speaks of first; all are tried, unless `own_hello_only`. `chosen` says that
    only this one counts. `enumerate` finds every version and suite that each address accepts.
    """

    gateway: Endpoint
    profile: PhoneProfile
    chosen: bool = False
    group_url: GroupUrl | None = None
    enumerate: bool = False
    own_hello_only: bool = False
    network: NetworkOptions = DEFAULT_NETWORK


# The user that an OPTIONS is said to come from; RFC 3323 section 4.1.1.3 has this one for who stays unnamed.
ANONYMOUS_USER = "anonymous@anonymous.invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class FederationOptions:
    """Everything `FederationProbe` needs for one SIP domain (as `parse_domain` gives it).

    Without resolvers in `network`, this machine's own are asked. `authoritative` also asks the zone's own servers, at
    `authoritative_port`. `given_roots` are DER certificates, `certificates` fingerprints that the leaf ought to have
    (SHA-1 or SHA-256, lower-case hex). `im_and_presence` says that Cisco IM and Presence serves the domain: then it is
    compared with `siblings`, the other domains of the same deployment. `families` restrict what is dialled; both are
    looked up.
    """

    domain: str
    authoritative: bool = False
    authoritative_port: int = DNS_PORT
    extras: bool = False
    client: ClientCredential | None = None
    given_roots: tuple[bytes, ...] = field(default=(), repr=False)
    partner: Partner = "any"
    im_and_presence: bool = False
    certificates: tuple[str, ...] = ()
    revocation: bool = False
    sip: bool = False
    sip_from: str = ANONYMOUS_USER
    siblings: tuple[str, ...] = ()
    network: NetworkOptions = DEFAULT_NETWORK


# What a phone waits between its tries to reach CAPF, in seconds, and how many follow the first; neither can be set
# (CA-33).
PHONE_RETRY_INTERVAL_S = 30.0
PHONE_RETRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CapfOptions:
    """Everything `CapfProbe` needs.

    `phone_addresses` are the families that the phone has an address of. `ipv6_enabled` is CUCM's enterprise parameter
    Enable IPv6, None where nobody said. `keep_alive_min` is CAPF's keep-alive timer, `idle_timeout_min` that of the
    firewall between, both in minutes. `retries` are tries after the first one, where that fails. `certificates` (DER)
    are what CAPF's certificate is to be, `trust_lists` CTL and ITL files that say so; `config` is the phone's
    configuration. `online_ca` is the CA that CAPF enrols at, `roots` (DER) the CA certificates that the operator has
    of it. The families of `network` restrict what is dialled; both are looked up.
    """

    server: Endpoint
    profile: PhoneProfile
    stack: PhoneStack = "dual"
    phone_addresses: tuple[Family, ...] = ("IPv6", "IPv4")
    ipv6_enabled: bool | None = None
    keep_alive_min: float | None = None
    idle_timeout_min: float | None = None
    retries: int = 0
    retry_interval: float = PHONE_RETRY_INTERVAL_S
    certificates: tuple[bytes, ...] = field(default=(), repr=False)
    trust_lists: tuple[GivenFile, ...] = ()
    config: GivenConfig | None = None
    online_ca: Endpoint | None = None
    roots: tuple[bytes, ...] = field(default=(), repr=False)
    network: NetworkOptions = DEFAULT_NETWORK


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneWebOptions:
    """Everything `PhoneWebProbe` needs: the phone's own address or name, and what its pages are compared with.

    `profile` is what the phone is said to be; `chosen` says that the operator did so. Without `mac` the configuration
    of the phone that the pages name is fetched. `http_port` None means the model's own (6970).
    """

    phone: Endpoint
    profile: PhoneProfile
    chosen: bool = False
    https: bool = False
    mac: str | None = None
    server: GivenServer | None = None
    http_port: int | None = None
    config: GivenConfig | None = None
    network: NetworkOptions = DEFAULT_NETWORK


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigOptions:
    """Everything `ConfigProbe` needs: a phone whose files are fetched, or the files themselves.

    With `files` nothing is fetched; `mac` is then None where their names do not tell it. `server` and `http_port` are
    as in `PhoneOptions`. `trust_lists` are what the phone holds already; none is a first boot. `key` (PEM) opens an
    encrypted configuration. `tvs` asks the TVS servers of the list about signers that it does not know, at `tvs_port`
    where that is not None, else where the configuration says.
    """

    profile: PhoneProfile
    mac: str | None = None
    files: tuple[GivenFile, ...] = ()
    server: GivenServer | AskDhcp | None = None
    http_port: int | None = None
    trust_lists: tuple[GivenFile, ...] = ()
    key: bytes | None = field(default=None, repr=False)
    tvs: bool = False
    tvs_port: int | None = None
    network: NetworkOptions = DEFAULT_NETWORK
