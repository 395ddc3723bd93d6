from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import certificates as make
from vpnprobe.model.errors import LimitExceeded, WireError
from vpnprobe.pki import names

ASA = [("CN", "10.198.16.140", make.UTF8), ("unstructuredName", "10.198.16.140", make.IA5)]


@pytest.mark.parametrize(
    ("attributes", "rfc4514", "oneline"),
    [
        pytest.param(
            ASA,
            "unstructuredName=10.198.16.140,CN=10.198.16.140",
            "/CN=10.198.16.140/unstructuredName=10.198.16.140",
            id="as in the phone's log",
        ),
        pytest.param([], "", "", id="empty"),
        pytest.param(
            [("CN", 'a,b+c"d\\e<f>g;h')],
            'CN=a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h',
            '/CN=a,b+c"d\\e<f>g;h',
            id="special",
        ),
        pytest.param([("CN", "# x ")], "CN=\\# x\\ ", "/CN=# x ", id="ends"),
        pytest.param([("CN", " ")], "CN=\\ ", "/CN= ", id="one blank"),
        pytest.param([("CN", "a\nb\x7f\0")], "CN=a\\0Ab\\7F\\00", "/CN=a\\x0Ab\\x7F\\x00", id="control characters"),
        pytest.param([("CN", "grün")], "CN=grün", "/CN=gr\\xC3\\xBCn", id="UTF-8"),
        pytest.param([("CN", "gw", make.BMP)], "CN=gw", "/CN=\\x00g\\x00w", id="BMPString"),
        pytest.param([("1.2.3.4", "gw")], "1.2.3.4=#0c026777", "/1.2.3.4=gw", id="unknown attribute"),
        pytest.param([("CN", b"\x01", 0x03)], "CN=#030101", "/CN=\\x01", id="no string"),
    ],
)
def test_texts(attributes: list[make.Attribute], rfc4514: str, oneline: str) -> None:
    name = names.parse_name(make.name(attributes))
    assert names.format_rfc4514(name) == rfc4514
    assert names.format_oneline(name) == oneline
    assert names.describe_name(make.name(attributes)) == rfc4514


def multi_valued(*attributes: bytes) -> bytes:
    return make.sequence(make.tlv(0x31, *attributes))


def attribute(oid: str, text: str, tag: int = make.UTF8) -> bytes:
    return make.sequence(make.oid(oid), make.tlv(tag, text.encode()))


def test_several_attributes_in_one_part() -> None:
    name = names.parse_name(multi_valued(attribute("2.5.4.3", "gw"), attribute("2.5.4.5", "7")))
    assert names.format_rfc4514(name) == "CN=gw+serialNumber=7"
    assert names.format_oneline(name) == "/CN=gw/serialNumber=7"


def test_common_names_keep_their_order() -> None:
    name = names.parse_name(make.name([("CN", "one"), ("O", "x"), ("CN", "two"), ("CN", b"\x01", 0x03)]))
    assert names.common_names(name) == ("one", "two")


def test_long_texts_are_cut() -> None:
    name = names.parse_name(make.name([("CN", "x" * 5000)]))
    for text in (names.format_rfc4514(name), names.format_oneline(name), *names.common_names(name)):
        assert len(text) == names.MAX_NAME_TEXT + 1
        assert text.endswith(names.CUT)


def test_attributes_are_counted() -> None:
    assert len(names.parse_name(make.name([("CN", "x")] * names.MAX_ATTRIBUTES))) == names.MAX_ATTRIBUTES
    with pytest.raises(LimitExceeded):
        names.parse_name(make.name([("CN", "x")] * (names.MAX_ATTRIBUTES + 1)))


@pytest.mark.parametrize(
    ("der", "text"),
    [
        pytest.param(b"", "#", id="empty"),
        pytest.param(b"\x30\x03abc", "#3003616263", id="short"),
        pytest.param(make.name(ASA) + b"\0", f"#{make.name(ASA)[:32].hex()}…", id="trailing byte"),
    ],
)
def test_a_name_that_cannot_be_read_is_shown_in_hex(der: bytes, text: str) -> None:
    assert names.describe_name(der) == text


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        pytest.param([("CN", "gw")], [("CN", "gw", make.PRINTABLE)], True, id="string type"),
        pytest.param([("CN", "My  Root CA")], [("CN", "my root ca")], True, id="case and blanks"),
        pytest.param([("CN", "a"), ("O", "b")], [("O", "b"), ("CN", "a")], False, id="order"),
        pytest.param([("CN", "a")], [("O", "a")], False, id="attribute"),
        pytest.param([("CN", "a")], [("CN", "b")], False, id="text"),
    ],
)
def test_equal_names(one: list[make.Attribute], other: list[make.Attribute], equal: bool) -> None:
    assert (names.name_key(make.name(one)) == names.name_key(make.name(other))) is equal


def test_order_within_one_part_does_not_count() -> None:
    first, second = attribute("2.5.4.3", "gw"), attribute("2.5.4.5", "7")
    assert names.name_key(multi_valued(first, second)) == names.name_key(multi_valued(second, first))


def test_unreadable_names_equal_only_themselves() -> None:
    assert names.name_key(b"\x30\x01") == names.name_key(b"\x30\x01") != names.name_key(b"\x30\x02")


@given(
    st.binary(max_size=120) | st.builds(make.name, st.lists(st.tuples(st.just("CN"), st.binary(), st.integers(1, 30))))
)
def test_any_bytes(der: bytes) -> None:
    names.describe_name(der).encode()
    hash(names.name_key(der))
    try:
        name = names.parse_name(der)
    except WireError:
        return
    assert names.format_oneline(name).isascii() or names.CUT in names.format_oneline(name)
