"""Responses cut out of a SIP byte stream (RFC 3261 section 18.3), as real servers send them.

What breaks the rules and can still be read is a `Breach` of the response. Compact names, folded and repeated headers,
white space before a colon and empty lines between messages (RFC 5626 section 3.5.1) are within the rules.
"""

from __future__ import annotations

import enum
import re
from typing import Final

import msgspec

from vpnprobe.model.errors import LimitExceeded, Malformed, WireError

MAX_START_LINE: Final = 4096
"""Bytes; a reason phrase is a few words."""
MAX_HEADER_LINE: Final = 16 * 1024
"""Bytes of one line; the longest honest one is a certificate or a token."""
MAX_HEADERS: Final = 256
"""A long route gives some dozens."""
MAX_HEAD: Final = 64 * 1024
"""Bytes of start line and headers together: what fits one datagram."""
MAX_BODY: Final = 1024 * 1024
"""Bytes that are counted; an answer to OPTIONS has none or a session description of a few kilobytes."""
BODY_EXCERPT: Final = 2048
"""Bytes of the body that are kept."""
MAX_MESSAGES: Final = 64
"""Whole messages of one stream, provisional responses and the peer's own requests among them; an honest peer sends
one or two."""
MAX_STREAM: Final = 4 * 1024 * 1024
"""Bytes of one stream with its empty lines, which no other cap counts."""

_STATUS_LINE: Final = re.compile(r"SIP/([0-9]+\.[0-9]+)[ \t]+([0-9]{3})(?:[ \t]+(.*))?", re.I | re.A | re.S)
_STRICT_STATUS_LINE: Final = re.compile(r"SIP/2\.0 [0-9]{3} .*", re.S)
_REQUEST_LINE: Final = re.compile(r"[!-~]+[ \t]+[^ \t]+[ \t]+SIP/[0-9]+\.[0-9]+[ \t]*", re.I | re.A)
_TOKEN: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_TOKEN_BYTES: Final = frozenset(byte for byte in range(0x80) if _TOKEN.fullmatch(chr(byte)))
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# The first ten digits already say that it is over the cap; more would only be slow to convert.
_LENGTH: Final = re.compile(r"0*([0-9]{1,10})[0-9]*")

_COMPACT_NAMES: Final = {
    # RFC 3261 section 7.3.3.
    "i": "call-id",
    "m": "contact",
    "e": "content-encoding",
    "l": "content-length",
    "c": "content-type",
    "f": "from",
    "s": "subject",
    "k": "supported",
    "t": "to",
    "v": "via",
    # Those of later extensions: RFC 6665, 3841, 3515, 3892, 4028, 8224.
    "o": "event",
    "u": "allow-events",
    "a": "accept-contact",
    "j": "reject-contact",
    "d": "request-disposition",
    "r": "refer-to",
    "b": "referred-by",
    "x": "session-expires",
    "y": "identity",
}

_OTHER_PROTOCOLS: Final = (
    ("HTTP/", "HTTP"),
    ("SSH-", "SSH"),
    ("220", "FTP or SMTP"),
    ("+OK", "POP3"),
)


class Breach(enum.Enum):
    """A rule of RFC 3261 that a response breaks while it can still be read."""

    BARE_LF = "a line ends without carriage return"  # section 7
    STATUS_LINE = "the status line is not in its exact form"  # section 7.2
    HEADER_NAME = "a header line has no valid name"  # section 7.3.1
    CONTROL_CHARACTER = "control characters in a header"  # section 25.1
    NOT_UTF8 = "text that is not UTF-8"  # section 7
    NO_CONTENT_LENGTH = "no Content-Length on a stream"  # section 20.14
    CONTENT_LENGTH = "Content-Length is not exactly one number"  # section 20.14


class SipResponse(msgspec.Struct, frozen=True, kw_only=True):
    """One response. `headers` are (name in lower case and in full, unfolded value) in order of the message.

    `body_length` is what was received of the body and `body` its first bytes. Text that is not UTF-8 is read as
    Latin-1, so nothing is lost. Header lines without a valid name are left out. Where the length of the body cannot
    be told it counts as 0, so that what follows is taken for the next message.
    """

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()
    body_length: int = 0
    body: bytes = b""
    breaches: tuple[Breach, ...] = ()

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values of every header of this name (lower case), in order."""
        return tuple(value for one, value in self.headers if one == name)


class ResponseReader:
    """Cuts a byte stream into responses; the peer's own requests are counted and skipped.

    `feed` raises `Malformed` for what is no SIP and `LimitExceeded` for what is over a cap, as soon as the bytes at
    hand show it; after that every call raises the same. An error behind whole responses waits for the next call.
    Offsets count from the start of the stream.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._offset = 0
        self._head: _Head | None = None
        self._body_left: int | None = None
        self._body_length = 0
        self._excerpt = b""
        self._messages = 0
        self._error: WireError | None = None
        self.requests = 0

    @property
    def unfinished(self) -> SipResponse | None:
        """The response whose head is whole and whose body is not."""
        return None if self._body_left is None or self._head is None else self._response(self._head)

    def feed(self, data: bytes) -> tuple[SipResponse, ...]:
        """Take the next bytes and return the responses that they complete; empty means that more bytes are needed."""
        found: list[SipResponse] = []
        self._buffer += data
        if self._error is None:
            try:
                if self._offset + len(self._buffer) > MAX_STREAM:
                    raise LimitExceeded("bytes of SIP", MAX_STREAM)
                while self._step(found):
                    pass
            except WireError as error:
                self._error = error
        if self._error is not None:
            self._buffer.clear()
            if not found:
                raise self._error
        return tuple(found)

    def _step(self, found: list[SipResponse]) -> bool:
        """Go one line or one body on; return whether there is anything to go on with."""
        if self._body_left is not None:
            return self._read_body(found)
        if self._head is None:
            self._skip_empty_lines()
            if self._buffer and self._buffer[0] not in _TOKEN_BYTES:
                raise Malformed(self._offset, "start line", "no SIP: it cannot begin with such a byte")
        at = self._offset
        line = self._next_line("the start line", MAX_START_LINE) if self._head is None else self._next_header_line()
        if line is None:
            return False
        if self._head is None:
            self._head = _Head(line, at)
        elif line.rstrip(b"\r"):
            self._head.add(line)
        else:
            self._end_head(self._head, line)
        return True

    def _skip_empty_lines(self) -> None:
        if empty := len(self._buffer) - len(self._buffer.lstrip(b"\r\n")):
            self._drop(empty)

    def _next_header_line(self) -> bytes | None:
        line = self._next_line("a header line", MAX_HEADER_LINE)
        assert self._head is not None
        if self._head.size + (len(self._buffer) if line is None else len(line)) > MAX_HEAD:
            raise LimitExceeded("bytes of SIP head", MAX_HEAD)
        return line

    def _next_line(self, what: str, limit: int) -> bytes | None:
        """Return the next line without its line feed, None when it is not whole."""
        end = self._buffer.find(b"\n", self._searched)
        length = len(self._buffer) if end < 0 else end
        if length > limit:
            raise LimitExceeded(f"bytes in {what}", limit)
        if end < 0:
            self._searched = length
            return None
        line = bytes(self._buffer[:end])
        self._drop(end + 1)
        return line

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._offset += count
        self._searched = 0

    def _end_head(self, head: _Head, line: bytes) -> None:
        head.note_line_end(line)
        self._messages += 1
        if self._messages > MAX_MESSAGES:
            raise LimitExceeded("SIP messages", MAX_MESSAGES)
        self._body_left = head.content_length()
        self._body_length = 0
        self._excerpt = b""
        if self._body_left > MAX_BODY:
            raise LimitExceeded("bytes of SIP body", MAX_BODY)

    def _read_body(self, found: list[SipResponse]) -> bool:
        assert self._head is not None
        assert self._body_left is not None
        part = bytes(self._buffer[: self._body_left])
        self._drop(len(part))
        self._excerpt += part[: BODY_EXCERPT - len(self._excerpt)]
        self._body_length += len(part)
        self._body_left -= len(part)
        if self._body_left:
            return False
        response = self._response(self._head)
        if response is None:
            self.requests += 1
        else:
            found.append(response)
        self._head = self._body_left = None
        return True

    def _response(self, head: _Head) -> SipResponse | None:
        if head.status is None:
            return None
        return SipResponse(
            status=head.status,
            reason=head.reason,
            headers=tuple(head.headers()),
            body_length=self._body_length,
            body=self._excerpt,
            breaches=tuple(one for one in Breach if one in head.breaches),
        )


class _Head:
    """The start line and the header lines of one message; `status` is None for a request."""

    def __init__(self, line: bytes, at: int) -> None:
        self.breaches: set[Breach] = set()
        self.size = 0
        self.status: int | None = None
        self.reason = ""
        self._lines: list[tuple[str, list[str]]] = []
        text = self._text(line)
        match = _STATUS_LINE.fullmatch(text)
        if match is not None:
            self._read_status(match, at)
        elif _REQUEST_LINE.fullmatch(text) is None:
            raise Malformed(at, "start line", _what_else(text))

    def add(self, line: bytes) -> None:
        text = self._text(line)
        if text[0] in " \t" and self._lines:
            self._lines[-1][1].append(text.strip(" \t"))
            return
        if len(self._lines) == MAX_HEADERS:
            raise LimitExceeded("SIP headers", MAX_HEADERS)
        name, colon, value = text.partition(":")
        name = name.rstrip(" \t").lower()
        if not colon or _TOKEN.fullmatch(name) is None:
            self.breaches.add(Breach.HEADER_NAME)
            name = ""
        self._lines.append((_COMPACT_NAMES.get(name, name), [value.strip(" \t")]))

    def note_line_end(self, line: bytes) -> None:
        if not line.endswith(b"\r"):
            self.breaches.add(Breach.BARE_LF)

    def headers(self) -> list[tuple[str, str]]:
        return [(name, " ".join(part for part in parts if part)) for name, parts in self._lines if name]

    def content_length(self) -> int:
        given = [value for name, value in self.headers() if name == "content-length"]
        if not given:
            self.breaches.add(Breach.NO_CONTENT_LENGTH)
            return 0
        lengths = {int(match[1]) if (match := _LENGTH.fullmatch(value)) else None for value in given}
        length = lengths.pop()
        if len(given) > 1 or length is None:
            self.breaches.add(Breach.CONTENT_LENGTH)
        return 0 if lengths or length is None else length

    def _read_status(self, match: re.Match[str], at: int) -> None:
        version, code = match[1], int(match[2])
        if version != "2.0":
            raise Malformed(at, "start line", "a SIP version other than 2.0")
        if not 100 <= code <= 699:
            raise Malformed(at, "start line", "a status code outside 100 to 699")
        if _STRICT_STATUS_LINE.fullmatch(match[0]) is None:
            self.breaches.add(Breach.STATUS_LINE)
        self.status, self.reason = code, (match[3] or "").strip(" \t")

    def _text(self, line: bytes) -> str:
        self.size += len(line) + 1
        self.note_line_end(line)
        line = line.removesuffix(b"\r")
        try:
            text = line.decode()
        except UnicodeDecodeError:
            self.breaches.add(Breach.NOT_UTF8)
            text = line.decode("latin-1")
        if _CONTROL.search(text):
            self.breaches.add(Breach.CONTROL_CHARACTER)
        return text


def _what_else(line: str) -> str:
    other = next((name for start, name in _OTHER_PROTOCOLS if line.startswith(start)), None)
    return "no SIP" if other is None else f"no SIP: it looks like {other}"
