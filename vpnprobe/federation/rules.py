"""What each symptom of a pasted log means: its causes, the checks that would prove each, and how to mend it.

Texts hold placeholders, filled from the symptom: `{domain}`, `{target}`, `{targets}`, `{label}` (the target's first
label), `{certificate_name}`, `{number}`, `{meaning}`, `{reason}`, `{status}`, `{name}`. What the text does not tell
stands in angle brackets.
"""

from __future__ import annotations

from typing import Final

from vpnprobe.federation.rule import Cause, Rule
from vpnprobe.model.finding import Fix

_PROBE: Final = ("vpnprobe federation {domain}",)

_PARTNERS_LOG: Final = Fix(
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
    next=_PROBE,
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
    next=_PROBE,
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
    next=_PROBE,
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
    next=_PROBE,
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
    next=_PROBE,
)
PARTNER_POLICY: Final = Rule(
    slug="sender-not-allowed",
    title="the partner refuses the sender: {meaning} ({number})",
    verdict="fail",
    statements=("M-07", "M-08"),
    causes=(Cause(title="the partner's settings do not allow it; no record and no certificate of yours decides it"),),
    next=_PROBE,
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
    next=_PROBE,
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
        Cause(title="it refuses the request for reasons of its own", fix=(_PARTNERS_LOG,)),
    ),
    next=_PROBE,
    outcome="refused",
)
KNOWN_NUMBER: Final = Rule(
    slug="other-number",
    title="{meaning} ({number})",
    verdict="inconclusive",
    statements=("M-16",),
    causes=(Cause(title="no check from outside decides it", fix=(_PARTNERS_LOG,)),),
)
UNKNOWN_NUMBER: Final = Rule(
    slug="unknown-number",
    title="ms-diagnostics {number} is not in the catalogue; its own words: {reason}",
    verdict="inconclusive",
    statements=("M-16",),
)
UNKNOWN_RECORD: Final = Rule(
    slug="unknown-record",
    title="the trace record {name} is not in the catalogue",
    verdict="inconclusive",
)
TIME_OUT: Final = Rule(
    slug="time-out-without-reason",
    title="the partner answers 504 Server time-out and gives no reason",
    verdict="fail",
    statements=("F4-11", "F4-12", "F4-17", "F4-02"),
    causes=(
        Cause(
            title="the federation record of the sender's domain is missing, or leads out of it (1008, 1009, 1014)",
            checks=("DOM001", "SRV001", "ADR001"),
        ),
        Cause(
            title="the certificate does not hold the name of the record, or is not trusted (1010)",
            checks=("FCR001", "FCR010", "FCR009", "FCR007"),
        ),
        Cause(title="both are right: the partner refuses for reasons of its own", fix=(_PARTNERS_LOG,)),
    ),
    next=_PROBE,
    outcome="refused",
)
OTHER_TIME_OUT: Final = Rule(
    slug="time-out-of-another-server",
    title="the 504 Server time-out comes from a server that is not Microsoft's",
    verdict="fail",
    statements=("F4-11",),
    causes=(
        Cause(
            title="it did not reach the next server: no record, no address, a closed port, or no TLS (RFC 3261)",
            checks=("SRV001", "ADR001", "EDG001", "EDG002", "EDG010"),
        ),
    ),
    next=("vpnprobe federation <partner-domain>",),
)
SUBSCRIBE_FORBIDDEN: Final = Rule(
    slug="subscribe-forbidden",
    title="the Access Edge answers 403 Forbidden to a SUBSCRIBE",
    verdict="fail",
    statements=("F3-23",),
    causes=(
        Cause(title="IM and Presence is not on the Access Edge's IM Provider list, or is on its Allow list as well"),
        Cause(title="the edge's DNS server does not lead {domain} to IM and Presence", checks=("SRV001", "ADR001")),
    ),
    next=_PROBE,
    outcome="forbidden",
)
FORBIDDEN: Final = Rule(
    slug="forbidden",
    title="the request is answered 403 and no reason is given",
    verdict="fail",
    statements=("F3-23", "M-07"),
    causes=(Cause(title="the other side's settings do not allow it", fix=(_PARTNERS_LOG,)),),
    next=_PROBE,
    outcome="refused",
)
NOTIFY_TIME_OUT: Final = Rule(
    slug="notify-time-out",
    title="a NOTIFY is not answered, or its way back is not marked: Record-Route carries no transport",
    verdict="warn",
    statements=("F3-24",),
    causes=(
        Cause(
            title="IM and Presence does not put the transport into Record-Route",
            checks=("SIP005",),
            fix=(
                Fix(
                    "IM and Presence",
                    (
                        "System > Service Parameters > <node> > Cisco SIP Proxy",
                        "SIP Parameters (Clusterwide): Use Transport in Record-Route Header = On, then Save.",
                    ),
                ),
            ),
        ),
    ),
    next=("vpnprobe federation {domain} --sip",),
)
ACCESS_LIST: Final = Rule(
    slug="access-list-missing",
    title="the ASA's class map names the access list {name}, which does not exist",
    verdict="fail",
    statements=("F3-07",),
    causes=(
        Cause(
            title="the extended access list was not made before the class map",
            fix=(
                Fix(
                    "ASA",
                    (
                        "configure terminal",
                        "access-list {name} extended permit tcp host <from> host <to> eq 5061",
                        "class-map {name}",
                        " match access-list {name}",
                    ),
                ),
            ),
        ),
    ),
    next=("ASA# show access-list {name}",),
)
CERTIFICATE_REQUEST: Final = Rule(
    slug="certificate-request-incomplete",
    title="VeriSign refuses the certificate request ({number}): its subject is not complete",
    verdict="fail",
    statements=("F3-04", "F3-05"),
    causes=(
        Cause(
            title="country, state, locality, organisation, unit or common name is missing or abbreviated",
            checks=("FCR016",),
            fix=(
                Fix(
                    "ASA",
                    (
                        "configure terminal",
                        "crypto ca trustpoint <trustpoint>",
                        (
                            " subject-name CN=<fqdn>,OU=<unit>,C=<two-letters>,St=<state-in-full>,L=<locality-in-full>,"
                            "O=<organisation>"
                        ),
                        " exit",
                        "crypto ca enroll <trustpoint>",
                    ),
                ),
            ),
        ),
    ),
    next=("openssl req -in <request>.pem -noout -subject",),
)
ISSUER_LIST: Final = Rule(
    slug="issuer-list-cut",
    title="Windows cut the list of issuers that the edge trusts (Schannel event 36885)",
    verdict="warn",
    statements=("M-12",),
    causes=(
        Cause(
            title="more trusted roots than fit into 16 KB; a peer may not find its own issuer and send no certificate",
            checks=("EDG009", "EDG008"),
            fix=(Fix("Windows", ("Remove roots that are not needed from Trusted Root Certification Authorities.",)),),
        ),
    ),
    next=_PROBE,
)
ANSWERED: Final = Rule(slug="answered", title="requests are answered with success", verdict="pass")
CHALLENGED: Final = Rule(slug="challenged", title="the server asks for a login, as it does at first", verdict="pass")
OTHER_ANSWER: Final = Rule(
    slug="other-answer",
    title="the answer {status} carries no reason, and no rule explains it",
    verdict="inconclusive",
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

RULES: Final = (
    NO_RECORD,
    TARGET_OUTSIDE,
    CERTIFICATE_NAME,
    CERTIFICATE_TRUST,
    CLOCK,
    NO_ADDRESS,
    TLS_FAILED,
    PARTNER_POLICY,
    NO_ROUTE,
    NO_REASON,
    SUBSCRIBE_FORBIDDEN,
    ACCESS_LIST,
    CERTIFICATE_REQUEST,
    TIME_OUT,
    OTHER_TIME_OUT,
    FORBIDDEN,
    NOTIFY_TIME_OUT,
    ISSUER_LIST,
    KNOWN_NUMBER,
    UNKNOWN_NUMBER,
    UNKNOWN_RECORD,
    OTHER_ANSWER,
    CHALLENGED,
    ANSWERED,
)
"""All rules, in the order in which they are told: what names a cause comes first."""
