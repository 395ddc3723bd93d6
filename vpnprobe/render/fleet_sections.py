"""Parts of a fleet run's text that all fleet commands have: numbers, gateways, groups. `words` name the results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from vpnprobe.model.fleet import Counts, FleetSummary, GatewaySight
from vpnprobe.render.escape import printable
from vpnprobe.render.fleet_words import phones

# Groups of one label that are shown; the worst come first.
SHOWN_GROUPS: Final = 40

ENDS: Final[Mapping[str, str]] = {
    "interrupt": "interrupted",
    "deadline": "the deadline came first",
    "server-silent": "the configuration server answers nobody any more",
}

_GOOD: Final = ("pass", "ready")


def number_lines(summary: FleetSummary, words: Mapping[str, str]) -> Iterator[str]:
    """Yield how many phones there were, how they ended, and what is missing of the run."""
    counts = summary.counts
    yield f"{phones(counts.total)} in {duration(summary.duration_s)}"
    for result, number in counts.by_result.items():
        yield f"  {number:>9,}  {words.get(result, result)}"
    if summary.not_reached:
        yield f"  {summary.not_reached:>9,}  not reached: {ENDS.get(summary.interrupted or '', '')}"
    if summary.duplicates:
        yield f"  {summary.duplicates:>9,}  rows of phones that came before, merged"
    if summary.row_problems:
        yield f"  {summary.row_problems:>9,}  rows that cannot be used"
    yield ""


def gateway_lines(
    gateways: Mapping[str, GatewaySight], summary: FleetSummary, words: Mapping[str, str]
) -> Iterator[str]:
    """Yield each gateway with its phones, and what each of its addresses shows."""
    if not gateways:
        return
    yield "Gateways"
    for key, sight in sorted(gateways.items()):
        counts = summary.by_gateway.get(key, Counts())
        yield f"  {printable(key)}  {phones(counts.total)}: {results(counts, words)}"
        yield from _address_lines(sight)
    yield ""


def group_lines(label: str, groups: Mapping[str, Counts], words: Mapping[str, str]) -> Iterator[str]:
    """Yield the groups of one label, those with most phones that are not as they ought to be first."""
    yield printable(label)
    ranked = sorted(groups.items(), key=lambda item: (-_bad(item[1]), item[0]))
    for value, counts in ranked[:SHOWN_GROUPS]:
        yield f"  {counts.total:>9,}  {printable(value) or '(none)'}: {results(counts, words)}"
    if len(ranked) > SHOWN_GROUPS:
        yield f"  and {len(ranked) - SHOWN_GROUPS:,} more groups; --format jsonl has all"
    yield ""


def note_lines(summary: FleetSummary) -> Iterator[str]:
    """Yield what is to be said of the run as a whole."""
    if summary.notes:
        yield "Notes"
        yield from (f"  {printable(note, 1000)}" for note in summary.notes)
        yield ""


def results(counts: Counts, words: Mapping[str, str]) -> str:
    """Return how many phones ended how, in the order of `words`."""
    told = [f"{counts.by_result[key]:,} {word}" for key, word in words.items() if counts.by_result.get(key)]
    return ", ".join(told) or "none"


def duration(seconds: float) -> str:
    """Return a time for a person."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _address_lines(sight: GatewaySight) -> Iterator[str]:
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


def _bad(counts: Counts) -> int:
    return counts.total - sum(counts.by_result.get(result, 0) for result in _GOOD)
