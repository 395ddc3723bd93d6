"""Lines of a fleet run as small as they can be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.finding import Verdict
from vpnprobe.model.fleet import CutoverPhone, FleetStart, GatewaySight, PhoneConfigSight, SweptPhone
from vpnprobe.probes.recorder import TOOL

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KEY = "vpn.example.com:443 7962G"


def mac(number: int) -> str:
    return f"001AE2{number:06X}"


def start(**changes: Any) -> FleetStart:
    usual: dict[str, Any] = {"tool": TOOL, "command": "sweep", "started_at": NOW, "settings": {"--tftp": "a:69"}}
    return FleetStart(**usual | changes)


def phone(number: int, verdict: Verdict = "pass", cause: str | None = None, **changes: Any) -> SweptPhone:
    usual: dict[str, Any] = {
        "mac": mac(number),
        "device": f"SEP{mac(number)}",
        "profile": "7962G",
        "verdict": verdict,
        "cause": cause,
        "config": PhoneConfigSight(outcome="received"),
        "gateways": (KEY,),
        "finished_at": NOW,
    }
    return SweptPhone(**usual | changes)


def cutover(number: int, readiness: Any, *missing: Any) -> CutoverPhone:
    return CutoverPhone(
        mac=mac(number),
        device=f"SEP{mac(number)}",
        readiness=readiness,
        missing=missing,
        config=PhoneConfigSight(outcome="received"),
        finished_at=NOW,
    )


def gateway(**changes: Any) -> GatewaySight:
    return GatewaySight(**{"key": KEY, "profile": "7962G", "addresses": ("192.0.2.7:443",)} | changes)


CLOSED = Failure(kind=FailureKind.REFUSED)
