"""`vpnprobe sweep`: would these phones connect, all of them?"""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer

from vpnprobe.cli import fleet
from vpnprobe.cli import options as shared
from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.exitcodes import exit_code
from vpnprobe.fleet.options import DEFAULT_PARALLEL, DEFAULT_RATE, DEFAULT_RETRIES, RunOptions
from vpnprobe.model.target import parse_group_url


class SweepFormat(enum.StrEnum):
    """Forms of a sweep's results."""

    TEXT = "text"
    JSONL = "jsonl"


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
    form: Annotated[
        SweepFormat, typer.Option("--format", "-f", envvar="VPNPROBE_FORMAT", help="Form of the results.")
    ] = SweepFormat.TEXT,
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
    once), else the plain one. The phone's own CTL and ITL files are not fetched. TLS comes before the path of a URL,
    so every gateway is looked at once for each kind of phone; nobody logs in.

    A phone that one of its gateways lets in would connect; a second gateway that would not is a warning.

    --resume keeps each result as soon as it is known. After an interruption the same command goes on where it ended.
    """
    from vpnprobe.fleet.journal import Journal
    from vpnprobe.fleet.lines import FleetLines
    from vpnprobe.fleet.summary import SummaryCounter
    from vpnprobe.fleet.sweep import sweep as sweep_run
    from vpnprobe.model.fleet import FleetStart
    from vpnprobe.phones.profile import load_profile
    from vpnprobe.probes.recorder import TOOL

    network = shared.network_options(
        resolver,
        ipv4=ipv4,
        ipv6=ipv6,
        timeout=timeout,
        deadline=shared.DEADLINE,
        parallel=shared.PARALLEL,
        pause=shared.PAUSE,
    )
    options = RunOptions(
        collect=fleet.collect_options(tftp, fetch, http_port, parallel, rate, retries, network),
        profile=load_profile(model or shared.DEFAULT_MODEL),
        chosen=model is not None,
        group_url=parse_group_url(group_url) if group_url else None,
        network=network,
        deadline=deadline,
    )
    path = fleet.resume_path(resume, output)
    shown = fleet.FleetOutput(_writer(form, quiet=quiet, verbose=verbose), output)
    phones = fleet.read_phones(inventory, group_by or ())
    start = FleetStart(tool=TOOL, command="sweep", started_at=datetime.now(UTC), settings=_settings(options))
    journal = Journal(path, start) if path is not None else None
    lines = FleetLines(start, SummaryCounter(group_by or ()), shown.show, journal)
    summary = fleet.go_through(phones, lines, partial(sweep_run, options), resume=resume, quiet=quiet)
    shown.close()
    if journal is not None:
        journal.close()
    return exit_code([summary.verdict])


def _writer(form: SweepFormat, *, quiet: bool, verbose: bool) -> fleet.LineWriter:
    if form is SweepFormat.JSONL:
        from vpnprobe.render.fleet_json import FleetJson

        return FleetJson()
    from vpnprobe.render.fleet_text import SweepText

    return SweepText(verbose=verbose, quiet=quiet)


def _settings(options: RunOptions) -> dict[str, str]:
    """Return what the results depend on: a run is only gone on with under the same."""
    settings = {
        "--tftp": ", ".join(map(str, options.collect.servers)),
        "--fetch": options.collect.fetch,
        "--group-url": options.group_url.text if options.group_url else "",
        "--model": (options.profile.model or "") if options.chosen else "",
    }
    return {name: value for name, value in settings.items() if value}
