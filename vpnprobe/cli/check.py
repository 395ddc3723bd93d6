"""`vpnprobe check`: run every probe of a plan once, for cron, a timer or a monitoring system."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, repeat
from typing import TYPE_CHECKING, Annotated

import typer

from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.exitcodes import UNKNOWN, exit_code
from vpnprobe.cli.plan import PlanArgument
from vpnprobe.cli.stopping import run_stoppable
from vpnprobe.model.choice import did_you_mean
from vpnprobe.model.errors import UsageError
from vpnprobe.render.escape import printable

if TYPE_CHECKING:
    from vpnprobe.fleet.measuring import Unmeasured
    from vpnprobe.fleet.plan import Plan, PlannedProbe
    from vpnprobe.model.finding import Report
    from vpnprobe.render.monitoring import CheckedProbe

# Monitoring systems show a first line; what is longer than this they cut.
_MAX_TEXT = 1000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check", cls=PlainCommand)(check)


def check(
    file: PlanArgument,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--probe", metavar="NAME", envvar="VPNPROBE_PROBE", help="Run this probe only; repeat for others."
        ),
    ] = None,
    deadline: Annotated[
        float | None,
        typer.Option(
            "--deadline",
            min=0.1,
            max=86400,
            metavar="SECONDS",
            envvar="VPNPROBE_DEADLINE",
            help="Longest time for all together, such as the monitoring system waits; what is not known by then is "
            "UNKNOWN. Each probe also has its own.",
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            metavar="FILE|URL",
            envvar="VPNPROBE_DATABASE",
            help="Keep the runs in this history: a file, or postgresql://user@host/database. Without it, in that of "
            "the plan, if it names one.",
        ),
    ] = None,
) -> int:
    """Run every probe of a plan once, and say how all of them are: for cron, a systemd timer or a monitoring system.

    Example: vpnprobe check plan.toml

    Example: vpnprobe check plan.toml --probe gateway-berlin --deadline 25

    The first line is that of a monitoring plug-in, STATUS: text | performance data, and the exit code goes with it;
    then comes a line for each probe. Thresholds and alerts are the business of whoever calls this.
    """
    from vpnprobe.cli.planned import read_plan
    from vpnprobe.fleet.plan import PlanError
    from vpnprobe.render.monitoring import render_check

    try:
        plan = read_plan(file)
        probes = _chosen(plan, only)
    except UsageError as error:
        # Whoever calls this reads standard output, and of that the first line.
        told = error.complaints if isinstance(error, PlanError) else (str(error),)
        sys.stdout.writelines(
            f"{word}{printable(text, _MAX_TEXT)}\n" for word, text in zip(_heads(), told, strict=False)
        )
        return UNKNOWN
    done = _run(plan, probes, deadline)
    checked = [_checked(planned, done[planned.name]) for planned in probes]
    sys.stdout.write(render_check(checked))
    sys.stdout.flush()
    named = database or plan.database
    if named is not None:
        _keep(named, done)
    if not only:
        _write_metrics(plan, done)
    return exit_code(probe.verdict for probe in checked)


def _heads() -> Iterator[str]:
    """What stands before each line of a refusal."""
    return chain(("UNKNOWN: ",), repeat(""))


def _chosen(plan: Plan, names: Sequence[str] | None) -> list[PlannedProbe]:
    by_name = {planned.name: planned for planned in plan.probes}
    for name in names or ():
        if name not in by_name:
            raise UsageError(f"the plan has no probe {name!r}; {did_you_mean(name, list(by_name))}")
    return [by_name[name] for name in dict.fromkeys(names or by_name)]


def _run(plan: Plan, probes: Sequence[PlannedProbe], deadline: float | None) -> dict[str, Report | Unmeasured]:
    """Return what came of each of the probes, by name, also where somebody stops the run."""
    from vpnprobe.fleet.checking import DEFAULT_AT_ONCE, check_once
    from vpnprobe.fleet.measuring import Unmeasured

    done: dict[str, Report | Unmeasured] = {}

    async def run() -> str:
        def take(planned: PlannedProbe, outcome: Report | Unmeasured) -> None:
            done[planned.name] = outcome

        try:
            async with asyncio.timeout(deadline):
                await check_once(probes, plan.makers, take, at_once=plan.at_once or DEFAULT_AT_ONCE)
        except TimeoutError:
            return "not finished by the deadline of the check"
        except asyncio.CancelledError:
            return "interrupted"
        return ""

    reason = run_stoppable(run())
    return {planned.name: done.get(planned.name, Unmeasured(reason)) for planned in probes}


def _checked(planned: PlannedProbe, outcome: Report | Unmeasured) -> CheckedProbe:
    from vpnprobe.model.finding import Report
    from vpnprobe.render.monitoring import CheckedProbe
    from vpnprobe.render.status_line import status_line

    if isinstance(outcome, Report):
        return CheckedProbe(planned.name, outcome.verdict, status_line(outcome), outcome.duration_s)
    for line in outcome.details:
        sys.stderr.write(f"{printable(line, _MAX_TEXT)}\n")
    return CheckedProbe(planned.name, "inconclusive", f"UNKNOWN: {printable(outcome.reason, _MAX_TEXT)}", None)


def _write_metrics(plan: Plan, done: Mapping[str, Report | Unmeasured]) -> None:
    """Write the plan's file of metrics, if it names one. What has been printed stays true where that fails."""
    from vpnprobe.cli.metrics import textfile_of
    from vpnprobe.fleet.measuring import success_of

    try:
        textfile = textfile_of(plan)
        if textfile is not None:
            for planned in plan.probes:
                outcome = done[planned.name]
                textfile.put(planned, outcome, datetime.now(UTC), success_of(outcome, None))
            textfile.write()
    except UsageError as error:
        sys.stderr.write(f"vpnprobe: {printable(str(error), _MAX_TEXT)}\n")
    except OSError as error:
        sys.stderr.write(f"vpnprobe: textfile {plan.textfile}: {error.strerror or error}\n")


def _keep(named: str, done: Mapping[str, Report | Unmeasured]) -> None:
    """Keep the runs in the history. What has been printed stays true where that fails."""
    from vpnprobe.history.recorder import Recorder
    from vpnprobe.history.store import History
    from vpnprobe.model.finding import Report

    try:
        with History(named) as history, Recorder(history) as recorder:
            for name, outcome in done.items():
                if isinstance(outcome, Report):
                    recorder.take(outcome, name)
    except UsageError as error:
        sys.stderr.write(f"vpnprobe: {printable(str(error), _MAX_TEXT)}\n")
