"""Certificates of CAPF, CAs and gateways."""

from __future__ import annotations

import pytest

from tests import certificates as make
from tests.checks.evidence_builder import alarms
from tests.checks.lsc.builder import CAPF, COMPANY, CUT_RUN, LSC, MIC, SHA1_FACTORY, run, unread
from tests.checks.table import Row, params

BROKEN = make.issue(cn="CAPF-18cf046e", extensions=[make.extension("2.5.29.19", b"\xff")])
THIRD_PARTY = make.chain("vpn.example.com")
ISSUING = THIRD_PARTY.issuer
assert ISSUING is not None
assert ISSUING.issuer is not None
ROOT = ISSUING.issuer
ASA = make.asa_self_signed("vpn.example.com")
OTHER_ISSUING = make.issue(cn="Example Issuing CA 1", ca=True, key=make.rsa_key(slot=26))
URL = "https://vpn.example.com"

ROWS = (
    Row("LSC018", "capf", run(CAPF), "pass"),
    Row("LSC018", "ca", run(COMPANY), "pass"),
    Row(
        "LSC018", "capf-no-ca", run(make.issue(cn="CAPF-18cf046e")), "fail", "do not make it a CA; its key usage lacks"
    ),
    Row("LSC018", "capf-path-length", run(make.issue(cn="CAPF-1a2b3c4d", ca=True, path_length=3)), "fail", "length 3"),
    Row("LSC018", "ca-no-ca", run(make.issue(cn="CAP-RTP-001")), "fail", "nothing that it signed is accepted"),
    Row(
        "LSC018",
        "ca-may-not-sign",
        run(make.issue(cn="CA", ca=True, key_usage=["digitalSignature"])),
        "fail",
        "lacks keyCertSign",
    ),
    Row("LSC018", "broken", run(BROKEN), "inconclusive", "LSC002"),
    Row("LSC018", "lsc", run(LSC), "not-applicable"),
    Row("LSC018", "cut", CUT_RUN, "inconclusive"),
    Row("LSC019", "in-order", run(THIRD_PARTY, chain=(ISSUING, ROOT)), "pass", "3 certificates in order"),
    Row("LSC019", "without-root", run(THIRD_PARTY, chain=(ISSUING,)), "pass"),
    Row("LSC019", "shuffled", run(THIRD_PARTY, chain=(ROOT, ISSUING)), "fail", "out of order"),
    Row("LSC019", "stranger", run(THIRD_PARTY, chain=(ISSUING, ROOT, MIC)), "fail", "strangers"),
    Row("LSC019", "shown-alone", run(THIRD_PARTY, source=URL), "fail", "does not come with it"),
    Row("LSC019", "file-of-one", run(THIRD_PARTY), "not-applicable"),
    Row("LSC019", "self-signed", run(ASA, source=URL), "not-applicable", "self-signed"),
    Row("LSC019", "wrong-signer", run(THIRD_PARTY, chain=(OTHER_ISSUING,)), "not-applicable", "LSC017"),
    Row("LSC019", "mic", run(MIC), "not-applicable"),
    Row("LSC019", "unread", unread(), "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()


def test_an_authority_as_it_ought_to_be_raises_no_alarm() -> None:
    assert [alarms(run(one)) for one in (CAPF, COMPANY, SHA1_FACTORY, ASA)] == [set(), set(), set(), set()]
