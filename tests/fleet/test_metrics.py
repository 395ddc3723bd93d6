"""The labels of a planned probe, and the files for Prometheus and Grafana; promtool judges these (tests/containers)."""

from __future__ import annotations

import json
import re

from tests.checks.evidence_builder import ADDRESS, RENEWED, pinned, run
from tests.fleet.exporting import read
from vpnprobe.checks.evaluate import judge
from vpnprobe.fleet.metrics import alert_rules, dashboard, labels_of
from vpnprobe.model.observation import PhoneDecision
from vpnprobe.render.prometheus import render_prometheus

EXAMPLE = """\
[[probe]]
name = "gateway"
labels = {{ site = "berlin" }}
[probe.gateway]
target = "vpn.example.com"
resolver = ["{resolver}"]
timeout = 2
"""


# What other programs export.
FOREIGN = {"node_textfile_mtime_seconds", "up"}


def test_the_labels_of_a_probe() -> None:
    [planned] = read(EXAMPLE.format(resolver="127.0.0.1:9")).probes
    assert labels_of(planned) == {
        "site": "berlin",
        "probe": "gateway",
        "kind": "gateway",
        "target": "vpn.example.com",
    }


def known_metrics() -> set[str]:
    """The names of all metrics: of a phone whose gateway shows another certificate, and of one that connects."""
    report = judge(run(decisions=(PhoneDecision(address=ADDRESS, goes_on=False, rule="pin"),), **pinned(RENEWED)))
    text = render_prometheus([report, judge(run())])
    return {line.split(" ")[2] for line in text.splitlines() if line.startswith("# TYPE")}


def queries() -> list[str]:
    targets = [target for panel in json.loads(dashboard())["panels"] for target in panel["targets"]]
    return [target["expr"] for target in targets]


def test_the_dashboard_shows_every_metric() -> None:
    named = {name for query in queries() for name in re.findall(r"\bvpnprobe_\w+", query)}
    assert named == known_metrics()


def test_the_rules_are_about_metrics_that_there_are() -> None:
    expressions = re.findall(r"^ *expr: (.*)$", alert_rules(), re.MULTILINE)
    assert len(expressions) == alert_rules().count("- alert:")
    named = {name for text in expressions for name in re.findall(r"\b(?:vpnprobe_|node_)\w+|\bup\b", text)}
    assert named - FOREIGN < known_metrics()


def test_the_panels_of_the_dashboard_do_not_overlap() -> None:
    panels = json.loads(dashboard())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    taken = [
        (x, y) for at in places for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24
