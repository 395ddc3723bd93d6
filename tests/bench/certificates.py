"""`vpnprobe cert` over thousands of LSCs and MICs, beside cryptography that only reads the same fields."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from cryptography import x509

from tests.bench.certificate_reader import read
from tests.bench.measure import Aim, Comparison, Note, Outcome, in_turn
from tests.bench.processes import VPNPROBE, Cost, cost
from tests.certificates import capf, issue, manufacturing_ca, rsa_key, to_pem
from vpnprobe.checks.evaluate import judge
from vpnprobe.phones import load_profile
from vpnprobe.probes.certificate import CertificateOptions, CertificateRun

ROUNDS = 5
FEW, MANY = 1_000, 10_000
# Certificates that one core is to judge in a second.
WANTED = 5_000
AS_FAST = Aim(1.0, "at least")
FLAT = Aim(1.1, "at most")

READER = (sys.executable, "-m", f"{__package__}.certificate_reader")
_FAULTS_FOUND = (2,)
_MIC_EVERY, _EXPIRED_EVERY = 10, 50
_MIB = 1 << 20


def phone_certificates(number: int) -> Iterator[bytes]:
    """Yield the DER of so many phones' certificates: every tenth a MIC, every fiftieth an LSC that has expired."""
    now = datetime.now(UTC).replace(microsecond=0)
    issuers = capf(), manufacturing_ca()
    for index in range(number):
        is_mic = index % _MIC_EVERY == 1
        days_left = -3 if index % _EXPIRED_EVERY == 0 else 900
        yield issue(
            subject=[("O", "Example"), ("OU", "Voice"), ("CN", f"CP-7962G-SEP{index:012X}")],
            issuer=issuers[is_mic],
            key=rsa_key(slot=22),
            key_usage=["digitalSignature", "keyEncipherment"],
            extended_key_usage=["serverAuth", "clientAuth", "ipsecEndSystem"],
            not_before=now - timedelta(days=900),
            not_after=now + timedelta(days=days_left),
            serial=1000 + index,
        ).der


@dataclass(frozen=True, slots=True)
class Files:
    """Two directories of PEM files, the certificates of the larger one also as DER."""

    few: Path
    many: Path
    ders: Sequence[bytes]


def write_files(directory: Path, few: int, many: int) -> Files:
    """Write so many PEM files each; the few are the first of the many."""
    ders = list(phone_certificates(many))
    files = Files(directory / "few", directory / "many", ders)
    for folder, number in ((files.few, few), (files.many, many)):
        folder.mkdir()
        for index, der in enumerate(ders[:number]):
            (folder / f"{index:06}.pem").write_bytes(to_pem(der))
    return files


def ours(folder: Path, *options: str) -> Sequence[str]:
    """Return the command that judges a directory."""
    return *VPNPROBE, "cert", str(folder), *options


def measure() -> Iterator[Outcome]:
    """Measure the judgement alone, then the whole command, then its memory."""
    with tempfile.TemporaryDirectory() as directory:
        files = write_files(Path(directory), FEW, MANY)
        yield from _judgement(files.ders)
        yield from _command(files)


def _judgement(ders: Sequence[bytes]) -> Iterator[Outcome]:
    run = CertificateRun(CertificateOptions(profile=load_profile("7962G")))
    judged, read_only = in_turn(
        ROUNDS,
        partial(_rate, lambda der: judge(run.evidence("phone.pem", der)), ders),
        partial(_rate, lambda der: read(x509.load_der_x509_certificate(der)), ders),
    )
    what = f"LSCs and MICs judged, {len(ders):,} in memory, of CPU time"
    yield Comparison(what=what, ours=judged, beside="wanted", theirs=[WANTED] * ROUNDS, unit="/s", aim=AS_FAST)
    yield Comparison(
        what="the same",
        ours=judged,
        beside="cryptography: the fields read, nothing judged",
        theirs=read_only,
        unit="/s",
    )


def _rate(step: Callable[[bytes], object], ders: Sequence[bytes]) -> float:
    started = time.process_time()
    for der in ders:
        step(der)
    return len(ders) / (time.process_time() - started)


def _command(files: Files) -> Iterator[Outcome]:
    commands: list[tuple[Sequence[str], Sequence[int]]] = [
        (ours(files.many), _FAULTS_FOUND),
        (ours(files.many, "--format", "jsonl"), _FAULTS_FOUND),
        (ours(files.few), _FAULTS_FOUND),
        ((*READER, str(files.many)), (0,)),
    ]
    many, lines, few, reader = in_turn(ROUNDS, *(partial(cost, command, codes=codes) for command, codes in commands))
    for what, runs in (("`vpnprobe cert`, a directory of 10,000 files", many), ("the same, `--format jsonl`", lines)):
        rates = [MANY / run.cpu_s for run in runs]
        what = f"{what}: of CPU time, start to end"
        yield Comparison(what=what, ours=rates, beside="wanted", theirs=[WANTED] * ROUNDS, unit="/s", aim=AS_FAST)
    yield Comparison(
        what="`vpnprobe cert`, 10,000 files: time of each",
        ours=_each(many),
        beside="loop with cryptography: the fields read, nothing judged",
        theirs=_each(reader),
        unit="µs",
    )
    for what, runs in (("text", many), ("JSON lines", lines)):
        yield Comparison(
            what=f"`vpnprobe cert`, peak memory, 10,000 files, {what}",
            ours=[run.peak_bytes / _MIB for run in runs],
            beside="text with 1,000",
            theirs=[run.peak_bytes / _MIB for run in few],
            unit="MiB",
            aim=FLAT,
        )
    yield Note(
        "Every tenth certificate is a MIC, every fiftieth an LSC that has expired. A judgement reads the certificate, "
        "applies 19 checks and words each answer; the loop reads ten fields. All have the same public key, which "
        "neither side makes use of."
    )


def _each(runs: Sequence[Cost]) -> list[float]:
    return [run.wall_s / MANY * 1e6 for run in runs]
