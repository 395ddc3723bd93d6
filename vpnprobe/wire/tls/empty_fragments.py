"""Whether a peer sends empty records before its data, the countermeasure of old OpenSSL (F3-22).

Before TLS 1.1 a CBC suite takes its first block's mask from the record before, and OpenSSL guards that with an empty
record before each one with data (seen of OpenSSL 4.0 as well). Other stacks split off the first byte instead; both
look alike in length, so the clear text decides.
"""

from __future__ import annotations

from typing import Final

from vpnprobe.model.errors import Malformed
from vpnprobe.wire.tls.record import RecordReader
from vpnprobe.wire.tls.registry import ContentType, Version
from vpnprobe.wire.tls.suites import Suite

MAX_RECORDS: Final = 32
"""Records with data that are noted: the first ones tell."""

# The ciphers that a TLS library of today can still have in such a session; each with HMAC-SHA1.
_BLOCK_BYTES: Final = {"AES": 16, "CAMELLIA": 16, "SEED": 16, "3DES": 8}
_MAC_BYTES: Final = 20


class DataRecords:
    """Notes the lengths of the first records with data, as received and in clear text."""

    __slots__ = ("_lengths", "_reader", "_texts")

    def __init__(self) -> None:
        self._reader: RecordReader | None = RecordReader()
        self._lengths: list[int] = []
        self._texts: list[int] = []

    def feed(self, data: bytes) -> None:
        """Take bytes of the stream, from its first one on."""
        if self._reader is None:
            return
        self._reader.feed(data)
        try:
            while len(self._lengths) < MAX_RECORDS and (record := self._reader.next_record()) is not None:
                if record.content_type == ContentType.application_data:
                    self._lengths.append(len(record.fragment))
        except Malformed:
            # The session ends here too; what was noted stays.
            self._reader = None
        if len(self._lengths) == MAX_RECORDS:
            self._reader = None

    def note_text(self, length: int) -> None:
        """Take the length of the clear text of the next record that was not empty."""
        if len(self._texts) < MAX_RECORDS:
            self._texts.append(length)

    def has_empty(self, version: int | None, suite: Suite | None) -> bool | None:
        """Whether an empty record came before a clear text.

        None where only texts were read that are as short as nothing once encrypted, from TLS 1.1 on, and where suite
        or padding do not allow to tell.
        """
        block = None if version is None or version > Version.TLS1_0 else _block_bytes(suite)
        if block is None:
            return None
        empty = _sealed_bytes(0, block)
        texts = iter(self._texts)
        text = next(texts, None)
        told = None
        for length in self._lengths:
            if text is None:
                break
            sealed = _sealed_bytes(text, block)
            if length != sealed:
                # Padding beyond the block, as some stacks add it, leaves the length open.
                return True if length == empty else None
            if sealed != empty:
                told = False
            text = next(texts, None)
        return told


def _block_bytes(suite: Suite | None) -> int | None:
    if suite is None or suite.hash != "SHA" or not suite.cipher.endswith("_CBC"):
        return None
    return _BLOCK_BYTES.get(suite.cipher.partition("_")[0])


def _sealed_bytes(text: int, block: int) -> int:
    """What a record with so much clear text holds: MAC, at least one byte of padding, whole blocks."""
    return ((text + _MAC_BYTES) // block + 1) * block
