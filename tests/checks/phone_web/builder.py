"""Small Evidence of a phone-web run: a healthy 7962G, and what to change in it."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.checks.evidence_builder import CONFIG_NAME, MAC, NOW, SERVER, reading, stages
from vpnprobe.model.evidence import Evidence, Tool
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import Resolution, TftpServer
from vpnprobe.model.phoneweb import ConsoleLog, PhoneWeb, StatusMessage, WebPage
from vpnprobe.model.target import Endpoint, Persona, Target

PHONE = "192.0.2.40"
LABEL = f"{PHONE}:80"
DEVICE = {"host_name": f"SEP{MAC}", "mac": MAC, "model": "CP-7962G", "version": "SIP42.9-4-2SR3-1S"}
NETWORK = {"tftp_server_1": SERVER, "alternate_tftp": "No", "cucm_1": "cucm.example.com Active"}
MESSAGES = (
    StatusMessage(text="Trust List Updated", time="11:09:29"),
    StatusMessage(text=f"{CONFIG_NAME}.sgn", time="11:09:29"),
)
LOGGED_IN = "2: NOT 10:19:27.1 VPNC: set_login_state: VPNC : 1 (LoggingIn) --> 2 (LoggedIn)"
PAGES = (
    WebPage(name="device-information", path="/d", status=200, recognised=4),
    WebPage(name="network", path="/n", status=200, recognised=3),
    WebPage(name="status-messages", path="/s", status=200, recognised=2),
    WebPage(name="console-logs", path="/c", status=200, recognised=5),
)
LOGS = (
    *(ConsoleLog(name=f"/FS/cache/log{number}", lines=9, records=9) for number in range(178, 182)),
    ConsoleLog(name="/FS/cache/log182", lines=9, records=9, events=(LOGGED_IN,)),
)
SEEN = PhoneWeb(
    layout="serviceability",
    server=LABEL,
    title="Cisco Systems, Inc.",
    pages=PAGES,
    device=DEVICE,
    network=NETWORK,
    messages=MESSAGES,
    logs=LOGS,
)


def web_run(**changes: Any) -> Evidence:
    """A healthy run, except for `changes` of the Evidence."""
    healthy: dict[str, Any] = {
        "tool": Tool(name="vpnprobe", version="0", catalogue="0"),
        "probe": "phone-web",
        "target": Target(server=Endpoint(PHONE, 80)),
        "persona": Persona(profile="7962G", model="7962G", mac=MAC),
        "started_at": NOW,
        "stages": stages("phone-web"),
        "resolution": Resolution(name=PHONE, source="literal", addresses=(PHONE,)),
        "tftp_server": TftpServer(origin="option", endpoint=Endpoint(SERVER, 69), addresses=(SERVER,)),
        "config": reading(),
        "phone_web": SEEN,
    }
    return Evidence(**healthy | changes)


def seeing(**changes: Any) -> Evidence:
    """A run whose pages differ in this."""
    return web_run(phone_web=msgspec.structs.replace(SEEN, **changes))


def with_page(name: str, **changes: Any) -> tuple[WebPage, ...]:
    """The pages, of which this one differs."""
    return tuple(msgspec.structs.replace(page, **changes) if page.name == name else page for page in PAGES)


def unanswered(kind: FailureKind, **fields: Any) -> PhoneWeb:
    """What is seen where the first page ends in this failure."""
    failure = Failure(kind=kind)
    page = WebPage(name="device-information", path="/d", failure=failure)
    return PhoneWeb(**{"server": LABEL, "pages": (page,)} | fields)


def answered(status: int, **fields: Any) -> PhoneWeb:
    """What is seen where every page has this HTTP status."""
    page = WebPage(name="device-information", path="/d", status=status, **fields)
    return PhoneWeb(server=LABEL, pages=(page,))


def logged(*records: str) -> Evidence:
    """A run whose newest log has these records."""
    events = tuple(f"{number}: {record}" for number, record in enumerate(records, 1))
    return seeing(logs=(*LOGS[:-1], msgspec.structs.replace(LOGS[-1], events=events)))


def messaged(*texts: str) -> Evidence:
    """A run whose status page has these messages."""
    return seeing(messages=tuple(StatusMessage(text=text, time="11:09:29") for text in texts))
