from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import certificates as make
from vpnprobe.model.errors import WireError
from vpnprobe.pki.extensions import Extensions, read_extensions

SAN, CONSTRAINTS, KEY_USAGE, PURPOSES = "2.5.29.17", "2.5.29.19", "2.5.29.15", "2.5.29.37"


def read(*extensions: bytes) -> Extensions:
    return read_extensions(make.sequence(*extensions))


def test_no_extensions() -> None:
    assert read_extensions(None) == read() == Extensions()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param([], Extensions(dns_names=()), id="empty list"),
        pytest.param([make.tlv(0x82, b"a\0b.example")], Extensions(dns_names=("a\0b.example",)), id="NUL inside"),
        pytest.param([make.tlv(0x82, b"\xe4.example")], Extensions(dns_names=("\\xe4.example",)), id="no ASCII"),
        pytest.param([make.tlv(0x82, b"x" * 300)], Extensions(dns_names=("x" * 255,)), id="long name"),
        pytest.param(
            [make.tlv(0x87, bytes([192, 0, 2, 1])), make.tlv(0x87, bytes(15))],
            Extensions(dns_names=(), ip_addresses=("192.0.2.1",), other_names=1),
            id="address of 15 octets",
        ),
        pytest.param(
            [make.tlv(0xA4, make.name([("CN", "x")])), make.tlv(0x86, b"sip:x")],
            Extensions(dns_names=(), other_names=2),
            id="other kinds",
        ),
    ],
)
def test_alternative_names(names: list[bytes], expected: Extensions) -> None:
    assert read(make.extension(SAN, make.sequence(*names))) == expected


@pytest.mark.parametrize(
    ("fields", "is_ca", "path_length"),
    [
        pytest.param([], False, None, id="empty"),
        pytest.param([make.tlv(0x01, b"\xff")], True, None, id="authority"),
        pytest.param([make.tlv(0x01, b"\x01")], True, None, id="true in BER"),
        pytest.param([make.tlv(0x01, b"\x00")], False, None, id="false"),
        pytest.param([make.tlv(0x01, b"\xff"), make.integer(0)], True, 0, id="path length"),
    ],
)
def test_basic_constraints(fields: list[bytes], is_ca: bool, path_length: int | None) -> None:
    extensions = read(make.extension(CONSTRAINTS, make.sequence(*fields), critical=True))
    assert (extensions.is_ca, extensions.path_length) == (is_ca, path_length)


@pytest.mark.parametrize("oid", [SAN, CONSTRAINTS, KEY_USAGE])
@pytest.mark.parametrize("value", [b"", b"\x30", b"\x05\x00", b"\x30\x00\x00", b"\x03\x00"])
def test_a_broken_extension_costs_only_itself(oid: str, value: bytes) -> None:
    extensions = read(make.extension(oid, value), make.extension(PURPOSES, make.sequence(make.oid("1.2.3"))))
    assert extensions == Extensions(extended_key_usage=("1.2.3",), unreadable=[oid])


def test_the_first_of_two_counts() -> None:
    extensions = read(
        make.extension(KEY_USAGE, make.tlv(0x03, b"\x07\x80")), make.extension(KEY_USAGE, make.tlv(0x03, b"\x05\x20"))
    )
    assert extensions.key_usage == ("digitalSignature",)
    assert extensions.duplicate == [KEY_USAGE]


@pytest.mark.parametrize("body", [b"", b"\x31\x00", make.sequence(make.sequence()), make.sequence(make.integer(1))])
def test_a_broken_list(body: bytes) -> None:
    with pytest.raises(WireError):
        read_extensions(body)


@given(st.sampled_from([SAN, CONSTRAINTS, KEY_USAGE, PURPOSES, "1.2.3"]), st.binary(max_size=60))
def test_any_value(oid: str, value: bytes) -> None:
    extensions = read(make.extension(oid, value))
    assert extensions.unreadable in ([], [oid])
