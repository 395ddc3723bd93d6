"""Values as JSON that a terminal may be shown: one line each, or indented."""

from __future__ import annotations

import re
from typing import Final

import msgspec

# What JSON lets through and a terminal acts on, or some readers take for the end of a line: DEL, the C1 controls, and
# the characters that are not seen but turn the direction of what is.
_HIDDEN: Final = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")

_ENCODER: Final = msgspec.json.Encoder()


def json_line(value: object) -> bytes:
    """Return any value that msgspec takes as JSON on one line, with its line feed."""
    return without_hidden(_ENCODER.encode(value)) + b"\n"


def without_hidden(encoded: bytes) -> bytes:
    """Return JSON with escapes in the place of characters that a terminal acts on."""
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded
    # Outside of strings JSON has none of these, so that an escape in their place is the same value.
    return _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", encoded.decode()).encode()
