"""A renewal in values, for tests of its judgement: certificates, a gateway that shows them, configurations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from tests.certificates import Identity, issue, rsa_key
from vpnprobe.fleet.cutover_plan import CutoverPlan, GivenCertificate
from vpnprobe.fleet.objections import ShownGateway
from vpnprobe.model.fleet import PhoneConfigSight
from vpnprobe.model.target import parse_group_url
from vpnprobe.pki.fingerprint import format_cert_hash, sha1

HOST = "vpn.example.com"
URL = f"https://{HOST}/VPNPhone"
FIRST, SECOND = "192.0.2.7:443", "192.0.2.8:443"

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TONIGHT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)

OLD = issue(cn=HOST, dns=[HOST], key=rsa_key(slot=1), serial=1)
NEW = issue(cn=HOST, dns=[HOST], key=rsa_key(slot=2), serial=2)
STRANGER = issue(cn="stranger.example.com", key=rsa_key(slot=3), serial=3)

AUTHORITY = issue(cn="Example CA", ca=True, key=rsa_key(slot=4), serial=4)
OLD_OF_CA = issue(cn=HOST, dns=[HOST], key=rsa_key(slot=1), issuer=AUTHORITY, serial=5)
NEW_OF_CA = issue(cn=HOST, dns=[HOST], key=rsa_key(slot=2), issuer=AUTHORITY, serial=6)


def cert_hash(of: Identity) -> str:
    """The certHash of a certificate."""
    return format_cert_hash(sha1(of.der))


def config(*hashes: Identity | str, urls: Sequence[str] = (URL,), **changes: object) -> PhoneConfigSight:
    """A configuration that was read, with these hashes."""
    texts = [text if isinstance(text, str) else cert_hash(text) for text in hashes]
    template = PhoneConfigSight(
        outcome="received",
        urls={f"url{number}": url for number, url in enumerate(urls, start=1)},
        cert_hashes={f"certHash{number}": text for number, text in enumerate(texts, start=1)},
        hash_alg="0",
        host_id_check=1,
    )
    return msgspec.structs.replace(template, **changes)


def gateway(*shown: Identity | None, url: str = URL) -> ShownGateway:
    """A gateway whose first, second ... address shows this certificate with its chain, None for nothing."""
    chains = {
        address: one.chain_der if one is not None else () for address, one in zip((FIRST, SECOND), shown, strict=False)
    }
    return ShownGateway(parse_group_url(url), chains)


def given(of: Identity, *, whole: bool = True, host: str | None = None) -> GivenCertificate:
    """A certificate as the operator gives it, with its issuers or, not `whole`, alone."""
    return GivenCertificate(leaf_sha1=sha1(of.der), chain=of.chain_der if whole else of.chain_der[:1], host=host)


def given_hash(of: Identity, host: str | None = None) -> GivenCertificate:
    """A certificate of which only the hash is given."""
    return GivenCertificate(leaf_sha1=sha1(of.der), host=host)


def plan(
    *new: GivenCertificate,
    old: Sequence[GivenCertificate] = (),
    now: datetime = NOW,
    at: datetime | None = None,
    after: bool = False,
) -> CutoverPlan:
    """A change to these certificates, NEW unless others are named."""
    return CutoverPlan(new=new or (given(NEW),), old=tuple(old), now=now, at=at or now, after=after)
