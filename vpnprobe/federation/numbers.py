"""What the numbers of `ms-diagnostics` mean for the domain: the rules of `vpnprobe.federation.rules` that they choose.

Placeholders are those of the rules.
"""

from __future__ import annotations

from typing import Final

from vpnprobe.federation.rule import Cause, Rule
from vpnprobe.model.finding import Fix

PROBE: Final = ("vpnprobe federation {domain}",)

PARTNERS_LOG: Final = Fix(
    "partner",
    (
        "Ask for the trace of the partner's edge at this moment: the records with $$begin_record and SIPPROXY_E_.",
        "Where the partner is on Office 365, for the log of a Skype client that calls you:",
        r"C:\Users\<user>\AppData\Local\Microsoft\Office\16.0\Lync\Tracing\Lync-UccApi-<number>.UccApiLog",
        "Then: vpnprobe diagnose <file>",
    ),
)
_PUBLISH: Final = Fix(
    "DNS",
    (
        "_sipfederationtls._tcp.{domain}. 3600 IN SRV 0 0 5061 {label}.{domain}.",
        "{label}.{domain}. 3600 IN A <public-address-of-the-edge>",
    ),
)
_NAMES: Final = Fix(
    "CA",
    (
        (
            "Request the certificate anew, with subject alternative names: {target}, and the names that it holds now, "
            "such as {certificate_name}."
        ),
        "Expressway-E: Maintenance > Security > Server certificate > Generate CSR.",
    ),
)

NO_RECORD: Final = Rule(
    slug="no-record",
    title="the partner's edge finds no federation record of {domain} (1008)",
    verdict="fail",
    statements=("F4-01", "F4-02", "F4-03", "F3-15"),
    causes=(
        Cause(title="the record is not in public DNS", checks=("SRV001", "SRV004"), fix=(_PUBLISH,)),
        Cause(title="the partner's edge asks a DNS server that does not know it", checks=("SRV004",)),
    ),
    next=PROBE,
)
TARGET_OUTSIDE: Final = Rule(
    slug="target-outside-domain",
    title="the federation record of {domain} leads to {targets}, which is not in {domain} (1009)",
    verdict="fail",
    statements=("F4-04", "F4-06", "F4-13", "F4-15", "F4-18", "M-02"),
    causes=(
        Cause(
            title="the name that the SRV record leads to is not one label below {domain}",
            checks=("DOM001",),
            fix=(
                _PUBLISH,
                Fix(
                    "CA",
                    (
                        "Put {label}.{domain} into the subject alternative names of the edge's certificate as well.",
                        "Otherwise ms-diagnostics 1010 comes next.",
                    ),
                ),
            ),
        ),
    ),
    next=PROBE,
)
CERTIFICATE_NAME: Final = Rule(
    slug="certificate-lacks-target",
    title="the certificate of {target} does not hold that name (1010); the partner read {certificate_name} in it",
    verdict="fail",
    statements=("F4-07", "F4-08", "F4-14", "F4-16"),
    causes=(
        Cause(
            title="{target} is not among the subject alternative names; a common name counts only without any of them",
            checks=("FCR001", "FCR002", "FCR003"),
            fix=(_NAMES,),
        ),
        Cause(
            title="the new certificate is not in use everywhere: another node, or an ASA in between, shows an old one",
            checks=("FCR001", "FCR015"),
        ),
    ),
    next=PROBE,
)
CERTIFICATE_TRUST: Final = Rule(
    slug="certificate-not-trusted",
    title="the partner's edge does not trust the certificate of {target} (1010)",
    verdict="fail",
    statements=("F4-10", "F3-01", "M-08"),
    causes=(
        Cause(
            title="its root is not public, and the partner has not imported it",
            checks=("FCR010", "FCR011"),
            fix=(
                Fix("CA", ("Take a certificate of a public CA. Partners on Office 365 accept no other.",)),
                Fix("partner", ("Import the root into Trusted Root Certification Authorities of every edge.",)),
            ),
        ),
        Cause(
            title="an intermediate certificate is not sent",
            checks=("FCR009", "FCR012"),
            fix=(Fix("Expressway", ("Upload the server certificate together with its intermediate certificates.",)),),
        ),
        Cause(title="it has expired, is not valid yet, or a clock is wrong", checks=("FCR007", "SIP002")),
        Cause(title="it is revoked, or its revocation list cannot be fetched", checks=("FCR018", "FCR017")),
        Cause(title="it does not hold the name", checks=("FCR001",)),
    ),
    next=("vpnprobe federation {domain} --revocation",),
)
CLOCK: Final = Rule(
    slug="clocks-differ",
    title="the clocks differ too much (1013)",
    verdict="fail",
    statements=("F3-01",),
    causes=(
        Cause(
            title="the clock or the time zone of one side is wrong",
            checks=("SIP002", "FCR007"),
            fix=(
                Fix("ASA", ("show clock detail", "configure terminal", "ntp server <ntp-server>")),
                Fix("IM and Presence", ("utils ntp status", "show timezone config")),
            ),
        ),
    ),
    next=("vpnprobe federation {domain} --sip",),
)
NO_ADDRESS: Final = Rule(
    slug="target-without-address",
    title="the target of {domain}'s federation record has no address (1014)",
    verdict="fail",
    statements=("F4-05",),
    causes=(
        Cause(
            title="A and AAAA record are missing, or not in public DNS",
            checks=("ADR001", "ADR003"),
            fix=(Fix("DNS", ("{label}.{domain}. 3600 IN A <public-address-of-the-edge>",)),),
        ),
    ),
    next=PROBE,
)
TLS_FAILED: Final = Rule(
    slug="tls-not-completed",
    title="the TLS handshake with the federated peer was not completed (1047)",
    verdict="fail",
    statements=("M-09", "M-10", "M-12"),
    causes=(
        Cause(title="the peer does not trust the issuer of the edge's certificate", checks=("EDG008", "EDG009")),
        Cause(title="no version or suite in common", checks=("EDG002", "EDG003", "EDG005")),
        Cause(title="the certificate does not serve both ways", checks=("FCR005", "FCR006")),
        Cause(title="something between the two ends the connection", checks=("EDG001", "EDG010")),
    ),
    next=PROBE,
)
PARTNER_POLICY: Final = Rule(
    slug="sender-not-allowed",
    title="the partner refuses the sender: {meaning} ({number})",
    verdict="fail",
    statements=("M-07", "M-08"),
    causes=(Cause(title="the partner's settings do not allow it; no record and no certificate of yours decides it"),),
    next=PROBE,
    outcome="refused",
)
NO_ROUTE: Final = Rule(
    slug="no-route",
    title="the partner does not route the request: {meaning} ({number})",
    verdict="fail",
    statements=("M-07",),
    causes=(
        Cause(title="the federation record is missing where the partner looks", checks=("SRV001", "SRV004")),
        Cause(
            title="domains of a hybrid deployment are not all known to the servers on premises (1017)",
            fix=(Fix("Lync or Skype for Business", ("Add every domain of Office 365 to the topology on premises.",)),),
        ),
    ),
    next=PROBE,
    outcome="refused",
)
NO_REASON: Final = Rule(
    slug="no-reason-given",
    title="the server before gave no reason ({number}: {meaning})",
    verdict="fail",
    statements=("F4-11",),
    causes=(
        Cause(title="its record leads out of the sender's domain", checks=("DOM001", "SRV001")),
        Cause(title="its certificate does not hold its name, or is not trusted", checks=("FCR001", "FCR010", "FCR009")),
        Cause(title="it refuses the request for reasons of its own", fix=(PARTNERS_LOG,)),
    ),
    next=PROBE,
    outcome="refused",
)
KNOWN_NUMBER: Final = Rule(
    slug="other-number",
    title="{meaning} ({number})",
    verdict="inconclusive",
    statements=("M-16",),
    causes=(Cause(title="no check from outside decides it", fix=(PARTNERS_LOG,)),),
)
UNKNOWN_NUMBER: Final = Rule(
    slug="unknown-number",
    title="ms-diagnostics {number} is not in the catalogue; its own words: {reason}",
    verdict="inconclusive",
    statements=("M-16",),
)

BY_NUMBER: Final = {
    1001: PARTNER_POLICY,
    1002: PARTNER_POLICY,
    1005: NO_ROUTE,
    1007: NO_ROUTE,
    1008: NO_RECORD,
    1009: TARGET_OUTSIDE,
    1011: NO_REASON,
    1012: PARTNER_POLICY,
    1013: CLOCK,
    1014: NO_ADDRESS,
    1017: NO_ROUTE,
    1027: NO_ROUTE,
    1034: NO_REASON,
    1047: TLS_FAILED,
}
