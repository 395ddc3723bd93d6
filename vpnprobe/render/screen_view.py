"""The predicted status messages of the phone as lines for a terminal. Shows, judges nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vpnprobe.checks.screen import ScreenMessage
from vpnprobe.render.escape import printable

_TEXT = 80  # characters; the longest message is a file name with some words


def screen_lines(messages: Sequence[ScreenMessage]) -> Iterator[str]:
    """Yield a title and a line for each message with its cause; nothing where nothing can be predicted."""
    if not messages:
        return
    yield "The phone's status messages would say (Settings > Status > Status Messages)"
    width = max(len(printable(message.text, _TEXT)) for message in messages)
    for message in messages:
        source = f" (inferred; the text is from {message.source})" if message.basis == "inference" else ""
        yield f"  {printable(message.text, _TEXT):{width}}  {printable(message.because)}{source}"
