"""A TCP connection and what its errors mean."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import ClassVar

import pytest

from tests.transport.byte_server import LOOPBACK, Peer, byte_server, closed_port, unanswering_port
from vpnprobe.model.errors import TransportError
from vpnprobe.model.failure import FailureKind
from vpnprobe.transport.readiness import has_epoll
from vpnprobe.transport.tcp import TcpStream, failure_from, open_tcp
from vpnprobe.transport.tftp import fetch_tftp


async def _echo(peer: Peer) -> None:
    while data := await peer.hear():
        await peer.send(data)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_bytes_go_both_ways_until_the_end(host: str) -> None:
    async with byte_server(_echo, host) as server:
        stream = await open_tcp(host, server.port, timeout=5)
        sent = bytes(300_000)
        sending = asyncio.create_task(stream.send(sent))
        received = 0
        while received < len(sent):
            received += len(await stream.receive())
        await sending
        await stream.close()
        await stream.close()
        await server.all_ended()


async def test_the_end_of_the_stream_is_empty_bytes() -> None:
    async with byte_server(lambda peer: peer.send(b"bye")) as server:
        stream = await open_tcp(LOOPBACK, server.port, timeout=5)
        assert [await stream.receive(), await stream.receive()] == [b"bye", b""]
        await stream.close()


class _Flood(socket.socket):
    """A connection on which more bytes are always at hand."""

    def recv(self, size: int, flags: int = 0) -> bytes:
        return bytes(size)


async def test_a_flood_does_not_outrun_a_time_limit() -> None:
    async def read_on(stream: TcpStream) -> None:
        for _ in range(100_000):
            await stream.receive()

    stream = TcpStream(_Flood())
    try:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(read_on(stream), 0.01)
    finally:
        await stream.close()


async def _failure_of_connect(port: int, timeout: float) -> FailureKind:
    with pytest.raises(TransportError) as caught:
        await open_tcp(LOOPBACK, port, timeout=timeout)
    return caught.value.failure.kind


async def test_a_closed_port_refuses() -> None:
    assert await _failure_of_connect(closed_port(), 5) is FailureKind.REFUSED


async def test_a_port_that_drops_the_connection_request_times_out() -> None:
    with unanswering_port() as port:
        assert await _failure_of_connect(port, 0.2) is FailureKind.TIMEOUT


async def test_a_machine_out_of_sockets_is_a_local_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("vpnprobe.transport.tcp.socket.socket", refuse)
    assert await _failure_of_connect(1, 5) is FailureKind.LOCAL


class _Unroutable(socket.socket):
    """A socket whose calls to connect end like this, one after the other."""

    ends: ClassVar[list[int]] = []

    def connect_ex(self, address: object) -> int:
        return self.ends.pop(0)


@pytest.mark.parametrize(
    ("ends", "kind"),
    [
        pytest.param([errno.ENETUNREACH], FailureKind.LOCAL, id="own-table"),
        pytest.param([errno.EINTR, errno.ENETUNREACH], FailureKind.UNREACHABLE, id="router"),
        pytest.param([errno.EHOSTUNREACH], FailureKind.UNREACHABLE, id="host"),
    ],
)
async def test_a_route_that_this_machine_lacks_is_a_local_failure(
    ends: list[int], kind: FailureKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Unroutable, "ends", ends)
    monkeypatch.setattr("vpnprobe.transport.tcp.socket.socket", _Unroutable)
    assert await _failure_of_connect(1, 5) is kind


@pytest.mark.skipif(not has_epoll(), reason="without epoll nothing more is opened")
async def test_a_machine_that_can_open_a_socket_and_no_more_is_a_local_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("select.epoll", refuse)
    assert await _failure_of_connect(closed_port(), 5) is FailureKind.LOCAL
    fetched = await fetch_tftp(LOOPBACK, 9, "x", timeout=1, deadline=asyncio.get_running_loop().time() + 1)
    assert fetched.failure
    assert fetched.failure.kind is FailureKind.LOCAL


async def test_a_reset_is_told_from_an_end() -> None:
    async def reset(peer: Peer) -> None:
        await peer.hear()
        peer.reset()

    async with byte_server(reset) as server:
        stream = await open_tcp(LOOPBACK, server.port, timeout=5)
        await stream.send(b"hello")
        with pytest.raises(TransportError) as caught:
            await stream.receive()
        assert caught.value.failure.kind is FailureKind.RESET
        with pytest.raises(TransportError) as caught:
            await stream.send(b"hello")
        assert caught.value.failure.kind is FailureKind.RESET
        await stream.close()


async def test_a_cancelled_connect_leaves_nothing() -> None:
    with unanswering_port() as port:
        task = asyncio.create_task(open_tcp(LOOPBACK, port))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ECONNREFUSED, ""), FailureKind.REFUSED),
        (OSError(errno.ECONNRESET, ""), FailureKind.RESET),
        (OSError(errno.EPIPE, ""), FailureKind.RESET),
        (OSError(errno.ETIMEDOUT, ""), FailureKind.TIMEOUT),
        (TimeoutError(), FailureKind.TIMEOUT),
        (OSError(errno.EHOSTUNREACH, ""), FailureKind.UNREACHABLE),
        (OSError(errno.ENETUNREACH, ""), FailureKind.UNREACHABLE),
        (OSError(errno.EACCES, ""), FailureKind.LOCAL),
        (OSError(errno.EAFNOSUPPORT, ""), FailureKind.LOCAL),
        (OSError(errno.EADDRNOTAVAIL, ""), FailureKind.LOCAL),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), FailureKind.LOCAL),
        (OSError("no number"), FailureKind.LOCAL),
    ],
    ids=repr,
)
def test_failure_from(error: OSError, kind: FailureKind) -> None:
    failure = failure_from(error)
    assert failure.kind is kind
    assert failure.detail or isinstance(error, TimeoutError)
