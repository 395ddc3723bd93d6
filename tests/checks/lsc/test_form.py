"""Whether the bytes are a certificate, and one of a kind that is known; hostile DER among them."""

from __future__ import annotations

import pytest

from tests import certificates as make
from tests.checks.evidence_builder import alarms, finding
from tests.checks.lsc.builder import CAPF, COMPANY, CUT_RUN, LSC, MIC, SHA2_FACTORY, lsc, run, unread
from tests.checks.table import Row, params
from vpnprobe.checks.evaluate import judge

GATEWAY = make.asa_self_signed("vpn.example.com")
SOMEBODY = make.issue(cn="somebody")

ROWS = (
    Row("LSC001", "whole", run(), "pass", "CN=CP-7962G-SEP8CB64F576113"),
    Row("LSC001", "cut", CUT_RUN, "fail", "not a whole certificate"),
    Row("LSC001", "unread", unread(), "inconclusive", "only: RSA PRIVATE KEY"),
    Row("LSC001", "not-held", run(certificates={}), "inconclusive", "does not hold"),
    Row("LSC002", "clean", run(), "pass"),
    Row("LSC002", "negative-serial", run(lsc(serial=-5)), "fail", "negative-serial"),
    Row("LSC002", "zero-serial", run(lsc(serial=0)), "fail", "zero-serial"),
    Row("LSC002", "huge-serial", run(lsc(serial=1 << 40000)), "fail", "long-serial"),
    Row("LSC002", "two-of-them", run(lsc(serial=b"\x00\x00")), "fail", "zero-serial, non-minimal-serial"),
    Row("LSC002", "long-name", run(lsc(cn="A" * 3000)), "pass"),
    Row("LSC002", "cut", CUT_RUN, "inconclusive", "LSC001"),
    Row("LSC003", "lsc", run(), "pass", "it is an LSC"),
    Row("LSC003", "mic", run(MIC), "pass", "it is a MIC"),
    Row("LSC003", "capf", run(CAPF), "pass", "the certificate of a CAPF"),
    Row("LSC003", "ca", run(COMPANY), "pass", "the certificate of a CA"),
    Row("LSC003", "manufacturing-ca", run(SHA2_FACTORY), "pass", "CA, Cisco Manufacturing CA SHA2"),
    Row("LSC003", "gateway", run(GATEWAY), "pass", "a gateway's certificate"),
    Row("LSC003", "as-given", run(use_given="lsc"), "pass"),
    Row("LSC003", "another", run(MIC, use_given="lsc"), "fail", "given as an LSC, but by its names it is a MIC"),
    Row("LSC003", "unknown", run(SOMEBODY), "fail", "neither the names nor the extensions"),
    Row("LSC003", "unknown-but-told", run(SOMEBODY, use_given="gateway"), "pass", "as --use says"),
    Row("LSC003", "cut", CUT_RUN, "inconclusive", "LSC001"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


def nested(depth: int, tag: int = 0x30) -> bytes:
    body = b""
    for _ in range(depth):
        body = make.tlv(tag, body)
    return body


@pytest.mark.parametrize(
    "der",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x30\x00", id="zero-length"),
        pytest.param(b"\x30\x80\x00\x00", id="indefinite"),
        pytest.param(b"\x30\x84\xff\xff\xff\xff" + LSC.der, id="declares-4-GB"),
        pytest.param(b"\x30\x82\x00\x10" + LSC.der[4:], id="declares-too-little"),
        pytest.param(LSC.der[:200], id="cut"),
        pytest.param(nested(100), id="nested-100"),
        pytest.param(nested(10000), id="nested-10000"),
        pytest.param(make.sequence(nested(100), nested(100), nested(100, 0x23)), id="three-towers"),
        pytest.param(make.sequence(b"\x02\x01\x01" * 100_000), id="100000-integers"),
        pytest.param(make.sequence(b"\x30\x00\x30\x00\x03\x01\x00"), id="empty-parts"),
        pytest.param(b"\xff" * 500, id="high-tags"),
    ],
)
def test_hostile_bytes_are_a_clear_fact(der: bytes) -> None:
    report = judge(run(der))
    assert [one.id for one in report.findings if one.status == "error"] == []
    assert (report.verdict, report.cause) == ("fail", "LSC001")
    assert len(finding(run(der), "LSC001").summary) < 300


def test_a_readable_certificate_with_towers_inside_is_judged() -> None:
    odd = lsc(extensions=[make.extension("2.5.29.15", nested(100)), make.extension("1.2.3.4", nested(1000))])
    assert alarms(run(odd)) == {"LSC002"}


def test_digests_are_given_of_what_cannot_be_read() -> None:
    assert finding(CUT_RUN, "LSC001").facts["sha256"]
