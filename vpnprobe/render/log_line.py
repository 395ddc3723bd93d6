"""One line of a log in the form `key=value key="a value"` (logfmt), for people and for programs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from vpnprobe.render.escape import printable

# A line that a log service takes whole.
_MAX_TEXT: Final = 2000

_BARE: Final = re.compile(r"[\w.:/@%+,;()\[\]-]+")


def log_line(at: datetime, level: str, event: str, facts: Mapping[str, str | int | float | None]) -> str:
    """Return one line: the moment in UTC, the level, the event's name and its facts, those without a value left out."""
    told: dict[str, str | int | float | None] = {
        "time": at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z",
        "level": level,
        "event": event,
        **facts,
    }
    return " ".join(f"{key}={_value(value)}" for key, value in told.items() if value is not None) + "\n"


def _value(value: str | int | float | None) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    if _BARE.fullmatch(text) and text.isascii():
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{printable(escaped, _MAX_TEXT)}"'
