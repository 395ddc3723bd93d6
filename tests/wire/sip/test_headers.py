"""Readers of single headers, and that none of them stumbles over anything."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vpnprobe.wire.sip.headers import (
    MAX_ENTRIES,
    Product,
    Route,
    Via,
    parse_cseq,
    parse_date,
    record_routes,
    server_product,
    vias,
)


@pytest.mark.parametrize(
    ("value", "product", "microsoft"),
    [
        pytest.param("RTC/6.0", Product("RTC", "6.0"), True, id="edge"),
        pytest.param("rtc/7.0 something", Product("rtc", "7.0"), True, id="later-edge"),
        pytest.param("RTC", Product("RTC", None), True, id="no-version"),
        pytest.param("RTCx/6.0", Product("RTCx", "6.0"), False, id="longer-name"),
        pytest.param("kamailio (5.8.4 (x86_64/linux))", Product("kamailio", None), False, id="kamailio"),
        pytest.param("TANDBERG/4137 (X14.0.6)", Product("TANDBERG", "4137"), False, id="expressway"),
    ],
)
def test_products(value: str, product: Product, microsoft: bool) -> None:
    assert server_product(value) == product
    assert product.is_microsoft is microsoft


@pytest.mark.parametrize("value", ["", "(comment)", "/6.0"])
def test_no_product(value: str) -> None:
    assert server_product(value) is None


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        pytest.param("Sat, 13 Nov 2010 23:29:00 GMT", datetime(2010, 11, 13, 23, 29, tzinfo=UTC), id="rfc-3261"),
        pytest.param("  mon, 3 feb 2025  01:02:03 utc ", datetime(2025, 2, 3, 1, 2, 3, tzinfo=UTC), id="loose"),
        pytest.param("Sat, 31 Dec 2016 23:59:60 GMT", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC), id="leap-second"),
        pytest.param("Sat, 31 Feb 2015 00:00:00 GMT", None, id="no-such-day"),
        pytest.param("Sat, 13 Nov 0000 00:00:00 GMT", None, id="year-zero"),
        pytest.param("Sat, 13 Nov 2010 24:00:00 GMT", None, id="no-such-hour"),
        pytest.param("Sat, 13 Nov 2010 23:29:00", None, id="no-zone"),
        pytest.param("Sat, 13 Nov 2010 23:29:00 CET", None, id="other-zone"),
        pytest.param("2010-11-13T23:29:00Z", None, id="iso"),
        pytest.param("", None, id="empty"),
    ],
)
def test_dates(value: str, moment: datetime | None) -> None:
    assert parse_date(value) == moment


@pytest.mark.parametrize(
    ("value", "parsed"),
    [("1 OPTIONS", (1, "OPTIONS")), (" 01\tBYE ", (1, "BYE")), ("1", None), ("OPTIONS 1", None), ("1 A B", None)],
)
def test_cseq(value: str, parsed: tuple[int, str] | None) -> None:
    assert parse_cseq(value) == parsed


@pytest.mark.parametrize(
    ("value", "routes"),
    [
        pytest.param("<sip:a;lr;transport=TLS>", [Route("sip:a;lr;transport=TLS", "tls")], id="with-transport"),
        pytest.param("<sip:a;lr>;transport=tls", [Route("sip:a;lr", None)], id="parameter-of-the-header"),
        pytest.param("<sip:a;Transport = t?;transport=u>", [Route("sip:a;Transport = t?;transport=u", "t")], id="1"),
        pytest.param('"a, <b>" <sip:a,b>, sip:c', [Route("sip:a,b", None), Route("sip:c", None)], id="two"),
        pytest.param('"a\\", <x>" <sip:c>,,', [Route("sip:c", None)], id="escaped-quote"),
        pytest.param("<sip:a;transport", [Route("sip:a;transport", "")], id="cut"),
        pytest.param("", [], id="empty"),
    ],
)  # fmt: skip
def test_record_routes(value: str, routes: list[Route]) -> None:
    assert list(record_routes(value)) == routes


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("SIP/2.0/TLS a:5061;branch=z9hG4bKx;rport=1", [Via("TLS", "a:5061", "z9hG4bKx")], id="one"),
        pytest.param("sip / 2.0 / tcp a ;x=1,SIP/2.0/UDP b", [Via("TCP", "a", None), Via("UDP", "b", None)], id="2"),
        pytest.param("nonsense, SIP/2.0/TLS a", [Via("TLS", "a", None)], id="unreadable-entry"),
        pytest.param("", [], id="empty"),
    ],
)  # fmt: skip
def test_vias(value: str, expected: list[Via]) -> None:
    assert list(vias(value)) == expected


def test_only_so_many_entries_are_read() -> None:
    assert len(record_routes("<sip:a>," * 1000)) == MAX_ENTRIES
    assert len(vias("SIP/2.0/TLS a," * 1000)) == MAX_ENTRIES


@settings(deadline=None)
@given(st.text(st.sampled_from('<>",;=\\ SIP/2.0TLS:a1\t\n'), max_size=60) | st.text())
@example("<" * 16_000)
@example(" " * 16_000)
@example('"' + '\\"' * 8_000)
@example("SIP/2.0/TLS" + " " * 16_000)
def test_any_text_is_read(value: str) -> None:
    for reader in (server_product, parse_date, parse_cseq, record_routes, vias):
        reader(value)
