"""The exporter, asked over HTTP as Prometheus asks it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.certificates import NOT_AFTER, issue
from tests.fleet.exporting import plan_for, read, served
from tests.fleet.test_metrics import EXAMPLE
from tests.stand_ins import listening
from vpnprobe.cli.exporter import written
from vpnprobe.cli.metrics import successes_text
from vpnprobe.cli.planned import planned_commands
from vpnprobe.fleet.exporter import Exporter
from vpnprobe.fleet.measuring import Unmeasured
from vpnprobe.fleet.plan import Plan
from vpnprobe.lab.capf.network import running_capf_lab
from vpnprobe.lab.capf.scenarios import find_capf_scenario
from vpnprobe.lab.catalogue import find_any_scenario
from vpnprobe.lab.network import running_lab
from vpnprobe.lab.scenarios import find_scenario
from vpnprobe.lab.trust.network import running_config_lab
from vpnprobe.lab.trust.scenario import ConfigScenario

SCRAPE = "X-Prometheus-Scrape-Timeout-Seconds"

SILENT = """\
[[probe]]
name = "silent"
[probe.gateway]
target = "127.0.0.1:{port}"
timeout = 20
deadline = 30

[[probe]]
name = "other"
[probe.gateway]
target = "127.0.0.2:{port}"

[[probe]]
name = "domain"
[probe.federation]
domain = "example.com"
"""


def exporter(plan: Plan, *, any_target: bool = False, at_once: int = 4) -> Exporter:
    return Exporter(plan, planned_commands(), written, successes_text, any_target=any_target, at_once=at_once)


def value(answer: httpx.Response, name: str, **labels: str) -> float:
    """The one value of this metric with these labels among others."""
    [found] = [
        sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    return found


async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A gateway that says nothing."""
    await reader.read()


async def test_a_healthy_phone_and_its_gateway() -> None:
    async with running_lab(find_scenario("healthy")) as lab, served(exporter(plan_for(lab))) as client:
        phone = await client.get("/probe", params={"module": "phone"})
        gateway = await client.get("/probe", params={"module": "gateway", "target": lab.group_url})
    assert (phone.status_code, gateway.status_code) == (200, 200)
    assert phone.headers["content-type"].startswith("text/plain; version=")
    labels = {"probe": "phone", "kind": "phone", "target": lab.group_url, "site": "berlin"}
    assert value(phone, "vpnprobe_probe_success", **labels) == 1
    assert value(phone, "vpnprobe_cert_hash_match", profile="7962G", **labels) == 1
    assert value(phone, "vpnprobe_verdict", verdict="pass") == 1
    assert value(gateway, "vpnprobe_probe_success", probe="gateway") == 1
    expires = value(phone, "vpnprobe_cert_not_after_timestamp_seconds")
    assert expires > value(phone, "vpnprobe_last_run_timestamp_seconds") > 1.7e9


async def test_a_replaced_certificate() -> None:
    async with (
        running_lab(find_scenario("gateway-certificate-replaced")) as lab,
        served(exporter(plan_for(lab))) as client,
    ):
        phone = await client.get("/probe", params={"module": "phone"})
    assert value(phone, "vpnprobe_probe_success") == 0
    assert value(phone, "vpnprobe_verdict", verdict="fail") == 1
    assert value(phone, "vpnprobe_cert_hash_match") == 0
    assert value(phone, "vpnprobe_finding", id="PIN001", severity="critical") == 1


LAST_SUCCESS = "vpnprobe_last_success_timestamp_seconds"


async def test_when_a_probe_last_succeeded_is_known_while_it_fails() -> None:
    scenario = find_scenario("healthy")
    async with running_lab(scenario) as lab:
        running = exporter(plan_for(lab))
        async with served(running) as client:
            nothing = await client.get("/metrics")
            good = await client.get("/probe", params={"module": "gateway"})
    async with served(running) as client:
        bad = await client.get("/probe", params={"module": "gateway"})
        never = await client.get("/probe", params={"module": "phone"})
        metrics = await client.get("/metrics")
    assert LAST_SUCCESS not in nothing.text
    assert LAST_SUCCESS not in never.text
    at = value(good, "vpnprobe_last_run_timestamp_seconds")
    assert value(bad, "vpnprobe_probe_success") == 0
    assert value(bad, "vpnprobe_last_run_timestamp_seconds") > at
    assert [value(answer, LAST_SUCCESS) for answer in (good, bad)] == [at, at]
    labels = {"probe": "gateway", "kind": "gateway", "target": lab.group_url, "site": "berlin"}
    assert value(metrics, LAST_SUCCESS, **labels) == at


# --- what may be asked for ---


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({}, "more than one probe of the plan has this target; add module=NAME, see /\n"),
        ({"target": "192.0.2.1"}, "no probe of the plan has this target; add module=NAME, see /\n"),
        ({"module": "silnet"}, "the plan has no probe 'silnet'; did you mean 'silent'?\n"),
        ({"module": "silent", "target": "127.0.0.1:22"}, "no gateway of the plan has this target; "),
        ({"module": "silent", "target": "example.com"}, "no gateway of the plan has this target; "),
        ({"module": ["silent", "silent"]}, "give module= once, with 1 to 2048 characters\n"),
        ({"module": ""}, "give module= once, with 1 to 2048 characters\n"),
        ({"module": "silent", "target": "a" * 2049}, "give target= once, with 1 to 2048 characters\n"),
    ],
    ids=["nothing", "strange target", "mistyped", "other port", "other kind's target", "twice", "empty", "huge"],
)
async def test_what_the_plan_does_not_have_is_refused(query: Mapping[str, str | list[str]], said: str) -> None:
    async with served(exporter(read(SILENT.format(port=9)))) as client:
        answer = await client.get("/probe", params=query)
        metrics = await client.get("/metrics")
    assert (answer.status_code, answer.text[: len(said)]) == (400, said)
    assert value(metrics, "vpnprobe_exporter_probes_total", module="", result="refused") == 1


async def test_any_target_is_dialled_where_the_operator_allows_it() -> None:
    async with (
        running_lab(find_scenario("healthy")) as lab,
        served(exporter(read(EXAMPLE.format(resolver=lab.resolver)), any_target=True)) as client,
    ):
        answer = await client.get("/probe", params={"module": "gateway", "target": lab.group_url})
        wrong = await client.get("/probe", params={"module": "gateway", "target": "https://"})
    assert value(answer, "vpnprobe_probe_success", target=lab.group_url) == 1
    assert wrong.status_code == 400
    assert "names no usable host" in wrong.text


CLUSTER = """\
[[probe]]
name = "capf"
[probe.capf]
server = "127.0.0.1:{capf}"
resolver = ["127.0.0.1:9"]

[[probe]]
name = "files"
[probe.config]
mac = "8CB64F576113"
tftp = "{tftp}"
http-port = {http}
timeout = 2

[[probe]]
name = "second"
[probe.config]
mac = "8CB64F576113"
tftp = "127.0.0.2:9"

[[probe]]
name = "lsc"
[probe.certificate]
source = "{file}"
use = "gateway"
"""


async def test_the_other_kinds(tmp_path: Path) -> None:
    file = tmp_path / "lsc.pem"
    file.write_bytes(issue(cn="vpn.example.com", serial=50).pem)
    async with (
        running_capf_lab(find_capf_scenario("capf-healthy")) as capf,
        running_config_lab(healthy_files()) as files,
    ):
        text = CLUSTER.format(capf=capf.port, tftp=files.tftp_endpoint, http=files.http_endpoint.port, file=file)
        async with served(exporter(read(text), any_target=True)) as client:
            asked = {name: await client.get("/probe", params={"module": name}) for name in ("capf", "files", "lsc")}
            # One phone's module, at the other servers of the cluster.
            other = await client.get("/probe", params={"module": "second", "target": str(files.tftp_endpoint)})
            strange = await client.get("/probe", params={"module": "lsc", "target": "/etc/passwd"})
    for name, answer in asked.items():
        assert value(answer, "vpnprobe_probe_success", probe=name) == 1
    expires = "vpnprobe_cert_not_after_timestamp_seconds"
    assert value(asked["capf"], expires, address=f"127.0.0.1:{capf.port}", profile="7962G") > 1.7e9
    assert value(asked["files"], expires, holder="ITL CCM+TFTP", target=str(files.tftp_endpoint)) > 1.7e9
    assert value(asked["lsc"], expires, holder=str(file), kind="certificate") == NOT_AFTER.timestamp()
    assert "8cb64f576113" not in asked["files"].text.lower()
    assert value(other, "vpnprobe_probe_success", probe="second", target=str(files.tftp_endpoint)) == 1
    assert strange.status_code == 400
    assert strange.text == "no certificate of the plan has this target; write it there as it is here\n"


def healthy_files() -> ConfigScenario:
    scenario = find_any_scenario("config-healthy")
    assert isinstance(scenario, ConfigScenario)
    return scenario


async def test_the_target_alone_is_enough_where_one_probe_has_it() -> None:
    async with running_lab(find_scenario("healthy")) as lab:
        plan = read(EXAMPLE.format(resolver=lab.resolver).replace("vpn.example.com", lab.group_url))
        async with served(exporter(plan)) as client:
            answer = await client.get("/probe", params={"target": lab.group_url})
    assert value(answer, "vpnprobe_probe_success", probe="gateway") == 1


# --- time, and how many at once ---


async def test_it_answers_in_time_for_the_scrape() -> None:
    async with listening(hold) as port, served(exporter(read(SILENT.format(port=port)))) as client:
        answer = await client.get("/probe", params={"module": "silent"}, headers={SCRAPE: "2"})
    assert answer.status_code == 200
    # Each step had less, so that there was time to see that the gateway says nothing.
    assert value(answer, "vpnprobe_finding", id="TLS004") == 1
    assert value(answer, "vpnprobe_verdict", verdict="fail") == 1
    # Half a second is kept for the answer. The probe alone would take twenty seconds and more.
    assert 1.5 <= value(answer, "vpnprobe_probe_duration_seconds") < 15


@pytest.mark.parametrize("waits", ["soon", "nan", "0", "-1", "inf"])
async def test_a_time_that_is_none_is_refused(waits: str) -> None:
    async with served(exporter(read(SILENT.format(port=9)))) as client:
        answer = await client.get("/probe", params={"module": "silent"}, headers={SCRAPE: waits})
    assert (answer.status_code, answer.text) == (400, f"{SCRAPE.lower()} is a number of seconds\n")


async def test_more_than_may_run_at_once_are_told_so() -> None:
    async with (
        listening(hold) as port,
        served(exporter(read(SILENT.format(port=port)), at_once=1)) as client,
        asyncio.TaskGroup() as group,
    ):
        first = group.create_task(client.get("/probe", params={"module": "silent"}, headers={SCRAPE: "1.5"}))
        # Each answer gives the first one time to begin.
        while not value(await client.get("/metrics"), "vpnprobe_exporter_probes_running"):
            pass
        second = await client.get("/probe", params={"module": "silent"}, headers={SCRAPE: "1.5"})
        assert (await first).status_code == 200
        third = await client.get("/probe", params={"module": "silent"}, headers={SCRAPE: "1"})
    assert (second.status_code, second.headers["retry-after"]) == (503, "5")
    assert second.text.startswith("1 probes are running, which is the limit")
    assert third.status_code == 200


async def test_a_probe_that_gives_no_report_is_a_result(capsys: pytest.CaptureFixture[str]) -> None:
    silent = read(SILENT.format(port=9)).probes[0]
    text = written(silent, Unmeasured("the key file is gone", ("line\x1b of ours",)), None)
    labels = {"probe": "silent", "kind": "gateway", "target": "127.0.0.1:9", "verdict": "inconclusive"}
    assert value(httpx.Response(200, text=text), "vpnprobe_verdict", **labels) == 1
    assert capsys.readouterr().err == "vpnprobe: silent: the key file is gone\nvpnprobe: silent: line\\x1b of ours\n"


# --- the other pages ---


async def test_metrics_are_about_the_exporter_itself() -> None:
    async with running_lab(find_scenario("healthy")) as lab, served(exporter(plan_for(lab))) as client:
        await client.get("/probe", params={"module": "phone"})
        metrics = await client.get("/metrics")
    assert value(metrics, "vpnprobe_exporter_probes_total", module="phone", result="pass") == 1
    assert value(metrics, "vpnprobe_exporter_probes_running") == 0
    assert value(metrics, "vpnprobe_build_info") == 1
    assert value(metrics, "process_open_fds") > 0
    assert "vpnprobe_probe_success" not in metrics.text


async def test_two_exporters_in_one_process_do_not_mix() -> None:
    plan = read(SILENT.format(port=9))
    async with served(exporter(plan)) as one, served(exporter(plan)) as two:
        await one.get("/probe")
        first, second = await one.get("/metrics"), await two.get("/metrics")
    assert value(first, "vpnprobe_exporter_probes_total", result="refused") == 1
    assert "vpnprobe_exporter_probes_total{" not in second.text


async def test_the_page_names_the_modules_and_nothing_in_it_is_markup() -> None:
    plan = read(SILENT.format(port=9).replace('"127.0.0.2:9"', """'https://a.example/<b>&"x'"""))
    async with served(exporter(plan)) as client:
        page = await client.get("/")
    assert page.headers["content-security-policy"] == "default-src 'none'"
    assert '<a href="/probe?module=silent&amp;target=127.0.0.1%3A9">silent</a>' in page.text
    assert "&lt;b&gt;&amp;&quot;x" in page.text
    assert "<b>" not in page.text


@pytest.mark.parametrize(("method", "path", "code"), [("POST", "/probe", 405), ("GET", "/other", 404)])
async def test_nothing_else_is_there(method: str, path: str, code: int) -> None:
    async with served(exporter(read(SILENT.format(port=9)))) as client:
        assert (await client.request(method, path)).status_code == code


async def test_a_new_plan_counts_from_the_next_scrape_on() -> None:
    running = exporter(read(SILENT.format(port=9)))
    async with served(running) as client:
        running.plan = read(EXAMPLE.format(resolver="127.0.0.1:9"))
        answer = await client.get("/probe", params={"module": "silent"})
    assert (answer.status_code, answer.text) == (400, "the plan has no probe 'silent'; there are gateway\n")
