"""The report for a person: one screen, the one cause first, and a last line that says it all.

Plain text carries everything; colour only repeats it. Commands are never wrapped, so that they can be copied.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from itertools import groupby, takewhile

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from vpnprobe.model.evidence import STAGES, ProbeName, Stage
from vpnprobe.model.finding import Finding, Fix, Logs, Report, Status
from vpnprobe.model.target import MICROSOFT_EDGE, Persona
from vpnprobe.render.escape import printable
from vpnprobe.render.hello_table import certificate_lines, hello_rows, suite_lines
from vpnprobe.render.stage_lines import describe_stage
from vpnprobe.render.status_line import headline, status_line
from vpnprobe.render.wrapping import Line, Row, step_lines, wrapped

MAX_WIDTH = 110
MIN_ROW_TEXT = 20  # of a finding in its stage's row, in a terminal that has no room for more on the line
MAX_IDS = 3  # of checks that say the same; the rest is counted, and named by --verbose
MAX_LOG_LINES = 4  # the last ones of each log: what an engineer sees first; the rest is for --verbose

# Heading and lines of what a command shows beside the stages.
Section = tuple[str, Sequence[Line]]

_LABEL_WIDTH = 6  # of a platform's name before its steps

_MARKS: dict[str, tuple[str, str]] = {
    "ok": ("ok", "green"),
    "stop": ("STOP", "bold red"),
    "fail": ("FAIL", "bold red"),
    "warn": ("warn", "yellow"),
    "skip": ("skip", "dim"),
    "unknown": ("?", "yellow"),
}
_VERDICT_STYLES = {
    "pass": "bold green",
    "warn": "bold yellow",
    "fail": "bold red",
    "inconclusive": "bold yellow",
}
# Why a stage was skipped in one word: another stage, or how the run was ended.
_NAMED_REASONS = frozenset({"deadline", "interrupt", *(name for names in STAGES.values() for name in names)})
_STATUS_MARKS: dict[Status, str] = {
    "pass": "ok",
    "fail": "fail",
    "not-applicable": "skip",
    "inconclusive": "unknown",
    "error": "fail",
}


def render_terminal(
    report: Report, *, width: int = 80, color: bool = False, verbose: bool = False, sections: Sequence[Section] = ()
) -> str:
    """Return the report as text that ends in a newline; `color` adds ANSI sequences, `verbose` every finding.

    `sections` stand behind the stages.
    """
    sink = io.StringIO()
    console = Console(
        file=sink,
        width=min(width, MAX_WIDTH),
        force_terminal=color,
        no_color=not color,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    _Page(console, report, verbose=verbose, sections=sections).show()
    # Rich pads table rows to the full width; trailing blanks only disturb who copies the text.
    return "".join(line.rstrip() + "\n" for line in sink.getvalue().splitlines())


class _Page:
    def __init__(self, console: Console, report: Report, *, verbose: bool, sections: Sequence[Section]) -> None:
        self._sections = sections
        self._console = console
        self._report = report
        self._verbose = verbose
        self._shown_fixes: set[tuple[Fix, ...]] = set()
        self._cause = next((f for f in report.findings if f.id == report.cause and f.status == "fail"), None)

    def show(self) -> None:
        """Write the page from top to bottom."""
        self._title()
        self._stages()
        if self._report.probe == "gateway" or self._verbose:
            self._hellos()
        for heading, lines in self._sections:
            self._heading(printable(heading))
            for line in lines:
                self._line(line)
        if self._cause is not None:
            self._explain(self._cause)
        self._others()
        if self._verbose:
            self._all_findings()
        self._next()
        self._console.print()
        style = _VERDICT_STYLES[self._report.verdict]
        self._console.print(Text(status_line(self._report), style), soft_wrap=True)

    def _title(self) -> None:
        report = self._report
        what = report.target.label
        who = printable(_who(report.persona, report.probe))
        command = "cert" if report.probe == "certificate" else report.probe
        self._console.print(Text.assemble((f"vpnprobe {command}", "bold"), who))
        self._console.print(Text(printable(what)), soft_wrap=True)
        servers = ", ".join(map(str, report.target.resolvers)) or "this machine's own"
        when = f"{report.started_at:%Y-%m-%d %H:%M} UTC, vpnprobe {report.tool.version}, DNS {servers}"
        self._console.print(Text(printable(when), "dim"))
        self._console.print()
        self._console.print(Text(headline(report), _VERDICT_STYLES[report.verdict]))
        self._console.print()

    def _stages(self) -> None:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        table.add_column(no_wrap=True, justify="right")
        stages = self._report.stages
        marks = [_MARKS[self._stage_mark(stage)] for stage in stages]
        durations = ["" if one.status == "skipped" else f"{one.duration_s * 1000:.0f} ms" for one in stages]
        # What the other columns leave: two blanks behind each, two at the margin, one for the sign of the cut.
        taken = (max(map(len, column), default=0) + 2 for column in ([m for m, _ in marks], _names(stages), durations))
        room = max(MIN_ROW_TEXT, self._console.width - 4 - sum(taken))
        for stage, (mark, style), name, duration in zip(stages, marks, _names(stages), durations, strict=True):
            table.add_row(
                Text(mark, style),
                Text(name),
                Text(self._stage_text(stage, room), "dim" if stage.status == "skipped" else ""),
                Text(duration, "dim"),
            )
        self._console.print(Padding(table, (0, 0, 0, 2)))

    def _stage_mark(self, stage: Stage) -> str:
        own = [finding for finding in self._report.findings if finding.stage == stage.name]
        failed = [finding for finding in own if finding.is_alarm]
        if self._cause is not None and self._cause.stage == stage.name:
            return "stop" if self._report.probe == "phone" else "fail"
        if any(finding.severity == "critical" for finding in failed):
            return "fail"
        if failed:
            return "warn"
        if stage.status == "skipped":
            return "skip"
        if stage.status == "failed" or any(
            finding.status in ("inconclusive", "error") and finding.severity == "critical" for finding in own
        ):
            return "unknown"
        return "ok"

    def _stage_text(self, stage: Stage, room: int) -> str:
        """What was seen, or, where that is not as it ought to be, the finding that says so, cut to one line."""
        finding = self._telling(stage)
        if finding is not None:
            return printable(f"{finding.id} {finding.summary}", room)
        seen = describe_stage(self._report.evidence, stage.name)
        if seen or not stage.because:
            return seen
        because = printable(stage.because)
        return f"not reached: {because.replace('-', ' ')}" if because in _NAMED_REASONS else because

    def _telling(self, stage: Stage) -> Finding | None:
        own = [finding for finding in self._report.findings if finding.stage == stage.name]
        if stage.status == "skipped" and not any(finding.is_alarm for finding in own):
            return None
        cause = [finding for finding in own if finding is self._cause]
        alarms = sorted((finding for finding in own if finding.is_alarm), key=lambda f: f.severity)
        unknown = [f for f in own if f.status in ("inconclusive", "error") and f.severity == "critical"]
        return next(iter((*cause, *alarms, *unknown)), None)

    def _hellos(self) -> None:
        evidence = self._report.evidence
        for address, rows in groupby(hello_rows(evidence), key=lambda row: row.address):
            self._heading(f"What each hello is given at {address}")
            table = Table.grid(padding=(0, 2, 0, 0))
            for row in rows:
                table.add_row(*(Text(cell) for cell in (row.hello, row.letter, row.version, row.suite)))
            self._console.print(Padding(table, (0, 0, 0, 2)))
        certificates = list(certificate_lines(evidence))
        if certificates:
            self._heading("Certificates, by certHash")
            for line in certificates:
                self._command(line)
        for enumeration in evidence.enumerations:
            self._heading(f"Accepted at {enumeration.address}")
            for line in suite_lines(enumeration):
                self._command(line)

    def _explain(self, cause: Finding) -> None:
        self._heading(f"Why  {cause.id} {cause.name}")
        self._paragraph(printable(f"{cause.subject}: {cause.summary}", 1200))
        has_alternatives = any(fix.when for fix in cause.fix)
        if self._verbose or not has_alternatives:
            self._logs(cause.logs)
        # What to do stands nearest to the end, where the eye of whoever scrolls not is.
        if cause.fix:
            self._heading("Possible causes" if cause.fix[0].when else "Mend it")
            self._fixes(cause.fix)

    def _logs(self, logs: Logs) -> None:
        sources = {"phone": logs.phone, "ASA": logs.asa, "Microsoft": logs.edge, "Expressway": logs.expressway}
        told = {source: lines for source, lines in sources.items() if lines}
        if not told:
            return
        self._heading("Recognise it in the logs")
        width = max(5, *map(len, told))
        for source, lines in told.items():
            shown = lines if self._verbose else lines[-MAX_LOG_LINES:]
            for line in shown:
                self._command(f"{source:{width}}  {line}")
            if len(shown) < len(lines):
                self._command(f"{'':{width}}  {len(lines) - len(shown)} earlier ones with --verbose")

    def _fixes(self, fixes: tuple[Fix, ...]) -> None:
        """Write how to mend it, once for each guide; of causes that look the same, what tells them apart.

        What stands before those causes in the guide is likelier than they are.
        """
        if fixes in self._shown_fixes:
            return
        self._shown_fixes.add(fixes)
        alternatives = [fix for fix in fixes if fix.when]
        likelier = list(takewhile(lambda fix: not fix.when, fixes))
        self._platforms(likelier)
        if likelier and alternatives:
            self._command("Other causes look the same from outside:")
        for number, fix in enumerate(alternatives, start=1):
            self._step(f"  {number}. ", f"{fix.when}:")
            for command in fix.confirm if self._verbose else fix.confirm[:1]:
                self._command(f"   look  {command}")
            for sign in fix.signs if self._verbose else fix.signs[:1]:
                self._command(f"   sign  {sign}")
            if self._verbose:
                self._steps("   mend ", fix.steps)
        if alternatives and not self._verbose:
            self._command("How to mend each of them: --verbose")
        self._platforms(fix for fix in fixes[len(likelier) :] if not fix.when)

    def _platforms(self, fixes: Iterable[Fix]) -> None:
        for fix in fixes:
            label = fix.platform
            if len(label) > _LABEL_WIDTH:
                self._command(label)
                label = ""
            self._steps(f"{label:{_LABEL_WIDTH}}", fix.steps)

    def _steps(self, label: str, steps: Sequence[str]) -> None:
        """Write steps below each other without numbers, so that a block of commands can be pasted."""
        for step in steps:
            self._step(f"  {label}  ", step)
            label = " " * len(label)

    def _step(self, head: str, step: str) -> None:
        """Write one step: a sentence is wrapped, what is to be pasted never is."""
        for line in step_lines(head, printable(step, 2000), self._console.width):
            self._console.print(Text(line), soft_wrap=True)

    def _others(self) -> None:
        others = [f for f in self._report.findings if f.is_alarm and f is not self._cause]
        unknown = [
            f
            for f in self._report.findings
            if f.status in ("inconclusive", "error") and f.severity == "critical" and self._cause is None
        ]
        notes = [f for f in self._report.findings if f.status == "fail" and f.severity == "info"]
        alarms = "Also wrong" if self._cause else "Needs attention"
        for title, findings in ((alarms, others), ("Not known", unknown), ("Notes", notes)):
            if not findings:
                continue
            self._heading(title)
            for (subject, summary), group in groupby(findings, key=lambda finding: (finding.subject, finding.summary)):
                same = list(group)
                self._finding(_ids(same), f"{subject}: {summary}")
                if same[0].is_alarm or self._verbose:
                    self._fixes(same[0].fix)

    def _line(self, line: Line) -> None:
        if isinstance(line, Row):
            shown = wrapped(printable(line.head), printable(line.text, 2000), self._console.width)
        else:
            shown = [printable(line, 2000)]
        for one in shown:
            self._console.print(Text(one), soft_wrap=True)

    def _finding(self, ids: str, text: str) -> None:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(ratio=1, overflow="fold")
        table.add_row(Text(ids, "bold"), Text(printable(text, 800)))
        self._console.print(Padding(table, (0, 0, 0, 2)))

    def _all_findings(self) -> None:
        self._heading("Every check")
        table = Table.grid(padding=(0, 2, 0, 0))
        for _ in range(2):
            table.add_column(no_wrap=True)
        table.add_column(ratio=1, overflow="fold")
        for finding in self._report.findings:
            mark, style = _MARKS[_STATUS_MARKS[finding.status]]
            said = f"{printable(finding.subject, 60)}: {printable(finding.summary, 400)}"
            table.add_row(Text(mark, style), Text(finding.id), Text(f"{finding.name}  {said}"))
        self._console.print(Padding(table, (0, 0, 0, 2)))

    def _next(self) -> None:
        wanted = [
            f for f in self._report.findings if f.is_alarm or (self._cause is None and f.status == "inconclusive")
        ]
        steps = list(dict.fromkeys(step for finding in wanted for step in finding.next))
        if steps:
            self._heading("Next")
            for step in steps[:3]:
                self._command(step)

    def _heading(self, text: str) -> None:
        self._console.print()
        self._console.print(Text(text, "bold"))

    def _paragraph(self, text: str) -> None:
        self._console.print(Padding(Text(text), (0, 0, 0, 2)))

    def _command(self, text: str) -> None:
        self._console.print(Text("  " + printable(text, 2000)), soft_wrap=True)


def _names(stages: Sequence[Stage]) -> list[str]:
    return [stage.name.replace("-", " ") for stage in stages]


def _ids(findings: Sequence[Finding]) -> str:
    shown = " ".join(finding.id for finding in findings[:MAX_IDS])
    more = len(findings) - MAX_IDS
    return shown if more <= 0 else f"{shown} +{more}"


def _who(persona: Persona, probe: ProbeName) -> str:
    if persona.profile == MICROSOFT_EDGE:
        return "  as a Microsoft edge would look at it"
    if probe == "capf":
        return f"  as a {persona.model or persona.profile} would reach it"
    if persona.device is None:
        return ""
    if probe == "phone-web" and not persona.chosen:
        return f"  {persona.device}"
    model = persona.model or persona.profile
    profile = "" if persona.profile == model else f", profile {persona.profile}"
    return f"  {persona.device} ({model}{profile})"
