"""HTTP as a phone uses it: the login over its own TLS session, and plain HTTP for configuration files."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Mapping, Sequence
from typing import Final, Literal
from urllib.parse import quote, quote_plus

import msgspec

from vpnprobe.model.errors import TransportError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import BootFileOutcome, Cookie, HttpExchange
from vpnprobe.model.target import Endpoint
from vpnprobe.transport.exchange import Answer, HttpConnection
from vpnprobe.transport.tcp import ByteStream, open_tcp
from vpnprobe.wire.webvpn import (
    SECRET_HEADERS,
    classify_answer,
    cookie_value,
    parse_set_cookie,
    without_session,
)

PAGE_BYTES: Final = 128 * 1024
"""What a login page may hold: real ones have a few KiB."""
USER_FIELD: Final = "username"
"""The one field of the login form that is not secret."""

_EXCERPT_CHARS: Final = 2048
_HEADER_CHARS: Final = 1024
_HEADER_COUNT: Final = 64
# A shorter cookie is a flag such as `webvpnlogin=1`; taking every "1" out of a page would leave nothing to read.
_SECRET_COOKIE_CHARS: Final = 6
_REMOVED: Final = "[removed]"


class GatewayHttp:
    """The login's requests over one established session.

    `authority` is the Host header's value. Passwords and cookies are kept in memory only, for the next request.
    """

    def __init__(self, connection: ByteStream, authority: str, user_agent: str) -> None:
        self._base = f"https://{authority}/"
        self._http = HttpConnection(connection, self._base)
        self._headers = {"User-Agent": user_agent}
        self._cookies: dict[str, str] = {}
        self._secrets: set[str] = set()

    @property
    def closed(self) -> bool:
        """Whether the gateway ended the session's connection with its last answer."""
        return self._http.closed

    def go_on_over(self, connection: ByteStream) -> None:
        """Send what follows over another session; the cookies stay."""
        self._http = HttpConnection(connection, self._base)

    async def exchange(
        self,
        method: Literal["GET", "POST"],
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        timeout: float,
    ) -> HttpExchange:
        """Send one request and record its answer without secrets; failures are in the result.

        Redirects are not followed. A POST without `form` has an empty body, as that of a phone with a certificate.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        self._secrets |= {value for name, value in (form or {}).items() if name != USER_FIELD and value}
        headers = dict(self._headers)
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        answer = await self._http.ask(method, path, headers=headers, form=form, timeout=timeout, cap=PAGE_BYTES)
        return self._record(method, path, answer, loop.time() - started)

    async def close(self) -> None:
        """Close the session and its connection."""
        await self._http.close()

    def _record(self, method: Literal["GET", "POST"], path: str, answer: Answer, duration_s: float) -> HttpExchange:
        if answer.status is None:
            return HttpExchange(method=method, path=path, failure=answer.failure, duration_s=duration_s)
        set_cookies = [value for name, value in answer.headers if name == "set-cookie"][:_HEADER_COUNT]
        cookies = tuple(map(parse_set_cookie, set_cookies))
        self._keep(cookies, list(map(cookie_value, set_cookies)))
        body = answer.body.decode("utf-8", "replace")
        return HttpExchange(
            method=method,
            path=path,
            status=answer.status,
            reason=self._shown(answer.reason),
            headers=tuple(
                (self._shown(name), self._shown(value)) for name, value in answer.headers if name not in SECRET_HEADERS
            )[:_HEADER_COUNT],
            cookies=tuple(msgspec.structs.replace(one, name=self._shown(one.name)) for one in cookies),
            body_length=len(answer.body),
            body_excerpt=self._clean(without_session(body))[:_EXCERPT_CHARS],
            answer=classify_answer(method, answer.status, answer.headers, cookies, body, host=self._http.host),
            failure=answer.failure,
            duration_s=duration_s,
        )

    def _keep(self, cookies: Sequence[Cookie], values: Sequence[str]) -> None:
        # How a phone reads path, domain and date of a cookie is not known. All belong to this one host, so an empty
        # value takes a cookie back and any other sets it.
        for cookie, value in zip(cookies, values, strict=True):
            self._cookies.pop(cookie.name, None)
            if value and cookie.name:
                self._cookies[cookie.name] = value
            if len(bare := value.strip('" ')) >= _SECRET_COOKIE_CHARS:
                self._secrets.add(bare)

    def _shown(self, text: str) -> str:
        return self._clean(text)[:_HEADER_CHARS]

    def _clean(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            for form in (secret, quote(secret, safe=""), quote_plus(secret), html.escape(secret)):
                text = text.replace(form, _REMOVED)
        return text


class HttpFile(msgspec.Struct, frozen=True, kw_only=True):
    """What one GET of a file brought, in the terms of a boot file.

    `data` is the whole file and None unless the outcome is "received". `failure` is None only then. `code` is the HTTP
    status and `message` its reason phrase, raw. `size` counts the bytes of body that came.
    """

    outcome: BootFileOutcome
    data: bytes | None = None
    code: int | None = None
    message: str | None = None
    failure: Failure | None = None
    size: int = 0
    duration_s: float = 0.0


async def fetch_config_file(address: str, port: int, name: str, *, timeout: float, cap: int) -> HttpFile:
    """GET the file `name` from an IP literal within `timeout` seconds, as a phone does: with a Host header alone.

    More than `cap` bytes are not read. Redirects are not followed. Failures are in the result.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        stream = await open_tcp(address, port, timeout=timeout)
    except TransportError as error:
        return _file(Answer(failure=error.failure), loop.time() - started)
    connection = HttpConnection(stream, f"http://{Endpoint(address.partition('%')[0], port)}/")
    left = max(started + timeout - loop.time(), 0)
    try:
        answer = await connection.ask("GET", f"/{quote(name)}", timeout=left, cap=cap)
    finally:
        await connection.close()
    return _file(answer, loop.time() - started)


_BY_STATUS: Final[dict[int, BootFileOutcome]] = {
    401: "refused",
    403: "refused",
    404: "not-found",
    503: "busy",
}
_WITHOUT_HEAD: Final[dict[FailureKind, BootFileOutcome]] = {
    FailureKind.TIMEOUT: "timeout",
    FailureKind.REFUSED: "unreachable",
    FailureKind.UNREACHABLE: "unreachable",
    FailureKind.RESET: "unreachable",
    FailureKind.LOCAL: "unreachable",
}
_WITHIN_BODY: Final[dict[FailureKind, BootFileOutcome]] = {
    FailureKind.TOO_MUCH: "too-large",
    FailureKind.MALFORMED: "malformed",
}


def _file(answer: Answer, duration_s: float) -> HttpFile:
    data = None
    failure = answer.failure
    outcome: BootFileOutcome
    if answer.status is None:
        outcome = _WITHOUT_HEAD.get(failure.kind, "malformed") if failure else "malformed"
    elif answer.status != 200:
        outcome = _BY_STATUS.get(answer.status, "server-error")
        failure = Failure(kind=FailureKind.SERVER_ERROR, code=answer.status, detail=answer.reason)
    elif failure is not None:
        outcome = _WITHIN_BODY.get(failure.kind, "truncated")
    else:
        outcome, data = "received", bytes(answer.body)
    return HttpFile(
        outcome=outcome,
        data=data,
        code=answer.status,
        message=answer.reason or None,
        failure=failure,
        size=len(answer.body),
        duration_s=duration_s,
    )
