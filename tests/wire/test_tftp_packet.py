"""TFTP datagrams, byte for byte as in RFC 1350 and 2347."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpnprobe.model.errors import LimitExceeded, Malformed, UsageError, WireError
from vpnprobe.wire.tftp.packet import (
    MAX_ERROR_TEXT,
    MAX_OACK_OPTIONS,
    MAX_REQUEST,
    Data,
    ErrorCode,
    OptionAck,
    ServerError,
    build_ack,
    build_error,
    build_read_request,
    is_error,
    parse_answer,
)


@pytest.mark.parametrize(
    ("name", "options", "datagram"),
    [
        pytest.param("ITLFile.tlv", {}, b"\0\1ITLFile.tlv\0octet\0", id="as-a-7962g-asks"),
        pytest.param(
            "a",
            {"blksize": "1428", "tsize": "0", "timeout": "1", "windowsize": "4"},
            b"\0\1a\0octet\0blksize\x001428\0tsize\x000\0timeout\x001\0windowsize\x004\0",
            id="every-option",
        ),
        pytest.param("é.xml", {}, b"\0\1\xc3\xa9.xml\0octet\0", id="not-ascii"),
    ],
)
def test_read_request(name: str, options: dict[str, str], datagram: bytes) -> None:
    assert build_read_request(name, options) == datagram


def test_the_longest_name_fills_the_request() -> None:
    longest = "x" * (MAX_REQUEST - len(b"\0\1\0octet\0"))
    assert len(build_read_request(longest, {})) == MAX_REQUEST
    with pytest.raises(UsageError, match="too long"):
        build_read_request(longest + "x", {})


@pytest.mark.parametrize("name", ["", "a\0b"], ids=["empty", "nul"])
def test_names_that_no_request_can_hold(name: str) -> None:
    with pytest.raises(UsageError, match="file name"):
        build_read_request(name, {})


@pytest.mark.parametrize("block", [0, 1, 255, 256, 65535])
def test_ack(block: int) -> None:
    assert build_ack(block) == b"\0\4" + block.to_bytes(2, "big")


@pytest.mark.parametrize("code", [code for code in ErrorCode if code is not ErrorCode.NOT_DEFINED])
def test_error(code: ErrorCode) -> None:
    datagram = build_error(code)
    assert datagram[:4] == b"\0\5\0" + bytes([code])
    assert datagram.index(b"\0", 4) == len(datagram) - 1
    assert is_error(datagram)


@pytest.mark.parametrize(
    ("datagram", "packet"),
    [
        pytest.param(b"\0\3\0\1abc", Data(1, b"abc"), id="data"),
        pytest.param(b"\0\3\xff\xff", Data(65535, b""), id="data-without-bytes"),
        pytest.param(b"\0\5\0\1File not found\0", ServerError(1, "File not found"), id="error"),
        pytest.param(b"\0\5\0\0", ServerError(0, ""), id="error-without-text"),
        pytest.param(b"\0\5\x12\x34no NUL", ServerError(0x1234, "no NUL"), id="error-unknown-code-without-nul"),
        pytest.param(b"\0\5\0\0a\0b\0", ServerError(0, "a"), id="error-text-ends-at-nul"),
        pytest.param(b"\0\5\0\0\x1b[31m\xc3\xa9\0", ServerError(0, "\x1b[31mé"), id="error-raw"),
        pytest.param(b"\0\5\0\0\xff\0", ServerError(0, "\\xff"), id="error-not-utf-8"),
        pytest.param(b"\0\5\0\0" + b"x" * 9999, ServerError(0, "x" * MAX_ERROR_TEXT), id="error-long"),
        pytest.param(b"\0\6", OptionAck(()), id="oack-empty"),
        pytest.param(
            b"\0\6BLKSIZE\x00512\0tSize\x009\0",
            OptionAck((("blksize", "512"), ("tsize", "9"))),
            id="oack-upper-case",
        ),
        pytest.param(b"\0\6a\0\0a\x001\0", OptionAck((("a", ""), ("a", "1"))), id="oack-empty-value-and-repeated"),
    ],
)
def test_answers(datagram: bytes, packet: Data | ServerError | OptionAck) -> None:
    assert parse_answer(datagram) == packet


@pytest.mark.parametrize(
    ("datagram", "field"),
    [
        pytest.param(b"", "datagram", id="empty"),
        pytest.param(b"\0", "datagram", id="one-byte"),
        pytest.param(b"\0\3", "datagram", id="data-header-of-two"),
        pytest.param(b"\0\3\0", "datagram", id="data-header-of-three"),
        pytest.param(b"\0\5\0", "datagram", id="error-header-of-three"),
        pytest.param(b"\0\1a\0octet\0", "opcode", id="rrq"),
        pytest.param(b"\0\4\0\1", "opcode", id="ack"),
        pytest.param(b"\xff\xff\0\1", "opcode", id="unknown-opcode"),
        pytest.param(b"\0\6blksize\x00512", "OACK", id="oack-without-last-nul"),
        pytest.param(b"\0\6blksize\0", "OACK", id="oack-without-value"),
        pytest.param(b"\0\6blk\xe9\x00512\0", "OACK", id="oack-not-ascii"),
    ],
)
def test_what_is_no_answer(datagram: bytes, field: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_answer(datagram)
    assert caught.value.field == field


def test_options_are_capped() -> None:
    assert len(_options(b"\0\6" + b"a\x001\0" * MAX_OACK_OPTIONS)) == MAX_OACK_OPTIONS
    with pytest.raises(LimitExceeded):
        parse_answer(b"\0\6" + b"a\x001\0" * (MAX_OACK_OPTIONS + 1))


def _options(datagram: bytes) -> tuple[tuple[str, str], ...]:
    packet = parse_answer(datagram)
    assert isinstance(packet, OptionAck)
    return packet.options


def test_the_servers_text_stays_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    parse_answer(b"\0\5\0\0secret\0")
    assert not caplog.records


@settings(deadline=None)
@given(st.binary(max_size=80) | st.builds(lambda op, rest: bytes([0, op]) + rest, st.integers(0, 8), st.binary()))
def test_any_bytes_parse_or_are_a_wire_error(datagram: bytes) -> None:
    try:
        packet = parse_answer(datagram)
    except WireError:
        return
    assert isinstance(packet, Data | ServerError | OptionAck)


def test_tftpy_is_imported_only_with_the_first_transfer() -> None:
    code = (
        "import sys, vpnprobe.transport.tftp\n"
        "assert 'tftpy' not in sys.modules\n"
        "from vpnprobe.wire.tftp import TftpDownload\n"
        "TftpDownload(('127.0.0.1', 69), 'a', timeout=1, deadline=1)\n"
        "assert 'tftpy' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
