"""The tables of a plan, read value by value. What is wrong is gathered with its line, so that all of it is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from vpnprobe.fleet.toml_text import TomlPath, TomlText
from vpnprobe.model.choice import did_you_mean
from vpnprobe.model.errors import UsageError

T = TypeVar("T")

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?([smhd])")

MAX_LABELS = 16
MAX_LABEL_TEXT = 200
_LABEL = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]{0,63}")
# Those that Prometheus and our own series have.
_TAKEN_LABELS = frozenset(
    {"job", "instance", "le", "quantile", "probe", "kind", "target", "profile", "address", "edge", "holder"}
    | {"verdict", "stage", "version", "id", "severity"}
)


class Fault(NamedTuple):
    """What is wrong on a line (from 1), and what to write instead."""

    line: int
    text: str


class PlanTable:
    """A table at `path`. Keys that nobody asks for are told by `close`."""

    def __init__(self, toml: TomlText, path: TomlPath, values: Mapping[str, Any], faults: list[Fault]) -> None:
        self.path = path
        self._toml = toml
        self._values = values
        self._faults = faults
        self._known: list[str] = []

    def has(self, key: str) -> bool:
        """Whether the key is there, with a value of any kind."""
        return key in self._values

    def items(self) -> Iterator[tuple[str, Any]]:
        """The keys and values of a table whose keys are the operator's own."""
        yield from self._values.items()

    def line(self, *path: str | int) -> int:
        """The line of the table, or of what is at `path` below it."""
        return self._toml.line(*self.path, *path)

    def fault(self, text: str, *path: str | int) -> None:
        """Take note of a fault at `path` below this table."""
        self._faults.append(Fault(self.line(*path), text))

    def read(self, key: str, how: Callable[[Any], T], default: T) -> T:
        """Return what `how` makes of the value; where it raises `UsageError`, or there is none, the `default`."""
        self._known.append(key)
        if key not in self._values:
            return default
        try:
            return how(self._values[key])
        except UsageError as error:
            self.fault(f"{key} {error}", key)
            return default

    def table(self, key: str) -> PlanTable | None:
        """Return the table of this name, None where there is none."""
        self._known.append(key)
        if key not in self._values:
            return None
        value = self._values[key]
        path = (*self.path, key)
        if isinstance(value, dict):
            return PlanTable(self._toml, path, value, self._faults)
        header = ".".join(part for part in path if isinstance(part, str))
        self.fault(f"{key} is a table; write [{header}]", key)
        return None

    def tables(self, key: str) -> list[PlanTable]:
        """Return the tables of a list (`[[key]]`)."""
        self._known.append(key)
        value = self._values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.fault(f"there may be several of {key}; write [[{key}]]", key)
            return []
        return [PlanTable(self._toml, (*self.path, key, number), one, self._faults) for number, one in enumerate(value)]

    def close(self) -> None:
        """Tell of the keys that nobody asked for."""
        for key in self._values:
            if key not in self._known:
                self.fault(f"there is no {key!r} here; {did_you_mean(key, self._known)}", key)


# --- values; each raises `UsageError` with what is to be written, to be read behind the name of the key ---


def duration(low_s: float, high_s: float) -> Callable[[object], float]:
    """Read a time with its unit (`30s`, `5m`, `1h`, `400d`) as seconds."""

    def read(value: object) -> float:
        match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None:
            raise UsageError('takes a time with its unit in quotation marks, such as "30s", "5m", "1h" or "1d"')
        seconds = float(match[1]) * _UNITS[match[2]]
        if not low_s <= seconds <= high_s:
            raise UsageError(f"takes a time from {_shown(low_s)} to {_shown(high_s)}")
        return seconds

    return read


def whole(low: int, high: int) -> Callable[[object], int]:
    """Read a whole number."""

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise UsageError(f"takes a whole number from {low} to {high}")
        return value

    return read


def flag(value: object) -> bool:
    """Read yes or no."""
    if not isinstance(value, bool):
        raise UsageError("takes true or false")
    return value


def text(value: object) -> str:
    """Read a text that says something."""
    if not isinstance(value, str) or not value.strip():
        raise UsageError("takes a text in quotation marks")
    return value


def texts(value: object) -> tuple[str, ...]:
    """Read a list of texts."""
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise UsageError('takes a list of texts, such as ["one", "two"]')
    return tuple(value)


def label(name: str, value: object) -> str:
    """Read one label: a name as Prometheus takes it, and a text or whole number."""
    if _LABEL.fullmatch(name) is None:
        raise UsageError("is no name of a label: letters, digits and underscores, with no digit in front")
    if name in _TAKEN_LABELS:
        raise UsageError("is a label that vpnprobe and Prometheus set themselves; take another name")
    if not isinstance(value, str | int) or isinstance(value, bool) or not 0 < len(str(value)) <= MAX_LABEL_TEXT:
        raise UsageError(f"takes a text of 1 to {MAX_LABEL_TEXT} characters")
    return str(value)


def _shown(seconds: float) -> str:
    fits = (unit for unit in reversed(_UNITS) if seconds >= _UNITS[unit] and not seconds % _UNITS[unit])
    unit = next(fits, "s")
    return f"{seconds / _UNITS[unit]:g}{unit}"
