import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.tls import flights
from tests.wire.tls.flights import DONE, MODERN, PHONE, TLS13, certificate, records, server_hello
from vpnprobe.model.errors import Malformed
from vpnprobe.model.failure import FailureKind
from vpnprobe.wire.tls import extensions as ext
from vpnprobe.wire.tls.alert import Alert
from vpnprobe.wire.tls.flight import EXCERPT_BYTES, FirstFlight
from vpnprobe.wire.tls.handshake import RETRY_RANDOM, CertificateRequest, CertificateStatus, EcdheParams
from vpnprobe.wire.tls.hello import ClientHello
from vpnprobe.wire.tls.outcome import DEFAULT_LIMITS, Breach, BreachKind, Ended, FlightResult, Limits
from vpnprobe.wire.tls.record import build_message, build_records


def read(offered: ClientHello, *parts: bytes, eof: bool = False, limits: Limits = DEFAULT_LIMITS) -> FlightResult:
    flight = FirstFlight(offered, limits)
    for part in parts:
        flight.receive(part)
    if eof:
        flight.eof()
    assert flight.done is (flight.result.ended is not Ended.OPEN) or flight.result.not_tls is not None
    return flight.result


def one_by_one(stream: bytes) -> list[bytes]:
    return [stream[at : at + 1] for at in range(len(stream))]


def test_a_phone_s_flight() -> None:
    result = read(PHONE, flights.TLS10)
    assert result.ended is Ended.SERVER_HELLO_DONE
    assert (result.version, result.suite, result.record_version) == (0x0301, 0x0035, 0x0301)
    assert result.hello is not None
    assert (len(result.hello.session_id), result.hello.compression, result.hello.extensions) == (32, 0, None)
    assert result.chain == flights.CHAIN
    assert result.key_exchange is None
    assert result.certificate_request == CertificateRequest(
        certificate_types=(1, 64), schemes=None, authorities=flights.AUTHORITIES
    )
    assert (result.alerts, result.breaches, result.problem, result.failure) == ((), (), None, None)
    assert result.received == len(flights.TLS10)


def test_a_tls12_flight_with_everything() -> None:
    result = read(MODERN, flights.TLS12)
    assert result.ended is Ended.SERVER_HELLO_DONE
    assert (result.version, result.suite) == (0x0303, 0xC02F)
    assert result.key_exchange is not None
    assert result.key_exchange.params == EcdheParams(23, b"\x04" + bytes(64))
    assert result.key_exchange.scheme == 0x0401
    assert result.certificate_status == CertificateStatus(1, b"stapled")
    assert result.certificate_request == CertificateRequest(
        certificate_types=(1, 64), schemes=(0x0401, 0x0403), authorities=flights.AUTHORITIES
    )
    assert result.breaches == ()


@pytest.mark.parametrize("fragment", [1, 2, 3, 4, 5, 100, 16384])
def test_messages_over_several_records(fragment: int) -> None:
    stream = records(server_hello(), certificate((b"leaf", b"issuer")), flights.request(), DONE, fragment=fragment)
    result = read(PHONE, stream)
    assert (result.ended, result.chain) == (Ended.SERVER_HELLO_DONE, (b"leaf", b"issuer"))


def test_one_record_for_each_message() -> None:
    stream = b"".join(map(records, (server_hello(), certificate(), flights.request(), DONE)))
    assert read(PHONE, stream).chain == flights.CHAIN


@pytest.mark.parametrize("stream", [flights.TLS10, flights.TLS12], ids=["tls10", "tls12"])
def test_truncated_at_every_byte(stream: bytes) -> None:
    whole = read(MODERN, stream)
    for cut in range(len(stream)):
        part = read(MODERN, stream[:cut])
        assert part.ended is Ended.OPEN
        assert part.hello in (None, whole.hello)
        assert part.chain in (None, whole.chain)
        closed = read(MODERN, stream[:cut], eof=True)
        assert closed.ended is Ended.CLOSED
        assert closed.failure is not None
        assert closed.failure.kind is FailureKind.CLOSED
        assert (closed.problem is not None) == (cut != 0)


def test_what_follows_the_end_is_ignored() -> None:
    flight = FirstFlight(PHONE)
    flight.receive(flights.TLS10 + flights.alert(2, 80))
    flight.receive(b"HTTP/1.0 400")
    flight.eof()
    assert flight.result == read(PHONE, flights.TLS10)


SH = records(server_hello())
ENDS = [
    pytest.param(flights.alert(2, 40), Ended.ALERT, None, id="fatal-alert"),
    pytest.param(SH + flights.alert(2, 80), Ended.ALERT, None, id="fatal-alert-after-server-hello"),
    pytest.param(flights.alert(1, 0), Ended.CLOSED, None, id="close-notify"),
    pytest.param(
        records(server_hello(0x0303, 0x1301, extensions=((43, b"\3\4"), (51, b"\0\x1d\0\1k")))),
        Ended.TLS13_SERVER_HELLO,
        None,
        id="tls13",
    ),
    pytest.param(
        records(
            server_hello(0x0303, 0x1301, random=RETRY_RANDOM, extensions=((43, b"\3\4"), (51, b"\0\x1d"), (44, b"c")))
        ),
        Ended.HELLO_RETRY,
        None,
        id="hello-retry-request",
    ),
    pytest.param(
        SH + build_records(20, 0x0301, b"\1"),
        Ended.UNEXPECTED,
        "change_cipher_spec (20)",
        id="change-cipher-spec",
    ),
    pytest.param(build_records(23, 0x0301, b"x"), Ended.UNEXPECTED, "application_data (23)", id="application-data"),
    pytest.param(build_records(24, 0x0301, b"x"), Ended.UNEXPECTED, "heartbeat (24)", id="heartbeat"),
    pytest.param(records(certificate()), Ended.UNEXPECTED, "certificate (11)", id="certificate-first"),
    pytest.param(SH + records(build_message(20, b"x")), Ended.UNEXPECTED, "finished (20)", id="finished"),
    pytest.param(SH + records(build_message(99, b"x")), Ended.UNEXPECTED, "unassigned (99)", id="unknown-message"),
    pytest.param(SH + b"HTTP", Ended.MALFORMED, "record content type", id="text-after-a-record"),
    pytest.param(SH + b"\x16\x03\x01\xff\xff", Ended.MALFORMED, "record length", id="record-length"),
    pytest.param(records(build_message(2, b"\3\1")), Ended.MALFORMED, "random", id="short-server-hello"),
    pytest.param(
        SH + records(build_message(14, b"x")),
        Ended.MALFORMED,
        "server_hello_done",
        id="server-hello-done-with-body",
    ),
    pytest.param(b"\x16\x03\x01\xff\xff", Ended.NOT_TLS, None, id="first-record-length"),
]


@pytest.mark.parametrize(("stream", "ended", "field"), ENDS)
@pytest.mark.parametrize("cut", [False, True], ids=["whole", "byte-by-byte"])
def test_ends(stream: bytes, ended: Ended, field: str | None, cut: bool) -> None:
    offered = TLS13 if ended in {Ended.TLS13_SERVER_HELLO, Ended.HELLO_RETRY} else PHONE
    result = read(offered, *(one_by_one(stream) if cut else [stream]))
    assert result.ended is ended
    assert (result.problem.field if result.problem else None) == field
    assert result.breaches == ()


def test_every_way_to_end_has_its_failure() -> None:
    accepted = {Ended.OPEN, Ended.SERVER_HELLO_DONE, Ended.TLS13_SERVER_HELLO, Ended.HELLO_RETRY}
    alert = (Alert(2, 40),)
    failed = {ended for ended in Ended if FlightResult(ended=ended, alerts=alert).failure is not None}
    assert failed == set(Ended) - accepted


@pytest.mark.parametrize(
    ("stream", "kind", "alert", "detail"),
    [
        (
            flights.alert(1, 112) + flights.alert(2, 40),
            FailureKind.TLS_ALERT,
            40,
            "fatal handshake_failure(40)",
        ),
        (flights.alert(1, 0), FailureKind.CLOSED, None, ""),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", FailureKind.NOT_TLS, None, "the answer looks like ssh"),
        (
            SH + build_records(20, 0x0301, b"\1"),
            FailureKind.MALFORMED,
            None,
            "change_cipher_spec (20): has no place before the end of the first flight",
        ),
        (
            SH + b"H",
            FailureKind.MALFORMED,
            None,
            f"record content type at byte {len(SH)}: 72 is none",
        ),
    ],
    ids=["alert", "closed", "not-tls", "unexpected", "malformed"],
)
def test_failures(stream: bytes, kind: FailureKind, alert: int | None, detail: str) -> None:
    failure = read(PHONE, stream).failure
    assert failure is not None
    assert (failure.kind, failure.alert, failure.detail) == (kind, alert, detail)


def test_tls13_facts() -> None:
    stream = records(server_hello(0x0303, 0x1301, extensions=((43, b"\3\4"), (51, b"\0\x1d\0\1k"))))
    result = read(TLS13, stream + build_records(20, 0x0303, b"\1") + build_records(23, 0x0303, b"secret"))
    assert (result.version, result.suite, result.chain) == (0x0304, 0x1301, None)
    assert result.hello is not None
    assert result.hello.group == 29
    assert result.received == len(stream)


def test_warnings_do_not_end_the_flight() -> None:
    result = read(PHONE, flights.alert(1, 112) + flights.TLS10)
    assert result.ended is Ended.SERVER_HELLO_DONE
    assert result.alerts == (Alert(1, 112),)


def test_alerts_in_odd_pieces() -> None:
    halves = build_records(21, 0x0301, b"\1\x70\2", fragment=3) + build_records(21, 0x0301, b"\x28")
    assert read(PHONE, halves).alerts == (Alert(1, 112), Alert(2, 40))


def test_messages_that_are_skipped() -> None:
    hello_request, ticket = build_message(0, b""), build_message(4, b"anything")
    result = read(PHONE, records(hello_request, server_hello(), certificate(), ticket, DONE))
    assert (result.ended, result.breaches) == (Ended.SERVER_HELLO_DONE, ())


def test_no_certificate_is_not_an_empty_certificate() -> None:
    assert read(PHONE, records(server_hello(), DONE)).chain is None
    assert read(PHONE, records(server_hello(), certificate(()), DONE)).chain == ()


@pytest.mark.parametrize(
    ("offered", "messages", "breach", "text"),
    [
        pytest.param(
            PHONE,
            (server_hello(0x0303),),
            Breach(BreachKind.VERSION_NOT_OFFERED, 0x0303),
            "version not offered: TLS 1.2",
            id="higher-version",
        ),
        pytest.param(
            TLS13,
            (server_hello(0x0303, 0x1301),),
            Breach(BreachKind.VERSION_NOT_OFFERED, 0x0303),
            "version not offered: TLS 1.2",
            id="version-outside-the-list",
        ),
        pytest.param(
            PHONE,
            (server_hello(suite=0x0005),),
            Breach(BreachKind.SUITE_NOT_OFFERED, 0x0005),
            "suite not offered: RC4-SHA (0x0005)",
            id="suite",
        ),
        pytest.param(
            PHONE,
            (server_hello(compression=1),),
            Breach(BreachKind.COMPRESSION_NOT_OFFERED, 1),
            "compression method not offered: 1",
            id="compression",
        ),
        pytest.param(
            PHONE,
            (server_hello(extensions=((0xFF01, b"\0"),)),),
            Breach(BreachKind.EXTENSION_NOT_OFFERED, 0xFF01),
            "extension not offered: renegotiation_info (65281)",
            id="extension",
        ),
        pytest.param(
            PHONE,
            (server_hello(), certificate(), certificate((b"other",))),
            Breach(BreachKind.REPEATED_MESSAGE, 11),
            "message sent twice: certificate (11)",
            id="repeated",
        ),
        pytest.param(
            PHONE,
            (server_hello(), flights.request(), certificate()),
            Breach(BreachKind.MESSAGE_OUT_OF_ORDER, 11),
            "message out of order: certificate (11)",
            id="order",
        ),
    ],
)
def test_breaches_are_recorded_and_reading_goes_on(
    offered: ClientHello, messages: tuple[bytes, ...], breach: Breach, text: str
) -> None:
    result = read(offered, records(*messages, DONE))
    assert result.ended is Ended.SERVER_HELLO_DONE
    assert result.breaches == (breach,)
    assert str(breach) == text
    if certificate() in messages:
        assert result.chain == flights.CHAIN


def test_an_empty_handshake_record_is_a_breach() -> None:
    result = read(PHONE, build_records(22, 0x0301, b"") + flights.TLS10)
    assert result.ended is Ended.SERVER_HELLO_DONE
    assert [str(breach) for breach in result.breaches] == ["empty record: handshake (22)"]


def test_lower_versions_are_offered_too() -> None:
    assert read(MODERN, records(server_hello(0x0300), DONE)).breaches == ()
    assert read(MODERN, records(server_hello(0x02FF), DONE)).breaches == (
        Breach(BreachKind.VERSION_NOT_OFFERED, 0x02FF),
    )


@pytest.mark.parametrize(
    ("limits", "stream", "what"),
    [
        pytest.param(Limits(total_bytes=len(flights.TLS10) - 1), flights.TLS10, "bytes in the flight", id="bytes"),
        pytest.param(Limits(records=2), SH + records(certificate()) + records(DONE), "records", id="records"),
        pytest.param(Limits(message_bytes=100), flights.TLS10, "bytes in a handshake message", id="message"),
        pytest.param(Limits(certificates=2), flights.TLS10, "certificates", id="certificates"),
        pytest.param(Limits(authorities=1), flights.TLS10, "CA names", id="authorities"),
        pytest.param(Limits(alerts=2), flights.alert(1, 112) * 3, "alerts", id="alerts"),
        pytest.param(Limits(breaches=1), SH + SH * 2, "protocol breaches", id="breaches"),
    ],
)
def test_limits(limits: Limits, stream: bytes, what: str) -> None:
    for parts in ([stream], one_by_one(stream)):
        result = read(PHONE, *parts, limits=limits)
        assert result.ended is Ended.LIMIT
        assert result.problem is not None
        assert result.problem.field == what
        assert result.failure is not None
        assert result.failure.kind is FailureKind.TOO_MUCH


def test_a_flight_of_just_the_limit_is_read() -> None:
    limits = Limits(total_bytes=len(flights.TLS10), records=1, certificates=3, authorities=2)
    assert read(PHONE, flights.TLS10, limits=limits).ended is Ended.SERVER_HELLO_DONE


def test_the_record_version_is_that_of_the_first_record() -> None:
    stream = build_records(22, 0x0300, server_hello()) + records(DONE, version=0x0301)
    assert read(PHONE, stream).record_version == 0x0300


@pytest.mark.parametrize(
    ("stream", "where", "offset"),
    [
        pytest.param(SH + b"\x16", "record", len(SH), id="record"),
        pytest.param(SH + records(DONE[:2]), "handshake message", len(SH) + 7, id="handshake-message"),
    ],
)
def test_where_the_stream_ended(stream: bytes, where: str, offset: int) -> None:
    problem = read(PHONE, stream, eof=True).problem
    assert problem is not None
    assert (problem.field, problem.reason, problem.offset) == (where, "the stream ended inside it", offset)


def test_the_default_limits_hold_a_large_honest_flight() -> None:
    chain = tuple(bytes(4096) for _ in range(10))
    authorities = tuple(b"n" * 60 for _ in range(1000))
    stream = records(server_hello(), certificate(chain), flights.request(authorities=authorities), DONE)
    result = read(PHONE, stream)
    assert result.ended is Ended.SERVER_HELLO_DONE
    assert result.certificate_request is not None
    assert len(result.certificate_request.authorities) == 1000


SSLV2_SERVER_HELLO = bytes.fromhex("800b 04 00 01 0002 0000 0000 0000")
NOT_TLS = [
    pytest.param(b"HTTP/1.0 400 Bad Request\r\nServer: x\r\n", "http", b"HTTP/1.0 400 Bad Request", id="http"),
    pytest.param(b"<html>\n<head>", "html", b"<html>", id="html"),
    pytest.param(b"SSH-2.0-OpenSSH_9.2p1\r\n", "ssh", b"SSH-2.0-OpenSSH_9.2p1", id="ssh"),
    pytest.param(b"SIP/2.0 400 Bad Request\r\n", "sip", b"SIP/2.0 400 Bad Request", id="sip"),
    pytest.param(b"220 mail.example.com ESMTP\r\n", "ftp-or-smtp", b"220 mail.example.com ESMTP", id="smtp"),
    pytest.param(b"\r\nlogin: ", "unknown", b"", id="blank-line"),
    pytest.param(b"x" * 1000, "unknown", b"x" * EXCERPT_BYTES, id="long-line"),
    pytest.param(b"\0\n" * 1000, "unknown", (b"\0\n" * EXCERPT_BYTES)[:EXCERPT_BYTES].rstrip(), id="binary"),
]


@pytest.mark.parametrize(("stream", "protocol", "excerpt"), NOT_TLS)
@pytest.mark.parametrize("cut", [False, True], ids=["whole", "byte-by-byte"])
def test_answers_that_are_not_tls(stream: bytes, protocol: str, excerpt: bytes, cut: bool) -> None:
    flight = FirstFlight(PHONE)
    for part in one_by_one(stream) if cut else [stream]:
        flight.receive(part)
    assert flight.done
    assert flight.result.ended is Ended.NOT_TLS
    assert flight.result.not_tls is not None
    assert (flight.result.not_tls.protocol, flight.result.not_tls.excerpt) == (protocol, excerpt)


@pytest.mark.parametrize(
    ("stream", "protocol"),
    [
        pytest.param(SSLV2_SERVER_HELLO, "sslv2", id="sslv2-server-hello"),
        pytest.param(bytes.fromhex("8003 00 0001"), "sslv2", id="sslv2-error"),
        pytest.param(b"HTTP/1.0 400", "http", id="unfinished-line"),
        pytest.param(b"\x16\x02", "unknown", id="record-of-another-major-version"),
    ],
)
def test_a_short_answer_is_known_before_the_stream_ends(stream: bytes, protocol: str) -> None:
    so_far = read(PHONE, stream)
    assert so_far.ended is Ended.NOT_TLS
    assert so_far.not_tls is not None
    assert (so_far.not_tls.protocol, so_far.not_tls.excerpt) == (protocol, stream)
    assert read(PHONE, stream, eof=True) == so_far


def test_an_answer_that_is_not_tls_is_read_to_the_end_of_its_line() -> None:
    flight = FirstFlight(PHONE)
    done = []
    for part in (b"HTTP/1.0", b" 400\n", b"more"):
        flight.receive(part)
        done.append(flight.done)
    assert done == [False, True, True]


def test_a_hello_of_ours_that_cannot_be_read_is_our_own_error() -> None:
    broken = msgspec.structs.replace(TLS13, extensions=((43, b"\x03\x03"),))
    with pytest.raises(Malformed):
        FirstFlight(broken)


def test_renegotiation_info_answers_the_signal_or_the_extension() -> None:
    stream = records(server_hello(extensions=(ext.renegotiation_info(),)), DONE)
    assert read(MODERN, stream).breaches == ()
    with_extension = msgspec.structs.replace(PHONE, extensions=(ext.renegotiation_info(),))
    assert read(with_extension, stream).breaches == ()


def _cut(stream: bytes, sizes: list[int]) -> list[bytes]:
    parts, at = [], 0
    for size in sizes:
        parts.append(stream[at : at + size])
        at += size
    return [*parts, stream[at:]]


_messages = st.sampled_from(
    [
        server_hello(),
        server_hello(0x0303, 0xC02F),
        server_hello(0x0303, 0x1301, extensions=((43, b"\3\4"),)),
        certificate((b"leaf",)),
        flights.status(),
        flights.key_exchange(),
        flights.request(authorities=(b"ca",)),
        flights.request(schemes=(0x0401,)),
        DONE,
        build_message(0, b""),
        build_message(2, b"short"),
    ]
)
_streams = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.one_of(
            st.builds(records, _messages, fragment=st.integers(1, 200)),
            st.builds(flights.alert, st.integers(0, 3), st.integers(0, 255)),
            st.builds(build_records, st.integers(20, 24), st.integers(0x0300, 0x0304), st.binary(max_size=30)),
            st.binary(max_size=6),
        ),
        max_size=8,
    ).map(b"".join),
)


@given(_streams, st.lists(st.integers(0, 50), max_size=20), st.sampled_from([PHONE, MODERN, TLS13]))
def test_any_bytes_however_cut_give_one_result(stream: bytes, sizes: list[int], offered: ClientHello) -> None:
    whole = read(offered, stream, eof=True)
    assert read(offered, *_cut(stream, sizes), eof=True) == whole
    assert whole.ended is not Ended.OPEN


@given(st.sampled_from([flights.TLS10, flights.TLS12]), st.data())
def test_a_damaged_flight_gives_a_result(stream: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(stream) - 1))
    damaged = stream[:at] + data.draw(st.binary(min_size=1, max_size=4)) + stream[at + 1 :]
    result = read(MODERN, damaged, eof=True)
    assert result.ended is not Ended.OPEN
    assert read(MODERN, *one_by_one(damaged), eof=True) == result
