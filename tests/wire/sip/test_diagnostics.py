"""The ms-diagnostics header in the forms that servers and pastes give it."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.wire.sip.answers import MS_1009, MS_1010
from vpnprobe.wire.sip.diagnostics import MAX_FIELDS, MAX_TEXT, MsDiagnostics, parse_ms_diagnostics

NO_MATCH = (
    ("reason", "No match for domain in DNS SRV results"),
    ("domain", "cms.steven.lab"),
    ("fqdn1", "vcse.sub.cms.steven.lab:5061"),
    ("source", "sip.skype.lab"),
)
NO_TRUST = (
    ("reason", "Certificate trust with another server could not be established"),
    ("ErrorType", "The peer certificate does not contain a matching FQDN"),
    ("tls-target", "vcse.cms.steven.lab"),
    ("PeerServer", "vcse.steven.lab"),
    ("HRESULT", "0x80090322(SEC_E_WRONG_PRINCIPAL)"),
    ("source", "sip.skype.lab"),
)

# As copied out of a document: each value stands in lines of its own, and the next headers follow.
PASTED_1009 = """ 1009;

reason="No match for domain in DNS SRV results";

domain="

cms.steven.lab";

fqdn1="

vcse.sub.cms.steven.lab:5061";source="sip.skype.lab" Server: RTC/6.0 Content-Length: 0
"""
PASTED_1010 = """ 1010;

reason="Certificate trust with another server could not be established";ErrorType="The peer\x20\x20
certificate does not contain a matching FQDN";

tls-target="

vcse.cms.steven.lab";

PeerServer="

vcse.steven.lab";HRESULT="0x80090322(SEC_E_WRONG_PRINCIPAL)";source="sip.skype.lab" Server:\x20\x20
RTC/6.0 Content-Length: 0
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(MS_1009, MsDiagnostics(1009, None, NO_MATCH), id="1009"),
        pytest.param(MS_1010, MsDiagnostics(1010, None, NO_TRUST), id="1010"),
        pytest.param(PASTED_1009, MsDiagnostics(1009, None, NO_MATCH), id="1009-pasted"),
        pytest.param(PASTED_1010, MsDiagnostics(1010, None, NO_TRUST), id="1010-pasted"),
        pytest.param(PASTED_1009.replace("\n", "\r\n"), MsDiagnostics(1009, None, NO_MATCH), id="1009-crlf"),
        pytest.param('1027.2;b="c";a="b"', MsDiagnostics(1027, 2, (("b", "c"), ("a", "b"))), id="sub"),
        pytest.param("1034", MsDiagnostics(1034, None, ()), id="number-alone"),
        pytest.param("1034 ", MsDiagnostics(1034, None, ()), id="number-and-space"),
        pytest.param('1034 reason="x"', MsDiagnostics(1034, None, (("reason", "x"),)), id="no-semicolon"),
        pytest.param(" 7 ; a = x y ;b=", MsDiagnostics(7, None, (("a", "x y"), ("b", ""))), id="bare-values"),
        pytest.param(r'7;a="\"hi\"; \\";b=c', MsDiagnostics(7, None, (("a", '"hi"; \\'), ("b", "c"))), id="escapes"),
        pytest.param('7;a="cut; off', MsDiagnostics(7, None, (("a", "cut; off"),)), id="cut-in-a-value"),
        pytest.param('7;a="cut\\', MsDiagnostics(7, None, (("a", "cut"),)), id="cut-in-an-escape"),
        pytest.param("7;;a=1;junk;=2;b=3", MsDiagnostics(7, None, (("a", "1"), ("b", "3"))), id="junk-between"),
        pytest.param("7;a=1;a=2", MsDiagnostics(7, None, (("a", "1"), ("a", "2"))), id="repeated"),
        pytest.param('reason="x"', MsDiagnostics(None, None, (("reason", "x"),)), id="no-number"),
        pytest.param("1009x;a=1", MsDiagnostics(None, None, (("a", "1"),)), id="no-real-number"),
        pytest.param("1009.;a=1", MsDiagnostics(None, None, (("a", "1"),)), id="half-a-number"),
        pytest.param("9" * 5000, MsDiagnostics(None, None, ()), id="endless-number"),
        pytest.param("\N{ARABIC-INDIC DIGIT ONE};a=1", MsDiagnostics(None, None, (("a", "1"),)), id="other-digits"),
        pytest.param("", MsDiagnostics(None, None, ()), id="empty"),
    ],
)  # fmt: skip
def test_forms(text: str, expected: MsDiagnostics) -> None:
    assert parse_ms_diagnostics(text) == expected


def test_a_value_by_its_name() -> None:
    header = parse_ms_diagnostics("1010;TLS-Target=first;tls-target=second")
    assert header.get("tls-target") == "first"
    assert header.get("PeerServer") is None


def test_caps() -> None:
    assert len(parse_ms_diagnostics("1;" + "a=b;" * 1000).fields) == MAX_FIELDS
    [(_, value)] = parse_ms_diagnostics('1;a="' + "x" * 100_000).fields
    assert len(value) == MAX_TEXT - 5


@settings(deadline=None)
@given(st.text(st.sampled_from('19.;="\\ \nab\x00\xe9'), max_size=60) | st.text())
@example('"' * MAX_TEXT)
@example(";" * MAX_TEXT)
@example("a" * MAX_TEXT)
@example("a=" + "\\" * MAX_TEXT)
def test_any_text_is_read(text: str) -> None:
    header = parse_ms_diagnostics(text)
    for _, value in header.fields:
        assert value == " ".join(value.split())
