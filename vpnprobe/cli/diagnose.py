"""`vpnprobe diagnose`: what a pasted log of a federation says, and what would prove it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import msgspec
import typer

from vpnprobe.cli import options as shared
from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.exitcodes import exit_code
from vpnprobe.cli.output import check_output, terminal_width, write_text
from vpnprobe.model.errors import UsageError
from vpnprobe.model.finding import Verdict

if TYPE_CHECKING:
    from vpnprobe.federation.diagnosis import Diagnoser, Diagnosis

# Traces of a busy edge are tens of MB; beyond this, the moment of the failure should be cut out.
_MAX_SIZE = 256 << 20
_CHUNK = 1 << 20

# How a file begins that holds no text, and what to do with it. An Expressway gives its diagnostic log as .tar.gz.
_NO_TEXT = {
    b"\x1f\x8b": "is packed by gzip; unpack it, and name the log in it",
    b"PK\x03\x04": "is packed by zip; unpack it, and name the log in it",
    b"\xfd7zXZ": "is packed by xz; unpack it, and name the log in it",
    b"\xd4\xc3\xb2\xa1": "is a capture of packets; SIP over TLS cannot be read from it",
    b"\xa1\xb2\xc3\xd4": "is a capture of packets; SIP over TLS cannot be read from it",
    b"\x0a\x0d\x0d\x0a": "is a capture of packets; SIP over TLS cannot be read from it",
}


class DiagnosisReport(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found. `recognised` counts messages, headers and records, `lines` those of all files.

    `possible` are the causes that no probe can see, by the `outcome` that diagnoses name. `left_out` counts places of
    causes beyond the cap.
    """

    verdict: Verdict
    lines: int
    recognised: int
    diagnoses: tuple[Diagnosis, ...]
    possible: dict[str, list[dict[str, object]]]
    looked_for: tuple[str, ...]
    left_out: int = 0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("diagnose", cls=PlainCommand)(diagnose)


def diagnose(
    files: Annotated[list[str], typer.Argument(metavar="FILE|-", help="A log or pasted text; - for standard input.")],
    json: shared.JsonOption = False,
    output: shared.OutputOption = None,
) -> int:
    """Read logs of a federation: SIP messages, ms-diagnostics headers, edge traces, Expressway logs, ASA errors.

    It names what is wrong, the check that proves it, the command that runs the check, and what mends it. Credentials
    in the log are never shown.

    Example: vpnprobe diagnose Lync-UccApi-0.UccApiLog

    Exit code 0: answers, and nothing wrong. 1: something to attend to. 2: a fault is named. 3: no cause that is known
    here, or nothing recognised.
    """
    from vpnprobe.federation.diagnosis import Diagnoser, verdict_of

    check_output(output)
    diagnoser = Diagnoser()
    lines = recognised = 0
    for name in files:
        file = name if len(files) > 1 else None
        if name == "-":
            if sys.stdin.isatty():
                sys.stderr.write("Paste the log, then press Enter and Ctrl-D.\n")
            counts = _read(sys.stdin.buffer, "standard input", diagnoser, file)
        else:
            with _opened(name) as stream:
                counts = _read(stream, name, diagnoser, file)
        lines, recognised = lines + counts[0], recognised + counts[1]
    diagnoses = diagnoser.diagnoses()
    verdict = verdict_of(diagnoses)
    if json:
        text = _json(diagnoses, verdict, lines, recognised, diagnoser.left_out)
    else:
        from vpnprobe.render.diagnosis import render_diagnoses

        text = render_diagnoses(
            diagnoses, verdict, recognised=recognised, left_out=diagnoser.left_out, width=terminal_width()
        )
    write_text(text, output)
    return exit_code([verdict])


def _opened(name: str) -> BinaryIO:
    try:
        return Path(name).open("rb")
    except FileNotFoundError as error:
        raise UsageError(f"{name}: {error.strerror}; to paste the text itself, name - instead of a file") from error


def _read(stream: BinaryIO, name: str, diagnoser: Diagnoser, file: str | None) -> tuple[int, int]:
    """Read one log; return its lines, and what was recognised in it."""
    from vpnprobe.federation.encoding import TextDecoder
    from vpnprobe.federation.trace import TraceReader

    reader = TraceReader()
    data = stream.read(_CHUNK)
    for magic, advice in _NO_TEXT.items():
        if data.startswith(magic):
            raise UsageError(f"{name} {advice}")
    decoder = TextDecoder(data)
    size = 0
    while data:
        size += len(data)
        if size > _MAX_SIZE:
            raise UsageError(f"{name} is larger than {_MAX_SIZE >> 20} MiB; cut out the minutes around the failure")
        for symptom in reader.feed(decoder.decode(data)):
            diagnoser.add(symptom, file)
        data = stream.read(_CHUNK)
    for symptom in (*reader.feed(decoder.decode(b"", final=True)), *reader.close()):
        diagnoser.add(symptom, file)
    return reader.lines, reader.recognised


def _json(diagnoses: Sequence[Diagnosis], verdict: Verdict, lines: int, recognised: int, left_out: int) -> str:
    from vpnprobe.checks.federation.differential import possible_causes
    from vpnprobe.federation.diagnosis import are_calls
    from vpnprobe.federation.trace import LOOKED_FOR

    outcomes = dict.fromkeys(one.outcome for one in diagnoses if one.outcome is not None)
    report = DiagnosisReport(
        verdict=verdict,
        lines=lines,
        recognised=recognised,
        diagnoses=tuple(diagnoses),
        possible={
            outcome: [
                {"name": cause.slug, "statements": cause.statements, "fix": cause.fix}
                for cause in possible_causes(outcome, calls=are_calls(diagnoses, outcome))
            ]
            for outcome in outcomes
        },
        looked_for=LOOKED_FOR,
        left_out=left_out,
    )
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"
