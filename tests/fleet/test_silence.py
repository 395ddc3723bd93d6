"""Whose fault is it that no answer comes: the phone's, or the server's?"""

from __future__ import annotations

from vpnprobe.fleet.silence import MIN_HELD, Silence


def silence(most_held: int = 0) -> tuple[Silence[str], list[str]]:
    told: list[str] = []
    return Silence(told.append, most_held), told


def test_an_answer_goes_on_at_once() -> None:
    one, told = silence()
    one.answered("a")
    assert told == ["a"]


def test_who_got_none_waits_for_somebody_else_s_answer() -> None:
    one, told = silence()
    one.unanswered("a")
    one.unanswered("b")
    assert told == []
    one.answered("c")
    assert told == ["a", "b", "c"]
    one.answered("d")
    assert told == ["a", "b", "c", "d"]


def test_the_end_lets_them_all_go() -> None:
    one, told = silence()
    one.unanswered("a")
    one.release()
    one.release()
    assert told == ["a"]


def test_too_many_are_suspicious() -> None:
    one, _ = silence(MIN_HELD + 2)
    for number in range(MIN_HELD + 1):
        one.unanswered(str(number))
        assert not one.is_suspicious
    one.unanswered("last")
    assert one.is_suspicious
    one.answered("somebody")
    assert not one.is_suspicious


def test_a_few_never_are() -> None:
    one, _ = silence(1)
    for number in range(MIN_HELD - 1):
        one.unanswered(str(number))
    assert not one.is_suspicious
