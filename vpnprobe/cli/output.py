"""Where a report goes: standard output, or a file that is replaced in one step."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import typer

from vpnprobe.cli.exitcodes import UNKNOWN, exit_code
from vpnprobe.cli.options import Format
from vpnprobe.model.errors import UsageError
from vpnprobe.model.finding import Report, Verdict

if TYPE_CHECKING:
    from vpnprobe.render.terminal import Section

# Forms that need every report before the first word can be said.
_WHOLE = (Format.JSON, Format.JUNIT, Format.NAGIOS, Format.PROMETHEUS)


class ReportSink:
    """Writes reports in the form that was asked for.

    `add` takes them as they come. JSON lines go out in that order, text in the order of their places, each as soon as
    it can; neither is kept. `close` writes what needs all of them (JSON, JUnit, nagios, Prometheus) and returns the
    exit code of the whole. With `several` each status line names its target; with `summary` text ends with a line about
    them all. `line` is how text shows each report instead of by its page, one below the other;
    `sections` gives what the page has besides stages and findings.
    """

    def __init__(
        self,
        form: Format,
        *,
        output: str | None,
        quiet: bool = False,
        verbose: bool = False,
        several: bool = False,
        summary: bool = False,
        line: Callable[[Report], str] | None = None,
        sections: Callable[[Report], Sequence[Section]] | None = None,
    ) -> None:
        check_output(output)
        if form is Format.PROMETHEUS:
            from vpnprobe.render.prometheus import require_prometheus_client

            require_prometheus_client()
        self._format = form
        self._output = output
        self._quiet = quiet
        self._verbose = verbose
        self._several = several
        self._summary = summary and not quiet and form is Format.TEXT
        self._line = line
        self._sections = sections
        self._added = 0
        self._seen: set[Verdict] = set()
        self._verdicts: dict[int, tuple[str, Verdict]] = {}
        self._reports: dict[int, Report] = {}
        self._waiting: dict[int, str] = {}
        self._next = 0
        self._written = False
        self._spool: IO[str] | None = None

    def add(self, report: Report, place: int | None = None) -> None:
        """Take one report; `place` is where it stands among them all, by default behind those that were added."""
        if place is None:
            place = self._added
        self._added += 1
        self._seen.add(report.verdict)
        if self._summary:
            self._verdicts[place] = report.target.label, report.verdict
        if self._format in _WHOLE:
            self._reports[place] = report
        elif self._format is Format.JSONL:
            self._write(self._render(report))
        else:
            self._waiting[place] = self._render(report)
            while self._next in self._waiting:
                self._write(self._waiting.pop(self._next))
                self._next += 1

    def tell(self, text: str) -> None:
        """Write more behind the reports that were added, where text is what is written."""
        if self._format is Format.TEXT:
            self._write(text)

    def close(self) -> int:
        """Write what is still due and return the exit code."""
        for _, text in sorted(self._waiting.items()):
            self._write(text)
        self._waiting.clear()
        if self._format in _WHOLE:
            self._write(self._render_whole([report for _, report in sorted(self._reports.items())]))
        elif self._summary and self._verdicts:
            from vpnprobe.render.monitoring import summary_line

            verdicts = [verdict for _, verdict in sorted(self._verdicts.items())]
            self._write(f"{summary_line(verdicts, 'domains')}\n")
        if self._spool is not None:
            with self._spool:
                self._spool.seek(0)
                write_parts(self._spool, self._output)
        return exit_code(self._seen)

    def _write(self, text: str) -> None:
        """Write to standard output at once, to a file only when all is there."""
        if self._written and self._format is Format.TEXT and not self._quiet and self._line is None:
            text = f"\n{text}"
        self._written = True
        if self._output is None:
            sys.stdout.write(text)
            sys.stdout.flush()
            return
        if self._spool is None:
            self._spool = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115 - closed as below
            # However the run ends, the file goes with the sink.
            weakref.finalize(self, self._spool.close)
        self._spool.write(text)

    def _render(self, report: Report) -> str:
        if self._format is Format.JSONL:
            from vpnprobe.render.json_report import render_jsonl

            return render_jsonl(report)
        if self._line is not None:
            text = self._line(report)
            return f"{text}\n" if text else ""
        if self._quiet:
            from vpnprobe.render.monitoring import named_status_line
            from vpnprobe.render.status_line import status_line

            # What is said of a domain is about its edges, which have other names.
            is_named = self._several or report.probe == "federation"
            return (named_status_line(report) if is_named else status_line(report)) + "\n"
        from vpnprobe.render.terminal import render_terminal

        color = self._output is None and wants_color()
        return render_terminal(
            report,
            width=terminal_width(),
            color=color,
            verbose=self._verbose,
            sections=self._sections(report) if self._sections is not None else (),
        )

    def _render_whole(self, reports: list[Report]) -> str:
        if self._format is Format.JSON:
            from vpnprobe.render.json_report import render_json

            return render_json(reports)
        if self._format is Format.JUNIT:
            from vpnprobe.render.junit import render_junit

            return render_junit(reports)
        if self._format is Format.PROMETHEUS:
            from vpnprobe.render.prometheus import render_prometheus

            return render_prometheus(reports)
        from vpnprobe.render.monitoring import render_nagios

        return render_nagios(reports)


def wants_color() -> bool:
    """Whether standard output is a terminal that may be coloured (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def terminal_width() -> int:
    """Columns of the terminal; 80 where there is none."""
    return shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80


def write_text(text: str, output: str | None) -> None:
    """Write to standard output, or replace the file in one step so that nobody ever reads half of it.

    A device or a pipe is written to: replacing /dev/null would be a disaster. A link's target is replaced, not the
    link, and a file that is there keeps its mode.
    """
    write_parts((text,), output)


def write_parts(parts: Iterable[str], output: str | None) -> None:
    """Write part by part as `write_text` writes the whole."""
    if output is None:
        sys.stdout.writelines(parts)
        sys.stdout.flush()
        return
    path = Path(output)
    check_writable(path)
    try:
        if path.exists() and not path.is_file():
            with path.open("w", encoding="utf-8") as stream:
                stream.writelines(parts)
        else:
            _replace(path.resolve(), parts)
    except OSError as error:
        raise UsageError(f"--output {output}: {error.strerror or error}; name another file") from error


def _replace(path: Path, parts: Iterable[str]) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.writelines(parts)
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp makes the file private; a new report may be read by whoever the umask allows.
        temporary.chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def check_output(output: str | None) -> None:
    """Raise `UsageError` where --output names what cannot be written."""
    if output is not None:
        check_writable(Path(output))


def check_writable(path: Path) -> None:
    """Raise `UsageError` where nothing could be written: to be told before the run, not after it."""
    if path.is_dir():
        raise UsageError(f"--output {path}: this is a directory; name a file in it")
    if path.exists() and not path.is_file():
        if not os.access(path, os.W_OK):
            raise UsageError(f"--output {path}: no permission to write to it; name another file")
        return
    parent = path.resolve().parent
    if not parent.is_dir():
        raise UsageError(f"--output {path}: {parent} does not exist; make it first")
    if not os.access(parent, os.W_OK):
        raise UsageError(f"--output {path}: no permission to write in {parent}; name a file elsewhere")


def help_when_alone(context: typer.Context) -> None:
    """Show the help of a group of commands that was called without a command, and end."""
    if context.invoked_subcommand is None:
        sys.stderr.write(context.get_help() + "\n")
        raise typer.Exit(UNKNOWN)


def progress_on_terminal(stage: str) -> None:
    """Show the running stage on standard error, only where a person watches."""
    if sys.stderr.isatty():
        # A line that wraps could not be taken back.
        room = os.get_terminal_size(sys.stderr.fileno()).columns - 3
        shown = stage.replace("-", " ")
        sys.stderr.write(f"\r\x1b[K{shown[:room] if room > 0 else shown} …")
        sys.stderr.flush()


def progress_unless(quiet: bool) -> Callable[[str], None] | None:
    """Return what shows the running stage, or None where nothing but the result is to be said."""
    return None if quiet else progress_on_terminal


def clear_progress() -> None:
    """Remove the progress line."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
