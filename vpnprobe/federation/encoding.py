"""Which encoding a pasted log is in: Windows writes UTF-16 as well as UTF-8 and its own code pages."""

from __future__ import annotations

import codecs
import re
from typing import Final

# Enough to see a byte order mark, and that every second byte is zero.
HEAD: Final = 4096

_ESCAPED: Final = re.compile(r"[\udc80-\udcff]")
_LATIN: Final = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}


def encoding_of(head: bytes) -> str:
    """Return the name of the encoding, by the first bytes; UTF-8 where they tell nothing else."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    sample = head[:HEAD]
    half = len(sample) // 2
    # Text of a log is mostly ASCII, so in UTF-16 most of one half of its bytes are zero.
    if half and sample[1::2].count(0) > half // 2:
        return "utf-16-le"
    if half and sample[::2].count(0) > half // 2:
        return "utf-16-be"
    return "utf-8-sig"


class TextDecoder:
    """Turns bytes into text piece by piece. What is no UTF-8 is read as Latin-1, byte by byte; nothing is refused."""

    def __init__(self, head: bytes) -> None:
        encoding = encoding_of(head)
        errors = "surrogateescape" if encoding == "utf-8-sig" else "replace"
        self._decoder = codecs.getincrementaldecoder(encoding)(errors)

    def decode(self, data: bytes, *, final: bool = False) -> str:
        """Return the text of the next bytes; with `final` that of a cut character too."""
        text = self._decoder.decode(data, final)
        return text.translate(_LATIN) if _ESCAPED.search(text) else text
