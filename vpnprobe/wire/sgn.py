"""The container of CUCM's signed files: `.sgn`, `.enc.sgn`, and the CTL and ITL files (`.tlv`).

A header of items (`vpnprobe.wire.sgn_items`) stands before the payload. The header says its own length, so the payload
begins there and is never searched for. Source: the file formats of usecallmanagernz/certutils. Signatures are verified
by `vpnprobe.pki.signed_file`.
"""

from __future__ import annotations

import enum

import msgspec

from vpnprobe.wire.sgn_encryption import ENCRYPTION_TAGS, EncryptionValues, build_encryption_items
from vpnprobe.wire.sgn_items import FIXED_START, HASH_NAMES, ITEM_START, START, HeaderItems, Tag, item, read_start
from vpnprobe.wire.trust_records import count_records

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


def is_signed_file(data: bytes) -> bool:
    """Whether `data` begins as a signed file does. No text file can: the first byte is 1."""
    return data.startswith(START)


def parse_signed_header(data: bytes) -> SignedHeader:
    """Read the header of a whole file.

    Raises `Malformed` when an item, the header or a record of a trust list runs past its end, or when a fixed
    item has another size; `LimitExceeded` for the caps of this module. Of a repeated item the last one
    counts.
    """
    version, header_length = read_start(data)
    items = HeaderItems(data, header_length)
    encryption = _describe_encryption(items)
    kind, records = SignedKind.SIGNED, None
    if encryption is not None:
        kind = SignedKind.ENCRYPTED
    elif items.has(Tag.SIGNER_VERSION) or data.startswith(START, header_length):
        kind, records = SignedKind.TRUST_LIST, count_records(data, header_length)
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
    return data[read_start(data)[1] :]


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
    encryption: EncryptionValues | None = None,
) -> bytes:
    """Return the header to put before a payload; `signature` is 64, 128, 256 or 512 bytes (RSA).

    To sign, build with a signature of zeros, put the payload behind, sign `signed_content` of that and build
    again.
    """
    before = item(Tag.SIGNER_VERSION, bytes(signer_version)) if signer_version is not None else b""
    before += item(
        Tag.SIGNER_INFO,
        item(Tag.SIGNER_NAME, signer_name.encode() + b"\0")
        + item(Tag.SIGNER_ISSUER, signer_issuer.encode() + b"\0")
        + item(Tag.SIGNER_SERIAL, signer_serial),
    )
    algorithm = item(Tag.SIGNATURE_ALGORITHM, b"\0")
    algorithm += item(Tag.MODULUS, bytes([_MODULUS_BYTES.index(len(signature))]))
    before += item(
        Tag.SIGNATURE_INFO,
        item(Tag.HASH_ALGORITHM, bytes([hash_algorithm])) + item(Tag.SIGNATURE_ALGORITHM_INFO, algorithm),
    )
    after = item(Tag.SIGNATURE, signature)
    after += item(Tag.FILE_NAME, file_name.encode() + b"\0")
    after += item(Tag.TIMESTAMP, timestamp.to_bytes(4, "big"))
    if encryption is not None:
        after += build_encryption_items(encryption)
    length = FIXED_START + len(before) + len(after)
    padding = -length % 4
    start = item(Tag.VERSION, bytes(version))
    start += item(Tag.HEADER_LENGTH, (length + padding).to_bytes(2, "big"))
    return start + before + after + bytes([Tag.PADDING]) * padding


def signed_content(data: bytes) -> bytes:
    """Return what the signature covers: the whole file without its signature item.

    Raises as `parse_signed_header` does.
    """
    return split_signature(data)[0]


def split_signature(data: bytes) -> tuple[bytes, bytes | None]:
    """Return what the signature covers (the whole file without its signature item) and the signature, if there is one.

    Raises as `parse_signed_header` does.
    """
    header = parse_signed_header(data)
    if header.signature_offset is None or header.signature_length is None:
        return data, None
    start = header.signature_offset + ITEM_START
    end = start + header.signature_length
    return data[: header.signature_offset] + data[end:], data[start:end]


def _describe_encryption(items: HeaderItems) -> Encryption | None:
    if not items.has(*ENCRYPTION_TAGS):
        return None
    return Encryption(
        iv_length=items.length(Tag.IV),
        padding=items.uint(Tag.CIPHERTEXT_PADDING),
        key_bits=items.uint(Tag.KEY_BITS),
        key_algorithm=items.uint(Tag.KEY_ALGORITHM),
        wrapped_key_length=items.length(Tag.KEY),
        hash_algorithm=items.uint(Tag.PLAINTEXT_HASH_ALGORITHM),
    )
