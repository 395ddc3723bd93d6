"""Many certificates in one run: one line for each, and a summary by cause. Describes, judges nothing."""

from __future__ import annotations

from collections.abc import Iterable

from vpnprobe.model.finding import Finding, Report, Verdict
from vpnprobe.render.certificate_lines import first_certificate, name_of
from vpnprobe.render.escape import printable
from vpnprobe.render.status_line import STATUS_WORDS

_WORST_FIRST: tuple[Verdict, ...] = ("fail", "inconclusive", "warn", "pass")

# Of a cause in the summary: certificates that are named.
_NAMED = 3


def certificate_line(report: Report) -> str:
    """Return one line about one of many certificates: status, where it was read, what it is, what is wrong with it."""
    word = STATUS_WORDS[report.verdict]
    where = printable(report.target.label)
    found = first_certificate(report.evidence)
    what = "" if found is None else f"{printable(name_of(*found), 80)}: "
    told = [] if report.verdict == "pass" else list(_deciding(report))
    if told:
        # The one cause first, as the exit code ranks them.
        chief = next((finding for finding in told if finding.severity == "critical"), told[0])
        others = sorted({finding.id for finding in told} - {chief.id})
        more = f" (also {', '.join(others)})" if others else ""
        return f"{word:8} {where}: {what}{chief.id} {printable(chief.summary, 300)}{more}"
    end = found[1].not_after if found is not None else None
    until = f"valid to {end:%Y-%m-%d}" if end is not None else "nothing wrong"
    return f"{word:8} {where}: {what}{until}"


class Causes:
    """What was found over many certificates: verdicts, and which checks alarmed how often, with the first few names."""

    def __init__(self) -> None:
        self._verdicts: dict[Verdict, int] = {}
        self._causes: dict[tuple[str, str, str], list[str]] = {}
        self._counts: dict[tuple[str, str, str], int] = {}

    def add(self, report: Report) -> None:
        """Count one report."""
        self._verdicts[report.verdict] = self._verdicts.get(report.verdict, 0) + 1
        if report.verdict == "pass":
            return
        for finding in _deciding(report):
            cause = finding.severity, finding.id, finding.name
            self._counts[cause] = self._counts.get(cause, 0) + 1
            named = self._causes.setdefault(cause, [])
            if len(named) < _NAMED:
                named.append(finding.subject)

    def lines(self) -> list[str]:
        """Return the causes, the heaviest and most frequent first, then a line that sums up."""
        order = sorted(self._counts, key=lambda cause: (cause[0] != "critical", -self._counts[cause], cause[1]))
        width = max((len(f"{id_} {name}") for _, id_, name in order), default=0)
        lines = [
            f"  {f'{id_} {name}':{width}}  {self._counts[severity, id_, name]:>7,}  {self._named(severity, id_, name)}"
            for severity, id_, name in order
        ]
        return [*(["By cause", *lines, ""] if lines else []), self.last_line()]

    def last_line(self) -> str:
        """Return the worst status and how many certificates have which."""
        counts = [(verdict, self._verdicts[verdict]) for verdict in _WORST_FIRST if verdict in self._verdicts]
        worst = STATUS_WORDS[counts[0][0]] if counts else "UNKNOWN"
        total = sum(self._verdicts.values())
        noun = "certificate" if total == 1 else "certificates"
        told = ", ".join(f"{count:,} {STATUS_WORDS[verdict]}" for verdict, count in counts) or "none read"
        return f"{worst}: {total:,} {noun}: {told}"

    def _named(self, *cause: str) -> str:
        severity, id_, name = cause
        named = self._causes[severity, id_, name]
        more = self._counts[severity, id_, name] - len(named)
        return ", ".join(map(printable, named)) + (f" and {more:,} more" if more else "")


def _deciding(report: Report) -> Iterable[Finding]:
    """Return the alarms; where the verdict is open, before them the first of what is open: others follow from it."""
    if report.verdict == "inconclusive":
        yield from [one for one in report.findings if _is_open(one)][:1]
    yield from (finding for finding in report.findings if finding.is_alarm)


def _is_open(finding: Finding) -> bool:
    return finding.severity == "critical" and finding.status in ("inconclusive", "error")
