"""Checks of the pages themselves: served, of a phone, and whole."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, passed, unclear
from vpnprobe.checks.needs import OURS
from vpnprobe.checks.phone_web import needs
from vpnprobe.checks.wording import count, describe_failure, listing
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.finding import Fact
from vpnprobe.model.phoneweb import PhoneWeb, WebPage
from vpnprobe.phoneconfig.meaning import meaning

_SWITCH_ON: Final = fix(
    "CUCM",
    """
    Device > Phone > {device} > Product Specific Configuration: Web Access = Enabled (webAccess 0).
    The same setting is in Common Phone Profile and in Enterprise Phone Configuration; the phone's own wins.
    Save, then Apply Config; the phone must reach its TFTP server, from outside through the tunnel.
    """,
)


def _judge_served(case: Case, seen: PhoneWeb) -> Result:
    resolution = case.evidence.resolution
    if resolution is not None and resolution.failure is not None and not resolution.addresses:
        words = describe_failure(resolution.failure)
        if resolution.failure.kind in OURS:
            return unclear(f"the phone's name was not looked up: {words}")
        return failed(f"the name of the phone was not found: {words}", "name", failure=resolution.failure.kind.value)
    good = [page for page in seen.pages if page.status is not None and page.status not in needs.CLOSED]
    if good and not all(_leads_away(page) for page in good):
        return passed(f"its web server answers at {seen.server}")
    if not seen.pages:
        return unclear("the phone was not asked for a page")
    last = seen.pages[-1]
    if _leads_away(last):
        return failed(f"no page here: {last.failure.detail if last.failure else 'only redirects'}", "elsewhere")
    if last.status is not None:
        return failed(f"the web server answers HTTP {last.status}", "closed", http_status=str(last.status))
    return _unreached(case, seen, last.failure)


def _leads_away(page: WebPage) -> bool:
    return page.status is not None and HTTPStatus.MULTIPLE_CHOICES <= page.status < HTTPStatus.BAD_REQUEST


def _unreached(case: Case, seen: PhoneWeb, failure: Failure | None) -> Result:
    words = describe_failure(failure) if failure is not None else "no answer"
    if failure is not None and failure.kind in OURS:
        return unclear(f"the phone was not asked: {words}")
    kind = failure.kind if failure is not None else FailureKind.TIMEOUT
    if kind in (FailureKind.TIMEOUT, FailureKind.UNREACHABLE):
        return failed(f"{seen.server} does not answer: {words}", "silent", failure=kind.value)
    if seen.scheme == "https" and kind is not FailureKind.REFUSED:
        return failed(f"no page over HTTPS: {words}", "tls", failure=kind.value)
    known = needs.find_config(case)
    setting = meaning("web_access", known.web_access) if known is not None else None
    told = f"; its configuration says that web access is {setting}" if setting else ""
    return failed(f"{words}: web access is off, or nothing is there{told}", failure=kind.value, web_access=setting)


WEB001 = Check(
    id="WEB001",
    slug="phone-web-served",
    title="The phone serves its pages",
    stage="pages",
    severity="critical",
    probes=("phone-web",),
    subjects=needs.phone,
    needs=needs.asked,
    judge=_judge_served,
    covers=("VP-33",),
    rationale="CUCM switches a phone's web server on and off (webAccess: 0 on, 1 off, 2 for reading). That a phone "
    "refuses connections where it is off is an inference: no document says what it does.",
    guide=Guide(
        fix=(_SWITCH_ON,),
        next=("vpnprobe config {mac} --tftp {tftp_server}", "nc -vz {host} {port}"),
    ),
    variants={
        "closed": Guide(
            fix=(
                _SWITCH_ON,
                fix("CUCM", "HTTP 401: the phone asks for a user; this tool sends none. Read the pages in a browser."),
            ),
            next=("curl -i http://{gateway}/",),
        ),
        "elsewhere": Guide(
            fix=(fix("vpnprobe", "Where the pages are served over HTTPS only (Web Protocol), add --https."),),
            next=("vpnprobe phone-web {host} --https",),
        ),
        "silent": Guide(
            fix=(
                fix(
                    "network",
                    """
                    Find the phone's address: on its screen, in CUCM (Device > Phone), or at the ASA: \
                      show vpn-sessiondb anyconnect.
                    Allow TCP port {port} from here to the phone; through the tunnel, too, where it is outside.
                    """,
                ),
                _SWITCH_ON,
            ),
            next=("ping {host}", "nc -vz {host} {port}"),
        ),
        "tls": Guide(
            fix=(
                fix(
                    "vpnprobe",
                    """
                    Try without --https: a 79xx may serve HTTP only.
                    """,
                ),
            ),
            next=("vpnprobe phone-web {host}", "openssl s_client -connect {host}:{port} -cipher ALL:@SECLEVEL=0"),
        ),
        "name": Guide(
            fix=(fix("vpnprobe", "Name the phone by its address; phones are rarely in the DNS."),),
            next=("nslookup {host}",),
        ),
    },
    references=("Cisco document 116162, IP phone logs",),
)


def _judge_recognised(_case: Case, seen: PhoneWeb) -> Result:
    title = f" (it calls itself {seen.title[:60]!r})" if seen.title else ""
    if seen.layout is None and any(page.recognised for page in seen.pages):
        return unclear(f"its front page is a phone's, but no known path of another page is there{title}")
    if seen.layout is None:
        return failed(f"what answers has no page of a phone that is known{title}", title=seen.title)
    device = next((page for page in seen.pages if page.name == "device-information" and page.recognised), None)
    network = needs.page_of(seen, "network")
    unread = [page for page in (device, network) if page is not None and page.status == HTTPStatus.OK]
    unknown = [label for page in unread for label in page.unrecognised]
    is_foreign = any(len(page.unrecognised) > page.recognised for page in unread)
    facts: dict[str, Fact] = {"layout": seen.layout, "unknown_labels": list(dict.fromkeys(unknown))[:_MAX_LABELS]}
    if is_foreign:
        shown = listing(repr(one) for one in unknown[:3])
        return unclear(
            f"most labels are not known, as on a phone in another language: {shown}; set its User Locale to English "
            "for the moment, or read the pages in a browser",
            **facts,
        )
    beside = f", {count(len(set(unknown)), 'label')} not known" if unknown else ""
    return passed(f"pages of a {seen.device.get('model', 'phone')}, layout {seen.layout}{beside}", **facts)


_MAX_LABELS: Final = 20

WEB002 = Check(
    id="WEB002",
    slug="phone-web-recognised",
    title="The pages are those of a known phone",
    stage="pages",
    severity="critical",
    probes=("phone-web",),
    subjects=needs.phone,
    needs=needs.served,
    judge=_judge_recognised,
    rationale="Paths and labels of the families are known from public tools, in English. What is not recognised is "
    "named and not guessed.",
    guide=Guide(
        fix=(
            fix("vpnprobe", "Is {host} the phone's address? A page of another maker's device is no Cisco phone's."),
            fix(
                "CUCM",
                """
                Device > Phone: find the phone by its name and compare the address shown there.
                """,
            ),
        ),
        next=("curl -i http://{gateway}/",),
    ),
    references=("jsteinberg1/CUCM-Phone-Info",),
)


def _judge_whole(_case: Case, seen: PhoneWeb) -> Result:
    pages = [page for page in (needs.page_of(seen, name) for name in _NAMES) if page is not None]
    told = [f"{page.name}: {_problem(page)}" for page in pages if _problem(page)]
    if told:
        return failed(listing(told), pages=told)
    if any(page.status is None for page in pages):
        return unclear("not every page was asked for")
    return passed(f"{count(len(pages), 'page')} read whole")


_NAMES: Final = ("device-information", "network", "status-messages", "console-logs")


def _problem(page: WebPage) -> str | None:
    if page.failure is not None:
        return None if page.failure.kind in OURS else describe_failure(page.failure)
    return f"HTTP {page.status}" if page.status not in (None, HTTPStatus.OK) else page.problem


WEB003 = Check(
    id="WEB003",
    slug="phone-web-pages-whole",
    title="Every page of the phone can be read whole",
    stage="pages",
    severity="warning",
    probes=("phone-web",),
    subjects=needs.phone,
    needs=needs.layout,
    judge=_judge_whole,
    rationale="A page that is missing, broken or without end leaves its facts out. A real page has some 20 kB.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                Device > Phone > {device}: Reset, and read the page in a browser. Read-only web access (webAccess 2) \
                  may hide pages.
                """,
            ),
        ),
        next=("curl -sS http://{gateway}/ | wc -c",),
    ),
)

CHECKS: Final = (WEB001, WEB002, WEB003)
