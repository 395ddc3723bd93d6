"""The edges of the federation tests: what each target shows, as certificates and as TLS profiles of Kamailio.

One Kamailio stands for many edges: it picks certificate and manners by the name that the client asks for (SNI).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tests.certificates import Identity, ec_key, issue, rsa_key
from tests.containers.federation_zones import domain, target

DEFAULT: Final = "default"
UNNAMED: Final = f"unnamed.{domain('several')}"

_ASKS: Final = "ca_list = /pki/authorities.crt\nverify_certificate = yes"
_NEEDS: Final = f"{_ASKS}\nrequire_certificate = yes"

# A short key, a SHA-1 signature and TLS 1.0 are only served at this level.
_OPENSSL_CONFIG: Final = """\
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = old
[old]
CipherString = DEFAULT:@SECLEVEL=0
"""

_PROFILE: Final = """\
[server:{applies}]
method = {method}
certificate = /pki/{host}.crt
private_key = /pki/{host}.key
{more}

"""


@dataclass(frozen=True, slots=True)
class Shown:
    """What one target shows: its certificates, leaf first. `manners` are lines of its TLS profile."""

    host: str
    chain: tuple[Identity, ...]
    manners: str = ""


class Certificates:
    """One private root, an authority below it, and the leaves that they issue."""

    def __init__(self) -> None:
        self.root = self._authority("Example Root", None)
        self.issuing = self._authority("Example Issuing", self.root)
        self._serial = 1

    def _authority(self, cn: str, issuer: Identity | None, **odd: Any) -> Identity:
        subject = [("O", "Example"), ("CN", cn)]
        return issue(subject=subject, ca=True, issuer=issuer, key_usage=["keyCertSign", "cRLSign"], **odd)

    def _leaf(self, host: str, **odd: Any) -> Identity:
        """A certificate in order, but for what is odd."""
        self._serial += 1
        in_order: dict[str, Any] = {
            "cn": host,
            "dns": [host],
            "issuer": self.issuing,
            "key_usage": ["digitalSignature", "keyEncipherment"],
            "extended_key_usage": ["serverAuth", "clientAuth"],
            "serial": self._serial,
        }
        return issue(**in_order | odd)

    def _shown(self, label: str, manners: str = "", **odd: Any) -> Shown:
        return Shown(target(label), (self._leaf(target(label), **odd), self.issuing), manners)

    def shown(self, healthy: Sequence[str]) -> Iterator[Shown]:
        """What the targets show; the first one has a certificate for all the healthy names and is for any other."""
        now = datetime.now(UTC)
        elsewhere: dict[str, Any] = {"cn": "sip.elsewhere.test", "dns": ["sip.elsewhere.test"]}
        yield Shown(DEFAULT, (self._leaf(target("healthy"), dns=healthy), self.issuing))
        yield self._shown("asks", _ASKS)
        yield self._shown("needs", _NEEDS)
        yield self._shown("asks-misnamed", _ASKS, **elsewhere)
        yield self._shown("misnamed", **elsewhere)
        yield Shown(UNNAMED, (self._leaf("", **elsewhere), self.issuing))
        yield Shown("vcse.cms.steven.lab", (self._leaf("vcse.steven.lab"), self.issuing))
        yield self._shown("common-name", dns=[])
        yield self._shown("common-name-ignored", dns=elsewhere["dns"])
        yield self._shown("undotted", cn="sip", dns=["sip"])
        yield self._shown("wildcard", dns=[f"*.{domain('wildcard')}"])
        yield self._shown("server-only", extended_key_usage=["serverAuth"])
        yield self._shown("client-only", extended_key_usage=["clientAuth"])
        yield self._shown("expired", not_after=now - timedelta(days=2))
        yield self._shown("not-yet", not_before=now + timedelta(days=2))
        yield self._shown("expires-soon", not_after=now + timedelta(days=10))
        yield self._shown("short-key", key=rsa_key(1024))
        yield self._shown("negative-serial", serial=-7)
        yield self._shown("elliptic", key=ec_key())
        old = self._authority("Example Issuing", self.root, hash_name="sha1")
        yield Shown(target("sha1"), (self._leaf(target("sha1"), hash_name="sha1"), old))
        yield Shown(target("no-intermediate"), (self._leaf(target("no-intermediate")),))
        yield Shown(target("out-of-order"), (self._leaf(target("out-of-order")), self.root, self.issuing))
        yield Shown(target("root-sent"), (self._leaf(target("root-sent")), self.issuing, self.root))
        yield Shown(target("self-signed"), (self._leaf(target("self-signed"), issuer=None),))
        yield self._shown("old-tls")
        yield self._shown("triple-des")

    def clients(self) -> Iterator[Shown]:
        """Certificates of a partner's own edge."""
        now = datetime.now(UTC)
        stranger = self._authority("Elsewhere Root", None, key=rsa_key(slot=9))
        partner = "sip.partner.test"
        yield Shown("partner", (self._leaf(partner), self.issuing))
        yield Shown("stranger", (self._leaf(partner, issuer=stranger), stranger))
        yield Shown("partner-expired", (self._leaf(partner, not_after=now - timedelta(days=2)), self.issuing))
        yield Shown("partner-server-only", (self._leaf(partner, extended_key_usage=["serverAuth"]), self.issuing))


def write(directory: Path, healthy: Sequence[str]) -> None:
    """Write what the edges need, as PEM files and Kamailio's profiles: `profiles` and `old-profiles`."""
    certificates = Certificates()
    shown = list(certificates.shown(healthy))
    for one in (*shown, *certificates.clients()):
        (directory / f"{one.host}.crt").write_bytes(b"".join(part.pem for part in one.chain))
        (directory / f"{one.host}.key").write_bytes(one.chain[0].key_pem)
    (directory / "root.crt").write_bytes(certificates.root.pem)
    (directory / "authorities.crt").write_bytes(certificates.issuing.pem + certificates.root.pem)
    (directory / "openssl.cnf").write_text(_OPENSSL_CONFIG)
    (directory / "profiles").write_text("".join(map(_profile, shown)))
    old = _PROFILE.format(applies=DEFAULT, method="TLSv1", host=target("old-tls"), more="")
    (directory / "old-profiles").write_text(old)


def _profile(one: Shown) -> str:
    is_default = one.host == DEFAULT
    more = one.manners if is_default else f"server_name = {one.host}\n{one.manners}"
    return _PROFILE.format(applies=DEFAULT if is_default else "any", method="TLSv1.2+", host=one.host, more=more)
