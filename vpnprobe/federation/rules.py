"""What each symptom of a pasted log means: its causes, the checks that would prove each, and how to mend it.

Texts hold placeholders, filled from the symptom: `{domain}`, `{target}`, `{targets}`, `{label}` (the target's first
label), `{certificate_name}`, `{number}`, `{meaning}`, `{reason}`, `{status}`, `{name}`. What the text does not tell
stands in angle brackets.
"""

from __future__ import annotations

from typing import Final

from vpnprobe.federation import numbers
from vpnprobe.federation.numbers import PARTNERS_LOG, PROBE
from vpnprobe.federation.rule import Cause, Rule
from vpnprobe.model.finding import Fix

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
        Cause(title="both are right: the partner refuses for reasons of its own", fix=(PARTNERS_LOG,)),
    ),
    next=PROBE,
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
    next=PROBE,
    outcome="forbidden",
)
FORBIDDEN: Final = Rule(
    slug="forbidden",
    title="the request is answered 403 and no reason is given",
    verdict="fail",
    statements=("F3-23", "M-07"),
    causes=(Cause(title="the other side's settings do not allow it", fix=(PARTNERS_LOG,)),),
    next=PROBE,
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
    next=PROBE,
)
ANSWERED: Final = Rule(slug="answered", title="requests are answered with success", verdict="pass")
CHALLENGED: Final = Rule(slug="challenged", title="the server asks for a login, as it does at first", verdict="pass")
OTHER_ANSWER: Final = Rule(
    slug="other-answer",
    title="the answer {status} carries no reason, and no rule explains it",
    verdict="inconclusive",
)

RULES: Final = (
    numbers.NO_RECORD,
    numbers.TARGET_OUTSIDE,
    numbers.CERTIFICATE_NAME,
    numbers.CERTIFICATE_TRUST,
    numbers.CLOCK,
    numbers.NO_ADDRESS,
    numbers.TLS_FAILED,
    numbers.PARTNER_POLICY,
    numbers.NO_ROUTE,
    numbers.NO_REASON,
    SUBSCRIBE_FORBIDDEN,
    ACCESS_LIST,
    CERTIFICATE_REQUEST,
    TIME_OUT,
    OTHER_TIME_OUT,
    FORBIDDEN,
    NOTIFY_TIME_OUT,
    ISSUER_LIST,
    numbers.KNOWN_NUMBER,
    numbers.UNKNOWN_NUMBER,
    UNKNOWN_RECORD,
    OTHER_ANSWER,
    CHALLENGED,
    ANSWERED,
)
"""All rules, in the order in which they are told: what names a cause comes first."""
