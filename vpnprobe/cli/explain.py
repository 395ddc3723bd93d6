"""`vpnprobe explain`: the catalogue of checks, for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from vpnprobe.cli import options as shared
from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.exitcodes import OK
from vpnprobe.cli.output import write_text
from vpnprobe.model.errors import UsageError
from vpnprobe.render.wrapping import step_lines, wrapped

if TYPE_CHECKING:
    from vpnprobe.checks.base import AnyCheck
    from vpnprobe.federation.diagnostics import DiagnosticCode
    from vpnprobe.history.drift import DriftKind
    from vpnprobe.model.finding import Fix

_WIDTH = 80

_FOUND_IN = {
    "differential": "the causes that look alike, in the fix of a check and in vpnprobe diagnose",
    "fix": "the fixes of checks",
    "diagnose": "vpnprobe diagnose",
    "route": "vpnprobe route",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain", cls=PlainCommand)(explain)


def explain(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="ID|SLUG|NUMBER", help="Check to explain, or number of ms-diagnostics; without it, list all checks."
        ),
    ] = None,
    unobservable: Annotated[
        bool,
        typer.Option("--unobservable", help="List the vendor's statements that no probe can see, and why."),
    ] = False,
    json: shared.JsonOption = False,
    output: shared.OutputOption = None,
) -> int:
    """Explain a check: what it decides, why, how to mend it, which log lines show it. Without a name, list all.

    Example: vpnprobe explain PIN001

    Example: vpnprobe explain 1009
    """
    from vpnprobe.checks.catalogue import CHECKS, find
    from vpnprobe.federation.diagnostics import CODES
    from vpnprobe.history.drift import DRIFTS

    if unobservable and name:
        raise UsageError("--unobservable lists everything; leave the check's name out")
    if unobservable:
        text = _unobservable(json=json)
    elif name is None:
        text = _json([_entry(check) for check in CHECKS]) if json else _list(CHECKS, DRIFTS)
    elif kinds := [kind for kind in DRIFTS if name.strip().lower() in (kind.id.lower(), kind.name)]:
        text = _json(kinds[0]) if json else _drift(kinds[0])
    elif codes := [code for code in CODES if name.strip() == str(code.number)]:
        text = _json(codes[0]) if json else _number(codes[0])
    else:
        check = find(name)
        text = _json(_entry(check)) if json else _page(check)
    write_text(text, output)
    return OK


def _unobservable(*, json: bool) -> str:
    from vpnprobe.checks.unobservable import UNOBSERVABLE

    if json:
        return _json(UNOBSERVABLE)
    blocks = [
        f"{item.statement}  {item.about}\n"
        + textwrap.fill(item.why, _WIDTH, initial_indent="  ", subsequent_indent="  ")
        + ("" if item.found_in == "nowhere" else f"\n  named by: {_FOUND_IN[item.found_in]}")
        for item in UNOBSERVABLE
    ]
    return "\n\n".join(blocks) + "\n"


def _list(checks: Iterable[AnyCheck], drifts: Iterable[DriftKind]) -> str:
    lines = [f"{check.id}  {check.severity:8}  {check.stage:12}  {check.slug}" for check in checks]
    lines += [f"{kind.id}  {kind.severity:8}  {'history':12}  {kind.name}" for kind in drifts]
    return "\n".join([*lines, "", "vpnprobe explain ID tells more about one."]) + "\n"


def _page(check: AnyCheck) -> str:
    """Return all about one check; what a run fills in is shown as what an operator fills in."""
    from vpnprobe.checks.evaluate import PLACEHOLDER

    lines = [
        f"{check.id} {check.slug}",
        check.title,
        "",
        f"stage     {check.stage}",
        f"severity  {check.severity}",
        f"probes    {', '.join(check.probes)}",
        f"covers    {', '.join(check.covers) or 'no statement of the vendor documents'}",
        f"since     {check.since}",
        "",
        *textwrap.wrap(check.rationale, _WIDTH),
    ]
    if check.requires:
        lines += ["", "It needs", *(f"  {what}" for what in check.requires)]
    lines += _fixes("Mend it", check.guide.fix)
    for fix, variants in groupby(check.variants, key=lambda variant: check.variants[variant].fix):
        lines += _fixes(f"Mend it, when it is: {', or '.join(name.replace('-', ' ') for name in variants)}", fix)
    logs = check.logs
    kinds = (("phone", logs.phone), ("ASA", logs.asa), ("Microsoft", logs.edge), ("Expressway", logs.expressway))
    width = max((len(kind) for kind, written in kinds if written), default=0)
    if width:
        lines += ["", "In the logs"]
        lines += [f"  {kind:{width}}  {line}" for kind, written in kinds for line in written]
    if check.next:
        lines += ["", "Next", *(f"  {command}" for command in check.next)]
    if check.references:
        lines += ["", "References", *(f"  {reference}" for reference in check.references)]
    return PLACEHOLDER.sub(lambda match: f"<{match[1].replace('_', '-')}>", "\n".join(lines)) + "\n"


def _number(code: DiagnosticCode) -> str:
    lines = [
        f"ms-diagnostics {code.number}",
        *wrapped("", code.meaning, _WIDTH),
        "",
        f"decided by  {', '.join(code.checks) or 'nothing that can be seen from outside'}",
        *(wrapped("not known   ", code.unknown, _WIDTH) if code.unknown else ()),
        f"source      {code.source}",
        "",
        "Next",
        *(("  vpnprobe federation <domain>",) if code.checks else ()),
        *(f"  vpnprobe explain {check}" for check in code.checks),
        "  vpnprobe diagnose <file-with-the-header>",
    ]
    return "\n".join(lines) + "\n"


def _drift(kind: DriftKind) -> str:
    lines = [
        f"{kind.id} {kind.name}",
        kind.title,
        "",
        "of        vpnprobe history and watch, from run to run",
        f"severity  {kind.severity}",
        f"covers    {', '.join(kind.covers) or 'no statement of the vendor documents'}",
        "",
        *textwrap.wrap(kind.rationale, _WIDTH),
    ]
    return "\n".join(lines) + "\n"


def _fixes(heading: str, fixes: Sequence[Fix]) -> list[str]:
    if not fixes:
        return []
    lines = ["", heading]
    for fix in fixes:
        lines.append(f"  {fix.platform}{': if ' + fix.when if fix.when else ''}")
        lines += [f"     look  {command}" for command in fix.confirm]
        lines += [f"     sign  {sign}" for sign in fix.signs]
        for number, step in enumerate(fix.steps, 1):
            lines += step_lines(f"    {number}. ", step, _WIDTH)
    return lines


def _entry(check: AnyCheck) -> dict[str, object]:
    return {
        "id": check.id,
        "name": check.slug,
        "title": check.title,
        "stage": check.stage,
        "severity": check.severity,
        "probes": check.probes,
        "covers": check.covers,
        "since": check.since,
        "rationale": check.rationale,
        "requires": check.requires,
        "fix": check.fix,
        "logs": check.logs,
        "next": check.next,
        "references": check.references,
    }


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"
