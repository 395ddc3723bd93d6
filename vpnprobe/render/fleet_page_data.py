"""The phones of a fleet as the page of `fleet_html` carries them: JSON by columns, in blocks of some thousand phones.

A block has its own table of `values`, and each column an index into it for each phone: thousands of phones share a few
dozen texts, lists and sets of details. Where a text has the phone's MAC in it, U+0001 stands for that. All text is
printable already, so that no other control character is left, and the page shows what the data say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC
from functools import lru_cache
from typing import Final

import msgspec

from vpnprobe.model.fleet import CutoverPhone, PhoneConfigSight, SweptPhone
from vpnprobe.model.json_line import without_hidden
from vpnprobe.render.escape import printable
from vpnprobe.render.fleet_words import outcome

PhoneLine = SweptPhone | CutoverPhone

# Phones of one block: few enough to be held while they come, enough to share their texts.
BLOCK_PHONES: Final = 2048
MAC_PLACE: Final = "\x01"

_SENTENCE: Final = 1000  # characters of one reason: it may name each address of a gateway
# In a script element `<` could end it or begin a comment; as an escape it is the same value.
_MARKUP: Final = re.compile(rb"[<>&]")

_YES_NO: Final = {True: "yes", False: "no", None: "not known"}


class PhoneBlocks:
    """Takes phones and returns a block of them, as text for a script element of the page, as soon as one is full."""

    def __init__(self) -> None:
        self._clear()

    def add(self, line: PhoneLine) -> str:
        """Take a phone; return a block where this one fills it, else nothing."""
        self._put(line)
        return self.take() if len(self._macs) == BLOCK_PHONES else ""

    def take(self) -> str:
        """Return the phones that wait as a block; nothing where none does."""
        if not self._macs:
            return ""
        block = {
            "macs": self._macs,
            "values": [None, *(msgspec.Raw(value) for value in self._values)],
            "columns": self._columns,
            "labels": self._labels,
        }
        text = script_json(block)
        self._clear()
        return text

    def _clear(self) -> None:
        self._macs: list[str] = []
        # As JSON, which can be compared whatever it is; the place in the table counts from 1, 0 is no value.
        self._values: dict[bytes, int] = {}
        self._columns: dict[str, list[int]] = {}
        self._labels: dict[str, list[int]] = {}

    def _put(self, line: PhoneLine) -> None:
        mac = line.mac
        if isinstance(line, SweptPhone):
            result: str = line.verdict
            causes: Iterable[str] = (line.reason,) if line.reason else ()
            why: Iterable[str] = (line.summary,) if line.summary else ()
        else:
            result, causes, why = line.readiness, line.missing, line.reasons
        columns = {
            "device": _template(line.device, mac),
            "model": _template(line.model or "", mac),
            "result": result,
            "causes": [_template(one, mac) for one in causes],
            "why": [_template(one, mac, _SENTENCE) for one in why],
            "gateways": [_template(key, mac) for key in line.gateways],
            "details": [(_shown(name), _template(text, mac, _SENTENCE)) for name, text in phone_details(line)],
            "finished": f"{line.finished_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        }
        for name, value in columns.items():
            self._columns.setdefault(name, []).append(self._place(value))
        for label, text in line.labels.items():
            places = self._labels.setdefault(_shown(label), [])
            # Phones before this one that lack the label.
            places.extend([0] * (len(self._macs) - len(places)))
            places[len(self._macs) :] = [self._place(_template(text, mac))]
        self._macs.append(mac)

    def _place(self, value: object) -> int:
        if not value:
            return 0
        return self._values.setdefault(msgspec.json.encode(value), len(self._values) + 1)


def phone_details(line: PhoneLine) -> Iterator[tuple[str, str]]:
    """Yield what else is known of a phone, each with its name; text of the peer is not yet escaped."""
    yield "Profile", line.profile or ""
    yield "Configuration", _configuration(line.config)
    if isinstance(line, CutoverPhone):
        yield "New hash in the file", _YES_NO[line.has_new_hash]
        yield "Old hash in the file", _YES_NO[line.has_old_hash]
    elif line.alarms:
        yield "Alarms", ", ".join(line.alarms)
    yield from line.config.urls.items()
    yield from line.config.cert_hashes.items()
    if line.config.host_id_check is not None:
        yield "Host-ID check", str(line.config.host_id_check)
    if line.config.load:
        yield "Firmware load", line.config.load


def _configuration(config: PhoneConfigSight) -> str:
    told = outcome(config.outcome)
    if config.file:
        told += f", {config.file}"
    if config.server:
        told += f", {(config.protocol or '').upper()} {config.server}"
    return f"{told}: {config.problem}" if config.problem else told


def script_json(value: object) -> str:
    """Return the value as JSON that is safe within a script element, whatever its texts are."""
    encoded = without_hidden(msgspec.json.encode(value))
    return _MARKUP.sub(lambda match: b"\\u%04x" % ord(match[0]), encoded).decode()


def _template(text: str, mac: str, limit: int = 400) -> str:
    shown = _shown(text, limit)
    return shown.replace(mac, MAC_PLACE) if mac in shown else shown


@lru_cache(maxsize=4096)
def _shown(text: str, limit: int = 400) -> str:
    return printable(text, limit)
