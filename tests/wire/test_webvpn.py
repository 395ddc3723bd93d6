"""The gateway's answers as captured or as its source writes them, and what a phone takes from them."""

from __future__ import annotations

from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnprobe.model.observation import Cookie, LoginAnswer
from vpnprobe.model.target import Endpoint
from vpnprobe.wire.webvpn import (
    classify_answer,
    cookie_value,
    parse_set_cookie,
    redirect_endpoint,
    without_session,
)

SHA1 = "E57E81EA9954C1449766" + "78D0E2418CDF79A93176"
EXPIRED = "expires=Thu, 01 Jan 1970 22:00:00 GMT; path=/; secure"
CLEARED = f"webvpn=; {EXPIRED}"
ASKS = "webvpnlogin=1; secure"
SESSION = "webvpn=3@40960@5D1C@0123456789ABCDEF0123456789ABCDEF01234567; path=/; secure"


@pytest.mark.parametrize(
    ("header", "cookie"),
    [
        pytest.param(CLEARED, Cookie(name="webvpn", empty=True, expires=True), id="taken back"),
        pytest.param(ASKS, Cookie(name="webvpnlogin", empty=False), id="login wanted"),
        pytest.param(SESSION, Cookie(name="webvpn", empty=False), id="session"),
        pytest.param(
            f"webvpnc=bu:/&p:t&iu:1/&sh:{SHA1}; path=/",
            Cookie(name="webvpnc", empty=False, server_sha1=SHA1),
            id="facts, hash last",
        ),
        pytest.param(
            f"webvpnc=bu:/CACHE/stc/&p:t&iu:1/&ch:{'0' * 40}&sh:{SHA1.lower()}&lu:x&fh:{'1' * 40}",
            Cookie(name="webvpnc", empty=False, server_sha1=SHA1),
            id="facts, hash in the middle and in lower case",
        ),
        pytest.param(f"webvpnc=sh:{SHA1}00", Cookie(name="webvpnc", empty=False), id="hash too long"),
        pytest.param(f"tg=sh:{SHA1}", Cookie(name="tg", empty=False), id="hash in another cookie"),
        pytest.param("a=1; Max-Age=0", Cookie(name="a", empty=False, expires=True), id="max-age"),
        pytest.param('a=""', Cookie(name="a", empty=True), id="quoted nothing"),
        pytest.param("token", Cookie(name="", empty=True), id="no equals sign"),
        pytest.param("", Cookie(name="", empty=True), id="empty"),
    ],
)
def test_parse_set_cookie(header: str, cookie: Cookie) -> None:
    assert parse_set_cookie(header) == cookie


def test_a_cookie_leaves_its_value_behind() -> None:
    value = cookie_value(SESSION)
    assert value.startswith("3@40960")
    assert value.encode() not in msgspec.json.encode(parse_set_cookie(SESSION))


def test_the_session_is_blanked_in_the_text() -> None:
    body = '<auth id="success"/><session-token>3@4@5@SECRET</session-token><SESSION-ID>77</SESSION-ID>'
    clean = without_session(body)
    assert "SECRET" not in clean
    assert "77" not in clean
    assert clean.count("[removed]") == 2


LOGIN_FORM = (
    '<?xml version="1.0"?><auth id="main"><form method="post" action="/+webvpn+/index.html">'
    '<input type="text" name="username"/><input type="password" name="password"/></form></auth>'
)
WRONG_URL = "<html><body>Wrong URL.</body></html>"


@pytest.mark.parametrize(
    ("method", "status", "cookies", "location", "body", "answer"),
    [
        pytest.param("GET", 200, [CLEARED, ASKS], "", "", "wants-login", id="ocserv asks"),
        pytest.param("POST", 200, [CLEARED, ASKS], "", "", "refused", id="ocserv asks again: not accepted"),
        pytest.param("POST", 200, [SESSION], "", "", "accepted", id="session"),
        pytest.param("GET", 200, [SESSION], "", "", "accepted", id="session at once"),
        pytest.param("POST", 401, [], "", "", "refused", id="ocserv refuses"),
        pytest.param("POST", 401, [SESSION], "", "", "refused", id="a session with 401 is none"),
        pytest.param("GET", 200, [], "", LOGIN_FORM, "wants-login", id="login form"),
        pytest.param("POST", 200, [], "", LOGIN_FORM, "refused", id="login form again"),
        pytest.param(
            "GET",
            200,
            [CLEARED, ASKS, "ClientCertAuthFailed=1; path=/"],
            "",
            LOGIN_FORM,
            "client-certificate-failed",
            id="certificate failed, cookie",
        ),
        pytest.param(
            "GET",
            200,
            [ASKS, f"ClientCertAuthFailed=; {EXPIRED}"],
            "",
            "",
            "wants-login",
            id="that cookie taken back",
        ),
        pytest.param(
            "GET",
            200,
            [ASKS],
            "",
            "<message>Certificate Validation Failure</message>",
            "client-certificate-failed",
            id="certificate failed, text",
        ),
        pytest.param(
            "GET",
            200,
            [],
            "",
            '<config-auth><client-cert-request hash-algorithm="sha256"/></config-auth>',
            "client-certificate-failed",
            id="certificate wanted, XML",
        ),
        pytest.param("GET", 404, [], "", "", "unknown-group-url", id="404"),
        pytest.param("GET", 200, [], "", WRONG_URL, "unknown-group-url", id="wrong URL page"),
        pytest.param(
            "GET",
            302,
            [],
            "/+CSCOU+/anyconnect_wrong_url.html",
            "",
            "unknown-group-url",
            id="redirect to the wrong URL page",
        ),
        pytest.param("GET", 302, [], "/+webvpn+/index.html", "", "redirect-same-host", id="redirect, path alone"),
        pytest.param("GET", 302, [], "https://VPN.example.com./x", "", "redirect-same-host", id="redirect, same host"),
        pytest.param("GET", 302, [], "https://vpn-2.example.com/x", "", "redirect-other-host", id="load balancing"),
        pytest.param("GET", 302, [], "//192.0.2.8/x", "", "redirect-other-host", id="other host, no scheme"),
        pytest.param("GET", 302, [], "", "", "not-an-asa", id="redirect to nowhere"),
        pytest.param("GET", 302, [], "https://[bad", "", "not-an-asa", id="redirect that cannot be read"),
        pytest.param("GET", 304, [], "https://vpn-2.example.com/", "", "not-an-asa", id="no redirect status"),
        pytest.param("GET", 503, [], "", "", "unavailable", id="503"),
        pytest.param("GET", 200, [], "", "<h1>It works!</h1>", "not-an-asa", id="some web server"),
        pytest.param("GET", 403, [], "", "", "not-an-asa", id="403"),
        pytest.param("GET", 200, [CLEARED], "", "", "not-an-asa", id="only cleared"),
    ],
)
def test_classify_answer(
    method: Literal["GET", "POST"],
    status: int,
    cookies: list[str],
    location: str,
    body: str,
    answer: LoginAnswer,
) -> None:
    headers = [("x-transcend-version", "1")] + ([("location", location)] if location else [])
    parsed = [parse_set_cookie(one) for one in cookies]
    assert classify_answer(method, status, headers, parsed, body, host="vpn.example.com") == answer


@pytest.mark.parametrize(
    ("location", "endpoint"),
    [
        ("/index.html", Endpoint("192.0.2.7", 8443)),
        ("index.html?x=https://vpn", Endpoint("192.0.2.7", 8443)),
        ("https://vpn-2.example.com/x", Endpoint("vpn-2.example.com", 443)),
        ("https://[2001:db8::1]:444/x", Endpoint("2001:db8::1", 444)),
        ("http://vpn.example.com", Endpoint("vpn.example.com", 80)),
        ("//other.example.com/", Endpoint("other.example.com", 443)),
        ("https://bücher.example/", Endpoint("xn--bcher-kva.example", 443)),
        ("https://vpn 2.example.com/", None),
        ("https://vpn:0/", Endpoint("vpn", 443)),
        ("https://vpn:99999/", None),
        ("https://[::", None),
        ("https://:443/", None),
    ],
)
def test_redirect_endpoint(location: str, endpoint: Endpoint | None) -> None:
    assert redirect_endpoint(location, Endpoint("192.0.2.7", 8443)) == endpoint


@given(st.text(), st.text(), st.integers(100, 999), st.text(), st.text())
def test_no_text_makes_it_raise(header: str, location: str, status: int, body: str, host: str) -> None:
    cookie = parse_set_cookie(header)
    classify_answer("GET", status, [("location", location)], [cookie], without_session(body), host=host)
