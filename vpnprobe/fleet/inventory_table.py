"""Which column of a table is what: the device name, the model, the labels.

A Bulk Administration export of CUCM names its columns; a list that somebody keeps has a header of its own or none.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from vpnprobe.fleet.inventory_phones import PhoneList, cell_text
from vpnprobe.fleet.inventory_rows import Row, find_delimiter, read_rows
from vpnprobe.fleet.inventory_text import Lines
from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import parse_mac

# Rows that are looked at to tell which column is what.
_SAMPLE = 100
# An export of all details has hundreds of columns, nearly all of them the same for every phone.
MAX_LABELS = 40

# Names of columns without blanks and marks, the surest first. "Device Name(Line)" is in CUCM's lists of phones. What
# a column called "Phone" or "Name" holds is told by its content.
_DEVICE_COLUMNS = ("devicename", "macaddress", "devicenameline", "mac")
_MODEL_COLUMNS = ("devicetype", "model", "phonemodel", "phonetype", "producttype", "devicemodel", "product")
# What an export of all details may hold, and no report may.
_SECRET = re.compile(r"passw|passphrase|secret|\bpin\b|authentication ?string|digest ?cred|private ?key", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Columns:
    device: int
    model: int | None
    labels: dict[int, str]
    # Cells of the header, None where the table has none.
    width: int | None
    notes: tuple[str, ...] = ()


def read_table(
    lines: Lines, phones: PhoneList, name: str, wanted: Collection[str]
) -> tuple[tuple[str, ...], list[str]]:
    """Read a table, or a plain list, into `phones`; return the names of the labels, and sentences worth saying.

    Raises `UsageError` where no column holds device names.
    """
    rows = read_rows(lines, find_delimiter(lines))
    sample = list(itertools.islice(rows, _SAMPLE))
    good = [(line, cells) for line, cells in sample if not isinstance(cells, str)]
    if not good:
        reasons = [f"line {line}: {reason}" for line, reason in sample]
        raise UsageError(f"{name} holds no phone; " + (reasons[0] if reasons else "write a MAC address on each line"))
    columns = _find_columns(good, name, wanted)
    if columns.width is not None:
        sample.remove(good[0])
    shifted = _add_all(itertools.chain(sample, rows), columns, phones)
    notes = list(columns.notes)
    if shifted:
        notes.append(
            f"rows with more cells than the header: {len(shifted)} (first on line {shifted[0]}); their labels may be "
            "in the wrong columns: put a cell that has the delimiter in it between quotation marks"
        )
    return tuple(columns.labels.values()), notes


def _add_all(rows: Iterable[Row], columns: _Columns, phones: PhoneList) -> list[int]:
    """Add the phones; return the lines of rows that are longer than the header."""
    shifted = []
    for line, cells in rows:
        if isinstance(cells, str):
            phones.refuse(line, cells)
            continue
        if columns.width is not None and any(cell.strip() for cell in cells[columns.width :]):
            shifted.append(line)
        device = cells[columns.device] if columns.device < len(cells) else ""
        if columns.width is None and len(cells) == 1:
            device = device.partition("#")[0]
        model = cells[columns.model] if columns.model is not None and columns.model < len(cells) else None
        labels = {label: cells[place] for place, label in columns.labels.items() if place < len(cells)}
        phones.add(line, device, model, labels)
    return shifted


def _find_columns(rows: Sequence[tuple[int, list[str]]], name: str, wanted: Collection[str]) -> _Columns:
    first = rows[0][1]
    width = max(len(cells) for _, cells in rows)
    surely = [sum(_is_surely_phone(cells[place]) for _, cells in rows if place < len(cells)) for place in range(width)]
    plain = [_plain(cell) for cell in first]
    named = [plain.index(column) for column in _DEVICE_COLUMNS if column in plain]
    device = max(named or range(width), key=surely.__getitem__)
    if not surely[device]:
        # A column of another name may hold the phones, or there are only softphones up to here.
        device = max(device, *range(width), key=surely.__getitem__)
    if not surely[device] and not named and width > 1:
        line, cells = rows[0]
        raise UsageError(
            f"{name} has no column of device names (line {line}: {cells[0][:40]!r}); name a column 'Device Name', with "
            "SEP and a MAC address, or a MAC address, in each row"
        )
    has_header = not any(map(_is_phone, first)) and (bool(named) or (len(first) > 1 and _is_title(first, device)))
    if not has_header:
        labels, notes = _choose_labels(_titles([""] * width), {device}, wanted)
        return _Columns(device, None, labels, None, notes)
    model = next((plain.index(column) for column in _MODEL_COLUMNS if column in plain), None)
    labels, notes = _choose_labels(_titles(first), {device, model}, wanted)
    return _Columns(device, model, labels, len(first), notes)


def _is_phone(cell: str) -> bool:
    try:
        parse_mac(cell_text(cell)[:40])
    except UsageError:
        return False
    return True


def _is_surely_phone(cell: str) -> bool:
    """Whether a cell is no telephone number either, which may have as many digits as a MAC address."""
    return _is_phone(cell) and not re.sub(r"[\s:.\-]", "", cell_text(cell)).isdecimal()


def _plain(title: str) -> str:
    return re.sub(r"[\W_]+", "", title).casefold()


def _is_title(cells: Sequence[str], place: int) -> bool:
    """Whether the cell is a title and no device name with a mistake in it."""
    return place < len(cells) and not any(map(str.isdecimal, cells[place]))


def _titles(cells: Sequence[str]) -> list[str]:
    """Return a name of its own for each column."""
    titles: list[str] = []
    for place, cell in enumerate(cells):
        title = " ".join(cell.split())[:100] or f"column {place + 1}"
        titles.append(title if title not in titles else f"{title} ({place + 1})")
    return titles


def _choose_labels(
    titles: Sequence[str], taken: Collection[int | None], wanted: Collection[str]
) -> tuple[dict[int, str], tuple[str, ...]]:
    secret = [title for title in titles if _SECRET.search(title)]
    free = [
        place for place, title in enumerate(titles) if title not in secret and (place not in taken or title in wanted)
    ]
    # The sort is stable: what is wanted comes first, everything else stays in order.
    kept = sorted(sorted(free, key=lambda place: titles[place] not in wanted)[: max(MAX_LABELS, len(wanted))])
    notes = []
    if secret:
        notes.append(f"columns left out because they may hold secrets: {', '.join(secret[:5])}")
    if len(kept) < len(free):
        notes.append(f"the first {len(kept)} columns are kept as labels; {len(free) - len(kept)} more are left out")
    return {place: titles[place] for place in kept}, tuple(notes)
