from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import certificates as make
from vpnprobe.model.errors import LimitExceeded, Malformed, WireError
from vpnprobe.pki import der


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65535, 65536])
def test_lengths(size: int) -> None:
    data = make.tlv(0x04, bytes(size))
    element = der.read_element(data + b"more", "test")
    assert (element.tag, element.body, element.raw, element.offset) == (0x04, bytes(size), data, 0)


def test_a_length_need_not_be_minimal() -> None:
    assert der.read_element(bytes.fromhex("0483000001ff"), "test").body == b"\xff"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param("", "ends before the length", id="nothing"),
        pytest.param("30", "ends before the length", id="tag only"),
        pytest.param("3005aabb", "5 bytes announced, 2 left", id="short"),
        pytest.param("3082ff", "ends within the length", id="short length"),
        pytest.param("3080aabb0000", "length of 0 octets", id="indefinite"),
        pytest.param("30850000000000", "length of 5 octets", id="long length"),
        pytest.param("1f8101", "tag number above 30", id="high tag"),
    ],
)
def test_malformed_elements(data: str, reason: str) -> None:
    with pytest.raises(Malformed, match=reason) as caught:
        der.read_element(bytes.fromhex(data), "thing")
    assert caught.value.field == "thing"


def test_children() -> None:
    first, second = der.read_sequence(make.sequence(make.integer(5), make.tlv(0x05)), "test")
    assert (first.tag, first.offset, second.tag, second.offset) == (0x02, 0, 0x05, 3)
    assert der.read_sequence(make.sequence(), "test") == ()


def test_a_sequence_must_be_alone_and_a_sequence() -> None:
    with pytest.raises(Malformed, match="2 trailing bytes"):
        der.read_sequence(make.sequence() + b"\x05\x00", "test")
    with pytest.raises(Malformed, match="tag 0x31 where 0x30 belongs"):
        der.read_sequence(make.tlv(0x31), "test")


def test_children_are_counted() -> None:
    assert len(der.read_children(make.tlv(0x05) * der.MAX_CHILDREN, "test")) == der.MAX_CHILDREN
    with pytest.raises(LimitExceeded):
        der.read_children(make.tlv(0x05) * (der.MAX_CHILDREN + 1), "test")


@pytest.mark.parametrize("dotted", ["0.9.2342.19200300.100.1.25", "1.2.840.113549.1.1.5", "2.5.4.3", "2.999.3"])
def test_object_identifiers(dotted: str) -> None:
    assert der.read_oid(der.read_element(make.oid(dotted), "oid"), "oid") == dotted


@pytest.mark.parametrize("data", ["0600", "060181", "0641" + "01" * 65, "050100"])
def test_broken_object_identifiers(data: str) -> None:
    with pytest.raises(Malformed):
        der.read_oid(der.read_element(bytes.fromhex(data), "oid"), "oid")


@pytest.mark.parametrize("value", [0, 1, -1, 127, 128, 2**31 - 1, -(2**31)])
def test_small_integers(value: int) -> None:
    assert der.read_small_integer(der.read_element(make.integer(value), "n"), "n") == value


@pytest.mark.parametrize("octets", [b"", bytes(5)])
def test_integers_that_are_not_small(octets: bytes) -> None:
    with pytest.raises(Malformed):
        der.read_small_integer(der.read_element(make.integer(octets), "n"), "n")


@pytest.mark.parametrize("body", [b"", b"\x08\xff"])
def test_broken_bit_strings(body: bytes) -> None:
    with pytest.raises(Malformed):
        der.read_bit_string(der.read_element(make.tlv(0x03, body), "bits"), "bits")


@pytest.mark.parametrize(
    ("tag", "body", "text"),
    [
        pytest.param(make.UTF8, "grün".encode(), "grün", id="UTF8String"),
        pytest.param(make.UTF8, b"a\xff", "a\ufffd", id="broken UTF-8"),
        pytest.param(make.PRINTABLE, b"gw", "gw", id="PrintableString"),
        pytest.param(make.TELETEX, b"gr\xfcn", "grün", id="TeletexString"),
        pytest.param(make.BMP, "grün".encode("utf-16-be"), "grün", id="BMPString"),
        pytest.param(make.BMP, b"\xd8\x00\x00a", "\ufffda", id="BMPString with half a pair"),
        pytest.param(make.BMP, b"\x00aX", "a\ufffd", id="BMPString of odd length"),
        pytest.param(make.UNIVERSAL, "grün".encode("utf-32-be"), "grün", id="UniversalString"),
        pytest.param(0x04, b"gw", None, id="OCTET STRING"),
    ],
)
def test_texts(tag: int, body: bytes, text: str | None) -> None:
    assert der.read_text(der.read_element(make.tlv(tag, body), "text")) == text


@pytest.mark.parametrize(
    ("tag", "text", "moment"),
    [
        (0x17, "240131235959Z", datetime(2024, 1, 31, 23, 59, 59, tzinfo=UTC)),
        (0x17, "491231235959Z", datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (0x17, "500101000000Z", datetime(1950, 1, 1, tzinfo=UTC)),
        (0x17, "2401312359Z", datetime(2024, 1, 31, 23, 59, tzinfo=UTC)),
        (0x17, "240131235959+0130", datetime(2024, 1, 31, 22, 29, 59, tzinfo=UTC)),
        (0x18, "20501231000000Z", datetime(2050, 12, 31, tzinfo=UTC)),
        (0x18, "99991231235959Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (0x18, "20240131000000.5Z", datetime(2024, 1, 31, tzinfo=UTC)),
        (0x18, "20240131000000-0200", datetime(2024, 1, 31, 2, tzinfo=UTC)),
        (0x18, "00000101000000Z", None),
        (0x18, "20240230000000Z", None),
        (0x18, "99991231235959-0200", None),
        (0x18, "240131235959Z", None),
        (0x17, "20240131000000Z", None),
        (0x17, "240131235959", None),
        (0x17, "24013123\u0665959Z", None),
        (0x04, "240131235959Z", None),
    ],
)
def test_times(tag: int, text: str, moment: datetime | None) -> None:
    assert der.read_time(der.read_element(make.tlv(tag, text.encode()), "time")) == moment


@given(st.binary(max_size=200))
def test_any_bytes_give_elements_or_a_wire_error(data: bytes) -> None:
    try:
        elements = der.read_children(data, "test")
    except WireError:
        return
    assert b"".join(element.raw for element in elements) == data
    for element in elements:
        der.read_text(element)
        der.read_time(element)


@given(st.binary(max_size=20))
def test_any_bytes_as_a_time(data: bytes) -> None:
    for tag in (0x17, 0x18):
        moment = der.read_time(der.read_element(make.tlv(tag, data), "time"))
        assert moment is None or moment.tzinfo is UTC
