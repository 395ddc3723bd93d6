"""A cut-over for a person: go or no-go first, then what is missing and how to mend it, then who is concerned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from vpnprobe.checks.renewal import STEPS
from vpnprobe.model.finding import Fix
from vpnprobe.model.fleet import CutoverPhone, FleetLine, FleetStart, FleetSummary, GatewaySight, RenewalStep
from vpnprobe.render.escape import printable
from vpnprobe.render.fleet_sections import gateway_lines, group_lines, note_lines, number_lines
from vpnprobe.render.fleet_words import CAUSE_ORDER, NOT_SEEN, RESULTS, answer, cause, sentence
from vpnprobe.render.wrapping import wrapped

# Phones named for each step, and phones of each alarm that are listed with their reasons; other forms have all.
NAMED: Final = 5
LISTED: Final = 20
# Reasons that are told, and reasons that are counted at all: where each phone has its own, counting is no use.
TOLD_REASONS: Final = 15
COUNTED_REASONS: Final = 1000

_REASON: Final = 400  # characters
_INDENT: Final = " " * 13
_WIDTH: Final = 100

_WORDS: Final[Mapping[str, str]] = {result.key: result.words.lower() for result in RESULTS["cutover"]}
_ALARMS: Final = tuple(result for result in RESULTS["cutover"] if result.alarms)
_SWAP: Final[RenewalStep] = "swap-trustpoint"
# The setting of a run that looks at a swap that was made; its first remark then is an address that is behind.
_AFTER: Final = "--after"

# The result of phones that explains such a verdict; without one of them a remark does.
_EXPLAINS: Final = {"fail": "cut-off", "inconclusive": "unknown"}


def phone_row(line: CutoverPhone) -> str:
    """Return one phone on one line."""
    return f"{_WORDS[line.readiness]:16} {line.device} {_reasons(line)}".rstrip() + "\n"


class CutoverText:
    """The text of a cut-over. `add` returns what can be shown at once: every phone, where `verbose`."""

    def __init__(self, *, verbose: bool = False, quiet: bool = False) -> None:
        self._verbose = verbose
        self._quiet = quiet
        self._settings: dict[str, str] = {}
        self._steps: dict[str, list[str]] = {}
        self._reasons: dict[str, int] = {}
        self._listed: dict[str, list[CutoverPhone]] = {}
        self._reserved = 0
        self._gateways: dict[str, GatewaySight] = {}
        self._written = False

    def add(self, line: FleetLine) -> str:
        """Take one line of the run; the last one is its summary."""
        match line:
            case FleetStart():
                self._settings = line.settings
            case GatewaySight():
                self._gateways[line.key] = line
            case CutoverPhone():
                self._count(line)
                if self._verbose and not self._quiet:
                    self._written = True
                    return phone_row(line)
            case FleetSummary():
                status = self._status(line) + "\n"
                return status if self._quiet else "\n".join(self._page(line)) + "\n" + status
        return ""

    def _count(self, line: CutoverPhone) -> None:
        self._reserved += line.readiness == "ready" and bool(line.reasons)
        for step in line.missing:
            named = self._steps.setdefault(step, [])
            if len(named) < NAMED:
                named.append(line.device)
        for reason in line.reasons:
            if reason in self._reasons or len(self._reasons) < COUNTED_REASONS:
                self._reasons[reason] = self._reasons.get(reason, 0) + 1
        listed = self._listed.setdefault(line.readiness, [])
        if len(listed) < LISTED:
            listed.append(line)

    def _status(self, summary: FleetSummary) -> str:
        """Return the line that says it all."""
        told = f"{answer(summary)}: {sentence(summary)}"
        if self._reserved and summary.verdict == "warn":
            told += f" Of {self._reserved:,} there is a reservation."
        elif summary.verdict != "pass" and summary.notes and (_AFTER in self._settings or not self._explained(summary)):
            told += f" {printable(summary.notes[0], _REASON)}"
        elif not summary.counts.causes and (first := self._listed.get(_EXPLAINS.get(summary.verdict, ""))):
            # No step of the procedure would mend it, so the first phone says why.
            told += f" {_reasons(first[0])}".rstrip()
        missing = [cause(step).short for step in _in_order(summary.counts.causes)]
        return f"{told} Missing: {', '.join(missing)}." if missing else told

    def _explained(self, summary: FleetSummary) -> bool:
        explains = _EXPLAINS.get(summary.verdict)
        return explains in summary.counts.by_result or summary.interrupted is not None

    def _page(self, summary: FleetSummary) -> Iterator[str]:
        if self._written:
            yield ""
        yield f"{answer(summary)}: {sentence(summary)}"
        yield from (f"  {name} {printable(value)}" for name, value in self._settings.items())
        yield ""
        yield from number_lines(summary, _WORDS)
        yield from self._missing(summary)
        yield from self._why()
        yield from self._phones(summary)
        yield from gateway_lines(self._gateways, summary, _WORDS)
        for label, groups in summary.by_label.items():
            yield from group_lines(label, groups, _WORDS)
        yield from note_lines(summary)

    def _missing(self, summary: FleetSummary) -> Iterator[str]:
        causes = summary.counts.causes
        if causes:
            yield "What is missing"
            for step in _in_order(causes):
                number = causes[step]
                named = self._steps.get(step, [])
                more = number - len(named)
                yield f"  {number:>9,}  {cause(step).words}"
                yield f"{_INDENT}{', '.join(named)}{f' and {more:,} more' if more > 0 else ''}"
                yield from _fix_lines(STEPS[step])
            yield ""
        elif summary.verdict in ("pass", "warn") and _AFTER not in self._settings:
            yield "What is next"
            yield from wrapped(_INDENT, NOT_SEEN, _WIDTH)
            yield f"             {cause(_SWAP).words}"
            yield from _fix_lines(STEPS[_SWAP])
            yield f"{_INDENT}Then: vpnprobe cutover with the same words and --after"
            yield ""

    def _why(self) -> Iterator[str]:
        if not self._reasons:
            return
        yield "Why"
        ranked = sorted(self._reasons.items(), key=lambda item: (-item[1], item[0]))
        for reason, number in ranked[:TOLD_REASONS]:
            yield f"  {number:>9,}  {printable(reason, _REASON)}"
        if len(ranked) > TOLD_REASONS:
            yield f"{_INDENT}and other reasons; --format csv has those of each phone"
        yield ""

    def _phones(self, summary: FleetSummary) -> Iterator[str]:
        for result in _ALARMS:
            listed = self._listed.get(result.key, [])
            if not listed:
                continue
            number = summary.counts.by_result[result.key]
            yield result.words + (f", the first {len(listed)} of {number:,}" if number > len(listed) else "")
            for line in listed:
                labels = ", ".join(printable(line.labels.get(name, "")) for name in summary.by_label)
                yield f"  {line.device}  {labels + '  ' if labels else ''}{_reasons(line)}".rstrip()
            yield ""


def _in_order(steps: Iterable[str]) -> list[RenewalStep]:
    """Return the steps in the order of the procedure."""
    return sorted((step for step in STEPS if step in steps), key=lambda step: CAUSE_ORDER[step])


def _reasons(line: CutoverPhone) -> str:
    """Return the first reason, and how many there are behind it."""
    if not line.reasons:
        return ""
    more = len(line.reasons) - 1
    return printable(line.reasons[0], _REASON) + (f" (+{more})" if more else "")


def _fix_lines(fixes: Iterable[Fix]) -> Iterator[str]:
    for fix in fixes:
        yield f"{_INDENT}{fix.platform}"
        yield from (f"{_INDENT}  {step}" for step in fix.steps)
