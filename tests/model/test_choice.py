from __future__ import annotations

import pytest

from vpnprobe.model.choice import did_you_mean


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tfpt", "did you mean 'tftp'?"),
        ("resolvers", "did you mean 'resolver'?"),
        ("zzz", "there are tftp, resolver"),
        ("", "there are tftp, resolver"),
    ],
)
def test_what_to_write_instead(name: str, said: str) -> None:
    assert did_you_mean(name, ["tftp", "resolver"]) == said
