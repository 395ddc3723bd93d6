"""Which step a phone without the new hash is waiting for: that of its gateway as a whole, or its own.

Where another phone of the same gateway has the new hash, that is in CUCM and has to be applied; where none has, it has
to be imported first. The last phone of a run can decide it for the first one, so lines wait here, on disk.
"""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from vpnprobe.model.fleet import CutoverPhone, FleetLine, RenewalStep
from vpnprobe.model.json_line import json_line

# A few hundred lines; more of them go to disk.
_IN_MEMORY: Final = 1 << 18  # bytes

_DECODER: Final = msgspec.json.Decoder(CutoverPhone)
_IMPORT: Final[RenewalStep] = "import-phone-vpn-trust"
_APPLY: Final[RenewalStep] = "apply-config"


class MissingStep:
    """Passes lines on; phones that lack the new hash as soon as their step is known."""

    def __init__(self) -> None:
        # Gateways, as `host:port`, of which some phone has the new hash.
        self._imported: set[str] = set()
        self._waiting = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed as below
        # However the run ends, the file goes with this object.
        weakref.finalize(self, self._waiting.close)

    def add(self, line: FleetLine) -> Iterable[FleetLine]:
        """Take a line and return those that can go on."""
        if not isinstance(line, CutoverPhone):
            return (line,)
        if line.has_new_hash:
            self._imported.update(_gateways(line))
        if _IMPORT not in line.missing:
            return (line,)
        if self._is_imported(line):
            return (_applied(line),)
        self._waiting.write(json_line(line))
        return ()

    def end(self) -> Iterator[FleetLine]:
        """Return the phones that waited."""
        self._waiting.seek(0)
        for raw in self._waiting:
            line = _DECODER.decode(raw)
            yield _applied(line) if self._is_imported(line) else line
        self._waiting.seek(0)
        self._waiting.truncate()

    def _is_imported(self, line: CutoverPhone) -> bool:
        return not self._imported.isdisjoint(_gateways(line))


def _gateways(line: CutoverPhone) -> Iterator[str]:
    return (key.rpartition(" ")[0] for key in line.gateways)


def _applied(line: CutoverPhone) -> CutoverPhone:
    missing = tuple(_APPLY if step == _IMPORT else step for step in line.missing)
    return msgspec.structs.replace(line, missing=missing)
