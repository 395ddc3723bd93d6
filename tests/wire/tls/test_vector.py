import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnprobe.model.errors import Malformed
from vpnprobe.wire.reader import Reader
from vpnprobe.wire.tls.vector import read_uint_vector, uint_vector, vector


@given(st.sampled_from([1, 2]), st.lists(st.integers(0, 0xFF), max_size=20).map(tuple))
def test_round_trip(size: int, values: tuple[int, ...]) -> None:
    assert read_uint_vector(Reader(uint_vector(2, size, values)), 2, size, "values") == values


def test_bytes_on_the_wire() -> None:
    assert uint_vector(2, 2, (0x0035, 0x002F)) == bytes.fromhex("0004 0035 002f")
    assert vector(3, b"ab") == bytes.fromhex("000002 6162")


def test_a_body_that_does_not_fit_its_length() -> None:
    with pytest.raises(OverflowError):
        vector(1, bytes(256))


def test_half_a_value() -> None:
    with pytest.raises(Malformed) as caught:
        read_uint_vector(Reader(b"\x00\x03\x00\x35\x00", base=7), 2, 2, "cipher_suites")
    assert (caught.value.offset, caught.value.field) == (7, "cipher_suites")
