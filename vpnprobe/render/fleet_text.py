"""A fleet run for a person: numbers first, then causes with a few phones each, then the gateways and the groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from vpnprobe.checks.catalogue import CHECKS
from vpnprobe.model.finding import Verdict
from vpnprobe.model.fleet import Counts, FleetLine, FleetSummary, GatewaySight, SweptPhone
from vpnprobe.render.escape import printable
from vpnprobe.render.status_line import STATUS_WORDS

# Phones named for each cause; JSON lines name all.
NAMED: Final = 5
# Groups of one label that are shown; the worst come first.
SHOWN_GROUPS: Final = 40

_TITLES: Final[Mapping[str, str]] = {check.id: check.title for check in CHECKS}

_RESULTS: Final[Mapping[str, str]] = {
    "pass": "would connect, as far as tested: up to the handshake",
    "warn": "would connect, and something needs attention",
    "fail": "would not connect",
    "inconclusive": "not known",
}
_ENDS: Final[Mapping[str, str]] = {
    "interrupt": "interrupted",
    "deadline": "the deadline came first",
    "server-silent": "the configuration server answers nobody any more",
}


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
        yield from _numbers(summary)
        yield from self._causes(summary.counts)
        if self._gateways:
            yield "Gateways"
            for key, sight in sorted(self._gateways.items()):
                yield from _gateway_lines(sight, summary.by_gateway.get(key, Counts()))
            yield ""
        for label, groups in summary.by_label.items():
            yield from _group_lines(label, groups)
        if summary.notes:
            yield "Notes"
            yield from (f"  {printable(note)}" for note in summary.notes)
            yield ""

    def _causes(self, counts: Counts) -> Iterator[str]:
        if not counts.causes:
            return
        yield "Causes"
        for cause, number in counts.causes.items():
            yield f"  {number:>9,}  {cause}  {_TITLES.get(cause, _outcome_words(cause))}"
            named = self._phones.get(cause, [])
            more = number - len(named)
            yield f"             {', '.join(named)}{f' and {more:,} more' if more > 0 else ''}"
        yield ""


def sweep_status_line(summary: FleetSummary) -> str:
    """Return `STATUS: text` about a whole sweep."""
    counts = summary.counts
    told = [
        f"{counts.by_result[verdict]:,} {STATUS_WORDS[verdict]}"
        for verdict in ("fail", "inconclusive", "warn", "pass")
        if counts.by_result.get(verdict)
    ]
    text = f"{counts.total:,} phones: {', '.join(told) or 'none'}"
    if summary.interrupted is not None:
        text += f"; {_ENDS[summary.interrupted]}, {summary.not_reached:,} phones not reached"
    if summary.row_problems:
        text += f"; {summary.row_problems:,} rows cannot be used"
    return f"{STATUS_WORDS[summary.verdict]}: {text}"


def _numbers(summary: FleetSummary) -> Iterator[str]:
    counts = summary.counts
    yield f"{counts.total:,} phones in {_duration(summary.duration_s)}"
    for result, number in counts.by_result.items():
        yield f"  {number:>9,}  {_RESULTS.get(result, result)}"
    if summary.not_reached:
        yield f"  {summary.not_reached:>9,}  not reached: {_ENDS.get(summary.interrupted or '', '')}"
    if summary.duplicates:
        yield f"  {summary.duplicates:>9,}  rows of phones that came before, merged"
    if summary.row_problems:
        yield f"  {summary.row_problems:>9,}  rows that cannot be used"
    yield ""


def _gateway_lines(sight: GatewaySight, counts: Counts) -> Iterator[str]:
    yield f"  {printable(sight.key)}  {counts.total:,} phones: {_results(counts)}"
    for address in sight.addresses:
        leaf = sight.leaves.get(address)
        if leaf is None:
            why = sight.failure.kind.value if sight.failure is not None else "no certificate"
            yield f"    {printable(address)}  {why}"
            continue
        until = sight.not_after.get(leaf)
        ends = f", until {until:%Y-%m-%d}" if until is not None else ""
        subject = printable(sight.subjects.get(leaf, ""))
        yield f"    {printable(address)}  certHash {sight.cert_hashes.get(leaf, '')}{ends}  {subject}"
    if not sight.addresses and sight.failure is not None:
        yield f"    {sight.failure.kind.value}"


def _group_lines(label: str, groups: Mapping[str, Counts]) -> Iterator[str]:
    yield printable(label)
    ranked = sorted(groups.items(), key=lambda item: (-_bad(item[1]), item[0]))
    for value, counts in ranked[:SHOWN_GROUPS]:
        yield f"  {counts.total:>9,}  {printable(value) or '(none)'}: {_results(counts)}"
    if len(ranked) > SHOWN_GROUPS:
        yield f"  and {len(ranked) - SHOWN_GROUPS:,} more groups; --format jsonl has all"
    yield ""


def _bad(counts: Counts) -> int:
    return counts.total - counts.by_result.get("pass", 0) - counts.by_result.get("ready", 0)


def _results(counts: Counts) -> str:
    return ", ".join(f"{number:,} {STATUS_WORDS.get(result, result)}" for result, number in _words(counts)) or "none"


def _words(counts: Counts) -> Iterator[tuple[Verdict, int]]:
    for verdict in STATUS_WORDS:
        if counts.by_result.get(verdict):
            yield verdict, counts.by_result[verdict]


def _outcome_words(outcome: str) -> str:
    return f"configuration {outcome.replace('-', ' ')}"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
