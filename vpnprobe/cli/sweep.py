"""`vpnprobe sweep`: would these phones connect, all of them?"""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from vpnprobe.cli import fleet
from vpnprobe.cli import options as shared
from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.fleetrun import FleetFormat, FleetFormatOption, Shown, Work, carry_out, run_options, run_settings
from vpnprobe.fleet.options import DEFAULT_PARALLEL, DEFAULT_RATE, DEFAULT_RETRIES
from vpnprobe.model.target import parse_group_url


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sweep", cls=PlainCommand)(sweep)


def sweep(
    inventory: fleet.InventoryArgument,
    tftp: fleet.ServersOption,
    group_url: Annotated[
        str | None,
        typer.Option(
            "--group-url",
            metavar="URL",
            envvar="VPNPROBE_GROUP_URL",
            help="The URL that every phone ought to dial, instead of url1 to url3 of its own configuration.",
        ),
    ] = None,
    model: fleet.FleetModelOption = None,
    fetch: fleet.FetchOption = fleet.Fetch.AUTO,
    http_port: fleet.HttpPortOption = None,
    parallel: fleet.FilesOption = DEFAULT_PARALLEL,
    rate: fleet.RateOption = DEFAULT_RATE,
    retries: fleet.RetriesOption = DEFAULT_RETRIES,
    group_by: fleet.GroupByOption = None,
    resume: fleet.ResumeOption = None,
    resolver: shared.ResolverOption = None,
    ipv4: shared.Ipv4Option = False,
    ipv6: shared.Ipv6Option = False,
    timeout: shared.TimeoutOption = shared.TIMEOUT,
    deadline: fleet.FleetDeadlineOption = None,
    form: FleetFormatOption = FleetFormat.TEXT,
    output: shared.OutputOption = None,
    quiet: shared.QuietOption = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", envvar="VPNPROBE_VERBOSE", help="Print every phone, too.")
    ] = False,
) -> int:
    """Would these phones connect? Fetch each one's configuration, look at each gateway once, and judge every phone.

    Example: vpnprobe sweep phones.csv --tftp 10.1.1.5 --group-by Location --resume sweep.jsonl

    Example: vpnprobe sweep macs.txt --tftp 10.1.1.5 --format jsonl --output sweep.jsonl

    One file is fetched for each phone: its configuration, the signed one where the cluster has a trust list (asked
    once), else the plain one. The phone's own CTL and ITL files are not fetched, and no signature is verified:
    vpnprobe config does that for one phone. TLS comes before the path of a URL, so every gateway is looked at once for
    each kind of phone; nobody logs in.

    A phone that one of its gateways lets in would connect; a second gateway that would not is a warning.

    --resume keeps each result as soon as it is known. After an interruption the same command goes on where it ended.
    """
    from vpnprobe.fleet.summary import SummaryCounter
    from vpnprobe.fleet.sweep import sweep as sweep_run
    from vpnprobe.render.fleet_text import SweepText

    network = shared.network_options(
        resolver,
        ipv4=ipv4,
        ipv6=ipv6,
        timeout=timeout,
        deadline=shared.DEADLINE,
        parallel=shared.PARALLEL,
        pause=shared.PAUSE,
    )
    options = run_options(
        fleet.collect_options(tftp, fetch, http_port, parallel, rate, retries, network),
        network,
        model=model,
        deadline=deadline,
        group_url=parse_group_url(group_url) if group_url else None,
    )
    labels = group_by or []
    return carry_out(
        "sweep",
        inventory,
        run_settings(options),
        lambda _start: Work(partial(sweep_run, options), SummaryCounter(labels)),
        Shown(form=form, text=lambda: SweepText(verbose=verbose, quiet=quiet), output=output, quiet=quiet),
        group_by=labels,
        resume=resume,
    )
