"""Sentences are wrapped, what is pasted is not."""

from __future__ import annotations

import pytest

from vpnprobe.render.wrapping import step_lines, wrapped

SENTENCE = "Upload the certificate of the gateway to the trust store of the cluster"


def test_later_lines_stand_under_the_text() -> None:
    assert wrapped("  - ", "one two three", 11) == ["  - one two", "    three"]


def test_a_word_is_never_broken() -> None:
    assert wrapped("", "a Default_Cisco_UPS_SIP_Proxy b-c", 8) == ["a", "Default_Cisco_UPS_SIP_Proxy", "b-c"]


@pytest.mark.parametrize("end", [".", ":", "?"])
def test_a_sentence_is_wrapped(end: str) -> None:
    lines = step_lines("  ", SENTENCE + end, 40)
    assert len(lines) > 1
    assert all(len(line) <= 40 for line in lines)
    assert " ".join(line.strip() for line in lines) == SENTENCE + end


@pytest.mark.parametrize(
    "text",
    [
        "crypto ca trustpoint " + "x" * 60,
        "_sipfederationtls._tcp.example.com. 3600 IN SRV 0 0 5061 a-rather-long-name.example.com.",
    ],
    ids=["command", "zone file"],
)
def test_what_is_pasted_stays_whole(text: str) -> None:
    assert step_lines("  ", text, 40) == ["  " + text]
