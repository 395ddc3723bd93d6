"""TFTP files beside `curl --parallel`, and beside a bare loop that acknowledges without looking: the ceiling."""

from __future__ import annotations

import asyncio
import os
import resource
import select
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.bench.machine import found
from tests.bench.measure import Aim, Comparison, Missing, Note, Outcome, in_turn
from tests.bench.processes import server
from tests.bench.tftpd import fetch, started_tftpd

ROUNDS = 9
FILES = 2000
AT_ONCE = 32
FILE_BYTES = 10_000
"""About what a phone's configuration has."""
_NAME = "SEP8CB64F576113.cnf.xml"
_REQUEST = b"\0\x01" + _NAME.encode() + b"\0octet\0"
_BLOCK_AND_HEADER = 516

Run = Callable[[], tuple[float, float]]


def measure() -> Iterator[Outcome]:
    """Compare files per second and CPU of each, with a server that answers at once and with tftpd-hpa."""
    data = bytes(FILE_BYTES)
    with server("tftp_server", given=data) as port:
        yield from _beside_each("a server that only replays", int(port))
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (directory / _NAME).write_bytes(data)
        (directory / _NAME).chmod(0o644)
        tftpd = started_tftpd(stack, directory, _NAME)
        if isinstance(tftpd, int):
            yield from _beside_each("tftpd-hpa", tftpd)
        else:
            yield Missing("TFTP files per second from tftpd-hpa", "`curl --parallel`", tftpd)
    yield Note(
        f"TFTP: {FILE_BYTES:,} bytes in blocks of 512 without options, {AT_ONCE} at once. The bare loop takes every "
        "datagram for the right one; where it is no faster, the server is the ceiling."
    )


def _beside_each(name: str, port: int) -> Iterator[Outcome]:
    what = f"TFTP files per second from {name}"
    runs: list[Run] = [lambda: _ours(port), lambda: _bare(port)]
    curl = curl_remedy()
    if curl is None:
        runs.append(lambda: _curl(port))
    ours, bare, *rest = in_turn(ROUNDS, *runs)
    if curl is not None:
        yield Missing(what, "`curl --parallel`", curl)
    for theirs in rest:
        yield _row(what, ours, "`curl --parallel`", theirs, Aim(0.9, "at least"))
        yield Comparison(
            what=f"CPU of one file from {name}",
            ours=[cpu for _, cpu in ours],
            beside="`curl --parallel`",
            theirs=[cpu for _, cpu in theirs],
            unit="µs",
        )
    yield _row(what, ours, "bare loop", bare, None)


def _row(
    what: str, ours: list[tuple[float, float]], beside: str, theirs: list[tuple[float, float]], aim: Aim | None
) -> Comparison:
    rates = [[rate for rate, _ in runs] for runs in (ours, theirs)]
    return Comparison(what=what, ours=rates[0], beside=beside, theirs=rates[1], unit="/s", aim=aim)


def curl_remedy() -> str | None:
    """Say what to do, if there is no curl that can do it."""
    path = found("curl")
    if path is None:
        return "no curl; `apt-get install curl`"
    version = subprocess.run([path, "--version"], capture_output=True, check=False, text=True).stdout
    return None if "tftp" in version.split() else "this curl was built without TFTP; `apt-get install curl`"


def _ours(port: int) -> tuple[float, float]:
    """Return files per second and CPU microseconds of each."""
    return _timed(lambda: asyncio.run(_fetch_all(port)), resource.RUSAGE_SELF)


async def _fetch_all(port: int) -> None:
    due = iter(range(FILES))

    async def one_after_the_other() -> None:
        for _ in due:
            problem = await fetch(port, _NAME)
            if problem is not None:
                raise RuntimeError(f"a download ended with {problem}")

    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(one_after_the_other())


def _curl(port: int) -> tuple[float, float]:
    one = f'url = "tftp://127.0.0.1:{port}/{_NAME}"\noutput = "{os.devnull}"\n'
    command = ["curl", "--no-progress-meter", "--tftp-no-options", "--parallel"]
    command += ["--parallel-max", str(AT_ONCE), "--config", "-"]

    def run() -> None:
        subprocess.run(command, input=one.encode() * FILES, check=True, stderr=subprocess.DEVNULL)

    return _timed(run, resource.RUSAGE_CHILDREN)


def _bare(port: int) -> tuple[float, float]:
    return _timed(lambda: _acknowledge_everything(port), resource.RUSAGE_SELF)


def _acknowledge_everything(port: int) -> None:
    due = iter(range(FILES))
    sockets: dict[int, socket.socket] = {}
    epoll = select.epoll()

    def start() -> None:
        if next(due, None) is not None:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sockets[sock.fileno()] = sock
            epoll.register(sock.fileno(), select.EPOLLIN)
            sock.sendto(_REQUEST, ("127.0.0.1", port))

    for _ in range(AT_ONCE):
        start()
    while sockets:
        for number, _ in epoll.poll():
            datagram, peer = sockets[number].recvfrom(_BLOCK_AND_HEADER)
            sockets[number].sendto(b"\0\x04" + datagram[2:4], peer)
            if len(datagram) < _BLOCK_AND_HEADER:
                sockets.pop(number).close()
                start()
    epoll.close()


def _timed(run: Callable[[], None], whose: int) -> tuple[float, float]:
    started, used = time.perf_counter(), _cpu(whose)
    run()
    return FILES / (time.perf_counter() - started), (_cpu(whose) - used) / FILES * 1e6


def _cpu(whose: int) -> float:
    usage = resource.getrusage(whose)
    return usage.ru_utime + usage.ru_stime
