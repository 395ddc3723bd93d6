"""The corpus of signed files: made by tests/wire/corpus/make.sh, with openssl as the outside judge of signatures."""

from __future__ import annotations

import csv
import subprocess
from pathlib import Path

import msgspec

CORPUS = Path(__file__).parent / "wire" / "corpus"


class Sample(msgspec.Struct, frozen=True):
    """One file, and what the script that made it says of it."""

    file: str
    header_length: int
    signature_offset: int
    signature_length: int
    hash: str
    signer: str
    sha256: str

    @property
    def data(self) -> bytes:
        return (CORPUS / self.file).read_bytes()

    @property
    def certificate(self) -> bytes:
        return certificate(self.signer)


def certificate(name: str) -> bytes:
    return (CORPUS / f"{name}.der").read_bytes()


def _read() -> tuple[Sample, ...]:
    with (CORPUS / "expected.tsv").open(newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    return tuple(msgspec.convert(row, Sample, strict=False) for row in rows)


SAMPLES = _read()
BY_NAME = {sample.file: sample for sample in SAMPLES}


def openssl_verifies(content: bytes, signature: bytes, hash_name: str, certificate_der: bytes, room: Path) -> bool:
    """Ask `openssl dgst -verify`; `room` is an empty directory."""
    public = subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-noout", "-pubkey"],
        input=certificate_der,
        capture_output=True,
        check=True,
    )
    (room / "public.pem").write_bytes(public.stdout)
    (room / "signature").write_bytes(signature)
    answer = subprocess.run(
        ["openssl", "dgst", f"-{hash_name}", "-verify", room / "public.pem", "-signature", room / "signature"],
        input=content,
        capture_output=True,
        check=False,
    )
    return answer.returncode == 0
