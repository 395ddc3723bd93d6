from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vpnprobe.cli.planned import planned_commands
from vpnprobe.fleet.plan import Plan, load_plan
from vpnprobe.fleet.units import CHECK_SERVICE, CHECK_TIMER, EXPORTER_SERVICE, WATCH_SERVICE, systemd_units
from vpnprobe.model.errors import UsageError

COMMAND = [sys.executable, "-m", "vpnprobe"]
FILE = Path("/etc/vpnprobe/plan.toml")


def plan(more: str = "", interval: str = "5m", tftp: str = "10.1.1.5") -> Plan:
    text = f"""
        {more}
        [[probe]]
        name = "phone"
        interval = "{interval}"
        [probe.phone]
        group-url = "https://vpn.example.com/VPNPhone"
        mac = "8CB64F576113"
        tftp = "{tftp}"
        [[probe]]
        name = "gateway"
        interval = "1h"
        [probe.gateway]
        target = "vpn.example.com"
    """
    return load_plan(text, "plan.toml", planned_commands())


def settings(unit: str, section: str) -> dict[str, str]:
    """The settings of a section, none of which is there twice."""
    lines = unit.partition(f"[{section}]\n")[2].partition("\n[")[0].splitlines()
    pairs = [line.partition("=")[::2] for line in lines if line and not line.startswith("#")]
    assert len({name for name, _ in pairs}) == len(pairs)
    return dict(pairs)


def test_the_service_that_watches() -> None:
    service = settings(systemd_units(plan(), FILE, ["/usr/bin/vpnprobe"])[WATCH_SERVICE], "Service")
    assert service["ExecStart"] == "/usr/bin/vpnprobe watch /etc/vpnprobe/plan.toml"
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert (service["Type"], service["Restart"]) == ("notify", "on-failure")
    assert (service["DynamicUser"], service["StateDirectory"]) == ("yes", "vpnprobe")
    assert service["WorkingDirectory"] == "/etc/vpnprobe"
    assert service["EnvironmentFile"] == "-/etc/vpnprobe/vpnprobe.env"
    assert service["CapabilityBoundingSet"] == ""
    assert not {"User", "AmbientCapabilities", "ReadWritePaths"} & set(service)


def test_the_timer_that_checks() -> None:
    units = systemd_units(plan(interval="10m"), FILE, ["/usr/bin/vpnprobe"])
    service = settings(units[CHECK_SERVICE], "Service")
    assert service["ExecStart"] == "/usr/bin/vpnprobe check /etc/vpnprobe/plan.toml"
    assert (service["Type"], service["SuccessExitStatus"]) == ("oneshot", "1 2")
    timer = settings(units[CHECK_TIMER], "Timer")
    assert (timer["OnUnitActiveSec"], timer["RandomizedDelaySec"]) == ("600s", "60s")


def test_the_service_that_answers_prometheus() -> None:
    more = '[watch]\nstate = "/srv/state"'
    service = settings(systemd_units(plan(more), FILE, ["/usr/bin/vpnprobe"])[EXPORTER_SERVICE], "Service")
    assert service["ExecStart"] == "/usr/bin/vpnprobe exporter /etc/vpnprobe/plan.toml"
    assert (service["Type"], service["Restart"], service["DynamicUser"]) == ("exec", "on-failure", "yes")
    assert service["EnvironmentFile"] == "-/etc/vpnprobe/vpnprobe.env"
    # A directory that two services with users of their own shared would be now the one's, now the other's.
    assert not {"StateDirectory", "ReadWritePaths"} & set(service)


def test_a_check_is_not_started_every_second() -> None:
    timer = settings(systemd_units(plan(interval="1s"), FILE, COMMAND)[CHECK_TIMER], "Timer")
    assert timer["OnUnitActiveSec"] == "60s"


def test_a_user_of_ones_own() -> None:
    for name in (WATCH_SERVICE, CHECK_SERVICE):
        service = settings(systemd_units(plan(), FILE, COMMAND, user="monitoring")[name], "Service")
        assert service["User"] == "monitoring"
        assert "DynamicUser" not in service


@pytest.mark.parametrize("tftp", ["dhcp", "dhcp:eth0"])
def test_asking_by_dhcp_needs_capabilities(tftp: str) -> None:
    service = settings(systemd_units(plan(tftp=tftp), FILE, COMMAND)[WATCH_SERVICE], "Service")
    assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"] == "CAP_NET_BIND_SERVICE CAP_NET_RAW"


@pytest.mark.parametrize(
    ("more", "paths"),
    [
        ('[watch]\nstate = "/var/lib/vpnprobe/state"', []),
        ('[watch]\nstate = "/srv/a b/state"', ['ReadWritePaths="/srv/a b"']),
        ('[watch]\nstate = "state"', ["ReadWritePaths=/etc/vpnprobe"]),
        ('[metrics]\ntextfile = "/var/lib/node/x.prom"', ["ReadWritePaths=/var/lib/node"]),
        ('[history]\ndatabase = "/srv/history.db"', ["ReadWritePaths=/srv"]),
        ('[history]\ndatabase = "postgresql://me@db/x"', []),
        (
            '[history]\ndatabase = "/srv/history.db"\n[watch]\nstate = "/srv/state"\n[metrics]\ntextfile = "/a/x.prom"',
            ["ReadWritePaths=/a", "ReadWritePaths=/srv"],
        ),
    ],
    ids=["own", "with a blank", "relative", "textfile", "file", "database", "several"],
)
def test_what_the_plan_has_written_can_be_written(more: str, paths: list[str]) -> None:
    unit = systemd_units(plan(more), FILE, COMMAND)[WATCH_SERVICE]
    assert [line for line in unit.splitlines() if line.startswith("ReadWritePaths")] == paths


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("plan.toml", "/srv/plan.toml"),
        ("a b.toml", '"/srv/a b.toml"'),
        ("50%i.toml", "/srv/50%%i.toml"),
        ("$HOME.toml", "/srv/$$HOME.toml"),
        ('q"u\\ote.toml', '"/srv/q\\"u\\\\ote.toml"'),
        ("ü;.toml", '"/srv/ü;.toml"'),
    ],
)
def test_a_file_of_any_name(name: str, word: str) -> None:
    unit = systemd_units(plan(), Path("/srv") / name, ["/usr/bin/vpnprobe"])[WATCH_SERVICE]
    assert f"ExecStart=/usr/bin/vpnprobe watch {word}\n" in unit


@pytest.mark.parametrize(("name", "user"), [("a\nb.toml", None), ("a.toml", "me\nExecStart=x"), ("a.toml", "")])
def test_a_name_that_would_break_a_unit(name: str, user: str | None) -> None:
    with pytest.raises(UsageError, match="cannot stand in a unit"):
        systemd_units(plan(), Path("/srv") / name, COMMAND, user=user)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("user", [None, "root"])
@pytest.mark.parametrize("folder", ["etc", "a b%i$x"])
def test_systemd_takes_the_units(tmp_path: Path, folder: str, user: str | None) -> None:
    units = systemd_units(
        plan('[watch]\nstate = "/srv/a b/state"', tftp="dhcp"), tmp_path / folder / "plan.toml", COMMAND, user=user
    )
    for name, text in units.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / name) for name in units)],
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert (done.returncode, done.stderr) == (0, "")
