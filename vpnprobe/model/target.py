"""What to dial and whom to imitate, read from the operator's words."""

from __future__ import annotations

import ipaddress
import re
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from vpnprobe.model.errors import UsageError

HTTPS_PORT = 443
TFTP_PORT = 69
DNS_PORT = 53
# Mutual TLS between SIP proxies (M-01, RFC 3261 section 19.1.2).
SIP_TLS_PORT = 5061
# CUCM's Certificate Authority Proxy Function and Trust Verification Service (CUCM TCP and UDP port usage guide).
CAPF_PORT = 3804
TVS_PORT = 2445

# The profile of a federation probe: whose hello and whose rules are taken.
MICROSOFT_EDGE = "microsoft-edge"


class Endpoint(msgspec.Struct, frozen=True):
    """A host (name in ASCII or IP literal, without brackets) and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        """`host:port`, an IPv6 literal in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_address(self) -> bool:
        """Whether `host` is an IP literal, so that no DNS is needed."""
        return is_address(self.host)


class GroupUrl(msgspec.Struct, frozen=True):
    """A group-url as the operator wrote it (`text`, compared to the letter) and what it dials."""

    text: str
    host: str
    port: int
    path: str

    @property
    def endpoint(self) -> Endpoint:
        """Host and port to dial."""
        return Endpoint(self.host, self.port)

    @property
    def authority(self) -> str:
        """The value of the HTTP Host header: the port only where it is not 443, no scope (RFC 6874 section 3)."""
        host = f"[{self.host.partition('%')[0]}]" if ":" in self.host else self.host
        return host if self.port == HTTPS_PORT else f"{host}:{self.port}"


def is_address(host: str) -> bool:
    """Whether `host` is an IPv4 or IPv6 literal (a scope id is allowed)."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def parse_endpoint(text: str, default_port: int) -> Endpoint:
    """Read `host`, `host:port`, `[v6]` or `[v6]:port` (a bare IPv6 literal is taken too).

    Raises `UsageError` when the host is empty or the port is not in 1..65535.
    """
    text = text.strip()
    host, colon, port_text = text, "", ""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        colon, port_text = rest[:1], rest[1:]
        if not bracket or colon not in ("", ":"):
            raise UsageError(f"{text!r}: write an IPv6 address with a port as [address]:port")
        if not is_address(host):
            raise UsageError(f"{text!r}: only an IPv6 address belongs in brackets")
    elif "://" in text:
        raise UsageError(f"{text!r}: write it without scheme and path, as host or host:port")
    elif text.count(":") == 1:
        host, colon, port_text = text.partition(":")
    elif ":" in text and not is_address(text):
        raise UsageError(f"{text!r}: write host:port, or [address]:port for IPv6")
    return Endpoint(_checked_host(host, text), _checked_port(port_text, text) if colon else default_port)


def parse_group_url(text: str) -> GroupUrl:
    """Read a group-url; raises `UsageError` that says how to write it."""
    text = text.strip()
    example = "write it as in CUCM, for example https://vpn.example.com/VPNPhone"
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        raise UsageError(f"{text!r} holds white space or control characters; {example}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{text!r} is not a URL ({error}); {example}") from error
    if parts.scheme.lower() != "https":
        raise UsageError(f"{text!r} does not begin with https://; a phone dials TLS only; {example}")
    if parts.username is not None or parts.fragment:
        raise UsageError(f"{text!r}: a group-url carries no user name and no fragment; {example}")
    if port == 0:
        raise UsageError(f"{text!r}: port 0 cannot be dialled; {example}")
    # In a URL the mark before a scope is itself escaped (RFC 6874 section 2).
    host = _checked_host((parts.hostname or "").replace("%25", "%"), text)
    path = parts.path or "/"
    return GroupUrl(text, host, port or HTTPS_PORT, path + (f"?{parts.query}" if parts.query else ""))


def parse_mac(text: str) -> str:
    """Read a MAC address in any usual form, or a device name `SEP…`; return 12 upper-case hex digits.

    Raises `UsageError` otherwise.
    """
    bare = re.sub(r"[\s:.\-]", "", text).upper().removeprefix("SEP")
    if re.fullmatch(r"[0-9A-F]{12}", bare) is None:
        raise UsageError(
            f"{text!r} is not a MAC address; write the 12 hex digits of the label on the phone, "
            "for example 8CB64F576113 or 8c:b6:4f:57:61:13"
        )
    return bare


def device_name(mac: str) -> str:
    """CUCM's name of the phone with this MAC (12 upper-case hex digits)."""
    return f"SEP{mac}"


def _checked_host(host: str, text: str) -> str:
    if not host or len(host) > 253 or re.search(r"[\s/\\@?#%\[\]\x00-\x1f\x7f]", host.split("%")[0]):
        raise UsageError(f"{text!r} names no usable host; write a host name or an IP address")
    labels = host.removesuffix(".").split(".")
    if not is_address(host) and (not all(labels) or labels[-1].isdigit()):
        # No top-level domain is a number (RFC 3696 section 2): this is an address with a typo.
        raise UsageError(f"{text!r} names no usable host; write a host name, or all of an IP address")
    try:
        # DNS, SNI and the Host header all carry a name in ASCII (RFC 3490).
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise UsageError(f"{text!r} names no usable host ({error}); write a host name or an IP address") from error


def _checked_port(port_text: str, text: str) -> int:
    if not (port_text.isascii() and port_text.isdigit()) or not 0 < int(port_text[:9]) < 65536:
        raise UsageError(f"{text!r}: the port is a number from 1 to 65535")
    return int(port_text)


class Persona(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who is imitated: a profile of `vpnprobe.phones`, for a phone the model of that family, and its MAC.

    `model` is None for a profile that is no phone, `mac` for a gateway probe. `chosen`: the operator named the model of
    a gateway probe, so that it is the one that counts.
    """

    profile: str
    model: str | None = None
    mac: str | None = None
    chosen: bool = False

    @property
    def device(self) -> str | None:
        """CUCM's device name, `SEP<MAC>`."""
        return None if self.mac is None else device_name(self.mac)


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the run is about.

    A `gateway` (and a `group_url` where it is a phone's), the edges of a SIP `domain`, a `server` of another kind
    (CAPF, a phone's own pages), or a `source` that is not dialled: a device whose files are fetched, a certificate.
    """

    gateway: Endpoint | None = None
    group_url: GroupUrl | None = None
    domain: str | None = None
    server: Endpoint | None = None
    source: str | None = None
    resolvers: tuple[Endpoint, ...] = ()

    @property
    def label(self) -> str:
        """What the operator named: the group-url, the gateway or server with its port, the domain, or the source."""
        if self.group_url is not None:
            return self.group_url.text
        dialled = self.gateway or self.server
        return str(dialled) if dialled is not None else self.domain or self.source or ""

    @property
    def host(self) -> str:
        """The host name or address of the gateway or server, or the domain."""
        dialled = self.gateway or self.server
        return dialled.host if dialled is not None else self.domain or ""

    @property
    def port(self) -> int:
        """The port that is dialled unless something names another one."""
        dialled = self.gateway or self.server
        return dialled.port if dialled is not None else SIP_TLS_PORT


Partner = Literal["any", "office-365", "on-premises", "lync-2010"]


class Expectation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the operator says ought to be true; it replaces what would have been fetched.

    `cert_hashes` are raw texts (base64 or hex). `config_file` is the base name of a given configuration. For a
    federation, `certificates` are fingerprints that the leaf ought to have (SHA-1 or SHA-256, lower-case hex),
    `partner` is who is to accept the domain, and `im_and_presence` says that Cisco IM and Presence serves it.
    """

    cert_hashes: tuple[str, ...] = ()
    config_file: str | None = None
    certificates: tuple[str, ...] = ()
    partner: Partner = "any"
    im_and_presence: bool = False
