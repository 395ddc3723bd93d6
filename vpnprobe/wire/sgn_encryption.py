"""How a `.enc.sgn` is encrypted: the items that a phone needs to open it.

AES in CBC mode; the content key is wrapped with the public key of the phone's certificate (RSA, PKCS#1 v1.5); the
plaintext is filled up with carriage returns to whole blocks. Source: usecallmanagernz/certutils (enccnf).
"""

from __future__ import annotations

import msgspec

from vpnprobe.model.errors import Malformed
from vpnprobe.wire.sgn_items import HASH_NAMES, HeaderItems, Tag, item, read_start

# Every item of the encryption part but the containers and the two that no source explains.
ENCRYPTION_TAGS = tuple(tag for tag in Tag if Tag.ENCRYPTION_INFO <= tag <= Tag.PLAINTEXT_HASH)


class EncryptionValues(msgspec.Struct, frozen=True):
    """The encryption items of a `.enc.sgn`, with their bytes: not for Evidence.

    `padding` counts the carriage returns at the end of the plaintext, `plaintext_hash` is of the plaintext without
    them. `hash_algorithm` and `key_algorithm` are wire numbers; 1 is the only key algorithm seen. `key_bits` is 0 where
    the item is absent.
    """

    iv: bytes
    padding: int
    wrapped_key: bytes
    plaintext_hash: bytes
    hash_algorithm: int = 1
    key_bits: int = 2048
    key_algorithm: int = 1

    @property
    def hash_name(self) -> str | None:
        """`sha1`, `sha256`, `sha512`, or None for another number."""
        return HASH_NAMES.get(self.hash_algorithm)


def parse_encryption_values(data: bytes) -> EncryptionValues:
    """Read the encryption items of a whole file.

    Raises `Malformed` when the header does not parse or one of the items is missing that decryption needs;
    `LimitExceeded` as `vpnprobe.wire.sgn.parse_signed_header` does.
    """
    _, header_length = read_start(data)
    items = HeaderItems(data, header_length)

    def needed(tag: Tag, field: str) -> bytes:
        value = items.value(tag)
        if value is None:
            raise Malformed(header_length, field, "is missing from the header")
        return value

    return EncryptionValues(
        iv=needed(Tag.IV, "initialization vector"),
        padding=int.from_bytes(needed(Tag.CIPHERTEXT_PADDING, "padding"), "big"),
        wrapped_key=needed(Tag.KEY, "wrapped key"),
        plaintext_hash=needed(Tag.PLAINTEXT_HASH, "plaintext hash"),
        hash_algorithm=int.from_bytes(needed(Tag.PLAINTEXT_HASH_ALGORITHM, "plaintext hash algorithm"), "big"),
        key_bits=items.uint(Tag.KEY_BITS) or 0,
        key_algorithm=items.uint(Tag.KEY_ALGORITHM) or 0,
    )


def build_encryption_items(values: EncryptionValues) -> bytes:
    """Return the items to put into a header, container and all."""
    iv = item(Tag.IV_UNKNOWN, b"\0") + item(Tag.IV, values.iv)
    iv += item(Tag.CIPHERTEXT_PADDING, values.padding.to_bytes(2, "big"))
    key = item(Tag.KEY_UNKNOWN, b"\0") + item(Tag.KEY_BITS, values.key_bits.to_bytes(2, "big"))
    key += item(Tag.KEY_ALGORITHM, bytes([values.key_algorithm]))
    key += item(Tag.KEY, values.wrapped_key)
    return item(
        Tag.ENCRYPTION_INFO,
        item(Tag.IV_INFO, iv)
        + item(Tag.KEY_INFO, key)
        + item(Tag.PLAINTEXT_HASH_ALGORITHM, bytes([values.hash_algorithm]))
        + item(Tag.PLAINTEXT_HASH, values.plaintext_hash),
    )
