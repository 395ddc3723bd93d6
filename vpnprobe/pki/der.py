"""Reading DER (X.690) element by element, as far as certificates need it.

Own code, because a certificate that the usual libraries refuse (negative or non-minimal serial number,
duplicate extension, year 0) is still shown to a phone, and the phone only hashes it. Lengths need not be
minimal; indefinite lengths and tag numbers above 30 are refused, DER has neither in a certificate.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import msgspec

from vpnprobe.model.errors import LimitExceeded, Malformed

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
OID = 0x06
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30
SET = 0x31

# Lists in certificates are short; the longest are the SANs of shared hosts, some hundreds.
MAX_CHILDREN = 4096
# Path lengths, versions and salt lengths; four octets hold every sane one and stay within JSON's integers.
MAX_SMALL_INTEGER_OCTETS = 4
# The longest OIDs in use have some twenty arcs.
MAX_OID_OCTETS = 64

_TIME = re.compile(r"(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?(?:\.\d{1,9})?(Z|[+-]\d{4})")

_STRING_ENCODINGS = {
    12: "utf-8",  # UTF8String
    18: "latin-1",  # NumericString
    19: "latin-1",  # PrintableString
    20: "latin-1",  # TeletexString, in practice Latin-1
    22: "latin-1",  # IA5String
    26: "latin-1",  # VisibleString
    28: "utf-32-be",  # UniversalString
    30: "utf-16-be",  # BMPString
}


class Element(msgspec.Struct, frozen=True, gc=False):
    """One element. `offset` is where it starts in the bytes read, `raw` is header and body."""

    tag: int
    body: bytes
    raw: bytes
    offset: int

    def expect(self, tag: int, field: str) -> Element:
        """Return this element, or raise `Malformed` when it has another tag."""
        if self.tag != tag:
            raise Malformed(self.offset, field, f"tag 0x{self.tag:02x} where 0x{tag:02x} belongs")
        return self


def read_element(data: bytes, field: str, offset: int = 0) -> Element:
    """Return the element at `offset`; what follows it is left alone. Raises `Malformed`."""
    header_end = offset + 2
    if header_end > len(data):
        raise Malformed(offset, field, "ends before the length")
    tag, length = data[offset], data[offset + 1]
    if tag & 0x1F == 0x1F:
        raise Malformed(offset, field, "tag number above 30")
    if length & 0x80:
        octets = length & 0x7F
        if not 1 <= octets <= MAX_SMALL_INTEGER_OCTETS:
            raise Malformed(offset, field, f"length of {octets} octets")
        header_end += octets
        if header_end > len(data):
            raise Malformed(offset, field, "ends within the length")
        length = int.from_bytes(data[offset + 2 : header_end], "big")
    end = header_end + length
    if end > len(data):
        raise Malformed(offset, field, f"{length} bytes announced, {len(data) - header_end} left")
    return Element(tag, data[header_end:end], data[offset:end], offset)


def read_children(body: bytes, field: str) -> tuple[Element, ...]:
    """Return all elements of a constructed body. Raises `WireError`."""
    children: list[Element] = []
    offset = 0
    while offset < len(body):
        if len(children) == MAX_CHILDREN:
            raise LimitExceeded(f"elements in {field}", MAX_CHILDREN)
        child = read_element(body, field, offset)
        children.append(child)
        offset += len(child.raw)
    return tuple(children)


def read_sequence(data: bytes, field: str) -> tuple[Element, ...]:
    """Return the children of the SEQUENCE that is all of `data`. Raises `WireError`."""
    element = read_element(data, field).expect(SEQUENCE, field)
    if len(element.raw) != len(data):
        raise Malformed(len(element.raw), field, f"{len(data) - len(element.raw)} trailing bytes")
    return read_children(element.body, field)


def read_oid(element: Element, field: str) -> str:
    """Return the dotted form of an OBJECT IDENTIFIER. Raises `Malformed`."""
    body = element.expect(OID, field).body
    if not 1 <= len(body) <= MAX_OID_OCTETS or body[-1] & 0x80:
        raise Malformed(element.offset, field, "broken object identifier")
    return _dotted(body)


# A certificate has some twenty, and thousands of certificates have the same.
@lru_cache(maxsize=512)
def _dotted(body: bytes) -> str:
    arcs: list[int] = []
    arc = 0
    for octet in body:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))


def read_small_integer(element: Element, field: str) -> int:
    """Return an INTEGER of at most MAX_SMALL_INTEGER_OCTETS octets. Raises `Malformed`."""
    body = element.expect(INTEGER, field).body
    if not 1 <= len(body) <= MAX_SMALL_INTEGER_OCTETS:
        raise Malformed(element.offset, field, f"integer of {len(body)} octets")
    return int.from_bytes(body, "big", signed=True)


def read_bit_string(element: Element, field: str) -> tuple[bytes, int]:
    """Return the octets of a BIT STRING and the number of unused bits at their end. Raises `Malformed`."""
    body = element.expect(BIT_STRING, field).body
    if not body or body[0] > 7:
        raise Malformed(element.offset, field, "broken bit string")
    return body[1:], body[0]


def read_text(element: Element) -> str | None:
    """Return the text of a string element, damaged characters replaced, or None if it is no string type."""
    encoding = _STRING_ENCODINGS.get(element.tag)
    return None if encoding is None else element.body.decode(encoding, "replace")


def read_time(element: Element) -> datetime | None:
    """Return a UTCTime or GeneralizedTime in UTC, or None for what is no time or no calendar date (year 0).

    RFC 5280 section 4.1.2.5 allows only `Z` and whole seconds; offsets, fractions and missing seconds are
    read too.
    """
    text = element.body.decode("latin-1")
    parts = _TIME.fullmatch(text) if text.isascii() else None
    year_digits = {UTC_TIME: 2, GENERALIZED_TIME: 4}.get(element.tag)
    if parts is None or len(parts[1]) != year_digits:
        return None
    year = int(parts[1])
    if year_digits == 2:
        year += 1900 if year >= 50 else 2000
    try:
        month, day, hour, minute, second = (int(part or 0) for part in parts.group(2, 3, 4, 5, 6))
        local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        return local - _offset(parts[7])
    except (ValueError, OverflowError):
        return None


def _offset(zone: str) -> timedelta:
    if zone == "Z":
        return timedelta()
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5]))
    return -offset if zone[0] == "-" else offset
