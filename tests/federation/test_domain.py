"""Domains as operators write them, and where targets lie."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnprobe.federation.domain import TargetPlace, address_kind, parse_domain, place_of
from vpnprobe.model.errors import UsageError


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        pytest.param("example.com", "example.com", id="plain"),
        pytest.param(" Example.COM. ", "example.com", id="case, blanks and final dot"),
        pytest.param("sip:alice@Example.com", "example.com", id="SIP URI"),
        pytest.param("sips:example.com;transport=tls", "example.com", id="SIP URI without user, with parameter"),
        pytest.param("sip:a@example.com?Subject=x@y", "example.com", id="SIP URI with headers"),
        pytest.param("alice@example.com", "example.com", id="user@domain"),
        pytest.param("müller.example", "xn--mller-kva.example", id="IDNA"),
        pytest.param("lab", "lab", id="one label"),
        pytest.param("a_b.example", "a_b.example", id="underscore within a label"),
    ],
)
def test_a_domain_is_read(text: str, domain: str) -> None:
    assert parse_domain(text) == domain


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "names no domain", id="empty"),
        pytest.param("example..com", "names no domain", id="empty label"),
        pytest.param("example.com:5061", "names a port", id="port"),
        pytest.param("sip:bob@example.com:5061;transport=tls", "names a port", id="port of a SIP URI"),
        pytest.param("https://example.com/", "names no domain", id="URL"),
        pytest.param("*.example.com", "names no domain", id="wildcard"),
        pytest.param("192.0.2.1", "is an address", id="IPv4"),
        pytest.param("sip:a@[2001:db8::1]", "is an address", id="IPv6"),
        pytest.param("_sipfederationtls._tcp.example.com", "leave _service._tcp out", id="record"),
        pytest.param(f"{'a' * 64}.com", "names no domain", id="long label"),
        pytest.param(".".join(["a" * 60] * 5), "names no domain", id="long name"),
        pytest.param("a b.example", "names no domain", id="blank"),
        pytest.param("\x1b[31m.example", "names no domain", id="escape sequence"),
        pytest.param("straße.example", "two domains", id="sharp s"),
        pytest.param("a\u200db.example", "two domains", id="joiner"),
        pytest.param("ü" * 70 + ".example", "names no domain", id="IDNA label too long"),
    ],
)
def test_what_is_no_domain_is_refused_with_an_example(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_domain(text)
    assert says in str(caught.value)
    assert "example.com" in str(caught.value)


@given(st.text(max_size=300))
def test_any_text_is_a_domain_or_bad_usage(text: str) -> None:
    try:
        domain = parse_domain(text)
    except UsageError:
        return
    assert parse_domain(domain) == domain


@pytest.mark.parametrize(
    ("target", "place"),
    [
        pytest.param("expe.example.com", TargetPlace.SAME_DOMAIN, id="one label below"),
        pytest.param("EXPE.Example.com.", TargetPlace.SAME_DOMAIN, id="case and final dot"),
        pytest.param("expe.sub.example.com", TargetPlace.SUBDOMAIN, id="two labels below"),
        pytest.param("expe.dummy.com", TargetPlace.FOREIGN, id="other domain"),
        pytest.param("expe.notexample.com", TargetPlace.FOREIGN, id="other domain with the same ending"),
        pytest.param("com", TargetPlace.FOREIGN, id="parent"),
        pytest.param("example.com", TargetPlace.DOMAIN_ITSELF, id="domain itself"),
        pytest.param("sipfed.online.lync.com", TargetPlace.HOSTED, id="hosted"),
        pytest.param("192.0.2.7", TargetPlace.ADDRESS, id="IPv4 literal"),
        pytest.param("2001:db8::7.", TargetPlace.ADDRESS, id="IPv6 literal"),
    ],
)
def test_where_a_target_lies(target: str, place: TargetPlace) -> None:
    assert place_of("example.com", target) is place


def test_the_host_s_own_domain_has_its_target_in_it() -> None:
    assert place_of("online.lync.com", "sipfed.online.lync.com") is TargetPlace.SAME_DOMAIN


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("192.0.2.1", "public"),
        ("2001:db8::1", "public"),
        ("172.32.0.1", "public"),
        ("10.0.0.1", "private"),
        ("172.16.0.1", "private"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "private"),
        ("169.254.1.1", "private"),
        ("fe80::1%eth0", "private"),
        ("fd00::1", "private"),
        ("fec0::1", "private"),
        ("::ffff:10.0.0.1", "private"),
        ("64:ff9b::10.0.0.1", "private"),
        ("64:ff9b::192.0.2.1", "public"),
        ("64:ff9b::127.0.0.1", "private"),
        ("64:ff9b:1::1", "private"),
        ("64:ff9b:2::10.0.0.1", "public"),
        ("2002:a00:1::1", "private"),
        ("2002:c0a8:101:a00:1:a00:1:a00", "private"),
        ("2002:c000:201:a00::1", "public"),
        ("2001:a00:1::1", "public"),
        ("127.0.0.5", "loopback"),
        ("::1", "loopback"),
        ("0.0.0.0", "loopback"),
        ("::", "loopback"),
    ],
)
def test_who_reaches_an_address(address: str, kind: str) -> None:
    assert address_kind(address) == kind
