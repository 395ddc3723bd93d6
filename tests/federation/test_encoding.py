"""Logs come in the encodings of Windows."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnprobe.federation.encoding import TextDecoder, encoding_of

TEXT = "SIP/2.0 504 Server time-out\r\nFrom: Zoë <sip:zoe@example.com>\r\n"


def decoded(data: bytes, step: int) -> str:
    decoder = TextDecoder(data[:4096])
    pieces = [decoder.decode(data[at : at + step]) for at in range(0, len(data), step)]
    return "".join((*pieces, decoder.decode(b"", final=True)))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(TEXT.encode(), id="UTF-8"),
        pytest.param(codecs.BOM_UTF8 + TEXT.encode(), id="UTF-8 with mark"),
        pytest.param(codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), id="UTF-16 little-endian with mark"),
        pytest.param(codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), id="UTF-16 big-endian with mark"),
        pytest.param(TEXT.encode("utf-16-le"), id="UTF-16 little-endian"),
        pytest.param(TEXT.encode("utf-16-be"), id="UTF-16 big-endian"),
        pytest.param(TEXT.encode("latin-1"), id="Latin-1"),
    ],
)
@pytest.mark.parametrize("step", [1, 3, 4096])
def test_a_log_is_read_in_its_encoding(data: bytes, step: int) -> None:
    assert decoded(data, step) == TEXT


@given(st.binary(max_size=300), st.integers(1, 300))
def test_any_bytes_become_text_that_can_be_written(data: bytes, step: int) -> None:
    decoded(data, step).encode()


def test_few_bytes_tell_nothing() -> None:
    assert encoding_of(b"") == encoding_of(b"\x00") == "utf-8-sig"
