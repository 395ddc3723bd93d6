"""The library's public face: what a program imports, without an event loop and within one."""

from __future__ import annotations

import ast
import asyncio
import pydoc
import subprocess
import sys
from pathlib import Path

import pytest

import vpnprobe
from tests.probes.federations import DOMAIN, Federated, federated
from tests.stand_ins import in_background, lab_in_background
from vpnprobe import (
    CapfOptions,
    ConfigOptions,
    Evidence,
    FederationOptions,
    Finding,
    GatewayOptions,
    GivenServer,
    NetworkOptions,
    PhoneOptions,
    Report,
    UsageError,
    judge,
    load_client_credential,
    load_profile,
    measure_capf,
    measure_config,
    measure_federation,
    measure_gateway,
    measure_phone,
    parse_domain,
    parse_endpoint,
    parse_group_url,
    parse_mac,
    probe_capf,
    probe_config,
    probe_federation,
    probe_gateway,
    probe_phone,
)
from vpnprobe.lab.capf.network import running_capf_lab
from vpnprobe.lab.capf.scenarios import find_capf_scenario
from vpnprobe.lab.network import Lab, running_lab
from vpnprobe.lab.scenarios import find_scenario
from vpnprobe.lab.trust.network import running_config_lab
from vpnprobe.lab.trust.scenarios import config_scenarios


def phone_options(lab: Lab) -> PhoneOptions:
    return PhoneOptions(
        group_url=parse_group_url(lab.group_url),
        mac=parse_mac("8c:b6:4f:57:61:13"),
        profile=load_profile("7962G"),
        server=GivenServer(endpoint=parse_endpoint(lab.tftp, 69)),
        client=load_client_credential(lab.client_certificate, lab.client_key),
        network=NetworkOptions(resolvers=(parse_endpoint(lab.resolver, 53),), timeout=2),
    )


def gateway_options(lab: Lab) -> GatewayOptions:
    return GatewayOptions(
        gateway=parse_group_url(lab.group_url).endpoint,
        profile=load_profile("7962G"),
        network=NetworkOptions(resolvers=(parse_endpoint(lab.resolver, 53),), timeout=2),
    )


def test_from_a_plain_program() -> None:
    with lab_in_background("healthy") as lab:
        phone, gateway = probe_phone(phone_options(lab)), probe_gateway(gateway_options(lab))
    assert (phone.probe, phone.verdict, phone.cause) == ("phone", "pass", None)
    assert (gateway.probe, gateway.verdict) == ("gateway", "pass")
    assert isinstance(phone, Report)
    assert all(isinstance(finding, Finding) for finding in phone.findings)


async def test_within_an_event_loop() -> None:
    async with running_lab(find_scenario("gateway-certificate-replaced")) as lab:
        phone, gateway = await asyncio.gather(measure_phone(phone_options(lab)), measure_gateway(gateway_options(lab)))
    assert isinstance(phone, Evidence)
    assert judge(phone).cause == "PIN001"
    assert judge(gateway).probe == "gateway"


def federation_options(lab: Federated) -> FederationOptions:
    return FederationOptions(
        domain=parse_domain(f"sip:user@{DOMAIN}"),
        given_roots=(lab.pki.root("public").der,),
        network=NetworkOptions(resolvers=(lab.resolver,), timeout=2),
    )


def test_a_sip_domain_from_a_plain_program() -> None:
    with in_background(federated()) as lab:
        report = probe_federation(federation_options(lab))
    assert isinstance(report, Report)
    assert (report.probe, report.cause, report.target.label) == ("federation", None, DOMAIN)
    # The edge of a test has any port that is free.
    assert {finding.name for finding in report.findings if finding.is_alarm} == {"record-port"}


async def test_a_sip_domain_within_an_event_loop() -> None:
    async with federated() as lab:
        evidence = await measure_federation(federation_options(lab))
    assert evidence.federation is not None
    assert [visit.address for visit in evidence.federation.visits] == [str(lab.edges[0])]


def test_a_phone_s_files_from_a_plain_program() -> None:
    scenario = config_scenarios()[0]
    with in_background(running_config_lab(scenario)) as lab:
        options = ConfigOptions(
            mac=parse_mac(lab.mac),
            profile=load_profile(scenario.model),
            server=GivenServer(endpoint=lab.tftp_endpoint),
            network=NetworkOptions(resolvers=(lab.dns_endpoint,)),
        )
        report = probe_config(options)
        evidence = asyncio.run(measure_config(options))
    assert (report.probe, report.verdict, report.cause) == ("config", "pass", None)
    assert judge(evidence).verdict == "pass"


def test_a_capf_from_a_plain_program() -> None:
    with in_background(running_capf_lab(find_capf_scenario("capf-healthy"))) as lab:
        options = CapfOptions(
            server=parse_endpoint(f"127.0.0.1:{lab.port}", 3804),
            profile=load_profile("7962G"),
            network=NetworkOptions(timeout=2),
        )
        report = probe_capf(options)
        evidence = asyncio.run(measure_capf(options))
    assert (report.probe, report.verdict, report.cause) == ("capf", "pass", None)
    assert isinstance(evidence, Evidence)
    assert judge(evidence).verdict == "pass"


def test_faults_of_the_operator_are_usage_errors() -> None:
    with pytest.raises(UsageError):
        parse_group_url("http://vpn.example.com/VPNPhone")
    with pytest.raises(UsageError):
        load_profile("7940")


@pytest.mark.parametrize("name", vpnprobe.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(vpnprobe, name) is not None


@pytest.mark.parametrize("name", [name for name in vpnprobe.__all__ if name != "__version__"])
def test_help_can_show_every_name(name: str) -> None:
    assert name in pydoc.render_doc(getattr(vpnprobe, name))


def test_a_star_import_and_dir_give_them_all() -> None:
    given: dict[str, object] = {}
    exec("from vpnprobe import *", given)
    assert set(vpnprobe.__all__) <= given.keys()
    assert set(vpnprobe.__all__) <= set(dir(vpnprobe))


def test_another_name_is_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'probe_fax'"):
        _ = vpnprobe.probe_fax


def test_type_checkers_see_the_same_names_at_the_same_homes() -> None:
    tree = ast.parse(Path(vpnprobe.__file__).read_text(encoding="utf-8"))
    [typed] = [node for node in tree.body if isinstance(node, ast.If)]
    for_checkers = {
        alias.asname: node.module for node in typed.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert for_checkers == vpnprobe._HOMES


def test_importing_the_package_loads_no_library() -> None:
    program = "import sys, vpnprobe; print(sorted({'msgspec', 'cryptography', 'httpx', 'typer'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_example_of_the_docstring_can_be_run() -> None:
    lines = (vpnprobe.__doc__ or "").splitlines()
    code = "\n".join(line.removeprefix("    ") for line in lines if line.startswith("    ") or not line)
    tree = ast.parse(code)
    # Everything but the run itself, which would dial.
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    imported = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert imported <= set(vpnprobe.__all__)
    assert imported <= names
    options = next(
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "PhoneOptions"
    )
    built = eval(ast.unparse(options), {name: getattr(vpnprobe, name) for name in imported})
    assert built.group_url.host == "vpn.example.com"
    report = ast.unparse(tree.body[-1])
    assert "report.verdict" in report
    assert {"verdict", "cause"} <= set(Report.__struct_fields__)
