"""`vpnprobe phone`: would this phone connect to this group-url?"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vpnprobe.cli import options as shared
from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.output import ReportSink, progress_unless
from vpnprobe.cli.paths import shown_name
from vpnprobe.cli.secrets import VARIABLE, read_password
from vpnprobe.cli.stopping import measure
from vpnprobe.model.config import ConfigKind
from vpnprobe.model.errors import UsageError, WireError
from vpnprobe.model.observation import TftpOrigin
from vpnprobe.model.target import TFTP_PORT, parse_endpoint, parse_group_url, parse_mac
from vpnprobe.probes.options import AskDhcp, GivenConfig, GivenServer, NetworkOptions, Password, PhoneOptions

if TYPE_CHECKING:
    from vpnprobe.transport.tls_settings import ClientCredential

# Room for any real configuration (about 10 kB), small enough to read at once.
_PEM = b"-----BEGIN CERTIFICATE"
_MAX_CONFIG_SIZE = 4 << 20

ORIGINS: dict[str, TftpOrigin] = {
    "COMMANDLINE": "option",
    "ENVIRONMENT": "environment",
    "DEFAULT_MAP": "options-file",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("phone", cls=PlainCommand)(phone)


def phone(
    context: typer.Context,
    group_url: Annotated[
        str,
        typer.Option(
            "--group-url",
            metavar="URL",
            envvar="VPNPROBE_GROUP_URL",
            help="The URL a phone dials, as in CUCM's VPN gateway: https://HOST[:PORT]/PATH.",
        ),
    ],
    mac: Annotated[
        str,
        typer.Option("--mac", metavar="MAC", envvar="VPNPROBE_MAC", help="The phone's MAC address, in any usual form."),
    ],
    model: shared.ModelOption = shared.DEFAULT_MODEL,
    tftp: Annotated[
        str | None,
        typer.Option(
            "--tftp",
            metavar="HOST[:PORT]|dhcp[:IF]",
            envvar="VPNPROBE_TFTP",
            help="Configuration server (CUCM). Without it: the DNS name CiscoCM1. dhcp asks for options 150 and 66.",
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
            "--config",
            metavar="FILE",
            envvar="VPNPROBE_CONFIG",
            help="Take the phone's configuration from FILE instead of fetching it.",
        ),
    ] = None,
    cert_hash: Annotated[
        list[str] | None,
        typer.Option(
            "--cert-hash",
            metavar="VALUE",
            envvar="VPNPROBE_CERT_HASH",
            help="Compare with this certHash (base64 or hex) instead of the configuration's; repeat for more.",
        ),
    ] = None,
    client_cert: Annotated[
        str | None,
        typer.Option(
            "--client-cert",
            metavar="PEM",
            envvar="VPNPROBE_CLIENT_CERT",
            help="Client certificate (LSC or MIC). It is sent only after the pin matched.",
        ),
    ] = None,
    client_key: Annotated[
        str | None,
        typer.Option("--client-key", metavar="PEM", envvar="VPNPROBE_CLIENT_KEY", help="Its private key, unencrypted."),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option("--user", metavar="NAME", envvar="VPNPROBE_USER", help="User name, for login by password."),
    ] = None,
    password_file: Annotated[
        str | None,
        typer.Option(
            "--password-file",
            metavar="FILE",
            envvar="VPNPROBE_PASSWORD_FILE",
            help="First line is the password. Otherwise VPNPROBE_PASSWORD, or a prompt.",
        ),
    ] = None,
    no_login: Annotated[
        bool, typer.Option("--no-login", envvar="VPNPROBE_NO_LOGIN", help="Stop after the handshake.")
    ] = False,
    follow_phone: Annotated[
        bool,
        typer.Option(
            "--follow-phone",
            envvar="VPNPROBE_FOLLOW_PHONE",
            help="Stop exactly where the phone would, instead of diagnosing on.",
        ),
    ] = False,
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
    """Would this phone connect to this group-url? Dial as it would, step by step, and say where it stops and why.

    Example: vpnprobe phone --group-url https://vpn.example.com/VPNPhone --mac 8CB64F576113 --tftp 10.1.1.5

    Nothing secret is sent to a gateway whose certificate the phone would not accept. One login attempt per run.
    """
    from vpnprobe.checks.evaluate import judge
    from vpnprobe.probes.phone import PhoneProbe

    source = context.get_parameter_source("tftp")
    wanted = phone_options(
        group_url=group_url,
        mac=mac,
        model=model,
        tftp=tftp,
        origin=ORIGINS.get(source.name if source else "", "option"),
        http_port=http_port,
        config=config,
        cert_hash=cert_hash,
        client_cert=client_cert,
        client_key=client_key,
        user=user,
        password_file=password_file,
        no_login=no_login,
        follow_phone=follow_phone,
        network=shared.network_options(
            resolver, ipv4=ipv4, ipv6=ipv6, timeout=timeout, deadline=deadline, parallel=parallel, pause=pause
        ),
    )
    sink = ReportSink(shared.Format.JSON if json else form, output=output, quiet=quiet, verbose=verbose)
    if wanted.password is None and not (no_login or quiet) and os.environ.get(VARIABLE):
        sys.stderr.write(f"vpnprobe: {VARIABLE} is set but not used, because no --user is given\n")
    sink.add(judge(measure(PhoneProbe(wanted, progress=progress_unless(quiet)), quiet=quiet)))
    return sink.close()


def phone_options(
    *,
    group_url: str,
    mac: str,
    model: str,
    tftp: str | None,
    origin: TftpOrigin,
    http_port: int | None,
    config: str | None,
    cert_hash: Sequence[str] | None,
    client_cert: str | None,
    client_key: str | None,
    user: str | None,
    password_file: str | None,
    no_login: bool,
    follow_phone: bool,
    network: NetworkOptions,
) -> PhoneOptions:
    """Return what the values of the command's options ask for; `origin` is where that of --tftp is from.

    Reads the files that they name, and asks for a password. Raises `UsageError`.
    """
    from vpnprobe.phones.profile import load_profile

    if client_key and not client_cert:
        raise UsageError("--client-key needs --client-cert; a PEM file with both can be given as --client-cert")
    if client_cert and user:
        raise UsageError("--client-cert and --user exclude each other; a phone logs in one way")
    return PhoneOptions(
        password=_password(user, password_file, wanted=not no_login),
        group_url=parse_group_url(group_url),
        mac=parse_mac(mac),
        profile=load_profile(model),
        server=None if tftp is None else parse_server(tftp, origin),
        http_port=http_port,
        config=read_config(config) if config else None,
        cert_hashes=tuple(map(readable_hash, cert_hash or ())),
        client=_client(client_cert, client_key) if client_cert else None,
        login=not no_login,
        follow_phone=follow_phone,
        network=network,
    )


def _password(user: str | None, file: str | None, *, wanted: bool) -> Password | None:
    """Return what to log in with; None without a user or where no login is `wanted`: then no password is read."""
    if user is not None and not user.strip():
        raise UsageError("--user is empty; give the user's name, or leave the option out")
    if file is not None and user is None:
        raise UsageError("--password-file needs --user NAME; without a user no password is sent")
    return Password(user=user, password=read_password(file, user)) if user and wanted else None


def parse_server(text: str, origin: TftpOrigin = "option") -> GivenServer | AskDhcp:
    """Read the value of --tftp; raises `UsageError`."""
    if text == "dhcp" or text.startswith("dhcp:"):
        return AskDhcp(interface=text.partition(":")[2] or None)
    return GivenServer(endpoint=parse_endpoint(text, TFTP_PORT), origin=origin)


def readable_hash(text: str) -> str:
    """Refuse what is no hash in any form: a scheduler must not read a typo as an outage."""
    from vpnprobe.pki.fingerprint import parse_cert_hash

    digest = parse_cert_hash(text).digest
    # From MD5 to SHA-512: with any of those the mistake can be explained. Less or more is no hash at all.
    if digest is not None and not 16 <= len(digest) <= 64:
        size = f"{len(digest)} byte{'' if len(digest) == 1 else 's'}"
        raise UsageError(f"--cert-hash {text}: {size}; a certHash is 20 bytes (28 characters of base64, 40 of hex)")
    if digest is None:
        raise UsageError(
            f"--cert-hash {text!r} is neither base64 nor hex; copy it from certHash1 in the phone's configuration, "
            "or take it from the certificate: vpnprobe hash FILE"
        )
    return text


def read_config(name: str) -> GivenConfig:
    """Read the file that --config names; raises `UsageError`, also for what is no configuration at all."""
    path = Path(name)
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_CONFIG_SIZE + 1)
    except OSError as error:
        raise UsageError(f"--config {name}: {error.strerror}; name an existing file") from error
    if len(data) > _MAX_CONFIG_SIZE:
        raise UsageError(f"--config {name} is over 4 MiB; that is no phone configuration")
    check_configuration(f"--config {name}", data)
    return GivenConfig(name=shown_name(path), data=data)


def check_configuration(what: str, data: bytes) -> None:
    """Raise `UsageError` for another kind of file; a damaged configuration, or a page in its place, is none."""
    from vpnprobe.phoneconfig.sepconfig import parse_phone_config

    try:
        config = parse_phone_config(data)
    except WireError:
        return
    if config.kind is ConfigKind.EMPTY:
        raise UsageError(f"{what} is empty; fetch it again")
    if config.kind is ConfigKind.NOT_A_CONFIG and config.root is None:
        is_certificate = data.lstrip().startswith(_PEM)
        hint = "vpnprobe cert reads certificates" if is_certificate else "name the phone's SEP<MAC>.cnf.xml"
        raise UsageError(f"{what} is no phone configuration; {hint}")


def _client(certificate: str, key: str | None) -> ClientCredential:
    from vpnprobe.transport.tls import load_client_credential

    return load_client_credential(Path(certificate), Path(key) if key else None)
