"""The dates of a certificate as the phone's decision."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.certificates import issue
from vpnprobe.model.observation import Validity
from vpnprobe.pki.basis import Basis
from vpnprobe.pki.certificate import describe
from vpnprobe.pki.validity import decide_validity

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2027, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FACTS = describe(issue(cn="vpn.example.com", not_before=BEGIN, not_after=END).der)


@pytest.mark.parametrize(
    ("at", "accepts", "validity"),
    [
        (BEGIN - SECOND, False, "not-yet-valid"),
        (BEGIN, True, "valid"),
        (END - SECOND, True, "valid"),
        (END, False, "expired"),
    ],
)
def test_decisions(at: datetime, accepts: bool, validity: Validity) -> None:
    decision = decide_validity(FACTS, at)
    assert (decision.accepts, decision.validity, decision.basis) == (accepts, validity, Basis.INFERENCE)


def test_dates_that_cannot_be_read_decide_nothing() -> None:
    decision = decide_validity(describe(issue(cn="vpn.example.com", not_after="never").der), BEGIN)
    assert (decision.accepts, decision.validity, decision.basis) == (None, "unreadable", Basis.UNKNOWN)
