"""What is forgotten, and what never is: on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.checks.evidence_builder import EC, RENEWED, THIRD_PARTY, cert_hash, flights
from tests.history.reports import BAD_WEEK, GONE, HEALTHY, PINNED_TOO, REPLACED, bad_week, moment, report, rows
from vpnprobe.history.store import History

DAY = timedelta(days=1)


def test_old_runs_go_and_changes_stay(url: str, history: History) -> None:
    for one in bad_week():
        history.record(one)
    before = rows(url)
    changes = history.changes()
    # Half an hour is kept: six runs, and the states that they are of.
    forgotten = history.purge(timedelta(minutes=30) / DAY, moment(10))
    assert forgotten == 4
    assert [run.id.started_at for run in history.runs(1)] == [moment(number) for number in range(9, 3, -1)]
    assert history.changes() == changes
    after = rows(url)
    assert {state[0] for state in after["state"]} == {run[2] for run in after["run"]}
    assert {finding[0] for finding in after["finding"]} == {state[0] for state in after["state"]}
    assert len(after["state"]) < len(before["state"])
    for run in history.runs(1):
        assert history.evidence(run.id).target == report().target


def test_the_last_run_of_each_target_stays(history: History) -> None:
    history.record(report(0), "no longer in the plan")
    history.record(report(0), "still")
    history.record(report(1, **GONE), "still")
    assert history.purge(0, moment(1000)) == 1
    assert [overview.last.id.started_at for overview in history.overviews()] == [moment(0), moment(1)]
    assert [overview.last.standing.verdict for overview in history.overviews()] == ["pass", "fail"]
    assert history.purge(0, moment(1000)) == 0


def test_what_comes_next_is_held_against_what_was_before(history: History) -> None:
    """Also where nothing is left of the runs that saw it: the gateway was gone for longer than runs are kept."""
    history.record(report(0, **REPLACED))
    history.record(report(1, **GONE))
    assert history.purge(0, moment(100)) == 1
    history.record(report(101))
    [finding] = [one for one in history.changes()[-1].drift if one.id == "DRF001"]
    assert finding.facts["old_cert_hash"] == cert_hash(RENEWED)
    assert finding.facts["old_subject"] == "CN=vpn.example.com"


def test_certificates_that_nobody_names_any_more_go(url: str, history: History) -> None:
    for number, shown in enumerate([EC, THIRD_PARTY, RENEWED]):
        history.record(report(number, first_flights=flights(rsa=shown, both=shown)))
    assert len(rows(url)["certificate"]) == 1 + len(THIRD_PARTY.chain_der) + 1
    history.purge(0, moment(100))
    assert [row[1] for row in rows(url)["certificate"]] == [cert_hash(RENEWED)]


def test_nothing_old_nothing_forgotten(url: str, history: History) -> None:
    assert history.purge(30, moment(0)) == 0
    for one in bad_week():
        history.record(one)
    before = rows(url)
    assert history.purge(30, moment(len(BAD_WEEK))) == 0
    assert rows(url) == before


def test_room_is_given_back(tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    with History(str(file)) as history:
        for number in range(100):
            history.record(report(number, **(PINNED_TOO if number < 50 else HEALTHY)), f"probe {number % 50}")
        large = file.stat().st_size
        history.purge(0, moment(1000))
        assert file.stat().st_size < 0.7 * large
