"""Watching sockets, with epoll and without."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Iterator

import pytest

from tests.transport.byte_server import LOOPBACK, Peer, byte_server, closed_port
from tests.transport.udp_server import Session, udp_server
from vpnprobe.model.errors import TransportError
from vpnprobe.model.failure import FailureKind
from vpnprobe.transport.readiness import readiness_watch
from vpnprobe.transport.tcp import open_tcp
from vpnprobe.transport.tftp import fetch_tftp


@pytest.fixture(params=["epoll", "loop"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "loop":
        monkeypatch.delattr(select, "epoll")
    elif not hasattr(select, "epoll"):
        pytest.skip("this system has no epoll")
    name: str = request.param
    return name


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


async def test_calls_back_until_removed(way: str, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    got: asyncio.Queue[bytes] = asyncio.Queue()
    watch = readiness_watch()
    watch.add(ours.fileno(), lambda: got.put_nowait(ours.recv(10)))
    theirs.send(b"1")
    theirs.send(b"2")
    assert [await got.get(), await got.get()] == [b"1", b"2"]
    watch.remove(ours.fileno())
    theirs.send(b"3")
    for _ in range(5):
        await asyncio.sleep(0)
    assert got.empty()


async def test_one_that_was_removed_by_another_in_the_same_turn_is_left_alone(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    watch = readiness_watch()
    called: asyncio.Queue[int] = asyncio.Queue()

    def take(one: int, other: int) -> None:
        called.put_nowait(one)
        watch.remove(one)
        watch.remove(other)

    watch.add(ours.fileno(), lambda: take(ours.fileno(), theirs.fileno()))
    watch.add(theirs.fileno(), lambda: take(theirs.fileno(), ours.fileno()))
    ours.send(b"1")
    theirs.send(b"2")
    await called.get()
    for _ in range(5):
        await asyncio.sleep(0)
    assert called.empty()


def test_each_loop_has_its_own() -> None:
    async def watch() -> int:
        assert readiness_watch() is readiness_watch()
        return id(readiness_watch())

    async def nested() -> tuple[int, int]:
        return await watch(), await asyncio.to_thread(asyncio.run, watch())

    first, second = asyncio.run(nested())
    assert first != second


async def test_downloads_work_either_way(way: str) -> None:
    async def script(session: Session) -> None:
        await session.exchange(1, b"end")

    async with udp_server(script) as port:
        until = asyncio.get_running_loop().time() + 30
        fetches = (fetch_tftp("127.0.0.1", port, "file", timeout=10, deadline=until) for _ in range(20))
        results = await asyncio.gather(*fetches)
    assert [result.data for result in results] == [b"end"] * 20


async def test_a_stream_reads_and_writes_at_once_either_way(way: str) -> None:
    async def echo(peer: Peer) -> None:
        while data := await peer.hear():
            await peer.send(data)

    async with byte_server(echo) as server:
        stream = await open_tcp(LOOPBACK, server.port)
        sent = bytes(3_000_000)  # more than the buffers on the way take
        sending = asyncio.create_task(stream.send(sent))
        received = 0
        while received < len(sent):
            received += len(await stream.receive())
        await sending
        await stream.close()
        await server.all_ended()


async def test_a_refused_connection_either_way(way: str) -> None:
    with pytest.raises(TransportError) as caught:
        await open_tcp(LOOPBACK, closed_port())
    assert caught.value.failure.kind is FailureKind.REFUSED


async def test_who_waits_for_a_stream_learns_that_it_was_closed(way: str) -> None:
    async with byte_server(Peer.gone) as server:
        stream = await open_tcp(LOOPBACK, server.port)
        receiving = asyncio.create_task(stream.receive())
        await asyncio.sleep(0)
        await stream.close()
        with pytest.raises(TransportError):
            await receiving
