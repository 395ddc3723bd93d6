"""Dates: valid today, soon over, and the lifetime that CAPF gives."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests import certificates as make
from tests.checks.evidence_builder import NOW, alarms, finding
from tests.checks.lsc.builder import CAPF, COMPANY, CUT_RUN, DAY, MIC, SHA1_FACTORY, lsc, run
from tests.checks.table import Row, params
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.finding import Status

NO_DATES = run(lsc(not_after="never"))


def lived(days: float, **fields: Any) -> Evidence:
    start = NOW - DAY / 2
    return run(lsc(not_before=start, not_after=start + timedelta(days=days), **fields))


def capf(**fields: Any) -> make.Identity:
    return make.issue(
        cn="CAPF-18cf046e",
        ca=True,
        path_length=0,
        key_usage=["digitalSignature", "keyCertSign"],
        not_before=NOW - 100 * DAY,
        **fields,
    )


def gateway(**fields: Any) -> make.Identity:
    return make.issue(cn="vpn.example.com", dns=["vpn.example.com"], not_before=NOW - 100 * DAY, **fields)


def company(**fields: Any) -> make.Identity:
    return make.issue(cn="CA", ca=True, not_before=NOW - 100 * DAY, **fields)


ROWS = (
    Row("LSC007", "valid", run(), "pass", "valid from 2024-08-18"),
    Row(
        "LSC007", "expired", run(lsc(not_after=NOW - DAY)), "fail", "expired on 2026-11-20 12:00 UTC; it is 2026-11-21"
    ),
    Row("LSC007", "at-its-end", run(lsc(not_after=NOW)), "fail", "expired on"),
    Row("LSC007", "future", run(lsc(not_before=NOW + DAY)), "fail", "not valid before 2026-11-22"),
    Row("LSC007", "capf", run(capf(not_after=NOW - DAY)), "fail", "expired"),
    Row("LSC007", "gateway", run(gateway(not_after=NOW - DAY)), "fail", "expired"),
    Row("LSC007", "ca", run(company(not_after=NOW - DAY)), "fail", "expired"),
    Row("LSC007", "no-dates", NO_DATES, "inconclusive", "LSC002"),
    Row("LSC008", "long", run(), "pass", "1000 days from the run"),
    Row("LSC008", "soon", run(lsc(not_after=NOW + 20 * DAY)), "fail", "20 days from the run"),
    Row("LSC008", "sixty", run(lsc(not_after=NOW + 60 * DAY)), "pass"),
    Row("LSC008", "over", run(lsc(not_after=NOW - DAY)), "not-applicable", "LSC007"),
    Row("LSC008", "capf", run(capf(not_after=NOW + DAY)), "fail"),
    Row("LSC008", "gateway", run(gateway(not_after=NOW + DAY)), "fail"),
    Row("LSC008", "ca", run(company(not_after=NOW + DAY)), "fail"),
    Row("LSC008", "no-dates", NO_DATES, "inconclusive"),
    Row("LSC009", "usual", run(), "pass", "1825 days"),
    Row("LSC009", "too-long", lived(1826), "fail", "valid for 1826 days in all, where CAPF gives 1 to 1825"),
    Row("LSC009", "too-short", lived(0.9), "fail", "valid for 0 days"),
    Row("LSC009", "online-ca", run(lsc(issuer=COMPANY, not_after=NOW + 9000 * DAY), online_ca=True), "not-applicable"),
    Row("LSC009", "company", run(lsc(issuer=COMPANY, not_after=NOW + 9000 * DAY)), "inconclusive", "not known"),
    Row("LSC009", "mic", run(MIC), "not-applicable"),
    Row("LSC009", "no-dates", NO_DATES, "inconclusive"),
    Row("LSC009", "cut", CUT_RUN, "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("days", "status"),
    [(0.999, "fail"), (1, "pass"), (1825, "pass"), (1825.9, "pass"), (1826, "fail")],
)
def test_the_ends_of_the_lifetime(days: float, status: Status) -> None:
    assert finding(lived(days), "LSC009").status == status


def test_a_long_lived_authority_is_no_fault() -> None:
    assert alarms(run(CAPF)) == set()
    assert alarms(run(SHA1_FACTORY)) == set()
