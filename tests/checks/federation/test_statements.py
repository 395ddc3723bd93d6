"""Every statement on federations has its place: a check, a diagnosis, a cause that looks alike, or a reason why not."""

from __future__ import annotations

import pytest

from vpnprobe.checks import differential as phone_differential
from vpnprobe.checks.catalogue import CHECKS
from vpnprobe.checks.federation import differential
from vpnprobe.checks.unobservable import UNOBSERVABLE, Unobservable
from vpnprobe.federation.rules import RULES

STATEMENTS = [
    f"{source}-{number:02}" for source, last in (("F4", 19), ("F3", 31), ("M", 16)) for number in range(1, last + 1)
]

DECIDED = {statement for check in CHECKS for statement in check.covers}
DIAGNOSED = {statement for rule in RULES for statement in rule.statements}
CAUSES = (*differential.CAUSES, *phone_differential.CAUSES)
ALIKE = {statement for cause in CAUSES for statement in cause.statements}

each_row = pytest.mark.parametrize("row", UNOBSERVABLE, ids=lambda row: row.statement)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_is_decided_or_the_product_says_why_it_is_not(statement: str) -> None:
    assert (statement in DECIDED) != (statement in {row.statement for row in UNOBSERVABLE})


@each_row
def test_a_row_says_truly_where_the_statement_is_named(row: Unobservable) -> None:
    if not row.statement.startswith(("F3", "F4", "M")):
        return
    if row.found_in == "differential":
        assert row.statement in ALIKE
    elif row.found_in == "diagnose":
        assert row.statement in DIAGNOSED
    elif row.found_in == "route":
        assert "vpnprobe route" in row.why
    else:
        assert row.statement not in DIAGNOSED | ALIKE
