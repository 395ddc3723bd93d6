"""SIP domains, and where the target of a federation record lies as seen from its domain.

A Microsoft edge takes a target only where its name is one label below the SIP domain (F4-04, M-02).
"""

from __future__ import annotations

import enum
import ipaddress
import re
from typing import Final, Literal

from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import is_address

# Where the federation records of domains that Microsoft hosts point to: M-05, and Microsoft's lists of DNS records for
# Office 365 GCC High and DoD.
HOSTED_TARGETS: Final = frozenset(
    {
        "sipfed.online.lync.com",
        "sipfed.online.gov.skypeforbusiness.us",
        "sipfed.online.dod.skypeforbusiness.us",
    }
)

AddressKind = Literal["public", "private", "loopback"]

# RFC 1918, RFC 6598 (carrier NAT), RFC 3927 and RFC 4291 (link-local), RFC 4193 and RFC 3879 (local IPv6), RFC 8215
# (NAT64 of one network).
_PRIVATE: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "fe80::/10",
        "fc00::/7",
        "fec0::/10",
        "64:ff9b:1::/48",
    )
)
# Networks whose addresses hold an IPv4 address, and the bits behind it: RFC 6052 section 2.1 (NAT64), RFC 3056 (6to4).
_TRANSLATED: Final = ((ipaddress.ip_network("64:ff9b::/96"), 0), (ipaddress.ip_network("2002::/16"), 80))
# A connection to 0.0.0.0 or :: reaches the machine that dials, as 127.0.0.1 does (RFC 1122 section 3.2.1.3).
_LOOPBACK: Final = tuple(ipaddress.ip_network(text) for text in ("127.0.0.0/8", "0.0.0.0/8", "::1/128", "::/128"))

_EXAMPLE: Final = "write a SIP domain, for example example.com or sip:user@example.com"
# Letters, digits and hyphens (RFC 1123 section 2.1); an underscore stands in names that are in use all the same.
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?")
_MAX_NAME: Final = 253
# Letters that are a domain of their own by IDNA 2008 and another one's by IDNA 2003, which Python has (RFC 5894
# section 7.2): which one is meant, only the A-labels say.
_AMBIGUOUS: Final = re.compile("[\u00df\u1e9e\u03c2\u200c\u200d]")


class TargetPlace(enum.Enum):
    """Where a target's name lies as seen from the SIP domain."""

    SAME_DOMAIN = "same domain"
    SUBDOMAIN = "sub-domain"
    FOREIGN = "foreign domain"
    HOSTED = "hosted"
    DOMAIN_ITSELF = "domain itself"
    ADDRESS = "address"  # an IP literal, which no SRV record may name (RFC 2782)


def parse_domain(text: str) -> str:
    """Read a SIP domain, also out of `sip:user@domain` or `user@domain`; return it in ASCII and lower case.

    A final dot goes. Raises `UsageError` for an address, for a name with a port and for what is no domain name.
    """
    name = text.strip()
    scheme, colon, rest = name.partition(":")
    if colon and scheme.lower() in ("sip", "sips", "im", "pres"):
        name = re.split(r"[;?]", rest, maxsplit=1)[0]
    name = name.rpartition("@")[2]
    if name.lower().startswith("_"):
        raise UsageError(f"{text!r} is the name of a record; leave _service._tcp out and {_EXAMPLE}")
    if is_address(name.strip("[]")):
        raise UsageError(f"{text!r} is an address; federation goes by names: {_EXAMPLE}")
    if re.search(r"[^:]:\d{1,5}$", name):
        raise UsageError(f"{text!r} names a port, which is the record's to name; leave it out and {_EXAMPLE}")
    if letter := _AMBIGUOUS.search(name):
        raise UsageError(f"{text!r} can mean two domains, by its {letter[0]!r}; take its form with xn-- and {_EXAMPLE}")
    try:
        ascii_name = (name if name.isascii() else name.encode("idna").decode("ascii")).lower().removesuffix(".")
    except UnicodeError as error:
        raise UsageError(f"{text!r} names no domain ({error}); {_EXAMPLE}") from error
    if len(ascii_name) > _MAX_NAME or not all(_LABEL.fullmatch(label) for label in ascii_name.split(".")):
        raise UsageError(f"{text!r} names no domain; {_EXAMPLE}")
    return ascii_name


def place_of(domain: str, target: str) -> TargetPlace:
    """Say where `target` lies as seen from `domain` (F4-04, M-05). Case and a final dot do not count."""
    domain, target = domain.lower().removesuffix("."), target.lower().removesuffix(".")
    if is_address(target):
        return TargetPlace.ADDRESS
    if target == domain:
        return TargetPlace.DOMAIN_ITSELF
    if target.partition(".")[2] == domain:
        return TargetPlace.SAME_DOMAIN
    if target in HOSTED_TARGETS:
        return TargetPlace.HOSTED
    return TargetPlace.SUBDOMAIN if target.endswith(f".{domain}") else TargetPlace.FOREIGN


def address_kind(address: str) -> AddressKind:
    """Say who can reach an IP literal: everybody, only its own network, or only the machine that dials it.

    A scope id does not count. Networks for documentation count as public. An IPv6 address that leads to an IPv4 address
    by NAT64 or 6to4 is as public as that one. Raises `ValueError` for what is no address.
    """
    parsed = ipaddress.ip_address(address.partition("%")[0])
    for network, behind in _TRANSLATED:
        if parsed in network:
            inner = ipaddress.IPv4Address(int(parsed) >> behind & 0xFFFFFFFF)
            return "public" if address_kind(str(inner)) == "public" else "private"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if any(parsed in network for network in _LOOPBACK):
        return "loopback"
    return "private" if any(parsed in network for network in _PRIVATE) else "public"
