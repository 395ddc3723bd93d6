"""Whole fleets: the phones of an inventory, and what was found for each of them.

A fleet has tens of thousands of phones and a handful of gateways. What is said of a gateway therefore stands once, in a
`GatewaySight`, and a phone's line names it by `key`. Each struct is one JSON line of a fleet command's output; `kind`
tells them apart.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from vpnprobe.model.evidence import SCHEMA_VERSION, Tool
from vpnprobe.model.failure import Failure
from vpnprobe.model.finding import Verdict
from vpnprobe.model.observation import BootFileOutcome

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Phone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One phone of an inventory. `mac` has 12 upper-case hex digits; `labels` are the inventory's other columns.

    `model` is as the inventory has it, None where it says nothing. `line` counts from 1 in the inventory.
    """

    mac: str
    model: str | None = None
    labels: dict[str, str] = {}
    line: int = 0


class RowProblem(msgspec.Struct, frozen=True):
    """A row of an inventory that cannot be used: its line, and what to do about it.

    Without `is_other_device` it may well be that of a phone, of which nothing is known then.
    """

    line: int
    reason: str
    is_other_device: bool = False


class FleetStart(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="start"):
    """The first line of a fleet run. `settings` are the options that its results depend on, as text."""

    schema_version: int = SCHEMA_VERSION
    tool: Tool
    command: Literal["sweep", "cutover"]
    started_at: Moment
    settings: dict[str, str] = {}


class GatewaySight(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="gateway"):
    """One gateway as one model's hello found it, shared by all phones that dial it so.

    `key` is `host:port profile`. `leaves` maps each address (`address:port`) to the SHA-256 (hex) of the leaf it shows,
    None where it shows none; `cert_hashes` gives each leaf's certHash (base64 SHA-1). `doubts` are clauses on why
    phones may dial other addresses than these.
    """

    key: str
    profile: str
    addresses: tuple[str, ...] = ()
    leaves: dict[str, str | None] = {}
    cert_hashes: dict[str, str] = {}
    subjects: dict[str, str] = {}
    not_after: dict[str, Moment | None] = {}
    failure: Failure | None = None
    doubts: tuple[str, ...] = ()


class PhoneConfigSight(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the configuration server gave for one phone.

    `outcome` is that of the last file asked for; "malformed-config" and "encrypted" are files that came and cannot be
    read. `cert_hashes` are the raw texts by name (`certHash1`), `urls` the group-urls by name (`url1`).
    """

    outcome: BootFileOutcome | Literal["malformed-config", "encrypted", "no-vpn-group"]
    file: str | None = None
    protocol: Literal["tftp", "http"] | None = None
    server: str | None = None
    sha256: str | None = None
    problem: str | None = None
    urls: dict[str, str] = {}
    cert_hashes: dict[str, str] = {}
    hash_alg: str | None = None
    auth_method: int | None = None
    host_id_check: int | None = None
    load: str | None = None
    attempts: int = 1
    duration_s: float = 0.0


class SweptPhone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="phone"):
    """What a sweep found for one phone. `cause` is the id of the first critical failure, as in a report.

    `alarms` are the ids of all checks that alarmed, `gateways` the keys of the gateways it would dial, in its order.
    """

    mac: str
    device: str
    model: str | None = None
    profile: str | None = None
    labels: dict[str, str] = {}
    verdict: Verdict
    cause: str | None = None
    summary: str = ""
    alarms: tuple[str, ...] = ()
    config: PhoneConfigSight
    gateways: tuple[str, ...] = ()
    finished_at: Moment

    @property
    def reason(self) -> str | None:
        """What a phone that is not as it ought to be is counted under: cause, first alarm, or end of its file."""
        if self.verdict == "pass":
            return None
        return self.cause or next(iter(self.alarms), self.config.outcome)


Readiness = Literal["ready", "cut-off", "unknown"]

# The steps of the renewal procedure (VP-40), as far as they can be seen from outside.
RenewalStep = Literal[
    "import-phone-vpn-trust",  # 3 and 4: the new hash is in no configuration of this gateway
    "apply-config",  # 5: other phones have the new hash, this one's file has not
    "fetch-config",  # 5: the file could not be read, so nobody knows what the phone has
    "assign-vpn-profile",  # before all: the file has no VPN at all
    "keep-old-hash",  # 4: the old hash is gone while the old certificate is still live
    "swap-trustpoint",  # 7: the new certificate is not live yet
    "mend-certificate",  # the new certificate itself cannot be used by this phone
]


class CutoverPhone(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="cutover-phone"
):
    """Whether one phone takes the new certificate. `reasons` are sentences; `missing` the steps that are to be done.

    A phone that is ready has reasons only where there is a reservation.
    """

    mac: str
    device: str
    model: str | None = None
    profile: str | None = None
    labels: dict[str, str] = {}
    readiness: Readiness
    reasons: tuple[str, ...] = ()
    missing: tuple[RenewalStep, ...] = ()
    has_new_hash: bool | None = None
    has_old_hash: bool | None = None
    config: PhoneConfigSight
    gateways: tuple[str, ...] = ()
    finished_at: Moment


class Counts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many phones of a group ended how; `causes` counts by check id or reason."""

    total: int = 0
    by_result: dict[str, int] = {}
    causes: dict[str, int] = {}


# The operator, the end of the run's time, or a configuration server that answers nobody any more.
FleetInterruption = Literal["interrupt", "deadline", "server-silent"]


class FleetSummary(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="summary"):
    """The last line of a fleet run. `by_label` counts for each label column that the operator groups by.

    `not_reached` counts the phones of the inventory that an interrupted run did not come to.
    """

    schema_version: int = SCHEMA_VERSION
    tool: Tool
    command: Literal["sweep", "cutover"]
    started_at: Moment
    duration_s: float
    verdict: Verdict
    interrupted: FleetInterruption | None = None
    counts: Counts
    by_label: dict[str, dict[str, Counts]] = {}
    by_gateway: dict[str, Counts] = {}
    not_reached: int = 0
    row_problems: int = 0
    duplicates: int = 0
    notes: tuple[str, ...] = ()


FleetLine = FleetStart | GatewaySight | SweptPhone | CutoverPhone | FleetSummary
