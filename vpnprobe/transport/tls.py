"""A complete TLS handshake as the phone would make it, and the stream it gives. OpenSSL is loaded on first use."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from vpnprobe.model.errors import TransportError, UsageError
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.transport.tcp import TcpStream, open_tcp
from vpnprobe.transport.tls_settings import ClientCredential, HandshakeFacts, TlsSettings

if TYPE_CHECKING:
    from vpnprobe.transport.engine import Engine


class HandshakeFailed(TransportError):
    """The handshake did not complete; `facts` is what was seen before."""

    def __init__(self, failure: Failure, facts: HandshakeFacts) -> None:
        super().__init__(failure)
        self.facts = facts


class TlsConnection:
    """An established session as bytes in and bytes out; failures are raised as `TransportError`."""

    def __init__(self, engine: Engine, stream: TcpStream) -> None:
        self._engine = engine
        self._stream = stream

    @property
    def facts(self) -> HandshakeFacts:
        """What the handshake showed, and any later one: some gateways ask for a certificate only after the GET."""
        return self._engine.facts

    @property
    def empty_fragments(self) -> bool | None:
        """Whether the peer sent empty records before its data (TLS 1.0 with CBC); None where that cannot be told."""
        return self._engine.empty_fragments

    async def receive(self) -> bytes:
        """Return the next bytes, b"" at the end of the stream, whether or not it was announced."""
        while (data := self._engine.read()) is None:
            await self._flush()
            if not (received := await self._stream.receive()):
                return b""
            self._engine.feed(received)
        return data

    async def send(self, data: bytes) -> None:
        """Send all of `data`."""
        self._engine.write(data)
        await self._flush()

    async def close(self) -> None:
        """Say close_notify without waiting for anything, and close."""
        self._engine.say_goodbye()
        self._stream.close_with(self._engine.output())

    async def _flush(self) -> None:
        if output := self._engine.output():
            await self._stream.send(output)


async def handshake(address: str, port: int, settings: TlsSettings, *, timeout: float) -> TlsConnection:
    """Connect to an IP literal and complete a handshake within `timeout` seconds; raises `HandshakeFailed`.

    A limit of our own OpenSSL is a failure of kind TLS_LOCAL, never the gateway's.
    """
    _hide_openssl_configuration()
    from vpnprobe.transport.engine import ENGINE, Engine

    try:
        engine = Engine(settings)
    except TransportError as error:
        raise HandshakeFailed(error.failure, HandshakeFacts(engine=ENGINE)) from error
    try:
        async with asyncio.timeout(timeout):
            stream = await open_tcp(address, port)
            try:
                await _establish(engine, stream)
            except BaseException:
                stream.close_with(engine.output())
                raise
    except TransportError as error:
        raise HandshakeFailed(error.failure, engine.facts) from error
    except TimeoutError as error:
        raise HandshakeFailed(Failure(kind=FailureKind.TIMEOUT), engine.facts) from error
    return TlsConnection(engine, stream)


async def _establish(engine: Engine, stream: TcpStream) -> None:
    done = False
    while not done:
        done = engine.handshake()
        if output := engine.output():
            # When the peer has hung up, the alert that it left behind says more than the failed send.
            with contextlib.suppress(TransportError):
                await stream.send(output)
        if not done:
            if not (data := await stream.receive()):
                raise TransportError(Failure(kind=FailureKind.CLOSED))
            engine.feed(data)


def _hide_openssl_configuration() -> None:
    # OpenSSL reads it once, when cryptography is first imported. Its groups and signature algorithms would change our
    # hello, and pyOpenSSL has no call to set these back.
    os.environ.pop("OPENSSL_CONF", None)


def load_client_credential(cert_path: Path, key_path: Path | None = None) -> ClientCredential:
    """Read a PEM certificate with its issuers, leaf first, and a PEM key, from one file or two.

    Raises `UsageError` that says what to do.
    """
    _hide_openssl_configuration()
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
        load_pem_private_key,
    )

    key_path = key_path or cert_path
    try:
        certificates = x509.load_pem_x509_certificates(_read_pem(cert_path))
    except ValueError as error:
        raise UsageError(
            f"{cert_path}: no certificate can be read from it; give the PEM file that holds "
            "'-----BEGIN CERTIFICATE-----'"
        ) from error
    try:
        # Proving its primes prime takes 35 ms and more. OpenSSL checks the signatures that it makes.
        key = load_pem_private_key(_read_pem(key_path), None, unsafe_skip_rsa_key_validation=True)
    except TypeError as error:
        raise UsageError(
            f"{key_path}: the private key has a password; write it without one, readable by you alone: "
            f"openssl pkey -in {key_path} -out plain-key.pem"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(
            f"{key_path}: no private key can be read from it; give the file that holds "
            "'-----BEGIN PRIVATE KEY-----' as the key"
        ) from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise UsageError(f"{key_path}: the key of a phone or an edge is RSA or EC; give the one of this certificate")
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    first, *issuers = certificates
    if first.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != public:
        raise UsageError(
            f"the key in {key_path} does not belong to the first certificate in {cert_path}; "
            "put the client's own certificate first, its issuers after it, and give its own key"
        )
    return ClientCredential(
        chain=tuple(one.public_bytes(Encoding.DER) for one in (first, *issuers)),
        key_pem=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


def _read_pem(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; give a PEM file that can be read") from error
    if b"-----BEGIN" in data:
        return data
    hint = "give PEM, which is text that begins with -----BEGIN"
    if data.startswith(b"\x30"):
        hint = (
            f"it looks like DER or PKCS#12; write PEM with: openssl x509 -inform der -in {path} -out cert.pem, "
            f"or: openssl pkcs12 -in {path} -nodes -out credential.pem"
        )
    raise UsageError(f"{path}: not PEM; {hint}")
