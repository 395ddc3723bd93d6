"""The `ms-diagnostics` header of Microsoft's servers (M-16, F4-13, F4-14): a number, then named values.

The catalogue of numbers is in `vpnprobe.federation.diagnostics`: live texts differ, so the number is what counts.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

MAX_TEXT: Final = 16 * 1024
"""Characters that are read: the longest header line of `vpnprobe.wire.sip.message`."""
MAX_FIELDS: Final = 64
"""Real headers have fewer than ten."""

_NUMBER: Final = re.compile(r"\s*([0-9]{1,9})(?:\.([0-9]{1,9}))?(?=[;,\s]|\Z)")
_FIELD: Final = re.compile(
    r"""
    \s*([^\s;="]+)\s*=\s*                        # name
    (?:"((?:[^"\\]|\\.)*)(?:"|\\?\Z) | ([^;"]*))  # a quoted value, which may be cut off, or a bare one
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


class MsDiagnostics(msgspec.Struct, frozen=True):
    """What the header says. `code` is None where it does not begin with a number; `fields` are in order."""

    code: int | None
    sub: int | None
    fields: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        """Return the first value of this name, whatever its case; None where there is none."""
        return next((value for one, value in self.fields if one.lower() == name.lower()), None)


def parse_ms_diagnostics(value: str) -> MsDiagnostics:
    """Read the value of the header, also one that was pasted with line breaks; raises nothing.

    White space in values is collapsed. What is not `name=value` is left out, as is what follows a quoted value up to
    the next semicolon, so that headers pasted behind the last one do no harm.
    """
    text = value[:MAX_TEXT]
    number = _NUMBER.match(text)
    fields: list[tuple[str, str]] = []
    at = number.end() if number else 0
    while at < len(text) and len(fields) < MAX_FIELDS:
        if match := _FIELD.match(text, at):
            name, quoted, bare = match.groups()
            content = bare if quoted is None else _ESCAPED.sub(r"\1", quoted)
            fields.append((name, " ".join(content.split())))
            at = match.end()
        semicolon = text.find(";", at)
        at = len(text) if semicolon < 0 else semicolon + 1
    code, sub = (None if one is None else int(one) for one in (number.groups() if number else (None, None)))
    return MsDiagnostics(code, sub, tuple(fields))
