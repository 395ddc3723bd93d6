"""Words that the checks of trust lists and signatures share. Text of a peer stays raw."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from vpnprobe.checks.wording import listing
from vpnprobe.model.trust import SignatureReading
from vpnprobe.wire.trust_records import ROLE_NAMES


def role_words(roles: Iterable[int]) -> str:
    """Return the names of roles of records, for instance `SAST, CCM+TFTP`."""
    return listing(ROLE_NAMES.get(role, f"role {role}") for role in sorted(set(roles)))


def algorithm_words(reading: SignatureReading) -> str:
    """Return for instance `SHA-1 with a 2048-bit key`."""
    digest = (
        "an unknown hash" if reading.hash_algorithm is None else reading.hash_algorithm.upper().replace("SHA", "SHA-")
    )
    return digest if reading.key_bits is None else f"{digest} with a {reading.key_bits}-bit key"


def moment(seconds: int) -> datetime:
    """Return the time stamp of a header."""
    return datetime.fromtimestamp(seconds, UTC)
