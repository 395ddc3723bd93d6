import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.tls import strategies
from vpnprobe.model.errors import LimitExceeded, Malformed, WireError
from vpnprobe.wire.tls import handshake
from vpnprobe.wire.tls.extensions import Extension
from vpnprobe.wire.tls.handshake import (
    CertificateRequest,
    CertificateStatus,
    DheParams,
    EcdheParams,
    OpaqueParams,
    RsaParams,
    ServerHello,
    ServerKeyExchange,
)

RANDOM = bytes(range(32))


@given(strategies.server_hellos)
def test_server_hello_round_trip(hello: ServerHello) -> None:
    assert handshake.parse_server_hello(handshake.build_server_hello(hello)) == hello


@given(strategies.chains)
def test_certificate_round_trip(chain: tuple[bytes, ...]) -> None:
    assert handshake.parse_certificate(handshake.build_certificate(chain), 6) == chain


@given(strategies.certificate_statuses)
def test_certificate_status_round_trip(status: CertificateStatus) -> None:
    assert handshake.parse_certificate_status(handshake.build_certificate_status(status)) == status


@given(strategies.certificate_requests)
def test_certificate_request_round_trip(request: CertificateRequest) -> None:
    version = 0x0301 if request.schemes is None else 0x0303
    body = handshake.build_certificate_request(request)
    assert handshake.parse_certificate_request(body, version, 5) == request


@given(strategies.server_key_exchanges)
def test_server_key_exchange_round_trip(case: tuple[int, ServerKeyExchange]) -> None:
    suite, exchange = case
    version = 0x0301 if exchange.scheme is None else 0x0303
    body = handshake.build_server_key_exchange(exchange)
    assert handshake.parse_server_key_exchange(body, version, suite) == exchange


PARSERS: dict[str, Callable[[bytes], object]] = {
    "server_hello": handshake.parse_server_hello,
    "certificate": lambda body: handshake.parse_certificate(body, 3),
    "certificate_status": handshake.parse_certificate_status,
    "certificate_request_tls10": lambda body: handshake.parse_certificate_request(body, 0x0301, 3),
    "certificate_request_tls12": lambda body: handshake.parse_certificate_request(body, 0x0303, 3),
    "ecdhe": lambda body: handshake.parse_server_key_exchange(body, 0x0303, 0xC02F),
    "dhe": lambda body: handshake.parse_server_key_exchange(body, 0x0301, 0x0039),
    "rsa_export": lambda body: handshake.parse_server_key_exchange(body, 0x0300, 0x0003),
    "anonymous": lambda body: handshake.parse_server_key_exchange(body, 0x0301, 0x0034),
}

WHOLE: dict[str, bytes] = {
    "server_hello": handshake.build_server_hello(
        ServerHello(
            legacy_version=0x0301,
            random=RANDOM,
            session_id=b"s" * 4,
            suite=0x35,
            extensions=((0xFF01, b"\0"),),
        )
    ),
    "certificate": handshake.build_certificate((b"leaf", b"issuer")),
    "certificate_status": handshake.build_certificate_status(CertificateStatus(1, b"response")),
    "certificate_request_tls10": handshake.build_certificate_request(
        CertificateRequest(certificate_types=(1, 2), authorities=(b"one", b"two"))
    ),
    "certificate_request_tls12": handshake.build_certificate_request(
        CertificateRequest(certificate_types=(1, 64), schemes=(0x0401, 0x0403), authorities=(b"one", b"two"))
    ),
    "ecdhe": handshake.build_server_key_exchange(
        ServerKeyExchange(params=EcdheParams(23, b"\x04" * 65), scheme=0x0401, signature=b"sig")
    ),
    "dhe": handshake.build_server_key_exchange(
        ServerKeyExchange(params=DheParams(b"\x80" * 8, b"\x02", b"\x03" * 8), signature=b"sig")
    ),
    "rsa_export": handshake.build_server_key_exchange(
        ServerKeyExchange(params=RsaParams(b"\x80" * 8, b"\x01\x00\x01"), signature=b"sig")
    ),
    "anonymous": handshake.build_server_key_exchange(
        ServerKeyExchange(params=DheParams(b"\x80" * 8, b"\x02", b"\x03" * 8))
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_truncated_at_every_byte(name: str) -> None:
    body = WHOLE[name]
    PARSERS[name](body)
    for cut in range(len(body)):
        if name == "server_hello" and cut == len(body) - 7:
            continue  # without its extensions block it is a whole message of the older form
        with pytest.raises(Malformed):
            PARSERS[name](body[:cut])


@pytest.mark.parametrize("name", WHOLE)
def test_trailing_byte(name: str) -> None:
    with pytest.raises(Malformed):
        PARSERS[name](WHOLE[name] + b"\0")


@pytest.mark.parametrize("name", PARSERS)
@given(st.binary(max_size=120))
def test_no_bytes_raise_anything_else(name: str, body: bytes) -> None:
    with contextlib.suppress(WireError):
        PARSERS[name](body)


def test_too_many_certificates() -> None:
    body = handshake.build_certificate((b"a", b"b", b"c"))
    assert handshake.parse_certificate(body, 3) == (b"a", b"b", b"c")
    with pytest.raises(LimitExceeded) as caught:
        handshake.parse_certificate(body, 2)
    assert (caught.value.what, caught.value.limit) == ("certificates", 2)


def test_too_many_ca_names() -> None:
    body = handshake.build_certificate_request(CertificateRequest(certificate_types=(1,), authorities=(b"a", b"b")))
    with pytest.raises(LimitExceeded) as caught:
        handshake.parse_certificate_request(body, 0x0301, 1)
    assert (caught.value.what, caught.value.limit) == ("CA names", 1)


@pytest.mark.parametrize(
    ("suite", "body"),
    [
        pytest.param(0x008C, b"\x00\x04hint", id="psk"),
        pytest.param(0xC01E, b"anything", id="srp"),
        pytest.param(0xC02F, b"\x01explicit curve", id="explicit-curve"),
        pytest.param(0xDEAD, b"anything", id="unknown-suite"),
    ],
)
def test_exchanges_that_are_kept_whole(suite: int, body: bytes) -> None:
    exchange = handshake.parse_server_key_exchange(body, 0x0303, suite)
    assert exchange == ServerKeyExchange(params=OpaqueParams(body))


def test_bits() -> None:
    assert DheParams(b"\x00\x80" + bytes(127), b"\x02", b"").bits == 1024
    assert RsaParams(b"\x80" + bytes(63), b"\x03").bits == 512


def _server_hello(*, random: bytes = RANDOM, extensions: tuple[Extension, ...] | None = None) -> ServerHello:
    hello = ServerHello(legacy_version=0x0303, random=random, session_id=b"", suite=0x1301, extensions=extensions)
    return handshake.parse_server_hello(handshake.build_server_hello(hello))


def test_version_and_group_of_tls13() -> None:
    hello = _server_hello(extensions=((43, b"\x03\x04"), (51, b"\x00\x1d\x00\x02kk")))
    assert (hello.version, hello.group, hello.is_retry) == (0x0304, 29, False)


def test_hello_retry_request() -> None:
    hello = _server_hello(random=handshake.RETRY_RANDOM, extensions=((43, b"\x03\x04"), (51, b"\x00\x17")))
    assert (hello.version, hello.group, hello.is_retry) == (0x0304, 23, True)
    assert handshake.RETRY_RANDOM.startswith(bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891"))


@pytest.mark.parametrize(
    ("tail", "able_to"),
    [(b"DOWNGRD\x01", 0x0304), (b"DOWNGRD\x00", 0x0303), (b"DOWNGRD\x02", None), (bytes(8), None)],
    ids=["tls13", "tls12", "other", "none"],
)
def test_what_the_server_could_do(tail: bytes, able_to: int | None) -> None:
    assert _server_hello(random=RANDOM[:24] + tail).able_to == able_to


def test_a_version_extension_of_the_wrong_size() -> None:
    with pytest.raises(Malformed) as caught:
        _server_hello(extensions=((43, b"\x03"),))
    assert caught.value.field == "selected_version"
