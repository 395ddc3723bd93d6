"""Encodings, declared and not."""

from __future__ import annotations

import pytest

from vpnprobe.phoneconfig.decode import DecodedText, decode

UTF8 = '<?xml version="1.0" encoding="UTF-8"?><d/>'
CASES = {
    "plain": (b"<d/>", DecodedText("<d/>", "utf-8", None, None, ())),
    "declared": (UTF8.encode(), DecodedText(UTF8, "utf-8", "UTF-8", None, ())),
    "ascii declared": (
        b"<?xml version='1.0' encoding='us-ascii'?>",
        DecodedText("<?xml version='1.0' encoding='us-ascii'?>", "utf-8", "us-ascii", None, ()),
    ),
    "latin-1 undeclared": (
        b"<d>\xfc</d>",
        DecodedText("<d>ü</d>", "iso-8859-1", None, None, ("bytes that are not UTF-8, read as ISO-8859-1",)),
    ),
    "windows-1252 with an undefined byte": (
        b"<?xml version='1.0' encoding='cp1252'?>\x81",
        DecodedText(
            "<?xml version='1.0' encoding='cp1252'?>\x81",
            "iso-8859-1",
            "cp1252",
            None,
            ("bytes that are not WINDOWS-1252, read as ISO-8859-1",),
        ),
    ),
    "unknown encoding": (
        b"<?xml version='1.0' encoding='rot13'?>",
        DecodedText(
            "<?xml version='1.0' encoding='rot13'?>",
            "utf-8",
            "rot13",
            None,
            ("a declared encoding that is unknown or does not fit the bytes",),
        ),
    ),
    "utf-16 declared over bytes": (
        b"<?xml version='1.0' encoding='UTF-16'?>",
        DecodedText(
            "<?xml version='1.0' encoding='UTF-16'?>",
            "utf-8",
            "UTF-16",
            None,
            ("a declared encoding that is unknown or does not fit the bytes",),
        ),
    ),
    "the mark wins over the declaration": (
        b"\xef\xbb\xbf<?xml version='1.0' encoding='iso-8859-1'?>\xc3\xbc",
        DecodedText("<?xml version='1.0' encoding='iso-8859-1'?>ü", "utf-8", "iso-8859-1", "utf-8", ()),
    ),
    "utf-16 big-endian": (b"\xfe\xff\0<\0d", DecodedText("<d", "utf-16-be", None, "utf-16-be", ())),
    "utf-16 without mark": (
        b"<\0d\0",
        DecodedText("<d", "utf-16-le", None, None, ("UTF-16 without a byte order mark",)),
    ),
    "utf-16 with an odd byte": (
        b"\xff\xfe<\0d",
        DecodedText("<\ufffd", "utf-16-le", None, "utf-16-le", ("bytes that are not UTF-16",)),
    ),
    "blanks first": (
        b"\r\n\0 " + UTF8.encode(),
        DecodedText(UTF8, "utf-8", "UTF-8", None, ("blanks or NULs at the start",)),
    ),
}


@pytest.mark.parametrize(("data", "expected"), CASES.values(), ids=CASES.keys())
def test_decode(data: bytes, expected: DecodedText) -> None:
    assert decode(data) == expected
