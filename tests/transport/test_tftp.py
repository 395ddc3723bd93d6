"""Downloads over real sockets on loopback: other people's servers, and servers that misbehave."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tftpy.TftpServer import TftpServer

from tests.transport.udp_server import ELSEWHERE, LOOPBACK, Script, Session, data, udp_server, udp_socket
from vpnprobe.model.errors import UsageError
from vpnprobe.model.failure import FailureKind
from vpnprobe.transport.tftp import _RECEIVE_ERRORS, _Transfer, fetch_tftp
from vpnprobe.wire.tftp import TftpDownload, TftpLimits, TftpOptions, TftpResult

SIZES = (0, 1, 511, 512, 513, 9_000, 100_000)
OFFERS = {
    "none": TftpOptions(),
    "blksize": TftpOptions(blksize=1428),
    "tsize": TftpOptions(tsize=0),
    "blksize-tsize": TftpOptions(blksize=1428, tsize=0),
    "every": TftpOptions(blksize=8192, tsize=0, timeout=2, windowsize=8),
}
TFTPD = shutil.which("in.tftpd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


async def fetch(
    port: int,
    name: str = "file",
    *,
    host: str = LOOPBACK,
    timeout: float = 10.0,
    deadline: float = 30.0,
    options: TftpOptions = OFFERS["none"],
    limits: TftpLimits | None = None,
) -> TftpResult:
    """Fetch with a deadline from now on."""
    until = asyncio.get_running_loop().time() + deadline
    limits = limits or TftpLimits()
    return await fetch_tftp(host, port, name, timeout=timeout, deadline=until, options=options, limits=limits)


def end(result: TftpResult) -> tuple[str, FailureKind | None]:
    return result.outcome, result.failure.kind if result.failure else None


@pytest.fixture(scope="module")
def files() -> Iterator[Path]:
    # Not pytest's directory, which nobody but its owner may enter: in.tftpd drops its privileges.
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        for size in SIZES:
            (directory / f"{size}.bin").write_bytes(os.urandom(size))
        with (directory / "huge.bin").open("wb") as huge:
            huge.truncate(200_000_000)
        yield directory


# Servers that nobody here wrote.


@pytest.fixture
def tftpy_port(files: Path) -> Iterator[int]:
    server = TftpServer(str(files))
    thread = threading.Thread(target=server.listen, args=(LOOPBACK, 0, 1))
    thread.start()
    server.is_running.wait()
    yield server.listenport
    server.stop(now=True)
    # It looks up from its sockets when one of them has something, so ask it for something.
    with udp_socket() as sock:
        sock.sendto(b"\0\1none\0octet\0", (LOOPBACK, server.listenport))
        thread.join()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("offer", ["none", "blksize", "blksize-tsize"])
async def test_a_file_from_tftpy(tftpy_port: int, files: Path, offer: str, size: int) -> None:
    result = await fetch(tftpy_port, f"{size}.bin", options=OFFERS[offer])
    assert result.data == (files / f"{size}.bin").read_bytes()
    assert (result.size, result.peer is not None and result.peer[0]) == (size, LOOPBACK)


async def test_tftpy_answers_with_an_option_that_was_not_asked_for(tftpy_port: int) -> None:
    """RFC 2347: a client that gets one ends the transfer with error 8."""
    result = await fetch(tftpy_port, "9000.bin", options=OFFERS["tsize"])
    assert end(result) == ("malformed", FailureKind.MALFORMED)
    assert result.failure
    assert "option 'blksize' was not asked for" in result.failure.detail


async def test_no_such_file_at_tftpy(tftpy_port: int) -> None:
    result = await fetch(tftpy_port, "none")
    assert (result.outcome, result.error_code, result.error_text) == ("not-found", 1, "File not found")


async def test_many_files_at_once_from_tftpy(tftpy_port: int, files: Path) -> None:
    results = await asyncio.gather(*(fetch(tftpy_port, "9000.bin") for _ in range(100)))
    assert {result.data for result in results} == {(files / "9000.bin").read_bytes()}


@pytest.fixture(scope="module", params=[LOOPBACK, "::1"])
def tftpd(request: pytest.FixtureRequest, files: Path) -> Iterator[tuple[str, int]]:
    if TFTPD is None or os.geteuid() != 0:
        pytest.skip("needs root and in.tftpd (package tftpd-hpa)")
    host: str = request.param
    with udp_socket(host) as holder:
        port = holder.getsockname()[1]
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    command = [TFTPD, "--listen", "--foreground", "--address", address, "--secure", str(files)]
    with subprocess.Popen(command) as process:
        _wait_until_served(host, port)
        yield host, port
        process.terminate()


def _wait_until_served(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(100):
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.2)
            sock.connect((host, port))
            sock.send(b"\0\1none\0octet\0")
            try:
                sock.recv(600)
            except ConnectionRefusedError:
                time.sleep(0.05)
            except TimeoutError:
                # The answer came from another port, as it should, and a connected socket does not see that.
                return
    pytest.fail("in.tftpd does not start")


@pytest.mark.container
@pytest.mark.parametrize("offer", OFFERS)
async def test_files_from_tftpd_hpa(tftpd: tuple[str, int], files: Path, offer: str) -> None:
    host, port = tftpd
    names = [f"{size}.bin" for size in SIZES]
    results = await asyncio.gather(*(fetch(port, name, host=host, options=OFFERS[offer]) for name in names))
    assert [result.data for result in results] == [(files / name).read_bytes() for name in names]
    assert {result.peer and result.peer[0] for result in results} == {host}


@pytest.mark.container
async def test_what_tftpd_hpa_makes_of_every_option(tftpd: tuple[str, int]) -> None:
    host, port = tftpd
    result = await fetch(port, "9000.bin", host=host, options=OFFERS["every"])
    assert result.options == TftpOptions(blksize=8192, tsize=9000, timeout=2)


@pytest.mark.container
async def test_no_such_file_at_tftpd_hpa(tftpd: tuple[str, int]) -> None:
    host, port = tftpd
    result = await fetch(port, "none", host=host)
    assert (result.outcome, result.error_code, result.error_text) == ("not-found", 1, "File not found")


@pytest.mark.container
@pytest.mark.parametrize("offer", ["none", "tsize"])
async def test_a_huge_file_at_tftpd_hpa(tftpd: tuple[str, int], offer: str) -> None:
    host, port = tftpd
    limits = TftpLimits(max_bytes=100_000)
    result = await fetch(port, "huge.bin", host=host, options=OFFERS[offer], limits=limits)
    assert end(result) == ("too-large", FailureKind.TOO_MUCH)
    assert result.blocks == (195 if offer == "none" else 0)


@pytest.mark.container
async def test_many_files_at_once_from_tftpd_hpa(tftpd: tuple[str, int], files: Path) -> None:
    host, port = tftpd
    results = await asyncio.gather(*(fetch(port, "9000.bin", host=host) for _ in range(200)))
    assert {result.data for result in results} == {(files / "9000.bin").read_bytes()}


# Our own, which can misbehave.


async def serve_two_blocks(session: Session) -> None:
    await session.exchange(1)
    await session.exchange(2, b"end")


@pytest.mark.parametrize("host", [LOOPBACK, "::1"])
async def test_both_families(host: str) -> None:
    async with udp_server(serve_two_blocks, host) as port:
        result = await fetch(port, host=host)
    assert result.data == b"x" * 512 + b"end"


async def test_each_file_has_a_source_port_of_its_own() -> None:
    clients = []

    async def script(session: Session) -> None:
        clients.append(session.client)
        await session.exchange(1, b"")

    async with udp_server(script) as port:
        results = await asyncio.gather(*(fetch(port) for _ in range(50)))
    assert {result.outcome for result in results} == {"received"}
    assert len(set(clients)) == 50


async def test_a_lost_request_is_repeated() -> None:
    requests = []

    async def script(session: Session) -> None:
        requests.append(session.request)
        if len(requests) == 2:
            await serve_two_blocks(session)

    async with udp_server(script) as port:
        result = await fetch(port, timeout=3.0)
    assert requests == [b"\0\1file\0octet\0"] * 2
    assert (result.outcome, result.retransmissions, result.foreign) == ("received", 1, 0)


async def test_a_closed_port_is_known_at_once() -> None:
    with udp_socket() as holder:
        port = holder.getsockname()[1]
    result = await fetch(port)
    assert end(result) == ("unreachable", FailureKind.REFUSED)
    assert result.retransmissions == 0
    assert result.failure
    assert "ICMP type 3 code 3" in result.failure.detail


async def test_a_closed_port_on_v6_is_known_at_once() -> None:
    with udp_socket("::1") as holder:
        port = holder.getsockname()[1]
    result = await fetch(port, host="::1")
    assert end(result) == ("unreachable", FailureKind.REFUSED)
    assert result.failure
    assert "ICMP type 1 code 4" in result.failure.detail


async def test_a_server_that_dies_in_the_middle() -> None:
    async def script(session: Session) -> None:
        session.send(data(1))
        session.sock.close()

    async with udp_server(script) as port:
        result = await fetch(port)
    assert end(result) == ("truncated", FailureKind.REFUSED)
    assert (result.size, result.data) == (512, None)


# What a stranger sends, before the first block and after it, from another host and from another port.
FORGERIES = [data(1, b"forged"), data(2, b"forged"), b"\0\5\0\1forged\0", b"\0\6blksize\x001\0", b"", b"\xff" * 9]


@pytest.mark.parametrize("forged", FORGERIES, ids=["block-1", "block-2", "error", "oack", "empty", "garbage"])
async def test_a_stranger_gets_nothing_into_the_file(forged: bytes) -> None:
    async def script(session: Session) -> None:
        session.forge(forged, ELSEWHERE)
        await session.exchange(1)
        session.forge(forged, ELSEWHERE)
        session.forge(forged, LOOPBACK)
        await session.exchange(2, b"end")

    async with udp_server(script) as port:
        result = await fetch(port)
    assert result.data == b"x" * 512 + b"end"
    assert (result.foreign, result.foreign_same_host) == (3, 1)


async def test_an_icmp_error_about_a_stranger_delays_a_datagram_at_most() -> None:
    """The kernel reports a pending error at the next call, and does not send then."""
    until = asyncio.get_running_loop().time() + 30
    with udp_socket() as gone:
        stranger = gone.getsockname()
    async with udp_server(serve_two_blocks) as port:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.setsockopt(*_RECEIVE_ERRORS[socket.AF_INET], 1)
            sock.sendto(b"x", stranger)
            download = TftpDownload((LOOPBACK, port), "file", timeout=3.0, deadline=until)
            result = await _Transfer(sock, download).run()
    assert (result.outcome, result.retransmissions) == ("received", 1)


async def test_a_flood_of_a_stranger() -> None:
    async def script(session: Session) -> None:
        with udp_socket(ELSEWHERE) as stranger:
            for _ in range(50):
                stranger.sendto(data(1, b"forged"), session.client)
            await session.exchange(1, b"true")
            replies = 0
            while True:
                try:
                    stranger.recv(100)
                except BlockingIOError:
                    break
                replies += 1
            counted.set_result(replies)

    counted = asyncio.get_running_loop().create_future()
    async with udp_server(script) as port:
        result = await fetch(port)
        assert await counted == 3
    assert (result.data, result.foreign) == (b"true", 50)


async def test_a_silent_server() -> None:
    heard = []

    async def script(session: Session) -> None:
        heard.append(session.request)

    async with udp_server(script) as port:
        result = await fetch(port, timeout=0.5)
    assert end(result) == ("timeout", FailureKind.TIMEOUT)
    assert len(heard) == 1 + result.retransmissions == 3


async def test_a_server_that_goes_silent() -> None:
    async def script(session: Session) -> None:
        await session.exchange(1)
        await asyncio.Event().wait()

    async with udp_server(script) as port:
        result = await fetch(port, timeout=0.5)
    assert end(result) == ("truncated", FailureKind.TIMEOUT)
    assert (result.size, result.data) == (512, None)


async def endless(session: Session) -> None:
    block = 0
    while True:
        block += 1
        await session.exchange(block)


async def dripping(session: Session) -> None:
    block = 0
    while True:
        block += 1
        await session.exchange(block)
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("script", "limits", "expected"),
    [
        pytest.param(endless, TftpLimits(max_bytes=5000), ("too-large", FailureKind.TOO_MUCH), id="endless"),
        pytest.param(dripping, TftpLimits(), ("truncated", FailureKind.DEADLINE), id="dripping"),
    ],
)
async def test_a_server_that_never_ends(script: Script, limits: TftpLimits, expected: object) -> None:
    async with udp_server(script) as port:
        result = await fetch(port, deadline=1.0 if script is dripping else 30.0, limits=limits)
    assert end(result) == expected
    assert result.size <= 5000 or script is dripping


@pytest.mark.parametrize(
    ("offer", "answer"),
    [
        pytest.param("none", data(2), id="first-block-2"),
        pytest.param("none", b"HTTP/1.0 400\r\n\r\n", id="http"),
        pytest.param("none", b"\0\6tsize\x001\0", id="oack-unasked"),
        pytest.param("blksize", b"\0\6blksize\x009999\0", id="oack-larger-block"),
        pytest.param("blksize", b"\0\6blksize", id="oack-cut"),
        pytest.param("none", data(1, b"x" * 513), id="block-too-large"),
    ],
)
async def test_answers_that_are_none(offer: str, answer: bytes) -> None:
    async def script(session: Session) -> None:
        session.send(answer)
        await asyncio.Event().wait()

    async with udp_server(script) as port:
        result = await fetch(port, timeout=0.5, options=OFFERS[offer])
    assert end(result) == ("malformed", FailureKind.MALFORMED)


async def test_a_server_whose_numbers_are_wrong() -> None:
    async def script(session: Session) -> None:
        await session.exchange(1)
        while True:
            session.send(data(7))
            await session.hear()

    async with udp_server(script) as port:
        result = await fetch(port, timeout=0.5)
    assert end(result) == ("malformed", FailureKind.MALFORMED)
    assert result.failure
    assert result.failure.detail == "block 7 where 2 was due"


async def test_an_announced_200_mb() -> None:
    async def script(session: Session) -> None:
        session.send(b"\0\6tsize\x00200000000\0")
        heard.set_result(await session.hear())

    heard = asyncio.get_running_loop().create_future()
    async with udp_server(script) as port:
        result = await fetch(port, options=OFFERS["tsize"])
        assert (await heard).startswith(b"\0\5\0\3")
    assert end(result) == ("too-large", FailureKind.TOO_MUCH)
    assert (result.size, result.options) == (0, TftpOptions(tsize=200_000_000))


# This machine.


@pytest.mark.parametrize("host", ["localhost", "127.1", "fe80::1%nosuch", "256.0.0.1"])
async def test_what_is_no_address_is_a_local_failure(host: str) -> None:
    assert end(await fetch(69, host=host)) == ("unreachable", FailureKind.LOCAL)


async def test_no_file_left_to_open() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with udp_socket() as sock:
        resource.setrlimit(resource.RLIMIT_NOFILE, (sock.fileno() + 1, hard))
        try:
            result = await fetch(sock.getsockname()[1])
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert end(result) == ("unreachable", FailureKind.LOCAL)
    assert result.failure
    assert "open files" in result.failure.detail


async def test_a_name_that_no_request_can_hold() -> None:
    with pytest.raises(UsageError):
        await fetch(69, "")


async def test_a_cancelled_download_leaves_nothing_open() -> None:
    came = asyncio.Event()

    async def script(session: Session) -> None:
        came.set()
        await asyncio.Event().wait()

    async with udp_server(script) as port:
        download = asyncio.create_task(fetch(port))
        await came.wait()
        download.cancel()
        with pytest.raises(asyncio.CancelledError):
            await download


async def test_without_an_error_queue_a_closed_port_is_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vpnprobe.transport.tftp._ERROR_QUEUE", None)
    with udp_socket() as holder:
        port = holder.getsockname()[1]
    assert end(await fetch(port, timeout=0.5)) == ("timeout", FailureKind.TIMEOUT)
