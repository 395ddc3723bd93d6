"""The tables as the newest migration leaves them. Moments are microseconds or, of certificates, seconds since 1970.

A run is one narrow row; what it saw and how it was judged is in a `state`, which all runs of a series share that are
alike in what matters. A `change` stands for itself: it is kept when its run is purged.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class PeerText(TypeDecorator[str]):
    """Text that may come from a peer. PostgreSQL has no text with NUL, so that its picture U+2400 stands for it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """Return what can be stored."""
        return None if value is None else value.replace("\0", "\u2400")


METADATA: Final = MetaData()

VERSIONS: Final = Table("vpnprobe_history", METADATA, Column("version", Integer, primary_key=True, autoincrement=False))

SERIES: Final = Table(
    "series",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("probe", Text, nullable=False),
    Column("label", PeerText, nullable=False),
    Column("profile", Text, nullable=False),
    Column("name", PeerText),
    Column("mac", Text),
    # The run that was recorded last; NULL before the first.
    Column("last_us", BigInteger),
)

MEMORY: Final = Table(
    "memory",
    METADATA,
    Column("series_id", Integer, ForeignKey("series.id"), primary_key=True),
    # As last seen (`vpnprobe.history.drift`), JSON.
    Column("aspects", LargeBinary, nullable=False),
)

STATE: Final = Table(
    "state",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("series_id", Integer, ForeignKey("series.id"), nullable=False),
    Column("digest", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("cause", Text),
    Column("alarms", Text, nullable=False),  # ids, with blanks between
    Column("interrupted", Text),
    Column("schema_version", Integer, nullable=False),
    Column("evidence", LargeBinary, nullable=False),  # JSON, zlib
    UniqueConstraint("series_id", "digest"),
)

RUN: Final = Table(
    "run",
    METADATA,
    Column("series_id", Integer, ForeignKey("series.id"), primary_key=True),
    Column("started_us", BigInteger, primary_key=True),
    # No foreign key: the index that it would need is as large as the table.
    Column("state_id", Integer, nullable=False),
    Column("duration_ms", Integer, nullable=False),
)

FINDING: Final = Table(
    "finding",
    METADATA,
    Column("state_id", Integer, ForeignKey("state.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("check_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("subject", PeerText, nullable=False),
    Column("address", PeerText),
    Column("target", PeerText),
    Column("summary", PeerText, nullable=False),
)

CERTIFICATE: Final = Table(
    "certificate",
    METADATA,
    Column("sha256", Text, primary_key=True),
    Column("cert_hash", Text, nullable=False),
    Column("subject", PeerText),
    Column("issuer", PeerText),
    Column("not_before_unix", BigInteger),
    Column("not_after_unix", BigInteger),
    # JSON; NULL where it is not known.
    Column("names", PeerText),
)

SHOWN: Final = Table(
    "shown",
    METADATA,
    Column("state_id", Integer, ForeignKey("state.id", ondelete="CASCADE"), primary_key=True),
    Column("host", PeerText, primary_key=True),
    Column("address", PeerText, primary_key=True),
    Column("hello", Text, primary_key=True),
    Column("depth", Integer, primary_key=True),  # 0 is the leaf
    Column("sha256", Text, nullable=False),
)

CHANGE: Final = Table(
    "change",
    METADATA,
    Column("series_id", Integer, ForeignKey("series.id"), primary_key=True),
    Column("at_us", BigInteger, primary_key=True),
    # NULL for the first run of a series.
    Column("before_verdict", Text),
    Column("before_cause", Text),
    Column("before_alarms", Text),
    Column("verdict", Text, nullable=False),
    Column("cause", Text),
    Column("alarms", Text, nullable=False),
)

DRIFT: Final = Table(
    "drift",
    METADATA,
    Column("series_id", Integer, primary_key=True),
    Column("at_us", BigInteger, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("drift_id", Text, nullable=False),
    Column("subject", PeerText, nullable=False),
    Column("summary", PeerText, nullable=False),
    Column("finding", PeerText, nullable=False),  # whole, JSON
    ForeignKeyConstraint(["series_id", "at_us"], ["change.series_id", "change.at_us"]),
)
