import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnprobe.model.errors import LimitExceeded, Malformed
from vpnprobe.wire.tls.record import (
    MAX_FRAGMENT,
    Message,
    MessageReader,
    Record,
    RecordReader,
    build_message,
    build_records,
)

records = st.builds(Record, st.integers(20, 24), st.integers(0x0300, 0x03FF), st.binary(max_size=60))


def _read(reader: RecordReader, *parts: bytes) -> list[Record]:
    found = []
    for part in parts:
        reader.feed(part)
        while (record := reader.next_record()) is not None:
            found.append(record)
    return found


@given(st.lists(records, max_size=5), st.integers(1, 40))
def test_records_come_back_however_the_stream_is_cut(sent: list[Record], step: int) -> None:
    stream = b"".join(build_records(*record) for record in sent)
    reader = RecordReader()
    assert _read(reader, *(stream[at : at + step] for at in range(0, len(stream), step))) == sent
    assert reader.consumed == len(stream)
    assert reader.pending == b""


def test_bytes_on_the_wire() -> None:
    assert build_records(22, 0x0301, b"abc") == bytes.fromhex("16 0301 0003 616263")
    assert build_records(22, 0x0301, b"abc", fragment=2) == bytes.fromhex("16 0301 0002 6162 16 0301 0001 63")
    assert build_records(21, 0x0300, b"") == bytes.fromhex("15 0300 0000")


def test_a_payload_over_the_limit_is_split() -> None:
    reader = RecordReader()
    assert [len(record.fragment) for record in _read(reader, build_records(22, 0x0303, bytes(40_000)))] == [
        16384,
        16384,
        7232,
    ]


def test_an_unfinished_record_waits() -> None:
    reader = RecordReader()
    stream = build_records(22, 0x0301, b"abc")
    for at in range(len(stream)):
        fresh = RecordReader()
        fresh.feed(stream[:at])
        assert fresh.next_record() is None
        assert fresh.pending == stream[:at]
    assert _read(reader, stream, b"\x16\x03") == [Record(22, 0x0301, b"abc")]
    assert reader.pending == b"\x16\x03"


@pytest.mark.parametrize(
    ("stream", "offset", "field"),
    [
        pytest.param(b"H", 0, "record content type", id="first-byte-alone"),
        pytest.param(b"\x13\x03\x01\x00\x00", 0, "record content type", id="below-the-content-types"),
        pytest.param(b"\x19\x03\x01\x00\x00", 0, "record content type", id="above-the-content-types"),
        pytest.param(b"\x16\x02", 1, "record version", id="major-version"),
        pytest.param(b"\x16\x03\x01\x48\x01", 3, "record length", id="length"),
        pytest.param(b"\x16\x03\x01\x00\x01x\x00", 6, "record content type", id="second-record"),
    ],
)
def test_what_cannot_begin_a_record(stream: bytes, offset: int, field: str) -> None:
    reader = RecordReader()
    with pytest.raises(Malformed) as caught:
        _read(reader, stream)
    assert (caught.value.offset, caught.value.field) == (offset, field)


def test_the_longest_record_is_read() -> None:
    stream = build_records(22, 0x0301, bytes(MAX_FRAGMENT), fragment=MAX_FRAGMENT)
    assert [len(record.fragment) for record in _read(RecordReader(), stream)] == [MAX_FRAGMENT]


@given(st.lists(st.builds(Message, st.integers(0, 255), st.binary(max_size=60)), max_size=5), st.integers(1, 40))
def test_messages_come_back_however_they_are_fragmented(sent: list[Message], step: int) -> None:
    stream = b"".join(build_message(*message) for message in sent)
    reader = MessageReader(max_bytes=60)
    found = []
    for at in range(0, len(stream), step):
        reader.feed(stream[at : at + step])
        while (message := reader.next_message()) is not None:
            found.append(message)
    assert found == sent
    assert reader.pending == 0


def test_an_announced_length_over_the_cap_is_refused_before_it_is_read() -> None:
    reader = MessageReader(max_bytes=10)
    reader.feed(build_message(11, bytes(10)) + b"\x0b\x00\x00\x0b")
    assert reader.next_message() == Message(11, bytes(10))
    with pytest.raises(LimitExceeded) as caught:
        reader.next_message()
    assert (caught.value.what, caught.value.limit) == ("bytes in a handshake message", 10)
