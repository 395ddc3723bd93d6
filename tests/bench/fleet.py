"""`vpnprobe sweep` over a whole fleet beside `curl --parallel` fetching the same files from the same tftpd-hpa."""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.fleet_server import Where
from tests.bench.measure import Aim, Comparison, Missing, Note, Outcome, in_turn
from tests.bench.processes import VPNPROBE, Cost, cost, server
from tests.bench.tftp import curl_remedy
from tests.bench.tftpd import started_tftpd
from tests.fleet.known_fleet import DUE, file_name
from vpnprobe.fleet.options import DEFAULT_PARALLEL, DEFAULT_RATE

ROUNDS = 2
FEW, PHONES = 10_000, 40_000
DELAY_S, LOSS = 0.1, 0.01
MEMORY_MIB = 200.0
AS_FAST = Aim(0.9, "at least")
FLAT = Aim(1.1, "at most")
WITHIN = Aim(1.0, "at most")

_CURL = "`curl --parallel`"
_BLOCK_BYTES = 1428  # as a sweep asks for
# Left alone, curl may wait for a block that was lost until long after all others are done.
_CURL_PATIENCE = ("--max-time", "5", "--retry", "5", "--retry-delay", "1")
_FAILURES_FOUND = (2,)
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Files:
    """A fleet, the directory that inventories and results are written to, and what was told amiss so far."""

    fleet: Where
    directory: Path
    amiss: Counter[str] = field(default_factory=Counter)

    def sweep(self, macs: Sequence[str], port: int, *options: str) -> Cost:
        """Sweep these phones, and hold each one's line against what is known of it."""
        inventory = self.directory / "phones"
        inventory.write_text("".join(f"{mac}\n" for mac in macs))
        output = self.directory / "results"
        servers = ("--tftp", f"127.0.0.1:{port}", "--resolver", self.fleet["resolver"])
        command = (*VPNPROBE, "sweep", str(inventory), *servers, "--format", "jsonl", "--output", str(output))
        spent = cost((*command, *options), codes=_FAILURES_FOUND)
        told: Counter[str] = Counter()
        with output.open() as lines:
            for line in map(json.loads, lines):
                if line["kind"] == "phone":
                    told[line["mac"]] += 1
                    if not self._is_right(line):
                        self.amiss[f"{line['verdict']} for {line['summary'].replace(line['device'], 'SEP')}"] += 1
        self.amiss["lost"] += len(set(macs) - told.keys())
        self.amiss["counted twice"] += told.total() - len(told)
        return spent

    def _is_right(self, line: dict[str, object]) -> bool:
        return (line["verdict"], line.get("cause")) == _DUE[self.fleet["kinds"][str(line["mac"])]]

    def curl(self, macs: Sequence[str], port: int) -> Cost:
        """Fetch the same files; all are there."""
        wanted = self.directory / "urls"
        wanted.write_text(
            "".join(f'url = "tftp://127.0.0.1:{port}/{file_name(mac)}"\noutput = "{os.devnull}"\n' for mac in macs)
        )
        command = ("curl", "--no-progress-meter", "--tftp-blksize", str(_BLOCK_BYTES), *_CURL_PATIENCE, "--parallel")
        return cost((*command, "--parallel-max", str(DEFAULT_PARALLEL), "--config", str(wanted)))


_DUE = {str(kind): (verdict, reason if verdict == "fail" else None) for kind, (verdict, reason) in DUE.items()}


def measure() -> Iterator[Outcome]:
    """Compare files per second, the memory of many phones with that of few, and end with the far server."""
    what = f"`vpnprobe sweep --rate 0`, {PHONES:,} phones: files per second"
    with ExitStack() as stack:
        served = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        work = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        fleet: Where = json.loads(stack.enter_context(server("fleet_server", str(served), str(PHONES))))
        files = Files(fleet, work)
        macs = list(fleet["kinds"])
        there = [mac for mac, kind in fleet["kinds"].items() if kind != "missing"]
        port = started_tftpd(stack, served, file_name(there[0]))
        curl = curl_remedy()
        if isinstance(port, str) or curl is not None:
            yield Missing(what, _CURL, str(port) if isinstance(port, str) else str(curl))
            return
        yield from _speed(what, files, there, port)
        with server("relay_server", str(port), str(DELAY_S), str(LOSS)) as relay:
            far = files.sweep(macs, int(relay))
        least = len(macs) / DEFAULT_RATE
        yield Comparison(
            what=f"`vpnprobe sweep`, {len(macs):,} phones, server {DELAY_S * 1e3:.0f} ms away, {LOSS:.0%} loss",
            ours=[far.wall_s],
            beside=f"what the ration of {DEFAULT_RATE:.0f} files per second leaves",
            theirs=[least],
            unit="s",
        )
    yield Note(
        f"A sweep of a fleet reads, judges and writes a line for every phone, {DEFAULT_PARALLEL} files at once as curl "
        f"does, in blocks of {_BLOCK_BYTES} as well. {len(macs) - len(there):,} phones of the far one have no file. "
        f"Phones told otherwise than is known, over all runs: {_listed(files.amiss) or 'none'}."
    )


def _speed(what: str, files: Files, macs: Sequence[str], port: int) -> Iterator[Outcome]:
    ours, few, theirs = in_turn(
        ROUNDS,
        lambda: files.sweep(macs, port, "--rate", "0"),
        lambda: files.sweep(macs[:FEW], port, "--rate", "0"),
        lambda: files.curl(macs, port),
        warm_up=False,  # each takes minutes
    )
    yield Comparison(
        what=what,
        ours=[len(macs) / run.wall_s for run in ours],
        beside=_CURL,
        theirs=[len(macs) / run.wall_s for run in theirs],
        unit="/s",
        aim=AS_FAST,
    )
    yield Comparison(
        what="CPU of one file",
        ours=[run.cpu_s / len(macs) * 1e6 for run in ours],
        beside=_CURL,
        theirs=[run.cpu_s / len(macs) * 1e6 for run in theirs],
        unit="µs",
    )
    peaks, few_peaks = ([run.peak_bytes / _MIB for run in runs] for runs in (ours, few))
    memory = f"`vpnprobe sweep`, peak memory, {PHONES:,} phones"
    yield Comparison(what=memory, ours=peaks, beside=f"the same with {FEW:,}", theirs=few_peaks, unit="MiB", aim=FLAT)
    limit = [MEMORY_MIB for _ in peaks]
    yield Comparison(what=memory, ours=peaks, beside="the limit", theirs=limit, unit="MiB", aim=WITHIN)


def _listed(amiss: Counter[str]) -> str:
    return "; ".join(f"{count:,} {what}" for what, count in amiss.most_common() if count)
