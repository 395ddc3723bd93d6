"""What is known of the past: series of runs, their standing, and what changed from one run to the next.

A series is all runs of one probe at one target as one persona. Moments are UTC. Drift is told as a `Finding` whose id
begins with DRF: something that was seen before is seen otherwise now, whether or not that is a fault.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from vpnprobe.model.evidence import ProbeName
from vpnprobe.model.finding import Finding, Verdict
from vpnprobe.model.target import device_name

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Series(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One series. `number` is its own within one history; `name` is what a plan calls the probe."""

    number: int
    probe: ProbeName
    label: str
    profile: str
    name: str | None = None
    mac: str | None = None

    @property
    def device(self) -> str | None:
        """CUCM's device name, `SEP<MAC>`."""
        return None if self.mac is None else device_name(self.mac)


class RunId(msgspec.Struct, frozen=True, order=True):
    """One run: the number of its series and the microsecond that it began at."""

    series: int
    started_at: Moment


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a run ended. `alarms` are the ids of the checks that alarmed, sorted."""

    verdict: Verdict
    cause: str | None = None
    alarms: tuple[str, ...] = ()


class PastRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run as it is kept."""

    id: RunId
    duration_s: float
    standing: Standing


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one run found changed: its standing against the run before (None for the first), and drift."""

    run: RunId
    before: Standing | None = None
    after: Standing
    drift: tuple[Finding, ...] = ()


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """A series, its last run, and the moment of its last change."""

    series: Series
    last: PastRun
    changed_at: Moment


class KnownCertificate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A certificate that was shown. `sha256` is its name in Evidence; subject and issuer are RFC 4514 texts.

    `names` are the DNS names and addresses of its subjectAltName, sorted; None where it was kept before they were.
    """

    sha256: str
    cert_hash: str
    subject: str | None = None
    issuer: str | None = None
    not_before: Moment | None = None
    not_after: Moment | None = None
    names: tuple[str, ...] | None = None
