"""`vpnprobe gateway`: which certificate and cipher each kind of phone is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vpnprobe.cli import options as shared
from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.output import ReportSink, progress_unless
from vpnprobe.cli.stopping import measure
from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import HTTPS_PORT, Endpoint, GroupUrl, parse_endpoint, parse_group_url
from vpnprobe.probes.options import GatewayOptions, NetworkOptions

if TYPE_CHECKING:
    from vpnprobe.phones.profile import PhoneProfile


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("gateway", cls=PlainCommand)(gateway)


def gateway(
    context: typer.Context,
    targets: Annotated[list[str], typer.Argument(metavar="URL|HOST[:PORT]", help="Gateways to look at.")],
    enumerate_all: Annotated[
        bool,
        typer.Option(
            "--enumerate", envvar="VPNPROBE_ENUMERATE", help="Find every version and suite that the gateway accepts."
        ),
    ] = False,
    model: shared.ModelOption = shared.DEFAULT_MODEL,
    resolver: shared.ResolverOption = None,
    ipv4: shared.Ipv4Option = False,
    ipv6: shared.Ipv6Option = False,
    timeout: shared.TimeoutOption = shared.TIMEOUT,
    deadline: shared.DeadlineOption = shared.DEADLINE,
    parallel: shared.ParallelOption = shared.PARALLEL,
    pause: shared.PauseOption = shared.PAUSE,
    form: shared.FormatOption = shared.Format.TEXT,
    json: shared.JsonOption = False,
    output: shared.OutputOption = None,
    quiet: shared.QuietOption = False,
    verbose: shared.VerboseOption = False,
) -> int:
    """Which certificate and cipher each kind of phone is given at a gateway. No MAC needed.

    Example: vpnprobe gateway https://vpn.example.com/VPNPhone --enumerate

    Every phone profile's hello is sent to every address behind the name, and the hellos of the certificate matrix
    (RSA only, ECDSA only, both). Every phone counts; with --model given, only that one does, and the faults of the
    others are shown and raise no alarm. --enumerate gives the outside view of the ASA's `show ssl`.
    """
    from vpnprobe.checks.evaluate import judge
    from vpnprobe.phones.profile import load_profile
    from vpnprobe.probes.gateway import GatewayProbe

    network = shared.network_options(
        resolver, ipv4=ipv4, ipv6=ipv6, timeout=timeout, deadline=deadline, parallel=parallel, pause=pause
    )
    profile = load_profile(model)
    source = context.get_parameter_source("model")
    chosen = source is not None and source.name != "DEFAULT"
    wanted = [
        gateway_options(target, profile=profile, chosen=chosen, enumerate_all=enumerate_all, network=network)
        for target in targets
    ]
    sink = ReportSink(
        shared.Format.JSON if json else form, output=output, quiet=quiet, verbose=verbose, several=len(wanted) > 1
    )
    for options in wanted:
        evidence = measure(GatewayProbe(options, progress=progress_unless(quiet)), quiet=quiet)
        sink.add(judge(evidence))
        if evidence.interrupted == "interrupt":
            break
    return sink.close()


def gateway_options(
    target: str, *, profile: PhoneProfile, chosen: bool, enumerate_all: bool, network: NetworkOptions
) -> GatewayOptions:
    """Return what to look at for a gateway's URL, or its host and port; raises `UsageError`."""
    endpoint, url = parse_target(target)
    return GatewayOptions(
        gateway=endpoint,
        profile=profile,
        chosen=chosen,
        group_url=url,
        enumerate=enumerate_all,
        network=network,
    )


def parse_target(text: str) -> tuple[Endpoint, GroupUrl | None]:
    """Read a gateway's URL, or its host and port; raises `UsageError`."""
    if "://" in text:
        url = parse_group_url(text)
        return url.endpoint, url
    if "/" in text:
        raise UsageError(f"{text!r}: a gateway with a path is a URL; write https://{text}")
    return parse_endpoint(text, HTTPS_PORT), None
