"""The predicted status messages of the phone as lines for a terminal. Shows, judges nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vpnprobe.checks.screen import ScreenMessage
from vpnprobe.render.escape import printable
from vpnprobe.render.wrapping import Row

_TEXT = 80  # characters; the longest message is a file name with some words


TITLE = "The phone's status messages would say (Settings > Status > Status Messages)"


def screen_lines(messages: Sequence[ScreenMessage]) -> Iterator[Row]:
    """Yield each message as the phone has it, and below it the cause."""
    for message in messages:
        source = f" (inferred; the text is from {message.source})" if message.basis == "inference" else ""
        yield Row("  ", printable(message.text, _TEXT))
        yield Row("      ", f"{printable(message.because)}{source}")
