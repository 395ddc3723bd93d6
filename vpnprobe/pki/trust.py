"""Whether a chain leads to a root that a federation peer can be expected to trust (F4-10), and who says so.

The path is that of `vpnprobe.pki.path`. Unlike a phone, a federation peer also demands of an issuer what RFC 5280 does:
it is an authority (section 4.2.1.9), may sign certificates (4.2.1.3), and has no more authorities below it than it
allows. Two other engines are asked about the same path (`vpnprobe.pki.opinions`); they are quoted, not followed.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from vpnprobe.model.errors import WireError
from vpnprobe.model.federation import PathEnd as ReportedEnd
from vpnprobe.model.federation import PathReading
from vpnprobe.pki.certificate import CertificateFacts, describe
from vpnprobe.pki.names import name_key
from vpnprobe.pki.opinions import ask_store, ask_strict
from vpnprobe.pki.path import MAX_SENT, PathEnd, PathResult, Source, Validity, build_path
from vpnprobe.pki.signature import ENGINE
from vpnprobe.pki.structure import split_certificate

# Each costs as much as the first search. An old and a new certificate of one authority need one.
MAX_DETOURS: Final = 4

_X509_V3: Final = 3
_UNREADABLE_NAME: Final = "(unreadable name)"


class RootStore:
    """Trust anchors by name, so that a chain meets only the few that it can lead to.

    `description` names the list in a report. What has no readable outline is left out.
    """

    def __init__(self, certificates: Iterable[bytes], description: str) -> None:
        self.description = description
        self._by_subject: dict[Hashable, list[bytes]] = {}
        for der in dict.fromkeys(certificates):
            for subject in _names(der)[:1]:
                self._by_subject.setdefault(subject, []).append(der)

    def __len__(self) -> int:
        """How many anchors there are."""
        return sum(map(len, self._by_subject.values()))

    def candidates(self, chain: Sequence[bytes]) -> tuple[bytes, ...]:
        """Return the anchors that bear the name of a subject or an issuer of the chain."""
        named = dict.fromkeys(name for der in chain[:MAX_SENT] for name in _names(der))
        return tuple(der for name in named for der in self._by_subject.get(name, ()))


def read_path(chain: Sequence[bytes], public: RootStore | None, given: Sequence[bytes], *, at: datetime) -> PathReading:
    """Read the certification path of what a peer sent, leaf first. Never raises on any bytes.

    `given` are the operator's own anchors. A path to a public root wins over one to a given root, and at the aware time
    `at` one without an obstacle or a wrong date over the shortest. An issuer that was not sent is missing, even where a
    peer could fetch it; a root need not be sent.
    """
    from_public = () if public is None else public.candidates(chain)
    anchors = tuple(dict.fromkeys((*from_public, *RootStore(given, "").candidates(chain))))
    walk = _walk(chain, anchors, at)
    if from_public and walk.is_trusted and walk.path[-1] not in from_public:
        to_public = _walk(chain, from_public, at)
        walk = to_public if to_public.is_trusted and to_public.obstacle is None else walk
    result = walk.result
    store = ask_store(walk.path if result.is_complete else chain[:MAX_SENT], anchors, at)
    strict = ask_strict(walk.path, walk.path[-1] if walk.is_trusted else None, at)
    obstacle = walk.obstacle
    return PathReading(
        engine=ENGINE,
        end=(obstacle and obstacle.end) or _end(walk, from_public),
        subjects=tuple(_UNREADABLE_NAME if member.subject is None else member.subject for member in result.members),
        missing_issuer=result.missing_issuer,
        obstacle=obstacle.clause if obstacle and obstacle.end else None,
        in_order=result.in_order,
        root_sent=result.root_sent,
        duplicates=len(result.duplicates),
        unused=len(result.unused),
        roots="" if public is None else public.description,
        store_engine=store.engine,
        store_refusal=store.refusal,
        strict_engine=strict.engine,
        strict_refusal=strict.refusal,
    )


class _Obstacle(msgspec.Struct, frozen=True):
    """What a peer holds against a complete path, and the issuer to do without, by position in the path.

    `end` is None for a date: the path is complete all the same.
    """

    end: ReportedEnd | None
    issuer: int
    clause: str = ""


class _Walk(msgspec.Struct, frozen=True):
    """A path as it was found, the DER of its members, and the first thing in its way."""

    result: PathResult
    path: tuple[bytes, ...]
    obstacle: _Obstacle | None

    @property
    def is_trusted(self) -> bool:
        return self.result.end is PathEnd.TRUSTED_ROOT


def _walk(chain: Sequence[bytes], roots: Sequence[bytes], at: datetime) -> _Walk:
    """Return the shortest of the best paths, or one as good without an obstacle where there is one."""
    first = walk = _walk_once(chain, roots, at, frozenset())
    refused: set[bytes] = set()
    for _ in range(MAX_DETOURS):
        if walk.obstacle is None or walk.result.end is not first.result.end:
            break
        refused.add(walk.path[walk.obstacle.issuer])
        walk = _walk_once(chain, roots, at, frozenset(refused))
    return walk if walk.obstacle is None and walk.result.end is first.result.end else first


def _walk_once(chain: Sequence[bytes], roots: Sequence[bytes], at: datetime, refused: frozenset[bytes]) -> _Walk:
    result = build_path(chain, roots, at=at, refused=refused)
    sources = {Source.SENT: chain, Source.ROOTS: roots}
    path = tuple(sources[member.source][member.index] for member in result.members)
    return _Walk(result, path, _find_obstacle(result, path) if result.is_complete else None)


def _find_obstacle(result: PathResult, path: Sequence[bytes]) -> _Obstacle | None:
    members = result.members
    last = len(members) - 1
    below = 0  # authorities between the leaf and this one, self-issued ones not counted (RFC 5280 section 6.1.4)
    for position, facts in enumerate(map(describe, path)):
        if position and (clause := _bar_to_issue(facts, below, is_top=position == last)):
            return _Obstacle("issuer-not-ca", position, f"{facts.subject or _UNREADABLE_NAME} {clause}")
        below += bool(position) and facts.subject != facts.issuer
    for position, member in enumerate(members):
        if member.signature is not None and member.signature.valid is None:
            clause = f"{member.subject or _UNREADABLE_NAME}: {member.signature.detail}"
            return _Obstacle("signature-unchecked", min(position + 1, last), clause)
    dated = (Validity.EXPIRED, Validity.NOT_YET_VALID)
    wrong = [position for position, member in enumerate(members) if position and member.validity in dated]
    return _Obstacle(None, wrong[0]) if wrong else None


def _bar_to_issue(facts: CertificateFacts, below: int, *, is_top: bool) -> str | None:
    """Return why this certificate may not have issued the one below it, as a clause; None where it may.

    A top without basicConstraints is taken as OpenSSL takes it: of version 1, or with the usage to sign certificates.
    """
    if facts.key_usage is not None and "keyCertSign" not in facts.key_usage:
        return "may not sign certificates: its key usage lacks keyCertSign"
    if facts.is_ca is None and is_top and (facts.version != _X509_V3 or facts.key_usage is not None):
        return None
    if not facts.is_ca:
        return f"is no certificate authority: basicConstraints {'absent' if facts.is_ca is None else 'CA:FALSE'}"
    if facts.path_length is not None and below > facts.path_length:
        return f"allows {facts.path_length} authorities below it, and {below} are there"
    return None


_ENDS: Final[dict[PathEnd, ReportedEnd]] = {
    PathEnd.SELF_SIGNED: "self-signed",
    PathEnd.SELF_SIGNED_LEAF: "self-signed-leaf",
    PathEnd.ISSUER_MISSING: "issuer-missing",
    PathEnd.SIGNATURE_WRONG: "signature-wrong",
    PathEnd.UNREADABLE: "unreadable",
    PathEnd.NO_CERTIFICATE: "unreadable",
}


def _end(walk: _Walk, from_public: Sequence[bytes]) -> ReportedEnd:
    if walk.is_trusted:
        return "public-root" if walk.path[-1] in from_public else "given-root"
    return _ENDS[walk.result.end]


def _names(der: bytes) -> tuple[Hashable, ...]:
    """Return the subject's and the issuer's name for comparison; nothing where the outline is broken."""
    try:
        parts = split_certificate(der)
    except WireError:
        return ()
    return name_key(parts.subject), name_key(parts.issuer)
