"""Faults of a federation that look alike from outside, and what on the partners' own machines tells them apart.

None of them shows in DNS, in the handshake or in the certificate. Each cause names where to look, what to look for
and how to mend it; menus are those of the documents (IM and Presence, OCS with Access Edge), commands those of Lync and
Skype for Business. The order is that in which to look: what is quickest to see comes first (a judgement, not a
statement of the documents).
"""

from __future__ import annotations

from typing import Final

import msgspec

from vpnprobe.checks.base import Guide
from vpnprobe.federation.rule import Outcome
from vpnprobe.model.finding import Fix


class PossibleCause(msgspec.Struct, frozen=True, kw_only=True):
    """One cause; `outcomes` are those that it can explain, `platform` is where it is.

    `confirm` says where to look, `signs` what is there when this is the cause, `mend` how to mend it. `note` says what
    is not known.
    """

    slug: str
    title: str
    statements: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    platform: str
    confirm: tuple[str, ...]
    signs: tuple[str, ...] = ()
    mend: tuple[str, ...]
    note: str = ""

    @property
    def fix(self) -> Fix:
        """How to confirm and to mend it."""
        note = (self.note,) if self.note else ()
        return Fix(self.platform, (*self.mend, *note), when=self.title, confirm=self.confirm, signs=self.signs)


_OF_CALLS: Final = "Lync or Skype for Business"
_SERVICES: Final = "Computer Management > Services and Applications > Services"
_FRONT_END_NOTE: Final = (
    "The documents name it for lost presence. Whether the port of the edge is closed as well was found nowhere."
)

CAUSES: Final = (
    PossibleCause(
        slug="allowed-and-provider",
        title="an IM and Presence domain is on the Access Edge's Allow tab",
        statements=("F3-08", "F3-23"),
        outcomes=("closed", "forbidden", "refused"),
        platform="Access Edge",
        confirm=(
            f"{_SERVICES}: the Access Edge service",
            "properties > Allow, and > IM Provider: look for every domain of IM and Presence",
        ),
        signs=(
            "the Access Edge service does not start",
            "a domain that stands on both tabs",
        ),
        mend=(
            "Allow tab: remove every entry of an IM and Presence domain or node.",
            "IM Provider tab: keep, or add, the entry of the same domain.",
            "Start the Access Edge service.",
        ),
    ),
    PossibleCause(
        slug="provider-missing",
        title="IM and Presence is not on the Access Edge's IM Provider list",
        statements=("F3-23",),
        outcomes=("forbidden", "refused"),
        platform="Access Edge",
        confirm=("properties > IM Provider", "nslookup -type=srv _sipfederationtls._tcp.{domain}"),
        signs=("no entry for {domain}",),
        mend=(
            "IM Provider tab: add the public name of IM and Presence for {domain}.",
            "On the edge's own DNS server, lead _sipfederationtls._tcp.{domain} to IM and Presence's public address.",
        ),
    ),
    PossibleCause(
        slug="front-end-stopped",
        title="the front end of OCS does not run",
        statements=("F3-12",),
        outcomes=("closed", "refused"),
        platform="OCS",
        confirm=(f"{_SERVICES}: Office Communications Server Front-End",),
        signs=("a status other than Started",),
        mend=("Start the service Office Communications Server Front-End.",),
        note=_FRONT_END_NOTE,
    ),
    PossibleCause(
        slug="service-password-expired",
        title="the password of RTCService or RTCComponentService has expired",
        statements=("F3-30",),
        outcomes=("closed", "refused"),
        platform="Active Directory",
        confirm=("Users and Computers > RTCService, RTCComponentService > Properties > Account",),
        signs=("Password never expires is not ticked", "the front end does not start"),
        mend=(
            "Reset Password of RTCService and of RTCComponentService.",
            "Properties > Account: tick Password never expires.",
            "Start the service Office Communications Server Front-End.",
        ),
        note=_FRONT_END_NOTE,
    ),
    PossibleCause(
        slug="edge-in-authorized-hosts",
        title="the edge's private name is among the Authorized Hosts of OCS",
        statements=("F3-29",),
        outcomes=("closed", "refused"),
        platform="OCS",
        confirm=("the list of Authorized Hosts",),
        signs=("the name of the edge's private interface", "the front end does not start"),
        mend=(
            "Remove the edge's private interface from Authorized Hosts.",
            "Start the service Office Communications Server Front-End.",
        ),
        note=_FRONT_END_NOTE,
    ),
    PossibleCause(
        slug="partner-not-allowed",
        title="the Microsoft side does not allow federation with this domain",
        statements=("M-07", "M-08"),
        outcomes=("refused",),
        platform=_OF_CALLS,
        confirm=("Get-CsAccessEdgeConfiguration", "Get-CsAllowedDomain -Identity {domain}"),
        signs=(
            "AllowFederatedUsers : False (the default)",
            "EnablePartnerDiscovery : False (the default), and {domain} is no allowed domain",
        ),
        mend=(
            "Set-CsAccessEdgeConfiguration -AllowFederatedUsers $True",
            "New-CsAllowedDomain -Identity {domain}",
            "A domain that is only discovered, not allowed, is limited to about 20 messages a second and 1,000 users.",
        ),
    ),
    PossibleCause(
        slug="federation-disabled",
        title="federation is not enabled in OCS, globally and on the front end",
        statements=("F3-27",),
        outcomes=("refused",),
        platform="OCS",
        confirm=("federation, in the global properties and in those of the front end",),
        signs=("one of the two is not enabled",),
        mend=("Enable federation in both places.",),
    ),
    PossibleCause(
        slug="internal-edge-name",
        title="OCS does not know the present internal name of the edge",
        statements=("F3-21", "F3-20"),
        outcomes=("refused",),
        platform="OCS",
        confirm=("global properties and front-end properties: the name of the Access Edge",),
        signs=("another name than that of the edge's internal interface",),
        mend=(
            "Enter the edge's internal name in both places.",
            "Internal and external interface need different names, each with an A record of its own.",
        ),
        note="The document names it where presence and messages work at first and are lost after some time.",
    ),
    PossibleCause(
        slug="federated-domain-missing",
        title="the partner's domain is not entered in IM and Presence",
        statements=("F3-19",),
        outcomes=("refused",),
        platform="IM and Presence",
        confirm=("Presence > Inter-Domain Federation",),
        signs=("no entry for the domain of the Microsoft users",),
        mend=("Add the domain of the Microsoft users as a SIP federated domain.",),
    ),
    PossibleCause(
        slug="im-gateway-off",
        title="the IM gateway of the SIP proxy is off",
        statements=("F3-18",),
        outcomes=("refused",),
        platform="IM and Presence",
        confirm=("System > Service Parameters > Cisco SIP Proxy: IM Gateway Status, at the end of the page",),
        signs=("IM Gateway Status = Off",),
        mend=("Set IM Gateway Status to On and save.",),
    ),
    PossibleCause(
        slug="static-route-wrong",
        title="a static route of IM and Presence does not lead to the edge",
        statements=("F3-14",),
        outcomes=("refused",),
        platform="IM and Presence",
        confirm=("Presence > Routing > Static Routes", "vpnprobe route <partner-domain>"),
        signs=("a pattern that is not the domain in reverse, another type than domain, or another next hop",),
        mend=("Enter the route as `vpnprobe route <partner-domain>` prints it.",),
        note="Only where static routes are used instead of SRV records.",
    ),
    PossibleCause(
        slug="sipproxy-trust",
        title="IM and Presence does not trust the edge's or the ASA's certificate",
        statements=("F3-13",),
        outcomes=("refused",),
        platform="IM and Presence",
        confirm=("Cisco Unified OS Administration > Security > Certificate Management > sipproxy-trust",),
        signs=("the issuer of the edge's (behind an ASA: of the ASA's) certificate is not listed",),
        mend=(
            "Upload the issuer's certificate as sipproxy-trust.",
            "Restart the Cisco SIP Proxy service.",
        ),
    ),
)


def possible_causes(outcome: Outcome, *, calls: bool = False) -> tuple[PossibleCause, ...]:
    """Return the causes of what is seen, in the order to look for them.

    Of refused `calls` (INVITE) those come first that a Lync or Skype for Business of today may have: OCS and IM and
    Presence are documented for presence and messages (an inference).
    """
    found = (cause for cause in CAUSES if outcome in cause.outcomes)
    return tuple(sorted(found, key=lambda cause: calls and cause.platform != _OF_CALLS))


def guide(outcome: Outcome) -> Guide:
    """Return the guide through the causes of what is seen; what to run next is the probe again, when one is mended."""
    return Guide(
        fix=tuple(cause.fix for cause in possible_causes(outcome)),
        next=("vpnprobe federation {domain}",),
    )
