"""Reports of one target over time, and all that a history holds, to compare."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from tests.checks.evidence_builder import (
    ADDRESS,
    NOW,
    RENEWED,
    SECOND,
    SESSION,
    cert_hash,
    certificate_name,
    flight,
    flights,
    group,
    pinned,
    resolved,
    run,
    unresolved,
)
from vpnprobe.checks.evaluate import judge
from vpnprobe.history.database import Database
from vpnprobe.history.schema import METADATA
from vpnprobe.model.config import CertHashText, ConfigProblem, ProblemKind
from vpnprobe.model.finding import Report

INTERVAL = timedelta(minutes=5)

HEALTHY: dict[str, Any] = {}
REPLACED = {
    "first_flights": flights(rsa=RENEWED, both=RENEWED),
    "handshakes": (msgspec.structs.replace(SESSION, leaf=certificate_name(RENEWED.der)),),
}
PINNED_TOO = REPLACED | pinned(RENEWED)
GONE = unresolved()
WARNED = REPLACED | group(
    cert_hashes=(CertHashText(1, cert_hash(RENEWED)),),
    problems=(ConfigProblem(kind=ProblemKind.GAP, element="url3"),),
)

# What happens to a gateway in a bad week; each is what the target is like in one run.
BAD_WEEK = (HEALTHY, HEALTHY, GONE, GONE, REPLACED, REPLACED, PINNED_TOO, WARNED, PINNED_TOO, HEALTHY)


def moment(number: int) -> datetime:
    """When the run of this number begins."""
    return NOW + number * INTERVAL


def report(number: int = 0, **changes: Any) -> Report:
    """The report of the run of this number."""
    return judge(run(**{"started_at": moment(number), "duration_s": 0.4} | changes))


def bad_week() -> list[Report]:
    return [report(number, **changes) for number, changes in enumerate(BAD_WEEK)]


def two_addresses(first: Any, second: Any | None) -> dict[str, Any]:
    """Evidence fields for a name with two addresses; the second may give no answer."""
    other = (flight("7962G", second, address=SECOND),) if second is not None else ()
    return {
        "resolution": resolved(ADDRESS.partition(":")[0], SECOND.partition(":")[0]),
        "first_flights": (flight("7962G", first), *other),
    }


def rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that a database of history holds, but for what the database numbers by itself."""
    with closing(Database(url, create=False)) as database, database.reading() as connection:
        return {name: list(_rows(connection, name)) for name in METADATA.tables}


def _rows(connection: Connection, name: str) -> Iterator[tuple[Any, ...]]:
    table = METADATA.tables[name]
    for row in connection.execute(select(table).order_by(*table.primary_key)):
        yield tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
