"""The flight reader on bytes of OpenSSL and tlslite-ng, captured while the test runs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import OCSPResponseBuilder, OCSPResponseStatus

from tests.wire.tls.servers import NAME, openssl_answer, pki, tlslite_answer
from vpnprobe.wire.tls import extensions as ext
from vpnprobe.wire.tls import handshake
from vpnprobe.wire.tls.flight import FirstFlight
from vpnprobe.wire.tls.handshake import DheParams, EcdheParams
from vpnprobe.wire.tls.hello import HelloTemplate, hello_template, tls13_template
from vpnprobe.wire.tls.outcome import Ended, FlightResult
from vpnprobe.wire.tls.record import MessageReader, RecordReader, build_message
from vpnprobe.wire.tls.registry import ContentType, HandshakeType

RANDOM = bytes(range(32))
PHONE = HelloTemplate(record_version=0x0301, client_version=0x0301, suites=(0x0035, 0x002F))
TRY_LATER = OCSPResponseBuilder.build_unsuccessful(OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A hello, the server that answers it, and what must be seen in the answer."""

    template: HelloTemplate
    answer: Callable[[bytes], bytes]
    version: int
    suite: int
    chain: str | None = "RSA"
    params: type[object] | None = None
    scheme: int | None = None
    types: tuple[int, ...] | None = None
    staple: bytes | None = None


asking = partial(openssl_answer, ask=True)
ssl3 = partial(tlslite_answer, version=(3, 0))
tls10 = partial(tlslite_answer, version=(3, 1))
tls11 = partial(tlslite_answer, version=(3, 2))
tls12 = partial(tlslite_answer, version=(3, 3))

CASES = {
    "openssl-tls10-phone": Case(template=PHONE, answer=openssl_answer, version=0x0301, suite=0x0035),
    "openssl-tls10-asks": Case(template=PHONE, answer=asking, version=0x0301, suite=0x0035, types=(1, 2, 64)),
    "openssl-tls10-ecdsa": Case(
        template=hello_template(0x0301, (0xC00A,), groups=(24, 23)),
        answer=partial(openssl_answer, key="ECDSA"),
        version=0x0301,
        suite=0xC00A,
        chain="ECDSA",
        params=EcdheParams,
    ),
    "openssl-tls12-asks": Case(
        template=hello_template(0x0303, (0xC030, 0x00FF), groups=(23,), schemes=(0x0401,)),
        answer=asking,
        version=0x0303,
        suite=0xC030,
        params=EcdheParams,
        scheme=0x0401,
        types=(1, 2, 64),
    ),
    "openssl-tls12-staple": Case(
        template=HelloTemplate(
            record_version=0x0301,
            client_version=0x0303,
            suites=(0xC02F,),
            extensions=(
                ext.status_request(),
                ext.supported_groups((29,)),
                ext.signature_algorithms((0x0804,)),
            ),
            server_name=True,
        ),
        answer=partial(openssl_answer, staple=TRY_LATER),
        version=0x0303,
        suite=0xC02F,
        params=EcdheParams,
        scheme=0x0804,
        staple=TRY_LATER,
    ),
    "tlslite-ssl3-rc4": Case(
        template=hello_template(0x0300, (0x0005, 0x0004)),
        answer=partial(ssl3, ciphers=("rc4",)),
        version=0x0300,
        suite=0x0005,
    ),
    "tlslite-tls10-3des-asks": Case(
        template=hello_template(0x0301, (0x000A,)),
        answer=partial(tls10, ciphers=("3des",), ask=True),
        version=0x0301,
        suite=0x000A,
        types=(1, 64, 2),
    ),
    "tlslite-tls10-ecdsa-rc4": Case(
        template=hello_template(0x0301, (0xC007,), groups=(23,)),
        answer=partial(tls10, ciphers=("rc4",), exchanges=("ecdhe_ecdsa",), key="ECDSA"),
        version=0x0301,
        suite=0xC007,
        chain="ECDSA",
        params=EcdheParams,
    ),
    "tlslite-tls10-anonymous": Case(
        template=hello_template(0x0301, (0x0034,)),
        answer=partial(tls10, ciphers=("aes128",), exchanges=("dh_anon",)),
        version=0x0301,
        suite=0x0034,
        chain=None,
        params=DheParams,
    ),
    "tlslite-tls11-dhe": Case(
        template=hello_template(0x0302, (0x0033,)),
        answer=partial(tls11, ciphers=("aes128",), exchanges=("dhe_rsa",)),
        version=0x0302,
        suite=0x0033,
        params=DheParams,
    ),
    "tlslite-tls12-null": Case(
        template=hello_template(0x0303, (0x003B,)),
        answer=partial(tls12, ciphers=("null",), macs=("sha256",)),
        version=0x0303,
        suite=0x003B,
    ),
}


@pytest.fixture(params=CASES, scope="module")
def captured(request: pytest.FixtureRequest) -> tuple[Case, bytes]:
    """A case and the server's whole first flight."""
    case = CASES[request.param]
    return case, case.answer(case.template.build(RANDOM, NAME))


def read(case: Case, *parts: bytes) -> FlightResult:
    flight = FirstFlight(case.template.hello(RANDOM, NAME))
    for part in parts:
        flight.receive(part)
    return flight.result


def test_the_facts_of_the_flight(captured: tuple[Case, bytes]) -> None:
    case, stream = captured
    result = read(case, stream)
    assert result.ended is Ended.SERVER_HELLO_DONE
    assert (result.version, result.suite) == (case.version, case.suite)
    assert result.received == len(stream)
    assert (result.breaches, result.alerts, result.problem, result.failure) == ((), (), None, None)
    assert result.chain == (pki(case.chain).chain if case.chain else None)
    assert (type(result.key_exchange.params) if result.key_exchange else None) is case.params
    assert (result.key_exchange.scheme if result.key_exchange else None) == case.scheme
    assert (result.certificate_status.response if result.certificate_status else None) == case.staple
    asked = result.certificate_request
    assert (asked.certificate_types if asked else None) == case.types
    if asked:
        assert asked.authorities == (pki("RSA").root_name,)
        assert (asked.schemes is not None) == (case.version == 0x0303)


def test_the_size_of_the_key(captured: tuple[Case, bytes]) -> None:
    case, stream = captured
    exchange = read(case, stream).key_exchange
    if exchange is None:
        assert case.params is None
    elif isinstance(exchange.params, EcdheParams):
        sizes = {23: 65, 24: 97, 29: 32}
        assert len(exchange.params.public) == sizes[exchange.params.group]
    else:
        assert isinstance(exchange.params, DheParams)
        assert exchange.params.bits == 2048


def test_byte_by_byte(captured: tuple[Case, bytes]) -> None:
    case, stream = captured
    assert read(case, *(stream[at : at + 1] for at in range(len(stream)))) == read(case, stream)


def test_truncated_at_every_byte(captured: tuple[Case, bytes]) -> None:
    case, stream = captured
    assert {read(case, stream[:cut]).ended for cut in range(len(stream))} == {Ended.OPEN}


def test_every_message_is_rebuilt_to_the_byte(captured: tuple[Case, bytes]) -> None:
    case, stream = captured
    records, messages, sent = RecordReader(), MessageReader(1 << 20), []
    records.feed(stream)
    while record := records.next_record():
        assert record.content_type == ContentType.handshake
        messages.feed(record.fragment)
        while message := messages.next_message():
            sent.append(message)
    assert len(sent) >= 3
    for kind, body in sent:
        assert build_message(kind, _rebuild(case, kind, body)) == build_message(kind, body)


def _rebuild(case: Case, kind: int, body: bytes) -> bytes:
    match kind:
        case HandshakeType.server_hello:
            return handshake.build_server_hello(handshake.parse_server_hello(body))
        case HandshakeType.certificate:
            return handshake.build_certificate(handshake.parse_certificate(body, 5))
        case HandshakeType.certificate_status:
            return handshake.build_certificate_status(handshake.parse_certificate_status(body))
        case HandshakeType.server_key_exchange:
            exchange = handshake.parse_server_key_exchange(body, case.version, case.suite)
            return handshake.build_server_key_exchange(exchange)
        case HandshakeType.certificate_request:
            asked = handshake.parse_certificate_request(body, case.version, 5)
            return handshake.build_certificate_request(asked)
        case _:
            assert kind == HandshakeType.server_hello_done
            return b""


@pytest.mark.parametrize(
    ("template", "answer", "alert"),
    [
        pytest.param(hello_template(0x0301, (0x0005,)), openssl_answer, 40, id="openssl-no-shared-suite"),
        pytest.param(hello_template(0x0300, (0x0035,)), openssl_answer, 70, id="openssl-no-ssl3"),
        pytest.param(hello_template(0x0301, (0x0035,)), partial(tls10, ciphers=("rc4",)), 40, id="tlslite-suite"),
        pytest.param(hello_template(0x0301, (0x0005,)), partial(tls12, ciphers=("rc4",)), 70, id="tlslite-version"),
    ],
)
def test_refusals(template: HelloTemplate, answer: Callable[[bytes], bytes], alert: int) -> None:
    flight = FirstFlight(template.hello(RANDOM))
    flight.receive(answer(template.build(RANDOM)))
    assert flight.result.ended is Ended.ALERT
    assert flight.result.failure is not None
    assert flight.result.failure.alert == alert


def test_tls13_is_accepted_with_a_key_share() -> None:
    share = X25519PrivateKey.generate().public_key().public_bytes_raw()
    template = tls13_template((0x1301,), ((29, share),), groups=(29, 23), schemes=(0x0804,))
    flight = FirstFlight(template.hello(RANDOM))
    flight.receive(openssl_answer(template.build(RANDOM)))
    result = flight.result
    assert result.ended is Ended.TLS13_SERVER_HELLO
    assert (result.version, result.suite, result.chain, result.breaches) == (0x0304, 0x1301, None, ())
    assert result.hello is not None
    assert result.hello.group == 29


def test_tls13_is_accepted_without_a_key_share() -> None:
    template = tls13_template((0x1302,), (), groups=(24,), schemes=(0x0804,))
    flight = FirstFlight(template.hello(RANDOM))
    flight.receive(openssl_answer(template.build(RANDOM)))
    result = flight.result
    assert result.ended is Ended.HELLO_RETRY
    assert (result.version, result.suite, result.breaches) == (0x0304, 0x1302, ())
    assert result.hello is not None
    assert result.hello.group == 24


@pytest.mark.parametrize(("version", "able_to"), [(0x0302, 0x0303), (0x0303, 0x0304)], ids=["tls11", "tls12"])
def test_openssl_says_what_else_it_could_do(version: int, able_to: int) -> None:
    template = hello_template(version, (0x0035,))
    flight = FirstFlight(template.hello(RANDOM))
    flight.receive(openssl_answer(template.build(RANDOM)))
    assert flight.result.hello is not None
    assert flight.result.hello.able_to == able_to
