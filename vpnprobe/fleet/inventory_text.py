"""The bytes of an inventory as lines of text, whatever spreadsheet or editor wrote them."""

from __future__ import annotations

import codecs
import contextlib
import io
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from typing import BinaryIO, TextIO, cast

from vpnprobe.model.errors import UsageError

# A Bulk Administration export of a million phones in the short form. What is larger is another file.
MAX_SIZE = 256 << 20
# Longer than the row of any export; a binary file may have no line end at all.
MAX_LINE = 1 << 20

_CHUNK = 1 << 20
_KEPT_IN_MEMORY = 8 << 20

_OTHER_FILES = {
    b"PK\x03\x04": "a spreadsheet (xlsx) or a ZIP file; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "a spreadsheet (xls); save the sheet as CSV",
    b"\x1f\x8b": "compressed; unpack it with gunzip",
    b"%PDF": "a PDF; export the phones as CSV",
}


@contextlib.contextmanager
def inventory_text(stream: BinaryIO, name: str) -> Iterator[InventoryText]:
    """Read `stream` as text; it is left open, at any place.

    Raises `UsageError` for a file of another kind, and for one that is too large.
    """
    with contextlib.ExitStack() as stack:
        if not stream.seekable():
            spool = stack.enter_context(tempfile.SpooledTemporaryFile(_KEPT_IN_MEMORY))
            stream = _spooled(stream, cast(BinaryIO, spool), name)
        text = InventoryText(stream, name)
        stack.callback(text.leave)
        yield text


class InventoryText:
    """The text of an inventory. `note` says how its characters were read where they may be wrong."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        start = stream.tell()
        if stream.seek(0, io.SEEK_END) - start > MAX_SIZE:
            raise _too_large(name)
        stream.seek(start)
        head = stream.read(4)
        for mark, words in _OTHER_FILES.items():
            if head.startswith(mark):
                raise UsageError(f"{name} is {words}")
        stream.seek(start)
        encoding = _encoding_by_its_start(head)
        self.note: str | None = None
        if encoding is None:
            encoding = "utf-8"
            if not _is_utf_8(stream, name):
                encoding = "cp1252"
                self.note = "it is not UTF-8; read as Windows-1252 (Latin-1): save it as UTF-8 if a label is wrong"
            stream.seek(start)
        self._text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="")
        self._start = self._text.tell()

    def lines(self) -> Lines:
        """Return the lines from the first one on. One pass at a time."""
        self._text.seek(self._start)
        return Lines(self._text)

    def whole(self, limit: int) -> str | None:
        """Return all of it as one text; None where it has more than `limit` characters."""
        self._text.seek(self._start)
        text = self._text.read(limit + 1)
        return text if len(text) <= limit else None

    def leave(self) -> None:
        """Give the stream back. No line can be read any more."""
        self._text.detach()


class Lines:
    """Lines with their ends, one after the other. `number` is that of the line handed out last, from 1.

    A line over `MAX_LINE` is handed out cut.
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self.number = 0

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._read()
        if not line:
            raise StopIteration
        self.number += 1
        return line

    def take_back(self, lines: Sequence[str]) -> None:
        """Hand out `lines`, the last ones that were handed out, once more."""
        self._again.extendleft(reversed(lines))
        self.number -= len(lines)

    def _read(self) -> str:
        line = self._text.readline(MAX_LINE)
        rest = line
        while len(rest) == MAX_LINE and not rest.endswith(("\n", "\r")):
            rest = self._text.readline(MAX_LINE)
        return line


def _encoding_by_its_start(head: bytes) -> str | None:
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # The first characters of an inventory are ASCII; without a mark, half of each is then empty.
    empty = [byte == 0 for byte in head]
    if empty == [False, True, False, True]:
        return "utf-16-le"
    return "utf-16-be" if empty == [True, False, True, False] else None


def _is_utf_8(stream: BinaryIO, name: str) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = 0
    while True:
        chunk = stream.read(_CHUNK)
        size += len(chunk)
        if size > MAX_SIZE:
            # A device tells no size beforehand.
            raise _too_large(name)
        try:
            decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError:
            return False
        if not chunk:
            return True


def _spooled(stream: BinaryIO, spool: BinaryIO, name: str) -> BinaryIO:
    """Return what a pipe holds as a stream that can be read twice."""
    size = 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if size > MAX_SIZE:
            raise _too_large(name)
        spool.write(chunk)
    spool.seek(0)
    return spool


def _too_large(name: str) -> UsageError:
    return UsageError(
        f"{name} is over {MAX_SIZE >> 20} MiB; split it, or export only the device name, the device type and the "
        "columns that you want as labels"
    )
