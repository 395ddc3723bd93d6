"""One CAPF scenario as plain values: a server for each IP version, how it is probed, the alarms that are due."""

from __future__ import annotations

from typing import Literal

import msgspec

from vpnprobe.lab.online_ca import OnlineCaServer
from vpnprobe.lab.tls import Version
from vpnprobe.model.capf import PhoneStack
from vpnprobe.model.finding import Verdict

CAPF_NAME = "cucm-pub.lab.example"


class CapfCertificate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A CAPF certificate. Two equal values are the same certificate; `edition` tells renewals apart.

    `issuer` "third-party" is a company's CA, "third-party-ec" one that signs with ECDSA, "named-capf" one whose common
    name begins with CAPF-. `path_length` None means that the constraint has none. `extensions` "none" leaves out
    basicConstraints and keyUsage, "server" gives those of a server.
    """

    key: Literal["rsa", "rsa-1024", "ec"] = "rsa"
    digest: Literal["sha256", "sha1"] = "sha256"
    common_name: str = "CAPF-1a2b3c4d"
    issuer: Literal["self", "third-party", "third-party-ec", "named-capf"] = "self"
    extensions: Literal["capf", "server", "none"] = "capf"
    path_length: int | None = 0
    age_days: int = 400
    days_left: int = 1400
    edition: int = 1


class CapfServer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What listens at one address. The defaults are healthy.

    `listens` other than "tls" replaces the TLS server; `says` is what it begins with inside TLS. `asks` for a client
    certificate.
    """

    listens: Literal[
        "tls",
        "refuses",
        "filtered",
        "silent",
        "closes",
        "half-record",
        "plain-greeting",
        "plain-smtp",
        "breaks-off",
    ] = "tls"
    certificate: CapfCertificate = CapfCertificate()
    minimum: Version = "TLS 1.0"
    maximum: Version = "TLS 1.2"
    suites: tuple[str, ...] = ("AES256-SHA", "AES128-SHA", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA")
    asks: Literal["no", "asks", "insists"] = "no"
    says: Literal[
        "greeting",
        "greeting-in-pieces",
        "greeting-string",
        "greeting-version-2",
        "greeting-endless",
        "retry-later",
        "nothing",
        "closes",
        "smtp",
        "garbage",
        "half",
    ] = "greeting"


class Network(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything the lab starts: a server at 127.0.0.1, one at ::1, or both, behind one name.

    `in_dns` False leaves the name out of the DNS. `online_ca` listens at 127.0.0.1 under a name of its own.
    """

    ipv4: CapfServer | None = CapfServer()
    ipv6: CapfServer | None = None
    in_dns: bool = True
    online_ca: OnlineCaServer | None = None


class Options(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the probe is run with besides host, model and resolver.

    `trust_list` is what the phones' ITL says of CAPF: the certificate of the first server, another one, a list without
    a CAPF, or no list that can be read; `certificate` is the same for a file. `auth_mode` is the capfAuthMode of a
    given configuration. `online_ca` looks at that too, with the root of its CA where `given_root` is set.
    """

    stack: PhoneStack = "dual"
    addresses: Literal["v4", "v6", "both"] | None = None
    enable_ipv6: bool | None = None
    idle_timeout: float | None = None
    keep_alive: float | None = None
    trust_list: Literal["same", "other", "no-capf", "broken"] | None = "same"
    certificate: Literal["same", "other"] | None = None
    auth_mode: int | None = None
    online_ca: bool = False
    given_root: bool = False


class CapfScenario(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One named network. `expect_fail` are exactly the check ids that must alarm.

    `model` names a phone profile. `covers` are the statements (CA rows) that the fault is about.
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
    def kind(self) -> Literal["capf"]:
        """What is probed."""
        return "capf"

    @property
    def faults(self) -> dict[str, object]:
        """What departs from the healthy network, as JSON values."""
        faults: dict[str, object] = msgspec.to_builtins(self.network)
        return faults
