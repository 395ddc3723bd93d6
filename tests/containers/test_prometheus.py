"""A real Prometheus scrapes the exporter and evaluates the alert rules; promtool judges the rules and the metrics."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.driving import clean_environment, command
from tests.containers.conftest import Start
from tests.containers.podman import Container, wait_until
from tests.fleet.exporting import LAB_PLAN
from tests.render.reports import REPORTS
from tests.stand_ins import lab_in_background
from vpnprobe.fleet.metrics import alert_rules, dashboard
from vpnprobe.lab.network import Lab
from vpnprobe.render.prometheus import render_prometheus

pytestmark = pytest.mark.container

EXPORTER_PORT = 9877
DAY = 86400

PROMETHEUS = """\
global:
  scrape_interval: 3s
  scrape_timeout: 3s
  evaluation_interval: 1s
rule_files: [/etc/vpnprobe/alert-rules.yml]
scrape_configs:
  - job_name: vpnprobe
    metrics_path: /probe
    static_configs:
      - targets: [phone, gateway, silent]
    relabel_configs:
      - source_labels: [__address__]
        target_label: __param_module
      - source_labels: [__address__]
        target_label: instance
      - target_label: __address__
        replacement: {exporter}
  - job_name: vpnprobe-exporter
    static_configs:
      - targets: ["{exporter}"]
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What both containers see as /etc/vpnprobe."""
    path = tmp_path_factory.mktemp("prometheus")
    path.chmod(0o755)
    (path / "alert-rules.yml").write_text(alert_rules())
    return path


@pytest.fixture(scope="module")
def tool(start: Start, directory: Path) -> Container:
    """A container with promtool."""
    volume = ("--volume", f"{directory}:/etc/vpnprobe:ro")
    return start("prometheus", "sleep", "infinity", listens=None, options=volume)


# --- promtool ---


def test_promtool_takes_the_rules(tool: Container) -> None:
    said = tool.run("promtool", "check", "rules", "/etc/vpnprobe/alert-rules.yml")
    assert f"SUCCESS: {alert_rules().count('- alert:')} rules found" in said


@pytest.mark.parametrize("report", REPORTS)
def test_promtool_takes_the_metrics(tool: Container, report: str) -> None:
    said = tool.run("promtool", "check", "metrics", stdin=render_prometheus([REPORTS[report]]))
    assert said == ""


def test_prometheus_understands_every_query_of_the_dashboard(tool: Container, directory: Path) -> None:
    panels = json.loads(dashboard())["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries)]
    # JSON is YAML.
    (directory / "panels.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    said = tool.run("promtool", "check", "rules", "/etc/vpnprobe/panels.yml")
    assert f"SUCCESS: {len(queries)} rules found" in said


def verdict(word: str, kind: str = "phone") -> str:
    return f'vpnprobe_verdict{{kind="{kind}",probe="p",target="t",verdict="{word}"}}'


def expiry(profile: str = "7962G") -> str:
    labels = f'address="192.0.2.7:443",kind="phone",probe="p",profile="{profile}",target="t"'
    return f"vpnprobe_cert_not_after_timestamp_seconds{{{labels}}}"


HELD = 'vpnprobe_cert_not_after_timestamp_seconds{holder="ITL TVS",kind="config",probe="p",target="t"}'
PIN = 'vpnprobe_cert_hash_match{address="192.0.2.7:443",kind="phone",probe="p",profile="7962G",target="t"}'
LAST_RUN = 'vpnprobe_last_run_timestamp_seconds{kind="phone",probe="p",target="t"}'
TEXTFILE = 'node_textfile_mtime_seconds{file="/var/lib/prometheus/node-exporter/vpnprobe.prom"}'
OTHER_TEXTFILE = 'node_textfile_mtime_seconds{file="/var/lib/vpnprobe/other.prom"}'

# What is measured each minute (promtool's notation; its clock begins at 0), when it is asked, which alerts fire then.
CASES: dict[str, tuple[dict[str, str], str, set[str]]] = {
    "a failure of nine minutes": ({verdict("fail"): "1x60"}, "9m", set()),
    "a failure of ten minutes": ({verdict("fail"): "1x60"}, "10m", {"VpnprobeDown"}),
    "one that comes and goes": ({verdict("fail"): "1 1 1 1 1 0 1 1 1 1 1 1"}, "11m", set()),
    "a failure that is over": ({verdict("fail"): "1x20 0x20"}, "30m", set()),
    "a federation, 14 minutes": ({verdict("fail", "federation"): "1x60"}, "14m", set()),
    "a federation, 15 minutes": ({verdict("fail", "federation"): "1x60"}, "15m", {"VpnprobeFederationDown"}),
    "a CAPF, 14 minutes": ({verdict("fail", "capf"): "1x60"}, "14m", set()),
    "a CAPF, 15 minutes": ({verdict("fail", "capf"): "1x60"}, "15m", {"VpnprobeFails"}),
    "files of a phone": ({verdict("fail", "config"): "1x60"}, "15m", {"VpnprobeFails"}),
    "not known": ({verdict("inconclusive"): "1x60"}, "30m", {"VpnprobeUndecided"}),
    "a warning": ({verdict("warn"): "1x90"}, "1h", {"VpnprobeWarning"}),
    "all is well": (
        {verdict("pass"): "1x90", verdict("fail"): "0x90", PIN: "1x90", expiry(): f"{90 * DAY}x90"}, "90m", set(),
    ),
    "another certificate": ({PIN: "0x60"}, "5m", {"VpnprobeCertHashMismatch"}),
    "it ends in 31 days": ({expiry(): f"{31 * DAY}x90"}, "90m", set()),
    "it ends in 29 days": ({expiry(): f"{29 * DAY}x90"}, "90m", {"VpnprobeCertificateExpiresSoon"}),
    "it ends in 6 days": ({expiry(): f"{6 * DAY}x90"}, "90m", {"VpnprobeCertificateExpires"}),
    "one of a trust list ends in 6 days": ({HELD: f"{6 * DAY}x90"}, "90m", {"VpnprobeCertificateExpires"}),
    "it ended": ({expiry(): "1800x90"}, "30m", {"VpnprobeCertificateExpired"}),
    "one of two ends": (
        {expiry(): f"{90 * DAY}x90", expiry("8811"): f"{6 * DAY}x90"}, "90m", {"VpnprobeCertificateExpires"},
    ),
    "nobody answers": ({'up{job="vpnprobe",instance="i"}': "0x60"}, "10m", {"VpnprobeExporterDown"}),
    "another job": ({'up{job="node",instance="i"}': "0x60"}, "10m", set()),
    "an old file": ({TEXTFILE: "0x90", OTHER_TEXTFILE: "0x90"}, "66m", {"VpnprobeTextfileStale"}),
    "a file that is written": ({TEXTFILE: "0+60x90"}, "90m", set()),
    "a probe that is not run": ({LAST_RUN: "0x3000"}, "49h", {"VpnprobeNotRun"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_which_alerts_fire(tool: Container, directory: Path, name: str) -> None:
    series, at, fire = CASES[name]
    firing = 'group by (alertname) (ALERTS{alertstate="firing"})'
    samples = [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in sorted(fire)]
    said = promtool_test(
        tool, directory, series, promql_expr_test=[{"expr": firing, "eval_time": at, "exp_samples": samples}]
    )
    assert "SUCCESS" in said, said


@pytest.mark.parametrize(
    ("series", "labels", "whose"),
    [
        (expiry(), {"address": "192.0.2.7:443", "kind": "phone"}, "192.0.2.7:443"),
        (HELD, {"holder": "ITL TVS", "kind": "config"}, "ITL TVS"),
    ],
    ids=["shown", "held"],
)
def test_what_an_alert_says(
    tool: Container, directory: Path, series: str, labels: Mapping[str, str], whose: str
) -> None:
    expected = {
        "exp_labels": {"probe": "p", "target": "t", "severity": "critical", **labels},
        "exp_annotations": {
            "summary": f"t: the certificate of {whose} expires in 5d 22h 30m 0s",
            "description": "A gateway's: by the steps of vpnprobe cutover, "
            "first the new certHash to every phone, then the gateway.",
        },
    }
    alert = {"eval_time": "90m", "alertname": "VpnprobeCertificateExpires", "exp_alerts": [expected]}
    said = promtool_test(tool, directory, {series: f"{6 * DAY}x90"}, alert_rule_test=[alert])
    assert "SUCCESS" in said, said


def promtool_test(tool: Container, directory: Path, series: Mapping[str, str], **expected: Any) -> str:
    """Run one unit test of the rules; return what promtool says."""
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    test = {
        "rule_files": ["alert-rules.yml"],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": inputs, **expected}],
    }
    (directory / "test.yml").write_text(json.dumps(test))
    return tool.run("promtool", "test", "rules", "/etc/vpnprobe/test.yml")


# --- Prometheus ---


@pytest.fixture(scope="module")
def expired() -> Iterator[Lab]:
    """A gateway whose certificate has expired."""
    with lab_in_background("certificate-expired") as lab:
        yield lab


SILENT = """
[[probe]]
name = "silent"
[probe.gateway]
target = "127.0.0.1:{port}"
timeout = 20
"""


@pytest.fixture(scope="module")
def silent() -> Iterator[int]:
    """A port where connections are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock.getsockname()[1]


@pytest.fixture(scope="module")
def exporter(tool: Container, expired: Lab, silent: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The exporter in a process of its own, on this machine's address on the test network."""
    plan = tmp_path_factory.mktemp("exporter") / "plan.toml"
    plan.write_text(LAB_PLAN.format(lab=expired) + SILENT.format(port=silent))
    address = f"{tool.gateway}:{EXPORTER_PORT}"
    process = subprocess.Popen(
        command("exporter", plan, "--listen", address), stderr=subprocess.PIPE, text=True, env=clean_environment()
    )
    try:
        assert process.stderr is not None
        assert process.stderr.readline() == f"vpnprobe: 3 modules at http://{address}/\n"
        yield address
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.fixture(scope="module")
def prometheus(start: Start, directory: Path, exporter: str) -> Container:
    (directory / "prometheus.yml").write_text(PROMETHEUS.format(exporter=exporter))
    volume = ("--volume", f"{directory}:/etc/vpnprobe:ro")
    return start("prometheus", listens=("tcp", 9090), options=volume)


def ask(server: Container, path: str, **query: str) -> Any:
    """What Prometheus's API answers."""
    answer = httpx.get(f"http://{server.address}:9090/api/v1/{path}", params=query, timeout=10)
    return answer.json()["data"] if answer.is_success else None


def series(server: Container, query: str) -> list[dict[str, Any]]:
    found = ask(server, "query", query=query)
    return [] if found is None else list(found["result"])


def test_prometheus_scrapes_probes_of_the_plan(prometheus: Container) -> None:
    wait_until(lambda: len(series(prometheus, 'up{job=~"vpnprobe.*"} == 1')) == 4, prometheus)
    [not_after] = series(prometheus, 'vpnprobe_cert_not_after_timestamp_seconds{instance="phone"}')
    labels = {"job": "vpnprobe", "probe": "phone", "kind": "phone", "site": "berlin", "profile": "7962G"}
    assert labels.items() <= not_after["metric"].items()
    assert 0 < float(not_after["value"][1]) < time.time()
    # Its own metrics tell of it by their next scrape.
    answered = 'vpnprobe_exporter_probes_total{module="phone",result="fail"} >= 1'
    wait_until(lambda: len(series(prometheus, answered)) == 1, prometheus)


def test_prometheus_evaluates_the_rules(prometheus: Container) -> None:
    def states() -> dict[str, set[str]]:
        alerts = (ask(prometheus, "alerts") or {"alerts": []})["alerts"]
        return {
            state: {alert["labels"]["alertname"] for alert in alerts if alert["state"] == state}
            for state in ("pending", "firing")
        }

    wait_until(lambda: "VpnprobeCertificateExpired" in states()["firing"], prometheus)
    wait_until(lambda: "VpnprobeDown" in states()["pending"], prometheus)
    groups = ask(prometheus, "rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) == alert_rules().count("- alert:")
    assert {(rule["health"], rule.get("lastError", "")) for rule in rules} == {("ok", "")}


def test_a_probe_of_a_silent_gateway_ends_in_time_for_the_scrape(prometheus: Container) -> None:
    """By itself it would take twenty seconds for each hello; Prometheus waits for three."""
    silent = '{job="vpnprobe",instance="silent"}'
    wait_until(lambda: bool(series(prometheus, f"up{silent} == 1")), prometheus)
    [duration] = series(prometheus, f"scrape_duration_seconds{silent}")
    assert 2 < float(duration["value"][1]) < 3
    [verdict] = series(prometheus, f"vpnprobe_verdict{silent} == 1")
    assert verdict["metric"]["verdict"] == "fail"
