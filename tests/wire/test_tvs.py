"""TVS messages. The first vectors are the dumps of Cisco document 213407, as far as they go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnprobe.model.errors import LimitExceeded, Malformed, WireError
from vpnprobe.wire.tvs import (
    MAX_ELEMENTS,
    MAX_ROLES,
    Command,
    Message,
    MessageReader,
    Reading,
    SignerName,
    Tag,
    build_message,
    build_query,
    build_verify,
    parse_message,
    read_answer,
)

DEVICE = "CP-8861-SEPB000B4BA0AEE"
SIGNER = SignerName(
    subject="CN=ucm11pub.stormin.local;OU=IST;O=Stormin;L=Brisbane;ST=QLD;C=AU",
    issuer="CN=stormin-WIN2012-CA",
    serial=bytes.fromhex("24000000179479B8F124AC3F3B000000000017"),
)
# What a phone sent: 153 bytes, of which the trace shows 50.
QUERY_START = bytes.fromhex(
    "57 01 03 00 00 00 03 e9 00 8f 01 00 18 01 43 50 2d 38 38 36 31 2d 53 45"
    "50 42 30 30 30 42 34 42 41 30 41 45 45 03 00 42 43 4e 3d 75 63 6d 31 31 70 75"
)
# What the service answered: 1480 bytes. The elements behind the certificate are known by the trace's own words (roles
# 0 and 3, `00 01 51 80`) and fill the announced length to the byte.
ANSWER_START = bytes.fromhex("57 01 04 f7 00 00 03 e9 05 be 07 00 01 00 02 05 ab 30 82 05 a7 30 82 04")
CERTIFICATE = bytes.fromhex("30 82 05 a7 30 82 04") + bytes(1451 - 7)
QUERY_ANSWER = ANSWER_START + bytes(1451 - 7) + bytes.fromhex("08 0002 0003 09 0004 00015180")
VERIFY_ANSWER = bytes.fromhex("57 01 02 00 00000001 000f 07 0001 00 08 0001 02 09 0004 00000e10")
REFUSAL = bytes.fromhex("57 01 02 00 00000001 0004 07 0001 01")
VERIFY_REQUEST = bytes.fromhex("57 01 01 00 00000001 0020 01 0018 01") + DEVICE.encode() + bytes.fromhex("02 0002 3000")

MESSAGES = {
    "query answer": (QUERY_ANSWER, Reading(status=0, roles=(0, 3), ttl_s=86400, certificate=CERTIFICATE)),
    "verify answer": (VERIFY_ANSWER, Reading(status=0, roles=(2,), ttl_s=3600)),
    "refusal": (REFUSAL, Reading(status=1)),
    "no elements": (bytes.fromhex("57 01 02 00 00000001 0000"), Reading()),
    "unknown element": (
        bytes.fromhex("57 01 02 00 00000001 0009 2a 0002 0102 07 0001 07"),
        Reading(status=7, unknown=(0x2A,)),
    ),
    "zero lengths": (
        bytes.fromhex("57 01 02 00 00000001 0006 08 0000 02 0000"),
        Reading(certificate=b""),
    ),
    "the first of two": (bytes.fromhex("57 01 02 00 00000001 0008 07 0001 00 07 0001 01"), Reading(status=0)),
}
each = pytest.mark.parametrize(("data", "reading"), MESSAGES.values(), ids=MESSAGES)


def test_a_query_is_what_a_phone_sends() -> None:
    query = build_query(SIGNER, device=DEVICE, session=0x3E9)
    assert query.startswith(QUERY_START)
    assert len(query) == 153


def test_a_question_about_a_certificate() -> None:
    assert build_verify(b"\x30\x00", device=DEVICE, session=1) == VERIFY_REQUEST


def test_requests_can_be_read() -> None:
    message = parse_message(build_query(SIGNER, device=DEVICE, session=0x3E9))
    assert message.command == Command.QUERY_REQUEST
    assert message.session == 1001
    assert message.value(Tag.SUBJECT) == SIGNER.subject.encode() + b"\x00"
    assert message.value(Tag.ISSUER) == SIGNER.issuer.encode() + b"\x00"
    assert message.value(Tag.SERIAL) == SIGNER.serial


def test_a_name_that_has_no_bytes_is_sent_all_the_same() -> None:
    query = build_query(SignerName(subject="\ud800", issuer="", serial=b""), device="\udfff", session=1)
    assert parse_message(query).value(Tag.SUBJECT) == b"?\x00"


@each
def test_whole(data: bytes, reading: Reading) -> None:
    message = MessageReader().feed(data)
    assert message == parse_message(data)
    assert message is not None
    assert read_answer(message) == reading


@each
def test_byte_by_byte(data: bytes, reading: Reading) -> None:
    reader = MessageReader()
    fed = [reader.feed(bytes((byte,))) for byte in data]
    assert fed[:-1] == [None] * (len(data) - 1)
    assert fed[-1] is not None
    assert read_answer(fed[-1]) == reading
    assert reader.received == len(data)


@each
def test_truncated_at_every_byte(data: bytes, reading: Reading) -> None:
    for at in range(len(data)):
        assert MessageReader().feed(data[:at]) is None
        with pytest.raises(Malformed):
            parse_message(data[:at])


@each
def test_what_follows_is_not_read(data: bytes, reading: Reading) -> None:
    assert MessageReader().feed(data + b"more") == parse_message(data)
    with pytest.raises(Malformed, match="4 trailing bytes"):
        parse_message(data + b"more")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"HTTP/1.1 400", "protocol at byte 0: 0x48 instead of 0x57"),
        (b"\x57\x02", "version at byte 1: 0x02 instead of 0x01"),
        (bytes.fromhex("57 01 02 00 00000001 0003 07 ffff"), "element at byte 13: 65535 bytes announced, 0 left"),
        (bytes.fromhex("57 01 02 00 00000001 0001 07"), "element length at byte 11: 2 bytes announced, 0 left"),
    ],
    ids=["another protocol", "another version", "too long an element", "half an element"],
)
def test_broken(data: bytes, text: str) -> None:
    with pytest.raises(Malformed) as caught:
        MessageReader().feed(data)
    assert str(caught.value) == text


def test_many_elements() -> None:
    def message(count: int) -> Message:
        return Message(command=2, session=1, elements=((9, b""),) * count)

    assert len(parse_message(build_message(message(MAX_ELEMENTS))).elements) == MAX_ELEMENTS
    with pytest.raises(LimitExceeded, match=f"more than {MAX_ELEMENTS} elements"):
        MessageReader().feed(build_message(message(MAX_ELEMENTS + 1)))


def test_many_roles() -> None:
    def message(count: int) -> Message:
        return Message(command=2, session=1, elements=((Tag.ROLES, bytes(count)),))

    assert len(read_answer(message(MAX_ROLES)).roles) == MAX_ROLES
    with pytest.raises(LimitExceeded, match=f"more than {MAX_ROLES} roles"):
        read_answer(message(MAX_ROLES + 1))


def test_a_question_that_has_no_room() -> None:
    with pytest.raises(LimitExceeded, match="more than 65535 bytes of elements"):
        build_verify(bytes(70_000), device=DEVICE, session=1)


@pytest.mark.parametrize("tag", [Tag.STATUS, Tag.TTL])
def test_a_number_of_another_size(tag: Tag) -> None:
    with pytest.raises(Malformed, match=f"{tag.name.lower()} at byte 0: 3 bytes instead of"):
        read_answer(Message(command=2, session=1, elements=((tag, b"abc"),)))


@given(st.binary(max_size=200))
def test_anything(data: bytes) -> None:
    for start in (b"", QUERY_ANSWER[:10], REFUSAL[:8]):
        try:
            message = MessageReader().feed(start + data)
        except WireError:
            continue
        if message is not None:
            try:
                read_answer(message)
            except WireError:
                continue


@given(
    st.integers(0, 255),
    st.integers(0, 0xFFFFFFFF),
    st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=300)), max_size=MAX_ELEMENTS),
)
def test_round_trip(command: int, session: int, elements: list[tuple[int, bytes]]) -> None:
    message = Message(command=command, session=session, elements=tuple(elements))
    assert parse_message(build_message(message)) == message
