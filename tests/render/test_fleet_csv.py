"""CSV of a fleet run: rows that any spreadsheet reads, and no text that it would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.render.fleet_lines import HOSTILE, SITES, config, cutover, cutover_phone, run, start, swept, swept_phone
from vpnprobe.fleet.inventory import read_inventory
from vpnprobe.model.fleet import FleetLine
from vpnprobe.render.escape import printable
from vpnprobe.render.fleet_csv import BYTE_ORDER_MARK, MAX_CELL, FleetCsv, cell

LABELS = ("Site", "Device Pool", "Description")


def written(lines: Iterable[FleetLine], labels: tuple[str, ...] = LABELS) -> str:
    writer = FleetCsv(labels)
    return "".join(map(writer.add, lines))


def rows(text: str) -> Iterator[dict[str, str]]:
    head, *body = csv.reader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline=""), strict=True)
    assert len(set(head)) == len(head)
    for row in body:
        assert len(row) == len(head)
        yield dict(zip(head, row, strict=True))


def test_a_row_for_each_phone_of_a_cutover() -> None:
    told = list(rows(written(cutover(200))))
    assert len(told) == 200
    phone = cutover_phone(3)
    assert told[3] == {
        "device": phone.device,
        "mac": phone.mac,
        "model": "8845",
        "profile": "8845",
        "result": "cut-off",
        "missing": "apply-config; keep-old-hash",
        "reasons": f"{phone.device}.cnf.xml.sgn lacks the new hash, which other phones of this gateway have.",
        "has_new_hash": "no",
        "has_old_hash": "yes",
        "gateways": "vpn2.example.com:443 8845",
        "config": "received",
        "config_file": f"{phone.device}.cnf.xml.sgn",
        "config_server": "tftp 10.1.1.5:69",
        "config_problem": "",
        "urls": "https://vpn.example.com/VPNPhone; https://vpn2.example.com/VPNPhone",
        "cert_hashes": "p9Xkc2VjcmV0b2xkaGFzaHZhbHU=",
        "host_id_check": "1",
        "load": "SCCP45.9-4-2SR3S",
        "finished_at": "2026-11-21T02:00:00Z",
        "Site": "Zürich",
        "Device Pool": "DP-3",
        "Description": "Desk 3 of Zürich",
    }


def test_a_row_for_each_phone_of_a_sweep() -> None:
    told = list(rows(written(swept(20))))
    assert [row["result"] for row in told[:4]] == ["fail", "inconclusive", "warn", "pass"]
    assert (told[0]["cause"], told[0]["alarms"]) == ("PIN001", "PIN001; CRT002")
    assert told[0]["summary"] == "no certHash of the configuration names the certificate that is shown"


def test_what_is_not_known_is_an_empty_cell() -> None:
    phone = cutover_phone(0, model=None, profile=None, has_new_hash=None, config=config(0, host_id_check=None))
    [row] = rows(written(run("cutover", [phone])))
    assert {row[name] for name in ("model", "profile", "has_new_hash", "config_file", "host_id_check")} == {""}


def test_the_form_is_that_of_spreadsheets() -> None:
    text = written(cutover(3))
    assert text.startswith(BYTE_ORDER_MARK + "device,mac,")
    assert text.count("\r\n") == text.count("\n") == 4
    assert text.endswith("\r\n")


def test_the_file_is_an_inventory_again() -> None:
    inventory = read_inventory(written(swept(300)).encode(), "sweep.csv")
    assert len(inventory.phones) == 300
    assert not inventory.problems
    phone = inventory.phones[3]
    assert (phone.mac, phone.model, phone.labels["Site"]) == (swept_phone(3).mac, "8845", SITES[3])


def test_a_label_named_like_a_column_keeps_its_place() -> None:
    labels = {"result": "old", "result (inventory)": "older", "=1+1": "sum"}
    [row] = rows(written(run("sweep", [swept_phone(3, labels=labels)]), tuple(labels)))
    assert (row["result"], row["result (inventory)"], row["result (inventory) (inventory)"]) == ("pass", "old", "older")
    assert row["'=1+1"] == "sum"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\\x09=1"),
        ("\tplain", "'\\x09plain"),
        ("\rplain", "'\\x0dplain"),
        ("  =1", "'  =1"),
        ("\n=1", "'\\x0a=1"),
        ("\uff1d1", "'\uff1d1"),
        ("1+1", "1+1"),
        ("a=b", "a=b"),
        ("", ""),
        (None, ""),
        ("x" * (MAX_CELL + 1), "x" * MAX_CELL + "…"),
    ],
    ids=repr,
)
def test_a_formula_is_text(text: str | None, shown: str) -> None:
    assert cell(text) == shown


@given(st.text())
def test_any_cell_is_printable_and_no_formula(text: str) -> None:
    shown = cell(text)
    assert shown.lstrip()[:1] not in tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
    assert shown in (printable(text, MAX_CELL), "'" + printable(text, MAX_CELL))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_in_its_cell(text: str) -> None:
    labels = {"Site": text, text: text}
    sight = config(0, file=text, problem=text, server=text, load=text, urls={"url1": text}, cert_hashes={"c": text})
    phones = [
        cutover_phone(0, model=text, reasons=(text, text), gateways=(text,), labels=labels, config=sight),
        cutover_phone(1),
    ]
    first, second = rows(written(run("cutover", phones), tuple(labels)))
    assert {first[name] for name in ("model", "Site", cell(text), "config_file", "gateways", "urls")} == {cell(text)}
    assert first["reasons"] == cell(f"{text}; {text}")
    assert second["device"] == cutover_phone(1).device


def test_only_the_start_and_phones_have_rows() -> None:
    writer = FleetCsv()
    assert [bool(writer.add(line)) for line in (start("sweep"), swept_phone(0))] == [True, True]
    *_, last = run("sweep", [])
    assert writer.add(last) == ""
    assert len(list(rows(written(swept(0))))) == 0
