"""CRL and OCSP addresses of a certificate, asked from this machine (M-08).

The addresses are text of whoever made the certificate. Only plain HTTP is asked, which is what CRLs and OCSP use: the
answers are signed. Redirects are not followed.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, Protocol
from urllib.parse import urlsplit

from vpnprobe.model.errors import TransportError, UsageError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.federation import RevocationSource
from vpnprobe.model.target import Endpoint, is_address
from vpnprobe.transport.exchange import Answer, HttpConnection
from vpnprobe.transport.tcp import TcpStream, open_tcp
from vpnprobe.version import __version__
from vpnprobe.wire.revocation import (
    Issued,
    RevocationReading,
    build_ocsp_request,
    load_issued,
    read_crl,
    read_ocsp,
)

MAX_CRL_BYTES: Final = 10 * 1024 * 1024
"""The largest CRLs of public authorities have some megabytes."""
MAX_OCSP_BYTES: Final = 64 * 1024
"""A response with the responder's certificate has some 2 KiB."""

_MAX_URL: Final = 2048
_MAX_ADDRESSES: Final = 3
_HTTP_PORT: Final = 80
_OK: Final = 200
_PRINTABLE: Final = re.compile(r"[!-~]+")
_HOST: Final = re.compile(r"[A-Za-z0-9_.-]{1,253}")


class Addresses(Protocol):
    """The addresses of a host, or why there are none."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """IP literals, best first."""
        ...

    @property
    def failure(self) -> Failure | None:
        """Set where there is no address."""
        ...


Resolve = Callable[[str], Awaitable[Addresses]]


async def ask_crl(
    url: str, certificate_der: bytes, issuer_der: bytes, resolve: Resolve, timeout: float
) -> RevocationSource:
    """GET the CRL at `url` and look the certificate up in it; failures are in the result.

    `resolve` gives the addresses of a host, which may be an address itself: only what it gives is dialled. Its time is
    not part of `timeout` (seconds).
    """
    return await _ask("crl", url, certificate_der, issuer_der, resolve, timeout)


async def ask_ocsp(
    url: str, certificate_der: bytes, issuer_der: bytes, resolve: Resolve, timeout: float
) -> RevocationSource:
    """POST an OCSP request for the certificate to `url`; otherwise as `ask_crl`."""
    return await _ask("ocsp", url, certificate_der, issuer_der, resolve, timeout)


async def _ask(
    kind: Literal["crl", "ocsp"],
    url: str,
    certificate_der: bytes,
    issuer_der: bytes,
    resolve: Resolve,
    timeout: float,
) -> RevocationSource:
    loop = asyncio.get_running_loop()
    started = loop.time()
    source = partial(RevocationSource, certificate=hashlib.sha256(certificate_der).hexdigest(), kind=kind, url=url)
    try:
        place = _read_url(url)
        issued = load_issued(certificate_der, issuer_der)
        if isinstance(issued, Failure):
            raise TransportError(issued)
        addresses = await _addresses(place.endpoint.host, resolve)
        request = build_ocsp_request(issued) if kind == "ocsp" else None
        body = await _fetch(place, addresses, request, timeout)
        # Nobody else of the call is to wait for a CRL of ten megabytes.
        reading = await asyncio.to_thread(_read, kind, body, issued)
    except TransportError as error:
        return source(failure=error.failure, duration_s=loop.time() - started)
    return source(
        status=reading.status,
        next_update=reading.next_update.isoformat() if reading.next_update else None,
        duration_s=loop.time() - started,
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where to ask: what is dialled, and the path with its query."""

    endpoint: Endpoint
    path: str


def _not_asked(reason: str) -> TransportError:
    return TransportError(Failure(kind=FailureKind.LOCAL, detail=f"not asked: {reason}"))


def _read_url(url: str) -> _Place:
    """Take the URL apart; raises `TransportError` for one that is not asked."""
    if len(url) > _MAX_URL:
        raise _not_asked("a URL that is too long")
    if _PRINTABLE.fullmatch(url) is None:
        raise _not_asked("a URL with characters that belong in none")
    try:
        parts = urlsplit(url)
        port = _HTTP_PORT if parts.port is None else parts.port
    except ValueError:
        raise _not_asked("not a URL") from None
    if parts.scheme != "http":
        raise _not_asked(parts.scheme or "not a URL")
    if "@" in parts.netloc:
        raise _not_asked("a URL with credentials")
    host = (parts.hostname or "").removesuffix(".")
    if not port or "%" in host or not (is_address(host) or _HOST.fullmatch(host)):
        raise _not_asked("a URL without a usable host and port")
    return _Place(Endpoint(host, port), (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


async def _addresses(host: str, resolve: Resolve) -> Sequence[str]:
    found = await resolve(host)
    if not found.addresses:
        raise TransportError(found.failure or Failure(kind=FailureKind.NO_ADDRESS))
    return found.addresses[:_MAX_ADDRESSES]


async def _fetch(place: _Place, addresses: Sequence[str], request: bytes | None, timeout: float) -> bytes:
    """Return the body of the answer; raises `TransportError` for anything but a whole one with status 200."""
    loop = asyncio.get_running_loop()
    until = loop.time() + timeout
    stream = await _connect(addresses, place.endpoint.port, until)
    headers = {"User-Agent": f"vpnprobe/{__version__}"}
    if request is not None:
        headers["Content-Type"] = "application/ocsp-request"
    try:
        connection = HttpConnection(stream, f"http://{place.endpoint}/")
        answer = await connection.ask(
            "GET" if request is None else "POST",
            place.path,
            headers=headers,
            content=request,
            timeout=max(until - loop.time(), 0),
            cap=MAX_CRL_BYTES if request is None else MAX_OCSP_BYTES,
        )
    except UsageError as error:
        raise _not_asked("a URL that HTTP cannot ask") from error
    finally:
        await stream.close()
    if answer.status not in (None, _OK):
        raise TransportError(_status(answer))
    if answer.failure is not None:
        raise TransportError(answer.failure)
    return bytes(answer.body)


def _status(answer: Answer) -> Failure:
    return Failure(kind=FailureKind.SERVER_ERROR, code=answer.status, detail=f"HTTP {answer.status} {answer.reason}")


async def _connect(addresses: Sequence[str], port: int, until: float) -> TcpStream:
    """Connect to the first address that answers; each has its share of the time left."""
    loop = asyncio.get_running_loop()
    *others, last = addresses
    for left, address in zip(range(len(addresses), 1, -1), others, strict=True):
        try:
            return await open_tcp(address, port, timeout=max(until - loop.time(), 0) / left)
        except TransportError:
            continue
    return await open_tcp(last, port, timeout=max(until - loop.time(), 0))


def _read(kind: Literal["crl", "ocsp"], body: bytes, issued: Issued) -> RevocationReading:
    reading = read_crl(body, issued) if kind == "crl" else read_ocsp(body, issued)
    if isinstance(reading, Failure):
        raise TransportError(reading)
    return reading
