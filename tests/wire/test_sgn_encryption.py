"""The encryption items of a `.enc.sgn`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.signed_files import BY_NAME
from vpnprobe.model.errors import Malformed, WireError
from vpnprobe.wire.sgn_encryption import EncryptionValues, build_encryption_items, parse_encryption_values

ENCRYPTED = BY_NAME["encrypted-1024-sha1.cnf.xml.enc.sgn"].data

IV = "13 0002 a1a2"
PADDING = "14 0002 000b"
KEY = "19 0003 c1c2c3"
HASH_NUMBER = "1a 0001 03"
HASH = "1b 0002 e5e6"
ALL = (IV, PADDING, KEY, HASH_NUMBER, HASH)


def header_of(items: bytes) -> bytes:
    return bytes.fromhex("0100020200 020002") + (10 + len(items)).to_bytes(2, "big") + items


def test_items() -> None:
    data = header_of(bytes.fromhex("".join((*ALL, "17 0002 0800 18 0001 01"))))
    assert parse_encryption_values(data) == EncryptionValues(
        iv=b"\xa1\xa2",
        padding=11,
        wrapped_key=b"\xc1\xc2\xc3",
        plaintext_hash=b"\xe5\xe6",
        hash_algorithm=3,
        key_bits=2048,
        key_algorithm=1,
    )


def test_an_absent_key_algorithm_is_no_known_one() -> None:
    values = parse_encryption_values(header_of(bytes.fromhex("".join(ALL))))
    assert (values.key_bits, values.key_algorithm) == (0, 0)


@pytest.mark.parametrize(
    ("missing", "field"),
    [
        (IV, "initialization vector"),
        (PADDING, "padding"),
        (KEY, "wrapped key"),
        (HASH_NUMBER, "plaintext hash algorithm"),
        (HASH, "plaintext hash"),
    ],
    ids=["iv", "padding", "key", "hash number", "hash"],
)
def test_what_decryption_needs_must_be_there(missing: str, field: str) -> None:
    with pytest.raises(Malformed, match=f"^{field} at byte"):
        parse_encryption_values(header_of(bytes.fromhex("".join(item for item in ALL if item != missing))))


MALFORMED = {
    "empty": b"",
    "signed only": BY_NAME["signed-512-sha1.cnf.xml.sgn"].data,
    "padding of one byte": header_of(bytes.fromhex("14 0001 0b")),
    "64 KiB of key": header_of(bytes.fromhex("19 ffff c1")),
    "empty header": header_of(b""),
    "containers only": header_of(bytes.fromhex("10 0000 11 0000 15 0000")),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_encryption_values(data)


def test_a_hundred_containers_within_each_other_are_one_flat_header() -> None:
    items = bytes.fromhex("".join(ALL))
    for _ in range(100):
        items = b"\x10" + len(items).to_bytes(2, "big") + items
    assert parse_encryption_values(header_of(items)).padding == 11


def test_a_file_cut_at_any_byte_of_its_header_is_malformed() -> None:
    length = BY_NAME["encrypted-1024-sha1.cnf.xml.enc.sgn"].header_length
    for end in range(length):
        with pytest.raises(Malformed):
            parse_encryption_values(ENCRYPTED[:end])
    assert parse_encryption_values(ENCRYPTED[:length]) == parse_encryption_values(ENCRYPTED)


@settings(deadline=None)
@given(
    st.builds(
        EncryptionValues,
        iv=st.binary(max_size=20),
        padding=st.integers(0, 65535),
        wrapped_key=st.binary(max_size=40),
        plaintext_hash=st.binary(max_size=40),
        hash_algorithm=st.integers(0, 255),
        key_bits=st.integers(0, 65535),
        key_algorithm=st.integers(0, 255),
    )
)
def test_built_items_read_back(values: EncryptionValues) -> None:
    assert parse_encryption_values(header_of(build_encryption_items(values))) == values


@pytest.mark.parametrize(("number", "name"), [(1, "sha1"), (2, "sha256"), (3, "sha512"), (4, None)])
def test_hash_names(number: int, name: str | None) -> None:
    assert EncryptionValues(b"", 0, b"", b"", hash_algorithm=number).hash_name == name


@settings(deadline=None)
@given(
    st.binary(max_size=80)
    | st.binary(max_size=60).map(header_of)
    | st.tuples(st.integers(0, len(ENCRYPTED) - 1), st.integers(0, 255)).map(
        lambda change: ENCRYPTED[: change[0]] + bytes([change[1]]) + ENCRYPTED[change[0] + 1 :]
    )
)
def test_any_bytes_give_values_or_a_wire_error(data: bytes) -> None:
    try:
        assert parse_encryption_values(data).padding >= 0
    except WireError:
        return
