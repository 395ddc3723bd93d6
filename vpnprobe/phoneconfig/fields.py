"""Typed values out of an element's children, with a note of each that departs from CUCM's rules."""

from __future__ import annotations

import re

from vpnprobe.model.config import ConfigProblem, ProblemKind
from vpnprobe.phoneconfig.xmlsafe import Element

MAX_PROBLEMS = 64  # a file that breaks more rules than this is not read for its finer points
_EXCERPT_CHARS = 80

_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


class Problems:
    """Collects the problems of one file, the first `MAX_PROBLEMS` of them."""

    def __init__(self) -> None:
        self._found: list[ConfigProblem] = []

    def note(self, kind: ProblemKind, element: str, value: str = "") -> None:
        """Record that `element` departs from the rules."""
        if len(self._found) < MAX_PROBLEMS:
            self._found.append(ConfigProblem(kind=kind, element=element, value=value[:_EXCERPT_CHARS]))

    def as_tuple(self) -> tuple[ConfigProblem, ...]:
        """Everything noted, in document order."""
        return tuple(self._found)


class Fields:
    """Reads the children of `element` (None reads as an element without children)."""

    def __init__(self, element: Element | None, problems: Problems) -> None:
        self._element = element
        self._problems = problems

    def text(self, name: str) -> str | None:
        """Return the first such child's text without outer blanks; None when it is absent or blank."""
        found = self._only(name)
        return (found.text.strip() or None) if found is not None else None

    def number(self, name: str, low: int | None = None, high: int | None = None) -> int | None:
        """Return a decimal number; one outside `low`..`high` is returned all the same, and noted."""
        found = self._only(name)
        text = found.text.strip() if found is not None else ""
        if found is None or not text:
            return None
        if _NUMBER.fullmatch(text) is None:
            self._problems.note(ProblemKind.NOT_A_NUMBER, found.tag, text)
            return None
        value = int(text)
        if (low is not None and value < low) or (high is not None and value > high):
            self._problems.note(ProblemKind.OUT_OF_RANGE, found.tag, text)
        return value

    def port(self, name: str) -> int | None:
        """Return a TCP or UDP port number."""
        return self.number(name, 1, 65535)

    def flag(self, name: str) -> bool | None:
        """Return a boolean (true/false, 1/0); None for anything else."""
        return _FLAGS.get((self.text(name) or "").lower())

    def _only(self, name: str) -> Element | None:
        found = self._element.all(name) if self._element is not None else []
        if len(found) > 1:
            self._problems.note(ProblemKind.REPEATED, found[0].tag, str(len(found)))
        return found[0] if found else None
