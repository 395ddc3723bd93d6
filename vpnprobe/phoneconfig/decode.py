"""Bytes of a text file to characters, and what had to be guessed on the way.

Knows byte order marks, XML declarations and the few encodings that phone configurations come in. CUCM writes
UTF-8 without a mark; hand-made files do not keep to it.
"""

from __future__ import annotations

import re

import msgspec

from vpnprobe.model.errors import LimitExceeded

# The largest configuration seen is 13 kB; this leaves room for eighty times as much and keeps the work small.
MAX_FILE_BYTES = 1_048_576

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_UNMARKED_UTF16 = ((b"<\x00", "utf-16-le"), (b"\x00<", "utf-16-be"))
# Only these are ever handed to Python's codecs: a file must not choose among all that are installed.
_CODECS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "iso-8859-1": "iso-8859-1",
    "latin1": "iso-8859-1",
    "latin-1": "iso-8859-1",
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "windows-1252",
    "cp1252": "windows-1252",
}
_DECLARED = re.compile(r"""<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,39})["']""")
_DECLARATION_CHARS = 512
_BLANK = " \t\r\n\0\ufeff"


class DecodedText(msgspec.Struct, frozen=True):
    """`text` without leading blanks and NULs; `used` is the codec, `recovered` what had to be overlooked."""

    text: str
    used: str
    declared: str | None
    bom: str | None
    recovered: tuple[str, ...]


def decode(data: bytes) -> DecodedText:
    """Decode `data` by its byte order mark, its XML declaration, or as UTF-8, falling back to ISO-8859-1.

    Raises `LimitExceeded` for more than `MAX_FILE_BYTES`.
    """
    if len(data) > MAX_FILE_BYTES:
        raise LimitExceeded("bytes in the configuration file", MAX_FILE_BYTES)
    recovered: list[str] = []
    bom = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if bom is not None:
        data = data[3 if bom == "utf-8" else 2 :]
    codec = bom or next((name for start, name in _UNMARKED_UTF16 if data.startswith(start)), None)
    if codec is not None and codec != "utf-8":
        if bom is None:
            recovered.append("UTF-16 without a byte order mark")
        text = _decode_utf16(data, codec, recovered)
        declared = _declared_encoding(text[:_DECLARATION_CHARS])
    else:
        declared = _declared_encoding(data[:_DECLARATION_CHARS].decode("iso-8859-1"))
        text, codec = _decode_bytes(data, codec, declared, recovered)
    stripped = text.lstrip(_BLANK)
    if len(stripped) != len(text):
        recovered.append("blanks or NULs at the start")
    return DecodedText(stripped, codec, declared, bom, tuple(recovered))


def _declared_encoding(start: str) -> str | None:
    found = _DECLARED.match(start.lstrip(_BLANK))
    return found[1] if found else None


def _decode_utf16(data: bytes, codec: str, recovered: list[str]) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        recovered.append("bytes that are not UTF-16")
        return data.decode(codec, "replace")


def _decode_bytes(data: bytes, bom: str | None, declared: str | None, recovered: list[str]) -> tuple[str, str]:
    codec = bom or "utf-8"
    if declared is not None and bom is None:
        known = _CODECS.get(declared.lower())
        if known is None:
            recovered.append("a declared encoding that is unknown or does not fit the bytes")
        codec = known or codec
    try:
        return data.decode(codec), codec
    except UnicodeDecodeError:
        recovered.append(f"bytes that are not {codec.upper()}, read as ISO-8859-1")
        return data.decode("iso-8859-1"), "iso-8859-1"
