"""Statements of the vendor documents that no probe from outside can decide, and why.

They are not lost: where one can explain a failure, the fix of that check names it. This table is what the product says
when it is asked what it cannot see.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

# Where the product speaks of it all the same: among the causes that look alike from outside, in the fix of a check, in
# `vpnprobe diagnose`, in `vpnprobe route`, or in this table only.
FoundIn = Literal["differential", "fix", "diagnose", "route", "nowhere"]


class Unobservable(msgspec.Struct, frozen=True):
    """One statement by its id, what it is about, why a probe cannot decide it, and where the product names it."""

    statement: str
    about: str
    why: str
    found_in: FoundIn = "nowhere"


_OCS_SETTING: Final = "A setting of OCS, which only its console shows."
_IMP_SETTING: Final = "A setting of IM and Presence, which only its administration pages show."

UNOBSERVABLE: Final = (
    Unobservable(
        "CA-06",
        "the private key of an LSC or a MIC never leaves the phone",
        "What is not sent cannot be seen; that a phone has its key shows in a login with a certificate only.",
    ),
    Unobservable(
        "CA-08",
        "before the first LSC, the HTTPS certificate is in CAPF-trust and the CA's root in CAPF- and CallManager-trust",
        "CUCM shows its trust stores to nobody: show cert list trust. OCA004 says what belongs there.",
        "fix",
    ),
    Unobservable(
        "CA-10",
        "certificates are renewed in a maintenance window",
        "Advice for the operator: the phones that are concerned restart.",
    ),
    Unobservable(
        "CA-12",
        "the root chain of a third-party CA is uploaded to CAPF-trust and to CallManager-trust",
        "CUCM shows its trust stores to nobody: show cert list trust. The fix of OCA004 has the steps.",
        "fix",
    ),
    Unobservable(
        "CA-21",
        "with an offline CA, an outage or a reset of the phone begins the whole procedure anew",
        "Only CUCM and the CA know which requests are under way: utils capf csr list.",
    ),
    Unobservable(
        "CA-24",
        "a Universal Device Template is for users that are not synchronised; Apply Config may come later",
        "A choice in CUCM's administration pages that changes nothing a server shows.",
    ),
    Unobservable(
        "CA-28",
        "certificate requests that CAPF has not answered yet, with their time stamps",
        (
            "They are files of the publisher; only utils capf csr list shows how old they are. Given by --csr, one of "
            "them tells a stale LSC from a good one (LSC016)."
        ),
        "fix",
    ),
    Unobservable(
        "CA-30",
        "all nodes of a cluster share the administrator's user and password",
        "Trying them is a login that this tool does not make: set them alike on each node.",
    ),
    Unobservable(
        "CA-34",
        "after a loss of power the phone goes on with the authentication mode that it keeps in flash",
        "A state within the phone, cleared when the operation is complete.",
    ),
    Unobservable(
        "CA-37",
        "a cluster with phones past their end of software maintenance stays below 11.5(1)SU1",
        "Which phones these are, and CUCM's release, show in no certificate. The fix of LSC011 names the rule.",
        "fix",
    ),
    Unobservable(
        "F3-02",
        "enrolment of an ASA by SCEP needs the SCEP add-on of the CA",
        "It fails between the ASA and the CA, before there is a certificate to look at: install the add-on on the CA.",
    ),
    Unobservable(
        "F3-05",
        "form of the subject name in an ASA's certificate request",
        "A command for the operator. Where a CA refuses the request, vpnprobe diagnose prints it.",
        "diagnose",
    ),
    Unobservable(
        "F3-07",
        "a class map of the ASA names an access list that does not exist",
        "The ASA says so only to the person who configures it. vpnprobe diagnose reads that error.",
        "diagnose",
    ),
    Unobservable(
        "F3-09",
        "an ASA that does not boot after an upgrade is loaded by ROMMON and TFTP",
        (
            "Work at the ASA's console: Esc at boot, then ip, server, interface (the inside one) and file; a gateway "
            "where the TFTP server is on another network; then tftp dnld."
        ),
    ),
    Unobservable(
        "F3-10",
        "Windows 2008: the private key is missing when a certificate is copied into the machine's store",
        (
            "It fails on the server, before the certificate is in use: request it as a local user, export it with its "
            "key, log in again as a domain user, import it there."
        ),
    ),
    Unobservable(
        "F3-12",
        "the front end of OCS must run",
        "A service of the partner behind the edge. It is among the causes of a closed port and of a bare refusal.",
        "differential",
    ),
    Unobservable(
        "F3-13",
        "IM and Presence must trust the edge's certificate (sipproxy-trust)",
        "Which certificates IM and Presence trusts shows only on its own pages.",
        "differential",
    ),
    Unobservable(
        "F3-14",
        "a static route has the domain in reverse as its pattern, type domain, and the edge as next hop",
        f"{_IMP_SETTING} vpnprobe route prints the fields.",
        "route",
    ),
    Unobservable(
        "F3-16",
        "Jabber may have the wrong DNS servers",
        "They are those of the user's PC: correct them there and restart Jabber.",
    ),
    Unobservable(
        "F3-17",
        "Communicator in Do Not Disturb receives no messages",
        "A state that its user chose: set another one.",
    ),
    Unobservable("F3-18", "IM Gateway Status of the SIP proxy must be On", _IMP_SETTING, "differential"),
    Unobservable("F3-19", "the federated domain must be entered in IM and Presence", _IMP_SETTING, "differential"),
    Unobservable("F3-27", "federation is enabled globally and on the front end", _OCS_SETTING, "differential"),
    Unobservable(
        "F3-29", "the edge's private name in Authorized Hosts stops the front end", _OCS_SETTING, "differential"
    ),
    Unobservable(
        "F3-30",
        "passwords of RTCService and RTCComponentService expire",
        "An account of the partner's Active Directory.",
        "differential",
    ),
    Unobservable(
        "F3-31",
        "remote desktop from Windows XP to an edge in FIPS mode needs client 6.0",
        "It is about the administrator's PC, not about federation.",
    ),
    Unobservable(
        "F4-12",
        "of a call that the partner's edge refuses, nothing reaches the Expressway-E",
        (
            "Nothing that is sent can be seen or pasted: an empty search history (Status > Search history) is the "
            "symptom. vpnprobe federation decides its causes, and diagnose lists them for the other direction."
        ),
        "diagnose",
    ),
    Unobservable(
        "F4-17",
        "the log of a Skype client holds the reason that an Expressway is not told",
        "A file on the partner's PC. vpnprobe diagnose says where it is, and reads it.",
        "diagnose",
    ),
    Unobservable(
        "F4-19",
        "releases that the document was tested with: Expressway X8.9, CMS 2.1.2, Lync 2010 to Skype for Business",
        "Neither DNS nor a certificate tells the release; a Server header tells that of the SIP stack only (SIP004).",
    ),
    Unobservable(
        "M-07",
        "a partner is discovered, an allowed domain or an allowed server",
        "A setting of the Microsoft side. It is among the causes of a bare refusal, with the cmdlets that show it.",
        "differential",
    ),
    Unobservable(
        "M-15",
        "Ms-Keep-Alive is negotiated between a client and its proxy",
        "It says nothing of a federation, so the probe does not send it.",
    ),
    Unobservable(
        "VP-02",
        "number of AnyConnect users that the licence allows",
        (
            "Only the ASA counts its sessions. A gateway that is full refuses or answers 503; the login "
            "checks name the limit among the causes: show vpn-sessiondb license-summary."
        ),
        "differential",
    ),
    Unobservable(
        "VP-16",
        "debug webvpn anyconnect is not to be used under load",
        "Advice for the operator, no state of the gateway. The differential repeats it beside the command.",
        "differential",
    ),
    Unobservable(
        "VP-22",
        "show run all group-policy shows inherited defaults",
        (
            "A way to read the ASA's configuration. The differential names the command; its output is not "
            "visible from outside."
        ),
        "differential",
    ),
    Unobservable(
        "VP-36",
        "span to PC port copies the phone's frames to its PC port",
        "A tool for a person with a PC at the phone: enable Span to PC Port in CUCM and capture with Wireshark in "
        "promiscuous mode.",
    ),
    Unobservable(
        "VP-41",
        "an upload to CUCM overwrites a certificate of the same common name",
        (
            "Only CUCM knows what was in its trust store before. The fixes that upload a certificate warn of it: "
            "CSCuh19734."
        ),
        "fix",
    ),
)
