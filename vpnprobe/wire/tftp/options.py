"""Which options a read request offers, and what an answer may make of them (RFC 2347, 2348, 2349, 7440)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from vpnprobe.model.errors import Malformed, UsageError

if TYPE_CHECKING:
    from vpnprobe.wire.tftp.packet import OptionAck

DEFAULT_BLOCK_SIZE = 512  # RFC 1350 section 2
MIN_BLOCK_SIZE = 8  # RFC 2348
MAX_BLOCK_SIZE = 65464
MAX_TIMEOUT = 255  # RFC 2349
MAX_WINDOW = 65535  # RFC 7440

# Decimal digits in a value: 20 hold any 64-bit size.
_MAX_DIGITS = 20


class TftpOptions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Options offered, or in force; None means not offered, or not in force.

    `blksize` and `tsize` are bytes, `timeout` is the server's retransmission time in seconds, `windowsize`
    counts blocks. An offer says `tsize=0`, which asks for the size. The default offers nothing, as the 7962G
    does (packet capture). Raises `UsageError` for an offer that no request may hold.
    """

    blksize: int | None = None
    tsize: int | None = None
    timeout: int | None = None
    windowsize: int | None = None

    def __post_init__(self) -> None:
        for name, low, high in (
            ("blksize", MIN_BLOCK_SIZE, MAX_BLOCK_SIZE),
            ("timeout", 1, MAX_TIMEOUT),
            ("windowsize", 1, MAX_WINDOW),
        ):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise UsageError(f"the TFTP option {name} is {low} to {high}, not {value}")

    def as_text(self) -> dict[str, str]:
        """Option names and decimal values as on the wire, without those that are None."""
        return {name: str(value) for name, value in msgspec.structs.asdict(self).items() if value is not None}


NO_OPTIONS = TftpOptions()


def accept(offered: TftpOptions, answer: OptionAck) -> TftpOptions:
    """What is in force after this OACK; raises `Malformed` when that is no answer to the offer."""
    offers = offered.as_text()
    if not offers:
        raise Malformed(0, "OACK", "no option was asked for")
    agreed: dict[str, int] = {}
    for name, text in answer.options:
        if name not in offers:
            raise Malformed(2, "OACK", f"option {name!r} was not asked for")
        if name in agreed:
            raise Malformed(2, "OACK", f"option {name!r} comes twice")
        if not text.isdecimal() or len(text) > _MAX_DIGITS:
            raise Malformed(2, "OACK", f"{name} is no number: {text!r}")
        value = int(text)
        if not _may_answer(name, int(offers[name]), value):
            raise Malformed(2, "OACK", f"{name} {value} is no answer to {offers[name]}")
        agreed[name] = value
    return TftpOptions(**agreed)


def _may_answer(name: str, offer: int, value: int) -> bool:
    match name:
        case "blksize":
            return MIN_BLOCK_SIZE <= value <= offer
        case "windowsize":
            return 1 <= value <= offer
        case "timeout":
            return value == offer
        case _:
            return True
