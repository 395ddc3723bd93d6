"""Tells a phone without an answer from a server that answers nobody any more.

Lines of phones that got no answer are held back while nobody else gets one. As soon as somebody does, they stand. Where
too many come together, the server is asked once more for what it gave last; if that stays out too, it is gone, and the
phones that were held back belong to those that the run did not come to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

# Fewer phones without an answer are never worth a question of their own.
MIN_HELD: Final = 32


class Silence(Generic[T]):
    """Passes phones on to `take`, those without an answer only when it is known whose fault that is."""

    def __init__(self, take: Callable[[T], None], most_held: int) -> None:
        self._take = take
        self._most_held = max(most_held, MIN_HELD)
        self._held: list[T] = []

    @property
    def is_suspicious(self) -> bool:
        """Whether so many have got no answer, and nobody one, that the server is to be asked once more."""
        return len(self._held) >= self._most_held

    def answered(self, item: T) -> None:
        """Pass on a phone that got an answer of any kind, and those that were held back."""
        self.release()
        self._take(item)

    def unanswered(self, item: T) -> None:
        """Hold back a phone that got none."""
        self._held.append(item)

    def release(self) -> None:
        """Pass on what was held back: the server does answer, or the run is at its end."""
        held, self._held = self._held, []
        for item in held:
            self._take(item)
