"""Both sides of the federation benchmark do what the table says that they do; nothing is compared here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.bench.federation import Domains, for_each, running_domains
from vpnprobe.lab.listening import has_address

_TOOLS = {
    "dig": """#!/bin/sh
case "$*" in
    *" SRV _sipfederationtls._tcp.company"[12].example) echo "0 0 5061 sip.${6#*._tcp.}." ;;
    *" A sip.company"[12].example.) number=${6#sip.company}; echo "192.0.2.${number%.example.}" ;;
esac
""",
    "openssl": '#!/bin/sh\necho "$*"\n',
}


@pytest.fixture(scope="module")
def domains() -> Iterator[Domains]:
    if not has_address("127.1.2.3"):
        pytest.skip("this system has only one loopback address")
    with running_domains(2) as running:
        yield running


def _output(command: Sequence[str], env: Mapping[str, str] | None = None) -> list[str]:
    return subprocess.run(command, capture_output=True, check=True, text=True, env=env).stdout.splitlines()


def test_every_domain_of_the_lab_passes(domains: Domains) -> None:
    reports = [json.loads(line) for line in _output(domains.ours(2))]
    assert sorted(report["target"]["domain"] for report in reports) == ["company1.example", "company2.example"]
    assert {report["verdict"] for report in reports} == {"pass"}


def test_no_two_domains_share_an_edge_or_a_leaf(domains: Domains) -> None:
    reports = [json.loads(line) for line in _output(domains.ours(2))]
    [one, other] = [report["evidence"]["federation"]["visits"][0] for report in reports]
    assert one["address"] != other["address"]
    assert one["handshakes"][0]["leaf"] != other["handshakes"][0]["leaf"]


@pytest.mark.skipif(not (shutil.which("openssl") and shutil.which("xargs")), reason="no openssl or no xargs")
def test_the_loop_without_dns_gets_the_chain(domains: Domains) -> None:
    output = _output(domains.theirs(1, by_name=False))
    assert output.count("-----BEGIN CERTIFICATE-----") >= 2  # the leaf and its issuer
    assert any("s:" in line and "sip.company1.example" in line for line in output)


@pytest.mark.skipif(not shutil.which("xargs"), reason="no xargs")
def test_the_loop_by_name_follows_each_record_to_its_target(domains: Domains, tmp_path: Path) -> None:
    for name, script in _TOOLS.items():
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    path = {"PATH": f"{tmp_path}:{os.environ.get('PATH', os.defpath)}"}
    assert sorted(_output(domains.theirs(2, by_name=True), path)) == [
        f"s_client -connect 192.0.2.{number}:5061 -servername sip.company{number}.example -showcerts"
        for number in (1, 2)
    ]


@pytest.mark.skipif(not shutil.which("xargs"), reason="no xargs")
def test_a_line_that_fails_ends_the_loop_with_an_error(tmp_path: Path) -> None:
    file = tmp_path / "lines"
    file.write_text("0\n1\n")
    assert subprocess.run(for_each(str(file), 1, "exit $0"), check=False).returncode != 0
