"""`vpnprobe capf`: would a phone reach CAPF, and would it get its certificate from there?"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from vpnprobe.cli import options as shared
from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.federation import read_certificates
from vpnprobe.cli.output import ReportSink, progress_unless
from vpnprobe.cli.paths import shown_name
from vpnprobe.cli.phone import read_config
from vpnprobe.cli.stopping import measure
from vpnprobe.model.capf import Family, PhoneStack
from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import CAPF_PORT, HTTPS_PORT, parse_endpoint
from vpnprobe.probes.options import PHONE_RETRIES, CapfOptions, GivenFile, NetworkOptions

# The largest trust lists have some 100 kB.
_MAX_LIST_SIZE = 4 << 20


class Stack(enum.StrEnum):
    """IP stacks of a phone (IP Addressing Mode)."""

    V4 = "v4"
    V6 = "v6"
    DUAL = "dual"


class Addresses(enum.StrEnum):
    """Which addresses a phone has."""

    V4 = "v4"
    V6 = "v6"
    BOTH = "both"


class Parameter(enum.StrEnum):
    """What an enterprise parameter is set to."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


_FAMILIES: dict[Addresses, tuple[Family, ...]] = {
    Addresses.V4: ("IPv4",),
    Addresses.V6: ("IPv6",),
    Addresses.BOTH: ("IPv6", "IPv4"),
}
_OF_STACK = {Stack.V4: Addresses.V4, Stack.V6: Addresses.V6, Stack.DUAL: Addresses.BOTH}
_STACKS: dict[Stack, PhoneStack] = {Stack.V4: "v4", Stack.V6: "v6", Stack.DUAL: "dual"}
_TRUTH = {Parameter.TRUE: True, Parameter.FALSE: False, Parameter.UNKNOWN: None}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("capf", cls=PlainCommand)(capf)


def capf(
    server: Annotated[str, typer.Argument(metavar="HOST[:PORT]", help="The publisher, where CAPF runs (port 3804).")],
    stack: Annotated[
        Stack, typer.Option("--phone-stack", envvar="VPNPROBE_PHONE_STACK", help="The phone's IP Addressing Mode.")
    ] = Stack.DUAL,
    addresses: Annotated[
        Addresses | None,
        typer.Option(
            "--phone-addresses",
            envvar="VPNPROBE_PHONE_ADDRESSES",
            help="Which addresses the phone has; without it, those of its stack.",
        ),
    ] = None,
    ipv6_parameter: Annotated[
        Parameter,
        typer.Option(
            "--enable-ipv6",
            envvar="VPNPROBE_ENABLE_IPV6",
            help="CUCM's enterprise parameter Enable IPv6, which nothing shows from outside.",
        ),
    ] = Parameter.UNKNOWN,
    idle_timeout: Annotated[
        float | None,
        typer.Option(
            "--idle-timeout",
            min=0.1,
            max=100000,
            metavar="MINUTES",
            envvar="VPNPROBE_IDLE_TIMEOUT",
            help="How long a firewall between phones and CUCM keeps an idle connection.",
        ),
    ] = None,
    keep_alive: Annotated[
        float | None,
        typer.Option(
            "--keep-alive",
            min=5,
            max=60,
            metavar="MINUTES",
            envvar="VPNPROBE_KEEP_ALIVE",
            help="CAPF's keep-alive timer; 15 where nobody has set it.",
        ),
    ] = None,
    retries: Annotated[
        bool,
        typer.Option(
            "--retries",
            envvar="VPNPROBE_RETRIES",
            help="Where it fails, try three more times, 30 seconds apart, as a phone does.",
        ),
    ] = False,
    trust_list: Annotated[
        list[str] | None,
        typer.Option(
            "--trust-list",
            metavar="FILE",
            envvar="VPNPROBE_TRUST_LIST",
            help="CTL or ITL file of the phones, to compare CAPF's certificate with; repeat for both.",
        ),
    ] = None,
    capf_cert: Annotated[
        list[str] | None,
        typer.Option(
            "--capf-cert",
            metavar="FILE",
            envvar="VPNPROBE_CAPF_CERT",
            help="The certificate that CAPF ought to show (show cert own CAPF); repeat for more.",
        ),
    ] = None,
    config: Annotated[
        str | None,
        typer.Option(
            "--config",
            metavar="FILE",
            envvar="VPNPROBE_CONFIG",
            help="The phone's SEP<MAC>.cnf.xml, for its authentication mode.",
        ),
    ] = None,
    online_ca: Annotated[
        str | None,
        typer.Option(
            "--online-ca",
            metavar="HOST[:PORT]",
            envvar="VPNPROBE_ONLINE_CA",
            help="Also look at the online CA that CAPF enrols at (its HTTPS side, port 443).",
        ),
    ] = None,
    authority: Annotated[
        list[str] | None,
        typer.Option(
            "--ca",
            metavar="FILE",
            envvar="VPNPROBE_CA",
            help="CA certificates that you have of the online CA; repeat for more.",
        ),
    ] = None,
    model: shared.ModelOption = shared.DEFAULT_MODEL,
    resolver: shared.ResolverOption = None,
    ipv4: Annotated[
        bool, typer.Option("-4", "--ipv4", envvar="VPNPROBE_IPV4", help="Dial IPv4 addresses only.")
    ] = False,
    ipv6: Annotated[
        bool, typer.Option("-6", "--ipv6", envvar="VPNPROBE_IPV6", help="Dial IPv6 addresses only.")
    ] = False,
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
    """Would a phone reach CAPF by the way that it takes, and get its certificate from there?

    Example: vpnprobe capf cucm-pub.example.com

    Example: vpnprobe capf cucm-pub.example.com --phone-stack v6 --enable-ipv6 false --trust-list CTLFile.tlv

    Every address of both IP versions is dialled with the model's own hello; which of them the phone would take is
    looked up in the vendor's table of fifteen rows. CAPF speaks first: its greeting is read, nothing is answered, and
    so no certificate operation that waits for a phone is ever started. The certificate is read, and compared with the
    phones' trust list.
    """
    from vpnprobe.checks.evaluate import judge
    from vpnprobe.probes.capf import CapfProbe

    wanted = capf_options(
        server,
        stack=stack,
        addresses=addresses,
        ipv6_parameter=ipv6_parameter,
        idle_timeout=idle_timeout,
        keep_alive=keep_alive,
        retries=retries,
        trust_list=trust_list,
        capf_cert=capf_cert,
        config=config,
        online_ca=online_ca,
        authority=authority,
        model=model,
        network=shared.network_options(
            resolver, ipv4=ipv4, ipv6=ipv6, timeout=timeout, deadline=deadline, parallel=parallel, pause=pause
        ),
    )
    sink = ReportSink(shared.Format.JSON if json else form, output=output, quiet=quiet, verbose=verbose)
    sink.add(judge(measure(CapfProbe(wanted, progress=progress_unless(quiet)), quiet=quiet)))
    return sink.close()


def capf_options(
    server: str,
    *,
    stack: Stack,
    addresses: Addresses | None,
    ipv6_parameter: Parameter,
    idle_timeout: float | None,
    keep_alive: float | None,
    retries: bool,
    trust_list: Sequence[str] | None,
    capf_cert: Sequence[str] | None,
    config: str | None,
    online_ca: str | None,
    authority: Sequence[str] | None,
    model: str,
    network: NetworkOptions,
) -> CapfOptions:
    """Return what the values of the command's options ask for; reads the files that they name. Raises `UsageError`."""
    from vpnprobe.phones.profile import load_profile

    if authority and online_ca is None:
        raise UsageError("--ca needs --online-ca: it holds the certificates of that CA; CAPF's own is --capf-cert")
    has = addresses or _OF_STACK[stack]
    if stack is not Stack.DUAL and has is not _OF_STACK[stack]:
        raise UsageError(
            f"--phone-stack {stack} and --phone-addresses {has} contradict each other; a phone that has both kinds of "
            "address, or the other one, has --phone-stack dual"
        )
    return CapfOptions(
        server=parse_endpoint(server, CAPF_PORT),
        profile=load_profile(model),
        stack=_STACKS[stack],
        phone_addresses=_FAMILIES[has],
        ipv6_enabled=_TRUTH[ipv6_parameter],
        keep_alive_min=keep_alive,
        idle_timeout_min=idle_timeout,
        retries=PHONE_RETRIES if retries else 0,
        certificates=tuple(der for name in capf_cert or () for der in read_certificates("--capf-cert", name)[:1]),
        trust_lists=tuple(map(read_trust_list, trust_list or ())),
        config=read_config(config) if config else None,
        online_ca=None if online_ca is None else parse_endpoint(online_ca, HTTPS_PORT),
        roots=tuple(der for name in authority or () for der in read_certificates("--ca", name)),
        network=network,
    )


def read_trust_list(name: str) -> GivenFile:
    """Read the file that --trust-list names; raises `UsageError`, also for what cannot be a list at all."""
    from vpnprobe.wire.sgn import is_signed_file

    path = Path(name)
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_LIST_SIZE + 1)
    except OSError as error:
        raise UsageError(f"--trust-list {name}: {error.strerror}; name an existing CTL or ITL file") from error
    if len(data) > _MAX_LIST_SIZE:
        raise UsageError(f"--trust-list {name} is over 4 MiB; that is no trust list")
    if not is_signed_file(data):
        raise UsageError(
            f"--trust-list {name} is no CTL or ITL file; fetch one from CUCM: curl -O tftp://<tftp-server>/ITLFile.tlv"
        )
    return GivenFile(name=shown_name(path), data=data)
