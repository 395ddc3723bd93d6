"""The phones of an inventory as they are read: each one once, and what cannot be used."""

from __future__ import annotations

import re
from collections.abc import Mapping

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
# 001122334455 becomes 1.12233E+09 in a cell that is no text.
_SPREADSHEET_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?E\+[0-9]+", re.IGNORECASE)
# A spreadsheet keeps ="001122334455" and '001122334455 as they are.
_KEPT_AS_TEXT = re.compile(r"=?\s*[\"']?(.*?)[\"']?", re.DOTALL)


class PhoneList:
    """Takes phones row by row. The first row of a phone counts; later ones add the labels that it lacks."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._phones: dict[str, Phone] = {}
        self._shared: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
        self._texts: dict[str, str] = {}
        self._conflicts: dict[str, tuple[int, int]] = {}
        self._rows = 0
        self.problems: list[RowProblem] = []
        self.merged = 0

    @property
    def phones(self) -> tuple[Phone, ...]:
        """The phones in the order of their first rows."""
        return tuple(self._phones.values())

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
            self._complain(line, _why_no_phone(text) or str(error))
            return
        phone = Phone(mac=mac, model=self._text(model or "") or None, labels=self._labels(labels), line=line)
        first = self._phones.get(mac)
        if first is None:
            self._phones[mac] = phone
            return
        self.merged += 1
        self._phones[mac] = self._merge(first, phone)

    def refuse(self, line: int, reason: str) -> None:
        """Take a row that cannot be used."""
        self._count(line)
        self._complain(line, reason)

    def _count(self, line: int) -> None:
        self._rows += 1
        if self._rows > MAX_ROWS:
            raise UsageError(f"{self._name} has over {MAX_ROWS:,} rows (line {line}); split it into several files")

    def _complain(self, line: int, reason: str) -> None:
        self.problems.append(RowProblem(line, reason))
        if len(self.problems) > MAX_PROBLEMS:
            first = self.problems[0]
            raise UsageError(
                f"{self._name} has over {MAX_PROBLEMS:,} rows that are no phones (line {first.line}: {first.reason}); "
                "name a file with one phone in each row"
            )

    def _merge(self, first: Phone, later: Phone) -> Phone:
        for name, value in later.labels.items():
            if first.labels.get(name, value) != value:
                self._note_conflict(name, later.line)
        if first.model and later.model and first.model != later.model:
            self._note_conflict(_MODEL, later.line)
        labels = self._labels(later.labels | first.labels)
        return Phone(mac=first.mac, model=first.model or later.model, labels=labels, line=first.line)

    def _note_conflict(self, column: str, line: int) -> None:
        count, first_line = self._conflicts.get(column, (0, line))
        self._conflicts[column] = count + 1, first_line

    def _labels(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Return the labels that say something. Phones of one place share theirs, which keeps a fleet small."""
        said = {name: text for name, value in labels.items() if (text := self._text(value))}
        return self._shared.setdefault(tuple(said.items()), said)

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
