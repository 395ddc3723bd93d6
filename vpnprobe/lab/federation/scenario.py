"""One federation scenario as plain values: DNS and edges with a fault, how it is probed, the alarms that are due."""

from __future__ import annotations

from typing import Literal

import msgspec

from vpnprobe.lab.tls import Version
from vpnprobe.model.federation import FEDERATION_SERVICE
from vpnprobe.model.finding import Verdict
from vpnprobe.model.target import SIP_TLS_PORT, Partner

DOMAIN = "uc.example"
TARGET = f"sip.{DOMAIN}"


class Record(msgspec.Struct, frozen=True):
    """One DNS record as a zone file writes it, names without their final dot.

    In the data of an A record `edge1` and so on stand for the addresses of the scenario's edges.
    """

    name: str
    kind: Literal["SRV", "A", "AAAA", "CNAME", "TXT"]
    data: str


def federation(domain: str, target: str, *, port: int = SIP_TLS_PORT, priority: int = 0, weight: int = 0) -> Record:
    """Return the federation record of a domain."""
    return Record(f"{FEDERATION_SERVICE}.{domain}", "SRV", f"{priority} {weight} {port} {target}")


def address(name: str, *where: str) -> tuple[Record, ...]:
    """Return the A records of a name, by default at the first edge."""
    return tuple(Record(name, "A", one) for one in where or ("edge1",))


class DnsFault(msgspec.Struct, frozen=True):
    """How the resolver fails for one name, whatever type is asked for.

    "bogus" is SERVFAIL unless checking is disabled, "crowd" as many federation records as one message holds,
    "announces-10000" the same where the header promises more, "huge" 65,000 bytes of text beside the records.
    """

    name: str
    kind: Literal[
        "servfail", "refused", "bogus", "silent", "truncated", "nxdomain", "crowd", "announces-10000", "huge", "junk"
    ]


class Resolver(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one resolver answers from; `vouches` sets the AD flag as after DNSSEC validation."""

    records: tuple[Record, ...] = (federation(DOMAIN, TARGET), *address(TARGET))
    faults: tuple[DnsFault, ...] = ()
    vouches: bool = False


Root = Literal["public", "private", "old"]


class EdgeCertificate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The certificate of an edge. Two equal values are the same certificate; `edition` tells renewals apart.

    `names` are the dNSNames of the subjectAltName: None means the common name alone, none at all that there is no
    such extension. `issuer` is the issuing CA: of the lab's public root, of a private root, one of the public root that
    signs with SHA-1 and is signed so, one of it that is limited to code signing, or the certificate itself. `purposes`
    are the extended key usages. `crl` and `ocsp` say what the address named in the certificate answers, None that it
    names none.
    """

    key: Literal["rsa", "rsa-1024", "ec"] = "rsa"
    issuer: Literal["public", "private", "sha1", "code-signing", "self"] = "public"
    common_name: str = TARGET
    names: tuple[str, ...] | None = None
    purposes: tuple[Literal["server", "client"], ...] = ("server", "client")
    subject: Literal["full", "common-name"] = "full"
    age_days: int = 100
    days_left: int = 200
    negative_serial: bool = False
    crl: Literal["good", "revoked", "unreachable", "junk"] | None = None
    ocsp: Literal["good", "revoked", "unreachable", "junk"] | None = None
    edition: int = 1


class Edge(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What listens at one address, on `port`.

    `listens` other than "tls" replaces the server by one that fails in this way. `sends` is what follows the leaf.
    "cross-signed" adds the public root as signed by an older one; "wrong-issuer" sends an issuing CA of the right name
    with another key. `suites` are OpenSSL names in the server's order. `asks` says whether a client certificate is
    asked for, and whether the handshake ends without one; `names_cas` which CAs the request names: the public root,
    others only, none, or others until the list is cut. `refuses_client` ends the handshake when it has the certificate.
    `empty_fragments` only concerns TLS 1.0. `sip` is the answer to OPTIONS.
    """

    listens: Literal[
        "tls", "refuses", "filtered", "silent", "closes", "half-record", "plain-http", "3des-only", "breaks-off"
    ] = "tls"
    port: int = SIP_TLS_PORT
    certificate: EdgeCertificate = EdgeCertificate()
    sends: Literal["chain", "with-root", "leaf-only", "shuffled", "cross-signed", "wrong-issuer"] = "chain"
    minimum: Version = "TLS 1.2"
    maximum: Version = "TLS 1.2"
    suites: tuple[str, ...] = (
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "AES256-GCM-SHA384",
        "AES128-GCM-SHA256",
        "AES256-SHA",
        "AES128-SHA",
    )
    asks: Literal["no", "asks", "insists"] = "asks"
    names_cas: Literal["ours", "others", "none", "cut"] = "ours"
    refuses_client: bool = False
    empty_fragments: bool = False
    sip: Literal[
        "ok",
        "microsoft",
        "forbidden",
        "timeout",
        "timeout-1009",
        "timeout-1010",
        "timeout-odd-order",
        "unknown-code",
        "clock-ahead",
        "record-route",
        "record-route-without-transport",
        "provisional",
        "in-pieces",
        "bare-lf",
        "non-utf8",
        "endless-head",
        "endless-body",
        "header-bomb",
        "long-line",
        "not-sip",
        "silent",
        "closes",
    ] = "ok"


class Network(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything the lab starts. The defaults are healthy. Every edge has an address of its own."""

    resolver: Resolver = Resolver()
    other_resolver: Resolver | None = None
    edges: tuple[Edge, ...] = (Edge(),)


class Options(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the probe is run with besides domains and resolvers.

    `given_root` is the CA certificate of `--ca`: without the lab's own public root nothing of the lab is trusted.
    `expects` the certificate of the first edge, or an earlier one. `client_days_left` are those of the client
    certificate, negative where it expired.
    """

    given_root: Root | None = "public"
    client_certificate: bool = False
    client_days_left: int = 200
    partner: Partner = "any"
    im_and_presence: bool = False
    expects: Literal["live", "earlier"] | None = None
    revocation: bool = False
    sip: bool = False
    extras: bool = False


class FederationScenario(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One named network. `expect_fail` are exactly the check ids that must alarm, of all `domains` together.

    `expect_at` are the domains and target names that they alarm about. `expect_verdict` is that of the worst domain.
    `covers` are the statements (F4, F3 and M rows) that the scenario is about.
    """

    name: str
    title: str
    story: tuple[str, str]
    covers: tuple[str, ...] = ()
    domains: tuple[str, ...] = (DOMAIN,)
    network: Network = Network()
    options: Options = Options()
    expect_fail: frozenset[str] = frozenset()
    expect_at: frozenset[str] = frozenset()
    expect_verdict: Verdict = "pass"

    @property
    def kind(self) -> Literal["federation"]:
        """What is probed."""
        return "federation"

    @property
    def faults(self) -> dict[str, object]:
        """What departs from the healthy network, as JSON values."""
        faults: dict[str, object] = msgspec.to_builtins(self.network)
        return faults
