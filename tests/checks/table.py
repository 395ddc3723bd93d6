"""The form of the tables that every check is tested with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from _pytest.mark.structures import ParameterSet

from tests.checks.evidence_builder import finding
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.finding import Finding, Status


@dataclass(frozen=True)
class Row:
    """One Evidence, and what one check must say of it; `words` must be in the summary."""

    check: str
    label: str
    evidence: Evidence
    status: Status
    words: str = ""
    subject: str | None = None

    def judge(self) -> Finding:
        found = finding(self.evidence, self.check, self.subject)
        assert found.status == self.status, found.summary
        assert self.words in found.summary
        return found


def params(rows: Iterable[Row]) -> list[ParameterSet]:
    """The rows for `pytest.mark.parametrize`, each with its id."""
    return [pytest.param(row, id=f"{row.check}-{row.label}") for row in rows]
