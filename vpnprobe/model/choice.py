"""What to write instead of a name that nothing has."""

from __future__ import annotations

import difflib
from collections.abc import Collection


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return the nearest of the `known` names as a question; where none is near, all of them."""
    closest = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {closest[0]!r}?" if closest else f"there are {', '.join(known)}"
