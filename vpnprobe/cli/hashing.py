"""`vpnprobe hash`: one certificate hash in all its forms, and whether several name the same certificate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from vpnprobe.cli import options as shared
from vpnprobe.cli.exitcodes import CRITICAL, OK, UNKNOWN
from vpnprobe.cli.output import write_text
from vpnprobe.cli.stopping import run_stoppable
from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import parse_group_url
from vpnprobe.pki.certificate import describe
from vpnprobe.pki.fingerprint import SHA1_SIZE, CertHash, HashProblem, colon_hex, format_cert_hash, parse_cert_hash
from vpnprobe.pki.loading import MAX_INPUT, load_certificates
from vpnprobe.pki.mismatch import SeenCertificate, explain_mismatch
from vpnprobe.probes.options import GatewayOptions, NetworkOptions
from vpnprobe.render.escape import printable

# No hash is written like this: a name with an ending, or a path from the root, the home or here.
_FILE_LIKE = re.compile(r"\.[A-Za-z0-9]{1,4}$|^(~|\.{0,2})[/\\]")


class HashedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One value or certificate. `sha1` is colon hex; None where no SHA-1 could be read from the text.

    `kind` is the form of a value, "file" or "live" for a certificate, and "issuer" for those that follow the first one
    in a file: they are shown and not compared.
    """

    given: str
    kind: str
    sha1: str | None = None
    cert_hash: str | None = None
    subject: str | None = None
    not_after: str | None = None
    problems: tuple[str, ...] = ()


class HashReport(msgspec.Struct, frozen=True, kw_only=True):
    """All items; `same` is None for a single one or where one could not be read."""

    items: tuple[HashedItem, ...]
    same: bool | None = None
    explanations: tuple[str, ...] = ()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("hash")(hash_command)


def hash_command(
    items: Annotated[
        list[str],
        typer.Argument(
            metavar="VALUE|FILE|URL...", help="A hash (hex or base64), a certificate file, or https://HOST."
        ),
    ],
    model: shared.ModelOption = shared.DEFAULT_MODEL,
    resolver: shared.ResolverOption = None,
    ipv4: shared.Ipv4Option = False,
    ipv6: shared.Ipv6Option = False,
    timeout: shared.TimeoutOption = shared.TIMEOUT,
    deadline: shared.DeadlineOption = shared.DEADLINE,
    json: shared.JsonOption = False,
    output: shared.OutputOption = None,
) -> int:
    """Turn a certificate hash from hex to base64 and back, take it from a file or a live gateway, compare several.

    Example: vpnprobe hash E5:7E:81:EA:99:54:C1:44:97:66:78:D0:E2:41:8C:DF:79:A9:31:76

    Example: vpnprobe hash 5X6B6plUwUSXZnjQ4kGM33mpMXY= https://vpn.example.com/VPNPhone

    Exit code 0: read, and the same if there are several. 2: different. 3: not a hash.
    """
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
    report = HashReport(items=tuple(read), same=_same(read), explanations=_explain(values, read, certificates))
    write_text(_json(report) if json else _text(report), output)
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
    if parsed.digest is None and _FILE_LIKE.search(text):
        raise UsageError(f"{text}: no such file, and not a hash either; name an existing file")
    is_sha1 = parsed.digest is not None and len(parsed.digest) == SHA1_SIZE
    return HashedItem(
        given=text,
        kind=parsed.form.value if parsed.form else "unreadable",
        sha1=colon_hex(parsed.digest) if is_sha1 and parsed.digest else None,
        cert_hash=format_cert_hash(parsed.digest) if is_sha1 and parsed.digest else None,
        problems=tuple(problem.value for problem in parsed.problems),
    )


def _file(path: Path, certificates: list[SeenCertificate]) -> list[HashedItem]:
    with path.open("rb") as stream:
        data = stream.read(MAX_INPUT + 1)
    try:
        leaf, *issuers = load_certificates(data)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    return [
        _certificate(str(path), "file", leaf, certificates),
        *(_certificate(f"{path}, issuer", "issuer", der, certificates) for der in issuers),
    ]


def _live(text: str, model: str, network: NetworkOptions, certificates: list[SeenCertificate]) -> list[HashedItem]:
    from vpnprobe.phones.profile import load_profile
    from vpnprobe.probes.gateway import GatewayProbe
    from vpnprobe.render.stage_lines import describe_failure

    url = parse_group_url(text)
    options = GatewayOptions(
        gateway=url.endpoint, group_url=url, profile=load_profile(model), own_hello_only=True, network=network
    )
    evidence = run_stoppable(GatewayProbe(options).run())
    found = [
        _certificate(f"{text} at {flight.address}", "live", evidence.certificates[flight.chain[0]], certificates)
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


def _certificate(given: str, kind: str, der: bytes, certificates: list[SeenCertificate]) -> HashedItem:
    facts = describe(der)
    certificates.append(SeenCertificate(der=der, where=given))
    return HashedItem(
        given=given,
        kind=kind,
        sha1=facts.sha1,
        cert_hash=facts.cert_hash,
        subject=facts.subject,
        not_after=facts.not_after.isoformat() if facts.not_after else None,
        problems=tuple(problem.value for problem in facts.problems),
    )


def _same(items: Sequence[HashedItem]) -> bool | None:
    digests = [item.sha1 for item in items if item.kind != "issuer"]
    return None if len(digests) < 2 or None in digests else len(set(digests)) == 1


def _explain(
    values: Sequence[CertHash], items: Sequence[HashedItem], certificates: Sequence[SeenCertificate]
) -> tuple[str, ...]:
    """Say how a given hash misses a given certificate."""
    right = {item.sha1 for item in items if item.kind in ("file", "live")}
    wrong = [value for value in values if value.digest is None or colon_hex(value.digest) not in right]
    return tuple(
        f"{wrong[miss.cert_hash_index].text}: {miss.explanation} ({', '.join(miss.where)})"
        for miss in explain_mismatch(wrong, certificates)
    )


def _json(report: HashReport) -> str:
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def _text(report: HashReport) -> str:
    lines: list[str] = []
    for item in report.items:
        lines.append(printable(item.given))
        if item.sha1 is None or item.cert_hash is None:
            lines.append("  not a SHA-1 of a certificate; a certHash has 28 characters, its hex form 40 digits")
        else:
            lines += [f"  certHash  {item.cert_hash}", f"  SHA-1     {item.sha1}"]
        if item.subject is not None:
            lines.append(f"  subject   {printable(item.subject)}")
        if item.not_after is not None:
            lines.append(f"  valid to  {item.not_after}")
        notes = [problem for problem in item.problems if problem != HashProblem.HEX.value]
        if notes:
            lines.append(f"  note      {', '.join(notes)}")
    lines += [printable(text) for text in report.explanations]
    if report.same is not None:
        lines.append("SAME: all name one certificate" if report.same else "DIFFERENT: these are not one certificate")
    return "\n".join(lines) + "\n"
