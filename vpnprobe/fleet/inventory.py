"""The phones that a fleet command is about, from whatever list of them there is.

Read are: a table with delimiters, among them the exports of CUCM's Bulk Administration; a plain list of MAC addresses;
and TOML. A row that cannot be used is told with its line and does not stop the rest. Cells are text, also where a
spreadsheet would take them for a formula.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vpnprobe.fleet.inventory_phones import PhoneList
from vpnprobe.fleet.inventory_table import read_table
from vpnprobe.fleet.inventory_text import InventoryText, inventory_text
from vpnprobe.fleet.inventory_toml import MAX_TOML, read_toml_inventory
from vpnprobe.model.choice import did_you_mean
from vpnprobe.model.errors import UsageError
from vpnprobe.model.fleet import Phone, RowProblem

_STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Each phone once, in the order of the rows; never none.

    `problems` are the rows that cannot be used, `merged` counts rows of phones that came before, `labels` are the
    names of the labels that phones may have (one without a value has none of that name), and `notes` are sentences on
    what was read otherwise than written.
    """

    phones: Sequence[Phone]
    problems: tuple[RowProblem, ...] = ()
    merged: int = 0
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def load_inventory(file: str, stdin: BinaryIO, *, wanted: Collection[str] = ()) -> Inventory:
    """Read the file of this name, `stdin` for `-`; otherwise as `read_inventory`."""
    name = "standard input" if file == _STANDARD_INPUT else file
    try:
        with contextlib.ExitStack() as stack:
            stream = stdin if file == _STANDARD_INPUT else stack.enter_context(Path(file).open("rb"))
            return read_inventory(stream, name, wanted=wanted)
    except OSError as error:
        raise UsageError(
            f"{name}: {error.strerror or error}; name a file with the phones, or - for standard input"
        ) from error


def read_inventory(source: bytes | BinaryIO, name: str, *, wanted: Collection[str] = ()) -> Inventory:
    """Read an inventory. `name` is what messages call it, `wanted` are labels that must be there.

    Raises `UsageError` that says what to do: for a file of another kind or over the limits (256 MiB, 1,000,000 rows),
    without a phone, or without a label that is wanted.
    """
    phones = PhoneList(name)
    with inventory_text(io.BytesIO(source) if isinstance(source, bytes) else source, name) as text:
        if _is_toml(text, name):
            labels = read_toml_inventory(_whole(text, name), phones, name)
            notes: list[str] = []
        else:
            labels, notes = read_table(text.lines(), phones, name, wanted)
    if not phones.phones:
        what = [f"line {first.line}: {first.reason}" for first in phones.problems[:1]]
        raise UsageError(f"{name} holds no phone; {(what or ['there is no row for one'])[0]}")
    for label in wanted:
        if label not in labels:
            hint = did_you_mean(label, labels) if labels else "it has no columns but that of the phones"
            raise UsageError(f"{name} has no label {label!r}; {hint}")
    return Inventory(
        phones=phones.phones,
        problems=tuple(sorted(phones.problems, key=lambda problem: problem.line)),
        merged=phones.merged,
        labels=labels,
        notes=(*([text.note] if text.note else ()), *notes, *phones.notes),
    )


def _is_toml(text: InventoryText, name: str) -> bool:
    """Whether the name says so, or the first line that says something is the header of a table."""
    if name.lower().endswith(".toml"):
        return True
    for line in text.lines():
        bare = line.strip()
        if bare and not bare.startswith("#"):
            return bare.startswith("[")
    return False


def _whole(text: InventoryText, name: str) -> str:
    whole = text.whole(MAX_TOML)
    if whole is None:
        raise UsageError(f"{name} is over {MAX_TOML >> 20} MiB of TOML; write so many phones as CSV")
    return whole
