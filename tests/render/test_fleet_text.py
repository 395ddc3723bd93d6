"""The text of a sweep: numbers, causes with a few phones each, gateways, groups, and a last line that says it all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from tests.render.fleet_lines import HOSTILE, config, run, swept, swept_phone
from vpnprobe.model.finding import Verdict
from vpnprobe.model.fleet import FleetLine, SweptPhone
from vpnprobe.render.fleet_sections import SHOWN_GROUPS
from vpnprobe.render.fleet_text import NAMED, SweepText


def text(lines: Iterable[FleetLine], **options: bool) -> str:
    writer = SweepText(**options)
    return "".join(writer.add(line) for line in lines)


def of(*phones: SweptPhone, **end: Any) -> Iterable[FleetLine]:
    return run("sweep", phones, **end)


def phone(number: int, verdict: Verdict, cause: str | None = None, **changes: Any) -> SweptPhone:
    return swept_phone(number, verdict=verdict, cause=cause, **{"summary": "", "alarms": ()} | changes)


def test_numbers_come_first_and_the_last_line_says_it_all() -> None:
    told = text(swept(200)).splitlines()
    assert told[0] == "200 phones in 7 min 2 s"
    assert told[1:5] == [
        "        140  would connect, as far as tested: up to the handshake",
        "         20  would not connect",
        "         20  not known",
        "         20  would connect, and something needs attention",
    ]
    assert told[-1] == (
        "CRITICAL: 200 phones: 20 CRITICAL, 20 UNKNOWN, 20 WARNING, 140 OK; not passed: "
        "20 CRT002 certificate-expires-soon, 20 PIN001 cert-hash-match, 20 Not decided"
    )


def test_causes_name_a_few_phones() -> None:
    told = text(swept(200))
    first = ", ".join(swept_phone(number).device for number in range(0, 10 * NAMED, 10))
    assert (
        "         20  PIN001  A certHash of the phone names the certificate that the gateway shows to it\n"
        f"             {first} and 15 more\n" in told
    )
    assert "What it means and what mends it: vpnprobe explain CRT002; every phone: --verbose\n" in told


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (phone(0, "inconclusive", alarms=("CFG002",)), "CFG002  The configuration can be read without the phone's key"),
        (phone(0, "inconclusive", config=config(0, outcome="received")), "received  The configuration was read; "),
        (phone(0, "warn", "NET002"), "NET002  "),
    ],
    ids=["an alarm", "the end of the file", "a warning with a cause"],
)
def test_a_phone_without_a_critical_failure_has_a_cause_too(line: SweptPhone, cause: str) -> None:
    assert f"          1  {cause}" in text(of(line))


def test_a_good_fleet_has_no_causes() -> None:
    told = text(of(phone(3, "pass")))
    assert "did not pass" not in told
    assert told.endswith("OK: 1 phone: 1 OK\n")


def test_gateways_with_what_each_address_shows() -> None:
    told = text(swept(200))
    assert "  vpn.example.com:443 7962G  50 phones: " in told
    assert (
        "    192.0.2.7:443  certHash p9Xkc2VjcmV0b2xkaGFzaHZhbHU=, until 2026-12-11  CN=vpn.example.com\n"
        "    192.0.2.8:443  certHash q1Zlbm90aGVybmV3aGFzaHZhbHU=  CN=vpn.example.com,O=Example\n"
        "    [2001:db8::7]:443  timeout\n" in told
    )
    assert "  vpn2.example.com:443 8811  none\n" not in told
    assert "\n    refused\n" in told


def test_groups_with_most_to_do_come_first() -> None:
    told = text(swept(200))
    assert "\nSite\n         20  Amsterdam: 20 CRITICAL\n         20  Berlin: 20 UNKNOWN\n" in told


def test_of_many_groups_the_rest_is_counted() -> None:
    lines = of(*(phone(number, "pass", labels={"Site": f"{number:03}"}) for number in range(SHOWN_GROUPS + 7)))
    assert "  and 7 more groups; --format jsonl has all\n" in text(lines)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ({"interrupted": "interrupt", "not_reached": 7}, "interrupted, 7 phones not reached"),
        ({"interrupted": "deadline", "not_reached": 1}, "the deadline came first, 1 phone not reached"),
        (
            {"interrupted": "server-silent", "not_reached": 39_000},
            "the configuration server answers nobody any more, 39,000 phones not reached",
        ),
        ({"row_problems": 3}, "rows that cannot be used: 3"),
    ],
)
def test_what_is_missing_of_the_run(end: dict[str, Any], said: str) -> None:
    assert text(of(phone(3, "pass"), **end)).endswith(f": 1 OK; {said}\n")


def test_every_phone_with_verbose() -> None:
    told = text(swept(20), verbose=True).splitlines()
    rows = [line for line in told if " SEP" in line and not line.startswith(" ")]
    assert len(rows) == 20
    assert rows[0] == (
        f"CRITICAL {swept_phone(0).device} PIN001 no certHash of the configuration names the certificate that is shown"
    )
    assert rows[3] == f"OK       {swept_phone(3).device}"
    assert told[20] == ""


def test_one_line_with_quiet() -> None:
    told = text(swept(20), quiet=True, verbose=True)
    assert told.startswith("CRITICAL: 20 phones: 2 CRITICAL, 2 UNKNOWN, 2 WARNING, 14 OK; not passed: 2 CRT002 ")
    assert told.count("\n") == 1


def test_the_last_line_names_the_most_frequent_causes() -> None:
    causes = ["PIN001", "PIN001", "NET002", "TFT003", "CFG001", "CFG003"]
    told = text(of(*(phone(number, "fail", cause) for number, cause in enumerate(causes))), quiet=True)
    assert told == (
        "CRITICAL: 6 phones: 6 CRITICAL; not passed: 2 PIN001 cert-hash-match, 1 CFG001 config-readable, "
        "1 CFG003 vpn-group-present and 2 more\n"
    )


@pytest.mark.parametrize("hostile", HOSTILE)
def test_texts_of_others_are_shown_safely(hostile: str) -> None:
    lines = of(
        phone(0, "fail", "PIN001", summary=hostile, labels={"Site": hostile}, gateways=(hostile,)),
        notes=(hostile,),
        by_gateway={},
    )
    told = text(lines, verbose=True)
    assert all(character.isprintable() for character in told.replace("\n", ""))


def test_notes() -> None:
    assert "\nNotes\n  no profile is known\n" in text(of(phone(3, "pass"), notes=("no profile is known",)))


def test_memory_does_not_grow_with_the_fleet() -> None:
    writer = SweepText()
    for line in swept(5000):
        writer.add(line)
    assert sum(map(len, writer._phones.values())) <= 4 * NAMED
