"""The response reader against answers of several makers, cut anywhere, and against anything else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire.sip.answers import REAL, kamailio
from vpnprobe.model.errors import LimitExceeded, Malformed, WireError
from vpnprobe.wire.sip.message import (
    BODY_EXCERPT,
    MAX_BODY,
    MAX_HEAD,
    MAX_HEADER_LINE,
    MAX_HEADERS,
    MAX_MESSAGES,
    MAX_START_LINE,
    MAX_STREAM,
    Breach,
    ResponseReader,
    SipResponse,
)

each_real = pytest.mark.parametrize(("data", "expected"), REAL.values(), ids=REAL)


def read(*parts: bytes) -> list[SipResponse]:
    reader = ResponseReader()
    return [response for part in parts for response in reader.feed(part)]


def one(data: bytes) -> SipResponse:
    [response] = read(data)
    return response


def response(*lines: bytes, status_line: bytes = b"SIP/2.0 200 OK") -> bytes:
    return b"\r\n".join((status_line, *lines, b"", b""))


@each_real
def test_whole(data: bytes, expected: SipResponse) -> None:
    assert read(data) == [expected]


@each_real
def test_byte_by_byte(data: bytes, expected: SipResponse) -> None:
    assert read(*(bytes((byte,)) for byte in data)) == [expected]


@each_real
def test_truncated_at_every_byte(data: bytes, expected: SipResponse) -> None:
    for at in range(len(data)):
        assert read(data[:at]) == [], at


@each_real
def test_with_something_behind(data: bytes, expected: SipResponse) -> None:
    reader = ResponseReader()
    assert reader.feed(data + b"\r\n\r\n" + data + b"\x00\x01") == (expected, expected)
    with pytest.raises(Malformed) as caught:
        reader.feed(b"")
    assert caught.value.offset == 2 * len(data) + 4


def test_values_of_a_name() -> None:
    answer = one(REAL["everything"][0])
    assert answer.values("via") == ("SIP/2.0/TLS probe.invalid;branch=z9hG4bKa", "SIP/2.0/TLS other.invalid")
    assert answer.values("server") == ("caf\xe9",)
    assert answer.values("date") == ()


def test_requests_of_the_peer_are_skipped() -> None:
    reader = ResponseReader()
    request = b"NOTIFY sip:you@here SIP/2.0\r\nContent-Length: 17\r\n\r\nSIP/2.0 200 OK\r\n\r"
    assert reader.feed(request) == ()
    assert reader.unfinished is None
    assert [answer.status for answer in reader.feed(kamailio() + request)] == [200]
    assert reader.requests == 2


def test_an_answer_whose_body_is_on_the_way() -> None:
    reader = ResponseReader()
    head = response(b"Server: x", b"Content-Length: 5")
    begun = []
    for part in (b"", head[:-1], head[-1:] + b"abc"):
        assert reader.feed(part) == ()
        begun.append(reader.unfinished)
    assert begun[:2] == [None, None]
    [*_, begun_now] = begun
    assert begun_now is not None
    assert (begun_now.status, begun_now.values("server")) == (200, ("x",))
    assert (begun_now.body_length, begun_now.body) == (3, b"abc")
    [whole] = reader.feed(b"de")
    assert (whole.body_length, whole.body) == (5, b"abcde")
    assert reader.unfinished is None


def test_only_the_start_of_a_body_is_kept() -> None:
    body = bytes(range(256)) * (MAX_BODY // 256)
    answer = one(response(b"Content-Length: %d" % len(body)) + body)
    assert (answer.body_length, answer.body) == (MAX_BODY, body[:BODY_EXCERPT])


@pytest.mark.parametrize(
    ("data", "breach"),
    [
        pytest.param(response(b"l: 0").replace(b"\r\n", b"\n"), Breach.BARE_LF, id="bare-lf"),
        pytest.param(response(b"l: 0")[:-2] + b"\n", Breach.BARE_LF, id="bare-lf-in-the-end"),
        pytest.param(response(b"l: 0", status_line=b"sip/2.0 200 OK"), Breach.STATUS_LINE, id="lower-case"),
        pytest.param(response(b"l: 0", status_line=b"SIP/2.0\t200 OK"), Breach.STATUS_LINE, id="tab"),
        pytest.param(response(b"l: 0", status_line=b"SIP/2.0 200"), Breach.STATUS_LINE, id="no-reason"),
        pytest.param(response(b" folded", b"l: 0"), Breach.HEADER_NAME, id="folded-onto-nothing"),
        pytest.param(response(b"l: 0", b"nothing"), Breach.HEADER_NAME, id="no-colon"),
        pytest.param(response(b"l: 0", b"Server: a\rb"), Breach.CONTROL_CHARACTER, id="carriage-return"),
        pytest.param(response(b"l: 0", status_line=b"SIP/2.0 200 O\xff"), Breach.NOT_UTF8, id="reason-not-utf-8"),
        pytest.param(response(), Breach.NO_CONTENT_LENGTH, id="no-length"),
        pytest.param(response(b"l: 0", b"l: 0"), Breach.CONTENT_LENGTH, id="length-twice"),
        pytest.param(response(b"l: 1", b"l: 2"), Breach.CONTENT_LENGTH, id="two-lengths"),
        pytest.param(response(b"l: 0", b"l: x"), Breach.CONTENT_LENGTH, id="one-length-of-two"),
        pytest.param(response(b"l: -1"), Breach.CONTENT_LENGTH, id="negative-length"),
        pytest.param(response("l: \N{ARABIC-INDIC DIGIT ONE}".encode()), Breach.CONTENT_LENGTH, id="other-digits"),
        pytest.param(response(b"l:"), Breach.CONTENT_LENGTH, id="empty-length"),
    ],
)
def test_one_broken_rule(data: bytes, breach: Breach) -> None:
    answer = one(data)
    assert (answer.status, answer.body_length, answer.breaches) == (200, 0, (breach,))


@pytest.mark.parametrize(
    "status_line", [b"SIP/2.0 200 ", b"SIP/2.0 200 OK, all is \xe2\x9c\x93", b"SIP/2.0 100 x", b"SIP/2.0 699 x"]
)
def test_status_lines_within_the_rules(status_line: bytes) -> None:
    assert one(response(b"l: 0", status_line=status_line)).breaches == ()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n", "looks like HTTP", id="http"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", "looks like SSH", id="ssh"),
        pytest.param(b"220 mail.example.com ESMTP\r\n", "looks like FTP or SMTP", id="smtp"),
        pytest.param(b"+OK ready\r\n", "looks like POP3", id="pop3"),
        pytest.param(b"hello\r\n", "no SIP", id="text"),
        pytest.param(b"SIP/3.0 200 OK\r\n", "SIP version other than 2.0", id="version"),
        pytest.param(b"SIP/2.0 099 x\r\n", "status code outside", id="below"),
        pytest.param(b"SIP/2.0 700 x\r\n", "status code outside", id="above"),
        pytest.param(b"SIP/2.0 20 OK\r\n", "no SIP", id="two-digits"),
        pytest.param(b"SIP/2.0 200OK\r\n", "no SIP", id="no-space"),
        pytest.param("BYE sip:x \N{LATIN SMALL LETTER LONG S}ip/2.0\n".encode(), "no SIP", id="long-s"),
        pytest.param(b"\x16", "cannot begin", id="tls"),
        pytest.param(b"<", "cannot begin", id="html"),
        pytest.param(b"\x00", "cannot begin", id="zero"),
        pytest.param(b" ", "cannot begin", id="space"),
    ],
)
def test_what_is_no_sip_is_told_at_once(data: bytes, reason: str) -> None:
    for before in (b"", b"\r\n\r\n"):
        reader = ResponseReader()
        assert reader.feed((before + data)[:-1]) == ()
        with pytest.raises(Malformed, match=reason) as caught:
            reader.feed(data[-1:])
        assert (caught.value.offset, caught.value.field) == (len(before), "start line")
        with pytest.raises(Malformed, match=reason):
            reader.feed(kamailio())


def test_the_longest_that_is_read() -> None:
    longest = b"SIP/2.0 200 " + b"x" * (MAX_START_LINE - 13)
    assert len(one(response(b"l: 0", status_line=longest)).reason) == MAX_START_LINE - 13
    line = b"Server: ".ljust(MAX_HEADER_LINE - 1, b"x")
    assert len(one(response(b"l: 0", line)).values("server")[0]) == MAX_HEADER_LINE - 9
    assert len(one(response(b"l: 0", *[b"a: b"] * (MAX_HEADERS - 1))).headers) == MAX_HEADERS


@pytest.mark.parametrize(
    ("data", "what", "limit"),
    [
        pytest.param(b"SIP/2.0 200 ".ljust(MAX_START_LINE + 1, b"x"), "bytes in the start line", MAX_START_LINE),
        pytest.param(
            b"SIP/2.0 200 OK\r\n" + b"Server: ".ljust(MAX_HEADER_LINE + 1, b"x"),
            "bytes in a header line",
            MAX_HEADER_LINE,
        ),
        pytest.param(response(*[b"a: b"] * (MAX_HEADERS + 1)), "SIP headers", MAX_HEADERS),
        pytest.param(response(*[b"Server: ".ljust(8000, b"x")] * 9), "bytes of SIP head", MAX_HEAD),
        pytest.param(response(b"a: b", *[b" " * 8000] * 9), "bytes of SIP head", MAX_HEAD),
        pytest.param(response(b"l: %d" % (MAX_BODY + 1)), "bytes of SIP body", MAX_BODY),
        pytest.param(response(b"l: " + b"9" * 8000), "bytes of SIP body", MAX_BODY),
        pytest.param(b"\r\n" * (MAX_STREAM // 2 + 1), "bytes of SIP", MAX_STREAM),
    ],
    ids=["start-line", "header-line", "headers", "head", "folding", "body", "digits", "empty-lines"],
)
@pytest.mark.parametrize("step", [1000, MAX_STREAM + 2], ids=["in-parts", "at-once"])
def test_more_than_a_cap(data: bytes, what: str, limit: int, step: int) -> None:
    with pytest.raises(LimitExceeded) as caught:
        read(*(data[at : at + step] for at in range(0, len(data), step)))
    assert (caught.value.what, caught.value.limit) == (what, limit)


def test_the_head_of_an_answer_with_too_much_body_is_known() -> None:
    reader = ResponseReader()
    with pytest.raises(LimitExceeded):
        reader.feed(response(b"Server: x", b"l: 99999999"))
    begun = reader.unfinished
    assert begun is not None
    assert (begun.status, begun.values("server")) == (200, ("x",))


def test_too_many_messages() -> None:
    reader = ResponseReader()
    assert len(reader.feed(response(b"l: 0", status_line=b"SIP/2.0 100 Trying") * (MAX_MESSAGES + 1))) == MAX_MESSAGES
    with pytest.raises(LimitExceeded, match=f"more than {MAX_MESSAGES} SIP messages"):
        reader.feed(b"")


PIECES = st.sampled_from(
    (
        *(b"SIP/2.0 ", b"200 OK", b"100 x", b"\r\n", b"\n", b"\r", b"\t", b" ", b": ", b'"', b"\x00", b"\xff", b"abc"),
        *(b"Content-Length: 3", b"l:1", b"l: 9999999999", b"OPTIONS sip:x SIP/2.0\r\n"),
        b"SIP/2.0 200 OK\r\nl: 2\r\n\r\n",
    )
)


@settings(deadline=None)
@given(st.lists(PIECES | st.binary(max_size=20), max_size=30), st.integers(1, 40))
def test_any_bytes_are_read_or_refused_the_same_way_however_cut(pieces: list[bytes], step: int) -> None:
    def outcome(*parts: bytes) -> tuple[list[SipResponse], str, SipResponse | None]:
        reader = ResponseReader()
        found: list[SipResponse] = []
        try:
            for part in (*parts, b""):
                found += reader.feed(part)
        except WireError as error:
            return found, str(error), reader.unfinished
        return found, "", reader.unfinished

    data = b"".join(pieces)
    assert outcome(data) == outcome(*(data[at : at + step] for at in range(0, len(data), step)))
