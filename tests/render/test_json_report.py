from __future__ import annotations

import json
import unicodedata

import msgspec
import pytest

from tests.checks.evidence_builder import login, run
from tests.render.reports import RAW, REPORTS
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.finding import Report
from vpnprobe.model.target import Endpoint, Target
from vpnprobe.render.json_report import render_json, render_jsonl

every_report = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)


@every_report
def test_nothing_is_lost_on_the_way(report: Report) -> None:
    assert msgspec.json.decode(render_json([report]), type=Report) == report
    assert msgspec.json.decode(render_jsonl(report), type=Report) == report


@every_report
def test_judged_again_it_is_the_same(report: Report) -> None:
    read = msgspec.json.decode(render_jsonl(report), type=Report)
    assert judge(read.evidence).findings == report.findings


def test_one_is_an_object_and_several_are_an_array() -> None:
    one, two = REPORTS["healthy"], REPORTS["mismatch"]
    assert json.loads(render_json([one]))["verdict"] == "pass"
    assert [report["verdict"] for report in json.loads(render_json([one, two]))] == ["pass", "fail"]


@every_report
def test_json_lines_are_one_line_each(report: Report) -> None:
    text = render_jsonl(report)
    assert text.splitlines() == [text[:-1]]


def test_text_of_the_peer_is_whole_and_harmless() -> None:
    hostile = RAW + "\u202a\u2066\u200f\u061c\ufeff\x7f\x85\u2029"
    evidence = run(
        target=Target(gateway=Endpoint(hostile, 443)),
        logins=(login(last={"reason": hostile, "headers": (("server", hostile),)}),),
    )
    for text in (render_json([judge(evidence)]), render_jsonl(judge(evidence))):
        hidden = {one for one in text if unicodedata.category(one) in {"Cc", "Cf", "Zl", "Zp"}}
        assert hidden <= {"\n"}
        read = json.loads(text)
        assert read["target"]["gateway"]["host"] == hostile
        assert read["evidence"]["logins"][0]["exchanges"][-1]["headers"] == [["server", hostile]]
