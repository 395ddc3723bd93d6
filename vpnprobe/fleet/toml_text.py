"""TOML with the line on which each value stands.

`tomllib` says what a text holds and forgets where. The scanner here only finds places again in a text that `tomllib`
took, so it need not judge anything (TOML 1.0.0, https://toml.io/en/v1.0.0).
"""

from __future__ import annotations

import bisect
import re
import tomllib
from typing import Any, TypeAlias

from vpnprobe.model.errors import UsageError

# Keys from the root, and numbers from 0 where a list is entered.
TomlPath: TypeAlias = tuple[str | int, ...]

_END = "\n"
_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|(?!""").)*"{3,5}' r"|'''(?:(?!''').)*'{3,5}" r'|"(?:\\.|[^"\\])*"' r"|'[^']*'",
    re.DOTALL,
)
# Numbers, truth values and times; a time may follow its date behind one blank.
_SCALAR = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[^\s,\]}#]*|[^\s,\]}#]+")


class TomlText:
    """A text in TOML: `tables` as `tomllib` reads it, and the line of everything in it."""

    def __init__(self, tables: dict[str, Any], lines: dict[TomlPath, int]) -> None:
        self.tables = tables
        self._lines = lines

    def line(self, *path: str | int) -> int:
        """Return the line (from 1) where the value at `path` begins; where it is not there, that of what holds it."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)


def read_toml(text: str, name: str) -> TomlText:
    """Read `text`; raises `UsageError` with the line where it is not TOML."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        return TomlText(tomllib.loads(text), _Scanner(text).lines())
    except RecursionError as error:
        raise UsageError(f"{name} is nested too deeply; write it flat") from error
    except ValueError as error:
        # Where the text ends too early, `tomllib` has no number to tell.
        reason = str(error).replace("at end of document", f"at line {text.rstrip().count(_END) + 1}, the last")
        raise UsageError(f"{name} is not TOML: {reason}") from error


class _Scanner:
    """One pass over a valid text, statement by statement."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._ends = [match.start() for match in re.finditer(_END, text)]
        self._lines: dict[TomlPath, int] = {}
        # How many elements each list of tables (`[[name]]`) has up to here.
        self._tables: dict[TomlPath, int] = {}

    def lines(self) -> dict[TomlPath, int]:
        table: TomlPath = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)
        return self._lines

    def _header(self) -> TomlPath:
        is_list = self._text.startswith("[[", self._at)
        line = self._line()
        self._at += 2 if is_list else 1
        *above, last = self._key()
        self._at += 2 if is_list else 1
        path: TomlPath = ()
        for part in above:
            path = self._entered((*path, part), line)
        path = (*path, last)
        if not is_list:
            return self._entered(path, line)
        self._lines.setdefault(path, line)
        self._tables[path] = self._tables.get(path, 0) + 1
        return self._entered(path, line)

    def _entered(self, path: TomlPath, line: int) -> TomlPath:
        """Return the table that a header's `path` means: of a list of tables, the last one."""
        if path in self._tables:
            path = (*path, self._tables[path] - 1)
        self._lines.setdefault(path, line)
        return path

    def _pair(self, path: TomlPath) -> None:
        line = self._line()
        for part in self._key():
            path = (*path, part)
            self._lines.setdefault(path, line)
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)

    def _key(self) -> list[str]:
        """Read a dotted key and the white space on both sides."""
        parts = []
        while True:
            self._skip(_SPACE)
            if self._text[self._at] in "\"'":
                raw = self._take(_STRING)
                parts.append(str(tomllib.loads(f"key = {raw}")["key"]))
            else:
                parts.append(self._take(_BARE_KEY))
            self._skip(_SPACE)
            if self._text[self._at] != ".":
                return parts
            self._at += 1

    def _value(self, path: TomlPath) -> None:
        opening = self._text[self._at]
        if opening == "[":
            self._list(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            self._take(_STRING if opening in "\"'" else _SCALAR)

    def _list(self, path: TomlPath) -> None:
        self._at += 1
        number = 0
        self._skip(_BLANK)
        while self._text[self._at] != "]":
            self._lines[(*path, number)] = self._line()
            self._value((*path, number))
            number += 1
            self._skip_comma()
        self._at += 1

    def _inline_table(self, path: TomlPath) -> None:
        self._at += 1
        self._skip(_BLANK)
        while self._text[self._at] != "}":
            self._pair(path)
            self._skip_comma()
        self._at += 1

    def _skip_comma(self) -> None:
        self._skip(_BLANK)
        if self._text[self._at] == ",":
            self._at += 1
            self._skip(_BLANK)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        self._take(pattern)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        assert match is not None, "the text is valid TOML"
        self._at = match.end()
        return match[0]

    def _line(self) -> int:
        return bisect.bisect_left(self._ends, self._at) + 1
