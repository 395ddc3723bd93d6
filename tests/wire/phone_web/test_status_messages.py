"""Lines of the status page, in the forms of the families."""

from __future__ import annotations

import pytest

from tests.wire.phone_web import samples
from vpnprobe.model.phoneweb import StatusMessage
from vpnprobe.wire.phone_web.page import parse_page
from vpnprobe.wire.phone_web.status_messages import MAX_MESSAGES, read_messages


def read(html: str) -> list[tuple[str | None, str]]:
    return [(message.time, message.text) for message in read_messages(parse_page(html.encode()))]


def test_messages_of_a_7962g() -> None:
    assert read_messages(parse_page(samples.STATUS_7962G)) == (
        StatusMessage(text="Trust List Update Failed", time="11:51:10"),
        StatusMessage(text="TFTP Error : SEP8CB64F578B2C.cnf.xml.sgn", time="11:51:10"),
        StatusMessage(text="TFTP Timeout : SEP8CB64F578B2C.cnf.xml.sgn", time="11:54:10"),
    )


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>2:05:11p Trust List Updated", [("2:05:11p", "Trust List Updated")]),
        (
            "<tr><td>10:02:33am 07/12/26\nTrust List Updated<tr><td>10:02:34am 07/12/26\nSEP1.cnf.xml",
            [("10:02:33am 07/12/26", "Trust List Updated"), ("10:02:34am 07/12/26", "SEP1.cnf.xml")],
        ),
        ("<p>[10:02:33am 07/12/26]<br>TFTP Error", [("10:02:33am 07/12/26", "TFTP Error")]),
        ("<tr><td>11:09:29</td><td>Trust List Updated</td></tr>", [("11:09:29", "Trust List Updated")]),
        ("<p>Status Messages<p>no time here", []),
        ("<p>11:09:29", []),
        ("<p>11:09:29<p>11:09:30 later", []),
    ],
    ids=["p.m.", "88xx", "brackets", "two cells", "no time", "time alone", "time before another"],
)
def test_forms(html: str, expected: list[tuple[str, str]]) -> None:
    assert read(html) == expected


def test_the_newest_are_kept() -> None:
    messages = read("".join(f"<p>11:09:29 message {number}" for number in range(MAX_MESSAGES + 3)))
    assert len(messages) == MAX_MESSAGES
    assert messages[-1] == ("11:09:29", f"message {MAX_MESSAGES + 2}")
