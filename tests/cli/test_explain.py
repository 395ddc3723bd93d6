"""`vpnprobe explain`: the catalogue for people and for programs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.driving import CommandLine
from vpnprobe.checks.base import AnyCheck
from vpnprobe.checks.catalogue import CHECKS
from vpnprobe.checks.unobservable import UNOBSERVABLE
from vpnprobe.cli.exitcodes import OK, UNKNOWN
from vpnprobe.federation.diagnostics import CODES, DiagnosticCode
from vpnprobe.history.drift import DRIFTS, DriftKind

every_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)


def shown(text: str) -> str:
    """The text with what a run fills in as what an operator fills in."""
    return re.sub(r"\{(\w+)\}", lambda match: f"<{match[1].replace('_', '-')}>", text)


@every_check
def test_a_check_by_its_id_and_by_its_slug(cli: CommandLine, check: AnyCheck) -> None:
    page = cli("explain", check.id)
    assert (page.code, page.err) == (OK, "")
    assert page.out.startswith(f"{check.id} {check.slug}\n{check.title}\n")
    for name in (check.id.lower(), check.slug, check.slug.upper(), f" {check.id} "):
        assert cli("explain", name) == page


@every_check
def test_everything_the_check_says_is_on_its_page(cli: CommandLine, check: AnyCheck) -> None:
    page = cli("explain", check.id).out
    lines = {line.strip() for line in page.splitlines()}
    joined = " ".join(page.split())
    assert " ".join(check.rationale.split()) in joined
    for fix in check.fix:
        assert any(line.startswith(fix.platform) and line.endswith(fix.when) for line in lines)
        steps = (" ".join(shown(step).split()) for step in fix.steps)
        assert all(step in joined for step in steps)
        assert all(shown(text).strip() in page for text in (*fix.confirm, *fix.signs))
    logs = (*check.logs.phone, *check.logs.asa, *check.logs.edge, *check.logs.expressway)
    assert all(shown(line) in page for line in (*logs, *check.next))
    assert all(reference in page for reference in check.references)
    assert not re.search(r"\{\w+\}", page)
    assert all(statement in page for statement in check.covers)
    assert all(what in lines for what in check.requires)


@every_check
def test_as_json(cli: CommandLine, check: AnyCheck) -> None:
    entry = cli("explain", check.slug, "--json").json
    assert (entry["id"], entry["name"]) == (check.id, check.slug)
    assert entry["covers"] == list(check.covers)
    assert [fix["platform"] for fix in entry["fix"]] == [fix.platform for fix in check.fix]
    assert entry["since"] == check.since


@pytest.mark.parametrize("code", CODES, ids=lambda code: str(code.number))
def test_a_number_of_ms_diagnostics(cli: CommandLine, code: DiagnosticCode) -> None:
    page = cli("explain", str(code.number))
    assert page.code == OK
    assert page.out.startswith(f"ms-diagnostics {code.number}\n")
    joined = " ".join(page.out.split())
    assert all(text in joined for text in (code.meaning, code.unknown, code.source))
    assert all(f"\n  vpnprobe explain {check}\n" in page.out for check in code.checks)
    assert cli("explain", str(code.number), "--json").json["number"] == code.number


@pytest.mark.parametrize("kind", DRIFTS, ids=lambda kind: kind.id)
def test_a_kind_of_drift(cli: CommandLine, kind: DriftKind) -> None:
    page = cli("explain", kind.id)
    assert page.code == OK
    assert page.out.startswith(f"{kind.id} {kind.name}\n{kind.title}\n")
    assert kind.rationale in " ".join(page.out.split())
    assert all(statement in page.out for statement in kind.covers)
    for name in (kind.id.lower(), kind.name, kind.name.upper(), f" {kind.id} "):
        assert cli("explain", name) == page
    assert cli("explain", kind.name, "--json").json["id"] == kind.id


def test_variants_that_are_mended_alike_are_told_once(cli: CommandLine) -> None:
    page = cli("explain", "DOM001").out
    assert "\nMend it, when it is: sub domain, or sub domain beside another\n" in page
    assert page.count("Set-CsAllowedDomain") == 2


def test_the_list(cli: CommandLine) -> None:
    listed = cli("explain").out.splitlines()
    assert [line.split()[0] for line in listed[: len(CHECKS)]] == [check.id for check in CHECKS]
    assert [line.split()[-1] for line in listed[: len(CHECKS)]] == [check.slug for check in CHECKS]
    assert [line.split()[0] for line in listed[len(CHECKS) : -2]] == [kind.id for kind in DRIFTS]
    assert [entry["id"] for entry in cli("explain", "--json").json] == [check.id for check in CHECKS]


@pytest.mark.parametrize("name", ["PIN9", "cert-hash-mtach", "pin"])
def test_an_unknown_name_gives_the_nearest(cli: CommandLine, name: str) -> None:
    ended = cli("explain", name)
    assert ended.code == UNKNOWN
    assert "did you mean PIN00" in ended.complaint
    assert "`vpnprobe explain` lists all" in ended.complaint


def test_what_cannot_be_seen_from_outside(cli: CommandLine) -> None:
    ended = cli("explain", "--unobservable")
    assert ended.code == OK
    for item in UNOBSERVABLE:
        assert f"{item.statement}  {item.about}" in ended.out
        assert " ".join(item.why.split()) in " ".join(ended.out.split())
    entries = cli("explain", "--unobservable", "--json").json
    assert [entry["statement"] for entry in entries] == [item.statement for item in UNOBSERVABLE]
    assert [entry["found_in"] for entry in entries] == [item.found_in for item in UNOBSERVABLE]


def test_what_cannot_be_seen_says_where_it_is_named(cli: CommandLine) -> None:
    shown = cli("explain", "--unobservable").out.split("\n\n")
    for item, block in zip(UNOBSERVABLE, shown, strict=True):
        assert ("named by: " in block) == (item.found_in != "nowhere")


def test_into_a_file(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "PIN001.json"
    assert cli("explain", "PIN001", "--json", "--output", path).out == ""
    assert path.read_text(encoding="utf-8") == cli("explain", "PIN001", "--json").out
