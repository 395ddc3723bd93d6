"""The items of CUCM's signed files: tag one byte, length two bytes big-endian, value.

Container items of a header hold no value of their own: the items inside simply follow, so nothing nests. Tag 13,
padding, is a single byte without length. Source: the file formats of usecallmanagernz/certutils.
"""

from __future__ import annotations

import enum

from vpnprobe.model.errors import LimitExceeded, Malformed
from vpnprobe.wire.reader import Reader

MAX_NAME_BYTES = 1024  # a distinguished name or a file name; the longest seen is under 200
MAX_UNKNOWN_TAGS = 32

START = bytes.fromhex("010002")  # version, two bytes: how every such file and every trust list record begins
FIXED_START = 10  # the version item and the header length item
ITEM_START = 3  # tag and length

HASH_NAMES = {1: "sha1", 2: "sha256", 3: "sha512"}


class Tag(enum.IntEnum):
    """Header items."""

    VERSION = 1
    HEADER_LENGTH = 2
    SIGNER_INFO = 3  # container
    SIGNER_NAME = 4
    SIGNER_SERIAL = 5
    SIGNER_ISSUER = 6
    SIGNATURE_INFO = 7  # container
    HASH_ALGORITHM = 8
    SIGNATURE_ALGORITHM_INFO = 9  # container
    SIGNATURE_ALGORITHM = 10  # 0 is RSA
    MODULUS = 11  # 0..3: 64, 128, 256, 512 bytes
    SIGNATURE = 12
    PADDING = 13
    FILE_NAME = 14
    TIMESTAMP = 15
    ENCRYPTION_INFO = 16  # container
    IV_INFO = 17  # container
    IV_UNKNOWN = 18
    IV = 19
    CIPHERTEXT_PADDING = 20
    KEY_INFO = 21  # container
    KEY_UNKNOWN = 22
    KEY_BITS = 23  # certutils writes the bits of the RSA key that the content key is wrapped with
    KEY_ALGORITHM = 24
    KEY = 25
    PLAINTEXT_HASH_ALGORITHM = 26
    PLAINTEXT_HASH = 27
    SIGNER_VERSION = 28  # trust lists only


_CONTAINERS = frozenset(
    {
        Tag.SIGNER_INFO,
        Tag.SIGNATURE_INFO,
        Tag.SIGNATURE_ALGORITHM_INFO,
        Tag.ENCRYPTION_INFO,
        Tag.IV_INFO,
        Tag.KEY_INFO,
    }
)
_SIZES: dict[int, int] = {
    Tag.HASH_ALGORITHM: 1,
    Tag.SIGNATURE_ALGORITHM: 1,
    Tag.MODULUS: 1,
    Tag.TIMESTAMP: 4,
    Tag.CIPHERTEXT_PADDING: 2,
    Tag.KEY_BITS: 2,
    Tag.KEY_ALGORITHM: 1,
    Tag.PLAINTEXT_HASH_ALGORITHM: 1,
    Tag.SIGNER_VERSION: 2,
}
_TAGS = frozenset(Tag)


def read_start(data: bytes) -> tuple[str, int]:
    """Return the version and the header length of a whole file. Raises `Malformed`."""
    reader = Reader(data[:FIXED_START])
    values = []
    for tag, field in ((Tag.VERSION, "version"), (Tag.HEADER_LENGTH, "header length")):
        offset = reader.offset
        if (reader.uint(1, field), reader.uint(2, field)) != (tag, 2):
            raise Malformed(offset, field, "another item stands here")
        values.append(reader.take(2, field))
    length = int.from_bytes(values[1], "big")
    if not FIXED_START <= length <= len(data):
        raise Malformed(FIXED_START - 2, "header length", f"{length} in a file of {len(data)} bytes")
    return f"{values[0][0]}.{values[0][1]}", length


def item(tag: int, value: bytes) -> bytes:
    """Return one item; `value` has at most 65,535 bytes."""
    return bytes([tag]) + len(value).to_bytes(2, "big") + value


def decode_name(value: bytes) -> str:
    """Return a name without its final NUL; bytes that are no UTF-8 are replaced. Raises `LimitExceeded`."""
    if len(value) > MAX_NAME_BYTES:
        raise LimitExceeded("bytes in a name", MAX_NAME_BYTES)
    return value.removesuffix(b"\0").decode(errors="replace")


class HeaderItems:
    """The items of a header behind its two fixed ones. Of a repeated item the last one counts."""

    def __init__(self, data: bytes, header_length: int) -> None:
        """Read the items of `data`, a whole file. Raises `WireError`."""
        reader = Reader(data[FIXED_START:header_length], FIXED_START)
        self._found: dict[int, tuple[int, bytes]] = {}
        unknown = []
        while reader.remaining:
            offset = reader.offset
            tag = reader.uint(1, "tag")
            if tag == Tag.PADDING:
                continue
            length = reader.uint(2, f"length of item {tag}")
            if tag in _CONTAINERS:
                if length > reader.remaining:
                    raise Malformed(offset, f"container {tag}", "runs past the end of the header")
                continue
            value = reader.take(length, f"item {tag}")
            if _SIZES.get(tag, length) != length:
                raise Malformed(offset, f"item {tag}", f"{length} bytes instead of {_SIZES[tag]}")
            if tag not in _TAGS:
                unknown.append(tag)
            self._found[tag] = (offset, value)
        if len(unknown) > MAX_UNKNOWN_TAGS:
            raise LimitExceeded("unknown items in the header", MAX_UNKNOWN_TAGS)
        self.unknown = tuple(unknown)

    def has(self, *tags: Tag) -> bool:
        """Whether one of these items is there."""
        return any(tag in self._found for tag in tags)

    def offset(self, tag: Tag) -> int | None:
        """Where the item begins in the file."""
        return self._found[tag][0] if tag in self._found else None

    def value(self, tag: Tag) -> bytes | None:
        """The bytes of the item."""
        return self._found[tag][1] if tag in self._found else None

    def length(self, tag: Tag) -> int | None:
        """How many bytes the item has."""
        return len(self._found[tag][1]) if tag in self._found else None

    def uint(self, tag: Tag) -> int | None:
        """The item as an unsigned number."""
        return int.from_bytes(self._found[tag][1], "big") if tag in self._found else None

    def name(self, tag: Tag) -> str | None:
        """The item as a text. Raises `LimitExceeded`."""
        return decode_name(self._found[tag][1]) if tag in self._found else None

    def hex(self, tag: Tag) -> str | None:
        """The item as lower-case hex digits. Raises `LimitExceeded`."""
        value = self.value(tag)
        if value is not None and len(value) > MAX_NAME_BYTES:
            raise LimitExceeded(f"bytes in item {tag.value}", MAX_NAME_BYTES)
        return None if value is None else value.hex()

    def version(self, tag: Tag) -> str | None:
        """The item of two bytes as `major.minor`."""
        return "{}.{}".format(*self._found[tag][1]) if tag in self._found else None
