"""One first flight on the wire: connect, send the hello, read until nothing more can be learned, close."""

from __future__ import annotations

import asyncio
from functools import lru_cache

import msgspec

from vpnprobe.model.errors import TransportError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.transport.tcp import open_tcp
from vpnprobe.wire.tls.flight import FirstFlight
from vpnprobe.wire.tls.hello import RANDOM_BYTES, ClientHello, HelloTemplate, replace_random, wrap_client_hello
from vpnprobe.wire.tls.outcome import Ended, FlightResult


class FlightCapture(msgspec.Struct, frozen=True):
    """What one connection brought.

    `flight` is None when there was no connection, else whatever was read, also before a failure. `failure`
    is None when the server accepted the hello. `connect_s` is the time of the TCP handshake, `duration_s`
    that of the whole, both in seconds.
    """

    flight: FlightResult | None
    failure: Failure | None
    connect_s: float
    duration_s: float


@lru_cache(maxsize=64)
def _prepared(template: HelloTemplate, server_name: str | None) -> tuple[ClientHello, bytes]:
    """Return the hello and its bytes with a random of zeros: every phone's hello goes to gateway after gateway."""
    hello = template.hello(bytes(RANDOM_BYTES), server_name)
    return hello, wrap_client_hello(hello, template.record_version)


async def first_flight(
    address: str,
    port: int,
    template: HelloTemplate,
    *,
    server_name: str | None,
    timeout: float,
    random: bytes,
) -> FlightCapture:
    """Send the hello of `template` to an IP literal and read the answer, all within `timeout` seconds.

    `random` is the client random, 32 bytes. What fails on the way is in the capture, nothing is raised.
    """
    loop = asyncio.get_running_loop()
    offered, prepared = _prepared(template, server_name)
    reader = FirstFlight(offered)
    connected = None
    failure = None
    started = loop.time()
    try:
        async with asyncio.timeout(timeout):
            stream = await open_tcp(address, port)
            connected = loop.time()
            try:
                await stream.send(replace_random(prepared, random))
                while not reader.done:
                    if data := await stream.receive():
                        reader.receive(data)
                    else:
                        reader.eof()
            finally:
                await stream.close()
    except TransportError as error:
        failure = error.failure
    except TimeoutError:
        failure = Failure(kind=FailureKind.TIMEOUT)
    ended = loop.time()
    if connected is None:
        return FlightCapture(None, failure, ended - started, ended - started)
    result = reader.result
    if failure is None or result.ended is Ended.NOT_TLS:
        failure = result.failure
    return FlightCapture(result, failure, connected - started, ended - started)
