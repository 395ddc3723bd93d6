"""The rows of a table in comma-separated values: RFC 4180, and what spreadsheets make of it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import TypeAlias

from vpnprobe.fleet.inventory_text import Lines

# The line on which a row begins (from 1), and its cells or what is wrong with it.
Row: TypeAlias = tuple[int, list[str] | str]

DELIMITERS = ",;\t"

NOT_CLOSED = "a quotation mark is opened here and not closed; close it, or write it twice where it is part of the text"
NOT_AT_THE_END = "text follows a closing quotation mark; write a mark that is part of the text twice"
TOO_LONG = "a cell is longer than any text of an inventory; shorten it"

# Lines that are looked at to find the delimiter.
_SAMPLE = 20
# A cell may have line breaks. More than an address in a description has, fewer than what a forgotten quotation mark
# would swallow.
_MAX_ROW_LINES = 200
# A row that goes on over such a line has swallowed another phone.
_OTHER_PHONE = re.compile(r"\bSEP[0-9A-F]{12}\b|^[\s\"']*(?:[0-9A-F]{2}[:.-]?){6}\b", re.IGNORECASE)
# What a spreadsheet reads, and some write, as the first line.
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t])"?\s*', re.IGNORECASE)


def find_delimiter(lines: Lines) -> str:
    """Return what parts the cells: what most of the first lines have, and as often in each. They stay to be read."""
    seen: list[str] = []
    for line in lines:
        match = _SEPARATOR_LINE.fullmatch(line)
        if match is not None and not any(map(_says_something, seen)):
            return match[1]
        seen.append(line)
        if len(seen) == _SAMPLE:
            break
    lines.take_back(seen)
    # Between quotation marks a delimiter is text: every second piece.
    bare = ["".join(line.split('"')[::2]) for line in seen if _says_something(line)]

    def fitness(delimiter: str) -> tuple[int, int]:
        counts = [count for line in bare if (count := line.count(delimiter))]
        return len(counts), max((counts.count(count) for count in counts), default=0)

    return max(DELIMITERS, key=fitness)


def read_rows(lines: Lines, delimiter: str) -> Iterator[Row]:
    """Yield the rows that are neither empty nor comments (`#`). A bad one does not spoil those after it."""
    taken: list[str] = []

    def lines_of_one_row() -> Iterator[str]:
        for line in lines:
            if not taken and not _says_something(line):
                continue
            taken.append(line)
            if len(taken) > _MAX_ROW_LINES or (len(taken) > 1 and _OTHER_PHONE.search(line)):
                raise csv.Error(NOT_CLOSED)
            yield line

    while True:
        taken.clear()
        try:
            cells: list[str] | str = next(
                csv.reader(lines_of_one_row(), delimiter=delimiter, strict=True, skipinitialspace=True)
            )
        except StopIteration:
            return
        except csv.Error as error:
            cells = _reason(str(error), several=len(taken) > 1)
            # Only the first line is given up.
            lines.take_back(taken[1:])
            del taken[1:]
        if isinstance(cells, str) or any(cell.strip() for cell in cells):
            yield lines.number - len(taken) + 1, cells


def _says_something(line: str) -> bool:
    bare = line.strip()
    return bool(bare) and not bare.startswith("#")


def _reason(error: str, *, several: bool) -> str:
    if several or "unexpected end" in error:
        return NOT_CLOSED
    return TOO_LONG if "field limit" in error else NOT_AT_THE_END
