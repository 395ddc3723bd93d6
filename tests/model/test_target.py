"""What operators write, read as what is dialled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import Endpoint, parse_endpoint, parse_group_url, parse_mac


@pytest.mark.parametrize(
    "text",
    [
        "8CB64F576113",
        "8cb64f576113",
        "8c:b6:4f:57:61:13",
        "8C-B6-4F-57-61-13",
        "8cb6.4f57.6113",
        "SEP8CB64F576113",
        "sep8cb64f576113",
        " 8CB64F576113 ",
    ],
)
def test_every_usual_form_of_a_mac_is_read(text: str) -> None:
    assert parse_mac(text) == "8CB64F576113"


@pytest.mark.parametrize(
    "text", ["", "8CB64F57611", "8CB64F5761133", "8CB64F57611G", "SEP", "8C:B6:4F:57:61", "é" * 12]
)
def test_what_is_no_mac_gets_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="8c:b6:4f:57:61:13"):
        parse_mac(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vpn.example.com", Endpoint("vpn.example.com", 443)),
        ("vpn.example.com:8443", Endpoint("vpn.example.com", 8443)),
        ("192.0.2.7", Endpoint("192.0.2.7", 443)),
        ("192.0.2.7:1", Endpoint("192.0.2.7", 1)),
        ("2001:db8::7", Endpoint("2001:db8::7", 443)),
        ("[2001:db8::7]", Endpoint("2001:db8::7", 443)),
        ("[2001:db8::7]:65535", Endpoint("2001:db8::7", 65535)),
        ("fe80::1%eth0", Endpoint("fe80::1%eth0", 443)),
        ("bücher.example:1", Endpoint("xn--bcher-kva.example", 1)),
    ],
)
def test_endpoints(text: str, expected: Endpoint) -> None:
    assert parse_endpoint(text, 443) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":443",
        "host:",
        "host:0",
        "host:65536",
        "host:99999999999",
        "host:٣",
        "[host]:443",
        "[::1]443",
        "a:b:c",
        "a b",
        "[::1",
        "host..example",
        ".example",
        "256.1.1.1",
        "127.1",
    ],
)
def test_bad_endpoints_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_endpoint(text, 443)


def test_a_url_in_place_of_a_host_says_how_to_write_it() -> None:
    with pytest.raises(UsageError, match="without scheme and path"):
        parse_endpoint("https://cucm.example.com", 3804)


@given(st.text(max_size=60))
def test_no_text_is_an_unexpected_error(text: str) -> None:
    for parse in (parse_mac, parse_group_url, lambda value: parse_endpoint(value, 1)):
        try:
            parse(text)
        except UsageError:
            continue


@given(
    st.sampled_from(["192.0.2.1", "2001:db8::1", "vpn.example.com"]),
    st.integers(min_value=1, max_value=65535),
)
def test_an_endpoint_reads_back(host: str, port: int) -> None:
    endpoint = Endpoint(host, port)
    assert parse_endpoint(str(endpoint), 443) == endpoint


@pytest.mark.parametrize(
    ("text", "host", "port", "path", "authority"),
    [
        ("https://vpn.example.com/VPNPhone", "vpn.example.com", 443, "/VPNPhone", "vpn.example.com"),
        ("https://VPN.example.com/", "vpn.example.com", 443, "/", "vpn.example.com"),
        ("https://vpn.example.com", "vpn.example.com", 443, "/", "vpn.example.com"),
        ("https://vpn.example.com:8443/a/b?c=d", "vpn.example.com", 8443, "/a/b?c=d", "vpn.example.com:8443"),
        ("https://[2001:db8::7]:8443/x", "2001:db8::7", 8443, "/x", "[2001:db8::7]:8443"),
        ("https://[fe80::1%25eth0]/x", "fe80::1%eth0", 443, "/x", "[fe80::1]"),
        ("https://bücher.example/x", "xn--bcher-kva.example", 443, "/x", "xn--bcher-kva.example"),
        ("HTTPS://10.198.16.140/VPNPhone", "10.198.16.140", 443, "/VPNPhone", "10.198.16.140"),
    ],
)
def test_group_urls(text: str, host: str, port: int, path: str, authority: str) -> None:
    url = parse_group_url(text)
    assert (url.text, url.host, url.port, url.path, url.authority) == (text, host, port, path, authority)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vpn.example.com/VPNPhone",
        "http://vpn.example.com/VPNPhone",
        "https://",
        "https:///VPNPhone",
        "https://vpn.example.com:0/x",
        "https://vpn.example.com:70000/x",
        "https://user:secret@vpn.example.com/x",
        "https://vpn.example.com/x#y",
        "https://vpn.example.com/a b",
        "https://[::1/x",
        f"https://{'ü' * 64}.example/x",
        "https://vpn.example.com/\x1b[31m",
    ],
)
def test_bad_group_urls_say_how_to_write_one(text: str) -> None:
    with pytest.raises(UsageError):
        parse_group_url(text)
