"""Causes that look alike from outside."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from vpnprobe.checks.federation.differential import CAUSES, PossibleCause, guide, possible_causes
from vpnprobe.federation.rule import Outcome

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

each_cause = pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.slug)


@each_cause
def test_every_cause_can_be_confirmed_and_mended(cause: PossibleCause) -> None:
    assert cause.confirm
    assert cause.mend
    assert cause.outcomes
    assert cause.statements
    assert cause.fix.when == cause.title
    assert not cause.title.endswith(".")


@each_cause
def test_only_the_domain_is_filled_in(cause: PossibleCause) -> None:
    texts = (*cause.fix.steps, *cause.confirm, *cause.signs)
    assert {name for text in texts for name in re.findall(r"\{(\w+)\}", text)} <= {"domain"}


def test_slugs_are_unique() -> None:
    assert len({cause.slug for cause in CAUSES}) == len(CAUSES)


@pytest.mark.parametrize(
    ("outcome", "statements"),
    [
        ("closed", {"F3-08", "F3-12", "F3-29", "F3-30"}),
        ("forbidden", {"F3-23", "F3-08"}),
        ("refused", {"F3-13", "F3-14", "F3-18", "F3-19", "F3-21", "F3-27", "M-07", "M-08"}),
    ],
)
def test_what_the_documents_name_for_it(outcome: Outcome, statements: set[str]) -> None:
    assert statements <= {statement for cause in possible_causes(outcome) for statement in cause.statements}


def test_a_refused_call_points_to_the_microsoft_side_first() -> None:
    usual, of_calls = possible_causes("refused"), possible_causes("refused", calls=True)
    assert of_calls[0].slug == "partner-not-allowed"
    assert [cause for cause in usual if cause is not of_calls[0]] == list(of_calls[1:])


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_guide_leads_through_every_cause(outcome: Outcome) -> None:
    causes = possible_causes(outcome)
    assert [fix.when for fix in guide(outcome).fix] == [cause.title for cause in causes]
    assert guide(outcome).next == ("vpnprobe federation {domain}",)
