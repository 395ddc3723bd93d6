"""Signed files. The corpus is written by hand from the format; the builder has no part in it."""

from __future__ import annotations

from functools import partial

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpnprobe.model.errors import LimitExceeded, Malformed, WireError
from vpnprobe.wire.sgn import (
    SignedHeader,
    SignedKind,
    build_signed_header,
    file_name_matches,
    is_signed_file,
    parse_signed_header,
    signed_content,
    split_signature,
    strip,
)
from vpnprobe.wire.sgn_encryption import EncryptionValues
from vpnprobe.wire.sgn_items import MAX_NAME_BYTES, MAX_UNKNOWN_TAGS
from vpnprobe.wire.trust_records import MAX_RECORDS

_SIGNER = (
    "03 002b"  # container of the three items that follow
    "04 000f 434e3d6375636d313b4f3d4c616200"  # "CN=cucm1;O=Lab"
    "06 000f 434e3d526f6f74303b4f3d4c616200"  # "CN=Root0;O=Lab"
    "05 0004 6b8f01c2"
)
_SIGNATURE_START = "07 000f 08 0001 01 09 0008 0a 0001 00 0b 0001 00"
_SIGNATURE = "0c 0040" + "5a" * 64
_TIMESTAMP = "0f 0004 5f3c2a10"

SIGNED = bytes.fromhex(
    "01 0002 0100"
    "02 0002 00b4"
    + _SIGNER
    + _SIGNATURE_START
    + _SIGNATURE
    + "0e 001c 534550384342363446353736313133 2e636e662e786d6c 2e73676e 00"
    + _TIMESTAMP
    + "0d"
    + "3c6465766963652f3e0a"  # "<device/>\n"
)
ENCRYPTED = bytes.fromhex(
    "01 0002 0200"
    "02 0002 0148"
    + _SIGNER
    + _SIGNATURE_START
    + _SIGNATURE
    + "0e 0020 534550384342363446353736313133 2e636e662e786d6c 2e656e63 2e73676e 00"
    + _TIMESTAMP
    + "10 008d"
    + "11 001c 12 0001 00 13 0010"
    + "a1" * 16
    + "14 0002 000b"
    + "15 0050 16 0001 00 17 0002 0080 18 0001 01 19 0040"
    + "c3" * 64
    + "1a 0001 01 1b 0014"
    + "e5" * 20
    + "0d"
    + "010002ff"  # ciphertext may look like anything
)
TRUST_LIST = bytes.fromhex(
    "01 0002 0102"
    "02 0002 00b4"
    "1c 0002 0101"
    + _SIGNER
    + "07 000f 08 0001 03 09 0008 0a 0001 00 0b 0001 00"
    + _SIGNATURE
    + "0e 0017 49544c 534550384342363446353736313133 2e746c76 00"
    + _TIMESTAMP
    + "0d"
    + "01 0002 000a 04 0002 0002"
    + "01 0002 0013 02 0006 6375636d3100 04 0002 0015"
)

_COMMON = {
    "signer_name": "CN=cucm1;O=Lab",
    "signer_issuer": "CN=Root0;O=Lab",
    "signer_serial": "6b8f01c2",
    "hash_algorithm": 1,
    "signature_algorithm": 0,
    "key_bits": 512,
    "signature_offset": 74,
    "signature_length": 64,
    "timestamp": 0x5F3C2A10,
    "unknown": (),
}


def facts(header: SignedHeader) -> dict[str, object]:
    return {name: getattr(header, name) for name in _COMMON}


def test_a_signed_configuration() -> None:
    header = parse_signed_header(SIGNED)
    assert facts(header) == _COMMON
    assert (header.kind, header.version, header.header_length) == (SignedKind.SIGNED, "1.0", 180)
    assert header.file_name == "SEP8CB64F576113.cnf.xml.sgn"
    assert (header.signer_version, header.encryption, header.records) == (None, None, None)
    assert strip(SIGNED) == b"<device/>\n"


def test_an_encrypted_configuration() -> None:
    header = parse_signed_header(ENCRYPTED)
    assert facts(header) == _COMMON
    assert (header.kind, header.version, header.header_length) == (SignedKind.ENCRYPTED, "2.0", 328)
    assert header.file_name == "SEP8CB64F576113.cnf.xml.enc.sgn"
    assert header.encryption is not None
    assert msgspec.structs.asdict(header.encryption) == {
        "iv_length": 16,
        "padding": 11,
        "key_bits": 128,
        "key_algorithm": 1,
        "wrapped_key_length": 64,
        "hash_algorithm": 1,
    }
    assert strip(ENCRYPTED) == bytes.fromhex("010002ff")


def test_a_trust_list() -> None:
    header = parse_signed_header(TRUST_LIST)
    assert facts(header) == _COMMON | {"hash_algorithm": 3, "signature_offset": 79}
    assert (header.kind, header.version, header.signer_version) == (SignedKind.TRUST_LIST, "1.2", "1.1")
    assert (header.file_name, header.records) == ("ITLSEP8CB64F576113.tlv", 2)
    assert header.hash_name == "sha512"


def test_a_trust_list_without_signer_version_is_known_by_its_records() -> None:
    old = TRUST_LIST.replace(bytes.fromhex("1c00020101"), bytes.fromhex("0d0d0d0d0d"))
    header = parse_signed_header(old)
    assert (header.kind, header.signer_version, header.records) == (SignedKind.TRUST_LIST, None, 2)


@pytest.mark.parametrize("whole", [SIGNED, ENCRYPTED, TRUST_LIST], ids=["sgn", "enc", "tlv"])
def test_a_header_cut_at_any_byte_is_malformed(whole: bytes) -> None:
    length = parse_signed_header(whole).header_length
    for end in range(length):
        with pytest.raises(Malformed):
            parse_signed_header(whole[:end])


def test_a_record_cut_at_any_byte_is_malformed() -> None:
    complete = {180, 190, 209}  # no record, one, both
    for end in range(180, 210):
        if end in complete:
            continue
        with pytest.raises(Malformed):
            parse_signed_header(TRUST_LIST[:end])
    assert parse_signed_header(TRUST_LIST[:180]).records == 0
    assert len(TRUST_LIST) == 209


def test_a_payload_is_never_searched_for() -> None:
    inside_header = SIGNED.replace(b"CN=Root0;O=Lab", b"<?xml <device>")
    assert strip(inside_header) == b"<device/>\n"


def test_the_signature_covers_everything_but_its_own_item() -> None:
    assert signed_content(SIGNED) == SIGNED[:74] + SIGNED[74 + 67 :]
    unsigned = bytes.fromhex("01 0002 0100 02 0002 000a") + b"payload"
    assert signed_content(unsigned) == unsigned


_START = "01 0002 0100 02 0002"
MALFORMED = {
    "empty": "",
    "other first tag": "02 0002 000a 01 0002 0100",
    "version of one byte": "01 0001 01 02 0002 0009",
    "header length missing": "01 0002 0100 0e 0002 4100",
    "header shorter than its start": f"{_START} 0009",
    "header longer than the file": f"{_START} 000b",
    "item past the header": f"{_START} 000e 0e 0002 41",
    "item length past the header": f"{_START} 000c 0e 00",
    "container past the header": f"{_START} 000d 03 0001 00",
    "timestamp of two bytes": f"{_START} 000f 0f 0002 5f3c",
    "record shorter than its own item": f"{_START} 000a 01 0002 0004",
    "other item for a record": f"{_START} 000a 01 0002 0005 02 0002 0005",
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_signed_header(bytes.fromhex(text))


def header_of(items: bytes) -> bytes:
    return bytes.fromhex("0100020100 020002") + (10 + len(items)).to_bytes(2, "big") + items


def test_limits() -> None:
    name = b"\x0e" + (MAX_NAME_BYTES + 1).to_bytes(2, "big") + b"A" * (MAX_NAME_BYTES + 1)
    with pytest.raises(LimitExceeded):
        parse_signed_header(header_of(name))
    with pytest.raises(LimitExceeded):
        parse_signed_header(header_of(b"\x80\x00\x00" * (MAX_UNKNOWN_TAGS + 1)))
    with pytest.raises(LimitExceeded):
        parse_signed_header(header_of(b"") + bytes.fromhex("0100020005") * (MAX_RECORDS + 1))


CONTAINER_TAGS = (3, 7, 9, 16, 17, 21)


@pytest.mark.parametrize("tag", CONTAINER_TAGS)
def test_a_hundred_containers_within_each_other_are_one_flat_header(tag: int) -> None:
    items = bytes.fromhex("0e 0002 4100")
    for _ in range(100):
        items = bytes([tag]) + len(items).to_bytes(2, "big") + items
    assert parse_signed_header(header_of(items)).file_name == "A"


@pytest.mark.parametrize("tag", range(1, 30))
def test_64_kib_announced_and_nothing_there(tag: int) -> None:
    for length in (b"\xff\xff", b"\x00\x01"):
        if tag == 13:
            continue  # padding: a single byte without length, the rest are other items
        with pytest.raises(Malformed):
            parse_signed_header(header_of(bytes([tag]) + length))


@pytest.mark.parametrize("tag", [tag for tag in range(1, 30) if tag != 13])
def test_an_item_of_no_length_is_a_header_or_malformed(tag: int) -> None:
    fixed = {8, 10, 11, 15, 20, 23, 24, 26, 28}
    data = header_of(bytes([tag, 0, 0]))
    if tag in fixed:
        with pytest.raises(Malformed, match=r"^item \d+ at byte 10: 0 bytes instead of"):
            parse_signed_header(data)
    else:
        assert parse_signed_header(data).header_length == len(data)


def test_a_header_as_long_as_can_be() -> None:
    data = header_of(b"\x0d" * (0xFFFF - 10))
    assert parse_signed_header(data + b"payload").header_length == 0xFFFF
    assert strip(data + b"payload") == b"payload"


def test_of_a_repeated_item_the_last_one_counts() -> None:
    header = parse_signed_header(header_of(bytes.fromhex("0e 0002 4100 0e 0002 4200 0c 0001 aa 0c 0002 bbbb")))
    assert (header.file_name, header.signature_offset, header.signature_length) == ("B", 24, 2)


def test_a_file_without_signature_is_all_content() -> None:
    data = header_of(bytes.fromhex("0e 0002 4100")) + b"payload"
    assert split_signature(data) == (data, None)
    empty = header_of(bytes.fromhex("0c 0000")) + b"payload"
    assert split_signature(empty) == (empty.replace(bytes.fromhex("0c0000"), b""), b"")


def test_unknown_items_are_kept_by_tag_and_skipped() -> None:
    header = parse_signed_header(header_of(bytes.fromhex("80 0002 ffff 0d 0d ee 0000 0e 0002 4100")))
    assert header.unknown == (0x80, 0xEE)
    assert header.file_name == "A"


@pytest.mark.parametrize(
    ("number", "name"), [(1, "sha1"), (2, "sha256"), (3, "sha512"), (4, None)], ids=["1", "2", "3", "other"]
)
def test_hash_names(number: int, name: str | None) -> None:
    assert parse_signed_header(header_of(bytes([8, 0, 1, number]))).hash_name == name


def test_a_header_without_items_has_no_facts() -> None:
    header = parse_signed_header(header_of(b"") + b"<device/>")
    assert header == SignedHeader(kind=SignedKind.SIGNED, version="1.0", header_length=10)
    assert header.hash_name is None


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_key_bits_by_modulus(number: int) -> None:
    assert parse_signed_header(header_of(bytes([11, 0, 1, number]))).key_bits == (512, 1024, 2048, 4096)[number]


def test_a_modulus_that_no_source_describes_gives_no_key_bits() -> None:
    assert parse_signed_header(header_of(bytes([11, 0, 1, 4]))).key_bits is None


NAMES = [
    ("SEP8CB64F576113.cnf.xml.sgn", "SEP8CB64F576113.cnf.xml.sgn", True),
    ("sep8cb64f576113.cnf.xml.sgn", "SEP8CB64F576113.cnf.xml.sgn", True),
    ("SEP8CB64F576113.cnf.xml", "SEP8CB64F576113.cnf.xml.sgn", True),
    ("SEP000000000000.cnf.xml.sgn", "SEP8CB64F576113.cnf.xml.sgn", False),
    ("SEP8CB64F576113.cnf.xml.sgn", "SEP8CB64F576113.cnf.xml", False),
]


@pytest.mark.parametrize(("embedded", "asked", "same"), NAMES)
def test_the_embedded_name_is_compared(embedded: str, asked: str, same: bool) -> None:
    assert file_name_matches(embedded, asked) is same


def test_the_builder_writes_the_corpus() -> None:
    build = partial(
        build_signed_header,
        signer_name="CN=cucm1;O=Lab",
        signer_issuer="CN=Root0;O=Lab",
        signer_serial=bytes.fromhex("6b8f01c2"),
        signature=b"\x5a" * 64,
        timestamp=0x5F3C2A10,
    )
    encryption = EncryptionValues(
        iv=b"\xa1" * 16, padding=11, wrapped_key=b"\xc3" * 64, plaintext_hash=b"\xe5" * 20, key_bits=128
    )
    signed = build(file_name="SEP8CB64F576113.cnf.xml.sgn")
    encrypted = build(file_name="SEP8CB64F576113.cnf.xml.enc.sgn", version=(2, 0), encryption=encryption)
    trust_list = build(file_name="ITLSEP8CB64F576113.tlv", version=(1, 2), signer_version=(1, 1), hash_algorithm=3)
    assert signed == SIGNED[:180]
    assert encrypted == ENCRYPTED[:328]
    assert trust_list == TRUST_LIST[:180]


@settings(deadline=None)
@given(
    name=st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40),
    size=st.sampled_from([64, 128, 256, 512]),
    payload=st.binary(max_size=40).filter(lambda data: not is_signed_file(data)),
)
def test_built_headers_read_back(name: str, size: int, payload: bytes) -> None:
    header = build_signed_header(
        file_name=name,
        signer_name=name,
        signer_issuer="CN=Root",
        signer_serial=b"\x01",
        signature=bytes(size),
        timestamp=1,
    )
    read = parse_signed_header(header + payload)
    assert (read.file_name, read.signer_name, read.signature_length) == (name, name, size)
    assert len(header) % 4 == 0
    assert strip(header + payload) == payload
    assert len(signed_content(header + payload)) == len(header + payload) - size - 3


@settings(deadline=None)
@given(st.binary(max_size=80) | st.binary(max_size=60).map(header_of))
def test_any_bytes_give_a_header_or_a_wire_error(data: bytes) -> None:
    try:
        parse_signed_header(data)
    except WireError:
        return
    assert strip(data) == data[parse_signed_header(data).header_length :]


@settings(deadline=None)
@given(st.sampled_from([SIGNED, ENCRYPTED, TRUST_LIST]), st.integers(0, 400), st.integers(0, 255))
def test_one_wrong_byte_gives_a_header_or_a_wire_error(whole: bytes, position: int, value: int) -> None:
    position %= len(whole)
    try:
        msgspec.json.encode(parse_signed_header(whole[:position] + bytes([value]) + whole[position + 1 :]))
    except WireError:
        return
