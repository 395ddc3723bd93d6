"""Whether a certificate names the SRV target, by the rule of a Microsoft edge.

Sources: F4-07 (the subjectAltName must hold the target), F4-08 (the common name counts only where there is no
subjectAltName), F4-09 (the bare SIP domain is never demanded), F3-03 (a certificate without a dotted name breaks the
handshake). Whether a peer takes a wildcard was found nowhere (M-06), so nothing is decided for one.
"""

from __future__ import annotations

import enum
import re
from typing import Final

import msgspec

from vpnprobe.pki.certificate import CertificateFacts, CertificateProblem
from vpnprobe.pki.extensions import MAX_NAMES

MAX_NAMES_SHOWN: Final = 64
"""Names of one certificate that a decision lists; all are compared."""

# RFC 1035 section 2.3.4, without the final dot. The underscore is no part of a host name, but is seen in them; an
# asterisk may be all of a label, or a part of it (RFC 6125 section 6.4.3).
_MAX_NAME: Final = 253
_DOTTED: Final = re.compile(r"[a-z0-9_*-]{1,63}(?:\.[a-z0-9_*-]{1,63})+")
_NUMBERS: Final = re.compile(r"[0-9.]+")


class EdgeNameRule(enum.Enum):
    """Which rule decided."""

    SAN = "san"
    SAN_WILDCARD = "san-wildcard"
    COMMON_NAME = "common-name"  # matches, and there is no subjectAltName
    COMMON_NAME_WILDCARD = "common-name-wildcard"  # the same by a wildcard
    COMMON_NAME_IGNORED = "common-name-ignored"  # matches, but there is a subjectAltName without the target
    NO_MATCH = "no-match"
    NO_DOTTED_NAME = "no-dotted-name"  # no name of the certificate is a DNS name with a dot
    UNREADABLE = "unreadable"  # names that could not be read might have matched


class EdgeNameDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the edge takes the certificate for the target. `accepts` is None where the sources do not decide.

    `matched` is the name that covers the target, also where it does not count. `names` are the certificate's host names
    and then its common names, in lower case and without a final dot, at most MAX_NAMES_SHOWN.
    """

    rule: EdgeNameRule
    accepts: bool | None
    matched: str | None = None
    names: tuple[str, ...] = ()


def decide_edge_name(target: str, facts: CertificateFacts) -> EdgeNameDecision:
    """Decide for the SRV target (A-labels; letter case and a final dot do not count). Never raises.

    Addresses in a certificate name nobody here: an SRV target is a name.
    """
    wanted = _normalise(target)
    san = tuple(map(_normalise, facts.dns_names or ()))
    subject = tuple(map(_normalise, facts.common_names))
    rule, accepts, matched = _decide(wanted, facts, san, subject)
    return EdgeNameDecision(
        rule=rule, accepts=accepts, matched=matched, names=tuple(dict.fromkeys(san + subject))[:MAX_NAMES_SHOWN]
    )


_Verdict = tuple[EdgeNameRule, bool | None, str | None]


def _decide(wanted: str, facts: CertificateFacts, san: tuple[str, ...], subject: tuple[str, ...]) -> _Verdict:
    is_host = _is_dotted(wanted) and "*" not in wanted
    wildcard = f"*.{wanted.partition('.')[2]}"
    has_san = facts.dns_names is not None
    if is_host and wanted in san:
        return EdgeNameRule.SAN, True, wanted
    if is_host and wildcard in san:
        return EdgeNameRule.SAN_WILDCARD, None, wildcard
    if _may_be_incomplete(facts):
        return EdgeNameRule.UNREADABLE, None, None
    if not any(map(_is_dotted, san + subject)):
        return EdgeNameRule.NO_DOTTED_NAME, False, None
    if is_host and wanted in subject:
        return (EdgeNameRule.COMMON_NAME_IGNORED if has_san else EdgeNameRule.COMMON_NAME), not has_san, wanted
    if is_host and wildcard in subject and not has_san:
        return EdgeNameRule.COMMON_NAME_WILDCARD, None, wildcard
    return EdgeNameRule.NO_MATCH, False, None


def _may_be_incomplete(facts: CertificateFacts) -> bool:
    """Whether there may be names beside those that were read, which decide as long as none of these matches."""
    if facts.dns_names is None:
        return facts.subject is None or CertificateProblem.EXTENSION_UNREADABLE in facts.problems
    names = len(facts.dns_names) + len(facts.ip_addresses) + facts.other_names
    return names >= MAX_NAMES and CertificateProblem.LIST_CUT in facts.problems


def _normalise(name: str) -> str:
    # Some letters outside of ASCII have one of ASCII as their lower case, such as the Kelvin sign.
    return (name.lower() if name.isascii() else name).removesuffix(".")


def _is_dotted(name: str) -> bool:
    """Whether this is a DNS name with a dot, wildcards of any form included; an address is none."""
    return len(name) <= _MAX_NAME and _DOTTED.fullmatch(name) is not None and _NUMBERS.fullmatch(name) is None
