"""Text of the peer made harmless before a terminal or a file shows it."""

from __future__ import annotations

import unicodedata

# Cc: controls (escape sequences). Cf: format characters, among them the bidirectional overrides that reorder a line.
# Cs: lone surrogates, Zl and Zp: line and paragraph separators, Co and Cn: private use and unassigned.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"})
DEFAULT_LIMIT = 400


def printable(text: str, limit: int = DEFAULT_LIMIT) -> str:
    r"""Return `text` on one line with every hidden character written as `\xNN` or `\uNNNN`, cut at `limit`."""
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    shown = "".join(_shown(character) for character in text[:limit])
    return shown + "…" if len(text) > limit else shown


def _shown(character: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    if unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
