"""Both sides of the certificate benchmark do what the table says that they do; nothing is compared here."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.bench.certificates import READER, Files, ours, write_files


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return write_files(tmp_path_factory.mktemp("certificates"), 3, 52)


def lines(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, check=False, text=True).stdout.splitlines()


def test_ours_judges_every_file(files: Files) -> None:
    told = lines(*ours(files.many))
    assert told[-1] == "CRITICAL: 52 certificates: 2 CRITICAL, 6 WARNING, 44 OK"
    assert [line.split()[0] for line in told[:3]] == ["CRITICAL", "WARNING", "OK"]
    assert len(lines(*ours(files.few, "--format", "jsonl"))) == 3


def test_the_other_side_reads_every_file(files: Files) -> None:
    told = lines(*READER, str(files.many))
    assert len(told) == 52
    assert told[1].startswith("000001.pem CN=CP-7962G-SEP000000000001,OU=Voice,O=Example CN=Cisco Manufacturing CA")


def test_the_few_are_the_first_of_the_many(files: Files) -> None:
    assert [path.read_bytes() for path in sorted(Path(files.few).iterdir())] == [
        path.read_bytes() for path in sorted(Path(files.many).iterdir())[:3]
    ]
