"""The datagrams of TFTP.

What we send is built by tftpy's packet classes. What we receive is parsed here, because theirs break on
hostile or merely unusual input: the factory refuses two-byte datagrams and lets `struct.error` through for a
three-byte DATA; the ERROR class writes the server's raw text to the log; the OACK class fails on empty values
and on anything but ASCII, and keeps only the last of two options with one name. They also cost a microsecond
per block, a tenth of all that we spend on one.
"""

from __future__ import annotations

import enum
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from vpnprobe.model.errors import LimitExceeded, Malformed, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

# RFC 2347: the whole request fits 512 bytes.
MAX_REQUEST = 512
# Server texts seen are under 100 bytes; more than this helps nobody.
MAX_ERROR_TEXT = 512
# Four options exist that a client of ours may offer; room for a server that repeats or invents some.
MAX_OACK_OPTIONS = 16
# DATA and ERROR: opcode, and block number or error code.
HEADER_SIZE = 4

_OPCODE_DATA = b"\x00\x03"
_OPCODE_ERROR = b"\x00\x05"
_OPCODE_OACK = b"\x00\x06"


class ErrorCode(enum.IntEnum):
    """RFC 1350 appendix, RFC 2347 section 2 for 8."""

    NOT_DEFINED = 0
    FILE_NOT_FOUND = 1
    ACCESS_VIOLATION = 2
    DISK_FULL = 3
    ILLEGAL_OPERATION = 4
    UNKNOWN_TRANSFER_ID = 5
    FILE_EXISTS = 6
    NO_SUCH_USER = 7
    OPTION_NEGOTIATION = 8


class Data(msgspec.Struct, frozen=True, gc=False):
    """DATA: the block number as on the wire (0 to 65535) and its bytes."""

    block: int
    payload: bytes


class ServerError(msgspec.Struct, frozen=True, gc=False):
    """ERROR: the code as sent, known or not, and the text, raw and cut at `MAX_ERROR_TEXT` bytes."""

    code: int
    text: str


class OptionAck(msgspec.Struct, frozen=True):
    """OACK: names in lower case and values, in the order sent; nothing is checked yet."""

    options: tuple[tuple[str, str], ...]


@cache
def _tftpy() -> Any:
    """The packet module of tftpy, imported with the first transfer, as that takes 40 ms."""
    from tftpy import TftpPacketTypes

    return TftpPacketTypes


def build_read_request(filename: str, options: Mapping[str, str]) -> bytes:
    """RRQ in octet mode, the name in UTF-8; `UsageError` when that is empty, holds a NUL or is too long."""
    if not filename or "\0" in filename:
        raise UsageError(f"a TFTP file name is one or more characters without NUL, not {filename!r}")
    before, after = _around_filename(tuple(options.items()))
    datagram = before + filename.encode("utf-8", "surrogateescape") + after
    if len(datagram) > MAX_REQUEST:
        raise UsageError(f"the file name is too long for TFTP: a request holds {MAX_REQUEST} bytes")
    return datagram


@lru_cache(maxsize=64)
def _around_filename(options: tuple[tuple[str, str], ...]) -> tuple[bytes, bytes]:
    """Return what stands before and behind the name; kept ready, as a fleet's requests differ in the name alone."""
    packet = _tftpy().TftpPacketRRQ()
    # As bytes, since tftpy encodes text as ASCII only.
    packet.filename = b"?"
    packet.mode = "octet"
    packet.options = dict(options)
    before, _, after = packet.encode().buffer.partition(packet.filename)
    return before, after


@lru_cache(maxsize=1024)
def build_ack(block: int) -> bytes:
    """ACK of the block number as on the wire; kept ready, as every file needs the same few."""
    packet = _tftpy().TftpPacketACK()
    packet.blocknumber = block
    datagram: bytes = packet.encode().buffer
    return datagram


@cache
def build_error(code: ErrorCode) -> bytes:
    """ERROR with tftpy's fixed text for the code; any code but `NOT_DEFINED`, for which it has none."""
    packet = _tftpy().TftpPacketERR()
    packet.errorcode = int(code)
    datagram: bytes = packet.encode().buffer
    return datagram


@lru_cache(maxsize=1024)
def data_header(block: int) -> bytes:
    """The first bytes of a DATA with this block number."""
    return _OPCODE_DATA + block.to_bytes(2, "big")


def is_error(datagram: bytes) -> bool:
    """Whether this is an ERROR, which is never answered with another one (RFC 1350 section 7)."""
    return datagram.startswith(_OPCODE_ERROR)


def is_opening(datagram: bytes) -> bool:
    """Whether a server would begin a transfer with this: the first block, or an OACK."""
    return datagram.startswith((data_header(1), _OPCODE_OACK))


def parse_answer(datagram: bytes) -> Data | ServerError | OptionAck:
    """Parse what a server may send to a reader; `Malformed` or `LimitExceeded` otherwise."""
    opcode = datagram[:2]
    if opcode == _OPCODE_DATA and len(datagram) >= HEADER_SIZE:
        return Data(int.from_bytes(datagram[2:HEADER_SIZE], "big"), datagram[HEADER_SIZE:])
    if opcode == _OPCODE_ERROR and len(datagram) >= HEADER_SIZE:
        return ServerError(int.from_bytes(datagram[2:HEADER_SIZE], "big"), _error_text(datagram))
    if opcode == _OPCODE_OACK:
        return OptionAck(_oack_options(datagram))
    if opcode in (_OPCODE_DATA, _OPCODE_ERROR) or len(opcode) < 2:
        raise Malformed(len(datagram), "datagram", "ends within the header")
    raise Malformed(0, "opcode", f"{int.from_bytes(opcode, 'big')} is not an answer to a read request")


def _error_text(datagram: bytes) -> str:
    """Up to the first NUL; servers that leave it out, or the whole text, are understood."""
    text = datagram[HEADER_SIZE : HEADER_SIZE + MAX_ERROR_TEXT].partition(b"\0")[0]
    return text.decode("utf-8", "backslashreplace")


def _oack_options(datagram: bytes) -> tuple[tuple[str, str], ...]:
    body = datagram[2:]
    if not body:
        return ()
    if not body.endswith(b"\0"):
        raise Malformed(len(datagram), "OACK", "the last value does not end in NUL")
    if not body.isascii():
        raise Malformed(2, "OACK", "not ASCII")
    if body.count(b"\0") > 2 * MAX_OACK_OPTIONS:
        raise LimitExceeded("options in an OACK", MAX_OACK_OPTIONS)
    strings = body[:-1].decode("ascii").split("\0")
    if len(strings) % 2:
        raise Malformed(len(datagram), "OACK", "an option has no value")
    return tuple((name.lower(), value) for name, value in zip(strings[::2], strings[1::2], strict=True))
