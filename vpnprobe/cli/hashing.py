"""`vpnprobe hash`: one certificate hash in all its forms, and whether several name the same certificate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from vpnprobe.cli import options as shared
from vpnprobe.cli.command import PlainCommand
from vpnprobe.cli.exitcodes import CRITICAL, OK, UNKNOWN
from vpnprobe.cli.output import write_text
from vpnprobe.cli.stopping import run_stoppable
from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import parse_group_url
from vpnprobe.probes.options import GatewayOptions, NetworkOptions
from vpnprobe.render.escape import printable

if TYPE_CHECKING:
    from vpnprobe.pki.fingerprint import CertHash
    from vpnprobe.pki.mismatch import SeenCertificate

# No hash is written like this: a name with an ending, or a path from the root, the home or here.
_FILE_LIKE = re.compile(r"\.[A-Za-z0-9]{1,4}$|^(~|\.{0,2})[/\\]")
# Nor like this: a name with dots, an address, or a name with a port; a path may follow.
_HOST_LIKE = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w-]+(\.[\w-]+)+|[\w-]+(?=:))(:\d{1,5})?(/\S*)?")

_SHA1_SIZE = 20
_FIRST_KINDS = ("file", "live")
_LATER_KINDS = ("issuer", "other")


class HashedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One value or certificate. `sha1` is colon hex; None where no SHA-1 could be read from the text.

    `kind` is the form of a value, "file" or "live" for a certificate. What follows the first certificate in a file is
    "issuer" where its signature leads down to the first, else "other"; only values are compared with these.
    `size` are the bytes that a value stands for, `shown_to` the model that a live certificate was shown to.
    """

    given: str
    kind: str
    sha1: str | None = None
    cert_hash: str | None = None
    subject: str | None = None
    not_after: str | None = None
    size: int | None = None
    shown_to: str | None = None
    problems: tuple[str, ...] = ()


class HashReport(msgspec.Struct, frozen=True, kw_only=True):
    """All items; `same` is None for a single one or where one could not be read.

    `same_as` is the `given` of the certificate that all values name, where it is not the first one of its file.
    """

    items: tuple[HashedItem, ...]
    same: bool | None = None
    same_as: str | None = None
    explanations: tuple[str, ...] = ()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("hash", cls=PlainCommand)(hash_command)


def hash_command(
    items: Annotated[
        list[str],
        typer.Argument(metavar="VALUE|FILE|URL", help="A hash (hex or base64), a certificate file, or https://HOST."),
    ],
    model: shared.ModelOption = shared.DEFAULT_MODEL,
    resolver: shared.ResolverOption = None,
    ipv4: shared.Ipv4Option = False,
    ipv6: shared.Ipv6Option = False,
    timeout: shared.TimeoutOption = shared.TIMEOUT,
    deadline: shared.DeadlineOption = shared.DEADLINE,
    json: shared.JsonOption = False,
    output: shared.OutputOption = None,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", "-q", envvar="VPNPROBE_QUIET", help="Print one line: SAME or DIFFERENT, or the certHash of one."
        ),
    ] = False,
) -> int:
    """Turn a certificate hash from hex to base64 and back, take it from a file or a live gateway, compare several.

    Example: vpnprobe hash E5:7E:81:EA:99:54:C1:44:97:66:78:D0:E2:41:8C:DF:79:A9:31:76

    Example: vpnprobe hash 5X6B6plUwUSXZnjQ4kGM33mpMXY= https://vpn.example.com/VPNPhone

    Exit code 0: read, and the same if there are several. 2: different. 3: not a hash.

    A certificate from a file counts as its first one; a value may also name a later one of the file.
    """
    from vpnprobe.pki.fingerprint import parse_cert_hash

    network = shared.network_options(
        resolver,
        ipv4=ipv4,
        ipv6=ipv6,
        timeout=timeout,
        deadline=deadline,
        parallel=shared.PARALLEL,
        pause=shared.PAUSE,
    )
    certificates: list[SeenCertificate] = []
    values: list[CertHash] = []
    read: list[HashedItem] = []
    for text in items:
        if "://" in text:
            read += _live(text, model, network, certificates)
        elif _is_file(Path(text)):
            read += _file(Path(text), certificates)
        else:
            values.append(parse_cert_hash(text))
            read.append(_value(text, values[-1]))
    later = _later_certificate(read)
    report = HashReport(
        items=tuple(read),
        same=True if later else _same(read),
        same_as=later.given if later else None,
        explanations=() if later else (*_explain(values, read, certificates), *_explain_values(values, read)),
    )
    write_text(_json(report) if json else _last_line(report) + "\n" if quiet else _text(report), output)
    if any(item.sha1 is None for item in read):
        return UNKNOWN
    return CRITICAL if report.same is False else OK


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # Longer than a name can be: a pasted text.
        return False


def _value(text: str, parsed: CertHash) -> HashedItem:
    from vpnprobe.pki.fingerprint import colon_hex, format_cert_hash

    if parsed.digest is None and _FILE_LIKE.search(text):
        raise UsageError(
            f"{text}: no such file, and not a hash either; name an existing file, or write https:// before a gateway"
        )
    if parsed.digest is None and _HOST_LIKE.fullmatch(text):
        raise UsageError(f"{text} is no hash; for the gateway's certificate write https://{text}")
    is_sha1 = parsed.digest is not None and len(parsed.digest) == _SHA1_SIZE
    return HashedItem(
        given=text,
        kind=parsed.form.value if parsed.form else "unreadable",
        sha1=colon_hex(parsed.digest) if is_sha1 and parsed.digest else None,
        cert_hash=format_cert_hash(parsed.digest) if is_sha1 and parsed.digest else None,
        size=None if parsed.digest is None else len(parsed.digest),
        problems=tuple(problem.value for problem in parsed.problems),
    )


def _file(path: Path, certificates: list[SeenCertificate]) -> list[HashedItem]:
    from vpnprobe.pki.loading import MAX_INPUT, load_certificates
    from vpnprobe.pki.path import verified_issuers

    with path.open("rb") as stream:
        data = stream.read(MAX_INPUT + 1)
    try:
        found = load_certificates(data)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    issuers = verified_issuers(found)
    return [
        _certificate(str(path), "file", found[0], certificates),
        *(
            _certificate(f"{path}, certificate {number}", "issuer" if der in issuers else "other", der, certificates)
            for number, der in enumerate(found[1:], 2)
        ),
    ]


def _live(text: str, model: str, network: NetworkOptions, certificates: list[SeenCertificate]) -> list[HashedItem]:
    from vpnprobe.phones.profile import load_profile
    from vpnprobe.probes.gateway import GatewayProbe
    from vpnprobe.render.failure_words import describe_failure

    url = parse_group_url(text)
    options = GatewayOptions(
        gateway=url.endpoint, group_url=url, profile=load_profile(model), own_hello_only=True, network=network
    )
    evidence = run_stoppable(GatewayProbe(options).run())
    found = [
        _certificate(f"{text} at {flight.address}", "live", evidence.certificates[flight.chain[0]], certificates, model)
        for flight in evidence.first_flights
        if flight.chain
    ]
    if found:
        return found
    failures = [flight.failure for flight in evidence.first_flights if flight.failure]
    if evidence.resolution and evidence.resolution.failure:
        failures.append(evidence.resolution.failure)
    reason = describe_failure(failures[0]) if failures else "no certificate was shown"
    raise UsageError(f"{text}: {reason}; try: vpnprobe gateway {text}")


def _certificate(
    given: str, kind: str, der: bytes, certificates: list[SeenCertificate], shown_to: str | None = None
) -> HashedItem:
    from vpnprobe.pki.certificate import describe
    from vpnprobe.pki.mismatch import SeenCertificate

    facts = describe(der)
    certificates.append(SeenCertificate(der=der, where=given))
    return HashedItem(
        given=given,
        kind=kind,
        sha1=facts.sha1,
        cert_hash=facts.cert_hash,
        subject=facts.subject,
        not_after=facts.not_after.isoformat() if facts.not_after else None,
        shown_to=shown_to,
        problems=tuple(problem.value for problem in facts.problems),
    )


def _later_certificate(items: Sequence[HashedItem]) -> HashedItem | None:
    """Return the certificate behind the first one of the one file given that all the values name."""
    given = {item.sha1 for item in items if item.kind not in (*_FIRST_KINDS, *_LATER_KINDS)}
    first = [item.sha1 for item in items if item.kind in _FIRST_KINDS]
    if len(first) != 1 or len(given) != 1 or given == set(first):
        return None
    return next((item for item in items if item.kind in _LATER_KINDS and item.sha1 in given), None)


def _same(items: Sequence[HashedItem]) -> bool | None:
    digests = [item.sha1 for item in items if item.kind not in _LATER_KINDS]
    return None if len(digests) < 2 or None in digests else len(set(digests)) == 1


def _explain(
    values: Sequence[CertHash], items: Sequence[HashedItem], certificates: Sequence[SeenCertificate]
) -> tuple[str, ...]:
    """Say how a given hash misses a given certificate."""
    if not certificates:
        return ()
    from vpnprobe.pki.fingerprint import colon_hex
    from vpnprobe.pki.mismatch import explain_mismatch

    right = {item.sha1 for item in items if item.kind in ("file", "live")}
    wrong = [value for value in values if value.digest is None or colon_hex(value.digest) not in right]
    return tuple(
        f"{wrong[miss.cert_hash_index].text}: {miss.explanation} ({', '.join(miss.where)})"
        for miss in explain_mismatch(wrong, certificates)
    )


def _explain_values(values: Sequence[CertHash], items: Sequence[HashedItem]) -> tuple[str, ...]:
    """Say how one value was miscopied from another, where there is no certificate to tell which one is right.

    Of two that could both be right, the later one is taken to be.
    """
    from vpnprobe.pki.mismatch import explain_text

    if len(values) < len(items):
        return ()
    told = []
    for number, wrong in enumerate(values):
        for other, right in enumerate(values):
            could_be_right = items[number].sha1 is not None
            if items[other].sha1 is None or right.digest is None or wrong.digest == right.digest:
                continue
            explanation = None if could_be_right and other <= number else explain_text(wrong, right.digest)
            if explanation is not None:
                told.append(f"{wrong.text}: {explanation} (if {right.text} is right)")
    return tuple(told)


def _json(report: HashReport) -> str:
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def _text(report: HashReport) -> str:
    lines: list[str] = []
    for item in report.items:
        lines.append(printable(item.given))
        if item.sha1 is None or item.cert_hash is None:
            lines.append(f"  {_no_sha1(item)}")
        else:
            lines += [f"  certHash  {item.cert_hash}", f"  SHA-1     {item.sha1}"]
        if item.shown_to is not None:
            lines.append(f"  shown to  a {printable(item.shown_to)}")
        if item.subject is not None:
            lines.append(f"  subject   {printable(item.subject)}")
        if item.not_after is not None:
            lines.append(f"  valid to  {item.not_after}")
        if item.kind == "issuer":
            lines.append("  role      issued the first certificate of the file")
        notes = [problem for problem in item.problems if problem != "hex"]
        if notes:
            lines.append(f"  note      {', '.join(notes)}")
    lines += [printable(text) for text in report.explanations]
    if _is_compared(report):
        lines.append(_last_line(report))
    return "\n".join(lines) + "\n"


def _is_compared(report: HashReport) -> bool:
    return sum(item.kind not in _LATER_KINDS for item in report.items) > 1


def _last_line(report: HashReport) -> str:
    """Return the outcome of the comparison; of a single hash its certHash."""
    if not _is_compared(report):
        return report.items[0].cert_hash or _no_sha1(report.items[0])
    if report.same_as is not None:
        [issuer] = {item.kind == "issuer" for item in report.items if item.given == report.same_as}
        role = "which issued the first one" if issuer else "which did not issue the first one"
        return f"SAME as {printable(report.same_as)}, {role}"
    if report.same is None:
        return "NOT COMPARED: not each of these is the SHA-1 of a certificate"
    return "SAME: all name one certificate" if report.same else "DIFFERENT: these are not one certificate"


def _no_sha1(item: HashedItem) -> str:
    found = "neither base64 nor hex" if item.size is None else f"{item.size} byte{'' if item.size == 1 else 's'}"
    return f"not a SHA-1 of a certificate: {found}; a certHash is {_SHA1_SIZE} bytes (28 characters, 40 hex digits)"
