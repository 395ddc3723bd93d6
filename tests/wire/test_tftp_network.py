"""Whole transfers over a bad network. The seeds are fixed, so a failure is a failure every time."""

from __future__ import annotations

import random

import pytest

from tests.wire.tftp_network import SERVER, Network, Weather
from vpnprobe.wire.tftp import TftpDownload, TftpLimits, TftpOptions

PERFECT = Weather()
LOSSY = Weather(loss=0.2)
DOUBLING = Weather(duplication=0.5)
REORDERING = Weather(shortest_delay=0.001, longest_delay=0.2)
AWFUL = Weather(loss=0.2, duplication=0.2, shortest_delay=0.001, longest_delay=0.5)
SLOW = Weather(shortest_delay=1.4, longest_delay=1.6)

NOTHING = TftpOptions()
WINDOWS = TftpOptions(blksize=128, windowsize=8)
EVERYTHING = TftpOptions(blksize=1024, tsize=0, timeout=1, windowsize=4)

# Enough patience that a loss of 20 % cannot look like silence.
PATIENT = TftpLimits(tries=12)


def fetch(network: Network, options: TftpOptions) -> TftpDownload:
    download = TftpDownload(SERVER, "file", timeout=300.0, deadline=1e6, options=options, limits=PATIENT)
    network.run(download)
    return download


def content(seed: int) -> bytes:
    return random.Random(seed).randbytes(seed * 997 % 12000)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    "options",
    [pytest.param(NOTHING, id="plain"), pytest.param(WINDOWS, id="windows"), pytest.param(EVERYTHING, id="all")],
)
@pytest.mark.parametrize(
    "weather",
    [
        pytest.param(PERFECT, id="perfect"),
        pytest.param(LOSSY, id="lossy"),
        pytest.param(DOUBLING, id="doubling"),
        pytest.param(REORDERING, id="reordering"),
        pytest.param(AWFUL, id="awful"),
        pytest.param(SLOW, id="slow"),
    ],
)
def test_the_file_arrives_whole(weather: Weather, options: TftpOptions, seed: int) -> None:
    result = fetch(Network(weather, content(seed), seed), options).result
    assert result
    assert result.data == content(seed)
    if not weather.duplication:
        # A request that the network doubled looks like two servers at one address.
        assert result.foreign == 0


@pytest.mark.parametrize("options", [NOTHING, WINDOWS], ids=["plain", "windows"])
def test_nothing_is_sent_twice_over_a_perfect_network(options: TftpOptions) -> None:
    network = Network(PERFECT, bytes(100_000), 0)
    result = fetch(network, options).result
    assert result
    assert result.retransmissions == 0
    (transfer,) = network.transfers.values()
    assert transfer.sent_blocks == result.blocks == len(transfer.blocks)


@pytest.mark.parametrize("seed", range(5))
def test_duplicates_do_not_multiply(seed: int) -> None:
    """RFC 1123 section 4.2.3.1, the Sorcerer's Apprentice: every block doubled once must not double for ever."""
    network = Network(Weather(duplication=1.0), bytes(100_000), seed)
    result = fetch(network, NOTHING).result
    assert result
    blocks = len(next(iter(network.transfers.values())).blocks)
    assert result.blocks == blocks
    assert sum(transfer.sent_blocks for transfer in network.transfers.values()) <= blocks + len(network.transfers)


def test_a_dead_network_ends_the_transfer() -> None:
    network = Network(Weather(loss=1.0), b"never", 0)
    result = TftpDownload(SERVER, "file", timeout=5.0, deadline=60.0)
    assert network.run(result).outcome == "timeout"
    assert network.now == pytest.approx(5.0)
