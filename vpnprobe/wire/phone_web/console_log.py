"""A phone's console log: which files there are, in which order they were written, and what they say of the VPN.

A record of a 79xx is `902: NOT 10:19:27.155936 VPNC: text` (Cisco document 116162), of an 88xx
`3287 INF Nov 29 06:33:59.395199 SECUREAPP-text` (document 213407). A line that begins in no such way goes on with the
record before it. What an 88xx's VPN client writes is in no document that was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from vpnprobe.wire.phone_web.page import Page

MAX_LOGS: Final = 12  # a phone has five, newer ones some more
MAX_EVENTS: Final = 200  # of one log; the sequence of one failed login has 27 lines
MAX_RECORD: Final = 600  # characters; the longest known record has 170

_RECORD: Final = re.compile(
    r"\d{1,9}[: ]\s*[A-Z]{3}\s+(?:[A-Z][a-z]{2}\s+\d{1,2}\s+)?\d{2}:\d{2}:\d{2}\.\d{1,9}\s+"
    r"(?P<process>[A-Za-z0-9_.()/]{1,40})[:-]\s?(?P<text>.*)"
)
# What these write, in whatever words, is of the VPN client or of the trust lists.
_PROCESSES: Final = frozenset({"VPNC"})
# Of the security daemon's lines (SECD, SECUREAPP) and others', those that speak of certificates, lists or signatures.
_WORDS: Final = re.compile(
    r"\bvpn|\btvs|\b(?:ctl|itl|tl) (?:file|parse)|trust list|leaf cert|issuer\.crt|leaf\.crt|host ?id|authenticat"
    r"|ctlfile|itlfile|(?:ctl|itl)sep|signature|hashes match",
    re.IGNORECASE,
)
# What stands before the word, as in `sshPassword`, is no part of the match: to look for it would cost its square.
_SECRET: Final = re.compile(
    r"\b((?:set-)?cookie|authorization)(\s{0,8}[:=]\s{0,8}).*"
    r"|(pass(?:word|wd|code|phrase)?|secret|webvpn[a-z]{0,16}|token|session[-_ ]?id|\bpin)(\s{0,8}[:=]\s{0,8})(?!/)\S+",
    re.IGNORECASE,
)
_USERINFO: Final = re.compile(r"(\b[a-z][a-z0-9+.-]{1,9}://)[^/@\s]{1,200}@", re.IGNORECASE)
REMOVED: Final = "[removed]"

# `/FS/cache/log178` (seeds of document 116162), `/FS/cache/log2.log` and `/FS/messages.1` (public scripts).
_NUMBERED: Final = re.compile(r"/?FS/(?:cache/)?log(\d{1,9})(?:\.log)?")
_MESSAGES: Final = re.compile(r"/?FS/(?:cache/)?messages(?:\.(\d{1,4}))?")
_OTHER_FILE: Final = re.compile(r"/?FS/.{1,200}")


class LogReading(msgspec.Struct, frozen=True, kw_only=True):
    """What one log says. `lines` counts all, `records` those that begin as a record does; `events` without secrets."""

    lines: int = 0
    records: int = 0
    events: tuple[str, ...] = ()


class LogIndex(msgspec.Struct, frozen=True, kw_only=True):
    """The paths of the logs, oldest first, and the names of other files that the page offers."""

    paths: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def find_logs(page: Page) -> LogIndex:
    """Return the logs that the page names, in the order in which they were written (VP-33).

    The number of `log178` grows with time, that of `messages.2` with age; `messages` alone is the one being written.
    Where there are too many, the newest ones are returned.
    """
    names = dict.fromkeys([link.href for link in page.links] + [word for line in page.lines for word in line.split()])
    aged: dict[str, int] = {}
    others: list[str] = []
    for name in names:
        path = f"/{name.lstrip('/')}"
        if match := _NUMBERED.fullmatch(name):
            aged.setdefault(path, int(match[1]))
        elif match := _MESSAGES.fullmatch(name):
            aged.setdefault(path, -int(match[1] or "-1"))
        elif _OTHER_FILE.fullmatch(name):
            others.append(path)
    paths = sorted(aged, key=lambda path: aged[path])
    return LogIndex(paths=tuple(paths[-MAX_LOGS:]), others=tuple(dict.fromkeys(others))[:MAX_LOGS])


def read_log(data: bytes) -> LogReading:
    """Read one log, whatever is in it. Of too many events the newest are kept."""
    lines = data.decode("utf-8", "replace").splitlines()
    records = list(_records(lines))
    events = [text for process, text in records if process in _PROCESSES or _WORDS.search(text)]
    return LogReading(lines=len(lines), records=len(records), events=tuple(map(without_secrets, events[-MAX_EVENTS:])))


def _records(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Give process and whole text of each record; what goes on in further lines is joined with one blank."""
    process, parts, length = "", list[str](), 0
    for line in lines:
        if match := _RECORD.match(line):
            if parts:
                yield process, " ".join(parts)[:MAX_RECORD]
            process, parts, length = match["process"], [line.strip()], len(line)
        elif parts and length < MAX_RECORD and (more := line.strip()):
            parts.append(more)
            length += len(more)
    if parts:
        yield process, " ".join(parts)[:MAX_RECORD]


def without_secrets(text: str) -> str:
    """Return `text` with passwords, cookies and the like taken out."""
    text = _USERINFO.sub(rf"\1{REMOVED}@", text)
    return _SECRET.sub(lambda match: f"{match[1] or match[3]}{match[2] or match[4]}{REMOVED}", text)
