"""The phone-web probe against the standard library's web server, and against phones that are odd or hostile."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.certificates import issue
from tests.phone_site import CONSOLE, DEVICE, NETWORK, SITE, STATUS, served
from tests.transport.byte_server import LOOPBACK, Peer, byte_server, closed_port
from tests.wire.phone_web import samples
from vpnprobe.checks.evaluate import judge
from vpnprobe.lab.phone_web.network import running_phone_web_lab
from vpnprobe.lab.phone_web.pages import PHONE_SECRET
from vpnprobe.lab.phone_web.scenarios import phone_web_scenarios
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.phoneweb import PhoneWeb, StatusMessage
from vpnprobe.model.target import Endpoint
from vpnprobe.phones import load_profile
from vpnprobe.probes.options import GivenConfig, GivenServer, NetworkOptions, PhoneWebOptions
from vpnprobe.probes.phone_web import ALL_BYTES, LOG_BYTES, PAGE_BYTES, PhoneWebProbe
from vpnprobe.render.json_report import render_json

LOGS = [f"/FS/cache/log{number}" for number in range(178, 183)]
CONFIG = b"<device><fullConfig>true</fullConfig><loadInformation>SCCP42.9-1-1SR1S</loadInformation></device>"


def options(port: int, **changes: object) -> PhoneWebOptions:
    usual = PhoneWebOptions(
        phone=Endpoint(LOOPBACK, port), profile=load_profile("7962G"), network=NetworkOptions(timeout=2.0)
    )
    return replace(usual, **changes)  # type: ignore[arg-type]  # fields by name


async def look(port: int, **changes: object) -> Evidence:
    return await PhoneWebProbe(options(port, **changes)).run()


def seen(evidence: Evidence) -> PhoneWeb:
    assert evidence.phone_web is not None
    return evidence.phone_web


@pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/1.0"])
async def test_a_7962g(protocol: str) -> None:
    with served(protocol=protocol) as site:
        evidence = await look(site.port, config=GivenConfig(name="SEP8CB64F576113.cnf.xml", data=CONFIG))
    web = seen(evidence)
    assert web.layout == "serviceability"
    assert web.device["model"] == "CP-7962G"
    assert web.device["version"] == "SCCP42.9-1-1SR1S"
    assert web.network["tftp_server_1"] == "10.1.1.5"
    assert web.network["alternate_tftp"] == "Yes"
    assert web.messages[0] == StatusMessage(text="Trust List Update Failed", time="11:51:10")
    assert [log.name for log in web.logs] == LOGS
    assert web.logs[-1].events[-1].endswith("notify code: 37 [SslAlertSrvrCert]")
    assert web.title == "Cisco Systems, Inc."
    assert evidence.config is not None
    assert evidence.config.config is not None
    assert [stage.status for stage in evidence.stages] == ["done"] * 4
    host = f"{LOOPBACK}:{site.port}"
    assert site.asked == [f"GET {path} {host}" for path in (DEVICE, NETWORK, STATUS, CONSOLE, *LOGS)]


async def test_its_pages_are_judged() -> None:
    with served() as site:
        report = judge(await look(site.port))
    alarms = {finding.id for finding in report.findings if finding.is_alarm}
    # The document's own failures: the files did not come, and no certHash named the gateway's certificate.
    assert alarms == {"WEB007", "WEB009"}


async def test_https_shows_the_certificate_and_does_not_verify_it(tmp_path: Path) -> None:
    identity = issue(cn="CP-7962G-SEP8CB64F576113")
    with served(identity=identity, directory=tmp_path) as site:
        evidence = await look(site.port, https=True)
    web = seen(evidence)
    assert web.scheme == "https"
    assert web.leaf is not None
    assert evidence.certificates[web.leaf] == identity.der
    assert web.layout == "serviceability"


async def test_plain_http_where_https_was_asked_for() -> None:
    with served() as site:
        web = seen(await look(site.port, https=True))
    assert web.pages[-1].failure is not None
    assert web.pages[-1].failure.kind is FailureKind.NOT_TLS


async def test_the_xml_form_of_an_older_phone() -> None:
    pages = {
        "/DeviceInformationX": samples.DEVICE_XML,
        "/NetworkConfigurationX": b"<N><TFTPServer1>10.1.1.5</TFTPServer1><AltTFTP>No</AltTFTP></N>",
    }
    with served(pages) as site:
        evidence = await look(site.port)
    web = seen(evidence)
    assert web.layout == "xml"
    assert web.device["model"] == "CP-7975G"
    assert web.network == {"tftp_server_1": "10.1.1.5", "alternate_tftp": "No"}
    logs = next(stage for stage in evidence.stages if stage.name == "console-logs")
    assert (logs.status, logs.because) == ("skipped", "no console logs are known of the layout xml")


async def test_the_configuration_is_that_of_the_phone_that_answers() -> None:
    [healthy] = [one for one in phone_web_scenarios() if one.name == "phone-web-healthy-alone"]
    async with running_phone_web_lab(healthy) as lab:
        evidence = await look(lab.phone.port, server=GivenServer(endpoint=lab.tftp))
    assert evidence.config is not None
    assert evidence.config.file == "SEP8CB64F576113.cnf.xml"
    assert [file.outcome for file in evidence.boot_files] == ["not-found", "received"]


async def test_no_device_is_known_to_fetch_a_configuration_for() -> None:
    with served({}) as site:
        evidence = await look(site.port, server=GivenServer(endpoint=Endpoint(LOOPBACK, 9)))
    stage = evidence.stages[-1]
    assert (stage.status, stage.because) == ("skipped", "the phone's MAC address is not known; give --mac")


async def test_refused() -> None:
    evidence = await look(closed_port())
    assert [page.path for page in seen(evidence).pages] == [DEVICE]
    assert seen(evidence).pages[0].failure is not None
    assert [stage.because for stage in evidence.stages[1:3]] == ["no answer", "pages"]


async def test_another_maker_s_device_is_asked_for_each_layout_once() -> None:
    with served({"/": b"<title>NetWidget 3000</title><p>hello"}) as site:
        evidence = await look(site.port)
    assert seen(evidence).layout is None
    assert seen(evidence).title == "NetWidget 3000"
    assert len(site.asked) == 6


@pytest.mark.parametrize("page", [NETWORK, STATUS, CONSOLE, "/FS/cache/log180"])
async def test_a_page_that_is_missing_takes_nothing_else_with_it(page: str) -> None:
    with served({path: body for path, body in SITE.items() if path != page}) as site:
        web = seen(await look(site.port))
    assert bool(web.network) == (page != NETWORK)
    assert bool(web.messages) == (page != STATUS)
    assert len(web.logs) == (0 if page == CONSOLE else 5)
    assert sum(1 for log in web.logs if log.failure is not None) == (1 if page == "/FS/cache/log180" else 0)


async def test_pages_and_logs_that_are_too_long_are_read_as_far_as_they_may() -> None:
    long = {
        NETWORK: samples.NETWORK_7962G + b" " * PAGE_BYTES,
        "/FS/cache/log182": samples.LOG_7962G + b"\n" * LOG_BYTES,
    }
    with served(SITE | long) as site:
        web = seen(await look(site.port))
    network = next(page for page in web.pages if page.name == "network")
    assert network.failure is not None
    assert network.failure.kind is FailureKind.TOO_MUCH
    assert web.network["tftp_server_1"] == "10.1.1.5"
    assert web.logs[-1].failure is not None
    assert web.logs[-1].size == LOG_BYTES
    assert web.logs[-1].events


async def test_all_pages_together_have_a_limit() -> None:
    index = "".join(f"<p>/FS/cache/log{number}" for number in range(100, 112)).encode()
    logs = {f"/FS/cache/log{number}": b"x" * LOG_BYTES for number in range(100, 112)}
    with served(SITE | {CONSOLE: index} | logs) as site:
        web = seen(await look(site.port))
    assert sum(log.size for log in web.logs) + sum(page.size for page in web.pages) <= ALL_BYTES
    assert web.logs[-1].failure is not None
    assert web.logs[-1].failure.kind is FailureKind.TOO_MUCH


async def test_a_phone_that_drips_ends_at_the_deadline() -> None:
    async def drip(peer: Peer) -> None:
        await peer.hear()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n")
        await peer.trickle(b"<p>" * 1000, 0.05)

    async with byte_server(drip) as server:
        network = NetworkOptions(timeout=30.0, deadline=0.3)
        evidence = await look(server.port, network=network)
        await server.all_ended()
    assert evidence.interrupted == "deadline"
    assert [stage.status for stage in evidence.stages] == ["done", "failed", "skipped", "skipped"]


async def test_cancelled_it_leaves_no_connection() -> None:
    async with byte_server(Peer.gone) as server:
        probe = PhoneWebProbe(options(server.port))
        task = asyncio.create_task(probe.run())
        await server.someone_came()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.all_ended()
    assert probe.evidence("interrupt").interrupted == "interrupt"


async def test_no_secret_of_the_pages_gets_into_a_report() -> None:
    [healthy] = [one for one in phone_web_scenarios() if one.name == "phone-web-healthy"]
    async with running_phone_web_lab(healthy) as lab:
        evidence = await look(lab.phone.port)
    assert "[removed]" in seen(evidence).network["authentication_url"]
    assert PHONE_SECRET not in render_json([judge(evidence)])


async def test_a_page_with_5000_digits_is_said_to_be_broken() -> None:
    with served(SITE | {NETWORK: b"<p>&#" + b"9" * 5000 + b";"}) as site:
        web = seen(await look(site.port))
    network = next(page for page in web.pages if page.name == "network")
    assert network.problem is not None
    assert "cannot be read" in network.problem
