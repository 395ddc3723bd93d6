"""`vpnprobe schema` describes the reports that there are: an outside validator judges both."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.checks.evidence_builder import RENEWED, gateway_run, pinned, run, unresolved
from tests.cli.driving import CommandLine
from tests.stand_ins import lab_in_background
from vpnprobe.checks.evaluate import judge
from vpnprobe.cli.exitcodes import OK
from vpnprobe.lab.network import Lab
from vpnprobe.model.evidence import Evidence
from vpnprobe.render.json_report import render_json

DESIGN = {
    "schema_version",
    "tool",
    "probe",
    "target",
    "persona",
    "started_at",
    "duration_s",
    "verdict",
    "stages",
    "findings",
    "evidence",
}
FINDING = {"id", "name", "status", "severity", "subject", "covers", "facts", "summary", "fix", "logs"}


@pytest.fixture
def validator(cli: CommandLine) -> Any:
    ended = cli("schema")
    assert (ended.code, ended.err) == (OK, "")
    Draft202012Validator.check_schema(ended.json)
    return Draft202012Validator(ended.json, format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_a_real_run(cli: CommandLine, validator: Any, healthy: Lab) -> None:
    report = cli(*healthy.arguments, "--json").json
    validator.validate(report)
    assert report.keys() >= DESIGN
    for finding in report["findings"]:
        assert finding.keys() >= FINDING


@pytest.mark.parametrize("scenario", ["gateway-certificate-replaced", "tftp-not-found", "load-balancing"])
def test_runs_that_fail(cli: CommandLine, validator: Any, scenario: str) -> None:
    with lab_in_background(scenario) as lab:
        validator.validate(cli(*lab.arguments, "--json").json)


def test_a_gateway_with_every_suite(cli: CommandLine, validator: Any, healthy: Lab) -> None:
    ended = cli("gateway", healthy.group_url, "--resolver", healthy.resolver, "--enumerate", "--json")
    validator.validate(ended.json)
    assert ended.json["evidence"]["enumerations"][0]["accepted"]


@pytest.mark.parametrize("evidence", [run(), run(**pinned(RENEWED)), run(**unresolved()), gateway_run()])
def test_built_evidence(validator: Any, evidence: Evidence) -> None:
    validator.validate(json.loads(render_json([judge(evidence)])))


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "perhaps"},
        {"findings": [{"id": "PIN001"}]},
        {"evidence": {}},
        {"duration_s": "long"},
        {"stages": [{"name": "lunch", "status": "done"}]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_no_report_is_refused(validator: Any, change: dict[str, Any]) -> None:
    report = json.loads(render_json([judge(run())]))
    assert validator.is_valid(report)
    assert not validator.is_valid(report | change)
