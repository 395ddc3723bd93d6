"""What a rule of diagnosis is made of; the rules are in `vpnprobe.federation.rules`."""

from __future__ import annotations

from typing import Literal

import msgspec

from vpnprobe.model.finding import Fix, Verdict

# What is seen from outside: the edge's port takes no connection; a SUBSCRIBE is answered 403; calls or presence are
# refused, or answered by nobody, although records and certificates are right.
Outcome = Literal["closed", "forbidden", "refused"]


class Cause(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One cause. `checks` are the checks of the federation probe that prove it, empty where none can."""

    title: str
    checks: tuple[str, ...] = ()
    fix: tuple[Fix, ...] = ()


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What a symptom means. `causes` are likeliest first.

    `verdict` is "fail" where the symptom names a fault, "warn" where it may lead to one, "pass" where nothing is wrong,
    "inconclusive" where it tells no cause. `next` are commands. `outcome` is set where causes that no probe can see
    come after those named here.
    """

    slug: str
    title: str
    verdict: Verdict
    statements: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()
    next: tuple[str, ...] = ()
    outcome: Outcome | None = None
