"""The numbers of a run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fleet.lines import KEY, cutover, gateway, phone, start
from vpnprobe.fleet import summary as summary_module
from vpnprobe.fleet.summary import OTHER, SummaryCounter
from vpnprobe.model.fleet import Counts, CutoverPhone, FleetLine, FleetSummary, PhoneConfigSight

ENCRYPTED = PhoneConfigSight(outcome="encrypted")


def counted(*lines: FleetLine, group_by: tuple[str, ...] = (), **ends: Any) -> FleetSummary:
    counter = SummaryCounter(group_by)
    for line in lines:
        counter.add(line)
    command = "cutover" if any(isinstance(line, CutoverPhone) for line in lines) else "sweep"
    return counter.summary(start(command=command), 12.34567, **ends)


def test_phones_by_verdict_and_cause() -> None:
    found = counted(
        gateway(),
        *(phone(number) for number in range(3)),
        phone(4, "fail", "PIN001", alarms=("PIN001", "CFG008")),
        phone(5, "fail", "TFT003"),
        phone(6, "fail", "PIN001"),
        phone(7, "warn", alarms=("CFG008",)),
        phone(8, "inconclusive", config=ENCRYPTED),
    )
    assert found.counts == Counts(
        total=8,
        by_result={"fail": 3, "pass": 3, "inconclusive": 1, "warn": 1},
        causes={"PIN001": 2, "CFG008": 1, "TFT003": 1, "encrypted": 1},
    )
    assert list(found.counts.by_result) == ["fail", "pass", "inconclusive", "warn"]
    assert (found.duration_s, found.command, found.started_at) == (12.346, "sweep", start().started_at)


def test_the_order_of_the_lines_does_not_matter() -> None:
    lines = [phone(number, "fail", f"CFG{number % 3:03}") for number in range(9)] + [phone(10)]
    there = counted(*lines, group_by=("Site",))
    back = counted(*reversed(lines), group_by=("Site",))
    assert there == back
    assert list(there.counts.causes) == list(back.counts.causes)


VERDICTS: dict[str, tuple[list[FleetLine], dict[str, Any], str]] = {
    "all good": ([phone(1), phone(2)], {}, "pass"),
    "one warning": ([phone(1), phone(2, "warn")], {}, "warn"),
    "one not known": ([phone(1, "warn"), phone(2, "inconclusive")], {}, "inconclusive"),
    "a failure outranks what is not known": ([phone(1, "fail"), phone(2, "inconclusive")], {}, "fail"),
    "no phone": ([gateway()], {}, "inconclusive"),
    "a bad row": ([phone(1)], {"row_problems": 1}, "warn"),
    "a bad row of a cutover": ([cutover(1, "ready")], {"row_problems": 1}, "inconclusive"),
    "not reached": ([phone(1)], {"not_reached": 1}, "inconclusive"),
    "the deadline keeps a failure": ([phone(1, "fail")], {"interrupted": "deadline", "not_reached": 9}, "fail"),
    "a silent server": ([phone(1)], {"interrupted": "server-silent", "not_reached": 9}, "inconclusive"),
    "the operator": ([phone(1, "fail")], {"interrupted": "interrupt", "not_reached": 9}, "inconclusive"),
    "cutover ready": ([cutover(1, "ready")], {}, "pass"),
    "cutover unknown": ([cutover(1, "ready"), cutover(2, "unknown")], {}, "inconclusive"),
    "cutover cut off": ([cutover(1, "cut-off"), cutover(2, "unknown")], {}, "fail"),
}


@pytest.mark.parametrize(("lines", "ends", "verdict"), VERDICTS.values(), ids=VERDICTS.keys())
def test_the_worst_counts(lines: list[FleetLine], ends: dict[str, Any], verdict: str) -> None:
    assert counted(*lines, **ends).verdict == verdict


def test_a_cutover_counts_missing_steps() -> None:
    found = counted(
        cutover(1, "cut-off", "apply-config"),
        cutover(2, "cut-off", "apply-config", "mend-certificate"),
        cutover(3, "ready"),
    )
    assert found.counts == Counts(
        total=3, by_result={"cut-off": 2, "ready": 1}, causes={"apply-config": 2, "mend-certificate": 1}
    )


def test_groups() -> None:
    found = counted(
        phone(1, labels={"Site": "Bern", "Floor": "2"}),
        phone(2, "fail", "PIN001", labels={"Site": "Bern"}),
        phone(3, labels={"Site": "Chur"}),
        phone(4),
        group_by=("Site",),
    )
    assert found.by_label == {
        "Site": {
            "": Counts(total=1, by_result={"pass": 1}),
            "Bern": Counts(total=2, by_result={"fail": 1, "pass": 1}, causes={"PIN001": 1}),
            "Chur": Counts(total=1, by_result={"pass": 1}),
        }
    }


def test_gateways() -> None:
    found = counted(phone(1), phone(2, "fail", "PIN001", gateways=(KEY, "other:443 7962G")), phone(3, gateways=()))
    assert found.by_gateway == {
        KEY: Counts(total=2, by_result={"fail": 1, "pass": 1}, causes={"PIN001": 1}),
        "other:443 7962G": Counts(total=1, by_result={"fail": 1}, causes={"PIN001": 1}),
    }


def test_a_label_of_each_phone_alone_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary_module, "MAX_GROUPS", 3)
    found = counted(*(phone(number, labels={"Name": str(number)}) for number in range(10)), group_by=("Name",))
    assert {name: counts.total for name, counts in found.by_label["Name"].items()} == {"0": 1, "1": 1, "2": 1, OTHER: 7}


def test_what_else_is_said() -> None:
    found = counted(
        phone(1), interrupted="deadline", not_reached=7, row_problems=2, duplicates=3, notes=iter(["a note"])
    )
    assert (found.interrupted, found.not_reached, found.row_problems, found.duplicates) == ("deadline", 7, 2, 3)
    assert found.notes == ("a note",)
