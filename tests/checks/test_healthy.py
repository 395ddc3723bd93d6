"""A run without a fault, and what is left of the report when a run ends early."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.evidence_builder import (
    CHECK_IDS,
    GATEWAY,
    alarms,
    gateway_run,
    given_hash,
    run,
    stages,
    unresolved,
    without_config,
)
from vpnprobe.checks.catalogue import CHECKS
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.evidence import Evidence


def test_a_healthy_run_passes_and_names_every_check() -> None:
    report = judge(run())
    assert report.verdict == "pass"
    assert report.cause is None
    assert tuple(dict.fromkeys(finding.id for finding in report.findings)) == CHECK_IDS
    assert {finding.status for finding in report.findings} <= {"pass", "not-applicable", "inconclusive"}
    assert all(finding.status != "inconclusive" for finding in report.findings if finding.severity != "info")


def test_a_healthy_gateway_passes() -> None:
    report = judge(gateway_run())
    assert report.verdict == "pass"
    expected = {check.id for check in CHECKS if "gateway" in check.probes}
    assert {finding.id for finding in report.findings} == expected
    assert all(finding.status in ("pass", "not-applicable") for finding in report.findings)


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(run(**unresolved()), id="unresolved"),
        pytest.param(run(**without_config()), id="without-config"),
        pytest.param(run(**given_hash()), id="given-hash"),
        pytest.param(run(interrupted="interrupt", first_flights=(), logins=()), id="interrupted"),
    ],
)
def test_no_check_is_ever_absent(evidence: Evidence) -> None:
    assert tuple(dict.fromkeys(finding.id for finding in judge(evidence).findings)) == CHECK_IDS


def test_a_lack_names_the_stage_that_stopped_it() -> None:
    found = {finding.id: finding for finding in judge(run(**unresolved())).findings}
    assert found["NET001"].status == "fail"
    for check in ("NET002", "TLS001", "PIN001", "CRT001", "HSK001", "LOG001"):
        assert found[check].status == "inconclusive"
        assert "the name does not exist" in found[check].summary
    assert found["PIN001"].summary.startswith("the first flight was not reached:")
    assert found["LOG001"].summary == "the login was not reached: the name does not exist"


@pytest.mark.parametrize(
    ("interrupted", "words"),
    [("interrupt", "the operator stopped the run"), ("deadline", "the deadline of the run came first")],
)
def test_an_early_end_is_named(interrupted: Any, words: str) -> None:
    cut = stages(first_flight=("failed", interrupted), pin=("skipped", interrupted))
    evidence = run(interrupted=interrupted, stages=cut, first_flights=(), handshakes=(), logins=())
    found = {finding.id: finding for finding in judge(evidence).findings}
    assert words in found["NET002"].summary
    assert words in found["PIN001"].summary
    assert judge(evidence).verdict == "inconclusive"


def test_without_configuration_the_pin_never_passes() -> None:
    report = judge(run(**without_config()))
    pin = next(finding for finding in report.findings if finding.id == "PIN001")
    assert pin.status == "inconclusive"
    assert "TFT001" in pin.summary
    assert report.verdict == "inconclusive"
    assert alarms(report.evidence) == {"TFT001"}


def test_a_given_hash_without_login_can_pass() -> None:
    report = judge(run(**given_hash(GATEWAY), credential="none", client_chain=()))
    assert report.verdict == "pass"
    statuses = {finding.id: finding.status for finding in report.findings}
    assert statuses["PIN001"] == "pass"
    assert {statuses[check] for check in CHECK_IDS if check.startswith(("TFT", "CFG"))} == {"not-applicable"}
    assert statuses["LOG005"] == "not-applicable"
