from __future__ import annotations

import codecs
import io
import os
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from vpnprobe.fleet import inventory_text as module
from vpnprobe.fleet.inventory_text import MAX_LINE, MAX_SIZE, inventory_text
from vpnprobe.model.errors import UsageError

TEXT = "Device Name,Büro\r\nSEP8CB64F576113,Köln\r\n"


def lines_of(data: bytes) -> list[str]:
    with inventory_text(io.BytesIO(data), "phones.csv") as text:
        return list(text.lines())


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("latin-1"),
    ],
    ids=["utf-8", "utf-8 with mark", "utf-16", "utf-16-be with mark", "utf-16-le", "utf-16-be", "latin-1"],
)
def test_every_encoding_gives_the_same_lines(data: bytes) -> None:
    assert lines_of(data) == TEXT.splitlines(keepends=True)


def test_only_a_guess_is_told() -> None:
    with inventory_text(io.BytesIO(TEXT.encode("cp1252")), "phones.csv") as text:
        assert text.note is not None
        assert "it is not UTF-8" in text.note
    with inventory_text(io.BytesIO(TEXT.encode("utf-16")), "phones.csv") as text:
        assert text.note is None


def test_the_marks_of_windows_are_read() -> None:
    assert lines_of(b"\x93Caf\xe9\x94 \x80\n") == ["“Café” €\n"]


def test_a_byte_that_nobody_uses_is_replaced() -> None:
    assert lines_of(b"\xe9\x81\n") == ["é�\n"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_lines_are_counted_whatever_ends_them(end: str) -> None:
    with inventory_text(io.BytesIO(f"a{end}b{end}c".encode()), "x") as text:
        lines = text.lines()
        assert [(line.strip(), lines.number) for line in lines] == [("a", 1), ("b", 2), ("c", 3)]


def test_lines_can_be_taken_back() -> None:
    with inventory_text(io.BytesIO(b"a\nb\nc\n"), "x") as text:
        lines = text.lines()
        first, second = next(lines), next(lines)
        lines.take_back([first, second])
        assert lines.number == 0
        assert list(lines) == ["a\n", "b\n", "c\n"]
        assert lines.number == 3


def test_a_line_without_end_is_cut() -> None:
    lines = lines_of(b"a" * (3 * MAX_LINE + 5) + b"\nb\n")
    assert [len(line) for line in lines] == [MAX_LINE, 2]


def test_a_line_of_just_the_limit_is_whole() -> None:
    assert [len(line) for line in lines_of(b"a" * (MAX_LINE - 1) + b"\nb\n")] == [MAX_LINE, 2]


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"PK\x03\x04", "save the sheet as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "save the sheet as CSV"),
        (b"\x1f\x8b\x08", "unpack it"),
        (b"%PDF-1.7", "export the phones as CSV"),
    ],
    ids=["xlsx", "xls", "gzip", "pdf"],
)
def test_files_of_another_kind(start: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        lines_of(start + b"\x00" * 100)


def test_a_file_of_a_gigabyte_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "phones.csv"
    with path.open("wb") as stream:
        stream.truncate(1 << 30)
    with path.open("rb") as stream:
        reading = _Counting(stream)
        with (
            pytest.raises(UsageError, match=r"phones\.csv is over 256 MiB; split it"),
            inventory_text(cast(BinaryIO, reading), "phones.csv"),
        ):
            pass
    assert reading.size == 0


class _Counting:
    """A stream that counts what is read of it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.size += len(data)
        return data

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def test_a_device_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SIZE", 3 << 20)
    with (
        Path("/dev/zero").open("rb") as stream,
        pytest.raises(UsageError, match="over 3 MiB"),
        inventory_text(stream, "/dev/zero"),
    ):
        pass


@pytest.mark.parametrize("size", [10, 9 << 20], ids=["small", "kept on disk"])
def test_a_pipe_is_read_like_a_file(size: int) -> None:
    data = TEXT.encode("latin-1") + b"#" * size
    with inventory_text(cast(BinaryIO, _Pipe(data)), "standard input") as text:
        assert list(text.lines())[:2] == TEXT.splitlines(keepends=True)
        assert text.whole(5) is None
        whole = text.whole(len(data))
        assert whole is not None
        assert len(whole) == len(data)


def test_a_pipe_has_the_same_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SIZE", 100)
    with pytest.raises(UsageError, match="split it"), inventory_text(cast(BinaryIO, _Pipe(b"a" * 101)), "x"):
        pass


class _Pipe(io.BytesIO):
    """A stream that can be read once."""

    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        raise io.UnsupportedOperation("seek")


def test_the_stream_stays_open() -> None:
    stream = io.BytesIO(b"a\n")
    with inventory_text(stream, "x") as text:
        list(text.lines())
    assert not stream.closed


def test_what_was_read_before_is_not_read_again() -> None:
    stream = io.BytesIO(b"a title\nSEP8CB64F576113\n")
    stream.readline()
    with inventory_text(stream, "x") as text:
        assert list(text.lines()) == ["SEP8CB64F576113\n"]
        assert list(text.lines()) == ["SEP8CB64F576113\n"]


def test_the_limit_has_room_for_a_million_phones() -> None:
    assert MAX_SIZE > 1_000_000 * 200
