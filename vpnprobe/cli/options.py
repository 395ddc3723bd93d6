"""Options that several commands share, and their values turned into what probes take."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Annotated

import typer

from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import DNS_PORT, Endpoint, parse_endpoint
from vpnprobe.probes.options import (
    DEFAULT_DEADLINE_S,
    DEFAULT_PARALLEL,
    DEFAULT_PAUSE_S,
    DEFAULT_TIMEOUT_S,
    NetworkOptions,
)


class Format(enum.StrEnum):
    """Forms of a report."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"
    JUNIT = "junit"
    NAGIOS = "nagios"
    PROMETHEUS = "prometheus"


ResolverOption = Annotated[
    list[str] | None,
    typer.Option(
        "--resolver",
        metavar="HOST[:PORT]",
        envvar="VPNPROBE_RESOLVER",
        help="DNS server to ask instead of this machine's own; repeat for more, or put commas between them.",
    ),
]
Ipv4Option = Annotated[bool, typer.Option("-4", "--ipv4", envvar="VPNPROBE_IPV4", help="IPv4 addresses only.")]
Ipv6Option = Annotated[bool, typer.Option("-6", "--ipv6", envvar="VPNPROBE_IPV6", help="IPv6 addresses only.")]
TimeoutOption = Annotated[
    float,
    typer.Option(
        "--timeout",
        min=0.05,
        max=600,
        metavar="SECONDS",
        envvar="VPNPROBE_TIMEOUT",
        help="Longest time for one step.",
    ),
]
DeadlineOption = Annotated[
    float,
    typer.Option(
        "--deadline",
        min=0.1,
        max=86400,
        metavar="SECONDS",
        envvar="VPNPROBE_DEADLINE",
        help="Longest time for the whole run; then the report is partial.",
    ),
]
ParallelOption = Annotated[
    int,
    typer.Option(
        "--parallel",
        min=1,
        max=64,
        metavar="NUMBER",
        envvar="VPNPROBE_PARALLEL",
        help="Connections to one server at the same time.",
    ),
]
PauseOption = Annotated[
    float,
    typer.Option(
        "--pause",
        min=0,
        max=60,
        metavar="SECONDS",
        envvar="VPNPROBE_PAUSE",
        help="Pause between the starts of two connections to one server.",
    ),
]
ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="MODEL",
        envvar="VPNPROBE_MODEL",
        help="Phone to imitate: 7962G, 7975G, 8841, 8811-pre12.5 ...",
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", "-f", envvar="VPNPROBE_FORMAT", help="Form of the report.")]
JsonOption = Annotated[bool, typer.Option("--json", envvar="VPNPROBE_JSON", help="Short for --format json.")]
OutputOption = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        envvar="VPNPROBE_OUTPUT",
        help="Write the report to FILE (atomically) instead of standard output.",
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", envvar="VPNPROBE_QUIET", help="Print the last line only.")]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", envvar="VPNPROBE_VERBOSE", help="Print every check, also those passed.")
]

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="FILE|URL",
        envvar="VPNPROBE_DATABASE",
        help="The history: a file, or postgresql://user@host/database. Without it, history.db in the service's or "
        "the user's state directory.",
    ),
]

DEFAULT_MODEL = "7962G"
TIMEOUT = DEFAULT_TIMEOUT_S
DEADLINE = DEFAULT_DEADLINE_S
PARALLEL = DEFAULT_PARALLEL
PAUSE = DEFAULT_PAUSE_S


def _words(text: str) -> list[str]:
    """Split at commas and white space; an empty text stays, to be complained about."""
    return text.replace(",", " ").split() or [text]


def parse_resolvers(texts: Sequence[str]) -> tuple[Endpoint, ...]:
    """Read the values of --resolver; raises `UsageError`."""
    servers = tuple(parse_endpoint(word, DNS_PORT) for text in texts for word in _words(text))
    for server in servers:
        if not server.is_address:
            raise UsageError(f"--resolver {server.host}: a DNS server is named by its IP address")
    return servers


def network_options(
    resolvers: Sequence[str] | None,
    *,
    ipv4: bool,
    ipv6: bool,
    timeout: float,
    deadline: float,
    parallel: int,
    pause: float,
) -> NetworkOptions:
    """Return the values of the shared network options; raises `UsageError` where they contradict each other."""
    if ipv4 and ipv6:
        raise UsageError("-4 and -6 exclude each other; without either both families are tried")
    families = frozenset({4}) if ipv4 else frozenset({6}) if ipv6 else frozenset({4, 6})
    return NetworkOptions(
        resolvers=parse_resolvers(resolvers or ()),
        families=families,
        timeout=timeout,
        deadline=deadline,
        parallel=parallel,
        pause=pause,
    )
