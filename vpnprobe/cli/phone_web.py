"""`vpnprobe phone-web`: what do a phone's own pages and logs say?"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer

from vpnprobe.cli import options as shared
from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.output import ReportSink, progress_unless
from vpnprobe.cli.phone import parse_server, read_config
from vpnprobe.cli.stopping import measure
from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import HTTPS_PORT, Endpoint, parse_endpoint, parse_mac
from vpnprobe.probes.options import GivenServer, NetworkOptions, PhoneWebOptions

if TYPE_CHECKING:
    from vpnprobe.model.finding import Report
    from vpnprobe.render.terminal import Section

_HTTP_PORT: Final = 80


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("phone-web", cls=PlainCommand)(phone_web)


def phone_web(
    phone: Annotated[str, typer.Argument(metavar="HOST[:PORT]", help="The phone's own address or name.")],
    https: Annotated[
        bool,
        typer.Option(
            "--https",
            envvar="VPNPROBE_HTTPS",
            help="Read the pages over HTTPS. The phone's certificate is shown, not verified.",
        ),
    ] = False,
    mac: Annotated[
        str | None,
        typer.Option(
            "--mac",
            metavar="MAC",
            envvar="VPNPROBE_MAC",
            help="The MAC address that the phone is to have, in any usual form; without it, the one its pages name.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="MODEL",
            envvar="VPNPROBE_MODEL",
            help="The model that the phone is to be; without it, the one its pages name.",
        ),
    ] = None,
    tftp: Annotated[
        str | None,
        typer.Option(
            "--tftp",
            metavar="HOST[:PORT]",
            envvar="VPNPROBE_TFTP",
            help="CUCM's TFTP server: fetch the phone's configuration and compare.",
        ),
    ] = None,
    http_port: Annotated[
        int | None,
        typer.Option(
            "--http-port",
            min=1,
            max=65535,
            metavar="PORT",
            envvar="VPNPROBE_HTTP_PORT",
            help="CUCM's HTTP port for files (6970).",
        ),
    ] = None,
    config: Annotated[
        str | None,
        typer.Option(
            "--config", metavar="FILE", envvar="VPNPROBE_CONFIG", help="Compare with the configuration in FILE."
        ),
    ] = None,
    resolver: shared.ResolverOption = None,
    ipv4: shared.Ipv4Option = False,
    ipv6: shared.Ipv6Option = False,
    timeout: shared.TimeoutOption = shared.TIMEOUT,
    deadline: shared.DeadlineOption = shared.DEADLINE,
    form: shared.FormatOption = shared.Format.TEXT,
    json: shared.JsonOption = False,
    output: shared.OutputOption = None,
    quiet: shared.QuietOption = False,
    verbose: shared.VerboseOption = False,
) -> int:
    """What do a phone's own web pages and console logs say, and do they agree with what CUCM has for it?

    Example: vpnprobe phone-web 192.0.2.40 --tftp 10.1.1.5

    Example: vpnprobe phone-web 192.0.2.40 --https --config SEP8CB64F576113.cnf.xml

    The pages of the device, its network, its status messages and its console logs are read, the logs from the oldest
    to the newest, and nothing is changed. Web access must be on in CUCM. Known are the pages of the 79xx, 78xx and 88xx
    with English labels; what is not recognised is named. Passwords and cookies in pages and logs are taken out.
    """
    from vpnprobe.checks.evaluate import judge
    from vpnprobe.probes.phone_web import PhoneWebProbe

    wanted = phone_web_options(
        phone=phone,
        https=https,
        mac=mac,
        model=model,
        tftp=tftp,
        http_port=http_port,
        config=config,
        network=shared.network_options(
            resolver,
            ipv4=ipv4,
            ipv6=ipv6,
            timeout=timeout,
            deadline=deadline,
            parallel=shared.PARALLEL,
            pause=shared.PAUSE,
        ),
    )
    sink = ReportSink(
        shared.Format.JSON if json else form,
        output=output,
        quiet=quiet,
        verbose=verbose,
        sections=partial(_sections, verbose=verbose),
    )
    sink.add(judge(measure(PhoneWebProbe(wanted, progress=progress_unless(quiet)), quiet=quiet)))
    return sink.close()


def _sections(report: Report, *, verbose: bool) -> list[Section]:
    from vpnprobe.render.phone_web_view import phone_web_sections

    return list(phone_web_sections(report.evidence, verbose=verbose))


def phone_web_options(
    *,
    phone: str,
    https: bool,
    mac: str | None,
    model: str | None,
    tftp: str | None,
    http_port: int | None,
    config: str | None,
    network: NetworkOptions,
) -> PhoneWebOptions:
    """Return what the values of the command's options ask for.

    Reads the file that --config names. Raises `UsageError`.
    """
    from vpnprobe.phones.profile import load_profile

    if tftp and config:
        raise UsageError("--tftp and --config exclude each other; give the server, or the file that it would serve")
    return PhoneWebOptions(
        phone=parse_phone(phone, https=https),
        profile=load_profile(model or shared.DEFAULT_MODEL),
        chosen=model is not None,
        https=https,
        mac=None if mac is None else parse_mac(mac),
        server=None if tftp is None else _server(tftp),
        http_port=http_port,
        config=read_config(config) if config else None,
        network=network,
    )


def parse_phone(text: str, *, https: bool) -> Endpoint:
    """Read the phone's host and port; raises `UsageError`."""
    if "/" in text:
        host = text.partition("://")[2].partition("/")[0] or text.partition("/")[0]
        secure = " --https" if text.startswith("https:") else ""
        raise UsageError(f"{text!r}: name the phone without scheme and path: vpnprobe phone-web {host}{secure}")
    try:
        mac = parse_mac(text)
    except UsageError:
        return parse_endpoint(text, HTTPS_PORT if https else _HTTP_PORT)
    raise UsageError(
        f"{text!r} is the phone's MAC address; name its IP address, which CUCM shows under Device > Phone: "
        f"vpnprobe phone-web <address> --mac {mac}"
    )


def _server(text: str) -> GivenServer:
    server = parse_server(text)
    if not isinstance(server, GivenServer):
        raise UsageError("--tftp dhcp is for vpnprobe phone; name CUCM's TFTP server here, by name or address")
    return server
