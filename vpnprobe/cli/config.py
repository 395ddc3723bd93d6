"""`vpnprobe config`: which files would this phone take, and what do they say?"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vpnprobe.cli import options as shared
from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.output import ReportSink, progress_unless
from vpnprobe.cli.paths import shown_name
from vpnprobe.cli.phone import ORIGINS, check_configuration, parse_server
from vpnprobe.cli.stopping import measure
from vpnprobe.model.config import ConfigKind
from vpnprobe.model.errors import UsageError, WireError
from vpnprobe.model.observation import TftpOrigin
from vpnprobe.model.target import parse_mac
from vpnprobe.probes.options import ConfigOptions, GivenFile, NetworkOptions

if TYPE_CHECKING:
    from vpnprobe.model.config import PhoneConfig
    from vpnprobe.model.finding import Report
    from vpnprobe.render.terminal import Section
    from vpnprobe.render.wrapping import Line

# The largest trust lists have some 100 kB, real configurations 10 kB.
_MAX_SIZE = 4 << 20
_MAX_KEY_SIZE = 64 << 10

_IN_NAME = re.compile(r"SEP([0-9A-Fa-f]{12})")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("config", cls=PlainCommand)(config)


def config(
    context: typer.Context,
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="MAC|FILE",
            help="Phones, by MAC or device name; or the files of one phone: .cnf.xml, .sgn, .enc.sgn, .tlv.",
        ),
    ],
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
    model: shared.ModelOption = shared.DEFAULT_MODEL,
    trust_list: Annotated[
        list[str] | None,
        typer.Option(
            "--trust-list",
            metavar="FILE",
            envvar="VPNPROBE_TRUST_LIST",
            help="CTL or ITL that the phone holds already; repeat for both. Without it: a first boot.",
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="PEM",
            envvar="VPNPROBE_KEY",
            help="File with the phone's private key, to open an encrypted configuration.",
        ),
    ] = None,
    tvs: Annotated[
        bool,
        typer.Option("--tvs", envvar="VPNPROBE_TVS", help="Ask the TVS servers about signers that no list names."),
    ] = False,
    tvs_port: Annotated[
        int | None,
        typer.Option(
            "--tvs-port",
            min=1,
            max=65535,
            metavar="PORT",
            envvar="VPNPROBE_TVS_PORT",
            help="Port of every TVS, instead of the configured one (2445).",
        ),
    ] = None,
    diff: Annotated[
        str | None,
        typer.Option(
            "--diff",
            metavar="MAC|FILE|REPORT",
            envvar="VPNPROBE_DIFF",
            help="What is different in another phone's configuration, a file, or an earlier JSON report.",
        ),
    ] = None,
    show: Annotated[
        bool,
        typer.Option("--show", envvar="VPNPROBE_SHOW", help="Show every record of the lists and the configuration."),
    ] = False,
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
    """Would this phone take the files that its server has for it? Lists, signatures, signers, and what the phone shows.

    Example: vpnprobe config 8CB64F576113 --tftp 10.1.1.5 --show

    Example: vpnprobe config 8CB64F576113 --tftp new-cucm.example.com --trust-list ITLSEP8CB64F576113.tlv --tvs

    The trust list that the phone holds decides: give it, and a move to another cluster is judged before it happens.
    Nothing is changed anywhere; a TVS is only asked where --tvs is given. Secrets of a configuration are never shown.
    """
    from vpnprobe.checks.evaluate import judge
    from vpnprobe.probes.config_files import ConfigProbe

    source = context.get_parameter_source("tftp")
    wanted = config_options(
        targets,
        model=model,
        tftp=tftp,
        origin=ORIGINS.get(source.name if source else "", "option"),
        http_port=http_port,
        trust_list=trust_list or (),
        key=key,
        tvs=tvs,
        tvs_port=tvs_port,
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
    shows_text = form is shared.Format.TEXT and not json and not quiet
    if diff is not None and not shows_text:
        raise UsageError("--diff is shown in text only; leave out --json, --format and --quiet")
    other = None if diff is None else _other_config(diff, wanted[0], quiet=quiet)
    sink = ReportSink(
        shared.Format.JSON if json else form,
        output=output,
        quiet=quiet,
        verbose=verbose,
        several=len(wanted) > 1,
        sections=partial(_sections, show=show or verbose, other=other),
    )
    for options in wanted:
        evidence = measure(ConfigProbe(options, progress=progress_unless(quiet)), quiet=quiet)
        sink.add(judge(evidence))
        if evidence.interrupted == "interrupt":
            break
    return sink.close()


def config_options(
    targets: Sequence[str],
    *,
    model: str,
    tftp: str | None,
    origin: TftpOrigin,
    http_port: int | None,
    trust_list: Sequence[str],
    key: str | None,
    tvs: bool,
    tvs_port: int | None,
    network: NetworkOptions,
) -> list[ConfigOptions]:
    """Return what to look at: one run for each phone, or one for all files. Reads files; raises `UsageError`."""
    from vpnprobe.phones.profile import load_profile

    paths = [target for target in targets if _is_path(target)]
    # First of all: a MAC with a typo is no file that contradicts an option.
    files = tuple(_read_target(path) for path in paths)
    if paths and len(paths) < len(targets):
        raise UsageError(
            "a MAC and files exclude each other: files are those of one phone, and nothing is fetched then"
        )
    if paths and tftp is not None and origin == "option":
        raise UsageError("--tftp is for a MAC; files that are given are not fetched")
    if tvs_port is not None and not tvs:
        raise UsageError("--tvs-port needs --tvs; without it no TVS is asked")
    macs: Sequence[str | None] = [_mac_in(paths)] if paths else [parse_mac(target) for target in targets]
    profile, server = load_profile(model), None if tftp is None or paths else parse_server(tftp, origin)
    held = tuple(_read_list(path) for path in trust_list)
    pem = None if key is None else read_key(key)
    return [
        ConfigOptions(
            profile=profile,
            mac=mac,
            files=files,
            server=server,
            http_port=http_port,
            trust_lists=held,
            key=pem,
            tvs=tvs,
            tvs_port=tvs_port,
            network=network,
        )
        for mac in dict.fromkeys(macs)
    ]


def _is_path(target: str) -> bool:
    """Whether an argument names a file: all that is no MAC does."""
    try:
        parse_mac(target)
    except UsageError:
        return True
    return False


def _mac_in(paths: Sequence[str]) -> str | None:
    """Return the MAC that the files' names have, None where they have none, or not the same one."""
    found = {match[1].upper() for path in paths for match in [_IN_NAME.search(Path(path).name)] if match}
    return found.pop() if len(found) == 1 else None


def _read_target(path: str) -> GivenFile:
    """Read a file of the phone. What is none at all must not count as one that the phone refuses."""
    from vpnprobe.wire.sgn import is_signed_file

    file = _read(path, or_mac=True)
    if not is_signed_file(file.data):
        check_configuration(path, file.data)
    return file


def _read(path: str, option: str = "", *, or_mac: bool = False) -> GivenFile:
    what = f"{option} {path}".lstrip()
    hint = "name an existing file" + (", or a MAC such as 8CB64F576113" if or_mac else "")
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(_MAX_SIZE + 1)
    except OSError as error:
        raise UsageError(f"{what}: {error.strerror}; {hint}") from error
    if not data:
        raise UsageError(f"{what} is empty; fetch it again")
    if len(data) > _MAX_SIZE:
        raise UsageError(f"{what} is over 4 MiB; that is no file of a phone")
    return GivenFile(name=shown_name(path), data=data)


def _read_list(path: str) -> GivenFile:
    """Read a list that the phone holds. What is none at all, or is cut, must not count as a fault of the server."""
    from vpnprobe.wire.trust_records import parse_trust_records

    file = _read(path, "--trust-list")
    try:
        parse_trust_records(file.data)
    except WireError as error:
        raise UsageError(
            f"--trust-list {path} is no CTL or ITL that can be read ({error}); fetch the one that the phone has, such "
            "as ITLFile.tlv from its TFTP server"
        ) from error
    return file


def read_key(path: str) -> bytes:
    """Read the file that --key names; raises `UsageError`."""
    from vpnprobe.phoneconfig.decryption import check_private_key

    try:
        with Path(path).open("rb") as stream:
            pem = stream.read(_MAX_KEY_SIZE)
    except OSError as error:
        raise UsageError(f"--key {path}: {error.strerror}; name a PEM file with the phone's private key") from error
    try:
        check_private_key(pem)
    except UsageError as error:
        raise UsageError(f"--key {path}: {error}") from error
    return pem


def _other_config(text: str, like: ConfigOptions, *, quiet: bool) -> tuple[str, PhoneConfig]:
    """Return name and content of the configuration to compare with; raises `UsageError` where there is none."""
    from vpnprobe.probes.config_files import ConfigProbe

    if _is_path(text):
        return Path(text).name, _config_in(text, like)
    options = dataclasses.replace(like, mac=parse_mac(text), files=())
    evidence = measure(ConfigProbe(options, progress=progress_unless(quiet)), quiet=quiet)
    found = evidence.config.config if evidence.config is not None else None
    if found is None:
        raise UsageError(
            f"--diff {text}: this phone's configuration cannot be had from the server; to see why, run vpnprobe config "
            f"{text} with the same --tftp"
        )
    _check_in_clear(text, found)
    return f"SEP{options.mac}", found


def _check_in_clear(name: str, config: PhoneConfig) -> None:
    if config.kind is ConfigKind.NOT_A_CONFIG:
        raise UsageError(f"--diff {name} is no phone configuration, but <{config.root}>; fetch it again")
    if config.kind is ConfigKind.ENCRYPTED:
        raise UsageError(f"--diff {name} is encrypted; open it with --key FILE")


def _config_in(path: str, like: ConfigOptions) -> PhoneConfig:
    from vpnprobe.cli.recheck import read_reports
    from vpnprobe.phoneconfig.decryption import DecryptionError, decrypt_configuration
    from vpnprobe.phoneconfig.sepconfig import parse_phone_config
    from vpnprobe.wire.sgn import is_signed_file, strip
    from vpnprobe.wire.sgn_encryption import parse_encryption_values

    file = _read(path, "--diff", or_mac=True)
    if file.data.lstrip()[:1] in (b"{", b"["):
        found = [one.config.config for one in read_reports(path) if one.config is not None and one.config.config]
        if not found:
            raise UsageError(f"--diff {path}: this report holds no configuration; make one with vpnprobe config --json")
        return found[-1]
    data = file.data
    try:
        if like.key is not None and is_signed_file(data) and ".enc." in file.name:
            data = decrypt_configuration(parse_encryption_values(data), strip(data), like.key)
        config = parse_phone_config(data)
    except (WireError, DecryptionError) as error:
        raise UsageError(f"--diff {path}: {error}; name a configuration, or a report made with --json") from error
    check_configuration(f"--diff {path}", data)
    _check_in_clear(path, config)
    return config


def _sections(report: Report, *, show: bool, other: tuple[str, PhoneConfig] | None) -> list[Section]:
    from vpnprobe.phoneconfig.difference import differences
    from vpnprobe.render.config_lines import config_sections
    from vpnprobe.render.config_view import difference_lines

    found: list[Section] = list(config_sections(report.evidence, whole=show))
    mine = report.evidence.config.config if report.evidence.config is not None else None
    if other is not None:
        name, old = other
        lines: list[Line]
        if mine is None:
            lines = ["  not compared: there is no configuration to compare with"]
        elif mine.kind is ConfigKind.ENCRYPTED:
            lines = ["  not compared: the configuration is encrypted; --key FILE opens it"]
        else:
            lines = [f"  {line}" for line in difference_lines(differences(old, mine))] or ["  none"]
        found.append((f"Differences (- {name}, + {report.target.label})", lines))
    return found
