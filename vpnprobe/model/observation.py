"""What the stages of a probe saw. Facts only: nothing here says whether it is good.

Certificates are named by the SHA-256 of their DER (64 lower-case hex digits); `Evidence.certificates` holds each DER
once. Durations are seconds. Text of the peer is raw: whoever shows it escapes it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from vpnprobe.model.config import PhoneConfig
from vpnprobe.model.failure import Failure
from vpnprobe.model.target import Endpoint
from vpnprobe.model.trust import Encryption, SignatureReading, Timestamp


class Resolution(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One name looked up, A and AAAA together.

    `source` is "literal" (an IP address needs no DNS), "dns", or "hosts-file" (this machine's own table, which no
    phone has). `failure` is set when there is no address; `partial` when one family answered and the other failed for
    another reason than having no record. `canonical` is the end of a CNAME chain if there was one. `left_out` counts
    addresses that were given and not dialled, as there were too many.
    """

    name: str
    source: Literal["literal", "dns", "hosts-file"]
    addresses: tuple[str, ...] = ()
    left_out: int = 0
    canonical: str | None = None
    ttl: int | None = None
    servers: tuple[str, ...] = ()
    failure: Failure | None = None
    partial: Failure | None = None
    duration_s: float = 0.0


TftpOrigin = Literal[
    "option",
    "environment",
    "options-file",
    "dns-ciscocm1",
    "dhcp-option-150",
    "dhcp-option-66",
    "config-file",
    "none",
]


class TftpServer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which configuration server is asked, and who named it. `failure` says why none could be found."""

    origin: TftpOrigin
    endpoint: Endpoint | None = None
    addresses: tuple[str, ...] = ()
    resolution: Resolution | None = None
    failure: Failure | None = None


BootFileOutcome = Literal[
    "received",  # whole
    "not-found",  # TFTP error 1, HTTP 404
    "refused",  # TFTP error 2, HTTP 401/403
    "busy",  # HTTP 503: CUCM's "file is busy"
    "server-error",  # any other TFTP error or HTTP status
    "timeout",  # no answer at all
    "truncated",  # stopped in the middle
    "too-large",  # more than the cap
    "unreachable",  # port or host unreachable, connection refused
    "malformed",  # an answer that breaks the protocol
    "skipped",  # not asked for, see `because`
]


class SignedFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Header facts of a `.sgn`, `.tlv` or encrypted file (certutils format).

    `signer` and `issuer` are distinguished names, `serial` lower-case hex: together they name the signer's certificate.
    `signature` is None where it was not looked at.
    """

    header_length: int
    signer: str | None = None
    issuer: str | None = None
    serial: str | None = None
    hash_algorithm: str | None = None
    key_bits: int | None = None
    file_name: str | None = None
    timestamp: Timestamp | None = None
    encrypted: bool = False
    encryption: Encryption | None = None
    signature: SignatureReading | None = None
    problem: str | None = None


class BootFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file asked of the configuration server in the model's order.

    `server` is `address:port`; `message` the server's own error text, `code` its error number; `foreign` counts dropped
    datagrams from other addresses or ports, `foreign_same_host` those of them from other ports of the server's own
    host; `size` is in bytes, `sha256` of the file as received. `protocol` "file" is one that the operator gave:
    `server` is then empty.
    """

    name: str
    protocol: Literal["tftp", "http", "file"]
    server: str
    outcome: BootFileOutcome
    because: str | None = None
    failure: Failure | None = None
    message: str | None = None
    code: int | None = None
    size: int = 0
    sha256: str | None = None
    options: dict[str, str] = {}
    foreign: int = 0
    foreign_same_host: int = 0
    retransmissions: int = 0
    signed: SignedFile | None = None
    duration_s: float = 0.0


class ConfigReading(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The phone configuration that the rest of the run relies on: where it came from and what it says.

    `file` is the name it was served or given under. `config` is None when there is none or it cannot be read; `problem`
    then says why in one clause.
    """

    origin: Literal["tftp", "http", "file", "none"]
    file: str | None = None
    server: str | None = None
    config: PhoneConfig | None = None
    problem: str | None = None


class KeyExchange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An ephemeral key offer: `group` is the named group (IANA code point) for ECDHE, `bits` the modulus for DHE."""

    kind: Literal["ecdhe", "dhe", "other"]
    group: int | None = None
    bits: int | None = None
    signature_scheme: int | None = None


class CertificateRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The gateway asks for a client certificate. `authorities` are DER Names, empty when any CA will do."""

    certificate_types: tuple[int, ...] = ()
    signature_schemes: tuple[int, ...] = ()
    authorities: tuple[bytes, ...] = ()


class FirstFlight(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One ClientHello of ours and what came back up to ServerHelloDone; then the connection was closed.

    Seen by vpnprobe's own first-flight codec. `hello` is the id of a phone profile or of a matrix hello (`rsa-only`,
    `ec-only`, `both`). Versions are wire numbers (0x0301 is TLS 1.0); suites, groups and types IANA code points.
    `breaches` are clauses such as "suite not offered"; `excerpt` is the start of an answer that is not TLS.
    """

    address: str
    hello: str
    server_name: str | None = None
    offered_version: int = 0
    offered_suites: tuple[int, ...] = ()
    failure: Failure | None = None
    version: int | None = None
    suite: int | None = None
    chain: tuple[str, ...] = ()
    key_exchange: KeyExchange | None = None
    certificate_request: CertificateRequest | None = None
    alerts: tuple[int, ...] = ()
    breaches: tuple[str, ...] = ()
    excerpt: str | None = None
    connect_s: float = 0.0
    duration_s: float = 0.0


class AcceptedSuite(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A version and suite that the gateway accepted, in its order of preference, with the leaf it showed."""

    version: int
    suite: int
    leaf: str | None = None
    key_exchange: KeyExchange | None = None


class Enumeration(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every suite and version one address accepts. `server_order` per version: the gateway, not the client, chooses.

    `refused` maps a version (wire number as decimal text) to the failure that its last hello met.
    """

    address: str
    accepted: tuple[AcceptedSuite, ...] = ()
    refused: dict[str, Failure] = {}
    server_order: dict[str, bool] = {}
    flights: int = 0
    duration_s: float = 0.0


# Where a moment lies within the dates of a certificate.
Validity = Literal["valid", "not-yet-valid", "expired", "unreadable"]


class PhoneDecision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the phone itself decides in mid-flight at one address. `goes_on` None: nothing is known to decide by.

    While `goes_on` is not True nothing secret is sent to this address. `leaf` is the certificate it judged, `matched`
    the name of the certHash that decided. Rule "host-id-off" records that the configuration does not ask for the check.
    Rule "validity" is inferred, by this machine's clock at the start of the run; `validity` is what it found.
    """

    address: str
    goes_on: bool | None
    rule: Literal["pin", "validity", "host-id", "host-id-off"]
    leaf: str | None = None
    matched: str | None = None
    validity: Validity | None = None


class Handshake(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A complete handshake with the model's version and suites. Seen by pyOpenSSL (`engine` names the library).

    `leaf` is the certificate of this connection. `client_certificate` is the SHA-256 of the one we sent, if any. What
    is said of client certificates includes a second handshake on the same connection, within the login.
    """

    address: str
    engine: str
    completed: bool
    failure: Failure | None = None
    version: int | None = None
    suite_name: str | None = None
    leaf: str | None = None
    client_certificate_requested: bool = False
    client_certificate: str | None = None
    authorities: tuple[bytes, ...] = ()
    duration_s: float = 0.0


class Cookie(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A cookie that the gateway set, without its value. `server_sha1` is the `sh:` field of `webvpnc` (hex)."""

    name: str
    empty: bool
    expires: bool = False
    server_sha1: str | None = None


LoginAnswer = Literal[
    "wants-login",  # asks for credentials (webvpnlogin cookie or login form)
    "accepted",  # session cookie given
    "refused",  # credentials refused
    "client-certificate-failed",  # ClientCertAuthFailed cookie or text
    "unknown-group-url",  # the gateway's "wrong URL" page, or 404
    "redirect-other-host",  # load balancing
    "redirect-same-host",
    "unavailable",  # 503 and its kind
    "not-an-asa",  # HTTP, but nothing a phone gateway says
    "no-answer",  # see failure
]


class HttpExchange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request over the handshake's own stream and its answer, secrets removed when captured.

    `headers` are (lower-case name, value) without Set-Cookie and credentials, capped; `body_excerpt` is capped text.
    """

    method: Literal["GET", "POST"]
    path: str
    status: int | None = None
    reason: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[Cookie, ...] = ()
    body_length: int = 0
    body_excerpt: str = ""
    answer: LoginAnswer = "no-answer"
    failure: Failure | None = None
    duration_s: float = 0.0


class Login(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The phone's login over one handshake: GET, then POST when there are credentials.

    `credential` is what was sent; `answer` the last exchange's. For a redirect to another host, `redirect_host` and
    `redirect_flight` (that host's own first flight, not followed further) are set.
    """

    address: str
    credential: Literal["none", "certificate", "password"]
    answer: LoginAnswer
    exchanges: tuple[HttpExchange, ...] = ()
    redirect_host: str | None = None
    redirect_flight: FirstFlight | None = None
