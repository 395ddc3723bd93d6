"""Pages: what is seen, in which charset, and what hostile ones come to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.phone_web import samples
from vpnprobe.model.errors import LimitExceeded, Malformed, WireError
from vpnprobe.wire.phone_web.page import (
    MAX_LINES,
    MAX_LINKS,
    MAX_ROWS,
    MAX_TAGS,
    MAX_TEXT,
    MAX_UNFINISHED,
    Link,
    Page,
    parse_page,
)


def test_rows_lines_and_links_of_a_real_form() -> None:
    page = parse_page(samples.DEVICE_8845)
    assert page.title == "Cisco Systems, Inc."
    assert ("Service mode", "On-premise") in page.rows
    assert ("Time zone", "America/Los_Angeles") in page.rows
    # A row whose label is empty has one cell left, and is no pair.
    assert ("Cisco IP Phone 8845, Global",) in page.rows
    assert "Cisco IP Phone CP-8845 ( SEP0011AABBCCDD )" in page.lines
    assert not page.is_xml


def test_links_in_unclosed_cells() -> None:
    page = parse_page(samples.DEVICE_7962G)
    assert page.links[0] == Link("http://www.cisco.com", "")
    assert page.links[-1] == Link("/CGI/Java/Serviceability?adapter=device.statistics.consolelog", "Console Logs")


def test_xml_elements_are_rows() -> None:
    page = parse_page(samples.DEVICE_XML)
    assert page.is_xml
    assert page.rows[:2] == (("hostname", "SEP001122334455"), ("phonedn", "1003"))


@pytest.mark.parametrize(
    ("data", "content_type", "line", "charset"),
    [
        ("<p>Müller</p>".encode(), "text/html; charset=UTF-8", "Müller", "utf-8"),
        ("<p>Müller</p>".encode("latin-1"), "text/html; charset=iso-8859-1", "Müller", "iso-8859-1"),
        ("<meta charset=iso-8859-1><p>Müller".encode("latin-1"), "", "Müller", "iso-8859-1"),
        ("<p>Müller</p>".encode("latin-1"), "text/html", "Müller", "latin-1"),
        ("<p>Müller</p>".encode("latin-1"), "text/html; charset=utf-8", "M\ufffdller", "utf-8"),
        (b"<p>plain</p>", "text/html; charset=no-such", "plain", "utf-8"),
        (b"<p>plain</p>", "text/html; charset=base64", "plain", "utf-8"),
        (b"<p>+2AA-</p>", "text/html; charset=utf-7", "+2AA-", "utf-8"),
        (rb"<p>\ud800 \x</p>", "text/html; charset=unicode_escape", r"\ud800 \x", "utf-8"),
        ("\ufeff<p>plain</p>".encode(), "", "plain", "utf-8"),
        ("<?xml version='1.0' encoding='shift_jis'?><a>電話</a>".encode("shift_jis"), "", "電話", "shift_jis"),
    ],
    ids=[
        "header",
        "header latin",
        "meta",
        "none",
        "wrong",
        "unknown",
        "no text encoding",
        "half a character",
        "escapes",
        "mark",
        "xml",
    ],
)
def test_charset(data: bytes, content_type: str, line: str, charset: str) -> None:
    page = parse_page(data, content_type)
    assert page.lines[-1] == line
    assert page.charset == charset
    assert page.replaced == ("\ufffd" in line)


def test_what_a_script_holds_is_not_on_the_page() -> None:
    page = parse_page(
        b"<script>document.write('<tr><td>Host Name</td><td>evil</td></tr>')</script>"
        b"<style>td { }</style><tr><td>Host Name</td><td>SEP1</td></tr>"
    )
    assert page.rows == (("Host Name", "SEP1"),)
    assert page.lines == ("Host Name", "SEP1")


@pytest.mark.parametrize(
    "data",
    [b"<![if x", b"<p>&#" + b"9" * 5000, b"<![[[", b"<!DOCTYPE [<!ENTITY a 'b'>"],
    ids=["section", "number", "brackets", "doctype"],
)
def test_what_the_parser_gives_up_on_is_malformed_or_text(data: bytes) -> None:
    try:
        page = parse_page(data)
    except Malformed:
        return
    assert isinstance(page, Page)


def test_a_number_of_5000_digits_is_malformed() -> None:
    with pytest.raises(Malformed, match="character number"):
        parse_page(b"<p>&#" + b"9" * 5000 + b";")


def test_entities_are_not_expanded() -> None:
    page = parse_page(b"<!DOCTYPE a [<!ENTITY lol 'lollollol'>]><a>&lol;&lol;</a>")
    assert not any("lollollol" in line for line in page.lines[1:])


def test_depth_costs_nothing() -> None:
    page = parse_page(b"<b>" * (MAX_TAGS - 1) + b"deep")
    assert page.lines == ("deep",)


@pytest.mark.parametrize(
    ("data", "limit"),
    [
        (b"<b>" * (MAX_TAGS + 1), f"more than {MAX_TAGS} tags"),
        (b"<a " * (MAX_UNFINISHED + 1), f"more than {MAX_UNFINISHED} tags without an end"),
        (b"<tr><td>a<td>b" * (MAX_ROWS + 2), f"more than {MAX_ROWS} table rows"),
        (b"a\n" * (MAX_LINES + 2), f"more than {MAX_LINES} lines"),
    ],
    ids=["tags", "unfinished", "rows", "lines"],
)
def test_limits(data: bytes, limit: str) -> None:
    with pytest.raises(LimitExceeded, match=limit):
        parse_page(data)


def test_long_text_and_many_links_are_cut() -> None:
    page = parse_page(b"<a href='/x'>y</a>" * (MAX_LINKS + 5) + b"<p>" + b"a" * 2 * MAX_TEXT)
    assert len(page.links) == MAX_LINKS
    assert len(page.lines[-1]) == MAX_TEXT


@pytest.mark.parametrize(
    "sample", [samples.DEVICE_7962G, samples.DEVICE_8845, samples.DEVICE_XML, samples.CONSOLE_7962G]
)
def test_cut_anywhere(sample: bytes) -> None:
    whole = set(parse_page(sample).rows)
    for at in range(0, len(sample), 7):
        page = parse_page(sample[:at])
        # What was cut off may shorten the last row alone.
        assert len(set(page.rows) - whole) <= 1


@given(st.binary(max_size=300), st.text(max_size=40))
def test_anything(data: bytes, content_type: str) -> None:
    try:
        page = parse_page(data, content_type)
    except WireError:
        return
    assert all(len(cell) <= MAX_TEXT for row in page.rows for cell in row)


@given(
    st.lists(st.sampled_from(["<tr>", "<td>", "</td>", "<a href=", "'>", "<script>", "</", "&#", "<!--", "x", "]]>"]))
)
def test_any_markup(parts: list[str]) -> None:
    try:
        parse_page("".join(parts).encode())
    except WireError:
        return
