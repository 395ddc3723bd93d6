"""Lines for a terminal of some width: a sentence is wrapped, what is to be pasted never is."""

from __future__ import annotations

import textwrap
from typing import NamedTuple


class Row(NamedTuple):
    """A line that is wrapped where it has no room: `head` as it is, `text` with its later lines under its beginning."""

    head: str
    text: str


# A line of text that is never wrapped, since it may be pasted, or a row.
Line = str | Row


def wrapped(head: str, text: str, width: int) -> list[str]:
    """Return `head` and `text` in lines of at most `width`, the later ones under the beginning of `text`."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def step_lines(head: str, step: str, width: int) -> list[str]:
    """Return the lines of one step: a command, a value, and a line of a zone file stay whole."""
    # A line of a zone file ends in a dot too.
    is_sentence = step.endswith((".", ":", "?")) and " IN " not in step
    return wrapped(head, step, width) if is_sentence else [head + step]
