"""How sure a statement about the phone's behaviour is."""

from __future__ import annotations

import enum


class Basis(enum.Enum):
    """Where a decision comes from. Anything but DOCUMENT must be named in a report."""

    DOCUMENT = "document"  # the vendor's document says so
    INFERENCE = "inference"  # it follows from what the document shows, but is not stated
    ASSUMPTION = "assumption"  # common practice; no source
    UNKNOWN = "unknown"  # the sources are silent or contradict each other, so nothing was decided
