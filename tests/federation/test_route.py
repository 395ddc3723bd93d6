"""Patterns of static routes."""

from __future__ import annotations

import pytest

from vpnprobe.federation.route import static_route_pattern


@pytest.mark.parametrize(
    ("domain", "pattern"),
    [("abc.com", ".com.abc.*"), ("cms.steven.lab", ".lab.steven.cms.*"), ("lab", ".lab.*")],
)
def test_the_labels_are_reversed(domain: str, pattern: str) -> None:
    assert static_route_pattern(domain) == pattern
