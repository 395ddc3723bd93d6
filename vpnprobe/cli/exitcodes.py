"""Exit codes of the monitoring plug-ins: what a scheduler or a script acts on."""

from __future__ import annotations

from collections.abc import Iterable

from vpnprobe.model.finding import Verdict

OK = 0
WARNING = 1
CRITICAL = 2
UNKNOWN = 3  # inconclusive, bad usage, interrupted, our own error

_BY_VERDICT: dict[Verdict, int] = {"pass": OK, "warn": WARNING, "fail": CRITICAL, "inconclusive": UNKNOWN}
# Of several reports the worst one counts; a known failure outranks what is not known.
_RANK = (OK, WARNING, UNKNOWN, CRITICAL)


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """Return the exit code for these verdicts; UNKNOWN where there is none."""
    codes = [_BY_VERDICT[verdict] for verdict in verdicts]
    return max(codes, key=_RANK.index, default=UNKNOWN)
