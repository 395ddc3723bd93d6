from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnprobe.fleet import inventory_phones
from vpnprobe.fleet.inventory import Inventory, load_inventory, read_inventory
from vpnprobe.fleet.inventory_table import MAX_LABELS
from vpnprobe.model.errors import UsageError
from vpnprobe.model.fleet import Phone

A, B, C = "8CB64F576113", "8CB64F576114", "8CB64F57611A"

# The first columns of an export of phones with all details.
EXPORT = (
    "Device Name,Description,Device Pool,Common Device Configuration,Phone Button Template,Device Type\r\n"
    f'SEP{A},"Reception, ground floor",DP_Berlin,,Standard 7962G SIP,Cisco 7962\r\n'
    f"SEP{B},Bob,DP_Hamburg,,Standard 8841 SIP,Cisco 8841\r\n"
)


def read(text: str, name: str = "phones.csv") -> Inventory:
    return read_inventory(text.encode(), name)


def macs(text: str) -> list[tuple[int, str]]:
    return [(phone.line, phone.mac) for phone in read(text).phones]


def refused(text: str, name: str = "phones.csv") -> str:
    with pytest.raises(UsageError) as caught:
        read(text, name)
    return str(caught.value)


def test_an_export_of_bulk_administration() -> None:
    assert read(EXPORT) == Inventory(
        phones=(
            Phone(
                mac=A,
                model="Cisco 7962",
                labels={
                    "Description": "Reception, ground floor",
                    "Device Pool": "DP_Berlin",
                    "Phone Button Template": "Standard 7962G SIP",
                },
                line=2,
            ),
            Phone(
                mac=B,
                model="Cisco 8841",
                labels={
                    "Description": "Bob",
                    "Device Pool": "DP_Hamburg",
                    "Phone Button Template": "Standard 8841 SIP",
                },
                line=3,
            ),
        ),
        labels=("Description", "Device Pool", "Common Device Configuration", "Phone Button Template"),
    )


@pytest.mark.parametrize(
    "header",
    ["Device Name", "DEVICE NAME", "device_name", "MAC ADDRESS", "Mac Address", "mac", "Device Name(Line)", "Phone"],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_the_column_of_devices_by_its_name(header: str, delimiter: str) -> None:
    rows = [["Site", header], ["Berlin", f"SEP{A}"], ["Bonn", f"SEP{B}"]]
    inventory = read("\n".join(delimiter.join(row) for row in rows))
    assert [(phone.mac, phone.labels) for phone in inventory.phones] == [
        (A, {"Site": "Berlin"}),
        (B, {"Site": "Bonn"}),
    ]


def test_a_name_that_means_another_column_gives_way_to_content() -> None:
    inventory = read(f"Name,Gerät\nBob,SEP{A}\nAlice,SEP{B}\n")
    assert [(phone.mac, phone.labels) for phone in inventory.phones] == [(A, {"Name": "Bob"}), (B, {"Name": "Alice"})]


@pytest.mark.parametrize("header", ["Device Name,Extension", "Extension,Device Name"])
def test_telephone_numbers_are_no_phones(header: str) -> None:
    """Softphones alone in the first rows, beside numbers of twelve digits."""
    at = header.split(",").index("Device Name")
    devices = [*(f"CSF{number}" for number in range(150)), f"SEP{A}"]
    rows = [("+49 30 1234 5678" if at else device, device if at else "004930123456") for device in devices]
    inventory = read("\n".join([header, *(",".join(row) for row in rows)]))
    assert [phone.mac for phone in inventory.phones] == [A]
    assert len(inventory.problems) == 150


def test_a_table_of_telephone_numbers_is_no_inventory() -> None:
    assert "name a column 'Device Name'" in refused("Name,Phone\nBob,004930123456\nAlice,004930123457\n")


def test_a_mac_of_digits_alone() -> None:
    assert macs("001122334455\n") == [(1, "001122334455")]
    assert macs("MAC,Site\n001122334455,Bonn\n") == [(2, "001122334455")]
    assert macs("Site,MAC\nBonn,00:11:22:33:44:55\n") == [(2, "001122334455")]


def test_the_column_of_devices_by_its_content() -> None:
    inventory = read(f"Standort;Durchwahl;Telefon\nKöln;004930123456;{C}\nBonn;004930123457;{B}\n")
    assert [phone.mac for phone in inventory.phones] == [C, B]
    assert inventory.labels == ("Standort", "Durchwahl")


@pytest.mark.parametrize("header", ["Device Type", "Model", "phone model", "PRODUCT"])
def test_the_model(header: str) -> None:
    inventory = read(f"Device Name,{header}\nSEP{A},Cisco 7962\nSEP{B},\n")
    assert [phone.model for phone in inventory.phones] == ["Cisco 7962", None]
    assert inventory.labels == ()


def test_a_table_without_header() -> None:
    inventory = read(f"Berlin;SEP{A};1\nBonn;SEP{B};2\n")
    assert [(phone.line, phone.mac, phone.labels) for phone in inventory.phones] == [
        (1, A, {"column 1": "Berlin", "column 3": "1"}),
        (2, B, {"column 1": "Bonn", "column 3": "2"}),
    ]
    assert inventory.labels == ("column 1", "column 3")


def test_a_plain_list() -> None:
    forms = "# the pilot\n\n8CB64F576113\n8c:b6:4f:57:61:14 # Bob\nsep8cb64f57611a\n8cb6.4f57.611b\n8C-B6-4F-57-61-1C\n"
    assert macs(forms) == [(3, A), (4, B), (5, C), (6, "8CB64F57611B"), (7, "8CB64F57611C")]


@pytest.mark.parametrize("mark", ["\ufeff", ""], ids=["mark", "no mark"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_encodings(encoding: str, mark: str) -> None:
    inventory = read_inventory((mark + EXPORT.replace("Bob", "Jürgen")).encode(encoding), "phones.csv")
    assert inventory.phones[1].labels["Description"] == "Jürgen"
    assert inventory.notes == ()


def test_labels_in_latin_1() -> None:
    inventory = read_inventory(EXPORT.replace("Bob", "Jürgen").encode("latin-1"), "phones.csv")
    assert inventory.phones[1].labels["Description"] == "Jürgen"
    assert [note.partition(";")[0] for note in inventory.notes] == ["it is not UTF-8"]


def test_a_cell_with_line_breaks() -> None:
    inventory = read(f'Device Name,Address\r\nSEP{A},"Main Street 1\r\n\r\n  Berlin"\r\nSEP{B},Bonn\r\n')
    assert [(phone.line, phone.labels["Address"]) for phone in inventory.phones] == [
        (2, "Main Street 1 Berlin"),
        (5, "Bonn"),
    ]


def test_cells_that_a_spreadsheet_would_calculate_are_text() -> None:
    cells = ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)"]
    text = "Device Name,Description\n" + "".join(f"SEP8CB64F57611{n},{cell}\n" for n, cell in enumerate(cells))
    assert [phone.labels["Description"] for phone in read(text).phones] == cells


@pytest.mark.parametrize("cell", ['="001122334455"', '"=""001122334455"""', "'001122334455", "= 001122334455"])
def test_a_mac_that_was_kept_from_becoming_a_number(cell: str) -> None:
    assert macs(f"Device Name,Site\n{cell},Berlin\n") == [(2, "001122334455")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("CSFBOB,x", "'CSFBOB' is a device of another kind; a phone's name is SEP and its MAC address"),
        ("CTIRP_Berlin,x", "a device of another kind"),
        ("SE8CB64F576113,x", "a device of another kind"),
        (",x", "there is no device name or MAC address here; write one, or remove the row"),
        ("8.00E+11,x", "'8.00E+11' is what a spreadsheet made of a MAC address; format the column as text"),
        ("1,12233E+09", "not a MAC address"),
        ("SEP8CB64F5761,x", "'SEP8CB64F5761' is not a MAC address; write the 12 hex digits"),
        ("SEP8CB64F57611G,x", "not a MAC address"),
        (f"SEP{A} SEP{B},x", "not a MAC address"),
        ("ABCDEF12345,x", "not a MAC address"),
        ('SEP8CB64F576113,"x" y', "text follows a closing quotation mark"),
        ('SEP8CB64F576113,"x y', "a quotation mark is opened here and not closed"),
        ("\x1b[2J,x", "'\\x1b[2J' is not a MAC address"),
    ],
    ids=[
        "softphone",
        "route point",
        "perhaps a phone",
        "empty",
        "number",
        "number with comma",
        "short",
        "no hex digit",
        "two",
        "eleven digits",
        "text after a quote",
        "open quote",
        "escape sequence",
    ],
)
def test_a_bad_row_does_not_stop_the_rest(row: str, reason: str) -> None:
    inventory = read(f"Device Name,Site\nSEP{A},Berlin\n{row}\nSEP{B},Bonn\n")
    assert [phone.mac for phone in inventory.phones] == [A, B]
    assert [(problem.line, reason in problem.reason) for problem in inventory.problems] == [(3, True)]
    assert inventory.problems[0].is_other_device == row.startswith(("CSF", "CTI"))


@pytest.mark.parametrize(
    "first", ["8CB64F57611", "SEP8CB64F57611X", "all phones of Berlin"], ids=["short", "no hex digit", "title"]
)
def test_a_bad_first_line_of_a_list_is_no_header(first: str) -> None:
    inventory = read(f"{first}\n{A}\n{B}\n")
    assert [problem.line for problem in inventory.problems] == [1]


def test_a_bad_first_row_of_a_table_is_no_header() -> None:
    inventory = read(f"8CB64F57611;Berlin\n{A};Bonn\n")
    assert [problem.line for problem in inventory.problems] == [1]
    assert [phone.mac for phone in inventory.phones] == [A]


def test_duplicates_are_merged_and_counted() -> None:
    inventory = read(
        f"Device Name,Site,Floor,Device Type\nSEP{A},Berlin,,\nSEP{B},Bonn,1,\n"
        f"{A.lower()},Berlin,2,Cisco 7962\nSEP{A},,,\n"
    )
    assert inventory.merged == 2
    assert inventory.phones == (
        Phone(mac=A, model="Cisco 7962", labels={"Site": "Berlin", "Floor": "2"}, line=2),
        Phone(mac=B, labels={"Site": "Bonn", "Floor": "1"}, line=3),
    )
    assert (inventory.notes, inventory.problems) == ((), ())


def test_duplicates_that_contradict_each_other_are_told_by_column() -> None:
    inventory = read(
        f"Device Name,Site,Device Type\nSEP{A},Berlin,Cisco 7962\nSEP{A},Bonn,Cisco 7962\nSEP{A},Köln,Cisco 7965\n"
    )
    assert inventory.phones == (Phone(mac=A, model="Cisco 7962", labels={"Site": "Berlin"}, line=2),)
    assert inventory.notes == (
        "rows of one phone that differ in 'Site': 2 (first on line 3); what came first counts",
        "rows of one phone that differ in 'model': 1 (first on line 4); what came first counts",
    )


def test_rows_that_are_longer_than_the_header_are_told() -> None:
    inventory = read(f"Device Name,Site,Floor\nSEP{A},Berlin, Mitte,1\nSEP{B},Bonn,2,,\n")
    assert [phone.mac for phone in inventory.phones] == [A, B]
    assert [note[:60] for note in inventory.notes] == ["rows with more cells than the header: 1 (first on line 2); t"]


def test_columns_of_one_name_and_of_none() -> None:
    inventory = read(f"Device Name,Line,Line,\nSEP{A},1,2,3\n")
    assert inventory.phones[0].labels == {"Line": "1", "Line (3)": "2", "column 4": "3"}


def test_secrets_are_not_kept() -> None:
    inventory = read(
        "Device Name,Secure Shell Password,Authentication String,PIN,Digest Credentials,Shipping Point\n"
        f"SEP{A},one,two,three,four,Bonn\n"
    )
    assert inventory.phones[0].labels == {"Shipping Point": "Bonn"}
    assert [note[:54] for note in inventory.notes] == ["columns left out because they may hold secrets: Secure"]


def test_a_wide_export_keeps_the_first_columns_and_those_that_are_wanted() -> None:
    header = ["Device Name", *(f"Setting {number}x" for number in range(300)), "Site"]
    row = [f"SEP{A}", *("yes" for _ in range(300)), "Berlin"]
    data = f"{','.join(header)}\n{','.join(row)}\n".encode()
    inventory = read_inventory(data, "x", wanted=["Site"])
    assert len(inventory.labels) == MAX_LABELS
    assert inventory.labels[-1] == "Site"
    assert inventory.notes == (
        f"the first {MAX_LABELS} columns are kept as labels; {301 - MAX_LABELS} more are left out",
    )
    assert "Site" not in read_inventory(data, "x").labels


def test_a_label_that_is_wanted_and_not_there() -> None:
    with pytest.raises(UsageError, match=r"phones\.csv has no label 'Device Pol'; did you mean 'Device Pool'\?"):
        read_inventory(EXPORT.encode(), "phones.csv", wanted=["Device Pol"])
    with pytest.raises(UsageError, match="it has no columns but that of the phones"):
        read_inventory(A.encode(), "phones.txt", wanted=["site"])


def test_the_model_can_be_wanted_as_a_label() -> None:
    inventory = read_inventory(EXPORT.encode(), "phones.csv", wanted=["Device Type"])
    assert [phone.labels["Device Type"] for phone in inventory.phones] == ["Cisco 7962", "Cisco 8841"]
    assert [phone.model for phone in inventory.phones] == ["Cisco 7962", "Cisco 8841"]


def test_a_long_cell_is_cut() -> None:
    inventory = read(f"Device Name,Description\nSEP{A},{'x' * 5000}\n")
    assert inventory.phones[0].labels["Description"] == "x" * 199 + "…"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "phones.csv holds no phone; write a MAC address on each line"),
        ("# nothing yet\n\n", "write a MAC address on each line"),
        ("Device Name,Site\n", "phones.csv holds no phone; there is no row for one"),
        ("Device Name,Site\nCSFBOB,Berlin\n", "line 2: 'CSFBOB' is a device of another kind"),
        ("user,mail\nbob,bob@example.com\n", "no column of device names (line 1: 'user'); name a column 'Device Name'"),
        ('"\n"x" y\n', "line 1: a quotation mark is opened here"),
        ("PK\x03\x04", "save the sheet as CSV"),
    ],
    ids=["empty", "comments", "header", "softphones", "another table", "quotes", "spreadsheet"],
)
def test_without_a_phone(text: str, said: str) -> None:
    assert said in refused(text)


def test_too_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory_phones, "MAX_ROWS", 3)
    assert len(read(f"{A}\n{A}\n{A}\n").phones) == 1
    assert refused(f"{A}\n{A}\n{A}\n{A}\n") == "phones.csv has over 3 rows (line 4); split it into several files"


def test_too_many_rows_that_are_no_phones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory_phones, "MAX_PROBLEMS", 2)
    assert len(read(f"{A}\nCSFA\nCSFB\n").problems) == 2
    said = refused(f"{A}\nCSFA\nCSFB\nCSFC\n")
    assert "phones.csv has over 2 rows that are no phones (line 2: 'CSFA' is a device of another kind" in said


# --- TOML ---

TOML = f"""\
[[phone]]
mac = "{A}"
model = "7962G"
labels = {{ site = "Berlin", floor = 3, lab = true }}

[site."Hamburg Altona"]
model = "8841"
labels = {{ region = "north" }}
phones = [
  "SEP{B}",
  {{ mac = "{C}", model = "7975G", labels = {{ room = "101" }} }},
]
"""


@pytest.mark.parametrize("name", ["fleet.toml", "standard input"])
def test_an_inventory_in_toml(name: str) -> None:
    assert read(TOML, name) == Inventory(
        phones=(
            Phone(mac=A, model="7962G", labels={"site": "Berlin", "floor": "3", "lab": "true"}, line=1),
            Phone(mac=B, model="8841", labels={"site": "Hamburg Altona", "region": "north"}, line=10),
            Phone(mac=C, model="7975G", labels={"site": "Hamburg Altona", "region": "north", "room": "101"}, line=11),
        ),
        labels=("site", "floor", "lab", "region", "room"),
    )


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('[[phone]]\n\nmac = "8CB64F5761"', 1, "'8CB64F5761' is not a MAC address"),
        ("[[phone]]\nmodel = '7962G'", 1, "there is no device name or MAC address here"),
        ("[[phone]]\nmac = 112233445566", 2, '112233445566 is no MAC address; write it as text, "8CB64F576113"'),
        (f"[[phone]]\nmac = '{B}'\nmodle = '7962G'", 3, "there is no 'modle' here; did you mean 'model'?"),
        (f"[[phone]]\nmac = '{B}'\nmodel = 7962", 3, '7962 is no model; write it as text, "7962G"'),
        (f"[[phone]]\nmac = '{B}'\nlabels = 'Berlin'", 3, "labels are a table"),
        (f"[[phone]]\nmac = '{B}'\nlabels.x = 1\nlabels.y = []", 4, "label 'y' takes a text"),
        (f"[[phones]]\nmac = '{B}'", 1, "'phones' is not expected here; write [[phone]] or [site.NAME]"),
        (f"[phone]\nmac = '{B}'", 1, "write [[phone]]"),
        ("[site.Bonn]\nmodel = '8841'", 1, "site 'Bonn' has no list of phones"),
        ("[site.Bonn]\nphones = 'x'", 2, "site 'Bonn' has no list of phones"),
        ("[site]\nBonn = 1", 2, "site 'Bonn' is a table"),
        (f"[site.Bonn]\nphones = [\n'{B}',\n'x']", 4, "'x' is not a MAC address"),
        ("[site.Bonn]\nphones = [\n[]]", 3, "[] is no MAC address"),
    ],
)
def test_a_bad_entry_in_toml(text: str, line: int, reason: str) -> None:
    inventory = read(
        f"{text}\n[[phone]]\nmac = '{A}'\n"
        if text.startswith("[[phone]]")
        else f"{text}\n[site.Ulm]\nphones = ['{A}']",
        "fleet.toml",
    )
    assert A in [phone.mac for phone in inventory.phones]
    assert [problem.line for problem in inventory.problems] == [line]
    assert reason in inventory.problems[0].reason


def test_problems_are_in_the_order_of_their_lines() -> None:
    text = f"[[phone]]\nmac = 'x'\nfoo = 1\n[[phone]]\nmac = '{A}'\n"
    assert [problem.line for problem in read(text, "fleet.toml").problems] == [1, 3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[phone]]\nmac = ", "fleet.toml is not TOML: Invalid value (at line 2, the last)"),
        ("", "fleet.toml holds no phone"),
        ("[[phone]]\nmac = 'x'", "fleet.toml holds no phone; line 1: 'x' is not a MAC address"),
        ("# " + "x" * (16 << 20), "fleet.toml is over 16 MiB of TOML; write so many phones as CSV"),
    ],
    ids=["no value", "empty", "no phone", "large"],
)
def test_toml_that_cannot_be_used(text: str, said: str) -> None:
    assert said in refused(text, "fleet.toml")


# --- where it is from ---


def test_a_file_and_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "phones.csv"
    path.write_bytes(EXPORT.encode())
    nothing = io.BytesIO()
    assert load_inventory(str(path), nothing) == load_inventory("-", io.BytesIO(EXPORT.encode()))


@pytest.mark.parametrize(("name", "said"), [("missing.csv", "No such file or directory"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_inventory(str(tmp_path / name), io.BytesIO())
    assert f"{said}; name a file with the phones, or - for standard input" in str(caught.value)


def test_standard_input_is_named() -> None:
    with pytest.raises(UsageError, match=r"^standard input holds no phone"):
        load_inventory("-", io.BytesIO())


# --- anything ---

snippets = st.sampled_from(
    [b"Device Name", b"SEP8CB64F576113", b"8c:b6:4f:57:61:14", b",", b";", b"\t", b"\n", b"\r\n", b'"', b"=", b"#",
     b"[[phone]]\n", b"mac = '8CB64F576115'\n", b"[site.a]\nphones=[", b"]", b"\xff\xfe", b"\xef\xbb\xbf", b"\x00",
     b"\xe9", b"sep=;\n", b"Model"]
)  # fmt: skip


@given(st.binary(max_size=200) | st.lists(snippets, max_size=30).map(b"".join), st.sampled_from(["x.csv", "x.toml"]))
def test_any_bytes_give_an_inventory_or_a_usage_error(data: bytes, name: str) -> None:
    try:
        inventory = read_inventory(data, name)
    except UsageError:
        return
    found = [phone.mac for phone in inventory.phones]
    assert found
    assert len(found) == len(set(found))
    assert all(set(phone.labels) <= set(inventory.labels) for phone in inventory.phones)
    assert all(problem.line >= 1 for problem in inventory.problems)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(0, 59))
def test_no_phone_is_lost_or_comes_twice(numbers: list[int], bad: int) -> None:
    rows = [f"SEP{number:012X},Pool {number % 3}" for number in numbers]
    rows.insert(bad % (len(rows) + 1), "CSFBOB,Pool 1")
    inventory = read("Device Name,Device Pool\n" + "\n".join(rows))
    assert {phone.mac for phone in inventory.phones} == {f"{number:012X}" for number in numbers}
    assert len(inventory.phones) + inventory.merged + len(inventory.problems) == len(rows)
