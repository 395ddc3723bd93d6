"""One scenario of a given certificate as plain values: the file, what it is held against, the alarms that are due."""

from __future__ import annotations

from typing import Literal

import msgspec

from vpnprobe.lab.issuing import Digest
from vpnprobe.lab.scenario import PHONE_MAC
from vpnprobe.model.finding import Verdict

# "earlier-capf" has the name of "capf" and another key, "other-capf" is that of another cluster.
Signer = Literal["capf", "earlier-capf", "other-capf", "company", "manufacturing", "manufacturing-sha2"]


class GivenCertificate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The certificate in the file, or the first of two.

    `names` is the common name where it is not the usual one. `usages` are those of an LSC. `damage` is done to its
    bytes when all else is right. `path_length` is that of a CAPF. `with_issuer`: what follows is the issuer's
    certificate, or one that only bears its name.
    """

    what: Literal["lsc", "mic", "capf", "ca", "gateway", "somebody"] = "lsc"
    signer: Signer = "capf"
    mac: str = PHONE_MAC
    model: str = "7962G"
    common_name: str | None = None
    age_days: int = 400
    lifetime_days: int = 1825
    usages: Literal["both", "signature-only", "none"] = "both"
    digest: Digest = "sha256"
    key: Literal["rsa", "ec"] = "rsa"
    path_length: int | None = 0
    negative_serial: bool = False
    damage: Literal["none", "cut", "declares-4-gb", "towers"] = "none"
    with_issuer: Literal["no", "right", "earlier"] = "no"


class CertificateOptions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the command is run with beside the file.

    `gateway_names` are the CAs that a server on loopback names when it asks for a client certificate, None where there
    is no server; `gateway_is_cucm` puts it on port 5061. `csr` is a request with the key of the certificate, or with a
    newer one.
    """

    form: Literal["pem", "der", "pkcs12"] = "pem"
    mac: bool = False
    model: str | None = None
    online_ca: bool = False
    trust_list: Literal["capf", "other-capf"] | None = None
    gateway_names: tuple[Signer, ...] | None = None
    gateway_is_cucm: bool = False
    csr: Literal["same", "newer"] | None = None


class CertificateScenario(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One named file. `expect_fail` are exactly the check ids that must alarm, `covers` the statements it shows."""

    name: str
    title: str
    story: tuple[str, str]
    covers: tuple[str, ...] = ()
    certificate: GivenCertificate = GivenCertificate()
    options: CertificateOptions = CertificateOptions()
    expect_fail: frozenset[str] = frozenset()
    expect_verdict: Verdict = "pass"

    @property
    def kind(self) -> Literal["certificate"]:
        """What is probed."""
        return "certificate"

    @property
    def faults(self) -> dict[str, object]:
        """What departs from a healthy LSC, as JSON values."""
        faults: dict[str, object] = msgspec.to_builtins(self.certificate)
        return faults
