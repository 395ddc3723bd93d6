"""The lines of a phone's status page: a time, perhaps a date, and what the screen says.

Forms: `11:09:29 Trust List Updated` (7962G, Cisco document 116162); `11:09:29a ...` (79xx) and the time with its date
on a line of its own before the text (`[10:02:33am 07/12/26]`, 78xx and 88xx), both from jsteinberg1/CUCM-Phone-Info.
"""

from __future__ import annotations

import re
from typing import Final

from vpnprobe.model.phoneweb import StatusMessage
from vpnprobe.wire.phone_web.page import Page

MAX_MESSAGES: Final = 200  # phones keep some 50

_TIME: Final = re.compile(
    r"\[?(\d{1,2}:\d{2}:\d{2}(?: ?[ap]m?)?(?: \d{1,2}[/.-]\d{1,2}[/.-]\d{2,4})?)\]?(?:[ :-]+|$)(.*)", re.IGNORECASE
)


def read_messages(page: Page) -> tuple[StatusMessage, ...]:
    """Return the messages in the page's order, the newest ones where there are too many."""
    messages: list[StatusMessage] = []
    lines = iter(_lines(page))
    for line in lines:
        if (match := _TIME.fullmatch(line)) is None:
            continue
        text = match[2].strip() or next(lines, "")
        if text and _TIME.fullmatch(text) is None:
            messages.append(StatusMessage(text=text, time=match[1]))
    return tuple(messages[-MAX_MESSAGES:])


def _lines(page: Page) -> tuple[str, ...]:
    """Return the text line by line; where tables have time and text in two cells, a row is one line."""
    if any(len(row) == 2 and _TIME.fullmatch(row[0]) for row in page.rows):
        return tuple(" ".join(row) for row in page.rows)
    return page.lines
