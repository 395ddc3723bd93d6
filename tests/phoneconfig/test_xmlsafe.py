"""The XML reader against hostile and careless documents."""

from __future__ import annotations

import contextlib
import gc

import pytest

from vpnprobe.model.errors import LimitExceeded, Malformed
from vpnprobe.phoneconfig.xmlsafe import (
    MAX_ATTRIBUTES,
    MAX_DEPTH,
    MAX_ELEMENTS,
    MAX_NAME_CHARS,
    MAX_TEXT_CHARS,
    parse_xml,
)

LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
REFUSED = {
    "billion laughs": f'<!DOCTYPE d [<!ENTITY l0 "ha">{LAUGHS}]><d>&l9;</d>',
    "quadratic blow-up": f'<!DOCTYPE d [<!ENTITY a "{"x" * 50_000}">]><d>{"&a;" * 50_000}</d>',
    "external entity": '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><d>&a;</d>',
    "external subset": '<!DOCTYPE d SYSTEM "http://192.0.2.1/d.dtd"><d/>',
    "parameter entity": '<!DOCTYPE d [<!ENTITY % a SYSTEM "http://192.0.2.1/"> %a;]><d/>',
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_a_doctype_is_refused_before_its_entities(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_xml(text)
    assert caught.value.field == "doctype"


def with_attributes(count: int) -> str:
    return "<d " + " ".join(f"a{n}=''" for n in range(count)) + "/>"


LIMITS = {
    "depth": ("<d>" * MAX_DEPTH + "</d>" * MAX_DEPTH, "<d>" * (MAX_DEPTH + 1) + "</d>" * (MAX_DEPTH + 1)),
    "elements": (f"<d>{'<e/>' * (MAX_ELEMENTS - 1)}</d>", f"<d>{'<e/>' * MAX_ELEMENTS}</d>"),
    "attributes": (with_attributes(MAX_ATTRIBUTES), with_attributes(MAX_ATTRIBUTES + 1)),
    "name": (f"<{'d' * MAX_NAME_CHARS}/>", f"<{'d' * (MAX_NAME_CHARS + 1)}/>"),
    "attribute name": (f"<d {'a' * MAX_NAME_CHARS}=''/>", f"<d {'a' * (MAX_NAME_CHARS + 1)}=''/>"),
    "text": (f"<d>{'x' * MAX_TEXT_CHARS}</d>", f"<d>{'x' * (MAX_TEXT_CHARS + 1)}</d>"),
}


@pytest.mark.parametrize(("within", "beyond"), LIMITS.values(), ids=LIMITS.keys())
def test_limits(within: str, beyond: str) -> None:
    assert parse_xml(within).root.tag
    with pytest.raises(LimitExceeded):
        parse_xml(beyond)


@pytest.mark.parametrize(
    "text",
    ["", "<d>", "<d></e>", "<d", "text", "<d>&nbsp;</d>", "<d a='1' a='2'/>", "<d>\0</d>", "<!-- only -->"],
    ids=repr,
)
def test_malformed(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_xml(text)
    assert caught.value.field == "xml"


def test_the_place_of_a_fault_is_told_without_the_content() -> None:
    with pytest.raises(Malformed) as caught:
        parse_xml("<d>\n<sshPassword>hidden-word</adminPassword>\n</d>")
    assert str(caught.value) == "xml at byte 30: mismatched tag in line 2"


def test_names_are_kept_and_lowered() -> None:
    root = parse_xml("<axl:Device  xsi:Type = 'axl:XIPPhone'  ctiid='7'><TVS/></axl:Device >").root
    assert (root.tag, root.name) == ("axl:Device", "device")
    assert root.attributes == {"xsi:Type": "axl:XIPPhone", "ctiid": "7"}
    assert root.children[0].tag == "TVS"
    assert root.children[0].name == "tvs"


def test_undeclared_prefixes() -> None:
    document = parse_xml('<a:d xmlns:a="urn:a" b:c="" xml:lang="en"><e:f/><a:g/></a:d>')
    assert document.undeclared_prefixes == ("b", "e")


def test_text_is_the_elements_own() -> None:
    root = parse_xml("<d>one<e>inner</e><![CDATA[ & ]]>&#116;wo<!-- no --></d>").root
    assert root.text == "one & two"
    assert root.children[0].text == "inner"


def test_looking_up() -> None:
    root = parse_xml("<d><A><b>1</b></A><a><b>2</b><c/></a></d>").root
    found = root.find("a", "b")
    assert found is not None
    assert found.text == "1"
    assert root.find("a", "c") is None
    assert root.find("x", "b") is None
    assert [element.tag for element in root.all("a")] == ["A", "a"]
    assert [element.tag for element in root.walk()] == ["d", "A", "b", "a", "b", "c"]


def test_the_declared_encoding_does_not_matter_any_more() -> None:
    assert parse_xml('<?xml version="1.0" encoding="UTF-16"?><d>ü</d>').root.text == "ü"


def test_text_after_the_root_is_kept_aside() -> None:
    assert parse_xml("<d/>").trailing == ""
    assert parse_xml("<d/> \n\0rest").trailing == "\0rest"
    assert parse_xml("<d a='\">'/>é</d>").trailing == "é</d>"
    assert parse_xml("<d><e/></d  ><!-- x --> y").trailing == "<!-- x --> y"


@pytest.mark.parametrize("text", ["<d><e></d>", "<d>", "no", "<d/>more", "<d><e/></d>\n<x>", *REFUSED.values()])
def test_nothing_is_left_for_the_collector(text: str) -> None:
    """It seldom runs while a fleet is gone through, and a parser keeps 30 kB."""
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            with contextlib.suppress(Malformed):
                parse_xml(text)
        assert gc.collect() == 0
    finally:
        gc.enable()
