"""A cursor over received bytes that names the field it fails on."""

from __future__ import annotations

from vpnprobe.model.errors import Malformed


class Reader:
    """Reads big-endian fields from `data`; every method raises `Malformed` instead of running past the end.

    `base` is added to reported offsets, so that a reader of an inner block still speaks of outer positions.
    """

    __slots__ = ("_base", "_data", "_pos")

    def __init__(self, data: bytes, base: int = 0) -> None:
        self._data = data
        self._pos = 0
        self._base = base

    @property
    def offset(self) -> int:
        """Position of the next byte, counted with `base`."""
        return self._base + self._pos

    @property
    def remaining(self) -> int:
        """Bytes not read yet."""
        return len(self._data) - self._pos

    def take(self, count: int, field: str) -> bytes:
        """Return the next `count` bytes."""
        start = self._pos
        end = start + count
        if end > len(self._data):
            raise Malformed(self.offset, field, f"{count} bytes announced, {self.remaining} left")
        self._pos = end
        return self._data[start:end]

    def uint(self, size: int, field: str) -> int:
        """Return an unsigned integer of `size` bytes."""
        return int.from_bytes(self.take(size, field), "big")

    def vector(self, length_size: int, field: str) -> bytes:
        """Return the body of a vector that is preceded by its length in `length_size` bytes."""
        data = self._data
        start = self._pos + length_size
        end = start + int.from_bytes(data[self._pos : start], "big")
        if end > len(data):
            # Once more, for the error that names what is short.
            return self.take(self.uint(length_size, f"{field} length"), field)
        self._pos = end
        return data[start:end]

    def block(self, length_size: int, field: str) -> Reader:
        """Return a reader over the body of a length-prefixed vector."""
        length = self.uint(length_size, f"{field} length")
        base = self.offset
        return Reader(self.take(length, field), base)

    def rest(self) -> bytes:
        """Return everything that is left."""
        return self.take(self.remaining, "rest")

    def expect_end(self, field: str) -> None:
        """Raise `Malformed` when bytes are left over."""
        if self.remaining:
            raise Malformed(self.offset, field, f"{self.remaining} trailing bytes")
