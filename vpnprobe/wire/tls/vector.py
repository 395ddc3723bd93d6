"""Length-prefixed vectors, the one building block of every TLS message (RFC 5246 section 4.3)."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from vpnprobe.model.errors import Malformed
from vpnprobe.wire.reader import Reader

_CODES: Final = {1: "B", 2: "H"}


def vector(length_size: int, body: bytes) -> bytes:
    """Return `body` behind its length in `length_size` bytes; OverflowError when it does not fit."""
    return len(body).to_bytes(length_size, "big") + body


def uint_vector(length_size: int, size: int, values: Iterable[int]) -> bytes:
    """Return a vector of unsigned integers of `size` bytes each."""
    return vector(length_size, b"".join([value.to_bytes(size, "big") for value in values]))


def read_uint_vector(reader: Reader, length_size: int, size: int, field: str) -> tuple[int, ...]:
    """Read a vector of unsigned integers of `size` bytes (1 or 2); `Malformed` when its length is no multiple."""
    start = reader.offset
    body = reader.vector(length_size, field)
    if len(body) % size:
        raise Malformed(start, field, f"{len(body)} bytes are not a whole number of {size}-byte values")
    return struct.unpack(f">{len(body) // size}{_CODES[size]}", body)
