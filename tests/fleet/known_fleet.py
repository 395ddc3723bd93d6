"""A fleet of which every verdict is known: its files in a directory for a real TFTP server, its gateway in the lab."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vpnprobe.lab.fleet import Fleet, FleetFiles, FleetLab, PhoneKind, phones_of, running_fleet
from vpnprobe.model.finding import Verdict
from vpnprobe.model.target import device_name

# Of 100 phones.
HUNDRED: Mapping[PhoneKind, int] = {
    "ready": 82,
    "both-hashes": 4,
    "old-hash": 5,
    "no-vpn-group": 3,
    "missing": 2,
    "encrypted": 2,
    "malformed": 1,
    "web-page": 1,
}
# What a phone of each kind is counted as: its verdict and the check that gives it.
DUE: Mapping[PhoneKind, tuple[Verdict, str | None]] = {
    "ready": ("pass", None),
    "both-hashes": ("pass", None),
    "old-hash": ("fail", "PIN001"),
    "no-vpn-group": ("fail", "CFG003"),
    "missing": ("fail", "TFT003"),
    "encrypted": ("inconclusive", "CFG002"),
    "malformed": ("fail", "CFG001"),
    "silent": ("fail", "TFT002"),
    "web-page": ("fail", "CFG001"),
}

# A real configuration has about 10 kB; ours is filled up with lines that the phone does not use.
FILE_BYTES = 10_000
_LINE = '<line button="{}">\n<featureID>9</featureID>\n<featureLabel></featureLabel>\n<speedDialNumber/>\n</line>\n'


@dataclass(frozen=True, slots=True)
class KnownFleet:
    """The phones by MAC with their kinds, the directory with their files, and the lab with their gateway."""

    kinds: Mapping[str, PhoneKind]
    directory: Path
    lab: FleetLab

    @property
    def due(self) -> dict[str, tuple[Verdict, str | None]]:
        """Verdict and reason of each phone."""
        return {mac: DUE[kind] for mac, kind in self.kinds.items()}

    @property
    def silent_files(self) -> frozenset[str]:
        """The files that nobody is to answer for."""
        return frozenset(file_name(mac) for mac, kind in self.kinds.items() if kind == "silent")


def file_name(mac: str) -> str:
    """Return the name of a phone's plain configuration."""
    return f"{device_name(mac)}.cnf.xml"


def mix_of(number: int, silent: int = 0) -> dict[PhoneKind, int]:
    """Return the mix of so many phones, a multiple of 100, and of as many more that nobody answers."""
    return {kind: count * number // 100 for kind, count in HUNDRED.items()} | {"silent": silent}


@asynccontextmanager
async def known_fleet(directory: Path, mix: Mapping[PhoneKind, int]) -> AsyncIterator[KnownFleet]:
    """Write the files and run the gateway until the body ends; the files then go."""
    phones = phones_of(mix)
    async with running_fleet(Fleet(phones=tuple(phone for phone, _ in phones.values()))) as lab:
        fleet = KnownFleet({mac: kind for mac, (_, kind) in phones.items()}, directory, lab)
        files = FleetFiles(lab.fleet, lab.pki, lab.group_urls, datetime.now(UTC))
        try:
            for name in files:
                path = directory / name
                path.write_bytes(_filled_up(files[name]))
                path.chmod(0o644)
            yield fleet
        finally:
            for name in files:
                (directory / name).unlink(missing_ok=True)


def _filled_up(data: bytes) -> bytes:
    """Return a configuration with as many lines as a real one has; what is none stays."""
    head, end, tail = data.rpartition(b"</device>")
    due = (FILE_BYTES - len(data)) // len(_LINE) if end else 0
    return head + "".join(_LINE.format(number) for number in range(1, due + 1)).encode() + end + tail
