"""The greeting of CAPF, read from an open session. Nothing is ever sent."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from vpnprobe.model.capf import Greeting
from vpnprobe.model.errors import TransportError, WireError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.wire.capf import parse_greeting


class Receiving(Protocol):
    """A stream that can be read; it need not be able to send."""

    async def receive(self) -> bytes:
        """Return the next bytes, b"" at the end of the stream."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GreetingCapture:
    """What came before any word of ours. `greeting` is whole or None; `received` all that was read.

    `failure` is what ended the wait (TIMEOUT for silence, CLOSED for the end of the stream); `problem` says why the
    bytes are no greeting.
    """

    greeting: Greeting | None = None
    received: bytes = b""
    failure: Failure | None = None
    problem: str | None = None


async def read_greeting(stream: Receiving, *, timeout: float) -> GreetingCapture:
    """Read until the greeting is whole, cannot become one, or `timeout` seconds are over. Raises nothing."""
    received = b""
    try:
        async with asyncio.timeout(timeout):
            while data := await stream.receive():
                received += data
                if (greeting := parse_greeting(received)) is not None:
                    return GreetingCapture(greeting=greeting, received=received)
    except WireError as error:
        return GreetingCapture(received=received, problem=str(error))
    except TimeoutError:
        return GreetingCapture(received=received, failure=Failure(kind=FailureKind.TIMEOUT))
    except TransportError as error:
        return GreetingCapture(received=received, failure=error.failure)
    return GreetingCapture(received=received, failure=Failure(kind=FailureKind.CLOSED))
