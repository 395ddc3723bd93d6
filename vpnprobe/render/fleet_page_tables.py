"""The numbers of a fleet run as HTML that needs no script: results, causes, and the groups with what each one lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Final

from vpnprobe.model.fleet import Counts, FleetSummary, GatewaySight
from vpnprobe.render.escape import printable
from vpnprobe.render.failure_words import describe_failure
from vpnprobe.render.fleet_words import CAUSE_ORDER, RESULTS, Result, cause

# The heading of the section and that of its column.
_CAUSES: Final[Mapping[str, tuple[str, str]]] = {
    "cutover": ("What is missing", "Step, as the vendor's renewal procedure counts them"),
    "sweep": ("Causes", "Check that did not pass; vpnprobe explain tells how to mend each"),
}
_BAR_WIDTH: Final = 1000
# A result with any phone at all is to be seen in the bar.
_BAR_LEAST: Final = 4


def html_text(text: str, limit: int = 400) -> str:
    """Return any text as HTML that shows it, hidden characters written out."""
    return escape(printable(text, limit))


def results_table(summary: FleetSummary) -> str:
    """Return how many phones came to which end, as a bar and as a table."""
    counts = summary.counts
    rows = [
        f'<tr><th scope="row"><span class="result {result.key}">{html_text(result.words)}</span></th>'
        f"<td>{number:,}</td><td>{_share(number, counts.total)}</td></tr>"
        for result, number in _by_result(summary, counts)
    ]
    return (
        f"{_bar(summary)}"
        '<table class="numbers results"><thead><tr><th scope="col">Result</th><th scope="col">Phones</th>'
        f'<th scope="col">Share</th></tr></thead><tbody>{"".join(rows)}</tbody><tfoot><tr><th scope="row">All</th>'
        f"<td>{counts.total:,}</td><td></td></tr></tfoot></table>"
    )


def causes_section(summary: FleetSummary) -> str:
    """Return what is counted for the whole fleet: the missing steps in their order, or the causes."""
    causes = summary.counts.causes
    if not causes:
        return ""
    heading, head = _CAUSES[summary.command]
    rows = [
        f'<tr data-column="causes" data-value="{html_text(key)}"><th scope="row"><span class="group">'
        f"{html_text(cause(key).words)}</span></th><td>{causes[key]:,}</td></tr>"
        for key in _ordered(causes)
    ]
    return _section(
        heading,
        f'<table class="numbers"><thead><tr><th scope="col">{head}</th><th scope="col">Phones</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>",
    )


def group_sections(summary: FleetSummary, gateways: Mapping[str, GatewaySight]) -> Iterator[str]:
    """Yield a section for each label that was grouped by, and one for the gateways."""
    for label, groups in summary.by_label.items():
        yield _groups(summary, f"By {label}", label, f'data-label="{html_text(label)}"', groups, {})
    by_gateway = {key: summary.by_gateway.get(key, Counts()) for key in {**gateways, **summary.by_gateway}}
    if by_gateway:
        yield _groups(summary, "By gateway", "Gateway", 'data-column="gateways"', by_gateway, gateways)


def _groups(
    summary: FleetSummary,
    heading: str,
    head: str,
    column: str,
    groups: Mapping[str, Counts],
    gateways: Mapping[str, GatewaySight],
) -> str:
    """Return the section of one grouping; `column` is the attribute that names what the script filters by."""
    results = RESULTS[summary.command]
    heads = "".join(
        f'<th scope="col" role="columnheader">{html_text(text)}</th>'
        for text in (head, "Phones", *(result.words for result in results))
    )
    rows = [
        f'<tr role="row" {column} data-value="{html_text(value)}"><th scope="row" role="rowheader">'
        f'<span class="group">{html_text(value) or "(none)"}</span>{_lacking(counts)}{_shown_by(gateways.get(value))}'
        f'</th><td role="cell">{counts.total:,}</td>'
        + "".join(_cell(result, counts.by_result.get(result.key, 0)) for result in results)
        + "</tr>"
        for value, counts in sorted(groups.items(), key=lambda group: (_rank(results, group[1]), group[0]))
    ]
    # The roles say what a narrow window's layout takes from a table.
    return _section(
        heading,
        '<table class="numbers groups" role="table"><thead role="rowgroup"><tr role="row">'
        f'{heads}</tr></thead><tbody role="rowgroup">{"".join(rows)}</tbody></table>',
    )


def _rank(results: Iterable[Result], counts: Counts) -> tuple[int, ...]:
    """Return what puts the group with the most phones of the worst result first."""
    return tuple(-counts.by_result.get(result.key, 0) for result in results if result.alarms)


def _cell(result: Result, number: int) -> str:
    return f'<td role="cell" class="{result.key if number else "none"}">{number:,}</td>'


def _lacking(counts: Counts) -> str:
    return _items(
        "lacking", [f"{html_text(cause(key).short)}: {counts.causes[key]:,}" for key in _ordered(counts.causes)]
    )


def _shown_by(sight: GatewaySight | None) -> str:
    """Return the certificate that each address of a gateway shows, or why there is none."""
    if sight is None:
        return ""
    failure = describe_failure(sight.failure) if sight.failure is not None else "no certificate"
    return _items("shown", [_address(sight, address, failure) for address in sight.addresses] or [html_text(failure)])


def _address(sight: GatewaySight, address: str, failure: str) -> str:
    leaf = sight.leaves.get(address)
    if leaf is None:
        return f"{html_text(address)}: {html_text(failure)}"
    until = sight.not_after.get(leaf)
    ends = f", until {until:%Y-%m-%d}" if until is not None else ""
    subject = html_text(sight.subjects.get(leaf, ""))
    return f"{html_text(address)}: <code>{html_text(sight.cert_hashes.get(leaf, ''))}</code>{ends} {subject}"


def _items(kind: str, items: Iterable[str]) -> str:
    """Return a list of items that are HTML already."""
    told = "".join(f"<li>{item}</li>" for item in items)
    return f'<ul class="{kind}">{told}</ul>' if told else ""


def _section(heading: str, body: str) -> str:
    return f"<section><h2>{html_text(heading)}</h2>{body}</section>\n"


def _bar(summary: FleetSummary) -> str:
    """Return the shares as a bar; the table beneath says the same, so that it is nothing for who cannot see it."""
    counts = summary.counts
    if not counts.total:
        return ""
    parts = []
    end = 0.0
    for result, number in _by_result(summary, counts):
        width = max(number / counts.total * _BAR_WIDTH, _BAR_LEAST) if number else 0.0
        parts.append(f'<rect class="{result.key}" x="{end:.1f}" width="{width:.1f}" height="20"/>')
        end += width
    box = f'viewBox="0 0 {end:.1f} 20" preserveAspectRatio="none"'
    return f'<svg class="bar" {box} aria-hidden="true">{"".join(parts)}</svg>'


def _by_result(summary: FleetSummary, counts: Counts) -> list[tuple[Result, int]]:
    return [(result, counts.by_result.get(result.key, 0)) for result in RESULTS[summary.command]]


def _ordered(causes: Iterable[str]) -> list[str]:
    return sorted(causes, key=lambda key: (CAUSE_ORDER.get(key, len(CAUSE_ORDER)), key))


def _share(number: int, total: int) -> str:
    """Return a share that is only 0 % or 100 % where it is so."""
    if not total:
        return ""
    share = number / total * 100
    if number not in (0, total):
        share = min(max(share, 0.1), 99.9)
    return f"{share:.1f} %"
