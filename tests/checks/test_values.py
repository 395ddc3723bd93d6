"""What a run adds to the commands that its report offers."""

from __future__ import annotations

import pytest

from tests.checks.evidence_builder import ADDRESS, HOST, MAC, SERVER, URL, boot_file, gateway_run, run, unresolved
from tests.checks.federation import builder as federation_builder
from tests.checks.federation.builder import run as federation_run
from vpnprobe.checks.base import Subject
from vpnprobe.checks.values import as_in_this_run, run_values
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.observation import TftpServer
from vpnprobe.model.target import Endpoint, Expectation, Persona, Target, parse_group_url

RESOLVER = Target(
    gateway=Endpoint(HOST, 443), group_url=parse_group_url(URL), resolvers=(Endpoint("192.0.2.53", 5353),)
)
HTTP = run(
    target=RESOLVER,
    persona=Persona(profile="8811", model="8841", mac=MAC),
    tftp_server=TftpServer(origin="option", endpoint=Endpoint("cucm.example.com", 1069), addresses=(SERVER,)),
    boot_files=(boot_file(protocol="http", server=f"{SERVER}:8080"),),
)
DHCP = run(tftp_server=TftpServer(origin="dhcp-option-150", endpoint=Endpoint(SERVER, 69)))
ODD = run(boot_files=(boot_file(protocol="http", server="[no address"),))


@pytest.mark.parametrize(
    ("evidence", "command", "expected"),
    [
        pytest.param(
            HTTP,
            "vpnprobe phone --mac x",
            "vpnprobe phone --mac x --model 8841 --tftp cucm.example.com:1069 --http-port 8080 "
            "--resolver 192.0.2.53:5353",
            id="phone",
        ),
        pytest.param(
            HTTP,
            "vpnprobe gateway x --resolver <other>",
            "vpnprobe gateway x --resolver <other> --model 8841",
            id="given-in-the-guide",
        ),
        pytest.param(run(), "vpnprobe hash x", "vpnprobe hash x --model 7962G", id="hash"),
        pytest.param(DHCP, "vpnprobe phone", "vpnprobe phone --model 7962G --tftp dhcp", id="dhcp"),
        pytest.param(
            ODD, "vpnprobe phone", f"vpnprobe phone --model 7962G --tftp {SERVER}:69", id="unreadable-address"
        ),
        pytest.param(gateway_run(), "vpnprobe gateway x", "vpnprobe gateway x", id="every-model-again"),
        pytest.param(
            gateway_run(persona=Persona(profile="8811", model="8841", chosen=True)),
            "vpnprobe gateway x",
            "vpnprobe gateway x --model 8841",
            id="the-chosen-model-again",
        ),
        pytest.param(
            federation_run(
                target=Target(domain="example.com", resolvers=(Endpoint("192.0.2.53", 53),)),
                expectation=Expectation(partner="office-365", im_and_presence=True),
            ),
            "vpnprobe federation example.com",
            "vpnprobe federation example.com --imp --partner office-365 --resolver 192.0.2.53:53",
            id="federation",
        ),
        pytest.param(
            federation_run(),
            "vpnprobe federation x --ca <root.pem>",
            "vpnprobe federation x --ca <root.pem>",
            id="federation-for-anybody",
        ),
        pytest.param(
            federation_run(given_roots=("0" * 64,), client_chain=("1" * 64,)),
            "vpnprobe federation x",
            "vpnprobe federation x --ca <file> --client-cert <file> --client-key <file>",
            id="federation-with-files",
        ),
        pytest.param(
            federation_run(**federation_builder.with_sip(federation_builder.sip(sender="me@example.com"))),
            "vpnprobe federation x",
            "vpnprobe federation x --sip --sip-from me@example.com",
            id="federation-with-a-sender",
        ),
        pytest.param(
            federation_run(given_roots=("0" * 64,)),
            "vpnprobe federation x --ca <root.pem>",
            "vpnprobe federation x --ca <root.pem>",
            id="federation-with-another-root",
        ),
        pytest.param(
            federation_run(
                srv=(federation_builder.srv(federation_builder.record(), view="authoritative"),),
                **federation_builder.with_sip(federation_builder.sip()),
                expectation=Expectation(certificates=("ab" * 20,)),
            ),
            "vpnprobe federation x",
            f"vpnprobe federation x --authoritative --sip --expect {'ab' * 20}",
            id="federation-with-sip-by-its-own-servers",
        ),
        pytest.param(run(), "vpnprobe explain HID001", "vpnprobe explain HID001", id="explain"),
        pytest.param(HTTP, "nslookup x", "nslookup -port=5353 x 192.0.2.53", id="resolver"),
        pytest.param(HTTP, "delv x SRV", "delv @192.0.2.53 -p 5353 x SRV", id="validating-resolver"),
        pytest.param(run(), "nslookup x", "nslookup x 10.1.1.1", id="own-server"),
        pytest.param(run(resolution=None), "nslookup x", "nslookup x", id="nobody-asked"),
        pytest.param(HTTP, "ASA# show clock", "ASA# show clock", id="asa"),
    ],
)
def test_a_command_asks_what_the_run_asked(evidence: Evidence, command: str, expected: str) -> None:
    assert as_in_this_run(evidence, Subject(label="x"), command) == expected


@pytest.mark.parametrize(
    ("view", "server"), [(None, "192.0.2.9"), ("system", "192.0.2.1"), ("192.0.2.53:53", "192.0.2.53")]
)
def test_the_server_of_the_view_is_asked_again(view: str | None, server: str) -> None:
    evidence = federation_run(
        target=Target(domain="x", resolvers=(Endpoint("192.0.2.9", 53),)),
        srv=tuple(federation_builder.srv(view=name) for name in ("system", "192.0.2.53:53")),
    )
    asked = as_in_this_run(evidence, Subject(label="x", view=view), "nslookup -type=SRV x")
    assert asked == f"nslookup -type=SRV x {server}"


def test_the_configuration_is_fetched_by_the_address_and_the_ports_of_the_run() -> None:
    values = run_values(HTTP, Subject(label="x", address=ADDRESS))
    assert values["tftp_endpoint"] == f"{SERVER}:1069"
    assert values["http_endpoint"] == f"{SERVER}:8080"
    assert values["ip"] == ADDRESS.partition(":")[0]


def test_what_is_not_known_is_left_out() -> None:
    values = run_values(run(tftp_server=None, **unresolved()), Subject(label="x"))
    assert not {"tftp_endpoint", "http_endpoint", "ip"} & set(values)
