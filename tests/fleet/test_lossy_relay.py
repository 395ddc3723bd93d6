"""The relay of the tests is a way that files come over, later and less surely."""

from __future__ import annotations

import asyncio

from tests.fleet.known_fleet import file_name
from tests.fleet.lossy_relay import Relay, Way, lossy_relay
from vpnprobe.lab.fleet import Fleet, phones_of, running_fleet
from vpnprobe.transport.tftp import fetch_tftp
from vpnprobe.wire.tftp import TftpResult

PHONES = phones_of({"ready": 20})


async def fetched(way: Way, timeout: float = 5.0) -> tuple[Relay, list[TftpResult]]:
    fleet = Fleet(phones=tuple(phone for phone, _ in PHONES.values()))
    async with running_fleet(fleet) as lab, lossy_relay((lab.tftp_endpoint.host, lab.tftp_endpoint.port), way) as relay:
        deadline = asyncio.get_running_loop().time() + 20
        files = [
            fetch_tftp("127.0.0.1", relay.port, file_name(mac), timeout=timeout, deadline=deadline) for mac in PHONES
        ]
        return relay, await asyncio.gather(*files)


async def test_every_file_comes() -> None:
    relay, results = await fetched(Way())
    assert {(result.outcome, result.retransmissions, result.foreign) for result in results} == {("received", 0, 0)}
    # Each answer came from a port of its own, none of them the one that was asked.
    assert len({result.peer for result in results} | {("127.0.0.1", relay.port)}) == len(PHONES) + 1
    assert relay.lost == 0


async def test_what_is_lost_comes_again() -> None:
    relay, results = await fetched(Way(loss=0.05))
    assert {result.outcome for result in results} == {"received"}
    assert relay.lost > 0


async def test_a_delay_is_that_of_there_and_back() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    _, results = await fetched(Way(delay_s=0.1))
    assert loop.time() - began >= 0.1 * min(result.blocks for result in results)
    assert {result.outcome for result in results} == {"received"}


async def test_requests_for_silent_files_go_nowhere() -> None:
    first = file_name(next(iter(PHONES)))
    relay, results = await fetched(Way(silent={first}), timeout=1.0)
    assert [result.outcome for result in results] == ["timeout"] + ["received"] * (len(PHONES) - 1)
    assert relay.asked[first] > 1
