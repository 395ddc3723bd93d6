"""Every test of this package gives its descriptors back."""

from __future__ import annotations

import gc
from collections.abc import Generator
from pathlib import Path

import pytest

_DESCRIPTORS = Path("/proc/self/fd")


def _open_descriptors() -> list[str]:
    if not _DESCRIPTORS.exists():
        return []
    return sorted(str(one.readlink()) for one in _DESCRIPTORS.iterdir() if one.is_symlink())


def _sockets() -> int:
    return sum(name.startswith("socket:") for name in _open_descriptors())


@pytest.fixture(autouse=True)
def no_socket_is_left() -> Generator[None]:
    """Compare the open sockets before and after, and let a forgotten one warn (warnings are errors)."""
    before = _sockets()
    yield
    gc.collect()
    assert _sockets() <= before
