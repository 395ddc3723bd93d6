"""The container of CUCM's signed files: `.sgn`, `.enc.sgn`, and the CTL and ITL files (`.tlv`).

A header of tag-length-value items (tag one byte, length two bytes big-endian) stands before the payload.
Container items hold no value of their own: the items inside simply follow. Tag 13, padding, is a single byte
without length. The header says its own length, so the payload begins there and is never searched for.

Source: the file formats of usecallmanagernz/certutils. Signatures are not verified here.
"""

from __future__ import annotations

import enum

import msgspec

from vpnprobe.model.errors import LimitExceeded, Malformed
from vpnprobe.wire.reader import Reader

MAX_NAME_BYTES = 1024  # a distinguished name or a file name; the longest seen is under 200
MAX_RECORDS = 1000  # a trust list has one record per server and role, some dozens in a large cluster
MAX_UNKNOWN_TAGS = 32

_START = bytes.fromhex("010002")  # version, two bytes: how every such file and every trust list record begins
_FIXED_START = 10  # the version item and the header length item
_RECORD_START = 5  # the record length item
_ITEM_START = 3  # tag and length

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
    KEY_BITS = 23
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
_MODULUS_BYTES = (64, 128, 256, 512)  # by the number in the modulus item
_KEY_BITS: dict[int | None, int] = {number: 8 * size for number, size in enumerate(_MODULUS_BYTES)}


class SignedKind(enum.Enum):
    """What the container holds."""

    SIGNED = "signed"  # a plain file
    ENCRYPTED = "encrypted"  # a file that only the phone can read
    TRUST_LIST = "trust-list"  # CTL or ITL records


class Encryption(msgspec.Struct, frozen=True, kw_only=True):
    """How the payload is encrypted. Lengths in bytes; the wrapped key itself is not kept."""

    iv_length: int | None = None
    padding: int | None = None
    key_bits: int | None = None
    key_algorithm: int | None = None
    wrapped_key_length: int | None = None
    hash_algorithm: int | None = None


class SignedHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of a header; None where the item is absent.

    `signer_serial` is lower-case hex. `hash_algorithm` and `signature_algorithm` are wire numbers, see
    `hash_name`. `key_bits` is from the modulus item. `signature_offset` is where the signature item begins in
    the file, `signature_length` the length of the signature alone. `timestamp` is in seconds since 1970.
    `unknown` holds tags that no source describes, in order. `records` is the number of records of a trust
    list.
    """

    kind: SignedKind
    version: str
    header_length: int
    signer_version: str | None = None
    signer_name: str | None = None
    signer_issuer: str | None = None
    signer_serial: str | None = None
    hash_algorithm: int | None = None
    signature_algorithm: int | None = None
    key_bits: int | None = None
    signature_offset: int | None = None
    signature_length: int | None = None
    file_name: str | None = None
    timestamp: int | None = None
    encryption: Encryption | None = None
    unknown: tuple[int, ...] = ()
    records: int | None = None

    @property
    def hash_name(self) -> str | None:
        """`sha1`, `sha256`, `sha512`, or None for another number."""
        return None if self.hash_algorithm is None else HASH_NAMES.get(self.hash_algorithm)


class EncryptionItems(msgspec.Struct, frozen=True):
    """What `build_signed_header` writes into the encryption items of a `.enc.sgn`."""

    iv: bytes
    padding: int
    wrapped_key: bytes
    plaintext_hash: bytes
    hash_algorithm: int = 1
    key_bits: int = 128
    key_algorithm: int = 1


def is_signed_file(data: bytes) -> bool:
    """Whether `data` begins as a signed file does. No text file can: the first byte is 1."""
    return data.startswith(_START)


def parse_signed_header(data: bytes) -> SignedHeader:
    """Read the header of a whole file.

    Raises `Malformed` when an item, the header or a record of a trust list runs past its end, or when a fixed
    item has another size; `LimitExceeded` for the caps of this module. Of a repeated item the last one
    counts.
    """
    version, header_length = _read_start(data)
    items = _Items(Reader(data[_FIXED_START:header_length], _FIXED_START))
    encryption = items.encryption()
    kind, records = SignedKind.SIGNED, None
    if encryption is not None:
        kind = SignedKind.ENCRYPTED
    elif items.has(Tag.SIGNER_VERSION) or data.startswith(_START, header_length):
        kind, records = SignedKind.TRUST_LIST, _count_records(Reader(data[header_length:], header_length))
    return SignedHeader(
        kind=kind,
        version=version,
        header_length=header_length,
        signer_version=items.version(Tag.SIGNER_VERSION),
        signer_name=items.name(Tag.SIGNER_NAME),
        signer_issuer=items.name(Tag.SIGNER_ISSUER),
        signer_serial=items.hex(Tag.SIGNER_SERIAL),
        hash_algorithm=items.uint(Tag.HASH_ALGORITHM),
        signature_algorithm=items.uint(Tag.SIGNATURE_ALGORITHM),
        key_bits=_KEY_BITS.get(items.uint(Tag.MODULUS)),
        signature_offset=items.offset(Tag.SIGNATURE),
        signature_length=items.length(Tag.SIGNATURE),
        file_name=items.name(Tag.FILE_NAME),
        timestamp=items.uint(Tag.TIMESTAMP),
        encryption=encryption,
        unknown=items.unknown,
        records=records,
    )


def strip(data: bytes) -> bytes:
    """Return the payload of a signed file. Raises `Malformed` when the start of the header does not parse."""
    return data[_read_start(data)[1] :]


def file_name_matches(embedded: str, asked: str) -> bool:
    """Whether the name in the header is that of the file that was asked for.

    The name is compared without case (CUCM lower-cases names). A name without `.sgn` is taken too: signing
    tools differ in whether they write the name from before or after signing.
    """
    return embedded.lower() in (asked.lower(), asked.lower().removesuffix(".sgn"))


def build_signed_header(
    *,
    file_name: str,
    signer_name: str,
    signer_issuer: str,
    signer_serial: bytes,
    signature: bytes,
    timestamp: int,
    hash_algorithm: int = 1,
    version: tuple[int, int] = (1, 0),
    signer_version: tuple[int, int] | None = None,
    encryption: EncryptionItems | None = None,
) -> bytes:
    """Return the header to put before a payload; `signature` is 64, 128, 256 or 512 bytes (RSA).

    To sign, build with a signature of zeros, put the payload behind, sign `signed_content` of that and build
    again.
    """
    before = _item(Tag.SIGNER_VERSION, bytes(signer_version)) if signer_version is not None else b""
    before += _item(
        Tag.SIGNER_INFO,
        _item(Tag.SIGNER_NAME, signer_name.encode() + b"\0")
        + _item(Tag.SIGNER_ISSUER, signer_issuer.encode() + b"\0")
        + _item(Tag.SIGNER_SERIAL, signer_serial),
    )
    algorithm = _item(Tag.SIGNATURE_ALGORITHM, b"\0")
    algorithm += _item(Tag.MODULUS, bytes([_MODULUS_BYTES.index(len(signature))]))
    before += _item(
        Tag.SIGNATURE_INFO,
        _item(Tag.HASH_ALGORITHM, bytes([hash_algorithm])) + _item(Tag.SIGNATURE_ALGORITHM_INFO, algorithm),
    )
    after = _item(Tag.SIGNATURE, signature)
    after += _item(Tag.FILE_NAME, file_name.encode() + b"\0")
    after += _item(Tag.TIMESTAMP, timestamp.to_bytes(4, "big"))
    if encryption is not None:
        after += _encryption_items(encryption)
    length = _FIXED_START + len(before) + len(after)
    padding = -length % 4
    start = _item(Tag.VERSION, bytes(version))
    start += _item(Tag.HEADER_LENGTH, (length + padding).to_bytes(2, "big"))
    return start + before + after + bytes([Tag.PADDING]) * padding


def signed_content(data: bytes) -> bytes:
    """Return what the signature covers: the whole file without its signature item.

    Raises as `parse_signed_header` does.
    """
    header = parse_signed_header(data)
    if header.signature_offset is None or header.signature_length is None:
        return data
    end = header.signature_offset + _ITEM_START + header.signature_length
    return data[: header.signature_offset] + data[end:]


def _read_start(data: bytes) -> tuple[str, int]:
    reader = Reader(data[:_FIXED_START])
    values = []
    for tag, field in ((Tag.VERSION, "version"), (Tag.HEADER_LENGTH, "header length")):
        offset = reader.offset
        if (reader.uint(1, field), reader.uint(2, field)) != (tag, 2):
            raise Malformed(offset, field, "another item stands here")
        values.append(reader.take(2, field))
    length = int.from_bytes(values[1], "big")
    if not _FIXED_START <= length <= len(data):
        raise Malformed(_FIXED_START - 2, "header length", f"{length} in a file of {len(data)} bytes")
    return f"{values[0][0]}.{values[0][1]}", length


class _Items:
    """The items of a header behind its two fixed ones."""

    def __init__(self, reader: Reader) -> None:
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

    def has(self, tag: Tag) -> bool:
        return tag in self._found

    def offset(self, tag: Tag) -> int | None:
        return self._found[tag][0] if tag in self._found else None

    def length(self, tag: Tag) -> int | None:
        return len(self._found[tag][1]) if tag in self._found else None

    def uint(self, tag: Tag) -> int | None:
        return int.from_bytes(self._found[tag][1], "big") if tag in self._found else None

    def hex(self, tag: Tag) -> str | None:
        return self._bounded(tag).hex() if tag in self._found else None

    def name(self, tag: Tag) -> str | None:
        return self._bounded(tag).removesuffix(b"\0").decode(errors="replace") if tag in self._found else None

    def version(self, tag: Tag) -> str | None:
        return "{}.{}".format(*self._found[tag][1]) if tag in self._found else None

    def _bounded(self, tag: Tag) -> bytes:
        value = self._found[tag][1]
        if len(value) > MAX_NAME_BYTES:
            raise LimitExceeded(f"bytes in item {tag.value}", MAX_NAME_BYTES)
        return value

    def encryption(self) -> Encryption | None:
        if not any(Tag.ENCRYPTION_INFO <= tag <= Tag.PLAINTEXT_HASH for tag in self._found):
            return None
        return Encryption(
            iv_length=self.length(Tag.IV),
            padding=self.uint(Tag.CIPHERTEXT_PADDING),
            key_bits=self.uint(Tag.KEY_BITS),
            key_algorithm=self.uint(Tag.KEY_ALGORITHM),
            wrapped_key_length=self.length(Tag.KEY),
            hash_algorithm=self.uint(Tag.PLAINTEXT_HASH_ALGORITHM),
        )


def _count_records(reader: Reader) -> int:
    count = 0
    while reader.remaining:
        offset = reader.offset
        if (reader.uint(1, "record"), reader.uint(2, "record")) != (1, 2):
            raise Malformed(offset, "record", "does not begin with its length")
        length = reader.uint(2, "record length")
        if length < _RECORD_START:
            raise Malformed(offset, "record length", f"{length} is less than its own item")
        reader.take(length - _RECORD_START, "record")
        count += 1
        if count > MAX_RECORDS:
            raise LimitExceeded("records in the trust list", MAX_RECORDS)
    return count


def _item(tag: Tag, value: bytes) -> bytes:
    return bytes([tag]) + len(value).to_bytes(2, "big") + value


def _encryption_items(encryption: EncryptionItems) -> bytes:
    iv = _item(Tag.IV_UNKNOWN, b"\0") + _item(Tag.IV, encryption.iv)
    iv += _item(Tag.CIPHERTEXT_PADDING, encryption.padding.to_bytes(2, "big"))
    key = _item(Tag.KEY_UNKNOWN, b"\0") + _item(Tag.KEY_BITS, encryption.key_bits.to_bytes(2, "big"))
    key += _item(Tag.KEY_ALGORITHM, bytes([encryption.key_algorithm]))
    key += _item(Tag.KEY, encryption.wrapped_key)
    return _item(
        Tag.ENCRYPTION_INFO,
        _item(Tag.IV_INFO, iv)
        + _item(Tag.KEY_INFO, key)
        + _item(Tag.PLAINTEXT_HASH_ALGORITHM, bytes([encryption.hash_algorithm]))
        + _item(Tag.PLAINTEXT_HASH, encryption.plaintext_hash),
    )
