"""`vpnprobe plan`: everything about a plan but running it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vpnprobe.cli import options as shared
from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.exitcodes import OK
from vpnprobe.cli.output import help_when_alone, write_text
from vpnprobe.model.errors import UsageError
from vpnprobe.render.escape import printable

if TYPE_CHECKING:
    from vpnprobe.fleet.plan import PlannedProbe

plan_app = typer.Typer(rich_markup_mode=None)

PlanArgument = Annotated[
    str, typer.Argument(metavar="PLAN", help="The plan, a TOML file; vpnprobe plan example prints one.")
]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(plan_app, name="plan")


@plan_app.callback(invoke_without_command=True)
def plan(context: typer.Context) -> None:
    """Plans of probes that run again and again: write one, check it, have it run by systemd, be alerted by Prometheus.

    Example: vpnprobe plan example --output plan.toml
    """
    help_when_alone(context)


@plan_app.command("check", cls=PlainCommand)
def check(file: PlanArgument, quiet: shared.QuietOption = False) -> int:
    """Say what is wrong with a plan, each with its line, and what it does where nothing is. Nothing is dialled.

    Example: vpnprobe plan check plan.toml

    Files that the plan names are read, so check it on the machine that it is for. - is standard input. Directories
    that are not there yet, for what is to be written, are told on standard error.
    """
    from vpnprobe.cli.planned import read_plan_aloud

    read = read_plan_aloud(file)
    if not quiet:
        sys.stdout.writelines(f"{printable(_described(probe))}\n" for probe in read.probes)
    for setting, name in read.written.items():
        folder = Path(name).absolute().parent
        if not folder.is_dir():
            sys.stderr.write(
                f"vpnprobe: {setting}: there is no {printable(str(folder))} yet; make it before the start\n"
            )
    alerts = ", ".join(target.name for target in read.alerts) or "nobody"
    sys.stdout.write(f"{_count(len(read.probes), 'probe')}; alerts go to {alerts}; the plan is in order\n")
    return OK


@plan_app.command("example", cls=PlainCommand)
def example(output: shared.OutputOption = None) -> int:
    """Print a plan with comments on everything that can be set.

    Example: vpnprobe plan example --output plan.toml
    """
    from vpnprobe.fleet.plan import example_plan

    write_text(example_plan(), output)
    return OK


@plan_app.command("systemd", cls=PlainCommand)
def systemd(
    file: PlanArgument,
    user: Annotated[
        str | None,
        typer.Option(
            "--user", metavar="NAME", help="Run as this user. Without it, systemd makes a user for the service."
        ),
    ] = None,
    into: Annotated[
        str | None,
        typer.Option(
            "--into", metavar="DIRECTORY", help="Write the units into this directory instead of printing them."
        ),
    ] = None,
) -> int:
    """Print units for systemd: a service that watches, a timer that checks, and an exporter. Take one of the three.

    Example: vpnprobe plan systemd /etc/vpnprobe/plan.toml --into /etc/systemd/system
    """
    from vpnprobe.cli.planned import read_plan_aloud
    from vpnprobe.fleet.units import CHECK_TIMER, EXPORTER_SERVICE, WATCH_SERVICE, systemd_units

    if file == "-":
        raise UsageError("a service cannot read its plan from standard input; name a file")
    units = systemd_units(read_plan_aloud(file), Path(file).absolute(), _own_command(), user=user)
    if into is None:
        sys.stdout.write("\n".join(f"# /etc/systemd/system/{name}\n{text}" for name, text in units.items()))
        return OK
    if not Path(into).is_dir():
        raise UsageError(f"--into {into}: there is no such directory; make it first")
    for name, text in units.items():
        write_text(text, str(Path(into) / name))
    sys.stderr.write(
        f"vpnprobe: wrote {', '.join(units)}; next: systemctl daemon-reload, then systemctl enable --now "
        f"{WATCH_SERVICE} (or {CHECK_TIMER}, or {EXPORTER_SERVICE})\n"
    )
    return OK


@plan_app.command("rules", cls=PlainCommand)
def rules(output: shared.OutputOption = None) -> int:
    """Print alert rules for Prometheus, on the metrics of vpnprobe exporter and of the textfile of vpnprobe watch.

    Example: vpnprobe plan rules --output /etc/prometheus/vpnprobe.rules.yml
    """
    from vpnprobe.fleet.metrics import alert_rules

    write_text(alert_rules(), output)
    return OK


@plan_app.command("dashboard", cls=PlainCommand)
def dashboard(output: shared.OutputOption = None) -> int:
    """Print a dashboard for Grafana on the same metrics: import it there and choose the Prometheus.

    Example: vpnprobe plan dashboard --output vpnprobe.json
    """
    from vpnprobe.fleet import metrics

    write_text(metrics.dashboard(), output)
    return OK


def _described(probe: PlannedProbe) -> str:
    return f"{probe.name}: {probe.kind} {probe.target} every {probe.interval_s:g} s"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _own_command() -> list[str]:
    """Return what starts this program again, whatever the search path is then."""
    own = Path(sys.argv[0])
    if own.name == "vpnprobe" and (found := shutil.which(str(own))):
        return [str(Path(found).absolute())]
    return [sys.executable, "-m", "vpnprobe"]
