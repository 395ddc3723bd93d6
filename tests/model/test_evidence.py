"""Evidence read back from a file of another hand."""

from __future__ import annotations

import msgspec
import pytest

from tests.checks.evidence_builder import run
from tests.checks.trust_evidence import config_run
from vpnprobe.model.evidence import Evidence


def test_a_moment_without_a_time_zone_is_no_moment() -> None:
    """Dates of certificates are in UTC; with anything else nothing could be compared."""
    written = msgspec.to_builtins(run())
    assert msgspec.convert(written, Evidence).started_at == run().started_at
    written["started_at"] = "2026-11-21T12:00:00"
    with pytest.raises(msgspec.ValidationError, match="started_at"):
        msgspec.convert(written, Evidence)


@pytest.mark.parametrize("seconds", [-1, 1 << 32, 10**15], ids=["negative", "beyond-u32", "no-date"])
def test_a_time_stamp_is_a_date(seconds: int) -> None:
    """The checks tell it as one; what a header cannot hold is not Evidence."""
    written = msgspec.to_builtins(config_run())
    assert msgspec.convert(written, Evidence).trust_lists
    written["trust_lists"][0]["timestamp"] = seconds
    with pytest.raises(msgspec.ValidationError, match="timestamp"):
        msgspec.convert(written, Evidence)


@pytest.mark.parametrize("seconds", [-1.0, 1e300], ids=["negative", "no-date"])
def test_a_run_has_an_end(seconds: float) -> None:
    written = msgspec.to_builtins(run())
    written["duration_s"] = seconds
    with pytest.raises(msgspec.ValidationError, match="duration_s"):
        msgspec.convert(written, Evidence)
