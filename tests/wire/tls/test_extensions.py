import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnprobe.model.errors import Malformed, WireError
from vpnprobe.wire.reader import Reader
from vpnprobe.wire.tls import extensions as ext
from vpnprobe.wire.tls.extensions import Extension

READERS: list[Callable[[bytes], object]] = [
    ext.read_server_name,
    ext.read_groups,
    ext.read_point_formats,
    ext.read_signature_algorithms,
    ext.read_supported_versions,
    ext.read_selected_version,
    ext.read_selected_group,
]


@pytest.mark.parametrize(
    ("extension", "kind", "body"),
    [
        pytest.param(ext.server_name("vpn.example.com"), 0, "0012 00 000f 76706e2e6578616d706c652e636f6d", id="name"),
        pytest.param(ext.supported_groups((23, 24)), 10, "0004 0017 0018", id="groups"),
        pytest.param(ext.ec_point_formats(), 11, "01 00", id="point-formats"),
        pytest.param(ext.signature_algorithms((0x0401, 0x0201)), 13, "0004 0401 0201", id="schemes"),
        pytest.param(ext.supported_versions((0x0304, 0x0303)), 43, "04 0304 0303", id="versions"),
        pytest.param(ext.key_share(((29, b"\1\2"), (23, b""))), 51, "000a 001d 0002 0102 0017 0000", id="key-share"),
        pytest.param(ext.key_share(()), 51, "0000", id="no-key-share"),
        pytest.param(ext.psk_key_exchange_modes(), 45, "01 01", id="psk-modes"),
        pytest.param(ext.status_request(), 5, "01 0000 0000", id="status-request"),
        pytest.param(ext.renegotiation_info(), 0xFF01, "00", id="renegotiation"),
        pytest.param(ext.session_ticket(b"t"), 35, "74", id="ticket"),
        pytest.param(ext.extended_master_secret(), 23, "", id="extended-master-secret"),
        pytest.param(ext.encrypt_then_mac(), 22, "", id="encrypt-then-mac"),
    ],
)
def test_bytes_on_the_wire(extension: Extension, kind: int, body: str) -> None:
    assert extension == (kind, bytes.fromhex(body))


@given(st.lists(st.integers(0, 0xFFFF), max_size=20).map(tuple))
def test_lists_come_back(values: tuple[int, ...]) -> None:
    assert ext.read_groups(ext.supported_groups(values)[1]) == values
    assert ext.read_signature_algorithms(ext.signature_algorithms(values)[1]) == values
    assert ext.read_supported_versions(ext.supported_versions(values)[1]) == values


def test_point_formats_come_back() -> None:
    assert ext.read_point_formats(ext.ec_point_formats((0, 1, 2))[1]) == (0, 1, 2)


def test_a_name_comes_back() -> None:
    assert ext.read_server_name(ext.server_name("vpn.example.com")[1]) == "vpn.example.com"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        pytest.param("0000", None, id="empty-list"),
        pytest.param("0004 07 0001 78", None, id="other-type"),
        pytest.param("0008 07 0001 78 00 0001 79", "y", id="second-entry"),
        pytest.param("0005 00 0002 78ff", "x\\xff", id="not-ascii"),
    ],
)
def test_odd_names(body: str, name: str | None) -> None:
    assert ext.read_server_name(bytes.fromhex(body)) == name


def test_a_name_must_be_ascii() -> None:
    with pytest.raises(UnicodeEncodeError):
        ext.server_name("vpn.exämple.com")


@pytest.mark.parametrize(
    ("read", "body", "field"),
    [
        pytest.param(ext.read_groups, "0004 0017", "named_group_list", id="short"),
        pytest.param(ext.read_groups, "0002 0017 00", "named_group_list", id="trailing"),
        pytest.param(ext.read_groups, "0003 001700", "named_group_list", id="half-a-value"),
        pytest.param(ext.read_selected_version, "03", "selected_version", id="half-a-version"),
        pytest.param(ext.read_selected_version, "030400", "selected_version", id="version-trailing"),
        pytest.param(ext.read_selected_group, "00", "key_share group", id="half-a-group"),
        pytest.param(ext.read_server_name, "0004 00 0009 78", "host_name", id="name"),
    ],
)
def test_malformed(read: Callable[[bytes], object], body: str, field: str) -> None:
    with pytest.raises(Malformed) as caught:
        read(bytes.fromhex(body))
    assert caught.value.field == field


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@given(st.binary(max_size=40))
def test_no_bytes_raise_anything_else(read: Callable[[bytes], object], body: bytes) -> None:
    with contextlib.suppress(WireError):
        read(body)


def test_a_block_that_is_absent_is_not_an_empty_one() -> None:
    assert ext.read_extensions(Reader(b"")) is None
    assert ext.read_extensions(Reader(b"\0\0")) == ()


def test_find_extension_takes_the_first() -> None:
    assert ext.find_extension(((5, b"a"), (5, b"b")), 5) == b"a"
    assert ext.find_extension(((5, b"a"),), 6) is None
    assert ext.find_extension(None, 5) is None
