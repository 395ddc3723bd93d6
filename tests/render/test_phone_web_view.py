"""What a person is shown of a phone's pages."""

from __future__ import annotations

import msgspec

from tests.checks.phone_web.builder import DEVICE, LOGGED_IN, LOGS, NETWORK, SEEN, seeing, web_run
from tests.render.reports import RAW
from vpnprobe.model.phoneweb import PhoneWeb, StatusMessage
from vpnprobe.render.phone_web_view import phone_web_sections


def test_sections() -> None:
    sections = dict(phone_web_sections(web_run(), verbose=False))
    assert sections["The phone"] == [
        "  model           CP-7962G",
        "  device          SEP8CB64F576113",
        "  version         SIP42.9-4-2SR3-1S",
        "  alternate TFTP  No",
        "  TFTP server 1   10.1.1.5",
        "  CUCM 1          cucm.example.com Active",
    ]
    assert sections["Its last status messages (2 of 2)"][0] == "  11:09:29 Trust List Updated"
    assert sections["Its last log records of VPN or trust lists (1 of 1)"] == [f"  {LOGGED_IN}"]


def test_more_with_verbose() -> None:
    evidence = seeing(
        device=DEVICE | {"udi": "phone"},
        network=NETWORK | {"vpn_status": "Up"},
        messages=tuple(StatusMessage(text=str(number)) for number in range(9)),
        logs=(msgspec.structs.replace(LOGS[0], events=tuple(str(number) for number in range(20))),),
    )
    short = dict(phone_web_sections(evidence, verbose=False))
    long = dict(phone_web_sections(evidence, verbose=True))
    assert any(line.startswith("  vpn status") for line in short["The phone"])
    assert not any(line.startswith("  udi") for line in short["The phone"])
    assert any(line.startswith("  udi") for line in long["The phone"])
    assert short["Its last status messages (5 of 9)"] == ["  4", "  5", "  6", "  7", "  8"]
    assert short["Its last log records of VPN or trust lists (8 of 20)"][-1] == "  19"
    assert "Its last status messages (9 of 9)" in long


def test_nothing_seen_is_nothing_shown() -> None:
    assert not dict(phone_web_sections(web_run(phone_web=None), verbose=True))
    assert not dict(phone_web_sections(web_run(phone_web=PhoneWeb()), verbose=True))


def test_text_of_the_phone_is_escaped() -> None:
    raw = msgspec.structs.replace(
        SEEN,
        device={RAW: RAW, "model": RAW},
        network={f"vpn_{RAW}": RAW},
        messages=(StatusMessage(text=RAW, time=RAW),),
        logs=(msgspec.structs.replace(LOGS[0], events=(RAW,)),),
    )
    for _, lines in phone_web_sections(web_run(phone_web=raw), verbose=True):
        assert all(line.isprintable() for line in lines)
