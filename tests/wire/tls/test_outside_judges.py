"""What we build, read by tlslite-ng, scapy and OpenSSL's client."""

import contextlib
from typing import Any

import pytest
from OpenSSL import SSL

from tests.wire.tls import flights
from tests.wire.tls.flights import TEMPLATES
from tests.wire.tls.judges import scapy_record, tlslite
from tests.wire.tls.servers import NAME, pki
from vpnprobe.wire.tls.handshake import DheParams, ServerKeyExchange, build_server_key_exchange
from vpnprobe.wire.tls.hello import (
    HelloTemplate,
    build_client_hello,
    parse_client_hello,
)
from vpnprobe.wire.tls.record import Message, MessageReader, RecordReader, build_message, build_records

RANDOM = bytes(range(32))
hellos = pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())


@hellos
def test_tlslite_reads_our_hello(template: HelloTemplate) -> None:
    record = template.build(RANDOM, NAME, session_id=b"s" * 32)
    header, message = record[:5], bytearray(record[5:])
    assert header == b"\x16" + template.record_version.to_bytes(2, "big") + len(message).to_bytes(2, "big")
    parser = tlslite("utils.codec").Parser(message)
    assert parser.get(1) == 1
    theirs = tlslite("messages").ClientHello(None).parse(parser)
    assert theirs.client_version == divmod(template.client_version, 256)
    assert (theirs.random, theirs.session_id) == (RANDOM, b"s" * 32)
    assert tuple(theirs.cipher_suites) == template.suites
    assert theirs.compression_methods == [0]
    sent = template.hello(RANDOM, NAME).extensions
    assert [one.extType for one in theirs.extensions or []] == [kind for kind, _ in sent or ()]
    assert theirs.server_name == (NAME.encode() if template.server_name else b"")
    assert parser.getRemainingLength() == 0


@hellos
def test_scapy_reads_our_hello(template: HelloTemplate) -> None:
    record = scapy_record(template.build(RANDOM, NAME, session_id=b"s" * 32))
    assert (record.type, record.version) == (22, template.record_version)
    (theirs,) = record.msg
    assert (theirs.msgtype, theirs.version, theirs.sid) == (1, template.client_version, b"s" * 32)
    assert theirs.gmt_unix_time.to_bytes(4, "big") + theirs.random_bytes == RANDOM
    assert (tuple(theirs.ciphers), theirs.comp) == (template.suites, [0])
    sent = template.hello(RANDOM, NAME).extensions
    assert [one.type for one in theirs.ext or []] == [kind for kind, _ in sent or ()]
    if template.server_name:
        (name,) = [one for one in theirs.ext if one.type == 0]
        assert [one.servername for one in name.servernames] == [NAME.encode()]


def test_a_hello_without_extensions_ends_after_the_compression_methods() -> None:
    template = TEMPLATES["7962g"]
    parser = tlslite("utils.codec").Parser(bytearray(template.build(RANDOM)[6:]))
    assert tlslite("messages").ClientHello(None).parse(parser).extensions is None
    assert scapy_record(template.build(RANDOM)).msg[0].extlen is None


def _messages(stream: bytes) -> list[Message]:
    records, messages, found = RecordReader(), MessageReader(1 << 20), []
    records.feed(stream)
    while record := records.next_record():
        messages.feed(record.fragment)
        while message := messages.next_message():
            found.append(message)
    return found


def _tlslite_parse(theirs: Any, body: bytes) -> Any:
    # tlslite-ng reads the length of a message itself, after the caller took the type.
    return theirs.parse(tlslite("utils.codec").Parser(bytearray(len(body).to_bytes(3, "big") + body)))


def test_tlslite_reads_our_server_flight() -> None:
    messages = tlslite("messages")
    bodies = dict(_messages(flights.TLS12))
    hello = _tlslite_parse(messages.ServerHello(), bodies[2])
    assert (hello.server_version, hello.cipher_suite, hello.random) == ((3, 3), 0xC02F, flights.RANDOM)
    assert [one.extType for one in hello.extensions] == [0xFF01, 11]
    status = _tlslite_parse(messages.CertificateStatus(), bodies[22])
    assert (status.status_type, status.ocsp) == (1, b"stapled")
    exchange = _tlslite_parse(messages.ServerKeyExchange(0xC02F, (3, 3)), bodies[12])
    assert (exchange.curve_type, exchange.named_curve, len(exchange.ecdh_Ys)) == (3, 23, 65)
    assert (exchange.hashAlg, exchange.signAlg, exchange.signature) == (4, 1, b"s" * 256)
    request = _tlslite_parse(messages.CertificateRequest((3, 3)), bodies[13])
    assert request.certificate_types == [1, 64]
    assert [bytes(name) for name in request.certificate_authorities] == list(flights.AUTHORITIES)
    assert request.supported_signature_algs == [(4, 1), (4, 3)]


def test_tlslite_reads_our_finite_field_exchange() -> None:
    body = build_server_key_exchange(
        ServerKeyExchange(params=DheParams(b"\x00\xfb" * 64, b"\x02", b"\x77" * 128), signature=b"s" * 128)
    )
    theirs = _tlslite_parse(tlslite("messages").ServerKeyExchange(0x0033, (3, 1)), body)
    assert theirs.dh_p == int.from_bytes(b"\x00\xfb" * 64, "big")
    assert (theirs.dh_g, theirs.dh_Ys) == (2, int.from_bytes(b"\x77" * 128, "big"))
    assert theirs.signature == b"s" * 128


def _openssl_client() -> SSL.Connection:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_max_proto_version(SSL.TLS1_VERSION)
    context.set_cipher_list(b"AES256-SHA:@SECLEVEL=0")
    context.set_options(SSL.OP_LEGACY_SERVER_CONNECT)
    client = SSL.Connection(context, None)
    client.set_connect_state()
    with contextlib.suppress(SSL.WantReadError):
        client.do_handshake()
    return client


def test_openssl_s_own_hello_is_rebuilt_to_the_byte() -> None:
    sent = _openssl_client().bio_read(1 << 14)
    ((kind, body),) = _messages(sent)
    assert build_records(22, 0x0301, build_message(kind, build_client_hello(parse_client_hello(body)))) == sent


def test_openssl_s_client_goes_on_after_our_flight() -> None:
    client = _openssl_client()
    client.bio_read(1 << 14)
    hello = flights.server_hello(0x0301, 0x0035)
    client.bio_write(flights.records(hello, flights.certificate(pki("RSA").chain), flights.DONE, fragment=700))
    with contextlib.suppress(SSL.WantReadError):
        client.do_handshake()
    answer = client.bio_read(1 << 14)
    assert (answer[0], answer[5]) == (22, 16)  # a handshake record with client_key_exchange
