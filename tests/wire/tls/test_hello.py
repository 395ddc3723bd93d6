import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.tls.strategies import client_hellos
from vpnprobe.model.errors import Malformed, WireError
from vpnprobe.wire.tls import extensions as ext
from vpnprobe.wire.tls.hello import (
    ClientHello,
    HelloTemplate,
    build_client_hello,
    hello_template,
    parse_client_hello,
    replace_random,
    tls13_template,
    wrap_client_hello,
)

RANDOM = bytes(range(32))
PHONE_7962G = HelloTemplate(record_version=0x0301, client_version=0x0301, suites=(0x0035, 0x002F))


def test_the_hello_of_a_7962g_byte_by_byte() -> None:
    assert (
        PHONE_7962G.build(RANDOM, "vpn.example.com")
        == bytes.fromhex(
            "16 0301 002f"  # record: handshake, TLS 1.0, 47 bytes
            "01 00002b"  # client_hello, 43 bytes
            "0301" + RANDOM.hex() + "00"  # no session id
            "0004 0035 002f"
            "01 00"  # null compression, and no extensions block at all
        )
    )


@given(client_hellos)
def test_round_trip(hello: ClientHello) -> None:
    assert parse_client_hello(build_client_hello(hello)) == hello


def test_truncated_at_every_byte() -> None:
    hello = ClientHello(
        version=0x0303,
        random=RANDOM,
        suites=(0x35,),
        session_id=b"s" * 3,
        extensions=((0xFF01, b"\0"), (35, b"")),
    )
    body = build_client_hello(hello)
    without_block = len(body) - 11  # there it is a whole hello of the older form
    for cut in range(len(body)):
        if cut != without_block:
            with pytest.raises(Malformed):
                parse_client_hello(body[:cut])
    assert parse_client_hello(body[:without_block]).extensions is None


def test_trailing_byte() -> None:
    body = build_client_hello(PHONE_7962G.hello(RANDOM))
    for trailing in (b"\0", b"\0\0\0"):
        with pytest.raises(Malformed):
            parse_client_hello(body + trailing)


@given(st.binary(max_size=120))
def test_no_bytes_raise_anything_else(body: bytes) -> None:
    with contextlib.suppress(WireError):
        parse_client_hello(body)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_random_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"{size} bytes"):
        PHONE_7962G.build(bytes(size))
    with pytest.raises(ValueError, match=f"{size} bytes"):
        replace_random(PHONE_7962G.build(RANDOM), bytes(size))


NAME = ext.server_name("vpn.example.com")
GROUPS = ext.supported_groups((23,))
INFO = ext.renegotiation_info()
PLACE = (0, b"")


@pytest.mark.parametrize(
    ("given_extensions", "wants_name", "name", "sent"),
    [
        pytest.param(None, False, "vpn.example.com", None, id="phone-without-names"),
        pytest.param(None, True, "vpn.example.com", (NAME,), id="name-alone"),
        pytest.param((GROUPS,), True, "vpn.example.com", (NAME, GROUPS), id="name-first"),
        pytest.param((INFO, PLACE, GROUPS), True, "vpn.example.com", (INFO, NAME, GROUPS), id="name-in-its-place"),
        pytest.param((INFO, PLACE, GROUPS), True, "192.0.2.7", (INFO, GROUPS), id="address"),
        pytest.param((INFO, PLACE, GROUPS), False, "vpn.example.com", (INFO, GROUPS), id="place-not-wanted"),
        pytest.param((PLACE,), True, "2001:db8::7", None, id="place-alone-and-address"),
        pytest.param((), True, None, (), id="empty-block"),
        pytest.param(None, True, "[2001:db8::7]", None, id="address-in-brackets"),
    ],
)
def test_where_the_server_name_goes(
    given_extensions: tuple[ext.Extension, ...] | None,
    wants_name: bool,
    name: str | None,
    sent: tuple[ext.Extension, ...] | None,
) -> None:
    template = HelloTemplate(
        record_version=0x0301,
        client_version=0x0303,
        suites=(0x0035,),
        extensions=given_extensions,
        server_name=wants_name,
    )
    hello = template.hello(RANDOM, name)
    assert hello.extensions == sent
    assert parse_client_hello(template.build(RANDOM, name)[9:]) == hello


def test_only_the_random_changes() -> None:
    template = hello_template(0x0303, (0xC02F, 0x0035), groups=(23,), schemes=(0x0401,), server_name=True)
    other = bytes(reversed(RANDOM))
    built = template.build(RANDOM, "vpn.example.com", session_id=b"\x01" * 32)
    assert replace_random(built, other) == template.build(other, "vpn.example.com", session_id=b"\x01" * 32)


@pytest.mark.parametrize(
    ("version", "record_version", "expected"),
    [
        pytest.param(0x0300, None, 0x0300, id="ssl3"),
        pytest.param(0x0301, None, 0x0301, id="tls10"),
        pytest.param(0x0303, None, 0x0301, id="tls12"),
        pytest.param(0x0303, 0x0303, 0x0303, id="tls12-as-asked"),
    ],
)
def test_record_version(version: int, record_version: int | None, expected: int) -> None:
    built = hello_template(version, (0x0035,), record_version=record_version).build(RANDOM)
    assert built[1:3] == expected.to_bytes(2, "big")
    assert parse_client_hello(built[9:]) == ClientHello(version=version, random=RANDOM, suites=(0x0035,))


def test_a_tls13_hello() -> None:
    template = tls13_template((0x1301,), ((29, b"k" * 32),), groups=(29, 23), schemes=(0x0804,))
    hello = template.hello(RANDOM, session_id=b"s" * 32)
    assert hello.version == 0x0303
    assert [kind for kind, _ in hello.extensions or ()] == [10, 13, 43, 45, 51]
    assert hello.extension(43) == b"\x02\x03\x04"
    assert hello.extension(51) == b"\x00\x24\x00\x1d\x00\x20" + b"k" * 32
    assert hello.extension(0) is None


def test_wrap_splits_a_hello_that_no_record_can_hold() -> None:
    hello = ClientHello(version=0x0301, random=RANDOM, suites=tuple(range(0x4000)))
    wrapped = wrap_client_hello(hello, 0x0301)
    first = int.from_bytes(wrapped[3:5], "big")
    assert first == 16384
    assert wrapped[5 + first : 5 + first + 3] == b"\x16\x03\x01"
