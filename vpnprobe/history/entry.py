"""A report made ready to be kept: what is stored for each run, and what only where it differs.

Two runs of a series have the same content when they saw the same aspects and every check came to the same result for
the same subject. The wording of a summary ("50 days left") is no difference, nor is a duration. Of such runs the
content is stored once, as the first of them has it.
"""

from __future__ import annotations

import hashlib
import zlib
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from vpnprobe.history.aspects import Aspects, aspects_of
from vpnprobe.model.errors import UsageError
from vpnprobe.model.evidence import SCHEMA_VERSION, Evidence, ProbeName
from vpnprobe.model.finding import Finding, Report
from vpnprobe.model.history import KnownCertificate, Standing
from vpnprobe.pki.certificate import describe

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

# Evidence of a gateway with many addresses is some 100 kB; what unpacks to more was not written by us.
MAX_EVIDENCE: Final = 64 << 20


class SeriesKey(msgspec.Struct, frozen=True, kw_only=True):
    """Which series a report belongs to: the same plan name, probe, target (resolvers included) and persona."""

    digest: str
    probe: ProbeName
    label: str
    profile: str
    name: str | None
    mac: str | None


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What many runs of a series may have in common. `evidence` is packed."""

    digest: str
    standing: Standing
    interrupted: str | None
    aspects: Aspects
    findings: tuple[Finding, ...]
    certificates: tuple[KnownCertificate, ...]
    evidence: bytes


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One run. Times are microseconds (since 1970) and milliseconds."""

    series: SeriesKey
    started_us: int
    duration_ms: int
    content: Content


def make_entry(report: Report, name: str | None = None) -> Entry:
    """Return what is to be kept of `report`; `name` is what the plan calls the probe."""
    return Entry(
        series=_series(report, name),
        started_us=to_us(report.started_at),
        duration_ms=round(report.duration_s * 1000),
        content=_content(report),
    )


def to_us(moment: datetime) -> int:
    """Return microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """Return the moment, in UTC."""
    return _EPOCH + microseconds * _MICROSECOND


def to_unix(moment: datetime | None) -> int | None:
    """Return whole seconds since 1970."""
    return None if moment is None else (moment - _EPOCH) // timedelta(seconds=1)


def from_unix(seconds: int | None) -> datetime | None:
    """Return the moment, in UTC."""
    return None if seconds is None else _EPOCH + timedelta(seconds=seconds)


def standing_of(report: Report) -> Standing:
    """Return how the run of `report` ended."""
    alarms = tuple(sorted({finding.id for finding in report.findings if finding.is_alarm}))
    return Standing(verdict=report.verdict, cause=report.cause, alarms=alarms)


def pack_evidence(evidence: Evidence) -> bytes:
    """Return the Evidence as zlib-compressed JSON."""
    return zlib.compress(msgspec.json.encode(evidence))


def unpack_evidence(packed: bytes, schema_version: int) -> Evidence:
    """Return the Evidence; raises `UsageError` where this build cannot read it."""
    if schema_version != SCHEMA_VERSION:
        raise UsageError(
            f"this run is stored with schema version {schema_version}, and this vpnprobe reads {SCHEMA_VERSION}; "
            "use the version that stored it"
        )
    try:
        unpacking = zlib.decompressobj()
        data = unpacking.decompress(packed, MAX_EVIDENCE)
        if unpacking.unconsumed_tail or not unpacking.eof:
            raise UsageError("the Evidence of this run is stored damaged; restore the history from a copy")
        return msgspec.json.decode(data, type=Evidence)
    except (zlib.error, msgspec.DecodeError) as error:
        raise UsageError(
            f"the Evidence of this run is stored damaged ({error}); restore the history from a copy"
        ) from error


def _series(report: Report, name: str | None) -> SeriesKey:
    identity = msgspec.json.encode((name, report.probe, report.target, report.persona))
    return SeriesKey(
        digest=hashlib.sha256(identity).hexdigest(),
        probe=report.probe,
        label=report.target.label,
        profile=report.persona.profile,
        name=name,
        mac=report.persona.mac,
    )


def _content(report: Report) -> Content:
    aspects = aspects_of(report.evidence)
    results = sorted((one.id, one.subject, one.target or "", one.status) for one in report.findings)
    matters = msgspec.json.encode((list(aspects.items()), report.verdict, report.cause, report.interrupted, results))
    shown = (name for key, chain in aspects.items() if key.kind == "certificates" for name in chain)
    held = report.evidence.certificates
    return Content(
        digest=hashlib.sha256(matters).hexdigest(),
        standing=standing_of(report),
        interrupted=report.interrupted,
        aspects=aspects,
        findings=report.findings,
        # In one order for all who write: two transactions must not wait for each other's.
        certificates=tuple(_known(name, held[name]) for name in sorted(set(shown)) if name in held),
        evidence=pack_evidence(report.evidence),
    )


def _known(name: str, der: bytes) -> KnownCertificate:
    facts = describe(der)
    return KnownCertificate(
        sha256=name,
        cert_hash=facts.cert_hash,
        subject=facts.subject,
        issuer=facts.issuer,
        not_before=facts.not_before,
        not_after=facts.not_after,
        names=tuple(sorted({*(facts.dns_names or ()), *facts.ip_addresses})),
    )
