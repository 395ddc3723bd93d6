"""The greeting of CAPF. The bytes are written by hand from the format, not by our builder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnprobe.model.capf import Greeting, GreetingElement
from vpnprobe.model.errors import LimitExceeded, Malformed, WireError
from vpnprobe.wire.capf import HEADER_BYTES, MAX_ELEMENTS, MAX_GREETING, build_greeting, parse_greeting

# 0x55, AUTH_REQUEST, session 0x01020304, eight bytes; element 7 (version) = 3; element 8 (authentication) = 0.
USUAL = bytes.fromhex("55 01 01020304 0008  07 0001 03  08 0001 00")
HEADER = USUAL[:6]


def message(body: str, command: int = 1) -> bytes:
    elements = bytes.fromhex(body)
    return bytes((0x55, command)) + bytes(4) + len(elements).to_bytes(2, "big") + elements


def test_the_usual_greeting() -> None:
    assert parse_greeting(USUAL) == Greeting(
        command=1,
        session=0x01020304,
        length=8,
        version=3,
        auth_type=0,
        elements=(GreetingElement(tag=7, length=1, number=3), GreetingElement(tag=8, length=1, number=0)),
    )


@pytest.mark.parametrize("size", range(len(USUAL)))
def test_a_part_of_it_needs_more(size: int) -> None:
    assert parse_greeting(USUAL[:size]) is None


@pytest.mark.parametrize("rest", [b"\0", USUAL, b"HTTP/1.1 200 OK"], ids=["nul", "another", "text"])
def test_what_follows_changes_nothing(rest: bytes) -> None:
    assert parse_greeting(USUAL + rest) == parse_greeting(USUAL)


@pytest.mark.parametrize(
    ("body", "version", "auth_type"),
    [
        pytest.param("", None, None, id="no element"),
        pytest.param("07 0001 02", 2, None, id="version alone"),
        pytest.param("08 0001 01", None, 1, id="authentication alone"),
        pytest.param("08 0001 01 07 0001 03", 3, 1, id="other order"),
        pytest.param("07 0002 0003 08 0001 00", 3, 0, id="wider number"),
        pytest.param("07 0000 08 0001 00", None, 0, id="empty value"),
        pytest.param("07 0009 000000000000000003 08 0001 00", None, 0, id="no number"),
        pytest.param("07 0001 03 07 0001 09 08 0001 00", 3, 0, id="repeated"),
        pytest.param("FF 0003 616263 07 0001 03 08 0001 00", 3, 0, id="unknown element before"),
    ],
)
def test_elements(body: str, version: int | None, auth_type: int | None) -> None:
    greeting = parse_greeting(message(body))
    assert greeting is not None
    assert (greeting.version, greeting.auth_type) == (version, auth_type)


@pytest.mark.parametrize("command", [0, 2, 15, 16, 255])
def test_another_command_is_told(command: int) -> None:
    greeting = parse_greeting(message("", command))
    assert greeting is not None
    assert greeting.command == command


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"H", id="one byte is enough to see"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n", id="http"),
        pytest.param(b"\x16\x03\x01\x00\x05", id="tls"),
        pytest.param(b"\x57\x01\x03\x00", id="tvs"),
    ],
)
def test_another_protocol(data: bytes) -> None:
    with pytest.raises(Malformed, match="protocol at byte 0"):
        parse_greeting(data)


@pytest.mark.parametrize(
    ("body", "offset"),
    [
        pytest.param("07", 9, id="tag alone"),
        pytest.param("07 00", 9, id="half a length"),
        pytest.param("07 0002 03", 11, id="value runs over"),
        pytest.param("07 FFFF 03", 11, id="value of 64 KiB"),
        pytest.param("07 0001 03 08 0002 00", 15, id="second runs over"),
        pytest.param("07 0001 03 00", 13, id="a byte left over"),
    ],
)
def test_an_element_that_runs_over_the_message(body: str, offset: int) -> None:
    with pytest.raises(Malformed) as caught:
        parse_greeting(message(body) + bytes(70000))
    assert caught.value.offset == offset


def test_a_long_greeting_is_refused_by_its_header() -> None:
    with pytest.raises(LimitExceeded, match=f"more than {MAX_GREETING} bytes of greeting"):
        parse_greeting(HEADER + b"\xff\xff")


def test_the_longest_greeting_is_read() -> None:
    body = "01" + (MAX_GREETING - 3).to_bytes(2, "big").hex() + "00" * (MAX_GREETING - 3)
    assert parse_greeting(message(body)[:-1]) is None
    greeting = parse_greeting(message(body))
    assert greeting is not None
    assert greeting.length == MAX_GREETING


def test_a_crowd_of_elements_is_refused() -> None:
    assert parse_greeting(message("01 0000" * MAX_ELEMENTS)) is not None
    with pytest.raises(LimitExceeded, match=f"more than {MAX_ELEMENTS} elements"):
        parse_greeting(message("01 0000" * (MAX_ELEMENTS + 1)))


def test_the_builder_writes_the_usual_bytes() -> None:
    assert build_greeting([(7, b"\x03"), (8, b"\x00")], session=0x01020304) == USUAL


ELEMENTS = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=60)), max_size=MAX_ELEMENTS)


@given(ELEMENTS, st.integers(0, 2**32 - 1), st.integers(0, 255))
def test_round_trip(elements: list[tuple[int, bytes]], session: int, command: int) -> None:
    data = build_greeting(elements, session=session, command=command)
    greeting = parse_greeting(data)
    assert greeting is not None
    assert (greeting.session, greeting.command, greeting.length) == (session, command, len(data) - HEADER_BYTES)
    assert [(one.tag, one.length) for one in greeting.elements] == [(tag, len(value)) for tag, value in elements]
    assert all(parse_greeting(data[:size]) is None for size in range(len(data)))


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=300).map(lambda rest: b"\x55" + rest)))
def test_any_bytes_give_a_value_or_a_wire_error(data: bytes) -> None:
    try:
        greeting = parse_greeting(data)
    except WireError:
        return
    assert greeting is None or greeting.length <= len(data) - HEADER_BYTES


@given(st.binary(max_size=64), st.integers(0, 15), st.integers(0, 255))
def test_any_change_of_a_byte_gives_a_value_or_a_wire_error(rest: bytes, place: int, value: int) -> None:
    data = USUAL[:place] + bytes((value,)) + USUAL[place + 1 :] + rest
    try:
        parse_greeting(data)
    except WireError:
        return
