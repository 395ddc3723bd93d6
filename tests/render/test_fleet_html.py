"""The page of a fleet run: self-contained, safe whatever its texts are, and complete without its script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import tracemalloc
import unicodedata
from datetime import timedelta, timezone
from importlib.resources import files

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.render.fleet_lines import (
    HOSTILE,
    NEW_HASH,
    OLD_HASH,
    SITES,
    config,
    cutover,
    cutover_phone,
    gateway_sights,
    run,
    swept,
    swept_phone,
)
from tests.render.fleet_page import Page, written
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.fleet import Counts, FleetLine, FleetSummary, GatewaySight
from vpnprobe.render.escape import printable
from vpnprobe.render.fleet_html import MAX_GATEWAYS, FleetHtml
from vpnprobe.render.fleet_page_data import BLOCK_PHONES, script_json

ELEMENTS = """
html head meta title style body script header p h1 h2 span main section div dl dt dd table thead tbody tfoot tr th td ul
li code svg rect noscript form label input button nav
"""
ATTRIBUTES = """
lang charset http-equiv content name type class id aria-hidden aria-label aria-labelledby role tabindex hidden scope
viewbox preserveaspectratio x width height autocomplete spellcheck data-label data-column data-value
"""
MAKES_MARKUP = """
innerHTML outerHTML insertAdjacentHTML document.write setHTML DOMParser createContextualFragment srcdoc href
setAttribute eval( Function( import( fetch( XMLHttpRequest WebSocket sendBeacon open( localStorage sessionStorage cookie
"""


def source(name: str) -> str:
    return files("vpnprobe.render").joinpath("data", name).read_text(encoding="utf-8")


def hidden(text: str) -> set[str]:
    """Characters that are not seen, but for the line feeds of the page's own lines."""
    return {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - {"\n"}


def hostile_run(text: str) -> list[FleetLine]:
    """A run in which every text that anybody else can choose is this one."""
    sight = config(0, file=text, problem=text, server=text, load=text, urls={text: text}, cert_hashes={text: text})
    phones = [
        cutover_phone(
            number,
            model=text,
            profile=text,
            labels={"Site": text, text: text},
            readiness="cut-off",
            reasons=(text, text),
            gateways=(text,),
            config=sight,
        )
        for number in range(3)
    ]
    gateway = GatewaySight(
        key=text,
        profile=text,
        addresses=(text, "closed"),
        leaves={text: "0a", "closed": None},
        cert_hashes={"0a": text},
        subjects={"0a": text},
        failure=Failure(kind=FailureKind.RESET, detail=text),
    )
    first, *middle, last = run("cutover", phones, group_by=("Site", text), notes=(text,))
    assert isinstance(last, FleetSummary)
    counts = msgspec.structs.replace(last.counts, causes={text: 3})
    start = msgspec.structs.replace(first, settings={text: text})
    return [start, gateway, *middle, msgspec.structs.replace(last, counts=counts)]


# The page as a whole


@pytest.mark.parametrize("lines", [cutover, swept])
def test_the_page_needs_nothing_else(lines: object) -> None:
    page = Page(written(lines(50)))  # type: ignore[operator]
    assert {tag for tag, _ in page.elements} <= set(ELEMENTS.split())
    assert {name for _, attributes in page.elements for name in attributes} <= set(ATTRIBUTES.split())
    assert not page.comments
    assert not re.findall(r"@import|url\(|https?:", source("fleet.css") + source("fleet.js"))


def test_the_policy_lets_its_own_script_run_and_nothing_be_fetched() -> None:
    page = Page(written(cutover(1)))
    metas = [attributes for tag, attributes in page.elements if tag == "meta"]
    assert metas[0] == {"charset": "utf-8"}
    assert metas[1]["http-equiv"] == "Content-Security-Policy"
    policy = dict(part.strip().split(" ", 1) for part in metas[1]["content"].split(";"))
    [script], [style] = page.inline("script"), page.inline("style")
    assert policy == {
        "default-src": "'none'",
        "script-src": f"'sha256-{digest(script)}'",
        "style-src": f"'sha256-{digest(style)}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@pytest.mark.parametrize("word", MAKES_MARKUP.split())
def test_the_script_makes_no_markup_and_asks_nobody(word: str) -> None:
    assert word not in source("fleet.js")


@pytest.mark.parametrize("name", ["fleet.css", "fleet.js"])
def test_what_stands_inline_does_not_end_its_element(name: str) -> None:
    assert "<" + "/" not in source(name)
    assert "<" + "!--" not in source(name)


# Texts of others


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_changes_nothing_of_the_page(text: str) -> None:
    """The same elements with the same attributes as with a harmless text, and nothing hidden anywhere."""
    marked, plain = f"{text}|end", "harmless|end"
    whole = written(hostile_run(marked), marked, {marked: marked})
    page, harmless = Page(whole), Page(written(hostile_run(plain), plain, {plain: plain}))
    assert [(tag, list(attributes)) for tag, attributes in page.elements] == [
        (tag, list(attributes)) for tag, attributes in harmless.elements
    ]
    assert page.inline("script") == harmless.inline("script")
    assert page.shown.count(printable(marked)) == harmless.shown.count(plain)
    assert not hidden(whole)


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_comes_back_from_the_data(text: str) -> None:
    page = Page(written(hostile_run(text)))
    [phone, *_] = page.phones()
    shown = printable(text)
    assert {phone["model"], phone["label Site"], phone[f"label {shown}"]} == {shown}
    assert phone["why"] == [shown, shown]
    assert phone["gateways"] == [shown]
    details = dict(phone["details"])
    assert (details["Profile"], details["Firmware load"], details[shown]) == (shown, shown, shown)
    [facts] = page.data("page")
    assert facts["labels"] == ["Site", shown]
    assert facts["causes"] == {shown: shown}


@given(st.text())
def test_json_of_any_text_stays_in_its_element(text: str) -> None:
    told = script_json([text.encode("utf-8", "replace").decode()])
    assert not set(told) & set("<>&\u2028\u2029")
    assert json.loads(told) == [text.encode("utf-8", "replace").decode()]


# The phones in the data


def test_every_phone_comes_back_from_the_data() -> None:
    page = Page(written(cutover(400)))
    for number, found in enumerate(page.phones()):
        phone = cutover_phone(number)
        assert (found["mac"], found["device"], found["model"]) == (phone.mac, phone.device, phone.model)
        assert found["result"] == phone.readiness
        assert (found["causes"] or []) == list(phone.missing)
        assert (found["why"] or []) == list(phone.reasons)
        assert (found["gateways"] or []) == list(phone.gateways)
        assert {label: found[f"label {label}"] for label in phone.labels} == phone.labels
        assert found["finished"] == f"{phone.finished_at:%Y-%m-%d %H:%M} UTC"
    assert number == 399


def test_the_phones_of_a_sweep_have_what_they_are_counted_under() -> None:
    phones = Page(written(swept(4))).phones()
    assert [phone["result"] for phone in phones] == ["fail", "inconclusive", "warn", "pass"]
    assert [phone["causes"] for phone in phones] == [["PIN001"], ["received"], ["CRT002"], None]
    assert phones[0]["why"] == ["no certHash of the configuration names the certificate that is shown"]
    assert dict(phones[0]["details"])["Alarms"] == "PIN001, CRT002"


def test_the_details_of_a_phone() -> None:
    phone = cutover_phone(5, config=config(5, outcome="not-found", file="SEPX.cnf.xml", problem="no such file"))
    [found] = Page(written(run("cutover", [phone]))).phones()
    assert dict(found["details"]) == {
        "Profile": "7945G",
        "Configuration": "there is no such file, SEPX.cnf.xml, TFTP 10.1.1.5:69: no such file",
        "New hash in the file": "not known",
        "Old hash in the file": "not known",
        "url1": "https://vpn.example.com/VPNPhone",
        "url2": "https://vpn2.example.com/VPNPhone",
        "certHash1": OLD_HASH,
        "certHash2": NEW_HASH,
        "Host-ID check": "1",
        "Firmware load": "SCCP45.9-4-2SR1S",
    }


@pytest.mark.parametrize("count", [0, 1, BLOCK_PHONES - 1, BLOCK_PHONES, BLOCK_PHONES + 1])
def test_blocks_hold_every_phone_once(count: int) -> None:
    page = Page(written(swept(count)))
    assert [phone["mac"] for phone in page.phones()] == [swept_phone(number).mac for number in range(count)]
    assert len(page.data("phones")) == -(-count // BLOCK_PHONES)


def test_a_label_that_only_some_phones_have() -> None:
    labels = [{}, {"Site": "Oslo"}, {}, {"Room": "1"}, {}]
    phones = [swept_phone(number, labels=own) for number, own in enumerate(labels)]
    found = Page(written(run("sweep", phones))).phones()
    assert [(phone["label Site"], phone["label Room"]) for phone in found] == [
        (None, None),
        ("Oslo", None),
        (None, None),
        (None, "1"),
        (None, None),
    ]


def test_memory_does_not_grow_with_the_fleet() -> None:
    page = FleetHtml()
    lines = cutover(8 * BLOCK_PHONES)
    taken: list[int] = []
    tracemalloc.start()
    try:
        for number, line in enumerate(lines):
            page.add(line)
            if number % BLOCK_PHONES == BLOCK_PHONES // 2:
                taken.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    # The phones of a block and the texts that are remembered are there from the third block on.
    assert max(taken[3:]) < taken[2] * 1.2


# Without a script


def rows_of(page: Page, *first: str) -> list[list[str]]:
    return [row for row in page.rows if row and row[0].startswith(first)]


def test_the_numbers_need_no_script() -> None:
    page = Page(written(cutover(40_0), "CHG0042317", {"New certificate": "CN=vpn.example.com"}))
    assert "CHG0042317" in page.shown
    assert "Would every phone take the new certificate?" in page.shown
    assert "NO-GO" in page.shown
    assert "400 phones: 44 would be cut off, 4 not known, 352 ready." in page.shown
    assert ["Would be cut off", "44", "11.0 %"] in page.rows
    assert ["Not known", "4", "1.0 %"] in page.rows
    assert ["Ready", "352", "88.0 %"] in page.rows
    for fact in ("New certificate", "CN=vpn.example.com", "--at", "2026-12-01", "2026-11-21 02:00 UTC, took 7 min 2 s"):
        assert fact in page.shown
    assert "needs JavaScript" in page.shown


def test_missing_steps_are_told_in_words_and_in_their_order() -> None:
    page = Page(written(cutover(400)))
    steps = [row for row in page.rows if len(row) == 2 and re.match("Steps? [0-9]", row[0])]
    assert [row[0].partition(":")[0] for row in steps] == ["Steps 3 and 4", "Step 4", "Step 5", "Step 5"]
    assert [row[1] for row in steps] == ["40", "4", "4", "4"]


def test_each_group_has_its_numbers_and_what_it_lacks_the_worst_first() -> None:
    page = Page(written(cutover(400)))
    [berlin] = rows_of(page, "Berlin")
    assert berlin == ["BerlinImport into CUCM (3, 4): 40", "40", "40", "0", "0"]
    sites = rows_of(page, *SITES)
    assert len(sites) == len(SITES)
    cut_off = [int(row[2]) for row in sites]
    assert cut_off[0] == 40
    assert cut_off == sorted(cut_off, reverse=True)


def test_a_group_without_a_name() -> None:
    page = Page(written(run("sweep", [swept_phone(0, labels={})])))
    assert rows_of(page, "(none)")[0][1:] == ["1", "1", "0", "0", "0"]


def test_a_gateway_shows_the_certificate_of_each_address() -> None:
    [row, *_] = rows_of(Page(written(cutover(8))), "vpn.example.com:443 7962G")
    assert f"192.0.2.7:443: {OLD_HASH}, until 2026-12-11 CN=vpn.example.com" in row[0]
    assert f"192.0.2.8:443: {NEW_HASH} CN=vpn.example.com,O=Example" in row[0]
    assert "[2001:db8::7]:443: no answer in time" in row[0]
    assert row[1:] == ["2", "0", "0", "2"]
    [closed, *_] = rows_of(Page(written(cutover(8))), "vpn2.example.com:443 8811")
    assert closed == ["vpn2.example.com:443 8811connection refused", "0", "0", "0", "0"]


def test_gateways_beyond_the_limit_are_counted_all_the_same() -> None:
    sights = [GatewaySight(key=f"gw{number}:443", profile="8811") for number in range(MAX_GATEWAYS + 1)]
    page = FleetHtml()
    first, *_, last = run("sweep", [])
    assert isinstance(last, FleetSummary)
    counted = {f"gw{number}:443": Counts(total=7) for number in range(MAX_GATEWAYS + 1)}
    lines = [first, *sights, msgspec.structs.replace(last, by_gateway=counted)]
    rows = rows_of(Page("".join(map(page.add, lines))), "gw")
    assert len(rows) == MAX_GATEWAYS + 1
    assert all(row[1] == "7" for row in rows)


def test_a_later_look_at_a_gateway_is_the_one_that_counts() -> None:
    [again, *_] = gateway_sights()
    first, *middle, last = cutover(4)
    later = msgspec.structs.replace(again, addresses=("192.0.2.9:443",), leaves={}, failure=None)
    row, *_ = rows_of(Page(written([first, *middle, later, last])), again.key)
    assert row[0] == f"{again.key}192.0.2.9:443: no certificate"


def test_notes_and_rows_that_cannot_be_used_are_told() -> None:
    text = Page(
        written(cutover(1, notes=("one model is not known",), row_problems=3, duplicates=1200, duration_s=7300.0))
    ).shown
    assert "Rows of the inventory that cannot be used: 3." in text
    assert "1,200, of phones that came before" in text
    assert "one model is not known" in text
    assert "took 2 h 1 min" in text


@pytest.mark.parametrize(
    ("number", "total", "share"),
    [(1, 40_000, "0.1 %"), (39_999, 40_000, "99.9 %"), (0, 40_000, "0.0 %"), (40_000, 40_000, "100.0 %")],
)
def test_a_share_is_all_or_nothing_only_where_it_is(number: int, total: int, share: str) -> None:
    counts = Counts(total=total, by_result={"cut-off": number, "ready": total - number})
    page = Page(written(cutover(1, counts=counts)))
    assert ["Would be cut off", f"{number:,}", share] in page.rows


def test_an_empty_run_is_a_page_too() -> None:
    page = Page(written(run("cutover", [])))
    assert "No phone was looked at." in page.shown
    assert not page.phones()


def test_time_is_utc() -> None:
    phone = cutover_phone(0)
    local = msgspec.structs.replace(phone, finished_at=phone.finished_at.astimezone(timezone(timedelta(hours=9))))
    [found] = Page(written(run("cutover", [local]))).phones()
    assert found["finished"] == "2026-11-21 02:00 UTC"


def test_a_board_is_told_what_cannot_be_seen() -> None:
    """That the server has the right file says nothing of the phone that has not fetched it."""
    words = "Whether each phone has fetched its own"
    coming = list(run("cutover", [cutover_phone(0)]))
    assert words in written(coming)
    made = [
        msgspec.structs.replace(line, settings={"--after": "yes"}) if line is coming[0] else line for line in coming
    ]
    assert words not in written(made)
    assert words not in written(run("sweep", [swept_phone(0)]))
