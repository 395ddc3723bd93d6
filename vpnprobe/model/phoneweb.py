"""What a phone's own web pages say. Text of the phone is raw: whoever shows it escapes it."""

from __future__ import annotations

from typing import Literal

import msgspec

from vpnprobe.model.failure import Failure

PageName = Literal["device-information", "network", "status-messages", "console-logs", "console-log"]


class WebPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One page that was asked for. `recognised` counts the values found on it, `unrecognised` names what was not."""

    name: PageName
    path: str
    status: int | None = None
    failure: Failure | None = None
    size: int = 0
    sha256: str | None = None
    recognised: int = 0
    unrecognised: tuple[str, ...] = ()
    problem: str | None = None
    duration_s: float = 0.0


class StatusMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the status page, as the phone's screen shows it, oldest first. `time` is the phone's own text."""

    text: str
    time: str | None = None


class ConsoleLog(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of the rotating log files, in the order in which they were written (VP-33).

    `events` are the records that say something of the VPN or of the trust lists, secrets removed; `lines` and `records`
    count all. A record may go on over several lines.
    """

    name: str
    size: int = 0
    lines: int = 0
    records: int = 0
    sha256: str | None = None
    events: tuple[str, ...] = ()
    failure: Failure | None = None


class PhoneWeb(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The pages of one phone. `layout` names the page layout that was recognised, None where none was.

    `server` is the address and port that was asked, `leaf` the certificate that it showed over HTTPS, unverified.
    `title` is what the pages call themselves. `device` and `network` map the field's name in our words to the phone's
    text.
    """

    scheme: Literal["http", "https"] = "http"
    layout: str | None = None
    server: str | None = None
    leaf: str | None = None
    title: str | None = None
    pages: tuple[WebPage, ...] = ()
    device: dict[str, str] = {}
    network: dict[str, str] = {}
    messages: tuple[StatusMessage, ...] = ()
    logs: tuple[ConsoleLog, ...] = ()
