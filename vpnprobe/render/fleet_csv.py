"""The phones of a fleet run as CSV for a spreadsheet (RFC 4180: commas, CRLF, UTF-8 with a byte order mark).

One row for each phone; JSON lines are the exact form. Hidden characters are written out as on a terminal. A text that
begins with = + - @, a tab or a carriage return, blanks before it or not, is given an apostrophe, since a spreadsheet
would take it for a formula; so is a certHash that begins with +. The labels of the inventory follow under their own
names, so that the file is an inventory again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Final

from vpnprobe.model.fleet import CutoverPhone, FleetLine, FleetStart, PhoneConfigSight, SweptPhone
from vpnprobe.render.escape import printable

# Characters; a spreadsheet takes 32,767.
MAX_CELL: Final = 32_000
BYTE_ORDER_MARK: Final = "\ufeff"

# The last four are the wide forms, which some spreadsheets take for the same.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")

_PHONE: Final = ("device", "mac", "model", "profile", "result")
_OF_COMMAND: Final[Mapping[str, tuple[str, ...]]] = {
    "sweep": ("cause", "summary", "alarms"),
    "cutover": ("missing", "reasons", "has_new_hash", "has_old_hash"),
}
_CONFIG: Final = ("gateways", "config", "config_file", "config_server", "config_problem", "urls", "cert_hashes")
_END: Final = ("host_id_check", "load", "finished_at")

_YES_NO: Final = {True: "yes", False: "no", None: ""}


class FleetCsv:
    """Takes the lines of a run, the start first, and returns the head of the table and a row for each phone.

    `labels` are the columns of the inventory that are to follow.
    """

    def __init__(self, labels: Sequence[str] = ()) -> None:
        self._labels = tuple(labels)

    def add(self, line: FleetLine) -> str:
        """Take a line and return its row; only the start and phones have one."""
        match line:
            case FleetStart():
                return BYTE_ORDER_MARK + _row(self._head(line.command))
            case SweptPhone():
                told = [line.verdict, line.cause, line.summary, _several(line.alarms)]
            case CutoverPhone():
                told = [
                    line.readiness,
                    _several(line.missing),
                    _several(line.reasons),
                    _YES_NO[line.has_new_hash],
                    _YES_NO[line.has_old_hash],
                ]
            case _:
                return ""
        finished = line.finished_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        labels = (line.labels.get(label) for label in self._labels)
        phone = (line.device, line.mac, line.model, line.profile)
        return _row([*phone, *told, _several(line.gateways), *_config(line.config), finished, *labels])

    def _head(self, command: str) -> list[str]:
        head = [*_PHONE, *_OF_COMMAND[command], *_CONFIG, *_END]
        for label in self._labels:
            name = label
            # An inventory that was such a file before has a column of this name already.
            while name in head:
                name += " (inventory)"
            head.append(name)
        return head


def cell(text: str | None) -> str:
    """Return a text that a spreadsheet shows and does not run."""
    if not text:
        return ""
    shown = printable(text, MAX_CELL)
    is_formula = text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA)
    return f"'{shown}" if is_formula else shown


def _config(config: PhoneConfigSight) -> list[str | None]:
    server = f"{config.protocol} {config.server}" if config.server and config.protocol else config.server
    check = None if config.host_id_check is None else str(config.host_id_check)
    urls, hashes = (_several(one.values()) for one in (config.urls, config.cert_hashes))
    return [config.outcome, config.file, server, config.problem, urls, hashes, check, config.load]


def _several(texts: Iterable[str]) -> str:
    return "; ".join(texts)


def _row(cells: Iterable[str | None]) -> str:
    sink = io.StringIO()
    csv.writer(sink).writerow([cell(text) for text in cells])
    return sink.getvalue()
