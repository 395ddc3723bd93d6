"""The step that phones without the new hash wait for is that of their gateway."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.fleet.cutting import NOW, config
from vpnprobe.fleet import missing_step
from vpnprobe.fleet.missing_step import MissingStep
from vpnprobe.model.fleet import CutoverPhone, FleetLine, GatewaySight, RenewalStep

A, B = "vpn.example.com:443 7962G", "vpn2.example.com:443 7962G"


def phone(number: int, *gateways: str, new: bool | None, missing: Iterable[RenewalStep] | None = None) -> CutoverPhone:
    steps: Iterable[RenewalStep] = missing if missing is not None else () if new else ("import-phone-vpn-trust",)
    return CutoverPhone(
        mac=f"{number:012X}",
        device=f"SEP{number:012X}",
        readiness="ready" if new else "cut-off",
        missing=tuple(steps),
        has_new_hash=new,
        config=config(),
        gateways=gateways or (A,),
        labels={"Site": "Zürich\n"},
        finished_at=NOW,
    )


def steps(*lines: FleetLine) -> dict[int, tuple[str, ...]]:
    """Return the steps of each phone as they come out, every phone once."""
    stage = MissingStep()
    out = [passed for line in lines for passed in stage.add(line)] + list(stage.end())
    phones = [line for line in out if isinstance(line, CutoverPhone)]
    assert len(phones) == len({line.mac for line in phones}) == sum(isinstance(line, CutoverPhone) for line in lines)
    return {int(line.mac, 16): line.missing for line in phones}


def test_nobody_has_the_hash() -> None:
    assert steps(phone(1, new=False), phone(2, new=False)) == {
        1: ("import-phone-vpn-trust",),
        2: ("import-phone-vpn-trust",),
    }


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_somebody_has_it_first_or_last(order: tuple[int, ...]) -> None:
    found = steps(*(phone(number, new=number == 3) for number in order))
    assert found == {1: ("apply-config",), 2: ("apply-config",), 3: ()}


def test_each_gateway_for_itself() -> None:
    found = steps(phone(1, A, new=False), phone(2, B, new=False), phone(3, B, new=True), phone(4, A, B, new=False))
    assert found == {1: ("import-phone-vpn-trust",), 2: ("apply-config",), 3: (), 4: ("apply-config",)}


def test_a_gateway_is_the_same_for_every_model() -> None:
    assert steps(phone(1, A, new=False), phone(2, "vpn.example.com:443 8811", new=True))[1] == ("apply-config",)


def test_other_steps_stay() -> None:
    both: tuple[RenewalStep, ...] = ("import-phone-vpn-trust", "mend-certificate")
    found = steps(phone(1, new=False, missing=both), phone(2, new=None, missing=("fetch-config",)), phone(3, new=True))
    assert found == {1: ("apply-config", "mend-certificate"), 2: ("fetch-config",), 3: ()}


def test_a_line_that_waited_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missing_step, "_IN_MEMORY", 100)
    stage = MissingStep()
    lines = [phone(number, new=False) for number in range(20)]
    assert [passed for line in lines for passed in stage.add(line)] == []
    assert list(stage.end()) == lines
    assert list(stage.end()) == []


def test_only_phones_wait() -> None:
    sight = GatewaySight(key=A, profile="7962G")
    assert list(MissingStep().add(sight)) == [sight]
    ready = phone(1, new=True)
    assert list(MissingStep().add(ready)) == [ready]
