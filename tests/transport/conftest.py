"""Every test of this package gives its sockets back."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path

import pytest

_DESCRIPTORS = Path("/proc/self/fd")


def _open_sockets() -> int:
    count = 0
    for one in _DESCRIPTORS.iterdir() if _DESCRIPTORS.exists() else ():
        with contextlib.suppress(OSError):
            count += str(one.readlink()).startswith("socket:")
    return count


@pytest.fixture(autouse=True)
def no_socket_is_left() -> Generator[None]:
    """Compare the open sockets before and after; one that waits for the garbage collector counts as open."""
    before = _open_sockets()
    yield
    assert _open_sockets() <= before
