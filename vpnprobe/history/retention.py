"""What is forgotten with time.

Runs go when they are old enough, except the last one of each series; what only they had (Evidence, findings,
certificates) goes with them. Changes stay.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from vpnprobe.history.entry import to_us
from vpnprobe.history.reading import all_series
from vpnprobe.history.recording import read_memory
from vpnprobe.history.schema import CERTIFICATE, RUN, SHOWN, STATE


def purge(connection: Connection, before: datetime) -> int:
    """Forget runs that began before this moment; return how many."""
    forgotten = 0
    for series in all_series(connection):
        mine = RUN.c.series_id == series.number
        last = connection.execute(select(func.max(RUN.c.started_us)).where(mine)).scalar_one()
        forgotten += connection.execute(delete(RUN).where(mine, RUN.c.started_us < min(last, to_us(before)))).rowcount
    connection.execute(delete(STATE).where(STATE.c.id.not_in(select(RUN.c.state_id).distinct())))
    connection.execute(
        delete(CERTIFICATE).where(
            CERTIFICATE.c.sha256.not_in(select(SHOWN.c.sha256).distinct()),
            CERTIFICATE.c.sha256.not_in(_remembered(connection)),
        )
    )
    return forgotten


def _remembered(connection: Connection) -> set[str]:
    """Return the names of the certificates that the next runs are held against."""
    return {
        name
        for series in all_series(connection)
        for key, values in read_memory(connection, series.number).items()
        if key.kind == "certificates"
        for name in values
    }
