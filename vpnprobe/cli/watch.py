"""`vpnprobe watch`: stay, and run the probes of a plan again and again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vpnprobe.cli import options as shared
from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.exitcodes import OK
from vpnprobe.cli.plan import PlanArgument
from vpnprobe.model.errors import UsageError

if TYPE_CHECKING:
    from vpnprobe.fleet.events import Event, Tell
    from vpnprobe.fleet.plan import Plan
    from vpnprobe.fleet.watch import Watch
    from vpnprobe.history.store import History


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("watch", cls=PlainCommand)(watch)


def watch(
    file: PlanArgument,
    state: Annotated[
        str | None,
        typer.Option(
            "--state",
            metavar="FILE",
            envvar="VPNPROBE_STATE",
            help="What must not be forgotten: alarms, and alerts not delivered yet. Without it, a file for this plan "
            "in the service's or the user's state directory.",
        ),
    ] = None,
    database: shared.DatabaseOption = None,
    no_history: Annotated[
        bool,
        typer.Option(
            "--no-history", envvar="VPNPROBE_NO_HISTORY", help="Keep no history; then no drift is told either."
        ),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", envvar="VPNPROBE_VERBOSE", help="Also log every single run.")
    ] = False,
) -> int:
    """Run the probes of a plan again and again, each in its own interval, and tell when one of them changes.

    Example: vpnprobe watch plan.toml

    A line on standard error tells of each change, and the alerts of the plan are sent: so many bad results in a row
    raise an alarm, so many good ones give the all-clear. Whatever is wrong with a probe, an alert, the disk or the
    database is told, and the watch goes on.

    SIGHUP has the plan read again; where the new one is wrong, the old one stays. SIGTERM and Ctrl-C end the watch.
    Alarms, rhythm and alerts that wait are taken up again by the next start.
    """
    from vpnprobe.cli.metrics import textfile_of
    from vpnprobe.cli.planned import read_plan, read_plan_aloud
    from vpnprobe.fleet.backlog import HistoryBacklog
    from vpnprobe.fleet.checking import DEFAULT_AT_ONCE
    from vpnprobe.fleet.state import StateFile
    from vpnprobe.fleet.textfile import TextfileKeeper
    from vpnprobe.fleet.watch import Surroundings, Watch
    from vpnprobe.render.status_line import status_line
    from vpnprobe.transport.supervisor import Supervisor

    if file == "-":
        raise UsageError("a plan that is watched is read again on SIGHUP, so it cannot be standard input; name a file")
    plan = read_plan_aloud(file)
    path = Path(file).absolute()
    tell = _teller(verbose=verbose)
    textfile = textfile_of(plan)
    kept = None if no_history else _history(plan, database, tell)
    surroundings = Surroundings(
        load=lambda: read_plan(str(path)),
        tell=tell,
        now=_now,
        chance=random.random,
        status_line=status_line,
        state=StateFile(_state_file(plan, state, path)),
        history=None if kept is None else HistoryBacklog(kept, tell, _now, keep_days=plan.keep_days),
        supervisor=Supervisor(os.environ),
        textfile=None if textfile is None else TextfileKeeper(textfile, tell),
        at_once=plan.at_once or DEFAULT_AT_ONCE,
    )
    try:
        asyncio.run(_heeding_signals(Watch(surroundings, plan)))
    finally:
        if kept is not None:
            kept.close()
    return OK


async def _heeding_signals(watching: Watch) -> None:
    """Watch until a signal asks for the end; a second one does not wait for it."""
    task = asyncio.current_task()
    assert task is not None
    asked = False

    def end() -> None:
        nonlocal asked
        if asked:
            task.cancel()
        asked = True
        watching.stop()

    loop = asyncio.get_running_loop()
    wanted = {"SIGTERM": end, "SIGINT": end, "SIGHUP": watching.reload}
    for name, heed in wanted.items():
        number = getattr(signal, name, None)
        # `nohup` has SIGHUP ignored, and means it.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            with contextlib.suppress(NotImplementedError, RuntimeError):
                loop.add_signal_handler(number, heed)
    try:
        await watching.run()
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _now() -> datetime:
    return datetime.now(UTC)


def _teller(*, verbose: bool) -> Tell:
    from vpnprobe.render.log_line import log_line

    def tell(event: Event) -> None:
        if event.name == "run" and not verbose:
            return
        # A log that cannot be written is no reason to stop looking.
        with contextlib.suppress(OSError):
            sys.stderr.write(log_line(_now(), event.gravity, event.name, event.facts))
            sys.stderr.flush()

    return tell


def _state_file(plan: Plan, option: str | None, plan_file: Path) -> Path:
    """Return the file that was asked for, or the one for this plan beside the history's default."""
    from vpnprobe.history.location import default_file

    named = option or plan.state
    if named is not None:
        return Path(named).absolute()
    path = default_file(os.environ).with_name(f"watch-{plan_file.stem}.json")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{path.parent}: {error.strerror}; name another place with --state FILE") from error
    return path


def _history(plan: Plan, option: str | None, tell: Tell) -> History:
    """Open the history.

    A server that is not there just now will be, and for a disk that is full nobody's eyes are shut; a file that cannot
    be one is a mistake.
    """
    from vpnprobe.fleet.events import Event
    from vpnprobe.history.faults import HistoryError, HistoryTrouble
    from vpnprobe.history.location import default_file
    from vpnprobe.history.store import History

    named = option or plan.database
    if named is None:
        default = default_file(os.environ)
        try:
            default.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"{default.parent}: {error.strerror}; name another place with --database, or give --no-history"
            ) from error
        named = str(default)
    history = History(named)
    try:
        history.open()
    except HistoryError as error:
        if "://" not in history.place and not isinstance(error, HistoryTrouble):
            raise
        tell(Event("history-not-opened", "error", {"reason": str(error)}))
    return history
