"""The labels of a planned probe, and the textfile."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.checks.evidence_builder import ADDRESS, RENEWED, pinned, run
from tests.fleet.exporting import read
from vpnprobe.checks.evaluate import judge
from vpnprobe.cli.exporter import written
from vpnprobe.fleet.metrics import Textfile, alert_rules, dashboard, labels_of
from vpnprobe.model.observation import PhoneDecision
from vpnprobe.render.prometheus import Sample, exposition

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


def sample(probe: str, value: float) -> Sample:
    return Sample("vpnprobe_probe_success", {"probe": probe}, value)


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if not line.startswith("#")]


def test_the_labels_of_a_probe() -> None:
    [planned] = read(EXAMPLE.format(resolver="127.0.0.1:9")).probes
    assert labels_of(planned) == {
        "site": "berlin",
        "probe": "gateway",
        "kind": "gateway",
        "target": "vpn.example.com",
    }


def test_the_file_has_the_last_run_of_each_probe(tmp_path: Path) -> None:
    file = Textfile(tmp_path / "vpnprobe.prom", exposition)
    file.put("a", [sample("a", 0)])
    file.put("b", [sample("b", 1)])
    file.put("a", [sample("a", 1)])
    file.write()
    assert lines(file.path) == ['vpnprobe_probe_success{probe="a"} 1.0', 'vpnprobe_probe_success{probe="b"} 1.0']
    file.keep({"b", "c"})
    file.write()
    assert lines(file.path) == ['vpnprobe_probe_success{probe="b"} 1.0']
    assert list(tmp_path.iterdir()) == [file.path]


def test_others_may_read_it_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        file = Textfile(tmp_path / "vpnprobe.prom", exposition)
        file.write()
    finally:
        os.umask(before)
    assert file.path.stat().st_mode & 0o777 == 0o644


def test_what_cannot_be_written_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    broken = False

    def text(samples: Iterable[Sample]) -> str:
        if broken:
            raise OSError("no space left")
        return exposition(samples)

    file = Textfile(tmp_path / "vpnprobe.prom", text)
    file.put("a", [sample("a", 1)])
    file.write()
    broken = True
    file.put("a", [sample("a", 0)])
    with pytest.raises(OSError, match="no space left"):
        file.write()
    assert lines(file.path) == ['vpnprobe_probe_success{probe="a"} 1.0']
    assert list(tmp_path.iterdir()) == [file.path]


def test_the_file_is_whole_at_every_moment(tmp_path: Path) -> None:
    """What the collector reads while it is written is the old file; a new one is never called *.prom before."""
    file = Textfile(tmp_path / "vpnprobe.prom", exposition)
    file.write()
    seen: list[list[Path]] = []

    def text(samples: Iterable[Sample]) -> str:
        seen.append(sorted(tmp_path.glob("*.prom")))
        return exposition(samples)

    Textfile(file.path, text).write()
    assert seen == [[file.path]]


# --- the files for Prometheus and Grafana; promtool judges the queries themselves (tests/containers) ---


def known_metrics() -> set[str]:
    """The names of all metrics of a phone whose gateway shows another certificate."""
    report = judge(run(decisions=(PhoneDecision(address=ADDRESS, goes_on=False, rule="pin"),), **pinned(RENEWED)))
    return {line.split(" ")[2] for line in written({}, report).splitlines() if line.startswith("# TYPE")}


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
