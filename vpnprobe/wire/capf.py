"""The messages of CAPF, inside TLS: a header, then elements.

The header is `>BBIH`: the protocol's number 0x55, a command, the session's number, and the length of what follows it.
An element is `>BH` and its value: tag and length. The server speaks first, with an AUTH_REQUEST. Only that message is
read here, and nothing is ever answered: an AUTH_RESPONSE with a device's name starts the operation that is pending for
the device. Source: usecallmanagernz/daemons, which is reverse-engineered; Cisco has published nothing of it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final

from vpnprobe.model.capf import Greeting, GreetingElement
from vpnprobe.model.errors import LimitExceeded, Malformed
from vpnprobe.wire.reader import Reader

PROTOCOL: Final = 0x55
HEADER_BYTES: Final = 8
CAPF_V3: Final = 3

MAX_GREETING: Final = 4096
"""Bytes after the header. A greeting has two elements of one byte; only later messages carry a certificate."""
MAX_ELEMENTS: Final = 32  # 20 tags are known

_NUMBER_BYTES: Final = 8  # longer values are not shown as numbers


class Command(enum.IntEnum):
    """Commands that can be met in place of a greeting."""

    AUTH_REQUEST = 1
    END_SESSION = 15
    RETRY_LATER = 16
    REQUEST_IN_PROGRESS = 17


class Element(enum.IntEnum):
    """Elements of a greeting."""

    VERSION = 7
    AUTH_TYPE = 8


class AuthType(enum.IntEnum):
    """What a greeting asks for."""

    NONE = 0
    PASSWORD = 1


def parse_greeting(data: bytes) -> Greeting | None:
    """Read the message at the start of `data`; None when more bytes are needed. Bytes after it are not looked at.

    The command is not judged. Of a repeated element the first one counts. Raises `Malformed` where the bytes cannot be
    a message of CAPF, as early as that shows, and `LimitExceeded` for the caps of this module.
    """
    if data and data[0] != PROTOCOL:
        raise Malformed(0, "protocol", f"{data[0]:#04x} instead of {PROTOCOL:#04x}")
    if len(data) < HEADER_BYTES:
        return None
    header = Reader(data[1:HEADER_BYTES], 1)
    command, session = header.uint(1, "command"), header.uint(4, "session")
    length = header.uint(2, "length")
    if length > MAX_GREETING:
        raise LimitExceeded("bytes of greeting", MAX_GREETING)
    if len(data) < HEADER_BYTES + length:
        return None
    reader = Reader(data[HEADER_BYTES : HEADER_BYTES + length], HEADER_BYTES)
    elements: list[GreetingElement] = []
    while reader.remaining:
        tag = reader.uint(1, "element")
        value = reader.vector(2, f"element {tag}")
        number = int.from_bytes(value, "big") if 0 < len(value) <= _NUMBER_BYTES else None
        elements.append(GreetingElement(tag=tag, length=len(value), number=number))
        if len(elements) > MAX_ELEMENTS:
            raise LimitExceeded("elements in a greeting", MAX_ELEMENTS)
    return Greeting(
        command=command,
        session=session,
        length=length,
        version=_number(elements, Element.VERSION),
        auth_type=_number(elements, Element.AUTH_TYPE),
        elements=tuple(elements),
    )


def build_greeting(elements: Iterable[tuple[int, bytes]], *, session: int = 1, command: int = 1) -> bytes:
    """Return the message that a server begins with; `elements` are tags and values. For the lab."""
    body = b"".join(bytes((tag,)) + len(value).to_bytes(2, "big") + value for tag, value in elements)
    return bytes((PROTOCOL, command)) + session.to_bytes(4, "big") + len(body).to_bytes(2, "big") + body


def _number(elements: list[GreetingElement], tag: Element) -> int | None:
    return next((element.number for element in elements if element.tag == tag), None)
