"""What a cipher suite is made of, read from its registered name, and how a report names it."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import msgspec

from vpnprobe.wire.tls.registry import is_grease
from vpnprobe.wire.tls.suite_table import SUITE_NAMES

EMPTY_RENEGOTIATION_INFO_SCSV: Final = 0x00FF
FALLBACK_SCSV: Final = 0x5600

# Values of the suite list that are no suites but signals of the client (RFC 5746 section 3.3, RFC 7507).
_SIGNALS: Final[dict[int, str]] = {
    EMPTY_RENEGOTIATION_INFO_SCSV: "TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
    FALLBACK_SCSV: "TLS_FALLBACK_SCSV",
}
_HASHES: Final = frozenset({"MD5", "SHA", "SHA256", "SHA384", "SM3", "GOSTR3411", "IMIT", "OMAC", "NULL"})
_AEAD: Final = re.compile(r"_(GCM|CCM|CCM_8|POLY1305|MGM_[LS])$")
_LIMITED: Final = re.compile(r"_(EXPORT(1024)?|FIPS)$")

# First part of a suite's name -> key exchange and the kind of the server's authentication. A part that is
# absent here (RSA, PSK, KRB5, ECCPWD ...) names both at once.
_EXCHANGES: Final[dict[str, tuple[str, str]]] = {
    "": ("TLS13", "TLS13"),
    "DH_DSS": ("DH", "DH"),
    "DH_RSA": ("DH", "DH"),
    "DHE_DSS": ("DHE", "DSS"),
    "DHE_RSA": ("DHE", "RSA"),
    "DH_anon": ("DHE", "anon"),
    "ECDH_ECDSA": ("ECDH", "ECDH"),
    "ECDH_RSA": ("ECDH", "ECDH"),
    "ECDHE_ECDSA": ("ECDHE", "ECDSA"),
    "ECDHE_RSA": ("ECDHE", "RSA"),
    "ECDH_anon": ("ECDHE", "anon"),
    "DHE_PSK": ("DHE_PSK", "PSK"),
    "PSK_DHE": ("DHE_PSK", "PSK"),
    "ECDHE_PSK": ("ECDHE_PSK", "PSK"),
    "RSA_PSK": ("RSA_PSK", "RSA"),
    "SRP_SHA": ("SRP", "SRP"),
    "SRP_SHA_RSA": ("SRP", "RSA"),
    "SRP_SHA_DSS": ("SRP", "DSS"),
    "GOSTR341001": ("GOST", "GOST"),
    "GOSTR341094": ("GOST", "GOST"),
    "GOSTR341112_256": ("GOST", "GOST"),
}


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """One cipher suite.

    `key_exchange` is RSA, DHE, ECDHE, DH and ECDH (static), PSK, DHE_PSK, ECDHE_PSK, RSA_PSK, SRP, KRB5 ...
    and TLS13 for the suites of TLS 1.3, which leave exchange and authentication open. `authentication` is the
    key that the server's certificate must hold (RSA, ECDSA, DSS, DH, ECDH, GOST), or anon, PSK, SRP, KRB5 ...
    where there is no certificate. `cipher` is in the registry's spelling, for instance AES_256_CBC; `hash` is
    that of the MAC or, with `aead`, of the PRF, "" where the name has none. `null` means no encryption.
    """

    code: int
    name: str
    openssl_name: str
    key_exchange: str
    authentication: str
    cipher: str
    hash: str
    aead: bool = False
    export: bool = False
    null: bool = False

    @property
    def sends_certificate(self) -> bool:
        """Whether a server that picks this suite sends a Certificate in clear text (TLS 1.2 and below)."""
        return self.authentication in {"RSA", "ECDSA", "DSS", "DH", "ECDH", "GOST"}


@cache
def suite(code: int) -> Suite | None:
    """Return what is known about a suite; None for signals, GREASE and unregistered code points."""
    names = SUITE_NAMES.get(code)
    if names is None:
        return None
    exchange, _, rest = names[0].split("_", 1)[1].rpartition("_WITH_" if "_WITH_" in names[0] else "\0")
    cipher, _, last = rest.rpartition("_")
    if last not in _HASHES:
        cipher, last = rest, ""
    exchange_kind = _LIMITED.sub("", exchange)
    key_exchange, authentication = _EXCHANGES.get(exchange_kind, (exchange_kind, exchange_kind))
    return Suite(
        code=code,
        name=names[0],
        openssl_name=names[1],
        key_exchange=key_exchange,
        authentication=authentication,
        cipher=cipher,
        hash=last,
        aead=_AEAD.search(cipher) is not None,
        export="EXPORT" in exchange,
        null=cipher == "NULL",
    )


@cache
def all_suites() -> tuple[Suite, ...]:
    """Return every registered suite, ascending by code point."""
    return tuple(known for code in sorted(SUITE_NAMES) if (known := suite(code)))


@cache
def _suites_by_name() -> dict[str, Suite]:
    both = {known.name: known for known in all_suites()}
    both.update((known.openssl_name, known) for known in all_suites() if known.openssl_name)
    return both


def find_suite(name: str) -> Suite | None:
    """Return the suite with this registered or OpenSSL name, None if there is none."""
    return _suites_by_name().get(name)


def suite_name(code: int) -> str:
    """Return a suite as reports print it: `AES256-SHA (0x0035)`, OpenSSL's name before the registered one."""
    known = suite(code)
    if known is not None:
        name = known.openssl_name or known.name
    elif is_grease(code):
        name = "GREASE"
    else:
        name = _SIGNALS.get(code, "unknown suite")
    return f"{name} (0x{code:04X})"
