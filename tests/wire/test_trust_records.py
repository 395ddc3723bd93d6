"""Records of trust lists, written by hand."""

from __future__ import annotations

import ipaddress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.signed_files import BY_NAME
from vpnprobe.model.errors import LimitExceeded, Malformed, WireError
from vpnprobe.wire.sgn import parse_signed_header
from vpnprobe.wire.sgn_items import MAX_NAME_BYTES
from vpnprobe.wire.trust_records import (
    MAX_ITEMS,
    MAX_NAMES,
    MAX_RECORDS,
    RawTrustRecord,
    build_trust_records,
    parse_trust_records,
)

HEADER = bytes.fromhex("01 0002 0102 02 0002 000a")


def list_of(*records: str) -> bytes:
    """A list of records whose insides are these; the length items are written here."""
    data = HEADER
    for record in records:
        body = bytes.fromhex(record)
        data += bytes.fromhex("010002") + (5 + len(body)).to_bytes(2, "big") + body
    return data


FIELDS = [
    ("02 0006 6375636d3100", {"names": ("cucm1",)}),
    ("02 0005 6375636d31", {"names": ("cucm1",)}),
    ("02 0001 00", {"names": ("",)}),
    ("02 0000", {"names": ("",)}),
    ("02 0001 ff", {"names": ("\N{REPLACEMENT CHARACTER}",)}),
    ("02 0002 4100 02 0002 4200", {"names": ("A", "B")}),
    ("03 0005 434e3d4100", {"subject": "CN=A"}),
    ("03 0002 4100 03 0002 4200", {"subject": "B"}),
    ("04 0002 0015", {"role": 21}),
    ("04 0002 ffff", {"role": 65535}),
    ("05 0005 434e3d4200", {"issuer": "CN=B"}),
    ("06 0003 00d40f", {"serial": "00d40f"}),
    ("06 0000", {"serial": ""}),
    ("07 0002 abcd", {"public_key": b"\xab\xcd"}),
    ("08 0000", {"signature": b""}),
    ("09 0002 3000", {"certificate": b"\x30\x00"}),
    ("0a 0004 0a010105", {"addresses": ("10.1.1.5",)}),
    ("0a 0010 20010db8000000000000000000000005", {"addresses": ("2001:db8::5",)}),
    ("0b 0002 abcd", {"certificate_hash": b"\xab\xcd"}),
    ("0c 0001 02", {"hash_algorithm": 2}),
    ("63 0000 64 0000 63 0000", {"unknown": (0x63, 0x64)}),
    ("", {}),
]


@pytest.mark.parametrize(("record", "fields"), FIELDS, ids=[text or "empty" for text, _ in FIELDS])
def test_fields(record: str, fields: dict[str, object]) -> None:
    assert parse_trust_records(list_of(record)) == (msgspec.convert(fields, RawTrustRecord),)


DAMAGED = [
    ("04 0002 0002 09 ffff 30", {"role": 2}, "item 9 at byte 33: 65535 bytes announced, 1 left"),
    ("04 0002 0002 09 00", {"role": 2}, "item 9 length at byte 31: 2 bytes announced, 1 left"),
    ("04 0002 0002 09", {"role": 2}, "item 9 length at byte 31: 2 bytes announced, 0 left"),
    ("04 0001 02 06 0001 61", {"serial": "61"}, "role: 1 bytes instead of 2"),
    ("0a 0003 0a0101 06 0001 61", {"serial": "61"}, "address: 3 bytes instead of 4 or 16"),
    ("0c 0002 0001", {}, "hash algorithm: 2 bytes instead of 1"),
    ("04 0000 0c 0000", {}, "role: 0 bytes instead of 2; hash algorithm: 0 bytes instead of 1"),
]


@pytest.mark.parametrize(("record", "fields", "problem"), DAMAGED, ids=[text for text, _, _ in DAMAGED])
def test_a_damaged_record_loses_neither_its_rest_nor_its_neighbours(
    record: str, fields: dict[str, object], problem: str
) -> None:
    before, damaged, after = parse_trust_records(list_of("04 0002 0003", record, "04 0002 0004"))
    assert (before.role, after.role) == (3, 4)
    assert damaged == msgspec.convert({**fields, "problem": problem}, RawTrustRecord)


MALFORMED = {
    "no header": b"",
    "another item for a record": HEADER + bytes.fromhex("02 0002 0005"),
    "length of one byte": HEADER + bytes.fromhex("01 0001 05"),
    "shorter than its own item": HEADER + bytes.fromhex("01 0002 0004"),
    "zero": HEADER + bytes.fromhex("01 0002 0000"),
    "one past the end": HEADER + bytes.fromhex("01 0002 0006"),
    "64 KiB announced": HEADER + bytes.fromhex("01 0002 ffff 04 0002 0002"),
    "trailing byte": list_of("04 0002 0002") + b"\x01",
    "trailing zeros": list_of("04 0002 0002") + bytes(5),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_runs_past_the_end_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_trust_records(data)


@pytest.mark.parametrize("name", ["ITLFile.tlv", "CTLFile.tlv"])
def test_a_list_cut_at_any_byte_is_malformed_or_ends_with_a_record(name: str) -> None:
    whole = BY_NAME[name].data
    ends = set()
    for end in range(len(whole)):
        try:
            records = parse_trust_records(whole[:end])
        except Malformed:
            continue
        ends.add(end)
        assert records == parse_trust_records(whole)[: len(records)]
    assert len(ends) == len(parse_trust_records(whole))  # none, and each but the last


def test_many_records() -> None:
    assert len(parse_trust_records(list_of(*["04 0002 0015"] * MAX_RECORDS))) == MAX_RECORDS
    for records in (MAX_RECORDS + 1, 10_000):
        with pytest.raises(LimitExceeded):
            parse_trust_records(list_of(*[""] * records))


def test_a_record_as_long_as_can_be() -> None:
    (record,) = parse_trust_records(list_of("09 fff7" + "ab" * 0xFFF7))
    assert record == RawTrustRecord(certificate=b"\xab" * 0xFFF7)


LIMITS = {
    "items": ("63 0000 " * MAX_ITEMS, "more than 160 items"),
    "names": ("02 0001 41 " * (MAX_NAMES + 1), "more than 64 names in the record"),
    "addresses": ("0a 0004 0a010105 " * (MAX_NAMES + 1), "more than 64 addresses in the record"),
    "name": (f"03 {MAX_NAME_BYTES + 1:04x} " + "41" * (MAX_NAME_BYTES + 1), "more than 1024 bytes in a name"),
    "serial": (f"06 {MAX_NAME_BYTES + 1:04x} " + "41" * (MAX_NAME_BYTES + 1), "more than 1024 bytes in the serial"),
}


@pytest.mark.parametrize(("record", "problem"), LIMITS.values(), ids=LIMITS.keys())
def test_limits_within_a_record_are_its_problem(record: str, problem: str) -> None:
    (read,) = parse_trust_records(list_of("04 0002 0002" + record))
    assert read.role == 2
    assert (read.problem or "").startswith(problem)


def test_records_within_records_are_not_gone_into() -> None:
    inside = ""
    for _ in range(100):
        inside = f"01 0002 {5 + len(bytes.fromhex(inside)):04x} {inside}"
    (record,) = parse_trust_records(list_of(inside))
    assert record == RawTrustRecord(unknown=(1,))


names = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20)
addresses = st.ip_addresses().map(str)
built = st.builds(
    RawTrustRecord,
    role=st.none() | st.integers(0, 65535),
    names=st.lists(names, max_size=3).map(tuple),
    addresses=st.lists(addresses, max_size=3).map(tuple),
    subject=st.none() | names,
    issuer=st.none() | names,
    serial=st.none() | st.binary(max_size=20).map(bytes.hex),
    public_key=st.none() | st.binary(max_size=20),
    signature=st.none() | st.binary(max_size=20),
    certificate=st.none() | st.binary(max_size=20),
    certificate_hash=st.none() | st.binary(max_size=20),
    hash_algorithm=st.none() | st.integers(0, 255),
)


@settings(deadline=None)
@given(st.lists(built, max_size=4).map(tuple))
def test_built_records_read_back(records: tuple[RawTrustRecord, ...]) -> None:
    assert parse_trust_records(HEADER + build_trust_records(records)) == records


def test_the_builder_writes_what_was_written_by_hand() -> None:
    record = RawTrustRecord(
        role=2,
        names=("cucm1",),
        addresses=(str(ipaddress.ip_address("10.1.1.5")),),
        subject="CN=A",
        issuer="CN=B",
        serial="00d4",
        certificate=b"\x30\x00",
        hash_algorithm=1,
    )
    assert HEADER + build_trust_records([record]) == list_of(
        "02 0006 6375636d3100 03 0005 434e3d4100 04 0002 0002 05 0005 434e3d4200 06 0002 00d4 09 0002 3000"
        "0a 0004 0a010105 0c 0001 01"
    )


@settings(deadline=None)
@given(st.binary(max_size=80) | st.binary(max_size=80).map(lambda data: HEADER + data))
def test_any_bytes_give_records_or_a_wire_error(data: bytes) -> None:
    try:
        msgspec.json.encode(parse_trust_records(data))
    except WireError:
        return


@settings(deadline=None)
@given(st.sampled_from(["ITLFile.tlv", "CTLFile.tlv"]), st.integers(0, 10_000), st.integers(0, 255))
def test_one_wrong_byte_gives_records_or_a_wire_error(name: str, position: int, value: int) -> None:
    whole = BY_NAME[name].data
    position %= len(whole)
    changed = whole[:position] + bytes([value]) + whole[position + 1 :]
    try:
        count = parse_signed_header(changed).records
        assert count in (None, len(parse_trust_records(changed)))
    except WireError:
        return
