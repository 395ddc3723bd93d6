"""The CRL and OCSP addresses of the chains that a domain's edges showed, each asked once from this machine (M-08)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec

from vpnprobe.federation.domain import address_kind
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.federation import AddressLookup, RevocationSource
from vpnprobe.pki.certificate import describe
from vpnprobe.pki.path import verified_issuers
from vpnprobe.probes.rations import Rations
from vpnprobe.transport.records import RecordResolver
from vpnprobe.transport.revocation import ask_crl, ask_ocsp

# A public chain has about four; whoever makes a certificate can write any number.
MAX_SOURCES: Final = 16
# Certificates of one chain that are asked about: a leaf, and more authorities than any public chain has.
MAX_CERTIFICATES: Final = 4
AT_ONCE: Final = 4

_INWARD: Final = {"public": 0, "private": 1, "loopback": 2}


class Inquiry(msgspec.Struct, frozen=True):
    """One address to ask about one certificate; `issuer` is None where it is not there. `edge` showed the chain."""

    kind: Literal["crl", "ocsp"]
    url: str
    certificate: bytes
    issuer: bytes | None
    edge: str


def inquiries(chain: Sequence[bytes], authorities: Sequence[bytes], edge: str) -> Iterator[Inquiry]:
    """Yield what there is to ask of a chain (DER, leaf first) from its leaf up; a root vouches for itself.

    `authorities` are further certificates among which an issuer may be; `edge` is the IP literal that showed the chain.
    """
    candidates = tuple(dict.fromkeys((*chain[1:], *authorities)))
    certificate: bytes | None = chain[0] if chain else None
    for _ in range(MAX_CERTIFICATES):
        if certificate is None:
            return
        facts = describe(certificate)
        if facts.self_signed:
            return
        issuer = next((one for one in candidates if verified_issuers((certificate, one))), None)
        for url in facts.crl_urls:
            yield Inquiry("crl", url, certificate, issuer, edge)
        for url in facts.ocsp_urls:
            yield Inquiry("ocsp", url, certificate, issuer, edge)
        certificate = issuer


async def ask_all(
    wanted: Sequence[Inquiry],
    resolver: RecordResolver,
    rations: Rations,
    timeout: float,
    found: list[RevocationSource],
) -> None:
    """Ask each address, within the ration of its server, and append what it says to `found`, in order in the end."""
    places = asyncio.Semaphore(AT_ONCE)

    async def ask(inquiry: Inquiry) -> None:
        async with places, rations.of(_host(inquiry.url)).turn():
            found.append(await _ask(inquiry, resolver, timeout))

    async with asyncio.TaskGroup() as group:
        for inquiry in wanted:
            group.create_task(ask(inquiry))
    order = [(_name(inquiry.certificate), inquiry.kind, inquiry.url) for inquiry in wanted]
    found.sort(key=lambda source: order.index((source.certificate, source.kind, source.url)))


async def _ask(inquiry: Inquiry, resolver: RecordResolver, timeout: float) -> RevocationSource:
    """Ask one address, unless it leads further inside than the edge is: it could be anybody's host here."""

    async def resolve(host: str) -> AddressLookup:
        lookup = await resolver.addresses(host)
        kept = tuple(one for one in lookup.addresses if not _is_further_inside(one, inquiry.edge))
        failure = _TOO_FAR_INSIDE if lookup.addresses and not kept else lookup.failure
        return msgspec.structs.replace(lookup, addresses=kept, failure=failure)

    if inquiry.issuer is None:
        name = _name(inquiry.certificate)
        return RevocationSource(certificate=name, kind=inquiry.kind, url=inquiry.url, failure=_NO_ISSUER)
    ask = ask_crl if inquiry.kind == "crl" else ask_ocsp
    return await ask(inquiry.url, inquiry.certificate, inquiry.issuer, resolve, timeout)


_NO_ISSUER: Final = Failure(kind=FailureKind.LOCAL, detail="not asked: the issuer's certificate is missing")
_TOO_FAR_INSIDE: Final = Failure(
    kind=FailureKind.LOCAL, detail="not asked: a private address that no partner of this edge could reach"
)


def _is_further_inside(address: str, edge: str) -> bool:
    return _INWARD[address_kind(address)] > _INWARD[address_kind(edge)]


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _name(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()
