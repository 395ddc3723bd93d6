"""Checks of the server of an online CA: that DNS knows it and it answers CUCM's enrolment service."""

from __future__ import annotations

import re
from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, passed, unclear
from vpnprobe.checks.online_ca.needs import ca, subjects
from vpnprobe.checks.wording import describe_failure, listing, listing_of_names
from vpnprobe.model.capf import OnlineCa
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.finding import Fact
from vpnprobe.model.target import is_address
from vpnprobe.pki.names import describe_name

_UNKNOWN_TO_DNS: Final = (FailureKind.NAME_NOT_FOUND, FailureKind.NO_ADDRESS, FailureKind.NO_RECORD)
_OURS: Final = (FailureKind.LOCAL, FailureKind.TLS_LOCAL, FailureKind.DEADLINE, FailureKind.INTERRUPTED)

# What a Windows server and its CA say in English on the pages that are shown without a login.
_ENGLISH: Final = re.compile(
    r"\b(unauthorized|access is denied|credentials|forbidden|certificate services|welcome|request a certificate|"
    r"server error|not found|do not have permission)\b",
    re.IGNORECASE,
)
_ENOUGH_TEXT: Final = 40
_CERTSRV_STATUS: Final = (200, 401, 403)


def _judge_name_known(_case: Case, seen: OnlineCa) -> Result:
    found = seen.resolution
    if found is None or is_address(seen.endpoint.host):
        return passed(f"{seen.endpoint.host} is an address, no DNS needed (but see OCA003)")
    if found.addresses:
        return passed(f"{seen.endpoint.host} is {listing(found.addresses)}", addresses=list(found.addresses))
    words = f"{seen.endpoint.host}: {describe_failure(found.failure)}" if found.failure else "no address"
    return failed(words) if found.failure is not None and found.failure.kind in _UNKNOWN_TO_DNS else unclear(words)


OCA001 = Check(
    id="OCA001",
    slug="online-ca-in-dns",
    title="DNS knows the online CA",
    stage="online-ca",
    severity="critical",
    probes=("capf",),
    subjects=subjects,
    needs=ca,
    judge=_judge_name_known,
    covers=("CA-07",),
    rationale="CUCM reaches an online CA by name, so it needs DNS (and CUCM 12.5 or later, and a Microsoft CA on "
    "Windows Server 2012 or 2016, which nothing shows from outside). This machine's DNS may be another one than "
    "CUCM's.",
    guide=Guide(
        fix=(
            fix("DNS", "Publish an A record for {online_ca} in the zone that CUCM's DNS servers answer for."),
            fix("CUCM", "show network eth0 detail\nutils network host {online_ca}"),
        ),
        next=("nslookup {online_ca}",),
    ),
)


def _judge_reached(_case: Case, seen: OnlineCa) -> Result:
    if seen.failure is None and seen.address is not None:
        return passed(f"{seen.address} completes a TLS handshake ({seen.suite_name})", address=seen.address)
    if seen.failure is None and seen.resolution is not None and seen.resolution.addresses:
        return unclear("none of its addresses is of the IP version that was asked for")
    if seen.failure is None:
        return unclear("no address to dial (OCA001)")
    words = f"{seen.address}: {describe_failure(seen.failure)}"
    if seen.failure.kind in _OURS:
        return unclear(words)
    if seen.certificate_request is not None:
        return failed(f"{words}; it asked for a client certificate before (OCA006)", "asked")
    tls = seen.failure.kind in (FailureKind.TLS_ALERT, FailureKind.NOT_TLS, FailureKind.MALFORMED)
    return failed(words, "tls" if tls else "")


_SETTINGS = fix(
    "CUCM",
    """
    System > Service Parameters > Cisco Certificate Authority Proxy Function: Certificate Issuer to Endpoint = Online \
      CA; Online CA Hostname, Online CA Port (443 as a rule), Online CA Template, Online CA Type = Microsoft CA, \
      Online CA Username and Password.
    utils service restart Cisco Certificate Authority Proxy Function
    utils service list
    Cisco Certificate Enrollment Service is only active with an online CA.
    """,
)

OCA002 = Check(
    id="OCA002",
    slug="online-ca-reachable",
    title="The online CA answers by HTTPS",
    stage="online-ca",
    severity="critical",
    probes=("capf",),
    subjects=subjects,
    needs=ca,
    judge=_judge_reached,
    covers=("CA-17",),
    rationale="CUCM's enrolment service opens HTTPS to the host and port of the service parameters. Template, user and "
    "password are only seen by the CA.",
    guide=Guide(
        fix=(
            fix(
                "Windows",
                """
                IIS Manager > Default Web Site > Bindings: https on port {online_ca_port}, with the CA's certificate.
                Get-Service W3SVC, CertSvc
                Test-NetConnection {online_ca} -Port {online_ca_port}
                """,
            ),
            _SETTINGS,
        ),
        next=("openssl s_client -connect {online_ca}:{online_ca_port} -servername {online_ca}",),
    ),
    variants={
        "tls": Guide(
            fix=(
                fix(
                    "Windows",
                    "IIS Manager > Default Web Site > Bindings: port {online_ca_port} must be of type https and have a "
                    "certificate; TLS 1.2 must be on.",
                ),
                _SETTINGS,
            ),
            next=("openssl s_client -connect {online_ca}:{online_ca_port} -servername {online_ca}",),
        ),
        "asked": Guide(
            fix=(fix("Windows", "IIS Manager > certsrv > SSL Settings: Client certificates = Ignore."),),
            next=("openssl s_client -connect {online_ca}:{online_ca_port} -servername {online_ca}",),
        ),
    },
)


def _judge_no_client_certificate(_case: Case, seen: OnlineCa) -> Result:
    if seen.asks_client_certificate is None:
        return unclear("the handshake did not get that far (OCA002)")
    if not seen.asks_client_certificate:
        return passed("it asks for no client certificate")
    authorities = seen.certificate_request.authorities if seen.certificate_request is not None else ()
    named = listing_of_names(map(describe_name, authorities)) or "no CA by name"
    return failed(f"it asks for a client certificate, naming {named}")


OCA006 = Check(
    id="OCA006",
    slug="online-ca-without-client-certificate",
    title="The online CA asks for no client certificate",
    stage="online-ca",
    severity="critical",
    probes=("capf",),
    subjects=subjects,
    needs=ca,
    judge=_judge_no_client_certificate,
    covers=("CA-19",),
    rationale="The online CA feature does not support mutual TLS with the CA. A server that only would accept a "
    "certificate asks in the same way as one that insists.",
    guide=Guide(
        fix=(
            fix(
                "Windows",
                """
                IIS Manager > certsrv > SSL Settings: Client certificates = Ignore.
                netsh http show sslcert
                Negotiate Client Certificate must be Disabled.
                """,
            ),
        ),
        next=("openssl s_client -connect {online_ca}:{online_ca_port} -servername {online_ca}",),
    ),
)


def _judge_language(_case: Case, seen: OnlineCa) -> Result:
    if seen.status is None:
        return unclear("no page was answered (OCA002)")
    text = " ".join(filter(None, (seen.title, seen.excerpt)))
    facts: dict[str, Fact] = {"language": seen.language, "title": seen.title, "status": seen.status}
    declared = (seen.language or "").split("-")[0].casefold()
    if declared == "en" or (not declared and _ENGLISH.search(text)):
        return passed(f"its page is in English ({'declared' if declared else 'by its words'})", **facts)
    if declared:
        return failed(f"its page is declared to be in {seen.language!r}: {seen.title or text[:80]}", **facts)
    if len(text) >= _ENOUGH_TEXT or (seen.title and not seen.title.isascii()):
        return failed(f"its page has none of the words of an English one: {seen.title or text[:80]}", **facts)
    return unclear("its page says too little to tell the language", **facts)


OCA007 = Check(
    id="OCA007",
    slug="online-ca-speaks-english",
    title="The online CA answers in English",
    stage="online-ca",
    severity="critical",
    probes=("capf",),
    subjects=subjects,
    needs=ca,
    judge=_judge_language,
    covers=("CA-18",),
    rationale="The online CA feature does not work with a CA server that answers in another language. The language is "
    "told from the page that is shown without a login: what it declares, else its words. That is inference.",
    guide=Guide(
        fix=(
            fix(
                "Windows",
                "Install the English language pack and make it the language of the system and of the account that the "
                "enrolment pages run under; restart IIS (iisreset).",
            ),
        ),
        next=("curl -v https://{online_ca}:{online_ca_port}/certsrv/",),
    ),
)


def _judge_enrolment(_case: Case, seen: OnlineCa) -> Result:
    if seen.status is None:
        if seen.http_failure is None:
            return unclear("nothing was asked (OCA002)")
        return unclear(f"no page was answered: {describe_failure(seen.http_failure)}")
    facts: dict[str, Fact] = {"status": seen.status, "server": seen.server}
    said = f"{seen.path} answered {seen.status}" + (f" by {seen.server}" if seen.server else "")
    if seen.status in _CERTSRV_STATUS:
        return passed(said, **facts)
    if 300 <= seen.status < 400:
        return unclear(f"{said}: it leads elsewhere, which is not followed", **facts)
    return failed(f"{said}: no enrolment pages there", **facts)


OCA008 = Check(
    id="OCA008",
    slug="online-ca-enrolment-pages",
    title="The online CA has the enrolment pages of a Microsoft CA",
    stage="online-ca",
    severity="warning",
    probes=("capf",),
    subjects=subjects,
    needs=ca,
    judge=_judge_enrolment,
    covers=("CA-17",),
    rationale="Online CA Type is Microsoft CA. That CUCM uses its web enrolment pages, with NTLM, is from Cisco "
    "document 214501; so a refusal without a login is what a good one answers.",
    guide=Guide(
        fix=(
            fix(
                "Windows",
                """
                Server Manager > Add Roles: Active Directory Certificate Services > Certification Authority Web \
                  Enrollment.
                Install-AdcsWebEnrollment
                """,
            ),
            _SETTINGS,
        ),
        next=("curl -v https://{online_ca}:{online_ca_port}/certsrv/",),
    ),
)
