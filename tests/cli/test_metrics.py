"""The textfile of a plan, as `vpnprobe check` and `vpnprobe watch` write it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.cli.driving import CommandLine
from tests.cli.test_watch import DEAD, gateway, watching
from vpnprobe.cli.exitcodes import CRITICAL, OK, UNKNOWN
from vpnprobe.lab.network import Lab

NAMING = "there is no such directory; make it, or name another file"


@pytest.fixture
def textfile(tmp_path: Path) -> Path:
    return tmp_path / "node-exporter" / "vpnprobe.prom"


@pytest.fixture
def plan(tmp_path: Path, healthy: Lab, textfile: Path) -> Path:
    textfile.parent.mkdir()
    path = tmp_path / "plan.toml"
    path.write_text(f'[metrics]\ntextfile = "{textfile}"\n{gateway(healthy)}{DEAD}', encoding="utf-8")
    return path


def success(textfile: Path) -> dict[str, float]:
    """Whether each probe succeeded, by its name."""
    return {
        sample.labels["probe"]: sample.value
        for family in text_string_to_metric_families(textfile.read_text())
        for sample in family.samples
        if sample.name == "vpnprobe_probe_success"
    }


def test_a_check_writes_all_its_probes(cli: CommandLine, plan: Path, textfile: Path) -> None:
    ended = cli("check", plan)
    assert (ended.code, ended.err) == (CRITICAL, "")
    assert success(textfile) == {"gateway": 1, "dead": 0}


def test_a_check_of_one_probe_leaves_the_file_alone(cli: CommandLine, plan: Path, textfile: Path) -> None:
    assert cli("check", plan, "--probe", "gateway").code == OK
    assert not textfile.exists()


def test_a_check_is_told_all_the_same_where_the_file_cannot_be_written(
    cli: CommandLine, plan: Path, textfile: Path
) -> None:
    textfile.parent.rmdir()
    ended = cli("check", plan)
    assert ended.code == CRITICAL
    assert ended.out.startswith("CRITICAL: 2 probes")
    assert ended.err == f"vpnprobe: textfile {textfile}: {NAMING}\n"


def test_a_watch_writes_the_last_runs(plan: Path, textfile: Path, tmp_path: Path) -> None:
    with watching(plan, "--no-history", "--state", tmp_path / "state.json", "--verbose") as watch:
        for name in ("gateway", "dead"):
            watch.wait_for("run", probe=name)
        # Its end is written, too, whatever waits to be gathered.
        assert watch.end() == OK
    assert success(textfile) == {"gateway": 1, "dead": 0}


@pytest.mark.parametrize("missing", ["directory", "library"])
def test_a_watch_does_not_start_without_its_file(
    cli: CommandLine, plan: Path, textfile: Path, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing == "directory":
        textfile.parent.rmdir()
    else:
        monkeypatch.setitem(sys.modules, "prometheus_client", None)
    ended = cli("watch", plan, "--no-history")
    assert ended.code == UNKNOWN
    assert ("vpnprobe[metrics]" if missing == "library" else NAMING) in ended.complaint
