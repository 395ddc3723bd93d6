from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnprobe.fleet.inventory_rows import NOT_AT_THE_END, NOT_CLOSED, TOO_LONG, Row, find_delimiter, read_rows
from vpnprobe.fleet.inventory_text import inventory_text


def rows_of(text: str, delimiter: str | None = None) -> list[Row]:
    with inventory_text(io.BytesIO(text.encode()), "x") as source:
        lines = source.lines()
        return list(read_rows(lines, delimiter or find_delimiter(lines)))


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1;2\n", ";"),
        ("a\tb\n1\t2\n", "\t"),
        ("a;b;c\n1;x, y, z, u;3\n2;x, y;3\n", ";"),
        ("a,b,c\n1,x; y; z,3\n2,x; y,3\n", ","),
        ('a,"b;c;d;e"\n', ","),
        ("# a;b\n\na,b\n", ","),
        ("All phones\na;b\nc;d\n", ";"),
        ("sep=;\na,b,c\n", ";"),
        ("\n\nsep=\t\na,b\n", "\t"),
        ("SEP8CB64F576113\n", ","),
        ("", ","),
    ],
    ids=[
        "comma",
        "semicolon",
        "tab",
        "commas in cells",
        "semicolons in cells",
        "quoted",
        "comment",
        "title",
        "said by the first line",
        "said after empty lines",
        "none",
        "nothing",
    ],
)
def test_the_delimiter(text: str, delimiter: str) -> None:
    with inventory_text(io.BytesIO(text.encode()), "x") as source:
        assert find_delimiter(source.lines()) == delimiter


def test_a_line_that_only_looks_like_a_separator_line_is_a_row() -> None:
    assert rows_of("a,b\nsep=;\n") == [(1, ["a", "b"]), (2, ["sep=;"])]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\r\nc,d\r\n", [(1, ["a", "b"]), (2, ["c", "d"])]),
        ("a,b\rc,d", [(1, ["a", "b"]), (2, ["c", "d"])]),
        ('a,"b ""c"", d"\n', [(1, ["a", 'b "c", d'])]),
        ('a, "b, c"\n', [(1, ["a", "b, c"])]),
        ('a,"b\r\nc\n\nd"\r\ne,f\r\n', [(1, ["a", "b\r\nc\n\nd"]), (5, ["e", "f"])]),
        ('\n  \na\n,,\n # no row, "\nb\n', [(3, ["a"]), (6, ["b"])]),
        ('="001122334455",=1+1\n', [(1, ['="001122334455"', "=1+1"])]),
        ('a,"b" c\nd,e\n', [(1, NOT_AT_THE_END), (2, ["d", "e"])]),
        ('a,"b\nc,d\n', [(1, NOT_CLOSED), (2, ["c", "d"])]),
        ('a,"b\nc,"d" e\nf,g\n', [(1, NOT_CLOSED), (2, NOT_AT_THE_END), (3, ["f", "g"])]),
        (f'a,"{"b" * 200_000}"\nc,d\n', [(1, TOO_LONG), (2, ["c", "d"])]),
    ],
    ids=[
        "crlf",
        "cr",
        "quotes in quotes",
        "blank before a quote",
        "line breaks in a cell",
        "nothing said",
        "formulas",
        "text after a quote",
        "never closed",
        "closed by another cell",
        "enormous cell",
    ],
)
def test_rows(text: str, rows: list[Row]) -> None:
    assert rows_of(text, ",") == rows


@pytest.mark.parametrize("other", ["SEP8CB64F576114", "8c:b6:4f:57:61:14", "8CB64F576114", "8cb6.4f57.6114"])
def test_a_forgotten_quotation_mark_swallows_no_phone(other: str) -> None:
    text = f'SEP8CB64F576113,"Bob,x\n{other},Alice",y\nSEP8CB64F576115,z\n'
    assert rows_of(text, ",") == [
        (1, NOT_CLOSED),
        (2, [other, 'Alice"', "y"]),
        (3, ["SEP8CB64F576115", "z"]),
    ]


def test_a_cell_that_never_ends_costs_its_first_line_only() -> None:
    text = 'a,"b\n' + "".join(f"{number},x\n" for number in range(2, 1001))
    rows = rows_of(text, ",")
    assert rows[0] == (1, NOT_CLOSED)
    assert rows[1:] == [(number, [str(number), "x"]) for number in range(2, 1001)]


cells = st.text(st.sampled_from("ab ,;\"'\t\n\r=é"), max_size=6)


@given(
    st.lists(st.lists(cells, min_size=2, max_size=4), max_size=8),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_spreadsheet_writes_is_read(table: list[list[str]], delimiter: str, end: str) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(table)
    expected = [row for row in table if any(cell.strip() for cell in row)]
    assert [row for _, row in rows_of(stream.getvalue(), delimiter)] == expected


@given(st.text(st.sampled_from('a,"\n\r #\t;'), max_size=60))
def test_no_line_is_read_twice(text: str) -> None:
    numbers = [line for line, _ in rows_of(text, ",")]
    assert numbers == sorted(set(numbers))
    assert all(1 <= number <= len(text) + 1 for number in numbers)
