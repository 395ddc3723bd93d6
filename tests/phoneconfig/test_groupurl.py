"""The probed group-url against url1..url3."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpnprobe.model.config import VpnUrl
from vpnprobe.phoneconfig.groupurl import NearMiss, UrlDifference, UrlMatch, match_group_url

URL = "https://vpn.example.com/VPNPhone"

NEAR = [
    ("https://vpn.example.com/vpnphone", {UrlDifference.CASE}),
    ("https://VPN.example.com/VPNPhone", {UrlDifference.CASE}),
    ("HTTPS://vpn.example.com/VPNPhone", {UrlDifference.CASE}),
    ("https://vpn.example.com/VPNPhone/", {UrlDifference.TRAILING_SLASH}),
    ("https://vpn.example.com:443/VPNPhone", {UrlDifference.DEFAULT_PORT}),
    ("https://vpn.example.com:/VPNPhone", {UrlDifference.DEFAULT_PORT}),
    ("https://vpn.example.com:8443/VPNPhone", {UrlDifference.PORT}),
    ("http://vpn.example.com/VPNPhone", {UrlDifference.SCHEME}),
    ("vpn.example.com/VPNPhone", {UrlDifference.SCHEME}),
    ("https://vpn.example.com/Phone", {UrlDifference.PATH}),
    ("https://vpn.example.com", {UrlDifference.PATH}),
    ("https://vpn.example.com/VPNPhone?x", {UrlDifference.PATH}),
    ("https://vpn.example.com/VPN%50hone", {UrlDifference.PERCENT_ENCODING}),
    (" https://vpn.example.com/VPNPhone", {UrlDifference.WHITESPACE}),
    ("https://vpn.example.com/VPNPhone\r\n", {UrlDifference.WHITESPACE}),
    (
        "https://vpn.example.com/vpn%50hone/",
        {UrlDifference.PERCENT_ENCODING, UrlDifference.CASE, UrlDifference.TRAILING_SLASH},
    ),
    (
        "https://VPN.EXAMPLE.COM:443/phone ",
        {UrlDifference.CASE, UrlDifference.DEFAULT_PORT, UrlDifference.PATH, UrlDifference.WHITESPACE},
    ),
]


@pytest.mark.parametrize(("text", "differences"), NEAR, ids=[text for text, _ in NEAR])
def test_near_misses(text: str, differences: set[UrlDifference]) -> None:
    match = match_group_url(URL, [VpnUrl(2, text)])
    assert match.exact is None
    (near,) = match.near
    assert near.index == 2
    assert set(near.differences) == differences
    assert len(near.differences) == len(differences)


@pytest.mark.parametrize(
    "text", ["https://vpn2.example.com/VPNPhone", "https://10.198.16.140/VPNPhone", "", "VPNPhone"], ids=repr
)
def test_another_host_is_not_near(text: str) -> None:
    assert match_group_url(URL, [VpnUrl(1, text)]) == UrlMatch(None, ())


def test_to_the_letter() -> None:
    urls = [VpnUrl(1, URL + "/"), VpnUrl(3, URL)]
    assert match_group_url(URL, urls) == UrlMatch(3, (NearMiss(1, (UrlDifference.TRAILING_SLASH,)),))
    assert match_group_url(URL, []) == UrlMatch(None, ())


def test_an_ipv6_literal_is_a_host() -> None:
    (near,) = match_group_url("https://[2001:db8::1]/p", [VpnUrl(1, "https://[2001:DB8::1]:443/p")]).near
    assert near.differences == (UrlDifference.CASE, UrlDifference.DEFAULT_PORT)


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_any_two_texts_compare_alike_both_ways(one: str, other: str) -> None:
    forth = match_group_url(one, [VpnUrl(1, other)])
    back = match_group_url(other, [VpnUrl(1, one)])
    assert forth == back
    assert (forth.exact == 1) is (one == other)
