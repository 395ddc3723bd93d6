"""What the unattended commands tell about themselves: values that the command line makes log lines of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

Fact = str | int | float | None

Gravity = Literal["info", "warning", "error"]


class Event(NamedTuple):
    """Something that happened, by name, with its facts. Facts hold no secrets; texts of a peer are made harmless."""

    name: str
    gravity: Gravity
    facts: Mapping[str, Fact]


Tell = Callable[[Event], None]
