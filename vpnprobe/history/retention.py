"""What is forgotten with time.

Runs go when they are old enough, except the last one of each series; what only they had (Evidence, findings,
certificates) goes with them. Changes stay.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, exists, select

from vpnprobe.history.entry import to_us
from vpnprobe.history.reading import all_series
from vpnprobe.history.recording import read_memory
from vpnprobe.history.schema import CERTIFICATE, RUN, SERIES, SHOWN, STATE


def purge(connection: Connection, before: datetime) -> int:
    """Forget runs that began before this moment; return how many."""
    last = (RUN.c.series_id == SERIES.c.id) & (RUN.c.started_us == SERIES.c.last_us)
    forgotten = connection.execute(delete(RUN).where(RUN.c.started_us < to_us(before), ~exists().where(last)))
    connection.execute(delete(STATE).where(STATE.c.id.not_in(select(RUN.c.state_id).distinct())))
    _forget_certificates(connection)
    return forgotten.rowcount


def _forget_certificates(connection: Connection) -> None:
    unnamed = select(CERTIFICATE.c.sha256).where(CERTIFICATE.c.sha256.not_in(select(SHOWN.c.sha256).distinct()))
    forgotten = set(connection.execute(unnamed).scalars()) - _remembered(connection)
    if forgotten:
        one = delete(CERTIFICATE).where(CERTIFICATE.c.sha256 == bindparam("name"))
        connection.execute(one, [{"name": name} for name in forgotten])


def _remembered(connection: Connection) -> set[str]:
    """Return the names of the certificates that the next runs are held against."""
    return {
        name
        for series in all_series(connection)
        for key, values in read_memory(connection, series.number).items()
        if key.kind == "certificates"
        for name in values
    }
