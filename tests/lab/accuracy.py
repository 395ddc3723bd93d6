"""Runs the phone probe against every lab scenario and compares the alarms with those that are due.

`python -m tests.lab.accuracy [NAME ...]` prints one line for each scenario.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from vpnprobe.checks.evaluate import judge
from vpnprobe.lab.gateway import PASSWORD, USER
from vpnprobe.lab.network import Lab, running_lab
from vpnprobe.lab.scenario import Scenario
from vpnprobe.lab.scenarios import find_scenario, scenarios
from vpnprobe.model.finding import Report
from vpnprobe.model.target import parse_group_url
from vpnprobe.phones import load_profile
from vpnprobe.probes.options import GivenServer, NetworkOptions, Password, PhoneOptions
from vpnprobe.probes.phone import PhoneProbe
from vpnprobe.transport.tls_settings import ClientCredential

# Labs that run at the same time: most of a faulty one's life is waiting.
_AT_ONCE = 8
# Loopback answers in milliseconds; what takes longer is a fault that is meant to.
_STEP_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class Outcome:
    """What the probe said of one scenario."""

    scenario: Scenario
    report: Report

    @property
    def alarms(self) -> frozenset[str]:
        """Ids of the checks that alarmed."""
        return frozenset(finding.id for finding in self.report.findings if finding.is_alarm)

    @property
    def missed(self) -> frozenset[str]:
        """Alarms that are due and were not raised."""
        return self.scenario.expect_fail - self.alarms

    @property
    def false(self) -> frozenset[str]:
        """Alarms that were raised and are not due."""
        return self.alarms - self.scenario.expect_fail

    @property
    def is_right(self) -> bool:
        """Whether alarms and verdict are those of the scenario."""
        return not self.missed and not self.false and self.report.verdict == self.scenario.expect_verdict

    def __str__(self) -> str:
        words = [f"{self.scenario.name}: {self.report.verdict}"]
        words += [f"found {', '.join(sorted(self.alarms & self.scenario.expect_fail))}"] if self.alarms else []
        words += [f"MISSED {', '.join(sorted(self.missed))}"] if self.missed else []
        words += [f"FALSE ALARM {', '.join(sorted(self.false))}"] if self.false else []
        if self.report.verdict != self.scenario.expect_verdict:
            words.append(f"NOT {self.scenario.expect_verdict}")
        return "; ".join(words)


def options_for(lab: Lab) -> PhoneOptions:
    """Return what the probe is run with in this scenario: the same as the command line of `lab.arguments`."""
    wanted = lab.scenario.options
    server = GivenServer(endpoint=lab.tftp_endpoint)
    return PhoneOptions(
        group_url=parse_group_url(lab.group_url),
        mac=lab.mac,
        profile=load_profile(lab.scenario.model),
        server=server if wanted.config_server and not wanted.cert_hashes else None,
        http_port=lab.http_endpoint.port,
        cert_hashes=lab.cert_hashes if wanted.cert_hashes else (),
        client=_credential(lab) if wanted.client else None,
        password=Password(user=USER, password=PASSWORD) if wanted.password else None,
        network=NetworkOptions(resolvers=(lab.dns_endpoint,), timeout=_STEP_TIMEOUT_S),
    )


def _credential(lab: Lab) -> ClientCredential:
    """Read the lab's client certificate without the check of its key, which is right and takes 50 ms each time."""
    chain = x509.load_pem_x509_certificates(lab.client_certificate.read_bytes())
    ders = tuple(certificate.public_bytes(Encoding.DER) for certificate in chain)
    return ClientCredential(chain=ders, key_pem=lab.client_key.read_bytes())


async def probe(scenario: Scenario, *, host: str = "127.0.0.1") -> Outcome:
    """Run the scenario's lab at this loopback address and the probe against it."""
    async with running_lab(scenario, host=host) as lab:
        evidence = await PhoneProbe(options_for(lab)).run()
    return Outcome(scenario, judge(evidence))


async def probe_all(wanted: Iterable[Scenario]) -> list[Outcome]:
    """Probe every scenario, several at a time; the outcomes are in the scenarios' order."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(scenario: Scenario) -> Outcome:
        async with places:
            return await probe(scenario)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(scenario)) for scenario in wanted]
    return [task.result() for task in tasks]


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the totals, and a line for each scenario that is not as it ought to be."""
    found = sum(len(outcome.alarms & outcome.scenario.expect_fail) for outcome in outcomes)
    missed = sum(len(outcome.missed) for outcome in outcomes)
    false = sum(len(outcome.false) for outcome in outcomes)
    faulty = sum(1 for outcome in outcomes if outcome.scenario.expect_fail)
    wrong = [f"  {outcome}" for outcome in outcomes if not outcome.is_right]
    return "\n".join(
        (
            f"lab accuracy: {len(outcomes)} scenarios, {faulty} with a fault; alarms due {found + missed}",
            f"  found {found}, missed {missed}, false alarms {false}",
            *wrong,
        )
    )


def main(names: Sequence[str]) -> None:
    """Probe the named scenarios, or all, and print how each went."""
    wanted = [find_scenario(name) for name in names] or scenarios()
    outcomes = asyncio.run(probe_all(wanted))
    lines = [str(outcome) for outcome in outcomes]
    if names:
        lines += [
            f"  {finding.status:14} {finding.severity:8} {finding.id} {finding.subject}: {finding.summary}"
            for outcome in outcomes
            for finding in outcome.report.findings
        ]
    sys.stdout.write("\n".join((*lines, "", table(outcomes), "")))


if __name__ == "__main__":
    main(sys.argv[1:])
