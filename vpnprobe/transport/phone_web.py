"""A phone's web server, asked politely: one request at a time, GET only, with caps on each page and on all of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from vpnprobe.model.errors import TransportError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.target import Endpoint
from vpnprobe.transport.exchange import Answer, HttpConnection
from vpnprobe.transport.tcp import ByteStream, open_tcp

if TYPE_CHECKING:
    from vpnprobe.transport.tls_settings import TlsSettings

MAX_REDIRECTS: Final = 3
_SHOWN_CHARS: Final = 200
_HEADERS: Final = {"User-Agent": "vpnprobe", "Accept": "text/html, text/xml, text/plain"}
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What one path brought. `status` None: no head came, and `failure` says why.

    `path` is the last one that was asked for. `body` may be cut; `failure` is set then, and where the answer leads to
    another host.
    """

    path: str
    status: int | None = None
    content_type: str = ""
    body: bytes = b""
    failure: Failure | None = None
    duration_s: float = 0.0


class PhoneServer:
    """The web server at one address. `host` is what the operator named, for the Host header and redirects.

    With `tls` the pages come over HTTPS; the certificate is not verified, and `leaf` (DER) is the one that was shown.
    At most `budget` bytes of bodies are read in all.
    """

    def __init__(self, endpoint: Endpoint, host: str, *, tls: TlsSettings | None, timeout: float, budget: int) -> None:
        self._endpoint = endpoint
        self._base = f"{'http' if tls is None else 'https'}://{Endpoint(host.partition('%')[0], endpoint.port)}/"
        self._tls = tls
        self._timeout = timeout
        self._left = budget
        self._http: HttpConnection | None = None
        self.leaf: bytes | None = None

    async def get(self, path: str, *, cap: int) -> Fetched:
        """GET one path, within the timeout for each request, and up to `cap` bytes of it; raises nothing."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        fetched = Fetched(path=path)
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._ask(path, cap)
            self._left -= len(answer.body)
            fetched = Fetched(
                path=path,
                status=answer.status,
                content_type=_header(answer, "content-type"),
                body=bytes(answer.body),
                failure=answer.failure,
                duration_s=round(loop.time() - started, 6),
            )
            if answer.status not in _REDIRECTS:
                return fetched
            location = _header(answer, "location")
            where = self._local_path(path, location)
            if where is None:
                return _with(fetched, f"a redirect to {location[:_SHOWN_CHARS] or 'nowhere'}, not followed")
            path = where
        return _with(fetched, f"more than {MAX_REDIRECTS} redirects")

    async def close(self) -> None:
        """Close the connection."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def _ask(self, path: str, cap: int) -> Answer:
        if self._left <= 0:
            return Answer(failure=Failure(kind=FailureKind.TOO_MUCH, detail="the pages together are too long"))
        is_used = self._http is not None and not self._http.closed
        answer = await self._ask_once(path, min(cap, self._left))
        if is_used and answer.status is None and answer.failure is not None and answer.failure.kind in _GONE:
            # A server may end an idle connection at any time: then the request was never answered.
            answer = await self._ask_once(path, min(cap, self._left))
        return answer

    async def _ask_once(self, path: str, cap: int) -> Answer:
        try:
            if self._http is None or self._http.closed:
                await self.close()
                self._http = HttpConnection(await self._connect(), self._base)
        except TransportError as error:
            return Answer(failure=error.failure)
        except TimeoutError:
            return Answer(failure=Failure(kind=FailureKind.TIMEOUT))
        answer = await self._http.ask("GET", path, headers=_HEADERS, timeout=self._timeout, cap=cap)
        if answer.failure is not None:
            await self.close()
        return answer

    async def _connect(self) -> ByteStream:
        where = self._endpoint
        if self._tls is None:
            return await open_tcp(where.host, where.port, timeout=self._timeout)
        from vpnprobe.transport.tls import HandshakeFailed, handshake

        try:
            connection = await handshake(where.host, where.port, self._tls, timeout=self._timeout)
        except HandshakeFailed as error:
            self.leaf = next(iter(error.facts.chain), self.leaf)
            raise
        self.leaf = next(iter(connection.facts.chain), self.leaf)
        return connection

    def _local_path(self, path: str, location: str) -> str | None:
        """Return where a redirect leads at this same scheme, host and port; None where it leads elsewhere."""
        try:
            wanted = urlsplit(urljoin(urljoin(self._base, path), location))
            own = urlsplit(self._base)
            is_here = (wanted.scheme, wanted.hostname, wanted.port or own.port) == (own.scheme, own.hostname, own.port)
        except ValueError:
            return None
        if not location or not is_here:
            return None
        return (wanted.path or "/") + (f"?{wanted.query}" if wanted.query else "")


_GONE: Final = frozenset({FailureKind.CLOSED, FailureKind.RESET})


def _header(answer: Answer, name: str) -> str:
    return next((value for found, value in answer.headers if found == name), "")[:1024]


def _with(fetched: Fetched, detail: str) -> Fetched:
    return Fetched(
        path=fetched.path,
        status=fetched.status,
        content_type=fetched.content_type,
        failure=Failure(kind=FailureKind.SERVER_ERROR, code=fetched.status, detail=detail),
        duration_s=fetched.duration_s,
    )
