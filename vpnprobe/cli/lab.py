"""`vpnprobe lab`: an embedded network with a fault of your choice, to learn on, to demonstrate and to test with."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import sys
import textwrap
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from vpnprobe.cli import options as shared
from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.exitcodes import OK, UNKNOWN, exit_code
from vpnprobe.cli.output import help_when_alone, terminal_width, write_text
from vpnprobe.cli.stopping import run_stoppable

if TYPE_CHECKING:
    from vpnprobe.lab.catalogue import AnyScenario

lab_app = typer.Typer(rich_markup_mode=None)

DEFAULT_SCENARIO = "healthy"


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(lab_app, name="lab")


@lab_app.callback(invoke_without_command=True)
def lab(context: typer.Context) -> None:
    """An embedded network with a fault of your choice, to learn on, to demonstrate and to test with.

    Example: vpnprobe lab try no-shared-cipher
    """
    help_when_alone(context)


@lab_app.command("list", cls=PlainCommand)
def list_scenarios(json: shared.JsonOption = False, output: shared.OutputOption = None) -> int:
    """List the scenarios with the vendor's statements that each one shows.

    Example: vpnprobe lab list
    """
    from vpnprobe.lab.catalogue import all_scenarios

    if json:
        rows = [_row(item) for item in all_scenarios()]
        text = msgspec.json.format(msgspec.json.encode(rows), indent=2).decode() + "\n"
    else:
        text = "".join(
            f"{item.name} ({item.kind})\n"
            + textwrap.fill(item.title, 78, initial_indent="    ", subsequent_indent="    ")
            + (f"\n    shows {', '.join(item.covers)}" if item.covers else "")
            + "\n"
            for item in all_scenarios()
        )
        text += "\nvpnprobe lab try NAME probes one; vpnprobe lab up NAME keeps it running.\n"
    write_text(text, output)
    return OK


def _row(item: AnyScenario) -> dict[str, object]:
    of_its_kind = {name: getattr(item, name) for name in ("model", "domains") if hasattr(item, name)}
    return {
        "name": item.name,
        "kind": item.kind,
        "title": item.title,
        "covers": item.covers,
        **of_its_kind,
        "expect_fail": sorted(item.expect_fail),
        "expect_verdict": item.expect_verdict,
    }


@lab_app.command("up", cls=PlainCommand)
def up(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="See lab list.")] = DEFAULT_SCENARIO,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="PORT",
            min=1024,
            max=65000,
            help="First of four ports: gateway, TFTP, HTTP, DNS; of a federation: DNS (one or two), HTTP.",
        ),
    ] = None,
) -> int:
    """Start a scenario on loopback and keep it running until Ctrl-C. Prints the command that probes it.

    Example: vpnprobe lab up no-shared-cipher
    """
    from vpnprobe.lab.catalogue import find_any_scenario

    wanted = find_any_scenario(scenario)

    async def serve() -> None:
        from vpnprobe.lab.catalogue import running_any_lab

        async with running_any_lab(wanted, port_base=port) as lab:
            sys.stdout.write(lab.describe(terminal_width()) + "\n\nRunning. Ctrl-C ends it.\n")
            sys.stdout.flush()
            await asyncio.get_running_loop().create_future()

    with contextlib.suppress(KeyboardInterrupt):
        run_stoppable(serve())
    return OK


@lab_app.command("try", cls=PlainCommand)
def try_scenarios(
    names: Annotated[list[str] | None, typer.Argument(metavar="SCENARIO", help="See lab list.")] = None,
    verbose: shared.VerboseOption = False,
) -> int:
    """Start each scenario, probe it as you would, and show the report. Nothing leaves this machine.

    Example: vpnprobe lab try healthy gateway-certificate-replaced

    Exit code 0 when every probe ended with the verdict that its scenario is made for, else 3.
    """
    from vpnprobe.lab.catalogue import find_any_scenario

    wanted = [find_any_scenario(name) for name in names or [DEFAULT_SCENARIO]]
    surprises = []
    for number, scenario in enumerate(wanted):
        if number:
            sys.stdout.write("\n")
        sys.stdout.write(f"# {scenario.name}: {scenario.title}\n")
        code = run_stoppable(_probe(scenario, verbose=verbose))
        if code != exit_code([scenario.expect_verdict]):
            surprises.append(scenario.name)
    for name in surprises:
        sys.stderr.write(f"vpnprobe: scenario {name} did not end as it is made to; please report this\n")
    return UNKNOWN if surprises else OK


async def _probe(scenario: AnyScenario, *, verbose: bool) -> int:
    from vpnprobe.lab.catalogue import running_any_lab

    async with running_any_lab(scenario) as lab:
        arguments = [*lab.arguments, *(["--verbose"] if verbose else [])]
        sys.stdout.write(f"$ {shlex.join(['vpnprobe', *arguments])}\n\n")
        sys.stdout.flush()
        # A process of its own, as the user would start it, but without the user's own defaults.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("VPNPROBE_")}
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "vpnprobe", *arguments, env=environment)
        try:
            return await process.wait()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
                await process.wait()
