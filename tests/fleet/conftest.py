from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.fleet.watching import Script, World, judge_simply
from vpnprobe.fleet import measuring, watch
from vpnprobe.fleet.alerts import Channel


@pytest.fixture
def simple_world(monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    """Make worlds that judge simply; the last one made is the channel `ops` of every plan."""
    monkeypatch.setattr(measuring, "judge", judge_simply)
    worlds: list[World] = []

    def channels_of(_: object) -> dict[str, Channel]:
        return {"ops": worlds[-1]}

    monkeypatch.setattr(watch, "channels_of", channels_of)

    def make(**scripts: Script) -> World:
        worlds.append(World(scripts))
        return worlds[-1]

    return make
