"""The error tree. Who is wrong is the type: the operator, the peer's bytes, or the path between.

A network failure that a probe is there to measure is not an error but a `Failure` value
(`vpnprobe.model.failure`); `TransportError` carries one only from the socket to the stage that records it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vpnprobe.model.failure import Failure


class VpnprobeError(Exception):
    """Base of every error this package raises on purpose."""


class UsageError(VpnprobeError):
    """The operator's input cannot be used. The text says what to do next; it is shown as it is, exit code 3."""


class WireError(VpnprobeError):
    """The peer's bytes break the format."""


class Malformed(WireError):
    """The bytes do not parse.

    `offset` is in bytes from the start of the value being parsed, `field` is the field's name in its
    specification, `reason` one short clause without the bytes themselves.
    """

    def __init__(self, offset: int, field: str, reason: str) -> None:
        super().__init__(f"{field} at byte {offset}: {reason}")
        self.offset = offset
        self.field = field
        self.reason = reason


class LimitExceeded(WireError):
    """The peer sent more than the named limit allows; `limit` is in the unit that `what` names."""

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"more than {limit} {what}")
        self.what = what
        self.limit = limit


class TransportError(VpnprobeError):
    """A step of the transport ended without an answer; `failure` says who failed and how."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail or failure.kind.value)
        self.failure = failure
