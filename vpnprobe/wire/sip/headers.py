"""Small readers for the headers of an OPTIONS answer. They take any text; what cannot be read is None or left out."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

import msgspec

MAX_ENTRIES: Final = 64
"""Entries of a header list that are read."""

_PRODUCT: Final = re.compile(r"\s*([A-Za-z0-9\-.!%*_+`'~]+)(?:/([A-Za-z0-9\-.!%*_+`'~]+))?")
_DATE: Final = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),\s*([0-9]{1,2})\s+(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s+([0-9]{4})"
    r"\s+([0-9]{2}):([0-9]{2}):([0-9]{2})\s+(?:GMT|UTC)",
    re.IGNORECASE | re.ASCII,
)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CSEQ: Final = re.compile(r"\s*([0-9]{1,10})\s+(\S+)\s*")
_VIA: Final = re.compile(r"\s*SIP\s*/\s*2\.0\s*/\s*([A-Za-z0-9]+)\s+([^\s;]+)\s*(.*)", re.IGNORECASE | re.DOTALL)
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', re.DOTALL)
_ENTRY: Final = re.compile(r"(?:<[^>]*>?|[^,<])+")


class Product(msgspec.Struct, frozen=True):
    """The first product of a Server header, for instance RTC and 6.0."""

    name: str
    version: str | None

    @property
    def is_microsoft(self) -> bool:
        """Whether it is Microsoft's (F4-11, M-14: `RTC/6.0`)."""
        return self.name.upper() == "RTC"


class Route(msgspec.Struct, frozen=True):
    """One entry of a Record-Route: its URI and the `transport` parameter of that URI, None without one."""

    uri: str
    transport: str | None


class Via(msgspec.Struct, frozen=True):
    """One entry of a Via: transport in upper case, sent-by as given, branch."""

    transport: str
    sent_by: str
    branch: str | None


def server_product(value: str) -> Product | None:
    """Read a Server or User-Agent header (RFC 3261 section 20.35)."""
    match = _PRODUCT.match(value)
    return None if match is None else Product(match[1], match[2])


def parse_date(value: str) -> datetime | None:
    """Read a Date header (RFC 3261 section 20.17: RFC 1123 in GMT); the day of the week is not compared."""
    match = _DATE.fullmatch(value.strip())
    if match is None:
        return None
    day, month, year, hour, minute, second = match.groups()
    try:
        # A leap second is a moment like the one before it.
        return datetime(
            int(year), _MONTHS.index(month.lower()) + 1, int(day), int(hour), int(minute), min(int(second), 59),
            tzinfo=UTC,
        )  # fmt: skip
    except ValueError:
        return None


def parse_cseq(value: str) -> tuple[int, str] | None:
    """Read number and method of a CSeq header (RFC 3261 section 20.16)."""
    match = _CSEQ.fullmatch(value)
    return None if match is None else (int(match[1]), match[2])


def record_routes(value: str) -> tuple[Route, ...]:
    """Read the entries of one Record-Route header (RFC 3261 section 20.30)."""
    return tuple(_route(entry) for entry in _entries(value))


def vias(value: str) -> tuple[Via, ...]:
    """Read the entries of one Via header (RFC 3261 section 20.42)."""
    matches = [_VIA.fullmatch(entry) for entry in _entries(value)]
    return tuple(Via(one[1].upper(), one[2], _parameter(one[3], "branch")) for one in matches if one is not None)


def _route(entry: str) -> Route:
    _, bracket, rest = entry.partition("<")
    uri = rest.partition(">")[0] if bracket else entry
    return Route(uri.strip(), _parameter(uri, "transport"))


def _parameter(text: str, name: str) -> str | None:
    for part in text.split("?")[0].split(";")[1:]:
        key, _, value = part.partition("=")
        if key.strip().lower() == name:
            return value.strip().lower() if name == "transport" else value.strip()
    return None


def _entries(value: str) -> list[str]:
    """Split at the commas that no quotes or angle brackets enclose; quoted strings are left empty."""
    entries = [entry.strip() for entry in _ENTRY.findall(_QUOTED.sub('""', value))]
    return [entry for entry in entries if entry][:MAX_ENTRIES]
