"""Runs the probes against every lab scenario and compares the alarms with those that are due.

`python -m tests.lab.accuracy [NAME ...]` prints one line for each scenario.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from vpnprobe.checks.evaluate import judge
from vpnprobe.cli.certificate_files import Found, certificates_of, read_capf
from vpnprobe.lab.capf.network import CapfLab, running_capf_lab
from vpnprobe.lab.capf.scenario import CapfScenario
from vpnprobe.lab.catalogue import AnyScenario, all_scenarios, find_any_scenario
from vpnprobe.lab.federation.network import FederationLab, running_federation_lab
from vpnprobe.lab.federation.scenario import FederationScenario
from vpnprobe.lab.gateway import PASSWORD, USER
from vpnprobe.lab.given.certificates import PKCS12_PASSWORD
from vpnprobe.lab.given.network import CertificateLab, running_certificate_lab
from vpnprobe.lab.given.scenario import CertificateScenario
from vpnprobe.lab.network import Lab, running_lab
from vpnprobe.lab.phone_web.network import PhoneWebLab, running_phone_web_lab
from vpnprobe.lab.phone_web.scenario import PHONE_MAC, PhoneWebScenario
from vpnprobe.lab.scenario import Scenario
from vpnprobe.lab.trust.network import ConfigLab, running_config_lab
from vpnprobe.lab.trust.scenario import ConfigScenario
from vpnprobe.model.capf import Family
from vpnprobe.model.finding import Finding, Report, Verdict
from vpnprobe.model.target import parse_group_url
from vpnprobe.phones import load_profile
from vpnprobe.pki.fingerprint import sha256
from vpnprobe.pki.request import load_requests
from vpnprobe.probes.capf import CapfProbe
from vpnprobe.probes.certificate import CertificateOptions, CertificateRun
from vpnprobe.probes.config_files import ConfigProbe
from vpnprobe.probes.federation import FederationProbe, FederationShared
from vpnprobe.probes.options import (
    CapfOptions,
    ConfigOptions,
    FederationOptions,
    GivenConfig,
    GivenFile,
    GivenServer,
    NetworkOptions,
    Password,
    PhoneOptions,
    PhoneWebOptions,
)
from vpnprobe.probes.phone import PhoneProbe
from vpnprobe.probes.phone_web import PhoneWebProbe
from vpnprobe.transport.tls_settings import ClientCredential

# Labs that run at the same time: most of a faulty one's life is waiting.
_AT_ONCE = 8
# Loopback answers in milliseconds; what takes longer is a fault that is meant to.
_STEP_TIMEOUT_S = 2.0

# The worst verdict last, as exit codes rank them.
_VERDICTS: tuple[Verdict, ...] = ("pass", "warn", "inconclusive", "fail")


@dataclass(frozen=True)
class Outcome:
    """What the probe said of one scenario, in one report or, for several domains, in one each."""

    scenario: AnyScenario
    reports: tuple[Report, ...]

    @property
    def report(self) -> Report:
        """The report where there is one."""
        [report] = self.reports
        return report

    @property
    def findings(self) -> list[Finding]:
        """The findings of every report."""
        return [finding for report in self.reports for finding in report.findings]

    @property
    def verdict(self) -> Verdict:
        """The worst verdict."""
        return max((report.verdict for report in self.reports), key=_VERDICTS.index)

    @property
    def alarms(self) -> frozenset[str]:
        """Ids of the checks that alarmed."""
        return frozenset(finding.id for finding in self.findings if finding.is_alarm)

    @property
    def places(self) -> frozenset[str]:
        """The targets that alarms are about, and the domains where they are about none."""
        return frozenset(
            finding.target or report.target.label
            for report in self.reports
            for finding in report.findings
            if finding.is_alarm
        )

    @property
    def missed(self) -> frozenset[str]:
        """Alarms that are due and were not raised."""
        return self.scenario.expect_fail - self.alarms

    @property
    def false(self) -> frozenset[str]:
        """Alarms that were raised and are not due."""
        return self.alarms - self.scenario.expect_fail

    @property
    def misplaced(self) -> frozenset[str]:
        """Domains and targets of a federation that alarms are about without being due, or not about and due."""
        if not isinstance(self.scenario, FederationScenario):
            return frozenset()
        return self.places ^ self.scenario.expect_at

    @property
    def is_right(self) -> bool:
        """Whether alarms, what they are about and verdict are those of the scenario."""
        return not (self.missed or self.false or self.misplaced) and self.verdict == self.scenario.expect_verdict

    def __str__(self) -> str:
        words = [f"{self.scenario.name}: {self.verdict}"]
        words += [f"found {', '.join(sorted(self.alarms & self.scenario.expect_fail))}"] if self.alarms else []
        words += [f"MISSED {', '.join(sorted(self.missed))}"] if self.missed else []
        words += [f"FALSE ALARM {', '.join(sorted(self.false))}"] if self.false else []
        words += [f"MISPLACED {', '.join(sorted(self.misplaced))}"] if self.misplaced else []
        if self.verdict != self.scenario.expect_verdict:
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
        client=_credential(lab.client_certificate, lab.client_key) if wanted.client else None,
        password=Password(user=USER, password=PASSWORD) if wanted.password else None,
        network=NetworkOptions(resolvers=(lab.dns_endpoint,), timeout=_STEP_TIMEOUT_S),
    )


def federation_options(lab: FederationLab) -> list[FederationOptions]:
    """Return what the probe is run with for each domain: the same as the command line of `lab.arguments`."""
    wanted, domains = lab.scenario.options, lab.scenario.domains
    client = _credential(lab.client_certificate, lab.client_key) if wanted.client_certificate else None
    return [
        FederationOptions(
            domain=domain,
            extras=wanted.extras,
            client=client,
            given_roots=() if lab.root is None else (_ders(lab.root)[0],),
            partner=wanted.partner,
            im_and_presence=wanted.im_and_presence,
            certificates=() if wanted.expects is None else (sha256(_ders(lab.expected)[0]).hex(),),
            revocation=wanted.revocation,
            sip=wanted.sip,
            siblings=tuple(other for other in domains if other != domain) if wanted.im_and_presence else (),
            network=NetworkOptions(resolvers=lab.resolvers, timeout=_STEP_TIMEOUT_S),
        )
        for domain in domains
    ]


_STACKS: dict[str, tuple[Family, ...]] = {
    "v4": ("IPv4",),
    "v6": ("IPv6",),
    "dual": ("IPv6", "IPv4"),
    "both": ("IPv6", "IPv4"),
}


def capf_options(lab: CapfLab) -> CapfOptions:
    """Return what the probe is run with in this scenario: the same as the command line of `lab.arguments`."""
    wanted, directory = lab.scenario.options, lab.directory

    def given(name: str) -> bytes:
        return (directory / name).read_bytes()

    trust_list = GivenFile(name="ITLFile.tlv", data=given("ITLFile.tlv")) if wanted.trust_list else None
    return CapfOptions(
        server=lab.server,
        profile=load_profile(lab.scenario.model),
        stack=wanted.stack,
        phone_addresses=_STACKS[wanted.addresses or wanted.stack],
        ipv6_enabled=wanted.enable_ipv6,
        keep_alive_min=wanted.keep_alive,
        idle_timeout_min=wanted.idle_timeout,
        certificates=_ders(directory / "capf.pem") if wanted.certificate else (),
        trust_lists=() if trust_list is None else (trust_list,),
        config=GivenConfig(name="SEP.cnf.xml", data=given("SEP.cnf.xml")) if wanted.auth_mode is not None else None,
        online_ca=lab.online_ca if wanted.online_ca else None,
        roots=_ders(directory / "online-ca-root.pem") if wanted.online_ca and wanted.given_root else (),
        network=NetworkOptions(resolvers=(lab.resolver,), timeout=_STEP_TIMEOUT_S),
    )


def _ders(path: Path) -> tuple[bytes, ...]:
    chain = x509.load_pem_x509_certificates(path.read_bytes())
    return tuple(certificate.public_bytes(Encoding.DER) for certificate in chain)


def _credential(certificate: Path, key: Path) -> ClientCredential:
    """Read the lab's client certificate without the check of its key, which is right and takes 50 ms each time."""
    return ClientCredential(chain=_ders(certificate), key_pem=key.read_bytes())


async def probe(scenario: Scenario, *, host: str = "127.0.0.1") -> Outcome:
    """Run the scenario's lab at this loopback address and the probe against it."""
    async with running_lab(scenario, host=host) as lab:
        evidence = await PhoneProbe(options_for(lab)).run()
    return Outcome(scenario, (judge(evidence),))


async def probe_federation(scenario: FederationScenario) -> Outcome:
    """Run the scenario's lab and the probe against each of its domains."""
    async with running_federation_lab(scenario) as lab:
        options = federation_options(lab)
        shared = FederationShared(options[0].network)
        found = [await FederationProbe(wanted, shared=shared).run() for wanted in options]
    return Outcome(scenario, tuple(judge(evidence) for evidence in found))


async def probe_capf(scenario: CapfScenario) -> Outcome:
    """Run the scenario's lab and the probe against it; nothing may be said to the CAPF."""
    async with running_capf_lab(scenario) as lab:
        evidence = await CapfProbe(capf_options(lab)).run()
        assert not lab.heard
    return Outcome(scenario, (judge(evidence),))


def phone_web_options(lab: PhoneWebLab) -> PhoneWebOptions:
    """Return what the probe is run with in this scenario: the same as the command line of `lab.arguments`."""
    wanted = lab.scenario.options
    file = lab.config_file
    return PhoneWebOptions(
        phone=lab.phone,
        profile=load_profile("7962G"),
        chosen=wanted.model,
        https=lab.scenario.phone.https,
        mac=PHONE_MAC if wanted.mac else None,
        server=GivenServer(endpoint=lab.tftp) if wanted.config == "tftp" else None,
        config=GivenConfig(name=file.name, data=file.read_bytes()) if wanted.config == "file" else None,
        network=NetworkOptions(timeout=_STEP_TIMEOUT_S),
    )


async def probe_phone_web(scenario: PhoneWebScenario) -> Outcome:
    """Run the scenario's lab and the probe against its phone."""
    async with running_phone_web_lab(scenario) as lab:
        evidence = await PhoneWebProbe(phone_web_options(lab)).run()
    return Outcome(scenario, (judge(evidence),))


def config_options(lab: ConfigLab, **changes: Any) -> ConfigOptions:
    """Return what the probe is run with in this scenario: the same as the command line of `lab.arguments`."""
    held = lab.files.held
    options: dict[str, Any] = {
        "mac": lab.mac,
        "profile": load_profile(lab.scenario.model),
        "server": GivenServer(endpoint=lab.tftp_endpoint),
        "http_port": lab.http_endpoint.port,
        "trust_lists": () if held is None else (GivenFile(name="held.tlv", data=held),),
        "key": lab.files.key_pem,
        "tvs": lab.scenario.tvs is not None,
        "tvs_port": lab.tvs_endpoint.port,
        "network": NetworkOptions(resolvers=(lab.dns_endpoint,), timeout=_STEP_TIMEOUT_S),
    }
    return ConfigOptions(**options | changes)


async def probe_config(scenario: ConfigScenario, *, host: str = "127.0.0.1", **changes: Any) -> Outcome:
    """Run the scenario's lab and the probe against it, with other options where `changes` are given."""
    async with running_config_lab(scenario, host=host) as lab:
        evidence = await ConfigProbe(config_options(lab, **changes)).run()
    return Outcome(scenario, (judge(evidence),))


def certificate_options(lab: CertificateLab) -> CertificateOptions:
    """Return what the file is held against in this scenario: the same as the command line of `lab.arguments`."""
    wanted = lab.scenario.options
    return CertificateOptions(
        profile=load_profile(wanted.model or "7962G"),
        chosen=wanted.model is not None,
        mac=PHONE_MAC if wanted.mac else None,
        online_ca=wanted.online_ca,
        requests=tuple(load_requests(lab.csr.read_bytes())) if wanted.csr else (),
        capf=read_capf([str(lab.trust_list)] if wanted.trust_list else ()),
        gateway=lab.gateway,
        network=NetworkOptions(timeout=_STEP_TIMEOUT_S),
    )


async def probe_certificate(scenario: CertificateScenario) -> Outcome:
    """Write the scenario's files, run its server, and look at the first certificate of its file."""
    async with running_certificate_lab(scenario) as lab:
        run = CertificateRun(certificate_options(lab))
        await run.ask_gateway()
        found = next(certificates_of(str(lab.file), lambda: PKCS12_PASSWORD, lambda _: None))
        assert isinstance(found, Found)
        evidence = run.evidence(found.source, found.der, place=found.place, chain=found.chain)
    return Outcome(scenario, (judge(evidence),))


# How each kind of scenario is probed.
PROBES: dict[str, Callable[[Any], Awaitable[Outcome]]] = {
    "certificate": probe_certificate,
    "phone": probe,
    "federation": probe_federation,
    "config": probe_config,
    "capf": probe_capf,
    "phone-web": probe_phone_web,
}


async def probe_any(scenario: AnyScenario) -> Outcome:
    """Run the scenario's lab and its probe."""
    return await PROBES[scenario.kind](scenario)


async def probe_all(wanted: Iterable[AnyScenario]) -> list[Outcome]:
    """Probe every scenario, several at a time; the outcomes are in the scenarios' order."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(scenario: AnyScenario) -> Outcome:
        async with places:
            return await probe_any(scenario)

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
    wanted = [find_any_scenario(name) for name in names] or all_scenarios()
    outcomes = asyncio.run(probe_all(wanted))
    lines = [str(outcome) for outcome in outcomes]
    if names:
        lines += [
            f"  {finding.status:14} {finding.severity:8} {finding.id} {finding.subject}: {finding.summary}"
            for outcome in outcomes
            for finding in outcome.findings
        ]
    sys.stdout.write("\n".join((*lines, "", table(outcomes), "")))


if __name__ == "__main__":
    main(sys.argv[1:])
