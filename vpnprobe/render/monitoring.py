"""Lines for a monitoring plug-in: `STATUS: text | label=value;warn;crit;min;max` (Monitoring Plugins guidelines)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from vpnprobe.model.finding import Report, Verdict
from vpnprobe.render.escape import printable
from vpnprobe.render.status_line import STATUS_WORDS, status_line

# A known failure outranks what is not known, as in the exit code.
_WORST_FIRST: tuple[Verdict, ...] = ("fail", "inconclusive", "warn", "pass")

# Targets that a line about many names by name.
_NAMED = 5


def named_status_line(report: Report) -> str:
    """Return the status line with the target behind the status word, for output that tells of several."""
    word, _, text = status_line(report).partition(": ")
    return f"{word}: {_target(report)}: {text}"


def render_nagios(reports: Sequence[Report]) -> str:
    """Return the status line of one report with performance data: seconds for the run and for each stage.

    For several the first line, which is all that some monitors read, sums up with the worst status and has the
    seconds of each run; a line for each target follows, the worst first.
    """
    if len(reports) == 1:
        [report] = reports
        data = [_seconds("time", report.duration_s)]
        data += [
            _seconds(stage.name.replace("-", "_"), stage.duration_s)
            for stage in report.stages
            if stage.status != "skipped"
        ]
        return f"{_without_bar(status_line(report))} | {' '.join(data)}\n"
    ordered = sorted(reports, key=lambda report: _WORST_FIRST.index(report.verdict))
    counts = Counter(STATUS_WORDS[report.verdict] for report in ordered)
    told = ", ".join(f"{number} {word}" for word, number in counts.items())
    worst = next(iter(counts), STATUS_WORDS["inconclusive"])
    data = [_seconds(_label(report, number), report.duration_s) for number, report in enumerate(reports, 1)]
    lines = [f"{worst}: {len(reports)} targets: {told} | {' '.join(data)}"]
    lines += [_without_bar(named_status_line(report)) for report in ordered]
    return "\n".join(lines) + "\n"


class CheckedProbe(NamedTuple):
    """A probe of a plan that was run once. `line` is its status line, `seconds` how long it took, if it ran at all."""

    name: str
    verdict: Verdict
    line: str
    seconds: float | None


def render_check(checked: Sequence[CheckedProbe]) -> str:
    """Return what a plug-in says that checks a whole plan.

    The first line has the status, whose fault it is and the seconds of each probe by its name; a line for each probe
    follows, the worst first. Of a single probe there is but one line.
    """
    if len(checked) == 1:
        [probe] = checked
        return _first_line(probe.line, [("time", probe.seconds)]) + "\n"
    ordered = sorted(checked, key=lambda probe: _WORST_FIRST.index(probe.verdict))
    summary = summary_line([(probe.name, probe.verdict) for probe in checked], "probes")
    lines = [_first_line(summary, [(probe.name, probe.seconds) for probe in checked])]
    for probe in ordered:
        word, _, text = probe.line.partition(": ")
        lines.append(_without_bar(f"{word}: {probe.name}: {text}"))
    return "\n".join(lines) + "\n"


def _first_line(text: str, seconds: Sequence[tuple[str, float | None]]) -> str:
    """Return the text and, behind a bar, the values that there are. Their labels hold nothing that needs quotes."""
    data = [_seconds(label, value) for label, value in seconds if value is not None]
    return " | ".join((_without_bar(text), *([" ".join(data)] if data else [])))


def summary_line(verdicts: Sequence[tuple[str, Verdict]], noun: str) -> str:
    """Return one line about many targets, `noun` being what they are: the worst status, counts, who is not OK."""
    groups = {one: [label for label, verdict in verdicts if verdict == one] for one in _WORST_FIRST}
    worst = next((STATUS_WORDS[one] for one in _WORST_FIRST if groups[one]), STATUS_WORDS["inconclusive"])
    told = [_group(STATUS_WORDS[one], labels, named=one != "pass") for one, labels in groups.items() if labels]
    return f"{worst}: {len(verdicts)} {noun}: {', '.join(told)}"


def _group(word: str, labels: list[str], *, named: bool) -> str:
    if not named:
        return f"{len(labels)} {word}"
    more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
    return f"{len(labels)} {word} ({', '.join(map(printable, labels[:_NAMED]))}{more})"


def _target(report: Report) -> str:
    target = report.target.label
    return printable(target)


def _label(report: Report, number: int) -> str:
    # Blanks, quotes and equals signs separate data; the number keeps the labels apart when a target comes twice.
    target = "".join("_" if character in " '=" else character for character in _without_bar(_target(report)))
    return f"'{number}_{target}'"


def _seconds(label: str, value: float) -> str:
    return f"{label}={value:.3f}s;;;0"


def _without_bar(text: str) -> str:
    # A bar separates text from data, so it cannot stand in the text.
    return text.replace("|", "/")
