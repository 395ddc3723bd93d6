"""What a gateway's HTTP answer says to a phone that logs in.

A phone speaks the old form login, not the XML of AnyConnect: GET of the group-url, then POST of the form to the same
path. The answer is told by cookies first, then by status and text. Sources: ocserv's handler for phones
(`src/worker-svc.c`), logins captured by openconnect, and the pages that an ASA is known to serve. No capture of a
phone's own login is known, so how a phone reads anything but the cookies is an assumption.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal
from urllib.parse import urlsplit

from vpnprobe.model.errors import UsageError
from vpnprobe.model.observation import Cookie, LoginAnswer
from vpnprobe.model.target import HTTPS_PORT, Endpoint, parse_endpoint

SECRET_HEADERS: Final = frozenset(
    {
        "authentication-info",
        "authorization",
        "cookie",
        "proxy-authentication-info",
        "proxy-authorization",
        "set-cookie",
        "set-cookie2",
        "x-cstp-post-auth-xml",
        "x-dtls-master-secret",
        "x-dtls-session-id",
    }
)
"""Headers that carry a session, a credential or a key, in lower case. They are never recorded."""

SESSION_COOKIE: Final = "webvpn"
LOGIN_COOKIE: Final = "webvpnlogin"
CERTIFICATE_FAILED_COOKIE: Final = "ClientCertAuthFailed"
SERVER_FACTS_COOKIE: Final = "webvpnc"

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_SERVER_SHA1: Final = re.compile(r"(?:^|&)sh:([0-9A-Fa-f]{40})(?=&|$)")
_CERTIFICATE_FAILED: Final = ("certificate validation failure", "<client-cert-request")
_WRONG_URL: Final = ("anyconnect_wrong_url", "wrong url")
_LOGIN_FORM: Final = ('<auth id="main"', "/+webvpn+/index.html", "/+cscoe+/logon.html")
_SESSION_ELEMENT: Final = re.compile(r"(<session-(?:token|id)>)[^<]*", re.IGNORECASE)


def cookie_value(header: str) -> str:
    """Return the value that a Set-Cookie header gives, quotes included: a secret."""
    return header.partition(";")[0].partition("=")[2].strip()


def parse_set_cookie(header: str) -> Cookie:
    """Read a Set-Cookie header (RFC 6265 section 5.2) and leave its value behind.

    `expires` is set for any expiry attribute: together with an empty value that is how a gateway takes a cookie back.
    What has no equals sign sets nothing and has no name here: it may as well be a value.
    """
    pair, *attributes = header.split(";")
    name, equals, _ = pair.partition("=")
    name = name.strip() if equals else ""
    value = cookie_value(header).strip('"')
    names = {one.partition("=")[0].strip().lower() for one in attributes}
    facts = _SERVER_SHA1.search(value) if name == SERVER_FACTS_COOKIE else None
    return Cookie(
        name=name,
        empty=not value,
        expires=not names.isdisjoint({"expires", "max-age"}),
        server_sha1=facts.group(1).upper() if facts else None,
    )


def without_session(body: str) -> str:
    """Blank the session that the XML form of an answer carries in its text."""
    return _SESSION_ELEMENT.sub(r"\1[removed]", body)


def redirect_endpoint(location: str, current: Endpoint) -> Endpoint | None:
    """Return where a Location header leads, seen from `current`; None when it cannot be read."""
    try:
        parts = urlsplit(location.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not parts.netloc:
        return current
    if not host:
        return None
    default = 80 if parts.scheme.lower() == "http" else HTTPS_PORT
    try:
        return parse_endpoint(str(Endpoint(host, port or default)), default)
    except UsageError:
        return None


def classify_answer(
    method: Literal["GET", "POST"],
    status: int,
    headers: Iterable[tuple[str, str]],
    cookies: Sequence[Cookie],
    body: str,
    *,
    host: str,
) -> LoginAnswer:
    """Say what the answer of `host` means to a phone.

    `headers` are (lower-case name, value); `body` may be only the start. The same page means "log in" after GET and
    "not accepted" after POST.
    """
    given = {cookie.name for cookie in cookies if not cookie.empty}
    text = body.lower()
    location = next((value for name, value in headers if name == "location"), "")
    asks: LoginAnswer = "wants-login" if method == "GET" else "refused"
    if CERTIFICATE_FAILED_COOKIE in given or _holds(text, _CERTIFICATE_FAILED):
        return "client-certificate-failed"
    if status == 404 or _holds(location.lower(), _WRONG_URL) or _holds(text, _WRONG_URL):
        return "unknown-group-url"
    if status in _REDIRECTS:
        return _redirect(location, host)
    if status == 401:
        return "refused"
    if status >= 500:
        return "unavailable"
    if status == 200 and SESSION_COOKIE in given:
        return "accepted"
    if status == 200 and (LOGIN_COOKIE in given or _holds(text, _LOGIN_FORM)):
        return asks
    return "not-an-asa"


def _holds(text: str, needles: tuple[str, ...]) -> bool:
    return any(needle in text for needle in needles)


def _redirect(location: str, host: str) -> LoginAnswer:
    target = redirect_endpoint(location, Endpoint(host, HTTPS_PORT))
    if not location or target is None:
        return "not-an-asa"
    same = target.host.lower().rstrip(".") == host.lower().rstrip(".")
    return "redirect-same-host" if same else "redirect-other-host"
