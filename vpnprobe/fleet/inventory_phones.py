"""The phones of an inventory as they are read: each one once, and what cannot be used."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import overload

from vpnprobe.model.errors import UsageError
from vpnprobe.model.fleet import Phone, RowProblem
from vpnprobe.model.target import parse_mac

# More than the cluster with the most devices has. Whatever has more rows is to be split, or is no inventory.
MAX_ROWS = 1_000_000
# A list of other devices with some phones in it is an inventory; a file of this many other things is a mistake.
MAX_PROBLEMS = 100_000
# Labels group and describe; a cell with a whole configuration in it does neither.
MAX_LABEL = 200

_SHOWN = 40
_MODEL = "model"

# What CUCM calls anything but a hardware phone: CSF, BOT, TCT, CTI ... and a name.
_OTHER_DEVICE = re.compile(r"(?!SEP)(?=[0-9A-F]*[G-Z])[A-Z]{2}[\w.-]*", re.IGNORECASE)
# Jabber's and CTI's names, which nobody writes for SEP by mistake.
_SURELY_OTHER = re.compile(r"CSF|BOT|TCT|TAB|CTI", re.IGNORECASE)
# 001122334455 becomes 1.12233E+09 in a cell that is no text.
_SPREADSHEET_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?E\+[0-9]+", re.IGNORECASE)
# A spreadsheet keeps ="001122334455" and '001122334455 as they are.
_KEPT_AS_TEXT = re.compile(r"=?\s*[\"']?(.*?)[\"']?", re.DOTALL)


# What rows say of a phone besides its MAC: the model, and the labels.
_Said = tuple[str | None, dict[str, str]]


class Phones(Sequence[Phone]):
    """The phones of an inventory. Each is made when it is asked for: kept are numbers, some 16 bytes for a phone."""

    def __init__(self) -> None:
        self._macs = array("Q")
        self._lines = array("L")
        self._said_of = array("L")
        self._said: list[_Said] = []

    def __len__(self) -> int:
        return len(self._macs)

    @overload
    def __getitem__(self, index: int) -> Phone: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Phone, ...]: ...
    def __getitem__(self, index: int | slice) -> Phone | tuple[Phone, ...]:
        if isinstance(index, slice):
            return tuple(self[place] for place in range(*index.indices(len(self))))
        model, labels = self._said[self._said_of[index]]
        return Phone(mac=f"{self._macs[index]:012X}", model=model, labels=labels, line=self._lines[index])

    def __iter__(self) -> Iterator[Phone]:
        return map(self.__getitem__, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def append(self, mac: str, line: int, said: int) -> None:
        """Add a phone; `said` is a place that `say` gave."""
        self._macs.append(int(mac, 16))
        self._lines.append(line)
        self._said_of.append(said)

    def say(self, said: _Said) -> int:
        """Keep what is said of any number of phones, and return its place."""
        self._said.append(said)
        return len(self._said) - 1

    def change(self, index: int, said: int) -> None:
        """Say something else of the phone at `index`."""
        self._said_of[index] = said


class PhoneList:
    """Takes phones row by row. The first row of a phone counts; later ones add the labels that it lacks."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.phones = Phones()
        self._places: dict[int, int] = {}
        self._shared: dict[tuple[str | None, tuple[tuple[str, str], ...]], int] = {}
        self._texts: dict[str, str] = {}
        self._conflicts: dict[str, tuple[int, int]] = {}
        self._rows = 0
        self.problems: list[RowProblem] = []
        self.merged = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each column in which rows of the same phone contradict each other."""
        return tuple(
            f"rows of one phone that differ in {column!r}: {count} (first on line {line}); what came first counts"
            for column, (count, line) in self._conflicts.items()
        )

    def add(self, line: int, device: str, model: str | None, labels: Mapping[str, str]) -> None:
        """Take a row: its device name or MAC as written, its model, its labels; empty ones are left out."""
        self._count(line)
        text = cell_text(device)
        try:
            mac = parse_mac(text[:_SHOWN])
        except UsageError as error:
            self._complain(line, _why_no_phone(text) or str(error), is_other_device=_is_other_device(text))
            return
        model = self._text(model or "") or None
        labels = {name: text for name, value in labels.items() if (text := self._text(value))}
        place = self._places.setdefault(int(mac, 16), len(self.phones))
        if place == len(self.phones):
            self.phones.append(mac, line, self._said(model, labels))
            return
        self.merged += 1
        self.phones.change(place, self._merged(self.phones[place], line, model, labels))

    def refuse(self, line: int, reason: str) -> None:
        """Take a row that cannot be used."""
        self._count(line)
        self._complain(line, reason)

    def _count(self, line: int) -> None:
        self._rows += 1
        if self._rows > MAX_ROWS:
            raise UsageError(f"{self._name} has over {MAX_ROWS:,} rows (line {line}); split it into several files")

    def _complain(self, line: int, reason: str, *, is_other_device: bool = False) -> None:
        self.problems.append(RowProblem(line, reason, is_other_device))
        if len(self.problems) > MAX_PROBLEMS:
            first = self.problems[0]
            raise UsageError(
                f"{self._name} has over {MAX_PROBLEMS:,} rows that are no phones (line {first.line}: {first.reason}); "
                "name a file with one phone in each row"
            )

    def _merged(self, first: Phone, line: int, model: str | None, labels: Mapping[str, str]) -> int:
        for name, value in labels.items():
            if first.labels.get(name, value) != value:
                self._note_conflict(name, line)
        if first.model and model and first.model != model:
            self._note_conflict(_MODEL, line)
        return self._said(first.model or model, {**labels, **first.labels})

    def _note_conflict(self, column: str, line: int) -> None:
        count, first_line = self._conflicts.get(column, (0, line))
        self._conflicts[column] = count + 1, first_line

    def _said(self, model: str | None, labels: dict[str, str]) -> int:
        """Phones of one place share what is said of them, which keeps a fleet small."""
        key = model, tuple(labels.items())
        if key not in self._shared:
            self._shared[key] = self.phones.say((model, labels))
        return self._shared[key]

    def _text(self, value: str) -> str:
        text = " ".join(value.split())
        if len(text) > MAX_LABEL:
            text = text[: MAX_LABEL - 1] + "…"
        return self._texts.setdefault(text, text)


def cell_text(cell: str) -> str:
    """Return a device name or MAC without what a spreadsheet needs around it to leave it alone."""
    match = _KEPT_AS_TEXT.fullmatch(cell.strip())
    assert match is not None, "the pattern takes any text"
    return match[1].strip()


def _why_no_phone(text: str) -> str | None:
    shown = repr(text[:_SHOWN])
    if not text:
        return "there is no device name or MAC address here; write one, or remove the row"
    if _SPREADSHEET_NUMBER.fullmatch(text):
        return f"{shown} is what a spreadsheet made of a MAC address; format the column as text and enter it again"
    if _OTHER_DEVICE.fullmatch(text):
        return f"{shown} is a device of another kind; a phone's name is SEP and its MAC address"
    return None


def _is_other_device(text: str) -> bool:
    return _SURELY_OTHER.match(text) is not None
