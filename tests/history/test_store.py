"""What is kept, and that every change is kept once: on SQLite and on PostgreSQL."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, event, select

from tests.checks.evidence_builder import (
    EC,
    GATEWAY,
    HOST,
    MAC,
    NOW,
    RENEWED,
    URL,
    cert_hash,
    flights,
    gateway_run,
    run,
)
from tests.history.reports import (
    GONE,
    HEALTHY,
    PINNED_TOO,
    REPLACED,
    bad_week,
    moment,
    report,
    rows,
    two_addresses,
)
from vpnprobe.checks.evaluate import judge
from vpnprobe.history.database import Database
from vpnprobe.history.schema import CERTIFICATE, FINDING, RUN, SHOWN, STATE
from vpnprobe.history.store import History
from vpnprobe.model.errors import UsageError
from vpnprobe.model.history import Change, RunId, Series, Standing


def told(change: Change) -> tuple[str | None, str, list[str]]:
    """A change in short."""
    before = None if change.before is None else change.before.verdict
    return before, change.after.verdict, [finding.id for finding in change.drift]


def test_a_run_is_kept(history: History) -> None:
    run_id = history.record(report(), "plant 7")
    assert run_id == RunId(1, NOW)
    [overview] = history.overviews()
    assert overview.series == Series(number=1, probe="phone", label=URL, profile="7962G", name="plant 7", mac=MAC)
    assert overview.series.device == f"SEP{MAC}"
    assert overview.changed_at == NOW
    last = history.last(run_id.series)
    assert last == overview.last
    assert last is not None
    assert (last.id, last.duration_s, last.standing) == (run_id, 0.4, Standing(verdict="pass"))


def test_an_empty_history(history: History) -> None:
    assert history.overviews() == ()
    assert history.changes() == ()
    assert history.last(1) is None
    assert history.runs(1) == ()
    assert history.count_runs(1) == 0


def test_what_changed(history: History) -> None:
    for one in bad_week():
        run_id = history.record(one)
    changes = history.changes(run_id.series)
    assert [told(change) for change in changes] == [
        (None, "pass", []),
        ("pass", "fail", ["DRF005"]),
        ("fail", "fail", ["DRF001", "DRF005"]),
        ("fail", "pass", ["DRF007"]),
        ("pass", "warn", []),
        ("warn", "pass", []),
        ("pass", "pass", ["DRF001", "DRF007"]),
    ]
    assert [change.run.started_at for change in changes] == [moment(number) for number in (0, 2, 4, 6, 7, 8, 9)]
    assert [change.after.cause for change in changes] == [None, "NET001", "PIN001", None, None, None, None]
    assert changes[1].after.alarms == ("NET001",)
    # Each is what the one before ended with.
    assert all(later.before == earlier.after for earlier, later in itertools.pairwise(changes))


def test_a_certificate_that_was_replaced_while_nobody_could_look_is_found(history: History) -> None:
    for number, changes in enumerate([HEALTHY, GONE, GONE, REPLACED]):
        run_id = history.record(report(number, **changes))
    drift = history.changes(run_id.series)[-1].drift
    [finding] = [one for one in drift if one.id == "DRF001"]
    assert finding.facts["old_cert_hash"] == cert_hash(GATEWAY)
    assert finding.facts["new_cert_hash"] == cert_hash(RENEWED)


def test_changes_of_all_and_since_a_moment(history: History) -> None:
    for number, changes in enumerate([HEALTHY, GONE, HEALTHY]):
        first = history.record(report(number, **changes), "first")
        second = history.record(report(number, **changes), "second")
    whole = history.changes()
    assert len(whole) == 6
    assert [change.run.started_at for change in whole] == sorted(change.run.started_at for change in whole)
    assert history.changes(first.series) == tuple(change for change in whole if change.run.series == first.series)
    assert [change.run for change in history.changes(second.series, since=moment(1))] == [
        RunId(second.series, moment(1)), RunId(second.series, moment(2))
    ]  # fmt: skip
    assert history.changes(since=moment(2) + timedelta(microseconds=1)) == ()


def test_runs_newest_first(history: History) -> None:
    ids = [history.record(report(number)) for number in range(7)]
    series = ids[0].series
    assert [one.id for one in history.runs(series)] == ids[::-1]
    assert [one.id for one in history.runs(series, limit=2)] == [ids[6], ids[5]]
    assert [one.id for one in history.runs(series, since=moment(2), until=moment(4))] == [ids[4], ids[3], ids[2]]
    assert history.count_runs(series) == 7


@pytest.mark.parametrize(
    "other",
    [
        lambda: (report(), "another name"),
        lambda: (judge(gateway_run()), None),
        lambda: (judge(run(persona=msgspec.structs.replace(run().persona, mac="0" * 12))), None),
        lambda: (judge(run(persona=msgspec.structs.replace(run().persona, profile="8811"))), None),
        lambda: (judge(run(target=msgspec.structs.replace(run().target, group_url=None))), None),
    ],
    ids=["plan name", "probe", "phone", "profile", "target"],
)
def test_what_makes_another_series(history: History, other: Any) -> None:
    first = history.record(report())
    another, name = other()
    second = history.record(another, name)
    assert first.series != second.series
    assert len(history.overviews()) == 2


# --- once, whatever happens ---


def test_recorded_twice(url: str, history: History) -> None:
    week = bad_week()
    for one in week:
        history.record(one)
    before = rows(url)
    for one in (*week, *reversed(week)):
        history.record(one)
    assert rows(url) == before


def test_a_clock_that_was_wrong_hides_nothing(history: History) -> None:
    """Changes are told in the order of recording; a day in the wrong year is one run among others."""
    for number in (0, 100_000, 1, 2):
        history.record(report(number, **(HEALTHY if number != 2 else REPLACED)))
    assert [(change.run.started_at, told(change)) for change in history.changes()] == [
        (moment(0), (None, "pass", [])),
        (moment(2), ("pass", "fail", ["DRF001"])),
    ]
    [overview] = history.overviews()
    assert overview.last.id.started_at == moment(2)
    assert history.last(1) == overview.last


class Crash(Exception):
    """Stands for the end of the process."""


@contextmanager
def crash_at(statement: int) -> Iterator[None]:
    """Raise before the statement of this number that goes to any database; BEGIN and COMMIT count too."""
    counter = itertools.count()

    def count(*_: object) -> None:
        if next(counter) == statement:
            raise Crash

    for name in ("before_cursor_execute", "commit"):
        event.listen(Engine, name, count)
    try:
        yield
    finally:
        for name in ("before_cursor_execute", "commit"):
            event.remove(Engine, name, count)


def test_a_crash_at_every_statement(url: str) -> None:
    """All that a run brings is kept, or nothing; and once more recorded, it is as if nothing had happened."""
    first, second = report(0), report(1, **REPLACED)
    with History(url) as history:
        history.record(first)
    before = rows(url)
    after = None
    crashes = 0
    for statement in itertools.count():
        history = History(url)
        try:
            with crash_at(statement):
                history.record(second)
        except Crash:
            crashes += 1
            assert rows(url) == before
            continue
        finally:
            history.close()
        after = rows(url)
        break
    assert crashes > 10
    assert after != before
    with History(url) as history:
        history.record(second)
        assert rows(url) == after
        assert [told(change) for change in history.changes()] == [
            (None, "pass", []),
            ("pass", "fail", ["DRF001"]),
        ]


def test_several_writers_at_once(url: str) -> None:
    """Each of four programs records the same week, in an order of its own within each moment."""
    week = [(one, name) for one in bad_week() for name in ("first", "second", "third")]
    faults: list[BaseException] = []

    def write(seed: int) -> None:
        chance = random.Random(seed)
        try:
            with History(url, wait_s=30) as history:
                for start in range(0, len(week), 3):
                    for one, name in chance.sample(week[start : start + 3], 3):
                        history.record(one, name)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with History(url) as history:
        for overview in history.overviews():
            assert history.count_runs(overview.series.number) == 10
            assert len(history.changes(overview.series.number)) == 7


# --- Evidence, findings, certificates ---


def test_evidence_comes_back(history: History) -> None:
    reports = bad_week()
    ids = [history.record(one) for one in reports]
    for run_id, one in zip(ids, reports, strict=True):
        # That of the first run that was alike: everything is the same but when it was.
        stored = history.evidence(run_id)
        assert msgspec.structs.replace(stored, started_at=one.started_at) == one.evidence
    assert history.evidence(ids[1]).started_at == moment(0)


def test_evidence_of_a_run_that_is_not_kept(history: History) -> None:
    run_id = history.record(report())
    with pytest.raises(UsageError, match="2026-11-21T12:05:00"):
        history.evidence(RunId(run_id.series, moment(1)))
    with pytest.raises(UsageError, match="is not kept"):
        history.evidence(RunId(99, NOW))


def test_what_is_alike_is_stored_once(url: str, history: History) -> None:
    for number in range(0, 40, 2):
        history.record(report(number, duration_s=number / 10))
        history.record(report(number + 1, **REPLACED))
    kept = rows(url)
    assert (len(kept["run"]), len(kept["state"])) == (40, 2)
    assert len(kept["change"]) == 40


def test_findings_and_certificates_can_be_asked(url: str, history: History) -> None:
    """Which targets show this certificate? Which run had this finding?"""
    one = report(1, **REPLACED)
    history.record(report(0))
    history.record(one)
    with closing(Database(url, create=False)) as database, database.reading() as connection:
        failed = connection.execute(
            select(RUN.c.started_us, FINDING.c.check_id, FINDING.c.subject, FINDING.c.summary)
            .join(FINDING, FINDING.c.state_id == RUN.c.state_id)
            .where(FINDING.c.status == "fail", FINDING.c.severity == "critical")
        ).all()
        shown = connection.execute(
            select(SHOWN.c.host, SHOWN.c.address, SHOWN.c.hello, CERTIFICATE.c.subject, CERTIFICATE.c.not_after_unix)
            .join(CERTIFICATE, CERTIFICATE.c.sha256 == SHOWN.c.sha256)
            .join(STATE, STATE.c.id == SHOWN.c.state_id)
            .where(CERTIFICATE.c.cert_hash == cert_hash(RENEWED), SHOWN.c.depth == 0)
            .order_by(SHOWN.c.hello)
        ).all()
        count = connection.execute(select(FINDING).where(FINDING.c.state_id == 2)).all()
    [pin] = [finding for finding in one.findings if finding.id == "PIN001"]
    assert [tuple(row[1:]) for row in failed] == [("PIN001", pin.subject, pin.summary)]
    assert [row.hello for row in shown] == ["7962G", "both", "rsa-only"]
    assert {(row.host, row.address, row.subject) for row in shown} == {(HOST, "192.0.2.7:443", f"CN={HOST}")}
    assert {row.not_after_unix for row in shown} == {2335219200}
    assert len(count) == len(one.findings)


def test_text_that_a_database_does_not_take(history: History) -> None:
    """PostgreSQL has no text with NUL; a peer does not care."""
    one = report()
    odd = tuple(msgspec.structs.replace(finding, subject="a\0b", summary="\0\x1b\u202e") for finding in one.findings)
    history.record(msgspec.structs.replace(one, findings=odd), "\0name")
    [overview] = history.overviews()
    assert overview.series.name == "\u2400name"


# --- what two runs differ in ---


def test_drift_between_any_two_runs(history: History) -> None:
    ids = [history.record(one) for one in bad_week()]

    def differ(first: int, second: int) -> list[str]:
        return [finding.id for finding in history.drift_between(ids[first], ids[second])]

    assert differ(0, 1) == []
    assert differ(0, 6) == ["DRF001", "DRF007"]
    assert differ(6, 0) == ["DRF001", "DRF007"]
    assert differ(0, 9) == []
    # What the one did not see is not said to be different.
    assert differ(2, 4) == ["DRF005"]


def test_a_second_address_with_the_certificate_of_before(history: History) -> None:
    """One gateway of two is renewed; then the other; then one is silent for a while."""
    steps = [
        two_addresses(GATEWAY, GATEWAY), two_addresses(RENEWED, GATEWAY), two_addresses(RENEWED, None),
        two_addresses(RENEWED, RENEWED),
    ]  # fmt: skip
    for number, changes in enumerate(steps):
        history.record(report(number, **changes))
    drift = [[(one.id, one.address) for one in change.drift] for change in history.changes()]
    assert drift == [[], [("DRF001", "192.0.2.7:443")], [], [("DRF001", "192.0.2.8:443")]]


def test_drift_is_a_finding(history: History) -> None:
    for number, changes in enumerate([PINNED_TOO, {"first_flights": flights(ec=EC)}]):
        history.record(report(number, **changes))
    drift = history.changes()[-1].drift
    assert all(finding.is_alarm for finding in drift)
    assert [finding.id for finding in drift] == sorted(finding.id for finding in drift)
