"""Messages of the Trust Verification Service (TVS), TCP 2445 under TLS: bytes to values and back.

A header of ten bytes (0x57, version, command, one byte that servers leave as it comes, session u32, length u16), then
elements (tag u8, length u16, value), all big-endian. A phone asks in one of two ways, and both only look up:

* verify: here is a certificate; is it trusted, and for what?
* query: a file is signed by this subject, issuer and serial number; is it trusted, and what is the certificate?

Source: the byte dumps of a query and its answer in Cisco document 213407; usecallmanagernz/daemons for verify and the
tags 2 and 7 to 9. That tag 4 is the issuer and tag 5 the serial number is an inference: the dump ends before them, and
its lengths fit two such elements to the byte. What CUCM means by a status other than 0 is not documented.
"""

from __future__ import annotations

import enum

import msgspec

from vpnprobe.model.errors import LimitExceeded, Malformed
from vpnprobe.wire.reader import Reader

PORT = 2445

MAX_ELEMENTS = 16  # seven kinds are known, and a message has one of each
MAX_ROLES = 32  # seven numbers are known

_DISCRIMINATOR = 0x57
_VERSION = 1
_HEADER_BYTES = 10
_LENGTH_AT = 8
# Before the name of the device; the only one that was seen.
_DEVICE_NAME_KIND = b"\x01"
_MAX_VALUE = 0xFFFF


class Command(enum.IntEnum):
    """What a message is."""

    VERIFY_REQUEST = 1
    VERIFY_ANSWER = 2
    QUERY_REQUEST = 3
    QUERY_ANSWER = 4


class Tag(enum.IntEnum):
    """Elements."""

    DEVICE_NAME = 1
    CERTIFICATE = 2  # DER
    SUBJECT = 3  # NUL-terminated, as in trust lists: `CN=cucm1;OU=IT;O=Example`
    ISSUER = 4  # likewise
    SERIAL = 5
    STATUS = 7  # one byte, 0 is trusted
    ROLES = 8  # one byte each, the numbers of trust list records
    TTL = 9  # u32, seconds


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message. `command` and tags are wire numbers, known or not; `elements` are in the order they came."""

    command: int
    session: int
    elements: tuple[tuple[int, bytes], ...] = ()

    def value(self, tag: Tag) -> bytes | None:
        """Return the first element with this tag."""
        return next((value for found, value in self.elements if found == tag), None)


class SignerName(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a signed file names as its signer, all three as the file has them; text without its NUL."""

    subject: str
    issuer: str
    serial: bytes


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer says; None and empty where it says nothing. `certificate` (DER) is in answers to queries.

    `unknown` are tags that have no name here.
    """

    status: int | None = None
    roles: tuple[int, ...] = ()
    ttl_s: int | None = None
    certificate: bytes | None = None
    unknown: tuple[int, ...] = ()


def build_message(message: Message) -> bytes:
    """Return the bytes of a message; raises `LimitExceeded` where its elements do not fit the length field."""
    body = b"".join(
        bytes((tag,)) + min(len(value), _MAX_VALUE).to_bytes(2, "big") + value for tag, value in message.elements
    )
    if len(body) > _MAX_VALUE:
        raise LimitExceeded("bytes of elements", _MAX_VALUE)
    header = bytes((_DISCRIMINATOR, _VERSION, message.command, 0))
    return header + message.session.to_bytes(4, "big") + len(body).to_bytes(2, "big") + body


def build_verify(certificate: bytes, *, device: str, session: int) -> bytes:
    """Return the request whether this certificate (DER) is trusted.

    `device` is the common name of the phone's own certificate, `CP-8861-SEP<MAC>`.
    """
    elements = ((Tag.DEVICE_NAME, _device_name(device)), (Tag.CERTIFICATE, certificate))
    return build_message(Message(command=Command.VERIFY_REQUEST, session=session, elements=elements))


def build_query(signer: SignerName, *, device: str, session: int) -> bytes:
    """Return the request for the certificate of a signer; `device` as in `build_verify`."""
    elements = (
        (Tag.DEVICE_NAME, _device_name(device)),
        (Tag.SUBJECT, _text(signer.subject)),
        (Tag.ISSUER, _text(signer.issuer)),
        (Tag.SERIAL, signer.serial),
    )
    return build_message(Message(command=Command.QUERY_REQUEST, session=session, elements=elements))


class MessageReader:
    """Puts one message together from what a stream brings. What follows it is not looked at.

    A message has no more than 64 KiB, as its length field allows.
    """

    def __init__(self) -> None:
        self._received = bytearray()

    @property
    def received(self) -> int:
        """Bytes of the message so far."""
        return len(self._received)

    def feed(self, data: bytes) -> Message | None:
        """Take bytes; return the message once it is whole. Raises `Malformed` or `LimitExceeded`."""
        self._received += data
        self._check_start()
        if len(self._received) < _HEADER_BYTES:
            return None
        end = _HEADER_BYTES + int.from_bytes(self._received[_LENGTH_AT:_HEADER_BYTES], "big")
        return None if len(self._received) < end else parse_message(bytes(self._received[:end]))

    def _check_start(self) -> None:
        """Fail on the first wrong byte: a peer that speaks another protocol may send no more."""
        for offset, (field, expected) in enumerate((("protocol", _DISCRIMINATOR), ("version", _VERSION))):
            if len(self._received) > offset and self._received[offset] != expected:
                raise Malformed(offset, field, f"0x{self._received[offset]:02x} instead of 0x{expected:02x}")


def parse_message(data: bytes) -> Message:
    """Return the one message that `data` is; raises `Malformed` or `LimitExceeded`."""
    reader = Reader(data)
    for field, expected in (("protocol", _DISCRIMINATOR), ("version", _VERSION)):
        if (found := reader.uint(1, field)) != expected:
            raise Malformed(reader.offset - 1, field, f"0x{found:02x} instead of 0x{expected:02x}")
    command = reader.uint(1, "command")
    reader.take(1, "unused byte")
    session = reader.uint(4, "session")
    body = reader.block(2, "elements")
    reader.expect_end("message")
    elements: list[tuple[int, bytes]] = []
    while body.remaining:
        if len(elements) == MAX_ELEMENTS:
            raise LimitExceeded("elements", MAX_ELEMENTS)
        elements.append((body.uint(1, "tag"), body.vector(2, "element")))
    return Message(command=command, session=session, elements=tuple(elements))


def read_answer(message: Message) -> Reading:
    """Return what the elements of an answer say.

    Raises `Malformed` where one has a length that it cannot have, and `LimitExceeded`.
    """
    known = set(Tag)
    roles = message.value(Tag.ROLES) or b""
    if len(roles) > MAX_ROLES:
        raise LimitExceeded("roles", MAX_ROLES)
    return Reading(
        status=_number(message, Tag.STATUS, 1),
        roles=tuple(roles),
        ttl_s=_number(message, Tag.TTL, 4),
        certificate=message.value(Tag.CERTIFICATE),
        unknown=tuple(tag for tag, _ in message.elements if tag not in known),
    )


def _number(message: Message, tag: Tag, size: int) -> int | None:
    value = message.value(tag)
    if value is None:
        return None
    if len(value) != size:
        raise Malformed(0, tag.name.lower(), f"{len(value)} bytes instead of {size}")
    return int.from_bytes(value, "big")


def _device_name(device: str) -> bytes:
    return _DEVICE_NAME_KIND + device.encode(errors="replace")


def _text(text: str) -> bytes:
    return text.encode(errors="replace") + b"\x00"
