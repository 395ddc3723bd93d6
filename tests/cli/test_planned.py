"""Plans of CAPF, of a phone's files and of certificates, checked once against labs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.certificates import issue
from tests.cli.driving import CommandLine
from tests.stand_ins import in_background, lab_in_background
from vpnprobe.cli.exitcodes import CRITICAL, OK, UNKNOWN, WARNING
from vpnprobe.cli.planned import read_plan
from vpnprobe.history.store import History
from vpnprobe.lab.capf.network import CapfLab, running_capf_lab
from vpnprobe.lab.capf.scenarios import find_capf_scenario
from vpnprobe.lab.catalogue import find_any_scenario
from vpnprobe.lab.trust.network import ConfigLab, running_config_lab
from vpnprobe.lab.trust.scenario import ConfigScenario

# The argument of each command, as a plan has it.
ARGUMENTS = {"capf": "server", "config": "mac"}
LISTS = {"resolver", "trust-list", "capf-cert", "ca"}
NUMBERS = {"http-port", "tvs-port", "idle-timeout", "keep-alive"}

SECONDS = r"\d+\.\d{3}s;;;0"


@contextmanager
def capf_lab(name: str) -> Iterator[CapfLab]:
    with in_background(running_capf_lab(find_capf_scenario(name))) as lab:
        yield lab


@contextmanager
def config_lab(name: str) -> Iterator[ConfigLab]:
    scenario = find_any_scenario(name)
    assert isinstance(scenario, ConfigScenario)
    with in_background(running_config_lab(scenario)) as lab:
        yield lab


def table(name: str, lab: CapfLab | ConfigLab) -> str:
    """The command that a lab names as a probe of a plan."""
    kind, argument, *words = lab.arguments
    lines = ["[[probe]]", f'name = "{name}"', f"[probe.{kind}]", f'{ARGUMENTS[kind]} = "{argument}"', "timeout = 1"]
    while words:
        option = words.pop(0).removeprefix("--")
        if option == "tvs":
            lines.append("tvs = true")
            continue
        value = words.pop(0)
        shown = value if option in NUMBERS else f'["{value}"]' if option in LISTS else f'"{value}"'
        lines.append(f"{option} = {shown}")
    return "\n".join(lines) + "\n"


def certificate(name: str, source: str | Path, more: str = "") -> str:
    return f'[[probe]]\nname = "{name}"\n[probe.certificate]\nsource = "{source}"\n{more}\n'


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return tmp_path / "plan.toml"


def test_all_kinds_in_one_plan(cli: CommandLine, plan: Path) -> None:
    with ExitStack() as labs:
        capf, files = labs.enter_context(capf_lab("capf-healthy")), labs.enter_context(config_lab("config-healthy"))
        changed = labs.enter_context(config_lab("config-changed"))
        plan.write_text(table("capf", capf) + table("files", files) + table("changed", changed), encoding="utf-8")
        ended = cli("check", plan)
    first, *others = ended.out.splitlines()
    assert first.startswith("CRITICAL: 3 probes: 1 CRITICAL (changed), 2 OK | ")
    assert re.fullmatch(rf"capf={SECONDS} files={SECONDS} changed={SECONDS}", first.partition(" | ")[2])
    assert [line.split(": ")[1] for line in others] == ["changed", "capf", "files"]
    assert others[0].startswith("CRITICAL: changed: SGN008 the signature does not fit the file")
    assert (ended.code, ended.err) == (CRITICAL, "")


@pytest.mark.parametrize(
    ("name", "code", "begins"),
    [
        ("capf-healthy", OK, "OK: YES, a phone reaches this CAPF and is greeted"),
        ("capf-idle-timeout", WARNING, "WARNING: CPF006 the firewall forgets an idle connection after 10 minutes"),
        ("capf-port-closed", CRITICAL, "CRITICAL: CPF003 no TCP connection"),
        ("capf-itl-damaged", UNKNOWN, "UNKNOWN: CPF021 ITLFile.tlv cannot be read"),
        ("capf-online-ca-closed", CRITICAL, "CRITICAL: OCA"),
    ],
)
def test_a_capf(cli: CommandLine, plan: Path, name: str, code: int, begins: str) -> None:
    with capf_lab(name) as lab:
        plan.write_text(table("capf", lab), encoding="utf-8")
        ended = cli("check", plan)
    assert ended.out.startswith(begins)
    assert re.fullmatch(rf"time={SECONDS}\n", ended.out.partition(" | ")[2])
    assert (ended.code, ended.err) == (code, "")


@pytest.mark.parametrize(
    ("name", "code", "begins"),
    [
        ("config-healthy", OK, "OK: YES, a phone that holds this server's list, or none, would take these files"),
        ("config-healthy-encrypted", OK, "OK: YES, "),
        ("config-only-tvs", WARNING, "WARNING: "),
        ("config-other-cluster", CRITICAL, "CRITICAL: SGN"),
        ("config-server-silent", CRITICAL, "CRITICAL: TFT"),
        ("config-tvs-closed", UNKNOWN, "UNKNOWN: "),
    ],
)
def test_the_files_of_a_phone(cli: CommandLine, plan: Path, name: str, code: int, begins: str) -> None:
    with config_lab(name) as lab:
        plan.write_text(table("files", lab), encoding="utf-8")
        ended = cli("check", plan)
        # The server is what is dialled; no MAC is a label.
        assert read_plan(str(plan)).probes[0].target == str(lab.tftp_endpoint)
    assert ended.out.startswith(begins)
    assert (ended.code, ended.err) == (code, "")


def test_certificates_of_a_file_and_of_a_server(cli: CommandLine, plan: Path, tmp_path: Path) -> None:
    good, over = tmp_path / "good.pem", tmp_path / "over.pem"
    good.write_bytes(issue(cn="vpn.example.com", serial=50).pem)
    over.write_bytes(issue(cn="vpn.example.com", serial=51, not_after="20250101000000Z").pem)
    gateway = 'use = "gateway"'
    with lab_in_background("healthy") as lab:
        plan.write_text(
            certificate("good", good, gateway)
            + certificate("over", over, gateway)
            + certificate("shown", lab.group_url, f'resolver = ["{lab.resolver}"]')
            + certificate("gone", "https://127.0.0.1:9", "timeout = 1"),
            encoding="utf-8",
        )
        ended = cli("check", plan)
    first, *others = ended.out.splitlines()
    assert first.startswith("CRITICAL: 4 probes: 1 CRITICAL (over), 1 UNKNOWN (gone), 2 OK | ")
    assert others[0].startswith("CRITICAL: over: LSC007 expired on 2025-01-01")
    assert others[1].startswith("UNKNOWN: gone: ")
    assert "refused" in others[1]
    assert ended.code == CRITICAL


def test_a_certificate_that_was_replaced_is_kept_as_drift(cli: CommandLine, plan: Path, tmp_path: Path) -> None:
    database, file = tmp_path / "history.db", tmp_path / "gateway.pem"
    plan.write_text(certificate("gateway", file, 'use = "gateway"'), encoding="utf-8")
    for serial in (50, 50, 51):
        file.write_bytes(issue(cn="vpn.example.com", serial=serial).pem)
        assert cli("check", plan, "--database", database).code == OK
    with History(str(database), create=False) as history:
        [overview] = history.overviews()
        changes = history.changes(overview.series.number)
    [finding] = [one for change in changes for one in change.drift]
    assert (finding.id, finding.stage, finding.address) == ("DRF001", "certificate", None)
    assert finding.summary.startswith(f"{file}: CN=vpn.example.com, certHash ")


def test_the_list_of_another_cluster_is_kept_as_drift(cli: CommandLine, plan: Path, tmp_path: Path) -> None:
    """One lab after the other, asked by their addresses: each has certificates of its own."""
    database = tmp_path / "history.db"
    for _ in range(2):
        with config_lab("config-healthy") as lab:
            without = "".join(line for line in table("files", lab).splitlines(keepends=True) if "resolver" not in line)
            plan.write_text(without, encoding="utf-8")
            for _ in range(2):
                assert cli("check", plan, "--database", database).code == OK
    with History(str(database), create=False) as history:
        [overview] = history.overviews()
        changes = history.changes(overview.series.number)
    [finding] = [one for change in changes for one in change.drift]
    assert (finding.id, finding.stage, finding.subject) == ("DRF009", "trust-list", "ITL")
    assert "new: signed by CN=ITLRECOVERY_cucm.lab.example" in finding.summary
    assert "CCM+TFTP CN=cucm.lab.example" in finding.summary
