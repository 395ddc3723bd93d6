"""The text of a cut-over: the answer first and last, what is missing with its click path, who is concerned."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args

import msgspec
import pytest

from tests.render.fleet_lines import HOSTILE, config, cutover, cutover_phone, run
from vpnprobe.checks.renewal import STEPS
from vpnprobe.fleet.summary import SummaryCounter
from vpnprobe.model.fleet import CutoverPhone, FleetLine, FleetStart, FleetSummary, RenewalStep
from vpnprobe.render.cutover_text import COUNTED_REASONS, LISTED, NAMED, TOLD_REASONS, CutoverText


def text(lines: Iterable[FleetLine], **options: bool) -> str:
    writer = CutoverText(**options)
    return "".join(writer.add(line) for line in lines)


def ready(number: int, *reasons: str, **changes: Any) -> CutoverPhone:
    return cutover_phone(number, readiness="ready", missing=(), reasons=reasons, has_new_hash=True, **changes)


def of(*phones: CutoverPhone, **end: Any) -> Iterable[FleetLine]:
    return run("cutover", phones, **end)


def test_the_answer_is_the_first_line_and_the_last() -> None:
    told = text(cutover(200)).splitlines()
    assert re.fullmatch(r"NO-GO: 200 phones: \d+ would be cut off, \d+ not known, \d+ ready\.", told[0])
    assert told[-1].startswith(told[0])
    assert told[-1].endswith(
        "Missing: Import into CUCM (3, 4), Keep the old hash (4), Apply and reset (5), Get the file read (5)."
    )


def test_quiet_is_the_last_line() -> None:
    assert text(cutover(200), quiet=True) == text(cutover(200)).splitlines()[-1] + "\n"
    assert text(cutover(200), quiet=True, verbose=True).count("\n") == 1


def test_each_missing_step_has_its_phones_and_its_way() -> None:
    told = text(cutover(200))
    part = told[told.index("What is missing") : told.index("\nWhy")]
    assert re.search(r"\n +20  Steps 3 and 4: upload the new certificate", part)
    assert "Upload Certificate: Phone-VPN-trust" in part
    assert re.search(rf"\n +SEP[0-9A-F]{{12}}(, SEP[0-9A-F]{{12}}){{{NAMED - 1}}} and {20 - NAMED} more\n", part)
    assert part.index("Steps 3 and 4") < part.index("Step 4:") < part.index("Step 5: apply")


@pytest.mark.parametrize("step", get_args(RenewalStep))
def test_every_step_can_be_shown(step: RenewalStep) -> None:
    told = text(of(cutover_phone(1, missing=(step,))))
    for fix in STEPS[step]:
        assert f"\n             {fix.platform}\n" in told
        assert all(line in told for line in fix.steps)


def test_a_clean_go_says_what_is_next() -> None:
    told = text(of(ready(0), ready(2)))
    assert told.startswith("GO: 2 phones: 2 ready.\n")
    assert told.endswith("\nGO: 2 phones: 2 ready.\n")
    assert "What is next\n             Judged were the files on the configuration server." in told
    assert "\n             Step 7: bind the new trustpoint" in told
    assert "ssl trust-point <new-trustpoint> outside" in told
    assert "--after" in told


def after(lines: Iterable[FleetLine]) -> Iterator[FleetLine]:
    for line in lines:
        yield msgspec.structs.replace(line, settings={"--after": "yes"}) if isinstance(line, FleetStart) else line


def test_after_the_swap_nothing_is_next() -> None:
    assert "What is next" not in text(after(of(ready(0))))


def test_after_the_swap_the_last_line_names_the_address_that_is_behind() -> None:
    lines = after(of(cutover_phone(1, missing=()), verdict="fail", notes=("One.", "Two.")))
    assert text(lines).endswith("\nNO-GO: 1 phone: 1 would be cut off. One.\n")


def test_a_reservation_is_counted() -> None:
    told = text(of(ready(0), ready(2, "It has the hash of an issuer."), ready(3, "It has the hash of an issuer.")))
    assert told.startswith("GO, with a reservation: 3 phones: 3 ready.\n")
    assert told.endswith("GO, with a reservation: 3 phones: 3 ready. Of 2 there is a reservation.\n")
    assert "\nWhy\n          2  It has the hash of an issuer.\n" in told


@pytest.mark.parametrize(
    ("verdict", "answer"), [("fail", "NO-GO"), ("inconclusive", "NOT KNOWN"), ("warn", "GO, with a reservation")]
)
def test_where_the_phones_do_not_explain_the_answer_a_remark_does(verdict: str, answer: str) -> None:
    told = text(of(ready(0), verdict=verdict, notes=("vpn.example.com:443 shows the old one.", "Another.")))
    assert told.endswith(f"\n{answer}: 1 phone: 1 ready. vpn.example.com:443 shows the old one.\n")
    assert "\nNotes\n  vpn.example.com:443 shows the old one.\n  Another.\n" in told


def test_without_a_missing_step_the_last_line_has_the_first_phone_s_reason() -> None:
    """Such as at a gateway that is no part of the change: no step of the procedure would help there."""
    reason = "It has no hash of the certificate that 192.0.2.7:443 shows: it is cut off there already."
    told = text(of(ready(0), cutover_phone(1, readiness="cut-off", missing=(), reasons=(reason,)), verdict="fail"))
    assert told.endswith(f"\nNO-GO: 2 phones: 1 would be cut off, 1 ready. {reason}\n")


def test_what_ended_the_run_explains_it() -> None:
    told = text(of(ready(0), verdict="inconclusive", interrupted="deadline", not_reached=3, notes=("A note.",)))
    assert told.endswith(": 1 phone: 1 ready. 3 phones not reached: the deadline came first.\n")


def test_phones_that_would_be_cut_off_are_listed_with_their_site_and_reason() -> None:
    lines = list(cutover(2000))
    told = text(lines)
    assert isinstance(lines[-1], FleetSummary)
    head = re.search(r"\nWould be cut off, the first (\d+) of (\d+)\n((?:  SEP.*\n)+)", told)
    assert head is not None
    assert (head[1], head[2]) == (str(LISTED), str(lines[-1].counts.by_result["cut-off"]))
    assert head[3].count("\n") == LISTED
    assert re.search(r"  SEP[0-9A-F]{12}  Berlin  Its configuration names the old certificate only", head[3])
    assert re.search(r"\nNot known\n(  SEP.*\n)+\n", text(cutover(600)))


def test_further_reasons_of_a_phone_are_counted() -> None:
    told = text(of(cutover_phone(1, reasons=("One.", "Two.", "Three."))))
    assert "  One. (+2)\n" in told


def test_reasons_are_ranked_and_bounded() -> None:
    phones = [
        cutover_phone(1, mac=f"{number:012X}", reasons=(f"Reason {number}.", "Common.")) for number in range(1200)
    ]
    writer = CutoverText()
    told = "".join(writer.add(line) for line in of(*phones))
    assert re.search(r"\nWhy\n      1,200  Common\.\n", told)
    part = told[told.index("\nWhy\n") :].split("\n\n")[0]
    assert part.count("\n") == TOLD_REASONS + 2
    assert "and other reasons" in part
    assert len(writer._reasons) == COUNTED_REASONS


def test_gateways_and_sites_in_words_of_the_cut_over() -> None:
    told = text(cutover(200))
    assert re.search(r"\n  vpn\.example\.com:443 7962G  \d+ phones: (\d+ [a-z ]+, )*\d+ ready\n", told)
    assert re.search(r"\n +20  Berlin: 20 would be cut off\n", told)
    assert "CRITICAL" not in told


def test_verbose_tells_every_phone_as_it_comes() -> None:
    told = text(cutover(50), verbose=True)
    assert len(re.findall(r"^(?:ready|not known|would be cut off) +SEP[0-9A-F]{12}", told, re.MULTILINE)) == 50
    assert told.index("SEP8CB64F000000") < told.index("NO-GO")


def test_hostile_text_stays_on_its_line() -> None:
    phones = [
        cutover_phone(
            1,
            mac=f"{number:012X}",
            reasons=(one,),
            labels={"Site": one},
            config=config(1, problem=one),
        )
        for number, one in enumerate(HOSTILE)
    ]
    lines = list(of(*phones, notes=HOSTILE))
    told = text(lines, verbose=True)
    assert all(character.isprintable() or character == "\n" for character in told)
    assert "\nlone" not in told


def test_nothing_is_kept_of_phones_that_are_ready() -> None:
    writer = CutoverText()
    counter = SummaryCounter()
    for number in range(3000):
        line = ready(number)
        counter.add(line)
        assert writer.add(line) == ""
    assert sum(len(listed) for listed in writer._listed.values()) <= LISTED
    assert isinstance(list(of())[-1], FleetSummary)
