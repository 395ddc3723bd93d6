"""`vpnprobe gateway --enumerate` beside the scanners: the same server, each a process from beginning to end."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from tests.bench.machine import found
from tests.bench.measure import Aim, Comparison, Missing, Note, Outcome, in_turn
from tests.bench.processes import VPNPROBE, seconds, server

ROUNDS = 3
SUITES = "ALL:!PSK:!SRP"
"""Everything that a gateway could accept."""
NEAR_S = 0.0
FAR_S = 0.02
AIM = Aim(0.2, "at most")

_AS_FAST_AS_IT_GOES = ("--parallel", "16", "--pause", "0")
_LOOP = """
for version in tls1 tls1_1 tls1_2; do
    for suite in $(openssl ciphers 'ALL:eNULL:!PSK:!SRP:@SECLEVEL=0' | tr : ' '); do
        openssl s_client -connect $0 -$version -cipher $suite:@SECLEVEL=0 </dev/null >/dev/null 2>&1 && echo $suite
    done
done
for suite in TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256; do
    openssl s_client -connect $0 -tls1_3 -ciphersuites $suite </dev/null >/dev/null 2>&1 && echo $suite
done
"""


def _sslscan(*options: str) -> Callable[[str, str], Sequence[str]]:
    return lambda path, port: (path, "--no-colour", *options, f"127.0.0.1:{port}")


def _nmap(path: str, port: str) -> Sequence[str]:
    return path, "-n", "-Pn", "-p", port, "--script", "ssl-enum-ciphers", "127.0.0.1"


def _s_client(_path: str, port: str) -> Sequence[str]:
    return "sh", "-c", _LOOP, f"127.0.0.1:{port}"


@dataclass(frozen=True, slots=True)
class Scanner:
    """A tool, its command line for a port, and what begins a line of its output that names an accepted suite."""

    name: str
    tool: str
    command: Callable[[str, str], Sequence[str]]
    accepted: str
    near_only: bool = False


SCANNERS = (
    Scanner(
        "`sslscan`, nothing but suites",
        "sslscan",
        _sslscan("--no-renegotiation", "--no-fallback", "--no-compression", "--no-heartbleed", "--no-groups"),
        "Accepted|Preferred",
    ),
    Scanner("`sslscan`", "sslscan", _sslscan(), "Accepted|Preferred", near_only=True),
    Scanner("`nmap --script ssl-enum-ciphers`", "nmap", _nmap, r"\| +TLS_"),
    Scanner("loop of `openssl s_client`", "openssl", _s_client, "[A-Z]", near_only=True),
)


def measure() -> Iterator[Outcome]:
    """Compare near, where start-up and manners weigh most, and with a round trip as to a real gateway."""
    yield from _compared(NEAR_S, ())
    yield from _compared(FAR_S, ())
    yield from _compared(FAR_S, _AS_FAST_AS_IT_GOES)


def _compared(distance: float, options: Sequence[str]) -> Iterator[Outcome]:
    what = f"`{' '.join(('vpnprobe gateway --enumerate', *options))}`, server {distance * 1000:.0f} ms away"
    scanners = [scanner for scanner in SCANNERS if distance == NEAR_S or not scanner.near_only]
    present = {scanner: path for scanner in scanners if (path := found(scanner.tool))}
    with server("tls_server", SUITES, str(distance)) as port:
        ours = (*VPNPROBE, "gateway", f"127.0.0.1:{port}", "--enumerate", *options)
        commands = {scanner: scanner.command(path, port) for scanner, path in present.items()}
        our_times, *their_times = in_turn(
            ROUNDS,
            partial(seconds, ours, codes=(0, 1, 2)),
            *(partial(seconds, command, codes=None) for command in commands.values()),
        )
        for scanner, times in zip(present, their_times, strict=True):
            yield Comparison(what=what, ours=our_times, beside=scanner.name, theirs=times, unit="s", aim=AIM)
        for scanner in scanners:
            if scanner not in present:
                remedy = f"no {scanner.tool}; `apt-get install {scanner.tool}`"
                yield Missing(what, scanner.name, remedy, tuple(our_times), "s")
        theirs = [f"{scanner.name} {_count(scanner, command)}" for scanner, command in commands.items()]
        yield Note(f"Accepted pairs of version and suite: {', '.join((_our_count(ours), *theirs))}. {what}.")


def _count(scanner: Scanner, command: Sequence[str]) -> int:
    output = subprocess.run(command, capture_output=True, check=False, text=True).stdout
    return len(re.findall(f"^(?:{scanner.accepted})", output, re.MULTILINE))


def _our_count(command: Sequence[str]) -> str:
    report = json.loads(subprocess.run([*command, "--json"], capture_output=True, check=False).stdout)
    [enumeration] = report["evidence"]["enumerations"]
    return f"ours {len(enumeration['accepted'])} in {enumeration['flights']} connections"
