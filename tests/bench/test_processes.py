"""What a command costs, for commands that are known to cost something."""

from __future__ import annotations

import sys

import pytest

from tests.bench.processes import cost

_HELD = 100 << 20


def test_the_peak_is_that_of_the_command() -> None:
    held = cost([sys.executable, "-c", f"bytearray({_HELD}).count(1)"]).peak_bytes
    assert _HELD < held < 2 * _HELD


def test_the_peak_is_not_that_of_whoever_asks() -> None:
    mine = bytearray(b"1") * (2 * _HELD)
    assert cost(["sh", "-c", "exit 0"]).peak_bytes < _HELD < len(mine)


def test_children_of_the_command_count_as_the_command() -> None:
    burn = f'"{sys.executable}" -c "sum(range(10_000_000))"'
    used = cost(["sh", "-c", f"{burn}; {burn}"])
    assert used.cpu_s > 0.1
    assert used.wall_s > 0.1


def test_a_command_that_fails_is_no_sample() -> None:
    with pytest.raises(RuntimeError, match="ended with 3: broken"):
        cost(["sh", "-c", "echo broken >&2; exit 3"])
