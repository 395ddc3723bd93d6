"""The server's messages of the first flight: values, parsers and builders (RFC 5246 section 7.4).

Parsers take the body of a message without its header and raise `Malformed` with offsets into that body, or
`LimitExceeded`. They keep unknown numbers and refuse nothing that can be read. What a message looks like
depends on the negotiated version and suite, so these are arguments.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from vpnprobe.model.errors import LimitExceeded
from vpnprobe.wire.reader import Reader
from vpnprobe.wire.tls import extensions as ext
from vpnprobe.wire.tls.extensions import Extension
from vpnprobe.wire.tls.registry import ExtensionType, Version
from vpnprobe.wire.tls.suites import suite as find_suite
from vpnprobe.wire.tls.vector import read_uint_vector, uint_vector, vector

RETRY_RANDOM: Final = hashlib.sha256(b"HelloRetryRequest").digest()
"""The random that makes a ServerHello a HelloRetryRequest (RFC 8446 section 4.1.3)."""

_DOWNGRADE: Final = {b"DOWNGRD\x00": Version.TLS1_2, b"DOWNGRD\x01": Version.TLS1_3}
_NAMED_CURVE: Final = 3


class ServerHello(msgspec.Struct, frozen=True, kw_only=True):
    """A ServerHello, or the HelloRetryRequest of its shape. `legacy_version` is its own version field."""

    legacy_version: int
    random: bytes
    session_id: bytes
    suite: int
    compression: int = 0
    extensions: tuple[Extension, ...] | None = None

    @property
    def version(self) -> int:
        """The version that the server chose; supported_versions decides (RFC 8446 section 4.2.1)."""
        selected = self.extension(ExtensionType.supported_versions)
        return self.legacy_version if selected is None else ext.read_selected_version(selected)

    @property
    def is_retry(self) -> bool:
        """Whether this is a HelloRetryRequest: the server would go on with another key share."""
        return self.random == RETRY_RANDOM

    @property
    def group(self) -> int | None:
        """The group of the server's key_share (TLS 1.3), None when there is none."""
        share = self.extension(ExtensionType.key_share)
        return None if share is None else ext.read_selected_group(share)

    @property
    def able_to(self) -> int | None:
        """A higher version that the server says it can do (RFC 8446 section 4.1.3), None if it says nothing.

        TLS 1.2 means at least that: the server chose TLS 1.1 or lower.
        """
        return _DOWNGRADE.get(self.random[-8:])

    def extension(self, kind: int) -> bytes | None:
        """Return the body of the first extension of this type, None when it is absent."""
        return ext.find_extension(self.extensions, kind)


def build_server_hello(hello: ServerHello) -> bytes:
    """Return the body of a ServerHello."""
    return b"".join(
        (
            hello.legacy_version.to_bytes(2, "big"),
            hello.random,
            vector(1, hello.session_id),
            hello.suite.to_bytes(2, "big"),
            hello.compression.to_bytes(1, "big"),
            b"" if hello.extensions is None else ext.build_extensions(hello.extensions),
        )
    )


def parse_server_hello(body: bytes) -> ServerHello:
    """Read the body of a ServerHello; the extensions that `version` and `group` need are read too."""
    reader = Reader(body)
    legacy_version = reader.uint(2, "server_version")
    random = reader.take(32, "random")
    session_id = reader.vector(1, "session_id")
    suite = reader.uint(2, "cipher_suite")
    compression = reader.uint(1, "compression_method")
    extensions = ext.read_extensions(reader)
    reader.expect_end("server_hello")
    hello = ServerHello(
        legacy_version=legacy_version,
        random=random,
        session_id=session_id,
        suite=suite,
        compression=compression,
        extensions=extensions,
    )
    if extensions:
        _ = hello.version, hello.group
    return hello


def build_certificate(chain: tuple[bytes, ...]) -> bytes:
    """Return the body of a Certificate message of TLS 1.2 and below; `chain` is DER, leaf first."""
    return vector(3, b"".join([vector(3, der) for der in chain]))


def parse_certificate(body: bytes, max_certificates: int) -> tuple[bytes, ...]:
    """Read the DER certificates in the order sent; `LimitExceeded` ("certificates") over the cap."""
    reader = Reader(body)
    entries = reader.block(3, "certificate_list")
    reader.expect_end("certificate")
    chain: list[bytes] = []
    while entries.remaining:
        if len(chain) == max_certificates:
            raise LimitExceeded("certificates", max_certificates)
        chain.append(entries.vector(3, "certificate"))
    return tuple(chain)


class CertificateStatus(msgspec.Struct, frozen=True):
    """A stapled status; type 1 is a DER OCSP response (RFC 6066 section 8)."""

    status_type: int
    response: bytes


def build_certificate_status(status: CertificateStatus) -> bytes:
    """Return the body of a CertificateStatus message."""
    return status.status_type.to_bytes(1, "big") + vector(3, status.response)


def parse_certificate_status(body: bytes) -> CertificateStatus:
    """Read a CertificateStatus message."""
    reader = Reader(body)
    status = CertificateStatus(reader.uint(1, "status_type"), reader.vector(3, "response"))
    reader.expect_end("certificate_status")
    return status


class CertificateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What client certificate the server asks for.

    `schemes` is None below TLS 1.2, where the message has no such field. `authorities` are DER Names, empty
    when the server names no CA.
    """

    certificate_types: tuple[int, ...]
    schemes: tuple[int, ...] | None = None
    authorities: tuple[bytes, ...] = ()


def build_certificate_request(request: CertificateRequest) -> bytes:
    """Return the body of a CertificateRequest, in the shape of TLS 1.2 if it has `schemes`."""
    schemes = b"" if request.schemes is None else uint_vector(2, 2, request.schemes)
    authorities = vector(2, b"".join([vector(2, name) for name in request.authorities]))
    return uint_vector(1, 1, request.certificate_types) + schemes + authorities


def parse_certificate_request(body: bytes, version: int, max_authorities: int) -> CertificateRequest:
    """Read a CertificateRequest of `version`; `LimitExceeded` ("CA names") when there are too many."""
    reader = Reader(body)
    types = read_uint_vector(reader, 1, 1, "certificate_types")
    schemes = None
    if version >= Version.TLS1_2:
        schemes = read_uint_vector(reader, 2, 2, "supported_signature_algorithms")
    names = reader.block(2, "certificate_authorities")
    reader.expect_end("certificate_request")
    authorities: list[bytes] = []
    while names.remaining:
        if len(authorities) == max_authorities:
            raise LimitExceeded("CA names", max_authorities)
        authorities.append(names.vector(2, "distinguished_name"))
    return CertificateRequest(certificate_types=types, schemes=schemes, authorities=tuple(authorities))


class EcdheParams(msgspec.Struct, frozen=True):
    """A named curve and the server's point on it (RFC 8422 section 5.4)."""

    group: int
    public: bytes


class DheParams(msgspec.Struct, frozen=True):
    """Finite-field parameters as unsigned big-endian integers: prime, generator, public value."""

    p: bytes
    g: bytes
    public: bytes

    @property
    def bits(self) -> int:
        """Length of the prime in bits."""
        return int.from_bytes(self.p, "big").bit_length()


class RsaParams(msgspec.Struct, frozen=True):
    """A temporary RSA key, as export suites use (RFC 2246 section 7.4.3)."""

    modulus: bytes
    exponent: bytes

    @property
    def bits(self) -> int:
        """Length of the modulus in bits."""
        return int.from_bytes(self.modulus, "big").bit_length()


class OpaqueParams(msgspec.Struct, frozen=True):
    """A ServerKeyExchange kept whole: of PSK, SRP, an explicit curve or an unknown suite."""

    raw: bytes


class ServerKeyExchange(msgspec.Struct, frozen=True, kw_only=True):
    """The server's ephemeral key.

    `scheme` is the signature scheme that TLS 1.2 names before the signature, None below it. `signature` is
    None when the suite is anonymous or `params` are opaque. The signature is not verified.
    """

    params: EcdheParams | DheParams | RsaParams | OpaqueParams
    scheme: int | None = None
    signature: bytes | None = None


def build_server_key_exchange(exchange: ServerKeyExchange) -> bytes:
    """Return the body of a ServerKeyExchange."""
    params = exchange.params
    if isinstance(params, EcdheParams):
        head = bytes((_NAMED_CURVE,)) + params.group.to_bytes(2, "big") + vector(1, params.public)
    elif isinstance(params, DheParams):
        head = vector(2, params.p) + vector(2, params.g) + vector(2, params.public)
    elif isinstance(params, RsaParams):
        head = vector(2, params.modulus) + vector(2, params.exponent)
    else:
        head = params.raw
    scheme = b"" if exchange.scheme is None else exchange.scheme.to_bytes(2, "big")
    return head + scheme + (b"" if exchange.signature is None else vector(2, exchange.signature))


def parse_server_key_exchange(body: bytes, version: int, suite: int) -> ServerKeyExchange:
    """Read a ServerKeyExchange of `suite` in `version`."""
    reader = Reader(body)
    known = find_suite(suite)
    exchange = None if known is None else known.key_exchange
    params: EcdheParams | DheParams | RsaParams
    if exchange == "ECDHE" and reader.uint(1, "curve_type") == _NAMED_CURVE:
        params = EcdheParams(reader.uint(2, "named_curve"), reader.vector(1, "public point"))
    elif exchange == "DHE":
        params = DheParams(reader.vector(2, "dh_p"), reader.vector(2, "dh_g"), reader.vector(2, "dh_Ys"))
    elif exchange == "RSA":
        params = RsaParams(reader.vector(2, "rsa_modulus"), reader.vector(2, "rsa_exponent"))
    else:
        return ServerKeyExchange(params=OpaqueParams(body))
    scheme = signature = None
    if known is not None and known.authentication != "anon":
        scheme = reader.uint(2, "signature scheme") if version >= Version.TLS1_2 else None
        signature = reader.vector(2, "signature")
    reader.expect_end("server_key_exchange")
    return ServerKeyExchange(params=params, scheme=scheme, signature=signature)
