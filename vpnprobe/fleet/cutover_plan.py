"""What a cut-over is judged against: the certificates that come and go, as the operator gives them, and the moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vpnprobe.model.errors import UsageError
from vpnprobe.pki.certificate import CertificateFacts, describe
from vpnprobe.pki.fingerprint import SHA1_SIZE, format_cert_hash, parse_expected_hash, sha1
from vpnprobe.pki.hostid import decide_host_id
from vpnprobe.pki.loading import load_certificates
from vpnprobe.pki.path import verified_issuers


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenCertificate:
    """A gateway's certificate: `chain` as DER, leaf first, empty where the operator has nothing but the hash.

    `host` is the gateway that it is for, None where the operator names none.
    """

    leaf_sha1: bytes
    chain: tuple[bytes, ...] = ()
    host: str | None = None

    @property
    def cert_hash(self) -> str:
        """The certHash that names it."""
        return format_cert_hash(self.leaf_sha1)

    @property
    def facts(self) -> CertificateFacts | None:
        """What the certificate says, where there is one."""
        return describe(self.chain[0]) if self.chain else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CutoverPlan:
    """The change. `now` is the moment of the run, `at` that of the swap; `after`: the swap has been made."""

    new: tuple[GivenCertificate, ...]
    old: tuple[GivenCertificate, ...] = ()
    now: datetime
    at: datetime
    after: bool = False

    def new_for(self, host: str) -> tuple[GivenCertificate, ...]:
        """Return the new certificates that the gateway may come to show; none where it is no part of the change."""
        return _meant_for(host, self.new)

    def old_for(self, host: str) -> tuple[GivenCertificate, ...]:
        """Return the old certificates that the gateway may show as yet."""
        return _meant_for(host, self.old)


def given_by_file(data: bytes, host: str | None = None) -> GivenCertificate:
    """Read a gateway's certificate with its issuers, if they are there; raises `UsageError`."""
    chain = tuple(dict.fromkeys(load_certificates(data)))
    leaf = chain[0]
    if any(leaf in verified_issuers((other, leaf)) for other in chain[1:]):
        raise UsageError(
            "The first certificate of the file issued another one in it. Put the gateway's own certificate first, then "
            "its issuers."
        )
    return GivenCertificate(leaf_sha1=sha1(leaf), chain=chain, host=host)


def given_by_hash(text: str, host: str | None = None) -> GivenCertificate | None:
    """Read the hash of a gateway's certificate in any usual form; None where it is no SHA-1."""
    parsed = parse_expected_hash(text)
    # What may be a copying error must not be taken for the hash of the new certificate.
    if parsed.digest is None or len(parsed.digest) != SHA1_SIZE or not parsed.is_canonical:
        return None
    return GivenCertificate(leaf_sha1=parsed.digest, host=host)


def _meant_for(host: str, given: Sequence[GivenCertificate]) -> tuple[GivenCertificate, ...]:
    """Return those for this host, else those for no host in particular: of several only those that may name it."""
    own = [one for one in given if one.host is not None and _same_host(one.host, host)]
    free = [one for one in given if one.host is None]
    if own or len(free) < 2:
        return tuple(own or free)
    naming = [one for one in free if one.facts is not None and decide_host_id(host, one.facts).accepts is not False]
    unread = [one for one in free if one.facts is None]
    return tuple(naming or unread or free)


def _same_host(one: str, other: str) -> bool:
    return one.removesuffix(".").casefold() == other.removesuffix(".").casefold()
