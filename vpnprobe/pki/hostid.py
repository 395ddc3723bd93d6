"""The phone's host-ID check: whether the certificate names the host of the group-url.

Sources: VP-31 (common name must match; wildcard, differing SAN and IP address in the url are named as reasons
to turn the check off) and VP-32 (order wildcard, SAN, subject name; `*.vpn.com` refused for test.vpn.com).
Where they are silent or point both ways the decision is None. `passes_host_id` adds the setting.
"""

from __future__ import annotations

import enum
from ipaddress import ip_address
from typing import Final

import msgspec

from vpnprobe.pki.basis import Basis
from vpnprobe.pki.certificate import CertificateFacts, CertificateProblem

# Values of enableHostIDCheck.
HOST_ID_OFF: Final = 0
HOST_ID_ON: Final = 1

_THIRD_LEVEL_LABELS = 3


class HostIdRule(enum.Enum):
    """Which rule decided."""

    SAN_MATCHES = "san-matches"
    SUBJECT_MATCHES = "subject-matches"
    # The common name matches, but there is a SAN without the host: the log shows that the subject is still
    # tried, the text calls a differing SAN a failure.
    SUBJECT_MATCHES_SAN_DIFFERS = "subject-matches-san-differs"
    # The url holds an address and the certificate names it: the text calls address urls a failure, but its
    # reason is that the names differ.
    ADDRESS_MATCHES = "address-matches"
    WILDCARD_THIRD_LEVEL = "wildcard-third-level"  # `*.vpn.com`: refused
    WILDCARD_OTHER = "wildcard-other"  # would match by RFC 6125; what the phone does is not known
    NO_MATCH = "no-match"
    UNREADABLE = "unreadable"  # names of the certificate could not be read


class HostIdDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the check passes for `host`.

    `accepts` is None where the sources do not decide. `names` are the names that were tried, in order.
    `wildcard` is the generic third-level wildcard for which the phone stops its checks, as its log calls it.
    """

    accepts: bool | None
    rule: HostIdRule
    basis: Basis
    host: str
    names: tuple[str, ...] = ()
    wildcard: str | None = None


def decide_host_id(host: str, facts: CertificateFacts) -> HostIdDecision:
    """Decide as the phone does for the url's `host` (name or address, IPv6 with or without brackets)."""
    wanted = _normalise(host)
    san = tuple(map(_normalise, (facts.dns_names or ()) + facts.ip_addresses))
    subject = tuple(map(_normalise, facts.common_names))
    names = tuple(dict.fromkeys(san + subject))
    rule, accepts, basis = _decide(wanted, facts, san, subject)
    return HostIdDecision(
        accepts=accepts,
        rule=rule,
        basis=basis,
        host=wanted,
        names=names,
        wildcard=next((name for name in names if _is_third_level(name)), None) if accepts is False else None,
    )


def passes_host_id(setting: int | None, accepts: bool | None) -> bool | None:
    """Whether the phone goes on, given its `enableHostIDCheck` and whether the check would pass (None: not known).

    With the setting absent or without a known value it is not known whether the phone checks; CUCM's default is on.
    """
    if setting == HOST_ID_OFF:
        return True
    return accepts if accepts or setting == HOST_ID_ON else None


_Verdict = tuple[HostIdRule, bool | None, Basis]

# Names that are missing from the facts might have matched.
_INCOMPLETE = frozenset({CertificateProblem.EXTENSION_UNREADABLE, CertificateProblem.LIST_CUT})


def _decide(host: str, facts: CertificateFacts, san: tuple[str, ...], subject: tuple[str, ...]) -> _Verdict:
    if facts.subject is None:
        return HostIdRule.UNREADABLE, None, Basis.UNKNOWN
    if host in san or host in subject:
        return _decide_named(host, san)
    covering = [name for name in san + subject if _covers(name, host)]
    if not all(map(_is_third_level, covering)):
        return HostIdRule.WILDCARD_OTHER, None, Basis.UNKNOWN
    if _INCOMPLETE & set(facts.problems):
        return HostIdRule.UNREADABLE, None, Basis.UNKNOWN
    return HostIdRule.WILDCARD_THIRD_LEVEL if covering else HostIdRule.NO_MATCH, False, Basis.DOCUMENT


def _decide_named(host: str, san: tuple[str, ...]) -> _Verdict:
    if _is_address(host):
        return HostIdRule.ADDRESS_MATCHES, None, Basis.UNKNOWN
    if host in san:
        # A third-level wildcard stops the checks on its own name; that the next name is still tried is
        # inferred.
        basis = Basis.INFERENCE if any(map(_is_third_level, san)) else Basis.DOCUMENT
        return HostIdRule.SAN_MATCHES, True, basis
    if san:
        return HostIdRule.SUBJECT_MATCHES_SAN_DIFFERS, None, Basis.UNKNOWN
    return HostIdRule.SUBJECT_MATCHES, True, Basis.DOCUMENT


def _normalise(name: str) -> str:
    name = name.strip().removeprefix("[").removesuffix("]").removesuffix(".").casefold()
    return str(ip_address(name)) if _is_address(name) else name


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_third_level(name: str) -> bool:
    """Whether the name is `*` and two labels, which the phone's log calls a generic third level wildcard."""
    labels = name.split(".")
    return labels[0] == "*" and len(labels) == _THIRD_LEVEL_LABELS


def _covers(pattern: str, host: str) -> bool:
    """Whether a wildcard covers the host by RFC 6125 section 6.4.3: within the leftmost label only."""
    first, _, rest = pattern.partition(".")
    host_first, _, host_rest = host.partition(".")
    if first.count("*") != 1 or not rest or rest != host_rest or _is_address(host):
        return False
    before, _, after = first.partition("*")
    long_enough = len(host_first) > len(before) + len(after)
    return long_enough and host_first.startswith(before) and host_first.endswith(after)
