"""A run over a fleet from its options to its exit code: what `sweep` and `cutover` do alike."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vpnprobe.cli import fleet
from vpnprobe.cli.exitcodes import exit_code
from vpnprobe.cli.options import DEFAULT_MODEL
from vpnprobe.cli.output import check_output
from vpnprobe.fleet.options import CollectOptions, RunOptions
from vpnprobe.model.fleet import FleetStart
from vpnprobe.model.target import GroupUrl

if TYPE_CHECKING:
    from vpnprobe.fleet.lines import Stage
    from vpnprobe.fleet.summary import SummaryCounter
    from vpnprobe.fleet.sweep import FleetRun
    from vpnprobe.model.fleet import FleetLine
    from vpnprobe.probes.options import NetworkOptions


class FleetFormat(enum.StrEnum):
    """Forms of a fleet's results."""

    TEXT = "text"
    JSONL = "jsonl"
    CSV = "csv"
    HTML = "html"


FleetFormatOption = Annotated[
    FleetFormat,
    typer.Option("--format", "-f", envvar="VPNPROBE_FORMAT", help="Form of the results; html is one page for a board."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Where the results go, and as what. `text` makes the writer for a person."""

    form: FleetFormat
    text: Callable[[], fleet.LineWriter]
    output: str | None
    quiet: bool


@dataclass(frozen=True, slots=True)
class Work:
    """How phones are judged, counted and, where one waits for others, held back."""

    make_run: Callable[[Callable[[FleetLine], None]], FleetRun]
    counter: SummaryCounter
    stage: Stage | None = None


def run_options(
    collect: CollectOptions,
    network: NetworkOptions,
    *,
    model: str | None,
    deadline: float | None,
    group_url: GroupUrl | None = None,
) -> RunOptions:
    """Return what a run is run with."""
    from vpnprobe.phones.profile import load_profile

    return RunOptions(
        collect=collect,
        profile=load_profile(model or DEFAULT_MODEL),
        chosen=model is not None,
        group_url=group_url,
        network=network,
        deadline=deadline,
    )


def carry_out(
    command: Literal["sweep", "cutover"],
    inventory: str,
    settings: dict[str, str],
    prepare: Callable[[FleetStart], Work],
    shown: Shown,
    *,
    group_by: list[str],
    resume: str | None,
) -> int:
    """Go through the inventory and return the exit code.

    A run is only gone on with under the same `settings`; those without a value are left out. `prepare` is given the
    start of the run, which an earlier part of it may have made.
    """
    from vpnprobe.fleet.journal import Journal
    from vpnprobe.fleet.lines import FleetLines
    from vpnprobe.probes.recorder import TOOL

    path = fleet.resume_path(resume, shown.output)
    check_output(shown.output)
    phones = fleet.read_phones(inventory, group_by)
    out = fleet.FleetOutput(_writer(shown, phones.labels), shown.output)
    start = FleetStart(
        tool=TOOL,
        command=command,
        started_at=datetime.now(UTC),
        settings={name: value for name, value in settings.items() if value},
    )
    journal = Journal(path, start) if path is not None else None
    work = prepare(journal.start if journal is not None else start)
    lines = FleetLines(start, work.counter, out.show, journal, work.stage, phones.phones)
    summary = fleet.go_through(phones, lines, work.make_run, resume=resume, quiet=shown.quiet)
    out.close()
    if journal is not None:
        journal.close()
    return exit_code([summary.verdict])


def _writer(shown: Shown, labels: tuple[str, ...]) -> fleet.LineWriter:
    match shown.form:
        case FleetFormat.TEXT:
            return shown.text()
        case FleetFormat.JSONL:
            from vpnprobe.render.fleet_json import FleetJson

            return FleetJson()
        case FleetFormat.CSV:
            from vpnprobe.render.fleet_csv import FleetCsv

            return FleetCsv(labels)
        case FleetFormat.HTML:
            from vpnprobe.render.fleet_html import FleetHtml

            return FleetHtml()


def run_settings(options: RunOptions) -> dict[str, str]:
    """Return what the results of every run depend on."""
    return {
        "--tftp": ", ".join(map(str, options.collect.servers)),
        "--fetch": options.collect.fetch,
        "--group-url": options.group_url.text if options.group_url else "",
        "--model": (options.profile.model or "") if options.chosen else "",
        "--http-port": str(options.collect.http_port or ""),
        "--resolver": ", ".join(map(str, options.network.resolvers)),
        "--ipv4": "yes" if options.network.families == {4} else "",
        "--ipv6": "yes" if options.network.families == {6} else "",
    }
