"""`vpnprobe federation` over many domains beside what a field engineer would loop, against one lab on loopback."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.bench.federation_server import Where
from tests.bench.machine import found
from tests.bench.measure import Aim, Comparison, Missing, Note, Outcome, in_turn
from tests.bench.processes import VPNPROBE, Cost, cost, server
from vpnprobe.lab.listening import has_address
from vpnprobe.model.federation import FEDERATION_SERVICE
from vpnprobe.model.target import DNS_PORT, parse_endpoint
from vpnprobe.probes.options import DEFAULT_PAUSE_S

ROUNDS = 5
MEMORY_ROUNDS = 2
DOMAINS = 200
FEW, MANY = 50, 1000
AT_ONCE = 8
FLAT = Aim(1.1, "at most")

_WHAT = f"`vpnprobe federation --from-file`, {DOMAINS} domains: time of each"
_S_CLIENT = "`openssl s_client -showcerts`"
# What one DNS server is asked for a domain: the federation record, and A and AAAA of its target.
_QUESTIONS = 3
_FAR_LOOPBACK = "127.1.2.3"
_MIB = 1 << 20

_CONNECT = """
openssl s_client -connect "$0" -servername "$1" -showcerts </dev/null 2>/dev/null
"""
_LOOK_UP_AND_CONNECT = f"""
dig +short @"$0" -p "$1" SRV "{FEDERATION_SERVICE}.$2" | while read -r priority weight port target; do
    address=$(dig +short @"$0" -p "$1" A "$target")
    openssl s_client -connect "$address:$port" -servername "${{target%.}}" -showcerts </dev/null 2>/dev/null
done
"""


@dataclass(frozen=True, slots=True)
class Domains:
    """A lab and the directory that its domains are written to for either side; `number` counts from the first."""

    lab: Where
    directory: Path

    def ours(self, number: int, *options: str) -> Sequence[str]:
        """Return the command that probes them."""
        file = self._file("domains", self.lab["domains"][:number])
        given = ("--resolver", self.lab["resolver"], "--ca", self.lab["root"])
        return *VPNPROBE, "federation", "--from-file", file, "--format", "jsonl", *given, *options

    def theirs(self, number: int, *, by_name: bool) -> Sequence[str]:
        """Return the loop that goes from the federation records on, or else from what is known of the edges."""
        if by_name:
            resolver = parse_endpoint(self.lab["resolver"], DNS_PORT)
            file = self._file("domains", self.lab["domains"][:number])
            return for_each(file, 1, _LOOK_UP_AND_CONNECT, resolver.host, str(resolver.port))
        edges = zip(self.lab["edges"][:number], self.lab["targets"], strict=False)
        return for_each(self._file("edges", [" ".join(edge) for edge in edges]), 2, _CONNECT)

    def _file(self, name: str, lines: Sequence[str]) -> str:
        path = self.directory / f"{name}-{len(lines)}"
        path.write_text("".join(f"{line}\n" for line in lines))
        return str(path)


def for_each(file: str, words: int, *script: str) -> Sequence[str]:
    """Return what runs a shell script for each line of a file; the line's words follow the script's own arguments."""
    return "sh", "-c", f'exec xargs -P {AT_ONCE} -n {words} sh -c "$@" <"$0"', file, *script


@contextmanager
def running_domains(number: int) -> Iterator[Domains]:
    """Run a lab of so many domains in a process of its own."""
    with server("federation_server", str(number)) as where, tempfile.TemporaryDirectory() as directory:
        yield Domains(json.loads(where), Path(directory))


def measure() -> Iterator[Outcome]:
    """Compare the time of a domain, then the memory of many domains with that of few."""
    if has_address(_FAR_LOOPBACK):
        yield from _times()
        yield from _memory()
    else:
        yield Missing(_WHAT, _S_CLIENT, f"no {_FAR_LOOPBACK} here, so every edge cannot have an address of its own")


def _times() -> Iterator[Outcome]:
    by_name = found("dig") is not None
    has_loop = found("openssl") is not None and found("xargs") is not None
    one = f"`dig +short SRV`, `A`, then {_S_CLIENT}" if by_name else _S_CLIENT
    loop = f"loop of {one}, {AT_ONCE} at once"
    with running_domains(DOMAINS) as domains:
        commands = [domains.ours(DOMAINS), domains.ours(DOMAINS, "--pause", "0"), domains.ours(1)]
        if has_loop:
            commands += [domains.theirs(number, by_name=by_name) for number in (DOMAINS, 1)]
        ours, unpaused, alone, *others = in_turn(ROUNDS, *(partial(cost, command) for command in commands))
    if not has_loop:
        yield Missing(_WHAT, loop, "no openssl or no xargs", tuple(_wall_of_each(ours)), "ms")
        return
    theirs, their_one = others
    for what, runs in ((_WHAT, ours), ("the same with `--pause 0`", unpaused)):
        yield Comparison(what=what, ours=_wall_of_each(runs), beside=loop, theirs=_wall_of_each(theirs), unit="ms")
    yield Comparison(what="CPU of each", ours=_cpu_of_each(ours), beside=loop, theirs=_cpu_of_each(theirs), unit="ms")
    yield Comparison(
        what="`vpnprobe federation`, one domain, start to end",
        ours=[run.wall_s for run in alone],
        beside=f"one {one}",
        theirs=[run.wall_s for run in their_one],
        unit="s",
    )
    start_up = statistics.median(run.wall_s for run in alone) / statistics.median(run.wall_s for run in ours)
    yield Note(
        f"For a domain `vpnprobe federation` asks {_QUESTIONS} DNS questions, sends 6 hellos, completes a handshake, "
        f"builds the path and judges; the loop "
        f"{'asks 2 and' if by_name else 'has no dig, so it is given the addresses, and'} completes a handshake. "
        f"Of ours, {_QUESTIONS * DEFAULT_PAUSE_S * 1e3:.0f} ms is the least unless `--pause` is given: the pauses "
        f"between questions to the one DNS server. Start-up, with the first domain, is {start_up:.0%} of its run."
    )


def _memory() -> Iterator[Outcome]:
    numbers = FEW, DOMAINS, MANY
    with running_domains(MANY) as domains:
        runs = in_turn(MEMORY_ROUNDS, *(partial(cost, domains.ours(number, "--pause", "0")) for number in numbers))
    few, *more = ([run.peak_bytes / _MIB for run in one] for one in runs)
    for number, peaks in zip(numbers[1:], more, strict=True):
        yield Comparison(
            what=f"`vpnprobe federation`, peak memory, {number:,} domains",
            ours=peaks,
            beside=f"the same with {FEW}",
            theirs=few,
            unit="MiB",
            aim=FLAT,
        )


def _wall_of_each(runs: Sequence[Cost]) -> list[float]:
    return [run.wall_s / DOMAINS * 1e3 for run in runs]


def _cpu_of_each(runs: Sequence[Cost]) -> list[float]:
    return [run.cpu_s / DOMAINS * 1e3 for run in runs]
