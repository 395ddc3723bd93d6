"""`vpnprobe cutover`: may the gateway's certificate be replaced, or which phones would be cut off?"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from vpnprobe.cli import fleet
from vpnprobe.cli import options as shared
from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.fleetrun import FleetFormat, FleetFormatOption, Shown, Work, carry_out, run_options, run_settings
from vpnprobe.fleet.options import DEFAULT_PARALLEL, DEFAULT_RATE, DEFAULT_RETRIES
from vpnprobe.model.errors import UsageError

if TYPE_CHECKING:
    from vpnprobe.fleet.cutover_plan import GivenCertificate
    from vpnprobe.model.fleet import FleetStart

# The host before a file or a hash: a name or an address, IPv6 in brackets or not.
_HOST: Final = re.compile(r"\[?([A-Za-z0-9_.:-]+)\]?")

_HOW: Final = "PEM or DER file with the whole chain, or the hash alone (base64 or hex)"

NewOption = Annotated[
    list[str],
    typer.Option(
        "--new-cert",
        metavar="[HOST=]FILE|HASH",
        envvar="VPNPROBE_NEW_CERT",
        help=f"The new certificate: {_HOW}. Repeat for more; HOST= where it is for one gateway only.",
    ),
]
OldOption = Annotated[
    list[str] | None,
    typer.Option(
        "--old-cert",
        metavar="[HOST=]FILE|HASH",
        envvar="VPNPROBE_OLD_CERT",
        help="The certificate that is replaced. Without it, it is the one that the gateway shows now.",
    ),
]
AtOption = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="DATE",
        envvar="VPNPROBE_AT",
        help="When it is to be replaced, in UTC unless a zone is written: 2026-11-21 or 2026-11-21T02:00. Without it: "
        "now.",
    ),
]
AfterOption = Annotated[
    bool,
    typer.Option(
        "--after",
        envvar="VPNPROBE_AFTER",
        help="It has been replaced: is the new one shown at every address, and does every phone go on?",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("cutover", cls=PlainCommand)(cutover)


def cutover(
    inventory: fleet.InventoryArgument,
    new_cert: NewOption,
    tftp: fleet.ServersOption,
    old_cert: OldOption = None,
    at: AtOption = None,
    after: AfterOption = False,
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
    """May the gateway's certificate be replaced? Go or no-go, and which phones would be cut off for want of what.

    Example: vpnprobe cutover phones.csv --new-cert new.pem --tftp 10.1.1.5 --at 2026-11-21T02:00 --group-by Location

    Example: vpnprobe cutover phones.csv --new-cert new.pem --tftp 10.1.1.5 --format html --output board.html

    Example: vpnprobe cutover phones.csv --new-cert new.pem --tftp 10.1.1.5 --after

    A phone is ready where its configuration has the hash of the new certificate or of its issuer, and the old one's
    until the swap, and where its model can take the new certificate: key, signature, host-ID check, dates. What cannot
    be judged is not known, and not ready. Every gateway of url1 to url3 is looked at; nobody logs in.

    Exit code 0: go, without any reservation. 1: go, with one. 2: no-go. 3: not known.
    """
    from vpnprobe.fleet.cutover_plan import CutoverPlan
    from vpnprobe.fleet.cutover_remarks import CutoverRemarks
    from vpnprobe.fleet.cutover_run import cutover as cutover_run
    from vpnprobe.fleet.missing_step import MissingStep
    from vpnprobe.fleet.summary import SummaryCounter
    from vpnprobe.render.cutover_text import CutoverText

    if after and at is not None:
        raise UsageError("--at is the time of a swap to come, --after looks at one that was made; give one of them")
    moment = _moment(at) if at is not None else None
    if moment is not None and moment < datetime.now(UTC) and not (resume and Path(resume).exists()):
        raise UsageError(f"--at {at}: that is over; name the time of the swap, or look at what was made with --after")
    new = tuple(dict.fromkeys(_given(text, "--new-cert") for text in new_cert))
    old = tuple(dict.fromkeys(_given(text, "--old-cert") for text in old_cert or ()))
    if {one.leaf_sha1 for one in new} & {one.leaf_sha1 for one in old}:
        raise UsageError("--new-cert and --old-cert name the same certificate; give the one that is to come as new")
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
    )
    labels = group_by or []

    def prepare(start: FleetStart) -> Work:
        now = start.started_at
        plan = CutoverPlan(new=new, old=old, now=now, at=moment or now, after=after)
        return Work(partial(cutover_run, options, plan), SummaryCounter(labels, CutoverRemarks(plan)), MissingStep())

    return carry_out(
        "cutover",
        inventory,
        {
            "--new-cert": _named(new),
            "--old-cert": _named(old),
            "--at": f"{moment:%Y-%m-%d %H:%M} UTC" if moment is not None else "",
            "--after": "yes" if after else "",
            **run_settings(options),
        },
        prepare,
        Shown(form=form, text=lambda: CutoverText(verbose=verbose, quiet=quiet), output=output, quiet=quiet),
        group_by=labels,
        resume=resume,
    )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--at {text!r} is no time; write 2026-11-21 or 2026-11-21T02:00") from error


def _given(text: str, option: str) -> GivenCertificate:
    """Read one certificate of the operator: a file, a hash, or either behind `HOST=`."""
    whole = _read(text, None, option)
    if whole is not None:
        return whole
    before, mark, rest = text.partition("=")
    host = _HOST.fullmatch(before)
    if mark and rest and host is not None:
        of_host = _read(rest, host[1], option)
        if of_host is not None:
            return of_host
    raise UsageError(
        f"{option} {text}: neither a file that is there nor the SHA-1 of a certificate; give a PEM file, or the hash "
        "as vpnprobe hash prints it"
    )


def _read(text: str, host: str | None, option: str) -> GivenCertificate | None:
    from vpnprobe.fleet.cutover_plan import given_by_file, given_by_hash
    from vpnprobe.pki.loading import MAX_INPUT

    path = Path(text)
    try:
        if not path.is_file():
            return given_by_hash(text, host)
        with path.open("rb") as stream:
            return given_by_file(stream.read(MAX_INPUT + 1), host)
    except OSError as error:
        # A pasted text is longer than a name can be.
        given = given_by_hash(text, host)
        if given is None:
            raise UsageError(f"{option} {text[:200]}: {error.strerror or error}; name another file") from error
        return given
    except UsageError as error:
        raise UsageError(f"{option} {path}: {error}") from error


def _named(given: tuple[GivenCertificate, ...]) -> str:
    """Return the certificates as text: their hosts, hashes, names and how many issuers came with them."""
    from vpnprobe.checks.wording import count

    told = []
    for one in given:
        what = "hash only"
        if one.facts is not None:
            issuers = len(one.chain) - 1
            what = f"{one.facts.subject}, with {count(issuers, 'issuer')}" if issuers else str(one.facts.subject)
        told.append(f"{one.host + '=' if one.host else ''}{one.cert_hash} ({what})")
    return ", ".join(told)
