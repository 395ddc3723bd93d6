"""Why a gateway can refuse a login that looks right from outside, and what on the ASA tells the causes apart.

From outside all of these are the same refusal. Each cause names the commands whose output shows it, the lines to look
for in it, and the commands that mend it. The order is that in which to look: what stops phones most often and is
quickest to see comes first (a judgement, not a statement of the documents).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from vpnprobe.checks.base import Guide
from vpnprobe.model.finding import Fix, Logs

Refusal = Literal["certificate", "certificate-failed", "certificate-expired", "password"]


class PossibleCause(msgspec.Struct, frozen=True, kw_only=True):
    """One cause of a refusal.

    `refusals` are the kinds of refusal that it can explain. `confirm` are commands, `signs` the lines that show it in
    their output or in the ASA's syslog, word for word where a document prints them. `mend` are commands and click
    paths. `note` says what is not known.
    """

    slug: str
    title: str
    statements: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    confirm: tuple[str, ...]
    signs: tuple[str, ...] = ()
    mend: tuple[str, ...]
    note: str = ""

    @property
    def summary(self) -> str:
        """One line: the cause, and what would confirm it."""
        return f"{self.title}: {self.confirm[0]}"

    @property
    def fix(self) -> Fix:
        """How to confirm and to mend it."""
        note = (self.note,) if self.note else ()
        return Fix("ASA", (*self.mend, *note), when=self.title, confirm=self.confirm, signs=self.signs)


_ALL: Final[tuple[Refusal, ...]] = ("certificate", "certificate-failed", "certificate-expired", "password")
_BY_CERTIFICATE: Final[tuple[Refusal, ...]] = ("certificate", "certificate-failed", "certificate-expired")
_PAST_CERTIFICATE: Final[tuple[Refusal, ...]] = ("certificate", "password")

CAUSES: Final = (
    PossibleCause(
        slug="account",
        title="the user name or the password is refused",
        statements=("VP-09",),
        refusals=("password",),
        confirm=(
            "show logging | include 113005|113015",
            "test aaa-server authentication <server-group> username <user> password <password>",
        ),
        # After the ASA's syslog message guide, shortened; the documents on VPN phones do not print them.
        signs=(
            (
                "%ASA-6-113015: AAA user authentication Rejected : reason = Invalid password : local database : "
                "user = <user>"
            ),
            (
                "%ASA-6-113005: AAA user authentication Rejected : reason = AAA failure : server = <server> : "
                "user = <user>"
            ),
        ),
        mend=(
            "Wrong or expired password, locked account: unlock it at the LDAP or RADIUS server, then log in once.",
            "An account of the ASA itself, in configuration mode: username <user> password <new-password>",
        ),
    ),
    PossibleCause(
        slug="client-certificate-expired",
        title="the phone's certificate has expired (HSK005)",
        statements=(),
        refusals=("certificate-expired",),
        confirm=("show clock detail",),
        signs=("a time after {client_not_after}",),
        mend=(
            "CUCM: Device > Phone > {device}: Certificate Operation = Install/Upgrade, then Save and Apply Config.",
            "Wait for Certificate Operation Status = Upgrade Success; the phone must reach CUCM for it.",
        ),
    ),
    PossibleCause(
        slug="client-ca-missing",
        title="the CA of the phone's certificate is not trusted for client certificates",
        statements=("VP-26", "VP-27", "VP-28", "VP-29"),
        refusals=_BY_CERTIFICATE,
        confirm=("show crypto ca certificates", "show run crypto ca trustpoint"),
        signs=("Certificate Validation Failure",),
        mend=(
            (
                "CUCM: Cisco Unified OS Administration > Security > Certificate Management: download CAPF"
                " (for LSCs) or Cisco_Manufacturing_CA (for MICs; 8811, 8841, 8851 and 8861: the SHA-2 "
                "one)."
            ),
            "configure terminal",
            "crypto ca trustpoint <client-ca>",
            " enrollment terminal",
            " validation-usage ssl-client",
            " exit",
            "crypto ca authenticate <client-ca>",
            "ssl certificate-authentication interface outside port {port}",
        ),
    ),
    PossibleCause(
        slug="csd-enabled",
        title="Cisco Secure Desktop is on for this tunnel group",
        statements=("VP-14", "VP-15", "VP-16"),
        refusals=_PAST_CERTIFICATE,
        confirm=("show run webvpn", "debug webvpn anyconnect 255 (not on a gateway under load)"),
        signs=(
            "csd enable",
            "Tunnel Group: <tunnel-group>, Client Cert Auth Success.",
            "WebVPN: CSD data not sent from client",
            "http_remove_auth_handle(): handle 24 not found!",
        ),
        mend=(
            "ASA 8.2 and later:",
            "configure terminal",
            "tunnel-group <tunnel-group> webvpn-attributes",
            " group-url {group_url} enable",
            " without-csd",
            "Earlier releases can only turn it off for everybody: webvpn, then no csd enable",
        ),
        note=(
            "What an ASA sends to a phone when it wants CSD was found in no document, so the answer itself "
            "does not tell."
        ),
    ),
    PossibleCause(
        slug="dap-terminates",
        title="a dynamic access policy ends the session",
        statements=("VP-17", "VP-18", "VP-19"),
        refusals=_PAST_CERTIFICATE,
        confirm=("show run dynamic-access-policy-record", "show logging | include 716038|734001|734002|734003"),
        signs=(
            (
                "%ASA-5-734002: DAP: User {client_user}, Addr <phone>: Connection terminated by the "
                "following DAP records: DfltAccessPolicy"
            ),
            (
                "%ASA-6-734001: DAP: User {client_user}, Addr <phone>, Connection AnyConnect: The following "
                "DAP records were selected for this connection: DfltAccessPolicy"
            ),
            (
                "%ASA-6-716038: Group <DfltGrpPolicy> User <{client_user}> IP <phone> Authentication: "
                "successful, Session Type: WebVPN."
            ),
        ),
        mend=(
            "configure terminal",
            "dynamic-access-policy-record VPNPhone",
            " action continue",
            (
                "ASDM > Remote Access VPN > Dynamic Access Policies > VPNPhone: select by connection profile "
                "<tunnel-group>."
            ),
            "Afterwards the log shows 746012, then 722051, then 734001 with VPNPhone.",
        ),
    ),
    PossibleCause(
        slug="inherited-group-policy",
        title="the group policy inherits a forbidding value from DfltGrpPolicy",
        statements=("VP-20", "VP-21", "VP-22"),
        refusals=_PAST_CERTIFICATE,
        confirm=("show run all group-policy DfltGrpPolicy", "show run group-policy"),
        signs=(
            "vpn-simultaneous-logins 0",
            "vpn-tunnel-protocol without ssl-client",
            "group-lock value of another tunnel group",
            "vpn-filter value of a list that lets nothing through",
        ),
        mend=(
            "configure terminal",
            "group-policy <group-policy> attributes",
            " vpn-simultaneous-logins 3",
            " vpn-tunnel-protocol ssl-client",
            " group-lock value <tunnel-group>",
            " vpn-filter none",
        ),
    ),
    PossibleCause(
        slug="licence-missing",
        title="the licence for VPN phones is missing",
        statements=("VP-01",),
        refusals=_ALL,
        confirm=("show version | include AnyConnect",),
        signs=(
            "AnyConnect for Cisco VPN Phone : Disabled",
            "AnyConnect for Linksys phone : Disabled (8.0.x)",
        ),
        mend=(
            "activation-key <key-with-AnyConnect-for-Cisco-VPN-Phone>",
            "Some licences need a reload, in a maintenance window; the ASA says so when it takes the key.",
        ),
        note="What an ASA answers to a phone without this licence was found in no document.",
    ),
    PossibleCause(
        slug="login-method",
        title="the tunnel group wants another way to log in",
        statements=("VP-09",),
        refusals=_PAST_CERTIFICATE,
        confirm=("show run tunnel-group <tunnel-group>",),
        signs=("authentication aaa certificate (the phone sends one of the two only)",),
        mend=(
            "configure terminal",
            "tunnel-group <tunnel-group> webvpn-attributes",
            " authentication certificate",
            "Or, for users with passwords: authentication aaa",
        ),
    ),
    PossibleCause(
        slug="peer-limit",
        title="all AnyConnect sessions of the licence or of the platform are in use",
        statements=("VP-02",),
        refusals=_ALL,
        confirm=("show vpn-sessiondb license-summary", "show vpn-sessiondb summary"),
        signs=("AnyConnect Premium Peers : 2 (the number of users that may connect)",),
        mend=("vpn-sessiondb logoff name <stale-user>", "activation-key <key-with-more-peers>"),
    ),
)


def possible_causes(refusal: Refusal) -> tuple[PossibleCause, ...]:
    """Return the causes of this kind of refusal, in the order to look for them."""
    return tuple(cause for cause in CAUSES if refusal in cause.refusals)


def guide(refusal: Refusal) -> Guide:
    """Return the guide through the causes of this kind of refusal."""
    causes = possible_causes(refusal)
    lines = tuple(sign for cause in causes for sign in cause.signs if sign.startswith("%ASA-"))
    return Guide(
        fix=tuple(cause.fix for cause in causes),
        logs=Logs(asa=lines),
        next=tuple(f"ASA# {cause.confirm[0]}" for cause in causes),
    )


def guides() -> Mapping[str, Guide]:
    """Return the guide of every kind of refusal."""
    return {refusal: guide(refusal) for refusal in _ALL}
