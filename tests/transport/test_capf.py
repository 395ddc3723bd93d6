"""The greeting as it comes in: whole, in pieces, cut, foreign, endless, late."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from vpnprobe.model.errors import TransportError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.transport.capf import GreetingCapture, read_greeting

# By hand: AUTH_REQUEST of session 9, version 3, no authentication.
GREETING = bytes.fromhex("5501000000090008 07000103 08000100")


class Stream:
    """Gives these parts, then ends; an exception is raised, None is a silence."""

    def __init__(self, parts: Iterable[bytes | Exception | None]) -> None:
        self._parts = iter(parts)
        self.reads = 0

    async def receive(self) -> bytes:
        self.reads += 1
        part = next(self._parts, b"")
        if part is None:
            await asyncio.Event().wait()
        if isinstance(part, Exception):
            raise part
        return part or b""


async def read(*parts: bytes | Exception | None) -> GreetingCapture:
    return await read_greeting(Stream(parts), timeout=0.05)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param((GREETING,), id="whole"),
        pytest.param(tuple(GREETING[at : at + 1] for at in range(len(GREETING))), id="byte by byte"),
        pytest.param((GREETING[:5], GREETING[5:]), id="cut in the header"),
        pytest.param((GREETING, None), id="silence behind"),
    ],
)
async def test_a_greeting(parts: tuple[bytes | None, ...]) -> None:
    capture = await read(*parts)
    assert capture.greeting is not None
    assert (capture.greeting.session, capture.greeting.version) == (9, 3)
    assert capture.received == GREETING
    assert (capture.failure, capture.problem) == (None, None)


@pytest.mark.parametrize("size", range(len(GREETING)))
@pytest.mark.parametrize(("end", "kind"), [((), FailureKind.CLOSED), ((None,), FailureKind.TIMEOUT)])
async def test_one_that_does_not_come_to_its_end(size: int, end: tuple[None, ...], kind: FailureKind) -> None:
    # An empty read is the end of a stream, so nothing is sent for nothing.
    capture = await read(*([GREETING[:size]] if size else []), *end)
    assert capture.greeting is None
    assert capture.failure == Failure(kind=kind)
    assert capture.received == GREETING[:size]


async def test_a_reset() -> None:
    capture = await read(TransportError(Failure(kind=FailureKind.RESET)))
    assert capture.failure == Failure(kind=FailureKind.RESET)


async def test_a_stranger_is_known_by_his_first_byte() -> None:
    stream = Stream((b"2", None))
    capture = await read_greeting(stream, timeout=0.05)
    assert capture.problem == "protocol at byte 0: 0x32 instead of 0x55"
    assert (capture.failure, stream.reads) == (None, 1)


async def test_an_endless_one_is_not_read_beyond_its_header() -> None:
    stream = Stream((GREETING[:6] + b"\xff\xff", *([bytes(65536)] * 100)))
    capture = await read_greeting(stream, timeout=1)
    assert capture.problem == "more than 4096 bytes of greeting"
    assert stream.reads == 1
