"""Records and handshake messages cut out of a byte stream, and put into one (RFC 5246 section 6.2.1 and 7.4).

Both readers work incrementally: feed what came, ask for the next item until there is none. A handshake
message may span records and a record may hold several messages, so the two are separate.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from vpnprobe.model.errors import LimitExceeded, Malformed

HEADER_BYTES: Final = 5
MAX_PLAINTEXT: Final = 2**14
"""What a sender may put in one record in clear text (RFC 5246 section 6.2.1)."""
MAX_FRAGMENT: Final = 2**14 + 2048
"""What is read: the ciphertext limit, since some stacks announce a little more than the plaintext limit."""
MESSAGE_HEADER_BYTES: Final = 4

_CONTENT_TYPES: Final = range(20, 25)


class Record(NamedTuple):
    """One record: content type, version of the record layer, fragment."""

    content_type: int
    version: int
    fragment: bytes


def build_records(content_type: int, version: int, payload: bytes, *, fragment: int = MAX_PLAINTEXT) -> bytes:
    """Return `payload` in records of at most `fragment` bytes; an empty payload gives one empty record."""
    head = content_type.to_bytes(1, "big") + version.to_bytes(2, "big")
    parts = [payload[at : at + fragment] for at in range(0, len(payload), fragment)] or [b""]
    return b"".join([head + len(part).to_bytes(2, "big") + part for part in parts])


class RecordReader:
    """Cuts a byte stream into records. Offsets in errors count from the start of the stream."""

    __slots__ = ("_buffer", "_dropped", "_start")

    def __init__(self) -> None:
        self._buffer = b""
        self._start = 0
        self._dropped = 0

    @property
    def consumed(self) -> int:
        """Bytes of the stream that were handed out as records."""
        return self._dropped + self._start

    @property
    def pending(self) -> bytes:
        """Bytes that were fed and not handed out."""
        return self._buffer[self._start :]

    def feed(self, data: bytes) -> None:
        """Add bytes of the stream."""
        self._buffer = self._buffer[self._start :] + data
        self._dropped += self._start
        self._start = 0

    def next_record(self) -> Record | None:
        """Return the next record, None when more bytes are needed.

        Raises `Malformed` as soon as the bytes at hand cannot begin a record, even when they are only one or
        two.
        """
        buffer, start = self._buffer, self._start
        left = len(buffer) - start
        if left and buffer[start] not in _CONTENT_TYPES:
            raise Malformed(self.consumed, "record content type", f"{buffer[start]} is none")
        if left > 1 and buffer[start + 1] != 3:
            raise Malformed(self.consumed + 1, "record version", f"major version {buffer[start + 1]}")
        if left < HEADER_BYTES:
            return None
        body = start + HEADER_BYTES
        length = buffer[start + 3] << 8 | buffer[start + 4]
        if length > MAX_FRAGMENT:
            raise Malformed(self.consumed + 3, "record length", f"{length} is more than {MAX_FRAGMENT}")
        end = body + length
        if len(buffer) < end:
            return None
        self._start = end
        return Record(buffer[start], 0x0300 | buffer[start + 2], buffer[body:end])


class Message(NamedTuple):
    """One handshake message: its type and its body without the header."""

    handshake_type: int
    body: bytes


def build_message(handshake_type: int, body: bytes) -> bytes:
    """Return a handshake message with its header."""
    return handshake_type.to_bytes(1, "big") + len(body).to_bytes(3, "big") + body


class MessageReader:
    """Joins the fragments of handshake records and cuts them into messages of at most `max_bytes` each."""

    __slots__ = ("_buffer", "_max_bytes")

    def __init__(self, max_bytes: int) -> None:
        self._buffer = b""
        self._max_bytes = max_bytes

    @property
    def pending(self) -> int:
        """Number of bytes that wait for the rest of their message."""
        return len(self._buffer)

    def feed(self, fragment: bytes) -> None:
        """Add the fragment of the next handshake record."""
        self._buffer = self._buffer + fragment if self._buffer else fragment

    def next_message(self) -> Message | None:
        """Return the next message, None when more fragments are needed.

        Raises `LimitExceeded` ("bytes in a handshake message") when the announced length is over the cap.
        """
        buffer = self._buffer
        if len(buffer) < MESSAGE_HEADER_BYTES:
            return None
        end = MESSAGE_HEADER_BYTES + int.from_bytes(buffer[1:4], "big")
        if end - MESSAGE_HEADER_BYTES > self._max_bytes:
            raise LimitExceeded("bytes in a handshake message", self._max_bytes)
        if len(buffer) < end:
            return None
        self._buffer = buffer[end:]
        return Message(buffer[0], buffer[MESSAGE_HEADER_BYTES:end])
