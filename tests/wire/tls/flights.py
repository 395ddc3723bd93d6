"""First flights of an imaginary server, and the hellos that they answer."""

from vpnprobe.wire.tls import extensions as ext
from vpnprobe.wire.tls.handshake import (
    CertificateRequest,
    CertificateStatus,
    EcdheParams,
    ServerHello,
    ServerKeyExchange,
    build_certificate,
    build_certificate_request,
    build_certificate_status,
    build_server_hello,
    build_server_key_exchange,
)
from vpnprobe.wire.tls.hello import ClientHello, HelloTemplate, hello_template, tls13_template
from vpnprobe.wire.tls.record import build_message, build_records
from vpnprobe.wire.tls.registry import ContentType, HandshakeType

RANDOM = bytes(range(32))
CHAIN = (b"leaf" * 100, b"issuer" * 100, b"root" * 100)
AUTHORITIES = (b"CAPF-0a1b2c3d", b"Cisco Manufacturing CA SHA2")

TEMPLATES = {
    "7962g": HelloTemplate(record_version=0x0301, client_version=0x0301, suites=(0x0035, 0x002F)),
    "ssl3-export": hello_template(0x0300, (0x0003, 0x0008, 0x0005)),
    "tls12": HelloTemplate(
        record_version=0x0301,
        client_version=0x0303,
        suites=(0x0A0A, 0xC02F, 0xC02B, 0x0035, 0x00FF),
        extensions=(
            ext.renegotiation_info(),
            (0, b""),
            ext.supported_groups((29, 23, 24)),
            ext.ec_point_formats((0, 1, 2)),
            ext.session_ticket(),
            ext.status_request(),
            ext.signature_algorithms((0x0401, 0x0403, 0x0201)),
            ext.encrypt_then_mac(),
            ext.extended_master_secret(),
        ),
        server_name=True,
    ),
    "tls13": tls13_template(
        (0x1301, 0x1303), ((29, b"k" * 32),), groups=(29, 23), schemes=(0x0804, 0x0403), server_name=True
    ),
}

PHONE: ClientHello = TEMPLATES["7962g"].hello(RANDOM)
MODERN: ClientHello = hello_template(0x0303, (0xC02F, 0x0035, 0x00FF), groups=(23,), schemes=(0x0401,)).hello(RANDOM)
TLS13: ClientHello = tls13_template((0x1301,), (), groups=(29, 23), schemes=(0x0804,)).hello(RANDOM)


def server_hello(
    version: int = 0x0301,
    suite: int = 0x0035,
    *,
    compression: int = 0,
    random: bytes = RANDOM,
    extensions: tuple[ext.Extension, ...] | None = None,
) -> bytes:
    hello = ServerHello(
        legacy_version=version,
        random=random,
        session_id=b"s" * 32,
        suite=suite,
        compression=compression,
        extensions=extensions,
    )
    return build_message(HandshakeType.server_hello, build_server_hello(hello))


def certificate(chain: tuple[bytes, ...] = CHAIN) -> bytes:
    return build_message(HandshakeType.certificate, build_certificate(chain))


def status() -> bytes:
    return build_message(HandshakeType.certificate_status, build_certificate_status(CertificateStatus(1, b"stapled")))


def key_exchange() -> bytes:
    exchange = ServerKeyExchange(params=EcdheParams(23, b"\x04" + bytes(64)), scheme=0x0401, signature=b"s" * 256)
    return build_message(HandshakeType.server_key_exchange, build_server_key_exchange(exchange))


def request(schemes: tuple[int, ...] | None = None, authorities: tuple[bytes, ...] = AUTHORITIES) -> bytes:
    asked = CertificateRequest(certificate_types=(1, 64), schemes=schemes, authorities=authorities)
    return build_message(HandshakeType.certificate_request, build_certificate_request(asked))


DONE = build_message(HandshakeType.server_hello_done, b"")


def records(*messages: bytes, version: int = 0x0301, fragment: int = 16384) -> bytes:
    """All messages in as few records as possible."""
    return build_records(ContentType.handshake, version, b"".join(messages), fragment=fragment)


def alert(level: int, description: int) -> bytes:
    return build_records(ContentType.alert, 0x0301, bytes((level, description)))


TLS10 = records(server_hello(), certificate(), request(), DONE)
TLS12 = records(
    server_hello(0x0303, 0xC02F, extensions=((0xFF01, b"\0"), (11, b"\1\0"))),
    certificate(),
    status(),
    key_exchange(),
    request(schemes=(0x0401, 0x0403)),
    DONE,
    version=0x0303,
)
