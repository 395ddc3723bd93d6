"""What the sources of revocation say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.certificates import extension, sequence, tlv
from tests.checks.evidence_builder import NOW, alarms, certificate_name, fail, finding
from tests.checks.federation.builder import EDGE, ISSUING, TARGET, edge_certificate, run, shown, unpublished
from tests.checks.table import Row, params
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.federation import RevocationSource

CRL = "http://crl.example.com/issuing.crl"
SECOND_CRL = "http://crl2.example.com/issuing.crl"
OCSP = "http://ocsp.example.com/"
TIMEOUT = fail(FailureKind.TIMEOUT)
LOCAL = fail(FailureKind.LOCAL)
DAY = timedelta(days=1)

# cRLDistributionPoints with one fullName URI (RFC 5280 section 4.2.1.13).
_POINT = sequence(sequence(tlv(0xA0, tlv(0xA0, tlv(0x86, CRL.encode())))))
WITH_CRL = edge_certificate(TARGET, extensions=[extension("2.5.29.31", _POINT)])


def source(status: str | None = "good", url: str = CRL, kind: str = "crl", **fields: Any) -> RevocationSource:
    usual = {"certificate": certificate_name(EDGE.der), "kind": kind, "url": url, "status": status}
    return RevocationSource(**usual | fields)


def ocsp(status: str | None = "good", **fields: Any) -> RevocationSource:
    return source(status, url=OCSP, kind="ocsp", **fields)


def saying(*sources: RevocationSource) -> Evidence:
    return run(revocations=sources)


LOST = source(None, failure=TIMEOUT)
OF_THE_ISSUER = source("revoked", certificate=certificate_name(ISSUING.der))
OF_ANOTHER = source("revoked", certificate="00" * 32)
STALE = source(next_update=(NOW - DAY).isoformat())
CURRENT = source(next_update=(NOW + DAY).isoformat())
NAIVE = source(next_update="2026-11-01T00:00:00")
NO_DATE = source(next_update="soon")
UNPUBLISHED = run(**unpublished())

ROWS = (
    Row("FCR017", "good", saying(source(), ocsp()), "pass", f"answer: {CRL}, {OCSP}"),
    Row("FCR017", "current", saying(CURRENT), "pass"),
    Row("FCR017", "unreadable-date", saying(NO_DATE), "pass"),
    Row("FCR017", "one-of-two", saying(LOST, source(url=SECOND_CRL)), "pass", SECOND_CRL),
    Row("FCR017", "lost", saying(LOST), "fail", f"{CRL}: no answer in time"),
    Row("FCR017", "ocsp-is-no-crl", saying(LOST, ocsp()), "fail", CRL),
    Row("FCR017", "unreadable", saying(source(None)), "fail", "unreadable answer"),
    Row("FCR017", "stale", saying(STALE), "fail", "out of date since 2026-11-20"),
    Row("FCR017", "stale-without-zone", saying(NAIVE), "fail", "2026-11-01 00:00 UTC"),
    Row("FCR017", "local", saying(source(None, failure=LOCAL)), "inconclusive", "not asked"),
    Row("FCR017", "no-source", run(), "not-applicable", "names no CRL"),
    Row("FCR017", "not-asked", run(**shown(WITH_CRL)), "not-applicable", "--revocation"),
    Row("FCR017", "of-another", saying(OF_ANOTHER), "not-applicable"),
    Row("FCR017", "unpublished", UNPUBLISHED, "inconclusive"),
    Row("FCR018", "good", saying(source(), ocsp()), "pass", "not revoked"),
    Row("FCR018", "revoked", saying(source("revoked")), "fail", f"is revoked, says {CRL}"),
    Row("FCR018", "one-says-so", saying(source(), ocsp("revoked")), "fail", OCSP),
    Row("FCR018", "issuer-revoked", saying(OF_THE_ISSUER), "fail", "of the chain"),
    Row("FCR018", "unknown", saying(ocsp("unknown")), "inconclusive", "does not know"),
    Row("FCR018", "lost", saying(LOST), "not-applicable", "FCR017"),
    Row("FCR018", "not-asked", run(**shown(WITH_CRL)), "not-applicable", "--revocation"),
    Row("FCR018", "unpublished", UNPUBLISHED, "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    ("evidence", "expected", "verdict"),
    [
        pytest.param(saying(LOST), {"FCR017"}, "warn", id="lost"),
        pytest.param(saying(STALE), {"FCR017"}, "warn", id="stale"),
        pytest.param(saying(source("revoked")), {"FCR018"}, "fail", id="revoked"),
    ],
)
def test_one_fault_of_revocation_is_one_alarm(evidence: Evidence, expected: set[str], verdict: str) -> None:
    assert alarms(evidence) == expected
    assert judge(evidence).verdict == verdict


def test_the_lost_addresses_are_listed_one_by_one() -> None:
    found = finding(saying(LOST, source(None, url=SECOND_CRL, failure=TIMEOUT)), "FCR017")
    assert found.fix[0].steps[1:] == (CRL, SECOND_CRL)
    assert found.facts["sources"] == [f"crl {CRL}: no answer in time", f"crl {SECOND_CRL}: no answer in time"]


def test_an_address_that_looks_like_an_option_is_none_on_the_command_line() -> None:
    odd = "--output=/etc/passwd"
    assert finding(saying(source(None, url=odd, failure=TIMEOUT)), "FCR017").next[0].endswith(f" --url {odd}")
