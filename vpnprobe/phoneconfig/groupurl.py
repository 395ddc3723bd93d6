"""Whether the probed group-url is one of url1..url3, to the letter.

The gateway chooses the tunnel group by the text of the URL, so a URL that "means the same" is not the same.
Near misses name what differs, because each has another fix.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Sequence
from itertools import combinations
from urllib.parse import unquote

import msgspec

from vpnprobe.model.config import VpnUrl

_URL = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*)://)?"
    r"(?P<host>[^/?#]*?)(?::(?P<port>[0-9]{0,5}))?(?P<path>(?:[/?#].*)?)",
    re.DOTALL,
)
_DEFAULT_PORTS = {"https": "443", "http": "80"}


class UrlDifference(enum.Enum):
    """In what two URLs of the same host differ."""

    WHITESPACE = "whitespace"  # blanks around one of them
    SCHEME = "scheme"
    CASE = "case"  # upper and lower case, in any part
    PORT = "port"
    DEFAULT_PORT = "default-port"  # written in one, left out in the other
    TRAILING_SLASH = "trailing-slash"
    PERCENT_ENCODING = "percent-encoding"
    PATH = "path"


class NearMiss(msgspec.Struct, frozen=True):
    """`url<index>` names the probed host, and differs in this."""

    index: int
    differences: tuple[UrlDifference, ...]


class UrlMatch(msgspec.Struct, frozen=True):
    """`exact` is the index of the URL equal to the letter, None if there is none."""

    exact: int | None
    near: tuple[NearMiss, ...]


def match_group_url(probed: str, urls: Sequence[VpnUrl]) -> UrlMatch:
    """Compare the probed URL with each configured one. URLs of another host are neither exact nor near."""
    exact = next((url.index for url in urls if url.text == probed), None)
    compared = ((url.index, _differences(probed, url.text)) for url in urls if url.text != probed)
    return UrlMatch(exact, tuple(NearMiss(index, found) for index, found in compared if found))


def _differences(one: str, other: str) -> tuple[UrlDifference, ...]:
    """Return in what two URLs that are not the same text differ, nothing when they name different hosts."""
    left, right = _URL.fullmatch(one.strip()), _URL.fullmatch(other.strip())
    if left is None or right is None or not left["host"] or left["host"].lower() != right["host"].lower():
        return ()
    found: set[UrlDifference] = set()
    if one.split(left[0], 1) != other.split(right[0], 1):
        found.add(UrlDifference.WHITESPACE)
    if left["host"] != right["host"]:
        found.add(UrlDifference.CASE)
    if left["scheme"] != right["scheme"]:
        same = (left["scheme"] or "").lower() == (right["scheme"] or "").lower()
        found.add(UrlDifference.CASE if same else UrlDifference.SCHEME)
    if left["port"] != right["port"]:
        same = _port(left) == _port(right)
        found.add(UrlDifference.DEFAULT_PORT if same else UrlDifference.PORT)
    found.update(_path_differences(left["path"], right["path"]))
    return tuple(difference for difference in UrlDifference if difference in found)


def _port(url: re.Match[str]) -> str:
    return url["port"] or _DEFAULT_PORTS.get((url["scheme"] or "https").lower(), "")


_PATH_RULES: tuple[tuple[UrlDifference, Callable[[str], str]], ...] = (
    (UrlDifference.PERCENT_ENCODING, unquote),
    (UrlDifference.CASE, str.lower),
    (UrlDifference.TRAILING_SLASH, lambda path: path.removesuffix("/")),
)


def _path_differences(one: str, other: str) -> tuple[UrlDifference, ...]:
    """Return the fewest differences that explain two paths, PATH when none do."""
    for count in range(len(_PATH_RULES) + 1):
        for rules in combinations(_PATH_RULES, count):
            left, right = one, other
            for _, rule in rules:
                left, right = rule(left), rule(right)
            if left == right:
                return tuple(difference for difference, _ in rules)
    return (UrlDifference.PATH,)
