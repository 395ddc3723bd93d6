"""Configurations that recur are read as every other, only faster: the results never differ."""

from __future__ import annotations

import gc
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpnprobe.model.config import PhoneConfig
from vpnprobe.model.errors import WireError
from vpnprobe.phoneconfig import recurring, sepconfig
from vpnprobe.phoneconfig.recurring import MAX_BYTES, RecurringConfigs
from vpnprobe.phoneconfig.sepconfig import parse_phone_config

SAMPLE = (Path(__file__).parent / "data" / "SEP8CB64F576113.cnf.xml").read_bytes()
TEXTS = re.compile(rb">([^<>&]*)</")
SECRET = b"<sshPassword>hidden-word</sshPassword>"


@pytest.fixture
def read_whole(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The files that were read whole."""
    seen: list[bytes] = []

    def noting(data: bytes) -> PhoneConfig:
        seen.append(data)
        return parse_phone_config(data)

    monkeypatch.setattr(recurring, "parse_phone_config", noting)
    return seen


def outcome(parse: object, data: bytes) -> object:
    assert callable(parse)
    try:
        return parse(data)
    except WireError as error:
        return type(error), str(error)


def with_text(index: int, text: bytes, data: bytes = SAMPLE) -> bytes:
    """Return the sample with another text in one place."""
    span = list(TEXTS.finditer(data))[index].span(1)
    return data[: span[0]] + text + data[span[1] :]


def text_places(data: bytes = SAMPLE) -> int:
    return len(TEXTS.findall(data))


def replaced(old: bytes, new: bytes, data: bytes = SAMPLE) -> bytes:
    assert data.count(old) == 1, data.count(old)
    return data.replace(old, new)


def named(tag: bytes, text: bytes) -> bytes:
    """Return the sample with another text in its first element of this name."""
    found = re.search(rb"<%b>([^<]*)<" % tag, SAMPLE)
    assert found is not None, tag
    return SAMPLE[: found.start(1)] + text + SAMPLE[found.end(1) :]


# --- the same results ---


@pytest.mark.parametrize("index", range(text_places()))
def test_another_text_anywhere(index: int) -> None:
    """Whatever text differs, and however: the memory never answers with another file's result."""
    configs = RecurringConfigs()
    configs.parse(SAMPLE)
    for text in (b"", b" ", b"7", b"no number", b"https://other.example.com/x", "Zürich".encode(), b"x" * 300):
        data = with_text(index, text)
        assert outcome(configs.parse, data) == outcome(parse_phone_config, data)
        assert configs.parse(SAMPLE) == parse_phone_config(SAMPLE)


OTHERS = {
    "empty": b"",
    "html": b"<html><body>Sign in</body></html>",
    "text": b"File not found",
    "control character": with_text(20, b"a\x01b"),
    "NUL": with_text(20, b"a\0b"),
    "NULs at the end": SAMPLE + bytes(8),
    "trailing text": SAMPLE + b"rest",
    "trailing element": SAMPLE + b"<a>b</a>",
    "byte order mark": b"\xef\xbb\xbf" + SAMPLE,
    "blanks before": b"\n" + SAMPLE,
    "UTF-16": SAMPLE.decode().encode("utf-16"),
    "UTF-16 without a mark": SAMPLE.decode().encode("utf-16-le"),
    "comment": SAMPLE.replace(b"<vpnGroup>", b"<vpnGroup><!-- <mtu>1</mtu> -->"),
    "CDATA": with_text(20, b"<![CDATA[x]]>"),
    "doctype": SAMPLE.replace(b"<device", b"<!DOCTYPE device><device", 1),
    "reference": with_text(20, b"a&amp;b"),
    "unknown reference": with_text(20, b"a&nbsp;b"),
    "half a file": SAMPLE[: len(SAMPLE) // 2],
    "mismatched": SAMPLE.replace(b"</vpnGroup>", b"</vpngroup>", 1),
    "not UTF-8": with_text(20, b"Z\xfcrich"),
    "not a character": with_text(20, "a\uffffb".encode()),
    "declared Latin-1": SAMPLE.replace(b"UTF-8", b"ISO-8859-1", 1),
    "declared Latin-1 and UTF-8": with_text(20, "Zürich".encode()).replace(b"UTF-8", b"ISO-8859-1", 1),
    "another root": SAMPLE.replace(b"<device", b"<phone", 1).replace(b"</device>", b"</phone>"),
    "two stamps": SAMPLE.replace(b"<versionStamp>", b"<versionStamp>first</versionStamp><versionStamp>", 1),
    "large": SAMPLE.replace(b"</device>", b"<x>" + b"y" * MAX_BYTES + b"</x></device>"),
    "a signed header that breaks off": b"\x01\x00\x02garbage",
}


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS.keys())
def test_odd_files_between_others(data: bytes) -> None:
    configs = RecurringConfigs()
    for one in (data, SAMPLE, data, named(b"mtu", b"1406"), data, SAMPLE):
        assert outcome(configs.parse, one) == outcome(parse_phone_config, one)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.integers(0, text_places() - 1), st.text(max_size=20)).map(
                lambda edit: with_text(edit[0], edit[1].encode("utf-8", "surrogatepass"))
            ),
            st.tuples(st.integers(0, len(SAMPLE)), st.binary(max_size=6)).map(
                lambda edit: SAMPLE[: edit[0]] + edit[1] + SAMPLE[edit[0] :]
            ),
            st.tuples(st.integers(0, len(SAMPLE)), st.integers(0, 40)).map(
                lambda cut: SAMPLE[: cut[0]] + SAMPLE[cut[0] + cut[1] :]
            ),
            st.just(SAMPLE),
        ),
        max_size=12,
    )
)
def test_any_fleet(files: list[bytes]) -> None:
    configs = RecurringConfigs()
    for data in files:
        assert outcome(configs.parse, data) == outcome(parse_phone_config, data)


# --- faster ---


def test_what_is_never_read_costs_nothing(read_whole: list[bytes]) -> None:
    configs = RecurringConfigs()
    configs.parse(SAMPLE)
    other = SAMPLE.replace(b"<device ", b'<device name="SEP001AE2000000" ', 1)
    for data in (SAMPLE, re.sub(rb'ctiid="\d+"', b'ctiid="99"', SAMPLE), named(b"versionStamp", b"another")):
        assert configs.parse(data) == parse_phone_config(data)
    assert len(read_whole) == 1
    configs.parse(other)
    assert len(read_whole) == 2


def test_the_version_stamp_is_each_file_s_own() -> None:
    configs = RecurringConfigs()
    stamps = [b"1-a", b" 2-b ", b"", b"3-c"]
    found = [configs.parse(named(b"versionStamp", stamp)).version_stamp for stamp in stamps]
    assert found == ["1-a", "2-b", None, "3-c"]


def test_what_is_read_is_read(read_whole: list[bytes]) -> None:
    configs = RecurringConfigs()
    for mtu in (b"1290", b"1300", b"1290", b"1300"):
        group = configs.parse(named(b"mtu", mtu)).vpn_group
        assert group is not None
        assert group.mtu == int(mtu)
    assert len(read_whole) == 2


def test_a_section_that_is_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were one forgotten, another file's result would be given."""
    monkeypatch.setattr(recurring, "READ_SECTIONS", sepconfig.READ_SECTIONS - {"vpngroup"})
    configs = RecurringConfigs()
    configs.parse(SAMPLE)
    assert configs.parse(named(b"mtu", b"1300")) != parse_phone_config(named(b"mtu", b"1300"))


def test_memory_stays_bounded(monkeypatch: pytest.MonkeyPatch, read_whole: list[bytes]) -> None:
    monkeypatch.setattr(recurring, "MAX_REMEMBERED", 3)
    configs = RecurringConfigs()
    for number in range(20):
        markup = SAMPLE.replace(b"</device>", b"<x%d></x%d></device>" % (number, number))
        configs.parse(markup)
        configs.parse(named(b"mtu", b"%d" % number))
    assert (len(configs._templates), len(configs._configs)) == (3, 3)


def test_no_secret_is_kept() -> None:
    data = SAMPLE.replace(b"</device>", SECRET + b"</device>")
    configs = RecurringConfigs()
    configs.parse(data)
    kept = repr([*configs._templates.items(), *configs._configs.items()])
    assert "hidden-word" not in kept
    without = data.replace(b"hidden-word", b"")
    assert configs.parse(without).secrets == parse_phone_config(without).secrets
    assert configs.parse(data.replace(b"hidden-word", b"other")).secrets == parse_phone_config(data).secrets


def test_nothing_is_left_for_the_garbage_collector() -> None:
    configs = RecurringConfigs()
    configs.parse(SAMPLE)
    gc.collect()
    gc.disable()
    try:
        for number in range(20):
            configs.parse(named(b"mtu", b"%d" % number))
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_results_are_values() -> None:
    found = RecurringConfigs().parse(SAMPLE)
    assert msgspec.json.decode(msgspec.json.encode(found), type=PhoneConfig) == found
