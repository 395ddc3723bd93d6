"""The page of 40,000 phones in a real browser: it opens, sorts, filters and prints, and runs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.containers.chromium import Chromium, chromium
from tests.render.fleet_lines import HOSTILE, cutover, cutover_phone, run, swept
from vpnprobe.model.fleet import FleetLine
from vpnprobe.render.escape import printable
from vpnprobe.render.fleet_html import FleetHtml

pytestmark = pytest.mark.container

PHONES = 40_000
NOT_READY = sum(cutover_phone(number).readiness != "ready" for number in range(PHONES))

TEXTS = "[...document.querySelectorAll({selector!r})].map((found) => found.textContent)"
SEARCH = """
(() => {{
  const form = document.getElementById("filter");
  form.elements.text.value = {text!r};
  form.dispatchEvent(new Event("input"));
}})()
"""
CHOOSE = """
(() => {{
  const select = [...document.querySelectorAll("#filter label")].find((one) => one.textContent.startsWith({label!r}))
    .querySelector("select");
  select.value = [...select.options].find((option) => option.text === {choice!r}).value;
  select.dispatchEvent(new Event("input", {{ bubbles: true }}));
}})()
"""
PRESS = "[...document.querySelectorAll({selector!r})].find((one) => one.textContent.startsWith({text!r})).click()"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with chromium(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture(scope="module")
def fleet_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("pages") / "cutover.html", cutover(PHONES))


@pytest.fixture
def opened(browser: Chromium, fleet_page: Path) -> Iterator[Chromium]:
    """The page of the fleet, which at the end has made no request but for itself, and said nothing."""
    browser.troubles.clear()
    browser.requests.clear()
    browser.open(fleet_page)
    yield browser
    assert not browser.troubles
    assert browser.requests == [fleet_page.as_uri()]


def written(path: Path, lines: Iterable[FleetLine], title: str = "") -> Path:
    page = FleetHtml(title)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(map(page.add, lines))
    return path


def texts(page: Chromium, selector: str) -> list[str]:
    found: list[str] = page.evaluate(TEXTS.format(selector=selector))
    return found


def found(page: Chromium) -> str:
    return texts(page, "#found")[0]


def column(page: Chromium, place: int) -> list[str]:
    return texts(page, f"#list tbody tr > :nth-child({place})")


def press(page: Chromium, selector: str, text: str = "") -> None:
    page.evaluate(PRESS.format(selector=selector, text=text))


def test_all_phones_are_there_a_hundred_at_a_time_the_worst_first(opened: Chromium) -> None:
    assert found(opened) == "40,000 of 40,000 phones"
    assert len(column(opened, 1)) == 100
    assert set(column(opened, 4)) == {"Would be cut off"}
    assert texts(opened, "#pages span") == ["Page 1 of 400"]


def test_pages_are_turned(opened: Chromium) -> None:
    first = column(opened, 1)
    press(opened, "#pages button", "Next")
    second = column(opened, 1)
    assert not set(first) & set(second)
    press(opened, "#pages button", "Last")
    assert texts(opened, "#pages span") == ["Page 400 of 400"]
    assert set(column(opened, 4)) == {"Ready"}
    press(opened, "#pages button", "Previous")
    press(opened, "#pages button", "First")
    assert column(opened, 1) == first


def test_columns_sort_both_ways(opened: Chromium) -> None:
    devices = sorted(cutover_phone(number).device for number in range(PHONES))
    press(opened, "#list thead button", "Phone")
    assert column(opened, 1) == devices[:100]
    assert opened.evaluate("document.querySelector('#list th.device').ariaSort") == "ascending"
    press(opened, "#list thead button", "Phone")
    assert column(opened, 1) == devices[:-101:-1]
    press(opened, "#list thead button", "Site")
    assert set(column(opened, 3)) == {"Amsterdam"}


def test_the_list_is_searched_and_filtered(opened: Chromium) -> None:
    wanted = cutover_phone(3)
    opened.evaluate(SEARCH.format(text=wanted.mac.lower()))
    assert (found(opened), column(opened, 1)) == ("1 of 40,000 phones match", [wanted.device])
    opened.evaluate(SEARCH.format(text=f"  zürich {wanted.mac} DP-3 "))
    assert column(opened, 1) == [wanted.device]
    opened.evaluate(SEARCH.format(text=f"berlin {wanted.mac}"))
    assert (found(opened), column(opened, 1)) == ("0 of 40,000 phones match", [])
    press(opened, "#filter button")
    opened.evaluate("new Promise((done) => setTimeout(done, 50))")
    assert found(opened) == "40,000 of 40,000 phones"


@pytest.mark.parametrize(
    ("label", "choice", "fits"),
    [
        ("Result", "Not known", lambda phone: phone.readiness == "unknown"),
        ("Missing step", "Keep the old hash (4)", lambda phone: "keep-old-hash" in phone.missing),
        ("Missing step", "(none)", lambda phone: not phone.missing),
        ("Site", "תל אביב", lambda phone: phone.labels["Site"] == "תל אביב"),
        ("Gateway", "vpn2.example.com:443 8845", lambda phone: "vpn2.example.com:443 8845" in phone.gateways),
    ],
    ids=["result", "step", "no step", "site", "gateway"],
)
def test_each_filter_leaves_what_fits(opened: Chromium, label: str, choice: str, fits: Any) -> None:
    opened.evaluate(CHOOSE.format(label=label, choice=choice))
    count = sum(fits(cutover_phone(number)) for number in range(PHONES))
    assert 0 < count < PHONES
    assert found(opened) == f"{count:,} of 40,000 phones match"


def test_a_group_opens_its_phones(opened: Chromium) -> None:
    press(opened, "tr[data-value] button", "Berlin")
    assert found(opened) == "4,000 of 40,000 phones match"
    assert set(column(opened, 3)) == {"Berlin"}


def test_a_phone_shows_its_details(opened: Chromium) -> None:
    opened.evaluate(SEARCH.format(text=cutover_phone(3).mac))
    press(opened, "#list tbody button")
    assert opened.evaluate("document.querySelector('#list tbody button').ariaExpanded") == "true"
    details = dict(zip(texts(opened, ".details dt"), texts(opened, ".details dt + dd"), strict=True))
    assert details["Why"] == cutover_phone(3).reasons[0]
    assert details["Description"] == "Desk 3 of Zürich"
    assert details["New hash in the file"] == "no"
    press(opened, "#list tbody button")
    assert texts(opened, ".details") == []


def test_the_printer_is_given_every_phone_that_is_not_ready(opened: Chromium) -> None:
    opened.evaluate(
        "addEventListener('beforeprint', () => { window.given = document.querySelectorAll('#printed li') })"
    )
    assert opened.pdf().startswith(b"%PDF-")
    assert opened.evaluate("window.given.length") == NOT_READY
    told = opened.evaluate("window.given[0].parentElement.parentElement.textContent")
    assert told.startswith("Amsterdam, Apply and reset (5); Keep the old hash (4): 42SEP<MAC>.cnf.xml.sgn lacks")
    assert texts(opened, "#printed li") == []


@pytest.mark.parametrize("width", [1280, 900, 390])
def test_the_page_is_as_wide_as_the_window(opened: Chromium, fleet_page: Path, width: int) -> None:
    opened.requests.clear()
    opened.open(fleet_page, width=width)
    press(opened, "#list tbody button")
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth") is True
    # The columns that are seen, and the details of a phone, fill the table.
    ends = "[...document.querySelector('#list').rows].map((row) => [...row.cells].findLast((one) => one.offsetWidth))"
    assert len(set(opened.evaluate(f"{ends}.map((cell) => Math.round(cell.getBoundingClientRect().right))"))) == 1


def test_without_scripts_the_numbers_are_there(browser: Chromium, fleet_page: Path) -> None:
    browser.open(fleet_page, scripts=False)
    shown = browser.evaluate("document.body.innerText")
    assert "40,000 phones: 4,372 would be cut off, 402 not known, 35,226 ready." in shown
    assert "The list of phones needs JavaScript." in shown
    assert "Search" not in shown


def test_a_sweep_opens_too(browser: Chromium, tmp_path: Path) -> None:
    browser.troubles.clear()
    browser.open(written(tmp_path / "sweep.html", swept(200)))
    assert found(browser) == "200 of 200 phones"
    assert set(column(browser, 5)) == {"PIN001 cert-hash-match", "CRT002 certificate-expires-soon", "Not decided", ""}
    assert not browser.troubles


@pytest.mark.parametrize("count", [0, 1])
def test_a_small_run_opens_too(browser: Chromium, tmp_path: Path, count: int) -> None:
    browser.troubles.clear()
    browser.open(written(tmp_path / "small.html", cutover(count)))
    assert found(browser) == f"{count} of {count} phones"
    assert browser.pdf().startswith(b"%PDF-")
    assert not browser.troubles


def test_texts_of_others_are_shown_and_do_nothing(browser: Chromium, tmp_path: Path) -> None:
    phones = [
        cutover_phone(number, model=text, reasons=(text,), labels={"Site": text, text: text}, readiness="cut-off")
        for number, text in enumerate(HOSTILE)
    ]
    browser.troubles.clear()
    browser.requests.clear()
    page = written(tmp_path / "hostile.html", run("cutover", phones), HOSTILE[0])
    browser.open(page)
    shown = {printable(text) for text in HOSTILE}
    assert set(column(browser, 2)) == set(column(browser, 3)) == set(column(browser, 6)) == shown
    for place in range(len(HOSTILE)):
        browser.evaluate(f"document.querySelectorAll('#list tbody th button')[{place}].click()")
    assert shown <= set(texts(browser, ".details dt"))
    assert browser.evaluate("document.querySelectorAll('img, iframe, object, link, a, base').length") == 0
    assert browser.evaluate("document.querySelectorAll('script:not([type])').length") == 1
    browser.pdf()
    assert not browser.troubles
    assert browser.requests == [page.as_uri()]


def test_the_policy_stops_what_got_in_all_the_same(browser: Chromium, fleet_page: Path) -> None:
    browser.open(fleet_page)
    browser.troubles.clear()
    browser.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), { text: 'window.ran = 1' }))"
    )
    assert browser.evaluate("window.ran ?? null") is None
    assert any("Content Security Policy" in trouble for trouble in browser.troubles)
