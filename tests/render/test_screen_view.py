"""The phone's status messages on a terminal."""

from __future__ import annotations

from tests.checks.trust_evidence import DEVICE, config_run, signature, signed_by
from tests.render.reports import RAW
from vpnprobe.checks.screen import ScreenMessage, screen_messages
from vpnprobe.render.screen_view import screen_lines
from vpnprobe.render.wrapping import Row


def test_messages_with_their_causes() -> None:
    refused = f"invalid file {DEVICE}.cnf.xml.sgn, authenticated fail."
    first = "the phone had no list before; one that has this cluster's says Trust List Updated"
    source = "(inferred; the text is from Cisco community 2064222, an 8945)"
    assert list(screen_lines(screen_messages(config_run(**signed_by(signature("invalid")))))) == [
        Row("  ", "ITL installed"),
        Row("      ", first),
        Row("  ", refused),
        Row("      ", f"the signature does not fit the file {source}"),
    ]


def test_nothing_to_say() -> None:
    assert list(screen_lines(())) == []


def test_a_file_name_is_harmless() -> None:
    message = ScreenMessage(text=RAW + "A" * 500, because=RAW, source="somebody")
    lines = [line.text for line in screen_lines((message, message))]
    assert len(lines) == 4
    assert all(line.isprintable() and len(line) < 250 for line in lines)
