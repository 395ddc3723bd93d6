"""Where a report goes: standard output, or a file that is replaced in one step."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

from vpnprobe.cli.exitcodes import exit_code
from vpnprobe.cli.options import Format
from vpnprobe.model.errors import UsageError
from vpnprobe.model.finding import Report


class ReportSink:
    """Writes reports in the form that was asked for.

    `add` takes them as they come, so that JSON lines and text stream; `close` writes what needs all of them (JSON,
    JUnit) and returns the exit code of the whole.
    """

    def __init__(self, form: Format, *, output: str | None, quiet: bool = False, verbose: bool = False) -> None:
        if output is not None:
            _check_writable(Path(output))
        self._format = form
        self._output = output
        self._quiet = quiet
        self._verbose = verbose
        self._reports: list[Report] = []
        self._text: list[str] = []

    def add(self, report: Report) -> None:
        """Take one report."""
        self._reports.append(report)
        if self._format in (Format.JSON, Format.JUNIT):
            return
        text = self._render(report)
        if self._output is None:
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            self._text.append(text)

    def close(self) -> int:
        """Write what is still due and return the exit code."""
        if self._format is Format.JSON:
            from vpnprobe.render.json_report import render_json

            self._text.append(render_json(self._reports))
        elif self._format is Format.JUNIT:
            from vpnprobe.render.junit import render_junit

            self._text.append(render_junit(self._reports))
        if self._text:
            write_text("".join(self._text), self._output)
        return exit_code(report.verdict for report in self._reports)

    def _render(self, report: Report) -> str:
        if self._format is Format.JSONL:
            from vpnprobe.render.json_report import render_jsonl

            return render_jsonl(report)
        if self._format is Format.NAGIOS:
            from vpnprobe.render.monitoring import render_nagios

            return render_nagios(report)
        if self._quiet:
            from vpnprobe.render.status_line import status_line

            return status_line(report) + "\n"
        from vpnprobe.render.terminal import render_terminal

        color = self._output is None and wants_color()
        text = render_terminal(report, width=terminal_width(), color=color, verbose=self._verbose)
        return ("\n" if len(self._reports) > 1 else "") + text


def wants_color() -> bool:
    """Whether standard output is a terminal that may be coloured (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def terminal_width() -> int:
    """Columns of the terminal; 80 where there is none."""
    return shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80


def write_text(text: str, output: str | None) -> None:
    """Write to standard output, or replace the file in one step so that nobody ever reads half of it."""
    if output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    path = Path(output)
    if path.exists() and not path.is_file():
        # A device or a pipe is written to; replacing /dev/null would be a disaster.
        path.write_text(text, encoding="utf-8")
        return
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp makes the file private; a report may be read by whoever the umask allows.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _check_writable(path: Path) -> None:
    """Complain before the run, not after it."""
    if path.is_dir():
        raise UsageError(f"--output {path}: this is a directory; name a file in it")
    if not path.parent.is_dir():
        raise UsageError(f"--output {path}: {path.parent} does not exist; make it first")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"--output {path}: no permission to write in {path.parent}")


def progress_on_terminal(stage: str) -> None:
    """Show the running stage on standard error, only where a person watches."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{stage.replace('-', ' ')} …")
        sys.stderr.flush()


def clear_progress() -> None:
    """Remove the progress line."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
