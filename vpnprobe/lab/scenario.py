"""One lab scenario as plain values: network and fault, how it is probed, the alarms that are due."""

from __future__ import annotations

from typing import Literal

import msgspec

from vpnprobe.model.finding import Verdict

GATEWAY_NAME = "vpn.lab.example"
MEMBER_NAME = "vpn-member-2.lab.example"
CUCM_NAME = "cucm.lab.example"
PHONE_MAC = "8CB64F576113"
OTHER_MAC = "001AE2BC16CB"
GROUP_PATH = "/VPNPhone"


class Certificate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A gateway certificate. Two equal values are the same certificate; `edition` tells renewals apart.

    `common_name` also becomes ASA's unstructuredName where the certificate is self-signed. `names` are the
    dNSNames of a subjectAltName; none means that there is no such extension. `digest` other than SHA-256 and
    `negative_serial` are for self-signed RSA certificates.
    """

    key: Literal["rsa", "rsa-1024", "ec"] = "rsa"
    digest: Literal["sha256", "sha1", "md5"] = "sha256"
    issuer: Literal["self", "third-party"] = "self"
    common_name: str = GATEWAY_NAME
    names: tuple[str, ...] = ()
    age_days: int = 400
    days_left: int = 700
    edition: int = 1
    negative_serial: bool = False


class CertHash(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One certHash of the configuration: whose fingerprint, and how it is written.

    `lookalike` exchanges one letter for one that looks like it (l/1, I/l, O/0). `non-canonical` sets one of
    the unused bits of the last letter, which changes no byte.
    """

    of: Certificate = Certificate()
    at: Literal["leaf", "issuer", "root"] = "leaf"
    form: Literal["base64", "lookalike", "non-canonical", "sha256", "hex"] = "base64"


Authority = Literal["capf", "manufacturing", "manufacturing-sha2", "third-party"]


class Gateway(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What listens at one address of the gateway's name.

    `listens` other than "tls" replaces the TLS server by one that fails in this way. `takes_turns` are
    certificates shown in turn, one per connection, as behind a balancer at TCP level; the last one stays.
    `suites` are OpenSSL names in the server's order. `asks_for` None: no client certificate is asked for;
    otherwise the CA names of the request; `insists` ends the handshake without one. `trusts` are the CAs
    whose client certificates log in. `wants` is the kind of credential, `login` what becomes of a valid one.
    """

    listens: Literal[
        "tls",
        "refuses",
        "filtered",
        "silent",
        "half-record",
        "closes",
        "plain-http",
        "drip",
        "rc4-3des-only",
        "unoffered-suite",
        "unoffered-suite-to-ec",
        "breaks-off",
    ] = "tls"
    certificate: Certificate = Certificate()
    ec_certificate: Certificate | None = None
    takes_turns: tuple[Certificate, ...] = ()
    sends: Literal["chain", "with-root", "leaf-only", "shuffled"] = "chain"
    minimum: Literal["TLS 1.0", "TLS 1.2"] = "TLS 1.0"
    suites: tuple[str, ...] = ("AES256-SHA", "AES128-SHA", "ECDHE-RSA-AES256-GCM-SHA384")
    asks_for: tuple[Authority, ...] | None = ("capf", "manufacturing", "manufacturing-sha2")
    trusts: tuple[Authority, ...] = ("capf", "manufacturing", "manufacturing-sha2")
    insists: bool = False
    refuses_in_handshake: bool = False
    answers: Literal[
        "login",
        "wrong-url-404",
        "wrong-url-page",
        "redirect-to-member",
        "redirect-to-portal",
        "unavailable",
        "web-server",
        "closes",
        "silent",
    ] = "login"
    wants: Literal["certificate", "password"] = "certificate"
    closes_after_answer: bool = False
    login: Literal["accepts", "refuses", "asks-again"] = "accepts"


class Dns(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the DNS server answers for the gateway's name."""

    answers: Literal[
        "addresses", "alias", "truncated", "nxdomain", "no-address", "servfail", "ipv6-servfail", "silent"
    ] = "addresses"


class ConfigServer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How TFTP and HTTP (port 6970 at a real CUCM) serve the boot files. Both serve the same ones.

    `ignores` are devices (`SEP<MAC>`) whose files are never answered for.
    """

    tftp: Literal[
        "serves",
        "loses-first",
        "refuses",
        "silent",
        "not-found",
        "access-denied",
        "server-error",
        "truncates",
        "dies",
        "endless",
        "foreign-datagrams",
    ] = "serves"
    http: Literal["serves", "refuses", "not-found", "busy", "truncates", "silent"] = "serves"
    ignores: frozenset[str] = frozenset()


class Configuration(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What `SEP<MAC>.cnf.xml` says. Values go into the file to the letter.

    `urls` None means the group-url that is probed. `{url}` in a text stands for that group-url, `{base}` for
    its scheme, host and port. `load` None means a load that fits the scenario's model.
    `signed_name` and `signature` are of the signed file.
    """

    form: Literal["full", "lower-case", "bom-and-nuls", "no-vpn", "short", "html", "malformed"] = "full"
    signed_name: Literal["right", "other", "unsigned"] = "right"
    signature: Literal["right", "changed-after", "unlisted-signer"] = "right"
    mtu: str = "1290"
    fail_connect_time: str = "30"
    auth_method: str = "2"
    host_id_check: str = "0"
    urls: tuple[str, ...] = ("{url}",)
    hash_alg: str = "0"
    cert_hashes: tuple[CertHash, ...] = (CertHash(),)
    load: str | None = None
    web_access: str = "0"
    capf_auth_mode: str = "0"
    device_security_mode: str = "1"


class Network(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything the lab starts. The defaults are healthy.

    `gateways` are the addresses behind the gateway's name: the first at 127.0.0.1, a second one at 127.0.0.2,
    or at ::1 where `second_is_ipv6` and this machine has it. `member` listens at 127.0.0.2 under a name of
    its own.
    """

    dns: Dns = Dns()
    config_server: ConfigServer = ConfigServer()
    configuration: Configuration = Configuration()
    gateways: tuple[Gateway, ...] = (Gateway(),)
    second_is_ipv6: bool = False
    member: Gateway | None = None


class Client(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The client certificate that the probe is run with."""

    kind: Literal["lsc", "mic"] = "lsc"
    mac: str = PHONE_MAC
    days_left: int = 700


class Options(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the probe is run with besides group-url, MAC, model and resolver.

    `cert_hashes` are given as options instead of a configuration server. `by_address` dials the URL with the
    gateway's first address instead of its name.
    """

    client: Client | None = Client()
    password: bool = False
    config_server: bool = True
    cert_hashes: tuple[CertHash, ...] = ()
    by_address: bool = False


class Scenario(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One named network. `expect_fail` are exactly the check ids that must alarm.

    `model` names a phone profile. `covers` are the statements (VP rows) that the fault is about.
    """

    name: str
    title: str
    story: tuple[str, str]
    covers: tuple[str, ...] = ()
    model: str = "7962G"
    network: Network = Network()
    options: Options = Options()
    expect_fail: frozenset[str] = frozenset()
    expect_verdict: Verdict = "pass"

    @property
    def kind(self) -> Literal["phone"]:
        """What is probed."""
        return "phone"

    @property
    def faults(self) -> dict[str, object]:
        """What departs from the healthy network, as JSON values."""
        faults: dict[str, object] = msgspec.to_builtins(self.network)
        return faults
