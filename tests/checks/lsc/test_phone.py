"""Whose certificate it is, of which kind, and whether it is the one that the phone has."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests import certificates as make
from tests.checks.evidence_builder import MAC
from tests.checks.lsc.builder import CAPF, COMPANY, CUT_RUN, LSC, MIC, lsc, of, run, unread
from tests.checks.table import Row, params
from vpnprobe.model.target import Persona

KEY = hashlib.sha256(make.public_key_der(LSC.key)).hexdigest()
NO_PHONE = make.issue(cn="somebody", issuer=CAPF, key_usage=["digitalSignature", "keyEncipherment"])
THIS: dict[str, Any] = {"persona": Persona(profile="7962G", mac=MAC)}

ROWS = (
    Row("LSC004", "capf", run(), "pass", "CAPF's own"),
    Row("LSC004", "company", run(lsc(issuer=COMPANY)), "pass", "a company's CA"),
    Row("LSC004", "company-online", run(lsc(issuer=COMPANY), online_ca=True), "pass"),
    Row("LSC004", "capf-though-online", run(online_ca=True), "fail", "though --online-ca says"),
    Row("LSC004", "capf-certificate", run(CAPF), "not-applicable", "not an LSC"),
    Row("LSC004", "cut", CUT_RUN, "inconclusive"),
    Row("LSC005", "lsc", run(), "pass"),
    Row("LSC005", "mic", run(MIC), "fail", "signed by Cisco Manufacturing CA: meant for the installation"),
    Row("LSC005", "mic-of-another-ca", run(MIC, **of("8841", "8811")), "fail", "signed by Cisco Manufacturing CA SHA2"),
    Row("LSC005", "gateway", run(make.asa_self_signed()), "not-applicable"),
    Row("LSC005", "cut", CUT_RUN, "inconclusive"),
    Row("LSC006", "any-phone", run(), "pass", "CP-7962G-SEP8CB64F576113"),
    Row("LSC006", "this-phone", run(**THIS), "pass", "SEP8CB64F576113"),
    Row("LSC006", "this-model", run(**of("7962G")), "pass", "a 7962G"),
    Row("LSC006", "model-without-letter", run(lsc(model="8841"), **of("8841", "8811")), "pass"),
    Row(
        "LSC006",
        "other-phone",
        run(lsc(mac="001122334455"), **THIS),
        "fail",
        "belongs to SEP001122334455, not to SEP8C",
    ),
    Row("LSC006", "other-model", run(**of("8841", "8811")), "fail", "belongs to a 7962G, not to a 8841"),
    Row("LSC006", "no-phone", run(NO_PHONE, use_given="lsc"), "fail", "not CP-<model>-SEP<MAC>: somebody"),
    Row("LSC006", "cut", CUT_RUN, "inconclusive"),
    Row("LSC016", "same-key", run(request_keys=(KEY,)), "pass"),
    Row("LSC016", "one-of-two", run(request_keys=("0" * 64, KEY)), "pass"),
    Row("LSC016", "stale", run(request_keys=("0" * 64,)), "fail", "stale"),
    Row("LSC016", "no-request", run(), "not-applicable", "--csr"),
    Row("LSC016", "unread", unread(), "inconclusive"),
)


@pytest.mark.parametrize("row", params(ROWS))
def test_row(row: Row) -> None:
    row.judge()
