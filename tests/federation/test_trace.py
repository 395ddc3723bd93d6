"""Symptoms are found in pasted text, however it was mangled, and nothing else leaves it."""

from __future__ import annotations

from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.federation import logs
from vpnprobe.federation import trace
from vpnprobe.federation.symptom import Symptom, SymptomKind, safe_host
from vpnprobe.federation.trace import TraceReader


def read(text: str, step: int | None = None) -> list[Symptom]:
    reader = TraceReader()
    step = step or max(1, len(text))
    found = [symptom for at in range(0, len(text), step) for symptom in reader.feed(text[at : at + step])]
    return [*found, *reader.close()]


def only(text: str) -> Symptom:
    [symptom] = read(text)
    return symptom


@pytest.mark.parametrize("text", [logs.CLIENT_1009_AS_PASTED, logs.CLIENT_1009], ids=["as pasted", "as written"])
def test_a_client_s_1009(text: str) -> None:
    symptom = only(text)
    assert (symptom.kind, symptom.number, symptom.domain) == (SymptomKind.DIAGNOSTICS, 1009, "cms.steven.lab")
    assert symptom.attribute("fqdn1") == "vcse.sub.cms.steven.lab:5061"
    assert symptom.excerpt == (
        'SIP/2.0 504 Server time-out, ms-diagnostics: 1009; reason="No match for domain in DNS SRV results"; '
        'domain="cms.steven.lab"; fqdn1="vcse.sub.cms.steven.lab:5061"; source="sip.skype.lab"'
    )


@pytest.mark.parametrize("text", [logs.CLIENT_1010_AS_PASTED, logs.CLIENT_1010], ids=["as pasted", "as written"])
def test_a_client_s_1010(text: str) -> None:
    symptom = only(text)
    # The header names the target; the domain is what is left of it without the first label.
    assert (symptom.number, symptom.domain) == (1010, "cms.steven.lab")
    assert symptom.attribute("tls-target") == "vcse.cms.steven.lab"
    assert symptom.attribute("peerserver") == "vcse.steven.lab"
    assert symptom.attribute("errortype") == "The peer certificate does not contain a matching FQDN"
    assert symptom.attribute("hresult") == "0x80090322(SEC_E_WRONG_PRINCIPAL)"


def test_an_edge_s_record_of_1009() -> None:
    symptom = only(logs.EDGE_1009_AS_PASTED)
    assert (symptom.kind, symptom.line, symptom.domain) == (SymptomKind.EDGE_RECORD, 2, "acano.steven.lab")
    assert symptom.name == "SIPPROXY_E_EPROUTING_MSG_ALLOWED_DOMAIN_NO_SRV_MATCH"
    assert symptom.excerpt == f'0xc3e93d6f {symptom.name}; domain="acano.steven.lab"; fqdn1="vcse.steven.lab:5061"'


def test_an_edge_s_record_of_1010() -> None:
    symptom = only(logs.EDGE_1010_AS_PASTED)
    assert symptom.name == "SIPPROXY_E_ROUTING_MSG_CERT_MISMATCH"
    assert symptom.domain == "acano.steven.lab"
    assert symptom.attribute("expected-fqdn") == "vcse.acano.steven.lab"
    assert symptom.attribute("certname") == "vcse.steven.lab"


def test_the_result_of_a_record_alone() -> None:
    line = "Result-Code: 0xc3e93d67 SIPPROXY_E_ROUTING_MSG_CERT_MISMATCH\n"
    assert only(line).excerpt == "0xc3e93d67 SIPPROXY_E_ROUTING_MSG_CERT_MISMATCH"


def test_a_record_that_holds_a_message_is_read_as_the_message() -> None:
    record = f"$$begin_record\nTrace-Correlation-Id: 1\nStart-Line: {logs.CLIENT_1010}$$end_record\n"
    assert only(record).number == 1010


def test_a_504_on_an_expressway() -> None:
    symptom = only(logs.EXPRESSWAY_504)
    assert (symptom.kind, symptom.line, symptom.number) == (SymptomKind.ANSWER, 4, 504)
    assert (symptom.domain, symptom.method, symptom.microsoft) == ("acano.steven.lab", "INVITE", True)
    assert symptom.excerpt == "SIP/2.0 504 Server time-out, to INVITE, Server: RTC/6.0"


@pytest.mark.parametrize(
    ("text", "kind", "excerpt"),
    [
        pytest.param(logs.SEARCH_HISTORY, SymptomKind.SEARCH_HISTORY, "Server time-out", id="search history"),
        pytest.param(
            logs.ASA_ACCESS_LIST,
            SymptomKind.ACCESS_LIST,
            "ERROR: Specified ACL (ent_imp_to_external) ...",
            id="access list",
        ),
        pytest.param(
            "ERROR: Specified ACL\n(x) either does", SymptomKind.ACCESS_LIST, "ERROR: Specified ACL (x) ...", id="wrap"
        ),
        pytest.param(
            "for SUBSCRIBE the server says 403 FORBIDDEN", SymptomKind.FORBIDDEN, "403 Forbidden", id="403 in prose"
        ),
        pytest.param("VeriSign: error 9406", SymptomKind.CERTIFICATE_REQUEST, "error 9406", id="9406"),
        pytest.param("9442 エラー", SymptomKind.CERTIFICATE_REQUEST, "error 9442", id="9442, Japanese"),
        pytest.param(
            "Source: Schannel Event ID: 36885", SymptomKind.ISSUER_LIST, "Schannel, event 36885", id="event 36885"
        ),
        pytest.param(
            "NOTIFY sip:a@b SIP/2.0\nRecord-Route: <sip:p;lr>,<sip:q;transport=tcp>\n",
            SymptomKind.ROUTE_WITHOUT_TRANSPORT,
            "Record-Route without transport= (NOTIFY)",
            id="Record-Route",
        ),
    ],
)
def test_other_places(text: str, kind: SymptomKind, excerpt: str) -> None:
    symptom = only(text)
    assert (symptom.kind, symptom.excerpt) == (kind, excerpt)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("HTTP/1.1 403 Forbidden", id="403 of a web server"),
        pytest.param("the answer Server time-out is shown", id="time-out in prose"),
        pytest.param("port 9406 is open", id="a number"),
        pytest.param("x 194061 error", id="digits within a number"),
        pytest.param("event 36885 of another source", id="another event"),
        pytest.param("Via: SIP/2.0/TLS 192.0.2.1;branch=z9hG4bK", id="Via"),
        pytest.param("Specified ACL in force", id="another sentence"),
        pytest.param("NOTIFY sip:a@b SIP/2.0\nRecord-Route: <sip:p;lr;transport=tls>\n", id="route with transport"),
        pytest.param("INVITE sip:a@b SIP/2.0\nRecord-Route: <sip:p;lr>\n", id="route of an INVITE"),
        pytest.param("ms-diagnosticspage: 1009", id="another header"),
        pytest.param("$$begin_record Severity: information Text: fine $$end_record", id="record without a result"),
        pytest.param("", id="empty"),
    ],
)
def test_what_only_looks_alike_is_left_alone(text: str) -> None:
    assert read(text) == []


def test_attributes_in_any_order_with_typographic_quotes_and_syslog_s_line_ends() -> None:
    symptom = only("ms-diagnostics:1047#015 ;source=“sip.a.example”;reason=”Failed”;domain=“b.example”#015 From: x")
    assert (symptom.number, symptom.domain) == (1047, "b.example")
    assert symptom.attributes == (("source", "sip.a.example"), ("reason", "Failed"), ("domain", "b.example"))


@pytest.mark.parametrize(
    "text",
    [
        'ms-diagnostics: 1009; domain="cms.steven.lab"; fqdn1="vcse.sub.cms.steven.\nlab:5061"',
        '> ms-diagnostics: 1009; domain="cms.ste\n> ven.lab"; fqdn1="vcse.sub.cms.steven.lab:5061"',
        "ms-diagnostics: 1009; domain=&quot;cms.steven.lab&quot;; fqdn1=&quot;vcse.sub.cms.steven.lab:5061&quot;",
        r'{"log": "ms-diagnostics: 1009; domain=\"cms.steven.lab\"; fqdn1=\"vcse.sub.cms.steven.lab:5061\""}',
    ],
    ids=["broken in a terminal", "quoted in a mail", "from a web page", "from JSON"],
)
def test_a_host_is_read_however_it_was_copied(text: str) -> None:
    symptom = only(text)
    assert symptom.attribute("fqdn1") == "vcse.sub.cms.steven.lab:5061"
    assert symptom.domain == "cms.steven.lab"


def test_each_header_of_an_answer_has_its_line() -> None:
    text = "SIP/2.0 480 Gone\nms-diagnostics: 1034; reason=x\nCSeq: 1 INVITE\nms-diagnostics: 10003.5; reason=y\n"
    assert [(one.line, one.number) for one in read(text)] == [(2, 1034), (4, 10003)]
    assert "ms-diagnostics: 10003.5;" in read(text)[1].excerpt


def test_headers_of_the_next_log_line_are_not_those_of_a_message() -> None:
    answer = "SIP/2.0 504 Server time-out\nCSeq: 1 INVITE\n\n2017-03-02T08:10:47 vcse tvcs:\nServer: RTC/6.0\n"
    assert only(answer).microsoft is None


@pytest.mark.parametrize(
    "text",
    [logs.CLIENT_1009_AS_PASTED, logs.CLIENT_1009, logs.CLIENT_1010_AS_PASTED, logs.EDGE_1010_AS_PASTED],
    ids=["1009 as pasted", "1009", "1010", "edge"],
)
def test_windows_line_ends_change_nothing_but_bytes(text: str) -> None:
    assert read(text.replace("\n", "\r\n")) == read(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(logs.CLIENT_1009_AS_PASTED + logs.CLIENT_1009, id="login of the client"),
        pytest.param(
            'ms-diagnostics: 1009; domain="a.example Authentication-Info: TLS-DSK rspauth=FA404B9C',
            id="quote left open",
        ),
        pytest.param('ms-diagnostics: 1009; opaque="FA404B9C"; reason="x"', id="attribute of a login"),
        pytest.param("SIP/2.0 401 Unauthorized\nWWW-Authenticate: Digest opaque=FA404B9C\n", id="challenge"),
        pytest.param(
            "SIP/2.0 403 Forbidden Proxy-Authorization: Digest opaque=FA404B9C, rspauth=8168D157", id="on one line"
        ),
    ],
)
def test_credentials_stay_in_the_log(text: str) -> None:
    shown = "".join(map(repr, read(text)))
    assert shown
    for secret in ("FA404B9C", "8168D157", "65d8d93b66e5b217"):
        assert secret not in shown


def test_a_long_log_is_read_in_windows_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    filler = "filler of the log, nothing to see\n" * 40
    parts = (
        logs.CLIENT_1009_AS_PASTED,
        logs.EDGE_1009_AS_PASTED,
        logs.EXPRESSWAY_504,
        logs.SEARCH_HISTORY,
        logs.EDGE_1010_AS_PASTED,
        logs.CLIENT_1010,
        logs.NOTIFY_408,
    )
    text = "".join(filler + part for part in parts)
    whole = read(text)
    assert len(whole) == 8
    monkeypatch.setattr(trace, "WINDOW", 300)
    monkeypatch.setattr(trace, "AHEAD", 2000)
    for step in (1, 97, 4096):
        assert read(text, step) == whole


def test_lines_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "WINDOW", 300)
    reader = TraceReader()
    for _ in range(5000):
        reader.feed("a line of the log\n")
    reader.feed(logs.SEARCH_HISTORY)
    [symptom] = reader.close()
    assert (symptom.line, reader.lines) == (5001, 5001)


@pytest.mark.parametrize(("text", "lines"), [("", 0), ("a", 1), ("a\n", 1), ("a\nb", 2), ("\n\n", 2)])
def test_a_line_that_does_not_end_is_one(text: str, lines: int) -> None:
    reader = TraceReader()
    reader.feed(text)
    reader.close()
    assert reader.lines == lines


def test_memory_does_not_grow_with_the_log() -> None:
    reader = TraceReader()
    for _ in range(8):
        reader.feed("x" * (1 << 20))
    assert len(reader._text) < 4 * trace.WINDOW


@given(st.text(max_size=400))
def test_any_text_is_read(text: str) -> None:
    for symptom in read(text):
        assert symptom.line >= 1


PIECES = st.lists(
    st.sampled_from(
        [
            "SIP/2.0 504 ",
            "SIP/2.0_403",
            "ms-diagnostics: 1009;",
            'domain="',
            '"',
            ";",
            "\n",
            "\r\n",
            "```\n",
            "$$begin_record",
            "$$end_record",
            "SIPPROXY_E_X",
            "Data: ",
            "From: <sip:a@b.example>",
            "CSeq: 1 SUBSCRIBE",
            "Server: RTC/6.0",
            "NOTIFY sip:a SIP/2.0\n",
            "Record-Route: <a>,",
            "403 Forbidden",
            "2017-03-02 10:00:00 ",
            "Server time-out",
            "-\n",
            "\\",
            "9406 error",
            "é\x00",
        ]
    ),
    max_size=60,
).map("".join)


@given(st.lists(PIECES, max_size=4).map(("filler " * 100).join), st.integers(1, 500))
def test_any_mixture_is_read_alike_in_pieces(text: str, step: int) -> None:
    with mock.patch.object(trace, "AHEAD", 600):
        whole = read(text)
        with mock.patch.object(trace, "WINDOW", 50):
            assert read(text, step) == whole


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("vcse.example.com:5061", "vcse.example.com"),
        ("VCSE.Example.com.", "vcse.example.com"),
        ("vcse.example.com; rm -rf", None),
        ("$(id).example.com", None),
        ("", None),
        (None, None),
        ("[2001:db8::1]:5061", None),
    ],
)
def test_only_a_host_name_may_stand_in_a_command(text: str | None, host: str | None) -> None:
    assert safe_host(text) == host
