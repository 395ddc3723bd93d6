"""Which SIP domains a run is about: the arguments and the lines of a file, each domain once."""

from __future__ import annotations

import codecs
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from vpnprobe.federation.domain import parse_domain
from vpnprobe.model.errors import UsageError
from vpnprobe.render.escape import printable

# Room for 100,000 domains and more.
_MAX_SIZE = 4 << 20

# Domains that a line on standard error names.
_NAMED = 5


def read_domains(arguments: Sequence[str], file: str | None, *, quiet: bool) -> list[str]:
    """Return the domains in order, those of the arguments first.

    A domain that comes again is left out, which standard error tells unless `quiet`. Every bad line of the file is
    told on standard error; then, and where there is no domain at all, `UsageError` is raised.
    """
    if "-" in arguments:
        raise UsageError("- is no domain; to read domains from standard input, give --from-file -")
    domains = [parse_domain(text) for text in arguments]
    if file is not None:
        domains += _from_file(file)
    if not domains:
        raise UsageError(
            f"{_name(file)} names no domain; write one on each line"
            if file is not None
            else "no domain given; name one, for example example.com, or give --from-file FILE"
        )
    times = Counter(domains)
    again = [domain for domain, number in times.items() if number > 1]
    if again and not quiet:
        more = f" and {len(again) - _NAMED} more" if len(again) > _NAMED else ""
        sys.stderr.write(f"vpnprobe: named more than once and asked once: {', '.join(again[:_NAMED])}{more}\n")
    return list(times)


def _from_file(name: str) -> list[str]:
    domains: list[str] = []
    bad: list[str] = []
    for number, text in _lines(name):
        try:
            domains.append(parse_domain(text))
        except UsageError as error:
            bad.append(f"{_name(name)}, line {number}: {error}")
    if len(bad) > 1:
        for complaint in bad[:-1]:
            sys.stderr.write(f"vpnprobe: {printable(complaint)}\n")
    if bad:
        raise UsageError(f"{bad[-1]}; nothing was asked")
    return domains


def _lines(name: str) -> Iterator[tuple[int, str]]:
    """Yield the number and text of each line that says something; `#` begins a comment."""
    data = _read(name)
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UsageError(f"{_name(name)} is no text in UTF-8; save it as such") from error
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        if said := line.partition("#")[0].strip():
            yield number, said


def _read(name: str) -> bytes:
    try:
        if name == "-":
            data = sys.stdin.buffer.read(_MAX_SIZE + 1)
        else:
            with Path(name).open("rb") as stream:
                data = stream.read(_MAX_SIZE + 1)
    except OSError as error:
        raise UsageError(f"--from-file {name}: {error.strerror}; name a file with one domain on each line") from error
    if len(data) > _MAX_SIZE:
        raise UsageError(f"{_name(name)} is over 4 MiB; split it into several files")
    return data


def _name(file: str) -> str:
    return "standard input" if file == "-" else file
