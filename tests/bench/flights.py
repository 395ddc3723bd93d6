"""First flights beside a bare asyncio loop that sends and reads the same bytes and understands none of them."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Iterator

from tests.bench.measure import Aim, Comparison, Outcome, in_turn
from tests.bench.processes import server
from tests.wire.tls.servers import NAME, openssl_answer
from vpnprobe.phones.profile import load_profile
from vpnprobe.probes.hellos import profile_hello
from vpnprobe.transport.flight import first_flight
from vpnprobe.wire.tls.hello import RANDOM_BYTES

ROUNDS = 9
FLIGHTS = 2000
AT_ONCE = 16
_MODEL = "7962G"
_TIMEOUT_S = 10.0
_READ = 65536


def measure() -> Iterator[Outcome]:
    """Compare flights per second and CPU per flight, both clients in this process, the server in its own."""
    template = profile_hello(load_profile(_MODEL)).template
    hello = template.build(bytes(RANDOM_BYTES), NAME)
    answer = openssl_answer(hello, ask=True)
    with server("flight_server", given=answer) as port:
        address = ("127.0.0.1", int(port))

        async def ours() -> None:
            random = os.urandom(RANDOM_BYTES)
            capture = await first_flight(*address, template, server_name=NAME, timeout=_TIMEOUT_S, random=random)
            if capture.failure is not None:
                raise RuntimeError(str(capture.failure))

        async def bare() -> None:
            loop = asyncio.get_running_loop()
            with socket.socket() as sock:
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                await loop.sock_connect(sock, address)
                await loop.sock_sendall(sock, hello)
                left = len(answer)
                while left:
                    left -= len(await loop.sock_recv(sock, _READ))

        our_runs, bare_runs = in_turn(ROUNDS, lambda: _run(ours), lambda: _run(bare))
    what = f"first flights of a {_MODEL} per second, {AT_ONCE} at once"
    beside = "bare asyncio loop, same bytes"
    for name, index, unit, aim in (
        (what, 0, "/s", Aim(0.7, "at least")),
        ("CPU of one first flight", 1, "µs", None),
    ):
        yield Comparison(
            what=name,
            ours=[run[index] for run in our_runs],
            beside=beside,
            theirs=[run[index] for run in bare_runs],
            unit=unit,
            aim=aim,
        )


def _run(flight: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Return flights per second and CPU microseconds of each."""
    started, used = time.perf_counter(), time.process_time()
    asyncio.run(_many(flight))
    return FLIGHTS / (time.perf_counter() - started), (time.process_time() - used) / FLIGHTS * 1e6


async def _many(flight: Callable[[], Awaitable[None]]) -> None:
    due = iter(range(FLIGHTS))

    async def one_after_the_other() -> None:
        for _ in due:
            await flight()

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(one_after_the_other())
