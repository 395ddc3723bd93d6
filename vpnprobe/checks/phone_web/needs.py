"""The facts that the checks of a phone's pages ask for, and the words for why one is not there."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final, NamedTuple

from vpnprobe.checks.base import Case, Lack, Need, Subject
from vpnprobe.checks.needs import not_reached
from vpnprobe.checks.wording import describe_failure
from vpnprobe.model.config import PhoneConfig
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.phoneweb import ConsoleLog, PageName, PhoneWeb, StatusMessage, WebPage


def phone(evidence: Evidence) -> tuple[Subject, ...]:
    """The phone as it was named to the run."""
    return (Subject(label=evidence.target.label),)


def _read_asked(case: Case) -> PhoneWeb | Lack:
    return case.evidence.phone_web or not_reached(case.evidence, "pages")


asked = Need(("an attempt to read the phone's pages",), _read_asked)


def page_of(seen: PhoneWeb, name: PageName) -> WebPage | None:
    """Return the page that counts: of those that were tried, the one that was served."""
    tried = [page for page in seen.pages if page.name == name]
    return (
        next((page for page in tried if page.status == HTTPStatus.OK and page.recognised), tried[-1]) if tried else None
    )


def _read_served(case: Case) -> PhoneWeb | Lack:
    found = _read_asked(case)
    if isinstance(found, Lack):
        return found
    if any(page.status == HTTPStatus.OK for page in found.pages):
        return found
    answers = (page.status for page in found.pages if page.status is not None)
    if any(status >= HTTPStatus.BAD_REQUEST and status not in CLOSED for status in answers):
        return found
    return Lack("no page was served (WEB001)")


# What a web server says that shows its pages to nobody, or not to us.
CLOSED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE})

served = Need(("an answer of the phone's web server",), _read_served)


def _read_layout(case: Case) -> PhoneWeb | Lack:
    found = _read_served(case)
    if isinstance(found, Lack) or found.layout is not None:
        return found
    return Lack("no page of a phone was recognised (WEB002)")


layout = Need(("pages of a known layout",), _read_layout)


def _unread(seen: PhoneWeb, name: PageName, words: str) -> Lack:
    page = page_of(seen, name)
    if page is None:
        return Lack(f"phones of this layout have no known {words}", "not-applicable")
    if page.failure is not None:
        return Lack(f"the {words} was not read: {describe_failure(page.failure)} (WEB003)")
    if page.status != HTTPStatus.OK:
        return Lack(f"the {words} was not read: HTTP {page.status} (WEB003)")
    return Lack(f"nothing on the {words} was recognised{': ' + page.problem if page.problem else ''} (WEB003)")


def _read_network(case: Case) -> dict[str, str] | Lack:
    found = _read_layout(case)
    if isinstance(found, Lack):
        return found
    return found.network or _unread(found, "network", "network page")


network = Need(("the phone's network page",), _read_network)


def _read_device(case: Case) -> dict[str, str] | Lack:
    found = _read_layout(case)
    if isinstance(found, Lack):
        return found
    return found.device or _unread(found, "device-information", "device page")


device = Need(("the phone's device page",), _read_device)


def _read_messages(case: Case) -> tuple[StatusMessage, ...] | Lack:
    found = _read_layout(case)
    if isinstance(found, Lack):
        return found
    return found.messages or _unread(found, "status-messages", "status page")


messages = Need(("the phone's status messages",), _read_messages)


def _read_logs(case: Case) -> tuple[ConsoleLog, ...] | Lack:
    found = _read_layout(case)
    if isinstance(found, Lack):
        return found
    return found.logs or _unread(found, "console-logs", "list of console logs")


logs = Need(("the phone's console logs",), _read_logs)


def find_config(case: Case) -> PhoneConfig | None:
    """Return the configuration to compare with, where there is one in clear."""
    reading = case.evidence.config
    return reading.config if reading is not None else None


def _read_config(case: Case) -> PhoneConfig | NotRead | Lack:
    evidence, reading = case.evidence, case.evidence.config
    if reading is not None and reading.config is not None:
        return reading.config
    stage = next((one for one in evidence.stages if one.name == "config"), None)
    lack = not_reached(evidence, "config")
    if stage is not None and stage.because == NO_CONFIG:
        return Lack(lack.why, "not-applicable")
    # What ended before it came to this, by an interrupt for instance, says nothing of the configuration.
    if reading is None:
        return lack
    return NotRead((reading.problem or stage.because or lack.why) if stage is not None else lack.why)


class NotRead(NamedTuple):
    """Why the configuration that the operator named could not be read."""

    why: str


# Why the stage was skipped where the operator named nothing to compare with.
NO_CONFIG: Final = "neither --config nor --tftp given"

config: Final[Need[PhoneConfig | NotRead]] = Need(("the phone's configuration",), _read_config)
