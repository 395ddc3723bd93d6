"""vpnprobe as an operator runs it: the command in a process of its own, its status and its JSON report."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tests.containers import phone
from vpnprobe.model.finding import Finding, Report
from vpnprobe.model.observation import FirstFlight

OK, WARNING, CRITICAL, UNKNOWN = range(4)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run gave: its exit status and its report."""

    status: int
    report: Report

    def failed(self) -> list[Finding]:
        """The alarms, the one cause first."""
        return sorted(
            (finding for finding in self.report.findings if finding.is_alarm),
            key=lambda finding: finding.id != self.report.cause,
        )

    def stages(self) -> dict[str, str]:
        """How each stage ended."""
        return {stage.name: stage.status for stage in self.report.stages}

    def flight(self, hello: str) -> FirstFlight:
        """The only first flight with this hello."""
        (flight,) = self.report.evidence.flights(hello)
        return flight

    def boot_file(self, name: str) -> tuple[str, str]:
        """Protocol and outcome of the last attempt to fetch this file."""
        files = self.report.evidence.boot_files
        return [(file.protocol, file.outcome) for file in files if file.name == name][-1]


def vpnprobe(*arguments: str) -> Outcome:
    """Run a command with `--json`."""
    command = [sys.executable, "-m", "vpnprobe", *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert done.stdout, done.stderr.decode()
    return Outcome(done.returncode, msgspec.json.decode(done.stdout, type=Report))


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What one run over several domains gave: its exit status and its reports by domain."""

    status: int
    reports: dict[str, Report]

    def finding(self, domain: str, check: str, subject: str | None = None) -> Finding:
        """The only finding of this check, or the one about this subject."""
        (finding,) = [
            finding
            for finding in self.reports[domain].findings
            if finding.id == check and subject in (None, finding.subject)
        ]
        return finding

    def alarms(self, domain: str) -> set[tuple[str, str]]:
        """Check and subject of each alarm."""
        return {(finding.id, finding.subject) for finding in self.reports[domain].findings if finding.is_alarm}


def federation(*arguments: str) -> Outcomes:
    """Run the federation probe; one report is a line."""
    command = [sys.executable, "-m", "vpnprobe", "federation", *arguments, "--format", "jsonl"]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert not done.stderr, done.stderr.decode()
    reports = [msgspec.json.decode(line, type=Report) for line in done.stdout.splitlines()]
    return Outcomes(done.returncode, {report.target.label: report for report in reports})


def probe_phone(url: str, *arguments: str) -> Outcome:
    """Run the phone probe for the phone of this suite."""
    return vpnprobe("phone", "--group-url", url, "--mac", phone.MAC, *arguments)


def host(address: str) -> str:
    """An address as a URL or `HOST:PORT` writes it."""
    return f"[{address}]" if ":" in address else address


def credential(pki: Path, name: str) -> tuple[str, ...]:
    """The options that give vpnprobe a client certificate."""
    return ("--client-cert", str(pki / f"{name}.crt"), "--client-key", str(pki / f"{name}.key"))
