"""The client certificate that the operator gave, by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.certificates import Identity
from tests.checks.evidence_builder import NOW, alarms, certificate_name, fail, finding
from tests.checks.federation.builder import DOMAIN, WANTS_OURS, edge_certificate, handshake, run, visit
from tests.checks.table import Row, params
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind

DAY = timedelta(days=1)
PARTNER = "sip.partner.example"


def ours(*dns: str, **fields: Any) -> Identity:
    return edge_certificate(*(dns or (PARTNER,)), serial=50, **fields)


def given(own: Identity, alert: int | None = None) -> Evidence:
    """A run with this client certificate, which the target takes, or refuses with an alert."""
    sent = {"client_certificate": certificate_name(own.der)}
    failure = fail(FailureKind.TLS_ALERT, alert=alert)
    end = handshake(**sent) if alert is None else handshake(completed=False, failure=failure, **sent)
    return run(
        visits=(visit(handshakes=(WANTS_OURS, end)),),
        identities=(own,),
        client_chain=tuple(map(certificate_name, own.chain_der)),
    )


GOOD = ours()
EXPIRED = ours(not_after=NOW - DAY)
FUTURE = ours(not_before=NOW + DAY)
SERVER_ONLY = ours(extended_key_usage=["serverAuth"])
BARE = ours("edge")
TWO_FAULTS = ours("edge", not_after=NOW - DAY)

ROWS = (
    Row("EDG011", "good", given(GOOD), "pass", f"names {PARTNER}"),
    Row("EDG011", "no-purpose", given(ours(extended_key_usage=())), "pass"),
    Row("EDG011", "expired", given(EXPIRED), "fail", "it expired on 2026-11-20"),
    Row("EDG011", "future", given(FUTURE), "fail", "it is not valid before 2026-11-22"),
    Row("EDG011", "server-only", given(SERVER_ONLY), "fail", "clientAuth is not among its purposes: serverAuth"),
    Row("EDG011", "no-dotted-name", given(BARE), "fail", "it holds no DNS name with a dot"),
    Row("EDG011", "two-faults", given(TWO_FAULTS), "fail", "12:00 UTC; it holds no DNS name"),
    Row("EDG011", "not-given", run(), "not-applicable", "--client-cert"),
    Row("EDG011", "not-held", run(client_chain=("0" * 64,)), "inconclusive", "cannot be read"),
    Row("EDG011", "no-dates", given(ours(not_after="never")), "inconclusive", "cannot be read"),
    Row("EDG010", "ours-expired", given(EXPIRED, 45), "inconclusive", "at fault itself (EDG011): it expired on"),
    Row("EDG010", "ours-server-only", given(SERVER_ONLY, 43), "inconclusive", "(EDG011): clientAuth is not"),
    Row("EDG010", "ours-expired-and-unknown-ca", given(EXPIRED, 48), "fail", "does not trust its issuer"),
    Row("EDG010", "ours-good", given(GOOD, 43), "fail", "its purpose"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("evidence", "verdict"),
    [
        pytest.param(given(EXPIRED), "warn", id="taken all the same"),
        pytest.param(given(EXPIRED, 45), "inconclusive", id="refused"),
    ],
)
def test_a_fault_of_ours_is_not_laid_at_the_other_side_s_door(evidence: Evidence, verdict: str) -> None:
    assert alarms(evidence) == {"EDG011"}
    assert judge(evidence).verdict == verdict


def test_it_is_about_the_run_as_a_whole() -> None:
    found = finding(given(EXPIRED), "EDG011")
    assert (found.subject, found.address, found.target) == (DOMAIN, None, None)
    assert found.next[0].startswith("openssl x509 -in <client-cert>")
    assert found.facts["names"] == [PARTNER]
