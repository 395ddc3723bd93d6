"""Whole fleets over tftpd-hpa: every verdict right, whatever becomes of datagrams and of the run itself."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.containers.podman import Container
from tests.fleet.known_fleet import KnownFleet, file_name, known_fleet, mix_of
from tests.fleet.lossy_relay import Relay, Way, lossy_relay
from vpnprobe.lab.fleet import PhoneKind
from vpnprobe.model.fleet import FleetLine, FleetSummary, GatewaySight, SweptPhone

pytestmark = pytest.mark.container

PHONES = 2000
KILLED_PHONES = 600
SILENT = 12
FAR_PHONES = 500
TFTP_PORT = 69
CRITICAL, KILLED = 2, -9
WITHIN_S = 50.0
NEVER = datetime.min.replace(tzinfo=UTC)

# Those that nobody answers are not to hold up the suite.
HASTY = ("--timeout", "2", "--retries", "1")


@dataclass(frozen=True, slots=True)
class Sweep:
    """A fleet behind a relay, and the command that sweeps it."""

    fleet: KnownFleet
    relay: Relay
    inventory: Path

    async def start(self, *options: str, to: int = asyncio.subprocess.PIPE) -> asyncio.subprocess.Process:
        command = (sys.executable, "-m", "vpnprobe", "sweep", str(self.inventory), "--format", "jsonl")
        servers = ("--tftp", f"127.0.0.1:{self.relay.port}", "--resolver", str(self.fleet.lab.dns_endpoint))
        return await asyncio.create_subprocess_exec(*command, *servers, *options, stdout=to, stderr=to)

    async def run(self, *options: str) -> list[FleetLine]:
        """Run to the end; what it printed."""
        process = await self.start(*options)
        async with asyncio.timeout(WITHIN_S):
            told, problems = await process.communicate()
        assert process.returncode == CRITICAL, problems.decode()
        return lines_of(told)


def lines_of(data: bytes) -> list[FleetLine]:
    return [msgspec.json.decode(line, type=FleetLine) for line in data.splitlines()]


@asynccontextmanager
async def sweep_of(
    mix: Mapping[PhoneKind, int], server: Container, boot_directory: Path, tmp_path: Path, **way: Any
) -> AsyncIterator[Sweep]:
    async with known_fleet(boot_directory, mix) as fleet:
        inventory = tmp_path / "phones.txt"
        inventory.write_text("".join(f"{mac}\n" for mac in fleet.kinds))
        silent = Way(silent=fleet.silent_files, **way)
        async with lossy_relay((server.address, TFTP_PORT), silent) as relay:
            yield Sweep(fleet, relay, inventory)


def phones(lines: list[FleetLine]) -> dict[str, SweptPhone]:
    """The phones' lines by MAC, of which there may be one each."""
    found = [line for line in lines if isinstance(line, SweptPhone)]
    assert [mac for mac, count in Counter(line.mac for line in found).items() if count > 1] == []
    return {line.mac: line for line in found}


def said(lines: list[FleetLine]) -> dict[str, tuple[str, str | None]]:
    return {mac: (line.verdict, line.reason) for mac, line in phones(lines).items()}


def summary(lines: list[FleetLine]) -> FleetSummary:
    [found] = [line for line in lines if isinstance(line, FleetSummary)]
    return found


def assert_counted(lines: list[FleetLine], fleet: KnownFleet) -> None:
    """The summary counts what is known of the fleet."""
    told = summary(lines)
    assert told.interrupted is None
    assert told.not_reached == 0
    assert told.counts.total == len(fleet.due)
    assert told.counts.by_result == Counter(verdict for verdict, _ in fleet.due.values())
    assert told.counts.causes == Counter(reason for _, reason in fleet.due.values() if reason)


def timeless(lines: list[FleetLine]) -> set[bytes]:
    """The lines of phones and gateways without what differs from run to run."""
    kept: list[FleetLine] = []
    for line in lines:
        if isinstance(line, SweptPhone):
            config = msgspec.structs.replace(line.config, duration_s=0.0)
            kept.append(msgspec.structs.replace(line, config=config, finished_at=NEVER))
        elif isinstance(line, GatewaySight):
            kept.append(line)
    different = set(map(msgspec.json.encode, kept))
    assert len(different) == len(kept)
    return different


def whole_lines(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


async def test_every_phone_of_a_known_mix(tftp_server: Container, boot_directory: Path, tmp_path: Path) -> None:
    async with sweep_of(mix_of(PHONES, SILENT), tftp_server, boot_directory, tmp_path) as sweep:
        lines = await sweep.run("--rate", "0", *HASTY)
    assert said(lines) == sweep.fleet.due
    assert_counted(lines, sweep.fleet)
    assert len([line for line in lines if isinstance(line, GatewaySight)]) == 1
    assert all(sweep.relay.asked[name] > 1 for name in sweep.fleet.silent_files)


async def test_killed_and_gone_on_with(tftp_server: Container, boot_directory: Path, tmp_path: Path) -> None:
    journal, whole = tmp_path / "killed.jsonl", tmp_path / "whole.jsonl"
    async with sweep_of(mix_of(KILLED_PHONES, SILENT), tftp_server, boot_directory, tmp_path) as sweep:
        process = await sweep.start("--rate", "200", "--resume", str(journal), *HASTY, to=asyncio.subprocess.DEVNULL)
        async with asyncio.timeout(WITHIN_S):
            while whole_lines(journal) < KILLED_PHONES // 2:  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.02)
            process.kill()
            await process.wait()
        assert process.returncode == KILLED
        before = phones(lines_of(journal.read_bytes().rpartition(b"\n")[0]))
        assert len(before) < KILLED_PHONES
        sweep.relay.asked.clear()
        await sweep.run("--rate", "0", "--resume", str(journal), *HASTY)
        again = {mac for mac in before if sweep.relay.asked[file_name(mac)]}
        await sweep.run("--rate", "0", "--resume", str(whole), *HASTY)
    killed, uninterrupted = (lines_of(path.read_bytes()) for path in (journal, whole))
    assert again == set()
    assert timeless(killed) == timeless(uninterrupted)
    assert said(killed) == sweep.fleet.due
    assert_counted(killed, sweep.fleet)


async def test_far_away_and_lossy(tftp_server: Container, boot_directory: Path, tmp_path: Path) -> None:
    mix = mix_of(FAR_PHONES, silent=2)
    async with sweep_of(mix, tftp_server, boot_directory, tmp_path, delay_s=0.1, loss=0.01) as sweep:
        lines = await sweep.run()
    assert sweep.relay.lost > FAR_PHONES * 4 * 0.01
    assert said(lines) == sweep.fleet.due
    assert_counted(lines, sweep.fleet)
