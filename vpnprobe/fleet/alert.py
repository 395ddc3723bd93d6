"""A change of a probe's condition, or of what it sees, as the people who must know of it are told."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final, Literal

import msgspec

from vpnprobe.fleet.plan import Kind
from vpnprobe.fleet.schedule import Level, Moment

ALERT_VERSION: Final = 1

# Names of this tool's alerts are apart from any other's (RFC 9562 section 5.5).
_NAMESPACE: Final = uuid.UUID("6d0f7a1e-7f0b-5d7e-9a55-2f3f1d0c4b61")


class Alert(msgspec.Struct, frozen=True, kw_only=True, rename={"before": "from", "level": "to"}):
    """What a command reads on standard input and a web hook in the body: all keys are always there.

    `id` is the same each time this change is told, so that who is told twice can know. `from` is null where nothing was
    held to be true before, `since` when that was reached. `text` is the status line of the run that tipped the scales,
    `cause` the id of the check to act on, `target` what the plan says to dial. What a peer sent stands there without
    control characters.

    Where `about` is "drift", a certificate, a name or a gateway is another one than before: `text` says what changed,
    `cause` is the id of that drift, and `from` and `to` are the level as it stands.
    """

    schema_version: int = ALERT_VERSION
    id: str
    probe: str
    kind: Kind
    before: Level | None
    level: Level
    at: Moment
    since: Moment | None
    text: str
    cause: str | None
    target: str
    labels: dict[str, str]
    about: Literal["level", "drift"] = "level"


class Delivery(msgspec.Struct, frozen=True):
    """One alert on its way through one channel."""

    channel: str
    alert: Alert


def alert_id(probe: str, level: Level, at: datetime) -> str:
    """Return the id of this change: a UUID made of the probe's name, the new level and the moment."""
    return str(uuid.uuid5(_NAMESPACE, f"{at.isoformat()} {level} {probe}"))
