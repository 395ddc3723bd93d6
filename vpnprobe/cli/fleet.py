"""What the commands over a whole fleet share: their options, the way of their lines, and progress."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import gc
import sys
import tempfile
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Protocol

import typer

from vpnprobe.cli.options import DEFAULT_MODEL
from vpnprobe.cli.output import check_output, clear_progress, progress_on_terminal, write_parts
from vpnprobe.cli.stopping import run_stoppable
from vpnprobe.fleet.options import CollectOptions, FetchBy
from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import TFTP_PORT, Endpoint, parse_endpoint

if TYPE_CHECKING:
    from vpnprobe.fleet.inventory import Inventory
    from vpnprobe.fleet.lines import FleetLines
    from vpnprobe.fleet.sweep import FleetRun
    from vpnprobe.model.fleet import FleetInterruption, FleetLine, FleetSummary, Phone
    from vpnprobe.probes.options import NetworkOptions

# The rate that is shown is that of the last so many seconds.
_RATE_WINDOW_S = 10.0
# Progress is written no more often than this.
_PROGRESS_EVERY_S = 0.2

# Open files: each phone that is under way has one, and so many phones are for each file (`FleetRun`); then gateways,
# DNS, and what the program itself has open.
_PHONE_FILES = 2
_OTHER_FILES = 100

# Rows of an inventory that are told one by one.
_TOLD_ROWS = 20


class Fetch(enum.StrEnum):
    """How configurations are fetched."""

    AUTO = "auto"
    TFTP = "tftp"
    HTTP = "http"


InventoryArgument = Annotated[
    str,
    typer.Argument(
        metavar="INVENTORY",
        help="CSV (such as an export of CUCM's Bulk Administration), a list of MAC addresses, or TOML; - is standard "
        "input.",
    ),
]
ServersOption = Annotated[
    list[str],
    typer.Option(
        "--tftp",
        metavar="HOST[:PORT]",
        envvar="VPNPROBE_TFTP",
        help="Configuration server (CUCM); repeat for others, asked where the ones before do not answer.",
    ),
]
FetchOption = Annotated[
    Fetch,
    typer.Option(
        "--fetch", envvar="VPNPROBE_FETCH", help="How configurations are fetched; auto: as the phone's model does."
    ),
]
HttpPortOption = Annotated[
    int | None,
    typer.Option(
        "--http-port",
        min=1,
        max=65535,
        metavar="PORT",
        envvar="VPNPROBE_HTTP_PORT",
        help="CUCM's HTTP port for files (6970).",
    ),
]
FilesOption = Annotated[
    int,
    typer.Option(
        "--parallel",
        min=1,
        max=512,
        metavar="NUMBER",
        envvar="VPNPROBE_PARALLEL",
        help="Files at the same time from one configuration server.",
    ),
]
RateOption = Annotated[
    float,
    typer.Option(
        "--rate",
        min=0,
        max=100_000,
        metavar="NUMBER",
        envvar="VPNPROBE_RATE",
        help="Files begun in one second at one configuration server; 0 is without a limit.",
    ),
]
RetriesOption = Annotated[
    int,
    typer.Option(
        "--retries",
        min=0,
        max=10,
        metavar="NUMBER",
        envvar="VPNPROBE_RETRIES",
        help="Further attempts for a file that was lost on the way; an answer is never asked for twice.",
    ),
]
FleetModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        envvar="VPNPROBE_MODEL",
        help="Phone to imitate where the inventory names no model. Without it the phone's firmware load tells, else "
        f"it is {DEFAULT_MODEL}.",
    ),
]
FleetDeadlineOption = Annotated[
    float | None,
    typer.Option(
        "--deadline",
        min=0.1,
        max=604_800,
        metavar="SECONDS",
        envvar="VPNPROBE_DEADLINE",
        help="Longest time for the whole run; what is left then can be gone on with by --resume.",
    ),
]
GroupByOption = Annotated[
    list[str] | None,
    typer.Option(
        "--group-by",
        metavar="LABEL",
        envvar="VPNPROBE_GROUP_BY",
        help="Count for each value of this column of the inventory, too; repeat for more.",
    ),
]
ResumeOption = Annotated[
    str | None,
    typer.Option(
        "--resume",
        metavar="FILE",
        envvar="VPNPROBE_RESUME",
        help="Keep every result in FILE (JSON lines) as soon as it is known; where FILE is there, go on with that run.",
    ),
]


class LineWriter(Protocol):
    """Turns the lines of a run into text, as they come; the last one is the summary."""

    def add(self, line: FleetLine) -> str:
        """Return what is to be written now."""
        ...


class FleetOutput:
    """Writes text as it comes to standard output, or to a file that is replaced in one step at the end."""

    def __init__(self, writer: LineWriter, output: str | None) -> None:
        check_output(output)
        self._writer = writer
        self._output = output
        self._spool: IO[str] | None = None
        if output is not None:
            self._spool = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115 - closed as below
            # However the run ends, the file goes with this object.
            weakref.finalize(self, self._spool.close)

    def show(self, line: FleetLine) -> None:
        """Write one line."""
        text = self._writer.add(line)
        if not text:
            return
        if self._spool is not None:
            with _room_for_report():
                self._spool.write(text)
        else:
            clear_progress()
            sys.stdout.write(text)
            # Whoever reads a pipe is not to wait for the next thousand phones.
            sys.stdout.flush()

    def close(self) -> None:
        """Write what is not written yet."""
        if self._spool is None:
            return
        with _room_for_report():
            self._spool.seek(0)
        write_parts(self._spool, self._output)
        self._spool.close()


@contextlib.contextmanager
def _room_for_report() -> Iterator[None]:
    """Say where there is no room: it is not where the report is to go in the end."""
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"{tempfile.gettempdir()}, where the report waits to be whole: {error.strerror or error}; make room there, "
            "or name another directory by the environment's TMPDIR"
        ) from error


class FleetProgress:
    """Shows how many phones are finished, how fast, and how long the rest takes; only where a person watches."""

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._total = total
        self._clock = clock
        self._shown_at = 0.0
        self._marks: deque[tuple[float, int]] = deque()

    def update(self, finished: int) -> None:
        """Tell how many phones are finished."""
        now = self._clock()
        if now - self._shown_at < _PROGRESS_EVERY_S:
            return
        self._shown_at = now
        progress_on_terminal(self.text(now, finished))

    def text(self, now: float, finished: int) -> str:
        """Return the line for this moment."""
        self._marks.append((now, finished))
        while now - self._marks[0][0] > _RATE_WINDOW_S and len(self._marks) > 2:
            self._marks.popleft()
        told = f"{finished:,} of {self._total:,} phones"
        then, before = self._marks[0]
        if finished == before or now == then:
            return told
        rate = (finished - before) / (now - then)
        return f"{told}, {rate:,.0f}/s, {_left((self._total - finished) / rate)} left"


def collect_options(
    servers: Sequence[str],
    fetch: Fetch,
    http_port: int | None,
    parallel: int,
    rate: float,
    retries: int,
    network: NetworkOptions,
) -> CollectOptions:
    """Return what configurations are fetched with; raises `UsageError` where so many cannot be under way at once."""
    _allow_open_files(_PHONE_FILES * parallel + _OTHER_FILES, parallel)
    wanted: FetchBy = fetch.value
    return CollectOptions(
        servers=tuple(_server(word) for text in servers for word in text.replace(",", " ").split() or [text]),
        fetch=wanted,
        http_port=http_port,
        parallel=parallel,
        rate=rate,
        retries=retries,
        timeout=network.timeout,
        families=network.families,
    )


def _allow_open_files(wanted: int, parallel: int) -> None:
    """Have so many files open at once: a want of them here would be told as a server that does not answer."""
    try:
        import resource
    except ImportError:  # not on this system, which has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (ValueError, OSError) as error:
        raise UsageError(
            f"--parallel {parallel} may need {wanted:,} open files, and {hard:,} are allowed here; give a smaller one, "
            "or raise ulimit -n"
        ) from error


def _server(text: str) -> Endpoint:
    if text == "dhcp" or text.startswith("dhcp:"):
        raise UsageError("--tftp dhcp is for a single phone; name the configuration server")
    return parse_endpoint(text, TFTP_PORT)


def read_phones(name: str, group_by: Sequence[str]) -> Inventory:
    """Read the inventory; rows that cannot be used are told on standard error."""
    from vpnprobe.fleet.inventory import load_inventory

    inventory = load_inventory(name, sys.stdin.buffer, wanted=group_by)
    where = "standard input" if name == "-" else name
    for problem in inventory.problems[:_TOLD_ROWS]:
        _say(f"{where}, line {problem.line}: {problem.reason}")
    more = len(inventory.problems) - _TOLD_ROWS
    if more > 0:
        _say(f"{where}: {more:,} more rows cannot be used")
    for note in inventory.notes:
        _say(f"{where}: {note}")
    return inventory


def go_through(
    inventory: Inventory,
    lines: FleetLines,
    make_run: Callable[[Callable[[FleetLine], None]], FleetRun],
    *,
    resume: str | None,
    quiet: bool,
) -> FleetSummary:
    """Run over the phones that have no line yet, end with the summary, and return that."""
    progress = None if quiet else FleetProgress(len(inventory.phones))
    earlier = lines.finished

    def take(line: FleetLine) -> None:
        lines.take(line)
        if progress is not None:
            progress.update(lines.finished)

    if earlier:
        # Also where nothing else is told: these results may be old.
        _say(
            f"phones that are finished already: {earlier:,}, of the run begun {lines.start.started_at:%Y-%m-%d %H:%M} "
            f"UTC; going on with the rest; to look at all of them again, name another file than {resume}"
        )
    if progress is not None:
        # The first phone may take long, where the server does not answer.
        progress.update(earlier)
    # What is there by now stays to the end of the run: to look through a whole inventory for garbage is in vain.
    gc.freeze()
    run = make_run(take)
    try:
        interrupted = run_stoppable(_until_stopped(run, lines.waiting(inventory.phones)))
    finally:
        gc.unfreeze()
    if not quiet:
        clear_progress()
    not_reached = sum(1 for _ in lines.waiting(inventory.phones))
    others = sum(problem.is_other_device for problem in inventory.problems)
    other_devices = [f"rows of devices that are no phones: {others:,}; they do not count"] if others else []
    summary = lines.finish(
        interrupted,
        not_reached=not_reached,
        row_problems=len(inventory.problems) - others,
        duplicates=inventory.merged,
        notes=(*inventory.notes, *other_devices, *run.notes(inventory.phones)),
    )
    if interrupted and not quiet:
        then = f"go on with --resume {resume}" if resume else "begin with --resume FILE to be able to go on"
        _say(f"phones that were not reached: {not_reached:,}; {then}")
    return summary


async def _until_stopped(run: FleetRun, phones: Iterable[Phone]) -> FleetInterruption | None:
    try:
        return await run.run(phones)
    except asyncio.CancelledError:
        return "interrupt"


def resume_path(resume: str | None, output: str | None) -> Path | None:
    """Return the journal's path; raises `UsageError` where the report would replace it."""
    if resume is None:
        return None
    path = Path(resume)
    if output is not None and path.resolve() == Path(output).resolve():
        raise UsageError("--resume and --output name the same file; the results stay in the one of --resume")
    return path


def _left(seconds: float) -> str:
    minutes = round(seconds) // 60
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {round(seconds) % 60} s" if minutes else f"{round(seconds)} s"


def _say(text: str) -> None:
    from vpnprobe.render.escape import printable

    clear_progress()
    sys.stderr.write(f"vpnprobe: {printable(text, 2000)}\n")
