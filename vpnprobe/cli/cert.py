"""`vpnprobe cert`: is this certificate good for a phone, and for those that are to trust it?"""

from __future__ import annotations

import enum
import functools
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Annotated

import typer

from vpnprobe.cli import options as shared
from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.exitcodes import UNKNOWN
from vpnprobe.cli.output import ReportSink, clear_progress, progress_on_terminal
from vpnprobe.cli.secrets import read_password
from vpnprobe.cli.stopping import run_stoppable
from vpnprobe.model.certificates import CertificateUse
from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import HTTPS_PORT, Endpoint, parse_endpoint, parse_group_url, parse_mac
from vpnprobe.render.escape import printable

if TYPE_CHECKING:
    from vpnprobe.cli.certificate_files import Found, Unread
    from vpnprobe.model.evidence import Evidence
    from vpnprobe.pki.request import KeyRequest
    from vpnprobe.probes.certificate import CertificateOptions, CertificateRun
    from vpnprobe.probes.options import NetworkOptions

# Certificates between two words of progress.
_PROGRESS = 500

# Files that a line on standard error names.
_NAMED = 5


class Use(enum.StrEnum):
    """What the certificates are said to be."""

    LSC = "lsc"
    MIC = "mic"
    CAPF = "capf"
    CA = "ca"
    GATEWAY = "gateway"


_USES: dict[Use, CertificateUse] = {
    Use.LSC: "lsc",
    Use.MIC: "mic",
    Use.CAPF: "capf",
    Use.CA: "ca",
    Use.GATEWAY: "gateway",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("cert", cls=PlainCommand)(cert)


def cert(
    context: typer.Context,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|URL", help="Certificates: files, directories, https://HOST, - for standard input."
        ),
    ],
    use: Annotated[
        Use | None,
        typer.Option("--use", envvar="VPNPROBE_USE", help="What they are; otherwise told by subject and issuer."),
    ] = None,
    mac: Annotated[
        str | None,
        typer.Option("--mac", metavar="MAC", envvar="VPNPROBE_MAC", help="The phone whose certificate it is to be."),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            metavar="MODEL",
            envvar="VPNPROBE_MODEL",
            help="Phone that is to use it: 7962G, 8841 ... Its hello is sent to a URL and to --gateway.",
        ),
    ] = shared.DEFAULT_MODEL,
    online_ca: Annotated[
        bool,
        typer.Option("--online-ca", envvar="VPNPROBE_ONLINE_CA_SIGNS", help="An online CA signs the LSCs, not CAPF."),
    ] = False,
    trust_list: Annotated[
        list[str] | None,
        typer.Option(
            "--trust-list",
            metavar="FILE",
            envvar="VPNPROBE_TRUST_LIST",
            help="CTL or ITL file of the cluster, whose CAPF is to have signed the LSCs; repeat for more.",
        ),
    ] = None,
    gateway: Annotated[
        str | None,
        typer.Option(
            "--gateway",
            metavar="HOST[:PORT]",
            envvar="VPNPROBE_GATEWAY",
            help="Gateway, or CUCM at 5061 or 2443, whose list of CAs is to name the issuer.",
        ),
    ] = None,
    csr: Annotated[
        list[str] | None,
        typer.Option(
            "--csr",
            metavar="FILE",
            envvar="VPNPROBE_CSR",
            help="Newer certificate requests; an LSC with another key than its phone's request is stale.",
        ),
    ] = None,
    password_file: Annotated[
        str | None,
        typer.Option(
            "--password-file",
            metavar="FILE",
            envvar="VPNPROBE_PASSWORD_FILE",
            help="First line is the password of PKCS#12 files. Otherwise VPNPROBE_PASSWORD, or a prompt.",
        ),
    ] = None,
    resolver: shared.ResolverOption = None,
    ipv4: shared.Ipv4Option = False,
    ipv6: shared.Ipv6Option = False,
    timeout: shared.TimeoutOption = shared.TIMEOUT,
    deadline: Annotated[
        float,
        typer.Option(
            "--deadline",
            min=0.1,
            max=86400,
            metavar="SECONDS",
            envvar="VPNPROBE_DEADLINE",
            help="Longest time for one server.",
        ),
    ] = shared.DEADLINE,
    form: shared.FormatOption = shared.Format.TEXT,
    json: shared.JsonOption = False,
    output: shared.OutputOption = None,
    quiet: shared.QuietOption = False,
    verbose: shared.VerboseOption = False,
) -> int:
    """Is this certificate good for a phone: LSC, MIC, gateway, CAPF or CA, told apart by subject and issuer?

    Example: vpnprobe cert lsc.pem --mac 8CB64F576113 --gateway vpn.example.com

    Example: vpnprobe cert /var/lsc --trust-list CTLSEP8CB64F576113.tlv

    Example: vpnprobe cert https://vpn.example.com --model 8841

    PEM, DER, PKCS#7 and PKCS#12, several in a file, whole directories. Of several, text shows one line each and a
    summary by cause; --verbose shows each in full, --format jsonl writes one JSON line each as it comes. Nothing is
    sent to a server but the hello of a phone.
    """
    from vpnprobe.checks.evaluate import judge
    from vpnprobe.cli.certificate_files import check_sources
    from vpnprobe.probes.certificate import CertificateRun
    from vpnprobe.render.certificate_list import Causes, certificate_line

    network = shared.network_options(
        resolver,
        ipv4=ipv4,
        ipv6=ipv6,
        timeout=timeout,
        deadline=deadline,
        parallel=shared.PARALLEL,
        pause=shared.PAUSE,
    )
    origin = context.get_parameter_source("model")
    check_sources(sources)
    options = certificate_options(
        use=use,
        mac=mac,
        model=model,
        chosen=origin is not None and origin.name != "DEFAULT",
        online_ca=online_ca,
        trust_list=trust_list,
        gateway=gateway,
        csr=csr,
        network=network,
    )
    run = CertificateRun(options)
    skipped: list[str] = []
    reading = _Reading(run, sources, password_file, skipped)
    if options.gateway is not None:
        run_stoppable(run.ask_gateway())
    found = reading.evidence()
    first = list(islice(found, 2))
    wanted = shared.Format.JSON if json else form
    is_list = len(first) > 1 and wanted is shared.Format.TEXT and not verbose
    sink = ReportSink(
        wanted,
        output=output,
        quiet=quiet,
        verbose=verbose,
        several=len(first) > 1,
        line=(lambda report: "" if quiet else certificate_line(report)) if is_list else None,
    )
    causes = Causes()
    stopped = False
    count = 0
    try:
        for count, evidence in enumerate(chain(first, found), 1):
            report = judge(evidence)
            sink.add(report)
            if is_list:
                causes.add(report)
            if not quiet and not count % _PROGRESS:
                progress_on_terminal(f"{count:,} certificates")
    except KeyboardInterrupt:
        stopped = True
    if not quiet:
        clear_progress()
        _tell_skipped(skipped)
    if not count and not stopped:
        raise UsageError(f"no certificate in {', '.join(sources)}; name files with certificates")
    if is_list:
        lines = [causes.last_line()] if quiet else ["", *causes.lines()]
        sink.tell("\n".join(lines) + "\n")
    code = sink.close()
    if stopped:
        sys.stderr.write(f"vpnprobe: interrupted after {count:,} certificates\n")
    return UNKNOWN if stopped else code


def certificate_options(
    *,
    use: Use | None,
    mac: str | None,
    model: str,
    chosen: bool,
    online_ca: bool,
    trust_list: Sequence[str] | None,
    gateway: str | None,
    csr: Sequence[str] | None,
    network: NetworkOptions,
) -> CertificateOptions:
    """Return what certificates are held against; `chosen`: the operator named the model. Raises `UsageError`."""
    from vpnprobe.cli.certificate_files import read_capf
    from vpnprobe.phones.profile import load_profile
    from vpnprobe.probes.certificate import CertificateOptions

    return CertificateOptions(
        profile=load_profile(model),
        chosen=chosen,
        mac=parse_mac(mac) if mac is not None else None,
        use=_USES[use] if use is not None else None,
        online_ca=online_ca,
        requests=tuple(_requests(csr or ())),
        capf=read_capf(trust_list or ()),
        gateway=parse_gateway(gateway) if gateway is not None else None,
        network=network,
    )


class _Reading:
    """Reads sources one by one and makes Evidence of each certificate."""

    def __init__(
        self, run: CertificateRun, sources: Sequence[str], password_file: str | None, skipped: list[str]
    ) -> None:
        self._run = run
        self._sources = sources
        self._password = functools.cache(lambda: read_password(password_file, "the PKCS#12 file"))
        self._skipped = skipped

    def evidence(self) -> Iterator[Evidence]:
        """Yield the Evidence of each certificate as soon as it is read."""
        from vpnprobe.cli.certificate_files import certificates_of

        for name in self._sources:
            if "://" in name:
                yield from self._live(name)
            else:
                yield from map(self._one, certificates_of(name, self._password, self._skipped.append))

    def _one(self, found: Found | Unread) -> Evidence:
        from vpnprobe.cli.certificate_files import Unread

        if isinstance(found, Unread):
            return self._run.nothing(found.source, found.problem)
        return self._run.evidence(found.source, found.der, place=found.place, chain=found.chain)

    def _live(self, name: str) -> Iterator[Evidence]:
        from vpnprobe.render.failure_words import describe_failure

        visited = run_stoppable(self._run.visit(parse_group_url(name).endpoint))
        chains = visited.chains()
        if not chains:
            failures = [visited.resolution.failure, *(flight.failure for flight in visited.flights)]
            why = next((describe_failure(failure) for failure in failures if failure), "no certificate was shown")
            yield self._run.nothing(name, f"{why}; try: vpnprobe gateway {name}")
        for address, shown in chains:
            source = name if len(chains) == 1 else f"{name} at {address}"
            for number, der in enumerate(shown):
                others = (*shown[:number], *shown[number + 1 :])
                yield self._run.evidence(source, der, place=number + 1, chain=others, is_shown=number == 0)


def parse_gateway(text: str) -> Endpoint:
    """Read the value of --gateway; raises `UsageError`."""
    return parse_group_url(text).endpoint if "://" in text else parse_endpoint(text, HTTPS_PORT)


def _requests(names: Iterable[str]) -> Iterator[KeyRequest]:
    from vpnprobe.cli.certificate_files import load_file
    from vpnprobe.pki.request import load_requests

    for name in names:
        data = load_file("--csr", name)
        try:
            yield from load_requests(data)
        except UsageError as error:
            raise UsageError(f"--csr {name}: {error}") from error


def _tell_skipped(skipped: Sequence[str]) -> None:
    if skipped:
        more = f" and {len(skipped) - _NAMED:,} more" if len(skipped) > _NAMED else ""
        named = ", ".join(map(printable, skipped[:_NAMED]))
        sys.stderr.write(f"vpnprobe: no certificates, not looked at: {named}{more}\n")
