from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnprobe.fleet.toml_text import TomlPath, read_toml
from vpnprobe.model.errors import UsageError

EVERY_FORM = '''\
# what stands where
a = 1
"b.c" = "x # y"  # no comment of its own
d . e = [1, # one ]
  2, [3,
 "]"],]
[t]
x = { y = 1, z.w = [ 'a', "b}" ] }
m = """a
[[no]]
k = 1
""\\"""" # two quotation marks at the end
n = \'\'\'
 x = 1\'\'\'
when = 1979-05-27 07:32:00Z
[[p]]
name = "1"
[p.phone]
k = true

[[p]]
[[p.sub]]
q = 1
[p.sub.r]
"\\u0041" = 2
'''
LINES: dict[TomlPath, int] = {
    ("a",): 2,
    ("b.c",): 3,
    ("d",): 4,
    ("d", "e"): 4,
    ("d", "e", 0): 4,
    ("d", "e", 1): 5,
    ("d", "e", 2): 5,
    ("d", "e", 2, 0): 5,
    ("d", "e", 2, 1): 6,
    ("t",): 7,
    ("t", "x"): 8,
    ("t", "x", "y"): 8,
    ("t", "x", "z"): 8,
    ("t", "x", "z", "w"): 8,
    ("t", "x", "z", "w", 0): 8,
    ("t", "x", "z", "w", 1): 8,
    ("t", "m"): 9,
    ("t", "n"): 13,
    ("t", "when"): 15,
    ("p",): 16,
    ("p", 0): 16,
    ("p", 0, "name"): 17,
    ("p", 0, "phone"): 18,
    ("p", 0, "phone", "k"): 19,
    ("p", 1): 21,
    ("p", 1, "sub"): 22,
    ("p", 1, "sub", 0): 22,
    ("p", 1, "sub", 0, "q"): 23,
    ("p", 1, "sub", 0, "r"): 24,
    ("p", 1, "sub", 0, "r", "A"): 25,
}


def paths(value: object, path: TomlPath = ()) -> Iterator[TomlPath]:
    """Every place in a TOML value but the root."""
    below: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        below = list(value.items())
    elif isinstance(value, list):
        below = list(enumerate(value))
    for key, item in below:
        yield (*path, key)
        yield from paths(item, (*path, key))


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_the_line_of_everything(end: str) -> None:
    toml = read_toml(EVERY_FORM.replace("\n", end), "plan.toml")
    assert toml.tables == tomllib.loads(EVERY_FORM)
    assert {path: toml.line(*path) for path in paths(toml.tables)} == LINES


def test_what_is_not_there_has_the_line_of_what_would_hold_it() -> None:
    toml = read_toml(EVERY_FORM, "plan.toml")
    assert toml.line("p", 1, "name") == 21
    assert toml.line("p", 7) == 16
    assert toml.line("nothing", "here") == 1
    assert toml.line() == 1


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert read_toml("\ufeffa = 1", "plan.toml").line("a") == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = 1\nb =\n", "plan.toml is not TOML: Invalid value (at line 2, column 4)"),
        ("a = 1\na = 2\n", "line 2"),
        ("a = " + "9" * 5000, "plan.toml is not TOML"),
        ("a = " + "[" * 5000 + "]" * 5000, "nested too deeply"),
        ("a = 1\rb = 2", "line 1"),
    ],
    ids=["no value", "twice", "too many digits", "too deep", "bare carriage return"],
)
def test_what_is_not_toml(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_toml(text, "plan.toml")
    assert said in str(caught.value)


scraps = st.sampled_from(
    ["a", "b", '"c"', "'d'", ".", "=", " ", "\n", "\r\n", "[", "]", "[[", "]]", "{", "}", ",", "1", "-2.5", "true",
     '"""', "'''", '"', "'", "\\", "#", "1979-05-27", "07:32:00", "ü", "inf"]
)  # fmt: skip


@given(st.lists(scraps, max_size=40).map("".join) | st.text(max_size=60))
def test_whatever_tomllib_takes_is_found_again(text: str) -> None:
    try:
        toml = read_toml(text, "x")
    except UsageError:
        return
    lines = [toml.line(*path) for path in paths(toml.tables)]
    assert all(1 <= line <= text.count("\n") + 1 for line in lines)


keys = st.sampled_from(["a", "b-1", "c d", 'q"', "x.y", "ü", "n\n"])
values = st.recursive(
    st.integers(-9, 9) | st.booleans() | st.sampled_from(["", "x", "[y]\n[[z]]", "k = 1", "'''", '"""', "#", "\\"]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(keys, below, max_size=3),
    max_leaves=8,
)


def written(value: object) -> str:
    """A value as TOML, its texts over several lines and its lists one element on each."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[ # ]\n" + "".join(f"  {written(item)}, # ,\n" for item in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return quoted(value) if isinstance(value, str) else str(value)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


@given(st.lists(st.tuples(keys, values), max_size=5), st.integers(0, 3))
def test_each_element_is_on_its_line(entries: list[tuple[str, object]], blank: int) -> None:
    text = ""
    expected: dict[TomlPath, int] = {}
    for number, (key, value) in enumerate(entries):
        text += "\n" * blank + f"[[{quoted(key)}.'list']] # here\n" + f"number = {number}\nvalue = {written(value)}\n"
        place = sum(1 for other, _ in entries[:number] if other == key)
        line = text.count("\n") - written(value).count("\n")
        expected[(key, "list", place)] = line - 2
        expected[(key, "list", place, "number")] = line - 1
        expected[(key, "list", place, "value")] = line
    toml = read_toml(text, "x")
    assert {path: toml.line(*path) for path in expected} == expected
