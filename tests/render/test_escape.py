from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnprobe.render.escape import DEFAULT_LIMIT, printable

# Control, format, surrogate, private, unassigned, line and paragraph separators.
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
ANY_TEXT = st.text(st.characters(codec=None), max_size=60) | st.text(
    st.sampled_from(
        "\x00\x07\x1b\r\n\t\x7f\x80\x9b\xad\u061c\u200e\u202a\u202e\u2028\u2066\u2069\ufeff\ud800\uffff\U000e0001a\\"
    ),
    max_size=60,
)


@given(ANY_TEXT)
def test_nothing_hidden_is_left(text: str) -> None:
    shown = printable(text)
    assert not HIDDEN & set(map(unicodedata.category, shown))
    assert shown.encode().decode() == shown


@given(ANY_TEXT)
def test_what_is_harmless_stays_and_a_second_time_changes_nothing(text: str) -> None:
    harmless = "".join(one for one in text if unicodedata.category(one) not in HIDDEN)
    assert printable(harmless) == harmless
    assert printable(printable(text), 10_000) == printable(text)


@given(st.text(max_size=50), st.integers(0, 60))
def test_the_limit_counts_characters_of_the_text(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert shown == printable(text[:limit]) + ("…" if len(text) > limit else "")


def test_the_limit_that_nobody_gave() -> None:
    assert printable("a" * (DEFAULT_LIMIT + 1)) == "a" * DEFAULT_LIMIT + "…"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ~ text", "plain ~ text"),
        ("Zürich 電話", "Zürich 電話"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("two\r\nlines\t", "two\\x0d\\x0alines\\x09"),
        ("\x9b31m", "\\x9b31m"),
        ("moc.\u202eexample", "moc.\\u202eexample"),
        ("\u2028", "\\u2028"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("back\\slash", "back\\slash"),
    ],
)
def test_examples(text: str, shown: str) -> None:
    assert printable(text) == shown
