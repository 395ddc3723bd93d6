"""The words for a fleet run: every step, every end, and an answer that says no more than the run knows."""

from __future__ import annotations

import re
from typing import get_args

import msgspec
import pytest

from tests.render.fleet_lines import TOOL, start
from vpnprobe.checks.base import AnyCheck
from vpnprobe.checks.catalogue import CHECKS
from vpnprobe.model.finding import Verdict
from vpnprobe.model.fleet import Counts, FleetSummary, Readiness, RenewalStep
from vpnprobe.model.observation import BootFileOutcome
from vpnprobe.render.fleet_words import CAUSE_ORDER, RESULTS, answer, cause, outcome, sentence


def summary(command: str, verdict: str, results: dict[str, int], **changes: object) -> FleetSummary:
    template = FleetSummary(
        tool=TOOL,
        command="sweep",
        started_at=start("sweep").started_at,
        duration_s=1.0,
        verdict="pass",
        counts=Counts(total=sum(results.values()), by_result=results),
    )
    return msgspec.structs.replace(template, command=command, verdict=verdict, **changes)


def test_every_result_of_a_command_has_its_words() -> None:
    assert {result.key for result in RESULTS["cutover"]} == set(get_args(Readiness))
    assert {result.key for result in RESULTS["sweep"]} == set(get_args(Verdict))


@pytest.mark.parametrize("step", get_args(RenewalStep))
def test_every_step_is_told_in_words_with_its_numbers(step: str) -> None:
    told = cause(step)
    assert step not in (told.short, told.words)
    assert numbers(told.short) == numbers(told.words.partition(":")[0])


def test_steps_come_in_the_order_of_the_procedure() -> None:
    steps = sorted(get_args(RenewalStep), key=CAUSE_ORDER.__getitem__)
    first = [numbers(cause(step).short) for step in steps]
    assert first == sorted(first)


def numbers(text: str) -> list[str]:
    return re.findall("[0-9]+", text)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_is_told_by_id_slug_and_title(check: AnyCheck) -> None:
    assert cause(check.id).short == f"{check.id} {check.slug}"
    assert cause(check.id).words == f"{check.id} {check.title}"


@pytest.mark.parametrize("end", [*get_args(BootFileOutcome), "malformed-config", "encrypted", "no-vpn-group"])
def test_every_end_of_a_file_is_told_in_words(end: str) -> None:
    assert outcome(end) != end
    assert cause(end).words != end


def test_what_has_no_words_is_told_as_it_is() -> None:
    assert (outcome("new-end"), cause("NEW999").short, cause("NEW999").words) == ("new-end", "NEW999", "NEW999")


@pytest.mark.parametrize(
    ("command", "verdict", "results", "changes", "told"),
    [
        ("cutover", "pass", {"ready": 40_000}, {}, ("GO", "40,000 phones: 40,000 ready.")),
        (
            "cutover",
            "fail",
            {"ready": 1, "unknown": 2, "cut-off": 3},
            {},
            ("NO-GO", "6 phones: 3 would be cut off, 2 not known, 1 ready."),
        ),
        ("cutover", "inconclusive", {"unknown": 1}, {}, ("NOT KNOWN", "1 phone: 1 not known.")),
        ("cutover", "inconclusive", {}, {}, ("NOT KNOWN", "No phone was looked at.")),
        (
            "cutover",
            "inconclusive",
            {"ready": 2},
            {"row_problems": 1},
            ("NOT KNOWN", "2 phones: 2 ready. Rows of the inventory that cannot be used: 1."),
        ),
        (
            "cutover",
            "inconclusive",
            {"cut-off": 2},
            {"interrupted": "interrupt", "not_reached": 1000},
            ("STOPPED", "2 phones: 2 would be cut off. 1,000 phones not reached: interrupted."),
        ),
        (
            "cutover",
            "fail",
            {"cut-off": 2},
            {"interrupted": "deadline", "not_reached": 1},
            ("NO-GO", "2 phones: 2 would be cut off. 1 phone not reached: the deadline came first."),
        ),
        ("sweep", "fail", {"fail": 1, "pass": 1}, {}, ("NO", "2 phones: 1 would not connect, 1 would connect.")),
        ("sweep", "warn", {"warn": 1}, {}, ("YES, with a reservation", "1 phone: 1 with a warning.")),
        ("sweep", "pass", {"pass": 1}, {}, ("YES", "1 phone: 1 would connect.")),
        ("sweep", "inconclusive", {"inconclusive": 1}, {}, ("NOT KNOWN", "1 phone: 1 not known.")),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_the_answer_and_its_numbers(
    command: str, verdict: str, results: dict[str, int], changes: dict[str, object], told: tuple[str, str]
) -> None:
    whole = summary(command, verdict, results, **changes)
    assert (answer(whole), sentence(whole)) == told
