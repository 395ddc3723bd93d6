"""One HTTP/1.1 request and its answer over a stream that is already open, by httpx. Hostile answers end at a cap."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

import h11
import httpcore
import httpx

from vpnprobe.model.errors import LimitExceeded, TransportError, UsageError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.transport.tcp import ByteStream

HEAD_BYTES: Final = 128 * 1024
"""What an answer may hold beside its body: h11 reads a head of up to 100 KiB; the rest is for chunk sizes."""

_HEAD_TOO_LARGE: Final = 431
_PRINTABLE: Final = bytes(range(0x21, 0x7F)).decode("ascii")

# With debug logging on, httpcore would write every cookie and form into the log.
logging.getLogger("httpcore").setLevel(logging.INFO)


@dataclass(slots=True)
class Answer:
    """What came back. `status` is None when there was no head; `failure` is set when the answer is not whole.

    Header names are in lower case; values and `reason` are read as Latin-1, so nothing is lost. `body` is as sent,
    without the chunk framing and not decompressed.
    """

    status: int | None = None
    reason: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    failure: Failure | None = None


class HttpConnection:
    """HTTP over one stream. Redirects are not followed and cookies are the caller's.

    `base` is the URL of the server, for the Host header; no name is looked up. Raises `UsageError` when it is no URL.
    """

    def __init__(self, stream: ByteStream, base: str) -> None:
        self._stream = _Stream(stream)
        try:
            self._base = httpx.URL(base)
        except httpx.InvalidURL as error:
            raise UsageError(f"{base!r} cannot be asked by HTTP ({error}); give a host name or an address") from error
        self._transport = _OneConnection(self._stream, self._base)

    @property
    def host(self) -> str:
        """The host of `base` in ASCII, an IPv6 address without brackets."""
        return self._base.raw_host.decode("ascii")

    @property
    def closed(self) -> bool:
        """Whether the server ended the connection with its last answer, so that another request needs a new one."""
        return self._transport.closed

    async def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        timeout: float,
        cap: int,
    ) -> Answer:
        """Send a request and read up to `cap` bytes of body, all within `timeout` seconds; raises nothing.

        `headers` (Latin-1) are all that is sent beside Host and what a body needs. The body is `form` or `content`; a
        POST without either has an empty one. `path` is sent to the letter, except for what HTTP cannot carry in one.
        The connection is closed after an answer that is not whole.
        """
        answer = Answer()
        target = quote(path, safe=_PRINTABLE).encode("ascii")
        request = httpx.Request(
            method,
            self._base,
            headers=[(name.encode("ascii"), value.encode("latin-1")) for name, value in (headers or {}).items()],
            data=form,
            content=content,
            extensions={"target": target},
        )
        self._stream.allow(HEAD_BYTES + cap)
        try:
            async with asyncio.timeout(timeout):
                await self._fill(answer, request, cap)
        except TimeoutError:
            answer.failure = Failure(kind=FailureKind.TIMEOUT)
        except TransportError as error:
            answer.failure = error.failure
        except LimitExceeded as error:
            answer.failure = Failure(kind=FailureKind.TOO_MUCH, detail=str(error))
        except httpcore.ConnectionNotAvailable:
            answer.failure = Failure(kind=FailureKind.CLOSED, detail="closed after the answer before")
        except httpcore.RemoteProtocolError as error:
            answer.failure = self._broken(error)
        except httpcore.LocalProtocolError:
            # The error's own text would show the header: a cookie.
            answer.failure = Failure(kind=FailureKind.LOCAL, detail="a request that cannot be sent")
        return answer

    async def close(self) -> None:
        """Close the stream."""
        await self._transport.aclose()

    async def _fill(self, answer: Answer, request: httpx.Request, cap: int) -> None:
        response = await self._transport.handle_async_request(request)
        try:
            answer.status = response.status_code
            answer.reason = response.extensions["reason_phrase"].decode("latin-1")
            answer.headers = [
                (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers.raw
            ]
            async for part in response.aiter_raw():
                answer.body += part[: cap - len(answer.body) + 1]
                if len(answer.body) > cap:
                    del answer.body[cap:]
                    raise LimitExceeded("bytes of body", cap)
        finally:
            await response.aclose()

    def _broken(self, error: httpcore.RemoteProtocolError) -> Failure:
        cause = error.__cause__
        if isinstance(cause, h11.RemoteProtocolError) and cause.error_status_hint == _HEAD_TOO_LARGE:
            return Failure(kind=FailureKind.TOO_MUCH, detail="bytes of head")
        if self._stream.ended:
            return Failure(kind=FailureKind.CLOSED, detail=str(error))
        # What follows the colon are the peer's bytes, which may hold what we sent.
        return Failure(kind=FailureKind.MALFORMED, detail=str(error).partition(":")[0])


class _Stream(httpcore.AsyncNetworkStream):
    """A byte stream as httpcore wants it, with a cap on what is read. Time limits are the caller's."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._limit = self._left = 0
        self.ended = False

    def allow(self, count: int) -> None:
        self._limit = self._left = count

    async def read(self, *_size: object, **_time: object) -> bytes:
        data = await self._stream.receive()
        self.ended = not data
        self._left -= len(data)
        if self._left < 0:
            raise LimitExceeded("bytes of answer", self._limit)
        return data

    async def write(self, buffer: bytes, *_more: object, **_time: object) -> None:
        await self._stream.send(buffer)

    async def aclose(self) -> None:
        await self._stream.close()


class _OneConnection(httpx.AsyncBaseTransport):
    """Carries every request over the same connection."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, base: httpx.URL) -> None:
        origin = httpcore.URL(scheme=base.raw_scheme, host=base.raw_host, port=base.port, target=b"/").origin
        self._connection = httpcore.AsyncHTTP11Connection(origin, stream)

    @property
    def closed(self) -> bool:
        return self._connection.is_closed()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        response = await self._connection.handle_async_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            response.status, headers=response.headers, stream=_Body(response), extensions=response.extensions
        )

    async def aclose(self) -> None:
        await self._connection.aclose()


class _Body(httpx.AsyncByteStream):
    """The body of an answer, from httpcore's type to httpx's."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._response.aiter_stream():
            yield part

    async def aclose(self) -> None:
        await self._response.aclose()
