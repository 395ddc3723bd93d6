"""Evidence read back from a file of another hand."""

from __future__ import annotations

import msgspec
import pytest

from tests.checks.evidence_builder import run
from vpnprobe.model.evidence import Evidence


def test_a_moment_without_a_time_zone_is_no_moment() -> None:
    """Dates of certificates are in UTC; with anything else nothing could be compared."""
    written = msgspec.to_builtins(run())
    assert msgspec.convert(written, Evidence).started_at == run().started_at
    written["started_at"] = "2026-11-21T12:00:00"
    with pytest.raises(msgspec.ValidationError, match="started_at"):
        msgspec.convert(written, Evidence)
