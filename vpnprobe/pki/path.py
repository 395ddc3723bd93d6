"""The certification path from what a gateway sent: whether the chain is complete, in order and signed.

Advisory only. A phone pins by hash and does not build a path (VP-10); but a third-party certificate should
come with its intermediates (VP-06), and federation peers do build one.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Hashable, Sequence
from datetime import datetime

import msgspec

from vpnprobe.model.errors import WireError
from vpnprobe.pki.certificate import CertificateFacts, describe
from vpnprobe.pki.names import describe_name, name_key
from vpnprobe.pki.signature import SignatureCheck, verify_signature
from vpnprobe.pki.structure import CertificateParts, split_certificate

# A gateway sends two to five; the rest of an absurd chain is not looked at.
MAX_SENT = 32
# Each check costs a public key operation; an honest path needs one per certificate.
MAX_SIGNATURE_CHECKS = 128


class Source(enum.Enum):
    """Where a certificate of the path comes from."""

    SENT = "sent"
    ROOTS = "roots"


class Validity(enum.Enum):
    """A certificate's dates against the time asked for."""

    VALID = "valid"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    UNKNOWN = "unknown"


class PathEnd(enum.Enum):
    """How the path ends at its top."""

    TRUSTED_ROOT = "trusted-root"  # at one of the roots given
    SELF_SIGNED = "self-signed"  # at a self-signed authority that was sent, and is not among the roots given
    SELF_SIGNED_LEAF = "self-signed-leaf"  # the leaf signs itself, and is not among the roots given
    ISSUER_MISSING = "issuer-missing"
    SIGNATURE_WRONG = "signature-wrong"  # certificates of the issuer's name are there, but none signed this
    UNREADABLE = "unreadable"
    NO_CERTIFICATE = "no-certificate"


_COMPLETE = (PathEnd.TRUSTED_ROOT, PathEnd.SELF_SIGNED, PathEnd.SELF_SIGNED_LEAF)


class PathMember(msgspec.Struct, frozen=True, kw_only=True):
    """One certificate of the path. `index` counts from 0 in the sequence that `source` names.

    `signature` is the check of this certificate's signature with its issuer's key, its own key for a
    self-signed top; None where no issuer is there or a root was given.
    """

    source: Source
    index: int
    sha1: str
    subject: str | None
    not_after: datetime | None
    validity: Validity
    is_ca: bool | None
    signature: SignatureCheck | None


class PathResult(msgspec.Struct, frozen=True, kw_only=True):
    """The path, leaf first.

    `missing_issuer` is the name of the issuer that is not there. `root_sent` tells whether the path's
    self-signed top was sent. `in_order` is true when each certificate that was sent for the path directly
    follows the one that it signs. `unused` and `duplicates` are positions in the chain sent: not part of the
    path, and repeated.
    """

    members: tuple[PathMember, ...]
    end: PathEnd
    missing_issuer: str | None = None
    root_sent: bool = False
    in_order: bool = True
    unused: tuple[int, ...] = ()
    duplicates: tuple[int, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether the path reaches a self-signed certificate or a given root."""
        return self.end in _COMPLETE


def verified_issuers(chain_der: Sequence[bytes]) -> frozenset[bytes]:
    """Return the certificates of the chain whose signatures lead down to the leaf `chain_der[0]`.

    A certificate is public, so anybody can send it along; only a signature that verifies ties the leaf to it. Dates
    and roots do not count. Never raises on any bytes.
    """
    nodes = [_make_node(Source.SENT, index, der) for index, der in enumerate(dict.fromkeys(chain_der[:MAX_SENT]))]
    if not nodes or nodes[0] is None:
        return frozenset()
    leaf, *others = [node for node in nodes if node is not None]
    search = _Search([leaf, *others], frozenset())
    found = [leaf]
    for child in found:
        named = [other for other in others if other not in found and other.subject == child.issuer]
        found += [other for other in named if search.check(child, other).valid]
    return frozenset(node.der for node in found[1:])


class _Node(msgspec.Struct, frozen=True):
    """A certificate that can be part of the path; an unreadable one cannot."""

    source: Source
    index: int
    der: bytes
    parts: CertificateParts
    subject: Hashable
    issuer: Hashable

    @property
    def is_self_issued(self) -> bool:
        return self.subject == self.issuer


def build_path(
    chain_der: Sequence[bytes],
    roots: Sequence[bytes] = (),
    *,
    at: datetime,
    refused: frozenset[bytes] = frozenset(),
) -> PathResult:
    """Build the path from the leaf `chain_der[0]`, with `roots` as trust anchors. Never raises on any bytes.

    `at` is an aware time. Order does not matter above the leaf; with cross-signed authorities the path to a
    given root wins, then the shortest. Without roots the end is never TRUSTED_ROOT. A certificate of `refused` is
    nobody's issuer.
    """
    if not chain_der:
        return PathResult(members=(), end=PathEnd.NO_CERTIFICATE)
    chain = chain_der[:MAX_SENT]
    sent: dict[bytes, int] = {}
    for index, der in enumerate(chain):
        sent.setdefault(der, index)
    duplicates = tuple(index for index, der in enumerate(chain) if sent[der] != index)
    candidates = [_make_node(Source.SENT, index, der) for der, index in sent.items()]
    candidates += [_make_node(Source.ROOTS, index, der) for index, der in enumerate(roots) if der not in sent]
    if candidates[0] is None:
        return PathResult(
            members=(_make_member(Source.SENT, 0, chain[0], None, at),),
            end=PathEnd.UNREADABLE,
            unused=tuple(index for index in sent.values() if index),
            duplicates=duplicates,
        )
    leaf = candidates[0]
    usable = [node for node in candidates[1:] if node is not None and node.der not in refused]
    search = _Search([leaf, *usable], frozenset(roots))
    end, path = search.run()
    top = path[-1]
    used = [node.index for node in path if node.source is Source.SENT]
    is_complete = end in _COMPLETE
    return PathResult(
        members=tuple(
            _make_member(node.source, node.index, node.der, search.checks.get((node.der, issuer.der)), at)
            for node, issuer in zip(path, (*path[1:], top), strict=True)
        ),
        end=end,
        missing_issuer=None if is_complete else describe_name(top.parts.issuer),
        root_sent=is_complete and top.source is Source.SENT and top.is_self_issued,
        in_order=used == list(range(len(used))),
        unused=tuple(index for index in sent.values() if index not in used),
        duplicates=duplicates,
    )


class _Search:
    """Breadth-first search from the leaf upwards; every certificate is visited once, so loops end."""

    def __init__(self, nodes: Sequence[_Node], anchors: frozenset[bytes]) -> None:
        self._nodes = nodes
        self._anchors = anchors
        self._child_of: dict[bytes, _Node | None] = {nodes[0].der: None}
        # Signature checks by certificate and issuer certificate.
        self.checks: dict[tuple[bytes, bytes], SignatureCheck] = {}

    def run(self) -> tuple[PathEnd, tuple[_Node, ...]]:
        """Return the best end and the path to it, leaf first."""
        found: list[tuple[PathEnd, tuple[_Node, ...]]] = []
        queue = deque([self._nodes[0]])
        while queue:
            node = queue.popleft()
            end, issuers = self._step(node)
            if end is not None:
                found.append((end, self._path_to(node)))
            for issuer in issuers:
                if issuer.der not in self._child_of:
                    self._child_of[issuer.der] = node
                    queue.append(issuer)
        # All branches can have run into certificates that were visited before; then the leaf's own is the
        # answer.
        return min(found, key=_preference) if found else (PathEnd.ISSUER_MISSING, self._path_to(self._nodes[0]))

    def _step(self, node: _Node) -> tuple[PathEnd | None, list[_Node]]:
        """Return how the path ends at `node`, or None and the issuers to go on with."""
        if node.der in self._anchors:
            return PathEnd.TRUSTED_ROOT, []
        if node.is_self_issued and self.check(node, node).valid is not False:
            is_leaf = node is self._nodes[0]
            return (PathEnd.SELF_SIGNED_LEAF if is_leaf else PathEnd.SELF_SIGNED), []
        named = [other for other in self._nodes if other is not node and other.subject == node.issuer]
        if not named:
            return PathEnd.ISSUER_MISSING, []
        issuers = [other for other in named if self.check(node, other).valid is not False]
        return (None, issuers) if issuers else (PathEnd.SIGNATURE_WRONG, [])

    def check(self, node: _Node, issuer: _Node) -> SignatureCheck:
        """Check one signature, once, as long as there are not too many."""
        pair = (node.der, issuer.der)
        if pair not in self.checks:
            if len(self.checks) >= MAX_SIGNATURE_CHECKS:
                self.checks[pair] = SignatureCheck(valid=None, detail="too many certificates to check")
            else:
                self.checks[pair] = verify_signature(node.parts, issuer.parts.public_key)
        return self.checks[pair]

    def _path_to(self, node: _Node) -> tuple[_Node, ...]:
        path = [node]
        while (child := self._child_of[path[-1].der]) is not None:
            path.append(child)
        return tuple(reversed(path))


def _preference(found: tuple[PathEnd, tuple[_Node, ...]]) -> tuple[int, int]:
    """Order ends: a complete path first and the shortest of those, else the longest that was found."""
    end, path = found
    if end in _COMPLETE:
        return _COMPLETE.index(end), len(path)
    return len(_COMPLETE), -len(path)


def _make_node(source: Source, index: int, der: bytes) -> _Node | None:
    try:
        parts = split_certificate(der)
    except WireError:
        return None
    return _Node(source, index, der, parts, subject=name_key(parts.subject), issuer=name_key(parts.issuer))


def _make_member(source: Source, index: int, der: bytes, signature: SignatureCheck | None, at: datetime) -> PathMember:
    facts = describe(der)
    return PathMember(
        source=source,
        index=index,
        sha1=facts.sha1,
        subject=facts.subject,
        not_after=facts.not_after,
        validity=_judge_dates(facts, at),
        is_ca=facts.is_ca,
        signature=signature,
    )


def _judge_dates(facts: CertificateFacts, at: datetime) -> Validity:
    if facts.not_before is None or facts.not_after is None:
        return Validity.UNKNOWN
    if at < facts.not_before:
        return Validity.NOT_YET_VALID
    return Validity.EXPIRED if at > facts.not_after else Validity.VALID
