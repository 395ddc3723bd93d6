"""Where the lines of a fleet run go: into the journal first, then to whoever counts and shows them, each phone once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from vpnprobe.fleet.journal import Journal
from vpnprobe.fleet.summary import SummaryCounter
from vpnprobe.model.fleet import (
    CutoverPhone,
    FleetInterruption,
    FleetLine,
    FleetStart,
    FleetSummary,
    GatewaySight,
    Phone,
    SweptPhone,
)


class Stage(Protocol):
    """Stands between the lines of a run and whoever counts and shows them, where one line waits for others."""

    def add(self, line: FleetLine) -> Iterable[FleetLine]:
        """Take a line and return those that can go on."""
        ...

    def end(self) -> Iterable[FleetLine]:
        """Return the rest: no other line comes."""
        ...


class _Straight:
    """Holds nothing back."""

    def add(self, line: FleetLine) -> Iterable[FleetLine]:
        return (line,)

    def end(self) -> Iterable[FleetLine]:
        return ()


class FleetLines:
    """The lines of one run. With a journal, what an earlier part of the run left is passed to `show` first.

    The journal has each line as it came; what `stage` makes of it is counted and shown. Where the `inventory` is not
    what it was for that part, it counts: phones that it has no more are left out, those whose model it has otherwise
    are looked at again, and labels are as it has them now.
    """

    def __init__(
        self,
        start: FleetStart,
        counter: SummaryCounter,
        show: Callable[[FleetLine], None],
        journal: Journal | None = None,
        stage: Stage | None = None,
        inventory: Sequence[Phone] | None = None,
    ) -> None:
        self.start = start if journal is None else journal.start
        self._counter = counter
        self._show = show
        self._journal = journal
        self._stage = stage or _Straight()
        # As numbers: a fifth of the memory of texts.
        self._done: set[int] = set()
        self._gateways: dict[str, GatewaySight] = {}
        self._strangers = 0
        self._began = time.monotonic()
        show(self.start)
        if journal is not None:
            # Places only: phones that nobody asks for are not made.
            places = {int(phone.mac, 16): place for place, phone in enumerate(inventory or ())}
            for line in journal.earlier():
                kept = line if inventory is None else self._as_listed(line, inventory, places)
                if kept is not None:
                    self._pass(kept)

    @property
    def finished(self) -> int:
        """Phones that are finished."""
        return len(self._done)

    def waiting(self, phones: Iterable[Phone]) -> Iterator[Phone]:
        """Yield the phones that have no line yet."""
        return (phone for phone in phones if int(phone.mac, 16) not in self._done)

    def take(self, line: FleetLine) -> None:
        """Take a line that is new; a gateway that is as it was told already is not told again."""
        if isinstance(line, GatewaySight) and self._gateways.get(line.key) == line:
            return
        if self._journal is not None:
            self._journal.add(line)
        self._pass(line)

    def finish(
        self,
        interrupted: FleetInterruption | None,
        *,
        not_reached: int,
        row_problems: int,
        duplicates: int,
        notes: Iterable[str],
    ) -> FleetSummary:
        """End the run with its summary, and return that."""
        self._tell(self._stage.end())
        summary = self._counter.summary(
            self.start,
            time.monotonic() - self._began,
            interrupted=interrupted,
            not_reached=not_reached,
            row_problems=row_problems,
            duplicates=duplicates,
            notes=(*notes, *self._notes()),
        )
        if self._journal is not None:
            self._journal.add(summary)
        self._show(summary)
        return summary

    def _notes(self) -> Iterator[str]:
        if self._strangers:
            yield f"results of phones that are not in the inventory any more: {self._strangers:,}; they do not count"

    def _as_listed(self, line: FleetLine, inventory: Sequence[Phone], places: Mapping[int, int]) -> FleetLine | None:
        if not isinstance(line, SweptPhone | CutoverPhone):
            return line
        place = places.get(int(line.mac, 16))
        if place is None:
            self._strangers += 1
            return None
        phone = inventory[place]
        return msgspec.structs.replace(line, labels=phone.labels) if phone.model == line.model else None

    def _pass(self, line: FleetLine) -> None:
        if isinstance(line, SweptPhone | CutoverPhone):
            number = int(line.mac, 16)
            if number in self._done:
                return
            self._done.add(number)
        elif isinstance(line, GatewaySight):
            self._gateways[line.key] = line
        self._tell(self._stage.add(line))

    def _tell(self, lines: Iterable[FleetLine]) -> None:
        for line in lines:
            self._counter.add(line)
            self._show(line)
