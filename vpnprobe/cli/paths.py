"""Names of files as a report has them."""

from __future__ import annotations

import os
from pathlib import Path


def shown_path(path: str | Path) -> str:
    """Return the path as text; bytes of a name that are no text are replaced, as JSON has no way to write them."""
    return os.fsencode(path).decode(errors="replace")


def shown_name(path: str | Path) -> str:
    """Return the last part of the path as `shown_path` does."""
    return shown_path(Path(path).name)
