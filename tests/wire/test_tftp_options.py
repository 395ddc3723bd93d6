"""Offers and what a server may answer to them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpnprobe.model.errors import Malformed, UsageError
from vpnprobe.wire.tftp import NO_OPTIONS, TftpOptions
from vpnprobe.wire.tftp.options import MAX_BLOCK_SIZE, MAX_TIMEOUT, MAX_WINDOW, MIN_BLOCK_SIZE, accept
from vpnprobe.wire.tftp.packet import OptionAck

OFFER = TftpOptions(blksize=1428, tsize=0, timeout=2, windowsize=8)


def test_offers_as_text() -> None:
    assert OFFER.as_text() == {"blksize": "1428", "tsize": "0", "timeout": "2", "windowsize": "8"}
    assert TftpOptions(tsize=0).as_text() == {"tsize": "0"}
    assert NO_OPTIONS.as_text() == {}


@pytest.mark.parametrize(
    "values",
    [
        {"blksize": MIN_BLOCK_SIZE, "timeout": 1, "windowsize": 1},
        {"blksize": MAX_BLOCK_SIZE, "timeout": MAX_TIMEOUT, "windowsize": MAX_WINDOW},
    ],
    ids=["least", "greatest"],
)
def test_offers_at_the_bounds(values: dict[str, int]) -> None:
    assert TftpOptions(**values).as_text() == {name: str(value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("blksize", MIN_BLOCK_SIZE - 1),
        ("blksize", MAX_BLOCK_SIZE + 1),
        ("timeout", 0),
        ("timeout", MAX_TIMEOUT + 1),
        ("windowsize", 0),
        ("windowsize", MAX_WINDOW + 1),
    ],
)
def test_offers_that_no_request_may_hold(name: str, value: int) -> None:
    with pytest.raises(UsageError, match=name):
        TftpOptions(**{name: value})


@pytest.mark.parametrize(
    ("answer", "agreed"),
    [
        pytest.param((), {}, id="nothing"),
        pytest.param((("blksize", "1428"),), {"blksize": 1428}, id="as-offered"),
        pytest.param((("blksize", "8"), ("windowsize", "1")), {"blksize": 8, "windowsize": 1}, id="least"),
        pytest.param((("tsize", "18446744073709551615"),), {"tsize": 2**64 - 1}, id="huge-size"),
        pytest.param((("timeout", "2"), ("tsize", "000")), {"timeout": 2, "tsize": 0}, id="leading-zeros"),
    ],
)
def test_accepted_answers(answer: tuple[tuple[str, str], ...], agreed: dict[str, int]) -> None:
    assert accept(OFFER, OptionAck(answer)) == TftpOptions(**agreed)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param((("blksize", "1429"),), "blksize 1429 is no answer to 1428", id="larger-block"),
        pytest.param((("blksize", "7"),), "blksize 7 is no answer", id="block-too-small"),
        pytest.param((("windowsize", "9"),), "windowsize 9 is no answer", id="larger-window"),
        pytest.param((("windowsize", "0"),), "windowsize 0 is no answer", id="no-window"),
        pytest.param((("timeout", "3"),), "timeout 3 is no answer", id="other-timeout"),
        pytest.param((("multicast", "1"),), "'multicast' was not asked for", id="unknown"),
        pytest.param((("", "1"),), "'' was not asked for", id="no-name"),
        pytest.param((("tsize", ""),), "tsize is no number", id="no-value"),
        pytest.param((("tsize", "-1"),), "tsize is no number", id="negative"),
        pytest.param((("tsize", "1_0"),), "tsize is no number", id="underscore"),
        pytest.param((("tsize", "1" * 21),), "tsize is no number", id="too-many-digits"),
        pytest.param((("tsize", "1"), ("tsize", "1")), "'tsize' comes twice", id="repeated"),
    ],
)
def test_answers_that_are_none(answer: tuple[tuple[str, str], ...], reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        accept(OFFER, OptionAck(answer))


@pytest.mark.parametrize(
    "answer", [(), (("blksize", "512"),), (("tsize", "0"),)], ids=["empty", "default-block", "size"]
)
def test_no_offer_has_no_answer(answer: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(Malformed):
        accept(NO_OPTIONS, OptionAck(answer))


_NAMES = st.sampled_from(["blksize", "tsize", "timeout", "windowsize"]) | st.text(max_size=4)
_VALUES = st.integers(-1, 70000).map(str) | st.text(max_size=4)


@settings(deadline=None)
@given(st.lists(st.tuples(_NAMES, _VALUES), max_size=4))
def test_an_answer_never_exceeds_the_offer(answer: list[tuple[str, str]]) -> None:
    try:
        agreed = accept(OFFER, OptionAck(tuple(answer)))
    except Malformed:
        return
    assert 8 <= (agreed.blksize or 512) <= 1428
    assert 1 <= (agreed.windowsize or 1) <= 8
    assert agreed.timeout in (None, 2)
