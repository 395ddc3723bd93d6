"""Finds a scenario by the name that somebody typed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Protocol, TypeVar

from vpnprobe.model.errors import UsageError

_CLOSEST = 3


class Named(Protocol):
    """Anything with a name."""

    @property
    def name(self) -> str:
        """The name."""


S = TypeVar("S", bound=Named)


def by_name(name: str, scenarios: Iterable[S]) -> S:
    """Return the scenario with this name; raises `UsageError` with the closest names where there is none."""
    known = {scenario.name: scenario for scenario in scenarios}
    if name in known:
        return known[name]
    closest = difflib.get_close_matches(name, known, n=_CLOSEST, cutoff=0.4)
    closest = closest or [other for other in known if name and name in other][:_CLOSEST]
    hint = f"did you mean {', '.join(closest)}? " if closest else ""
    raise UsageError(f"no lab scenario is called {name!r}; {hint}`vpnprobe lab list` shows all")
