"""A fleet run for a person: numbers first, then causes with a few phones each, then the gateways and the groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from vpnprobe.checks.catalogue import CHECKS
from vpnprobe.model.fleet import Counts, FleetLine, FleetSummary, GatewaySight, SweptPhone
from vpnprobe.render.escape import printable
from vpnprobe.render.fleet_sections import ENDS, gateway_lines, group_lines, note_lines, number_lines
from vpnprobe.render.fleet_words import cause as cause_words
from vpnprobe.render.fleet_words import phones
from vpnprobe.render.status_line import STATUS_WORDS

# Phones named for each cause; JSON lines name all.
NAMED: Final = 5
# Causes in the one line that says it all.
TOLD_CAUSES: Final = 3

_TITLES: Final[Mapping[str, str]] = {check.id: check.title for check in CHECKS}

_RESULTS: Final[Mapping[str, str]] = {
    "pass": "would connect, as far as tested: up to the handshake",
    "warn": "would connect, and something needs attention",
    "fail": "would not connect",
    "inconclusive": "not known",
}
_WORDS: Final[Mapping[str, str]] = {str(verdict): word for verdict, word in STATUS_WORDS.items()}


def phone_row(line: SweptPhone) -> str:
    """Return one phone on one line."""
    what = f"{line.reason} {printable(line.summary, 300)}" if line.reason else ""
    return f"{STATUS_WORDS[line.verdict]:8} {line.device} {what}".rstrip() + "\n"


class SweepText:
    """The text of a sweep. `add` returns what can be shown at once: every phone, where `verbose`."""

    def __init__(self, *, verbose: bool = False, quiet: bool = False) -> None:
        self._verbose = verbose
        self._quiet = quiet
        self._phones: dict[str, list[str]] = {}
        self._gateways: dict[str, GatewaySight] = {}
        self._written = False

    def add(self, line: FleetLine) -> str:
        """Take one line of the run; the last one is its summary."""
        if isinstance(line, GatewaySight):
            self._gateways[line.key] = line
        elif isinstance(line, SweptPhone):
            if line.reason is not None:
                named = self._phones.setdefault(line.reason, [])
                if len(named) < NAMED:
                    named.append(line.device)
            if self._verbose and not self._quiet:
                self._written = True
                return phone_row(line)
        elif isinstance(line, FleetSummary):
            status = sweep_status_line(line) + "\n"
            return status if self._quiet else "\n".join(self._page(line)) + "\n" + status
        return ""

    def _page(self, summary: FleetSummary) -> Iterator[str]:
        if self._written:
            yield ""
        yield from number_lines(summary, _RESULTS)
        yield from self._causes(summary.counts)
        yield from gateway_lines(self._gateways, summary, _WORDS)
        for label, groups in summary.by_label.items():
            yield from group_lines(label, groups, _WORDS)
        yield from note_lines(summary)

    def _causes(self, counts: Counts) -> Iterator[str]:
        if not counts.causes:
            return
        yield "Causes: checks that did not pass"
        for cause, number in counts.causes.items():
            yield f"  {number:>9,}  {cause}  {_TITLES.get(cause) or cause_words(cause).words}"
            named = self._phones.get(cause, [])
            more = number - len(named)
            yield f"             {', '.join(named)}{f' and {more:,} more' if more > 0 else ''}"
        known = next((cause for cause in counts.causes if cause in _TITLES), None)
        if known is not None:
            yield f"  What it means and what mends it: vpnprobe explain {known}; every phone: --verbose"
        yield ""


def sweep_status_line(summary: FleetSummary) -> str:
    """Return `STATUS: text` about a whole sweep."""
    counts = summary.counts
    told = [
        f"{counts.by_result[verdict]:,} {STATUS_WORDS[verdict]}"
        for verdict in ("fail", "inconclusive", "warn", "pass")
        if counts.by_result.get(verdict)
    ]
    text = f"{phones(counts.total)}: {', '.join(told) or 'none looked at'}"
    causes = [f"{number:,} {cause_words(cause).short}" for cause, number in counts.causes.items()]
    if causes:
        # The most frequent come first.
        more = f" and {len(causes) - TOLD_CAUSES} more" if len(causes) > TOLD_CAUSES else ""
        text += f"; not passed: {', '.join(causes[:TOLD_CAUSES])}{more}"
    if summary.interrupted is not None:
        text += f"; {ENDS[summary.interrupted]}, {phones(summary.not_reached)} not reached"
    if summary.row_problems:
        text += f"; rows that cannot be used: {summary.row_problems:,}"
    return f"{STATUS_WORDS[summary.verdict]}: {text}"
