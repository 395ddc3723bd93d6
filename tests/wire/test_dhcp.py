"""DHCP messages by hand, and by scapy as the other end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.dhcp import BOOTP, DHCP

from vpnprobe.model.errors import LimitExceeded, Malformed, WireError
from vpnprobe.wire.dhcp import MAX_ADDRESSES, MAX_TEXT, DhcpReply, MessageType, build_inform, parse_reply

XID = 0x56504E31
MAC = bytes.fromhex("8cb64f576113")
COOKIE = bytes.fromhex("63825363")
ACK = bytes.fromhex("350105")


def reply(options: bytes, *, file: bytes = b"", sname: bytes = b"", op: int = 2, hlen: int = 6) -> bytes:
    header = bytes((op, 1, hlen, 0)) + XID.to_bytes(4, "big") + bytes(20) + MAC.ljust(16, b"\0")
    return header + sname.ljust(64, b"\0") + file.ljust(128, b"\0") + COOKIE + options


def option(code: int, value: bytes) -> bytes:
    return bytes((code, len(value))) + value


def parsed(options: bytes, *, file: bytes = b"", sname: bytes = b"") -> DhcpReply:
    return parse_reply(reply(options, file=file, sname=sname))


# What we send.


def test_an_inform_byte_for_byte() -> None:
    expected = (
        "01010600 56504e31 00000000 c0000207 00000000 00000000 00000000"
        "8cb64f576113 00000000000000000000" + "00" * 192 + "63825363 350108 3704 9642060f ff"
    )
    assert build_inform(XID, "192.0.2.7", MAC) == bytes.fromhex(expected).ljust(300, b"\0")


def test_scapy_reads_our_inform() -> None:
    message = BOOTP(build_inform(XID, "192.0.2.7", MAC))
    assert (message.op, message.htype, message.hlen, message.xid) == (1, 1, 6, XID)
    assert (message.ciaddr, message.yiaddr, message.chaddr[:6]) == ("192.0.2.7", "0.0.0.0", MAC)
    options = [one for one in message[DHCP].options if isinstance(one, tuple)]
    assert options == [("message-type", MessageType.INFORM), ("param_req_list", [150, 66, 6, 15])]


# What comes back.


def test_every_option() -> None:
    answer = parsed(
        ACK
        + option(54, bytes((192, 0, 2, 1)))
        + option(150, bytes((192, 0, 2, 5, 192, 0, 2, 6)))
        + option(66, b"tftp.example.test\0")
        + option(6, bytes((192, 0, 2, 53)))
        + option(15, b"example.test")
        + b"\xff"
    )
    assert answer == DhcpReply(
        transaction_id=XID,
        hardware_address=MAC,
        message_type=MessageType.ACK,
        server="192.0.2.1",
        tftp_addresses=("192.0.2.5", "192.0.2.6"),
        tftp_name="tftp.example.test",
        dns_servers=("192.0.2.53",),
        domain="example.test",
    )


def test_scapy_answers() -> None:
    message = BOOTP(op=2, xid=XID, chaddr=MAC) / DHCP(
        options=[("message-type", "ack"), ("server_id", "192.0.2.1"), ("tftp_server_name", b"192.0.2.5"), "end"]
    )
    answer = parse_reply(bytes(message))
    assert (answer.transaction_id, answer.message_type) == (XID, MessageType.ACK)
    assert (answer.server, answer.tftp_name, answer.tftp_addresses) == ("192.0.2.1", "192.0.2.5", ())


@pytest.mark.parametrize(
    ("options", "name"),
    [
        pytest.param(b"\0\0" + option(66, b"a") + b"\xff", "a", id="pads-before"),
        pytest.param(option(66, b"a"), "a", id="no-end-mark"),
        pytest.param(b"\xff" + option(66, b"a"), None, id="behind-the-end-mark"),
        pytest.param(option(66, b"") + b"\xff", None, id="empty"),
        pytest.param(option(66, b"\0\0") + b"\xff", None, id="only-nul"),
        pytest.param(option(66, b"a") + option(12, b"-") + option(66, b"b"), "ab", id="in-parts"),
        pytest.param(option(66, b"\x1b[2J\xff"), "\x1b[2J\\xff", id="raw"),
        pytest.param(b"", None, id="no-options"),
    ],
)
def test_names(options: bytes, name: str | None) -> None:
    assert parsed(options).tftp_name == name


@pytest.mark.parametrize(
    ("overload", "name"), [(1, "main-file"), (2, "main-sname"), (3, "main-file-sname"), (0, "main")], ids=str
)
def test_overloaded_fields_are_joined_in_order(overload: int, name: str) -> None:
    """RFC 3396 section 5: first the options field, then file, then sname."""
    answer = parsed(
        option(66, b"main") + option(52, bytes((overload,))) + b"\xff",
        file=option(66, b"-file") + b"\xff",
        sname=option(66, b"-sname") + b"\xff",
    )
    assert answer.tftp_name == name


def test_a_list_that_is_split_within_an_address() -> None:
    answer = parsed(option(150, bytes((192, 0))) + option(150, bytes((2, 5))))
    assert answer.tftp_addresses == ("192.0.2.5",)


@pytest.mark.parametrize(
    ("datagram", "field"),
    [
        pytest.param(reply(b"", op=1), "op", id="a-request"),
        pytest.param(reply(b"", hlen=17), "hlen", id="hardware-address-too-long"),
        pytest.param(reply(b"").replace(COOKIE, b"BOOT"), "magic cookie", id="bootp"),
        pytest.param(reply(option(53, b"")), "option 53", id="no-message-type"),
        pytest.param(reply(option(53, b"\5\5")), "option 53", id="two-message-types"),
        pytest.param(reply(option(150, bytes(5))), "option 150", id="five-bytes-of-addresses"),
        pytest.param(reply(option(54, bytes(3))), "option 54", id="three-bytes-of-address"),
        pytest.param(reply(option(52, b"\4")), "option 52", id="no-overload"),
        pytest.param(reply(b"\x42\x05abc"), "option 66", id="option-cut"),
        pytest.param(reply(b"\x42"), "option 66 length", id="length-missing"),
        pytest.param(reply(option(52, b"\1"), file=b"\x42\xff"), "option 66", id="overloaded-option-cut"),
    ],
)
def test_malformed(datagram: bytes, field: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_reply(datagram)
    assert caught.value.field == field


def test_a_header_cut_at_any_byte_is_malformed() -> None:
    whole = reply(b"")
    for end in range(len(whole)):
        with pytest.raises(Malformed):
            parse_reply(whole[:end])


def test_caps() -> None:
    most = option(150, bytes(4 * MAX_ADDRESSES))
    assert len(parsed(most).tftp_addresses) == MAX_ADDRESSES
    assert parsed(option(66, b"x" * MAX_TEXT)).tftp_name == "x" * MAX_TEXT
    with pytest.raises(LimitExceeded):
        parsed(most + option(150, bytes(4)))
    with pytest.raises(LimitExceeded):
        parsed(option(66, b"x" * MAX_TEXT) + option(66, b"x"))


@settings(deadline=None)
@given(st.binary(max_size=300).map(reply) | st.binary(max_size=300), st.integers(0, 300))
def test_any_bytes_parse_or_are_a_wire_error(datagram: bytes, cut: int) -> None:
    for candidate in (datagram, datagram[:cut]):
        try:
            answer = parse_reply(candidate)
        except WireError:
            continue
        assert len(answer.tftp_addresses) <= MAX_ADDRESSES
