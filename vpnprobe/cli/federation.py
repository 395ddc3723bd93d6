"""`vpnprobe federation`: would a Microsoft edge accept this domain?"""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vpnprobe.cli import options as shared
from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.domains import read_domains
from vpnprobe.cli.exitcodes import UNKNOWN
from vpnprobe.cli.output import ReportSink, clear_progress, progress_on_terminal, progress_unless
from vpnprobe.cli.stopping import measure_each
from vpnprobe.federation.domain import parse_domain
from vpnprobe.model.errors import UsageError
from vpnprobe.probes.options import ANONYMOUS_USER, FederationOptions, NetworkOptions

if TYPE_CHECKING:
    from vpnprobe.model.evidence import Evidence
    from vpnprobe.probes.federation import FederationProbe
    from vpnprobe.transport.tls_settings import ClientCredential

# Domains that one is compared with (--imp); each costs DNS questions.
_MAX_SIBLINGS = 16

_DIGEST_SIZES = (20, 32)  # SHA-1 and SHA-256

# Domains named when the rest is given up.
_NAMED = 5


class PartnerName(enum.StrEnum):
    """Who is to accept the domain."""

    ANY = "any"
    OFFICE_365 = "office-365"
    ON_PREMISES = "on-premises"
    LYNC_2010 = "lync-2010"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("federation", cls=PlainCommand)(federation)


def federation(
    domains: Annotated[
        list[str] | None,
        typer.Argument(metavar="DOMAIN", help="SIP domains that are called, and those that calls come from."),
    ] = None,
    from_file: Annotated[
        str | None,
        typer.Option(
            "--from-file",
            metavar="FILE",
            envvar="VPNPROBE_FROM_FILE",
            help="Read more domains from FILE, one on each line, # for comments; - is standard input.",
        ),
    ] = None,
    authoritative: Annotated[
        bool,
        typer.Option(
            "--authoritative",
            envvar="VPNPROBE_AUTHORITATIVE",
            help="Also ask each zone's own DNS servers, and compare.",
        ),
    ] = False,
    extras: Annotated[
        bool,
        typer.Option(
            "--extras",
            envvar="VPNPROBE_EXTRAS",
            help="Also look at other SIP records, and for internal ones that are public.",
        ),
    ] = False,
    client_cert: Annotated[
        str | None,
        typer.Option(
            "--client-cert",
            metavar="PEM",
            envvar="VPNPROBE_CLIENT_CERT",
            help="Your own edge's certificate. Only an edge that asks for one and shows the right name is sent it.",
        ),
    ] = None,
    client_key: Annotated[
        str | None,
        typer.Option("--client-key", metavar="PEM", envvar="VPNPROBE_CLIENT_KEY", help="Its private key, unencrypted."),
    ] = None,
    authority: Annotated[
        list[str] | None,
        typer.Option(
            "--ca",
            metavar="FILE",
            envvar="VPNPROBE_CA",
            help="CA certificates that the partner trusts beside the public ones; repeat for more.",
        ),
    ] = None,
    partner: Annotated[
        PartnerName,
        typer.Option("--partner", envvar="VPNPROBE_PARTNER", help="Whose edge is to accept the domain."),
    ] = PartnerName.ANY,
    im_and_presence: Annotated[
        bool,
        typer.Option(
            "--imp", envvar="VPNPROBE_IMP", help="Cisco IM and Presence serves these domains: its rules hold too."
        ),
    ] = False,
    sibling: Annotated[
        list[str] | None,
        typer.Option(
            "--sibling",
            metavar="DOMAIN",
            envvar="VPNPROBE_SIBLING",
            help="With --imp: another domain of the same deployment, to compare addresses with; repeat for more. "
            "Domains of the same call are compared anyway.",
        ),
    ] = None,
    expect: Annotated[
        list[str] | None,
        typer.Option(
            "--expect",
            metavar="FILE|HASH",
            envvar="VPNPROBE_EXPECT",
            help="The certificate that the edge ought to show: a file, or its SHA-1 or SHA-256; repeat for more.",
        ),
    ] = None,
    revocation: Annotated[
        bool,
        typer.Option(
            "--revocation",
            envvar="VPNPROBE_REVOCATION",
            help="Fetch the CRL and ask the OCSP server of each certificate.",
        ),
    ] = False,
    sip: Annotated[
        bool, typer.Option("--sip", envvar="VPNPROBE_SIP", help="Send one SIP OPTIONS over the TLS session.")
    ] = False,
    sip_from: Annotated[
        str,
        typer.Option(
            "--sip-from", metavar="USER@DOMAIN", envvar="VPNPROBE_SIP_FROM", help="Who the OPTIONS is said to be from."
        ),
    ] = ANONYMOUS_USER,
    at_once: Annotated[
        int,
        typer.Option(
            "--at-once", min=1, max=32, metavar="NUMBER", envvar="VPNPROBE_AT_ONCE", help="Domains at the same time."
        ),
    ] = 8,
    resolver: Annotated[
        list[str] | None,
        typer.Option(
            "--resolver",
            metavar="HOST[:PORT]",
            envvar="VPNPROBE_RESOLVER",
            help="DNS server to ask instead of this machine's own; of several, such as one inside and a public one, "
            "each is asked and the answers are compared. Repeat, or put commas between them.",
        ),
    ] = None,
    ipv4: Annotated[
        bool, typer.Option("-4", "--ipv4", envvar="VPNPROBE_IPV4", help="Dial IPv4 addresses only.")
    ] = False,
    ipv6: Annotated[
        bool, typer.Option("-6", "--ipv6", envvar="VPNPROBE_IPV6", help="Dial IPv6 addresses only.")
    ] = False,
    timeout: shared.TimeoutOption = shared.TIMEOUT,
    deadline: Annotated[
        float,
        typer.Option(
            "--deadline",
            min=0.1,
            max=86400,
            metavar="SECONDS",
            envvar="VPNPROBE_DEADLINE",
            help="Longest time for one domain; then its report is partial.",
        ),
    ] = shared.DEADLINE,
    parallel: shared.ParallelOption = shared.PARALLEL,
    pause: shared.PauseOption = shared.PAUSE,
    form: shared.FormatOption = shared.Format.TEXT,
    json: shared.JsonOption = False,
    output: shared.OutputOption = None,
    quiet: shared.QuietOption = False,
    verbose: shared.VerboseOption = False,
) -> int:
    """Would a Microsoft edge (Lync, Skype for Business, Office 365) accept this SIP domain, and if not, why?

    Example: vpnprobe federation example.com

    Example: vpnprobe federation example.com cms.example.com --resolver 10.1.1.53,9.9.9.9 --sip

    Example: vpnprobe federation --from-file domains.txt --format jsonl

    It looks up the domain's federation record, checks the name it leads to, dials every address with the hellos of
    old and new edges, completes the TLS handshake, and reads the certificate as an edge would. Each failing check
    says what the other side shows for it (ms-diagnostics, 504) and what to publish instead.

    Name every domain that calls come from, too: the edge looks up the sender's domain of each call. An edge that only
    talks to partners with a certificate is never said to be down; with --client-cert the handshake is completed.

    JSON lines come as soon as a domain is finished, text in the order of the domains.
    """
    from vpnprobe.checks.evaluate import judge
    from vpnprobe.probes.federation import FederationProbe, FederationShared

    network = shared.network_options(
        resolver, ipv4=ipv4, ipv6=ipv6, timeout=timeout, deadline=deadline, parallel=parallel, pause=pause
    )
    options_of = federation_options(
        authoritative=authoritative,
        extras=extras,
        client_cert=client_cert,
        client_key=client_key,
        authority=authority,
        partner=partner,
        im_and_presence=im_and_presence,
        expect=expect,
        revocation=revocation,
        sip=sip,
        sip_from=sip_from,
        network=network,
    )
    others = parse_siblings(sibling, im_and_presence=im_and_presence)
    wanted = read_domains(domains or (), from_file, quiet=quiet)
    several = len(wanted) > 1
    sink = ReportSink(
        shared.Format.JSON if json else form,
        output=output,
        quiet=quiet,
        verbose=verbose,
        several=several,
        summary=several,
    )
    common = FederationShared(network)
    done = 0
    stopped = False

    def probes() -> Iterator[FederationProbe]:
        progress = None if several else progress_unless(quiet)
        for domain in wanted:
            siblings = siblings_of(domain, (*others, *wanted)) if im_and_presence else ()
            yield FederationProbe(options_of(domain=domain, siblings=siblings), shared=common, progress=progress)

    def take(place: int, evidence: Evidence) -> None:
        nonlocal done, stopped
        done += 1
        stopped |= evidence.interrupted == "interrupt"
        if not quiet:
            clear_progress()
        sink.add(judge(evidence), place)
        if several and not quiet:
            progress_on_terminal(f"{done} of {len(wanted)} domains")

    begun = measure_each(probes(), take, at_once=at_once)
    if not quiet:
        clear_progress()
    code = sink.close()
    if begun < len(wanted):
        _tell_rest(wanted[begun:])
    return UNKNOWN if stopped or begun < len(wanted) else code


def federation_options(
    *,
    authoritative: bool,
    extras: bool,
    client_cert: str | None,
    client_key: str | None,
    authority: Sequence[str] | None,
    partner: PartnerName,
    im_and_presence: bool,
    expect: Sequence[str] | None,
    revocation: bool,
    sip: bool,
    sip_from: str,
    network: NetworkOptions,
) -> partial[FederationOptions]:
    """Return what the values of the command's options ask for; the domain is still to be given.

    Reads the files that they name. Raises `UsageError`.
    """
    if client_key and not client_cert:
        raise UsageError("--client-key needs --client-cert; a PEM file with both can be given as --client-cert")
    return partial(
        FederationOptions,
        authoritative=authoritative,
        extras=extras,
        client=_client(client_cert, client_key) if client_cert else None,
        given_roots=tuple(der for name in authority or () for der in read_certificates("--ca", name)),
        partner=partner.value,
        im_and_presence=im_and_presence,
        certificates=tuple(map(parse_expected, expect or ())),
        revocation=revocation,
        sip=sip,
        sip_from=parse_sip_user(sip_from),
        network=network,
    )


def _tell_rest(domains: Sequence[str]) -> None:
    more = f" and {len(domains) - _NAMED} more" if len(domains) > _NAMED else ""
    sys.stderr.write(f"vpnprobe: interrupted; not begun: {', '.join(domains[:_NAMED])}{more}\n")


def parse_siblings(texts: Sequence[str] | None, *, im_and_presence: bool) -> tuple[str, ...]:
    """Return the domains to compare with, beside those of the call; raises `UsageError`."""
    if texts and not im_and_presence:
        raise UsageError("--sibling needs --imp; only domains of IM and Presence are compared")
    return tuple(map(parse_domain, texts or ()))


def siblings_of(domain: str, domains: Iterable[str]) -> tuple[str, ...]:
    """Return the domains that this one is compared with: the first few of the others."""
    others = (other for other in dict.fromkeys(domains) if other != domain)
    return tuple(islice(others, _MAX_SIBLINGS))


def _client(certificate: str, key: str | None) -> ClientCredential:
    from vpnprobe.transport.tls import load_client_credential

    return load_client_credential(Path(certificate), Path(key) if key else None)


def read_certificates(option: str, name: str) -> list[bytes]:
    """Read the DER certificates of the file that `option` names; raises `UsageError`."""
    from vpnprobe.pki.loading import MAX_INPUT, load_certificates

    try:
        with Path(name).open("rb") as stream:
            return load_certificates(stream.read(MAX_INPUT + 1))
    except OSError as error:
        raise UsageError(f"{option} {name}: {error.strerror}; name a file with certificates") from error
    except UsageError as error:
        raise UsageError(f"{option} {name}: {error}") from error


def parse_expected(text: str) -> str:
    """Return the fingerprint that a file's first certificate has, or that the text is: lower-case hex.

    Raises `UsageError` where it is neither.
    """
    from vpnprobe.pki.fingerprint import parse_expected_hash, sha256

    if _is_file(Path(text)):
        return sha256(read_certificates("--expect", text)[0]).hex()
    digest = parse_expected_hash(text).digest
    if digest is None or len(digest) not in _DIGEST_SIZES:
        raise UsageError(
            f"--expect {text}: neither a file that is there nor a SHA-1 or SHA-256 fingerprint in hex or base64"
        )
    return digest.hex()


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # Longer than a name can be: a pasted text.
        return False


def parse_sip_user(text: str) -> str:
    """Read the value of --sip-from; raises `UsageError`."""
    user, at, domain = text.strip().removeprefix("sip:").partition("@")
    # The unreserved characters of a SIP user (RFC 3261 section 25.1) that mail-like addresses have too.
    if not at or not user or not all(one.isascii() and (one.isalnum() or one in "-_.+") for one in user):
        raise UsageError(f"--sip-from {text!r}: write it as user@domain, for example probe@example.com")
    return f"{user}@{parse_domain(domain)}"
