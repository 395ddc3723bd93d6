"""One value of a metric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Sample(NamedTuple):
    """One value. The labels are names and values as they came; they are made harmless when they are written."""

    name: str
    labels: Mapping[str, str]
    value: float
