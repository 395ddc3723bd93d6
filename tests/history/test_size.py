"""A year of five-minute runs takes tens of megabytes while nothing changes."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tests.history.reports import moment, report
from vpnprobe.history.entry import make_entry, to_us
from vpnprobe.history.store import History

TARGETS = 20
RUNS_OF_A_YEAR = 365 * 24 * 12
INTERVAL_US = 300_000_000

# Of which 44 MB were measured when a whole year was written.
MAX_BYTES_OF_A_YEAR = 60_000_000

BATCH = 100


def test_a_year_in_which_nothing_changes(tmp_path: Path) -> None:
    """What a run adds, after the first ones, times the runs of a year.

    Pages split as in a year: each target adds to its own place in the middle of the file.
    """
    file = tmp_path / "history.db"
    usual = [make_entry(report(), f"probe {number}") for number in range(TARGETS)]

    def write(history: History, batch: int) -> int:
        history.record_entries(
            [
                msgspec.structs.replace(entry, started_us=to_us(moment(0)) + run * INTERVAL_US + number * 1_000_003)
                for run in range(batch * BATCH, (batch + 1) * BATCH)
                for number, entry in enumerate(usual)
            ]
        )
        return file.stat().st_size

    with History(str(file)) as history:
        first = write(history, 0)
        sizes = [write(history, batch) for batch in range(1, 5)]
        assert history.count_runs(1) == 5 * BATCH
        assert len(history.changes()) == TARGETS
    of_a_run = (sizes[-1] - first) / (len(sizes) * BATCH)
    assert 0 < first + RUNS_OF_A_YEAR * of_a_run < MAX_BYTES_OF_A_YEAR
