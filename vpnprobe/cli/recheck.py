"""`vpnprobe recheck` and `vpnprobe schema`: old Evidence under today's catalogue, and the form of a report."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from vpnprobe.cli import options as shared
from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.output import ReportSink, check_output, write_text
from vpnprobe.model.errors import UsageError
from vpnprobe.model.evidence import SCHEMA_VERSION, Evidence
from vpnprobe.model.federation import Federation

if TYPE_CHECKING:
    from vpnprobe.model.finding import Report
    from vpnprobe.render.terminal import Section

# A report of a gateway with many addresses is well under 1 MB; a file of many reports (JSON lines) may be long.
_MAX_SIZE = 256 << 20


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("recheck", cls=PlainCommand)(recheck)
    app.command("schema", cls=PlainCommand)(schema)


def recheck(
    file: Annotated[
        str,
        typer.Argument(metavar="EVIDENCE.json", help="A JSON or JSON-lines report; - for standard input."),
    ],
    form: shared.FormatOption = shared.Format.TEXT,
    json: shared.JsonOption = False,
    output: shared.OutputOption = None,
    quiet: shared.QuietOption = False,
    verbose: shared.VerboseOption = False,
) -> int:
    """Judge the Evidence of an earlier run again, with today's catalogue. Nothing is dialled.

    Example: vpnprobe phone ... --json -o run.json; vpnprobe recheck run.json
    """
    from vpnprobe.checks.evaluate import judge

    check_output(output)
    # All are read before one is shown: a file is judged as a whole or not at all.
    runs = list(read_reports(file))
    sink = ReportSink(
        shared.Format.JSON if json else form,
        output=output,
        quiet=quiet,
        verbose=verbose,
        several=len(runs) > 1,
        sections=partial(_sections, verbose=verbose),
    )
    for evidence in runs:
        sink.add(judge(evidence))
    return sink.close()


def _sections(report: Report, *, verbose: bool) -> list[Section]:
    """Return what the command that made the report shows beside the stages."""
    from vpnprobe.render.config_lines import config_sections
    from vpnprobe.render.phone_web_view import phone_web_sections

    if report.probe == "config":
        return list(config_sections(report.evidence, whole=verbose))
    return list(phone_web_sections(report.evidence, verbose=verbose))


def schema(
    fleet: Annotated[
        bool, typer.Option("--fleet", help="That of a line of `sweep` and `cutover` (JSON lines) instead.")
    ] = False,
    output: shared.OutputOption = None,
) -> int:
    """Print the JSON Schema of a report (schema_version 1).

    Example: vpnprobe schema --output report.schema.json
    """
    from vpnprobe.render.json_report import fleet_schema, report_schema

    write_text(fleet_schema() if fleet else report_schema(), output)
    return 0


class _Envelope(msgspec.Struct):
    """A report, of which only the Evidence is read: the findings are made anew."""

    schema_version: int
    evidence: msgspec.Raw


def read_reports(name: str) -> Iterator[Evidence]:
    """Yield the Evidence of each report in a file, or of standard input (`-`); raises `UsageError`."""
    data = _load(name)
    name = "standard input" if name == "-" else name
    try:
        for envelope in _envelopes(data):
            if envelope.schema_version != SCHEMA_VERSION:
                raise UsageError(
                    f"{name} has schema version {envelope.schema_version}, and this vpnprobe reads {SCHEMA_VERSION}; "
                    "use the version that made it"
                )
            evidence = msgspec.json.decode(envelope.evidence, type=Evidence)
            missing = _missing_certificate(evidence)
            if missing is not None:
                raise UsageError(
                    f"{name} is damaged: certificate {missing[:16]}… is named but not there; make one with --json"
                )
            yield evidence
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{name} is not a vpnprobe report: {error}; make one with --json") from error


def _envelopes(data: bytes) -> list[_Envelope]:
    """Read one JSON value, or one on each line. Raises as msgspec does; never returns an empty list."""
    try:
        whole = msgspec.json.decode(data, type=_Envelope | Annotated[list[_Envelope], msgspec.Meta(min_length=1)])
    except msgspec.DecodeError:
        lines = [line for line in data.splitlines() if line.strip()]
        if len(lines) < 2 or not _is_json(lines[0]):
            raise
        return [msgspec.json.decode(line, type=_Envelope) for line in lines]
    return whole if isinstance(whole, list) else [whole]


def _is_json(line: bytes) -> bool:
    """Whether a line is a JSON value by itself, and not the first line of one."""
    try:
        msgspec.json.decode(line)
    except msgspec.DecodeError:
        return False
    return True


def _missing_certificate(evidence: Evidence) -> str | None:
    named = [name for flight in evidence.first_flights for name in flight.chain]
    named += [decision.leaf for decision in evidence.decisions if decision.leaf]
    named += [handshake.leaf for handshake in evidence.handshakes if handshake.leaf]
    named += evidence.client_chain
    for login in evidence.logins:
        named += login.redirect_flight.chain if login.redirect_flight else ()
    named += [pair.leaf for item in evidence.enumerations for pair in item.accepted if pair.leaf]
    if evidence.federation is not None:
        named += _named_by(evidence.federation)
    named += [name for item in evidence.given_certificates for name in (item.certificate, *item.chain, *item.capf)]
    return next((name for name in named if name not in evidence.certificates), None)


def _named_by(federation: Federation) -> Iterator[str]:
    yield from federation.given_roots
    for visit in federation.visits:
        for flight in visit.flights:
            yield from flight.chain
        yield from (handshake.leaf for handshake in visit.handshakes if handshake.leaf)


def _load(name: str) -> bytes:
    try:
        if name == "-":
            data = sys.stdin.buffer.read(_MAX_SIZE + 1)
        else:
            with Path(name).open("rb") as stream:
                data = stream.read(_MAX_SIZE + 1)
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}; name a report made with --json") from error
    if len(data) > _MAX_SIZE:
        raise UsageError(f"{name} is over 256 MiB; split the JSON lines into several files")
    return data
